output "x" {
 value = var.l[0
}
variable "l" {}
