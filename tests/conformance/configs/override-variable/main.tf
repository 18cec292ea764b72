variable "v" {
  type = string
  default = "a"
  description = "d"
}
output "o" { value = var.v }
