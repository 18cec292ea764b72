variable "e" {
  ephemeral = true
  default = "x"
}
module "m" {
  source = "./m"
  e = var.e
}
