provider "terraform" { alias = "x" }
module "m" {
  source = "./m"
  providers = { other = terraform.x }
}
