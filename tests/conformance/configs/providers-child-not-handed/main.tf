provider "terraform" { alias = "x" }
module "m" {
  source = "./m"
}
