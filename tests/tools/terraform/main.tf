# Everything that has a place in Terraform's representation of a plan and needs no provider.

variable "word" {
  description = "A word."
  type        = string
  default     = "one"
}

variable "count_of" {
  type    = number
  default = 2
}

variable "settings" {
  type    = object({ on = bool, names = list(string), more = optional(map(number), {}) })
  default = { on = true, names = ["a", "b"] }
}

variable "nothing" {
  type    = string
  default = null
}

variable "password" {
  type      = string
  sensitive = true
}

locals {
  label = "${var.word}-label"
}

resource "terraform_data" "first" {
  input = local.label

  lifecycle {
    precondition {
      condition     = var.word != ""
      error_message = "The word is empty."
    }
  }
}

resource "terraform_data" "secret" {
  input = { open = var.word, hidden = var.password }
}

resource "terraform_data" "counted" {
  count            = var.count_of
  input            = count.index
  triggers_replace = [var.word, terraform_data.first.output]
}

resource "terraform_data" "keyed" {
  for_each = toset(var.settings.names)
  input    = { name = each.key, numbers = [1, 2.5, null], flag = var.settings.on }

  depends_on = [terraform_data.first]
}

module "inner" {
  source = "./inner"
  for_each = {
    x = 1
  }

  given = "${each.key}-${terraform_data.first.id}"
  plain = each.value
}

output "label" {
  description = "The label."
  value       = terraform_data.first.output
}

output "fixed" {
  value = { list = [1, "two", true], nothing = null }
}

output "hidden" {
  value     = var.password
  sensitive = true
}

output "inner" {
  value = module.inner["x"].made
}

check "word" {
  assert {
    condition     = var.word != "wrong"
    error_message = "The word is wrong."
  }
}
