variable "e" {
  ephemeral = true
  default = "x"
}
module "m" {
  source = "./m"
  e = var.e
}
output "o" { value = ephemeralasnull(module.m.o) == null }
