resource "terraform_data" "a" {}
resource "terraform_data" "b" {
  for_each = { k = terraform_data.a.id }
  input = each.value
}
output "o" { value = keys(terraform_data.b) }
