locals {
  a = 1
  b = 2
}
output "o" { value = [local.a, local.b] }
