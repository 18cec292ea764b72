terraform {
  required_providers {
    terraform = {
      source = "terraform.io/builtin/terraform"
      configuration_aliases = [terraform.y]
    }
  }
}
module "n" {
  source = "./n"
  providers = { terraform.y = terraform.x }
}
