import {
  for_each = "a"
  to = terraform_data.e[each.key]
  id = each.key
}
resource "terraform_data" "r" {
}
resource "terraform_data" "c" {
 count = 1
}
resource "terraform_data" "e" {
 for_each = toset(["a"])
}
