check "c" {
  data "terraform_data" "d" {}
  assert {
    condition = true
    error_message = "x"
  }
}
