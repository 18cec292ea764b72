variable "a" {
  default = "d"
  nullable = false
}
output "o" { value = var.a }
