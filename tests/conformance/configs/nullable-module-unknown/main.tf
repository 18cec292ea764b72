resource "terraform_data" "x" { input = null }
module "m" {
  source = "./m"
  a = terraform_data.x.output
}
output "o" { value = module.m.o }
