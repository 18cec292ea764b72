resource "terraform_data" "a" {}
resource "terraform_data" "b" {
  for_each = { (terraform_data.a.id) = 1 }
}
