resource "terraform_data" "a" {}
check "c" {
  assert {
    condition     = terraform_data.a.id != "x"
    error_message = "Is x."
  }
}
