resource "terraform_data" "y" {}
import {
  to = terraform_data.x
  id = terraform_data.y.id
}
resource "terraform_data" "x" {}
