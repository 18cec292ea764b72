module "m" {
  source = "./m"
  a = null
  b = null
  c = null
}
output "o" { value = module.m.o }
