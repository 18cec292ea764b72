import {
  to = module.m[0].terraform_data.x
  id = "abc"
}
module "m" {
  source = "./m"
  count = 1
}
output "o" { value = module.m[0].id }
