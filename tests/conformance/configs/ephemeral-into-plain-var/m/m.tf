variable "e" {}
output "o" {
  value = 1
}
