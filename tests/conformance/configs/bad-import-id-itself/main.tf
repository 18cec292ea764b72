import {
  to = terraform_data.r
  id = "${terraform_data.r.id}-x"
}
variable "v" {
 default = ""
}
locals {
 x = null
}
resource "terraform_data" "r" {
}
resource "terraform_data" "c" {
 count = 1
}
resource "terraform_data" "e" {
 for_each = toset(["a"])
}
