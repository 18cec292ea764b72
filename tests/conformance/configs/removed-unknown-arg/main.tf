removed {
  from = terraform_data.gone
  lifecycle {
    destroy = false
    prevent_destroy = true
  }
}
