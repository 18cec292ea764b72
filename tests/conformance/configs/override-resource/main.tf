resource "terraform_data" "a" {
  input = 1
  lifecycle { ignore_changes = [input] }
}
output "o" { value = terraform_data.a.output }
