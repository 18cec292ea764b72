moved {
  from = terraform_data.a
  to   = terraform_data.b
}
moved {
  from = terraform_data.b
  to   = terraform_data.c[0]
}
resource "terraform_data" "c" {
  count = 2
  input = count.index
}
output "o" { value = terraform_data.c[*].output }
