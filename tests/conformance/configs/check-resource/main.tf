resource "terraform_data" "a" { input = 3 }
check "c" {
  assert {
    condition = terraform_data.a.output == 4
    error_message = "is ${terraform_data.a.output}"
  }
}
