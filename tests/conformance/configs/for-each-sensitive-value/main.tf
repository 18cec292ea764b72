resource "terraform_data" "b" {
  for_each = { k = sensitive("v") }
  input = each.value
}
output "o" {
  value = terraform_data.b["k"].output
  sensitive = true
}
