moved {
  from = terraform_data.old
  to   = module.deep.terraform_data.new
}
module "deep" {
  source = "./deep"
}
