# What random expressions may refer to: `u` is known after apply, `s` is sensitive.
resource "terraform_data" "u" {}
locals {
  us = tostring(terraform_data.u.id)
  un = length(terraform_data.u.id)
  ub = terraform_data.u.id == "x"
  ul = split(",", terraform_data.u.id)
  ss = sensitive("hush")
  sn = sensitive(7)
  sl = [1, sensitive("x")]
  so = { a = sensitive("x"), b = 2 }
}
