provider "terraform" { alias = "west" }
resource "terraform_data" "a" {
  provider = terraform.wst
}
