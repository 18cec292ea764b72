module "m" {
  source = "./m"
}
module "n" {
  source = "./m"
  depends_on = [module.m.o]
}
