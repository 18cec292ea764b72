variable "a" { default = "default" }
output "o" { value = var.a }
