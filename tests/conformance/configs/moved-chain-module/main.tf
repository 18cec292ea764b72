moved {
  from = terraform_data.a
  to   = module.m["x"].terraform_data.a
}
moved {
  from = module.m["x"]
  to   = module.n["x"]
}
module "n" {
  source = "./m"
  for_each = toset(["x"])
}
output "o" { value = { for k, v in module.n : k => v.o } }
