import {
  for_each = toset(["a", "b"])
  to = terraform_data.x
  id = each.value
}
resource "terraform_data" "x" {}
