resource "terraform_data" "a" {
  count = 2
  input = count.index
  lifecycle {
    postcondition {
      condition = self.output == 0
      error_message = "post ${count.index}: ${self.output}"
    }
  }
}
output "o" { value = terraform_data.a[1].output }
