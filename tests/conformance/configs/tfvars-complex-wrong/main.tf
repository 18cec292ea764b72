variable "a" { type = object({ x = number, y = optional(bool) }) }
output "o" { value = var.a }
