variable "e" {
  ephemeral = true
  default = "x"
}
locals { l = "${var.e}!" }
module "m" {
  source = "./m"
  e = local.l
}
