module "m" {
  b = 3
}
