import {
  to = terraform_data.c[5]
  id = "a"
}
locals {
 x = "a"
}
resource "terraform_data" "r" {
}
resource "terraform_data" "c" {
 count = 1
}
resource "terraform_data" "e" {
 for_each = toset(["a"])
}
