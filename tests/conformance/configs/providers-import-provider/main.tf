import {
  to = terraform_data.a
  id = "x"
  provider = terraform.nope
}
resource "terraform_data" "a" {}
