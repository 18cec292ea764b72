variable "a" {
  default = "d"
  nullable = false
}
variable "b" {
  default = "d"
}
variable "c" {
  type = string
  nullable = false
}
output "o" { value = [var.a, var.b, var.c] }
