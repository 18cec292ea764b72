variable "given" {}

variable "plain" {
  type = number
}

resource "terraform_data" "made" {
  input = [var.given, var.plain]
}

output "made" {
  value = terraform_data.made.output
}
