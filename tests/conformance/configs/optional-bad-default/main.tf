variable "v" {
  type = object({
    a = optional(object({ b = optional(number, "x") }), {})
  })
  default = {}
}
output "o" { value = var.v }
