variable "a" { default = "default" }
variable "b" { default = "default" }
variable "c" { default = "default" }
variable "d" { type = map(list(number)) }
output "o" { value = [var.a, var.b, var.c, var.d] }
