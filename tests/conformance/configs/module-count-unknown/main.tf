resource "terraform_data" "a" {}
module "m" {
  source = "./m"
  count = terraform_data.a.id == "" ? 1 : 2
}
