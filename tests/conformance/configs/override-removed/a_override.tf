removed {
  from = terraform_data.c
}
