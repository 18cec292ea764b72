removed {
  from = terraform_data.gone
  lifecycle {
  }
}
removed {
  from = module.gone
  lifecycle {
    destroy = false
  }
}
