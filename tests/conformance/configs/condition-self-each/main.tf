resource "terraform_data" "a" {
  for_each = { x = 1, y = 2 }
  input = each.value
  lifecycle {
    precondition {
      condition = each.value < 5
      error_message = "pre ${each.key}"
    }
    postcondition {
      condition = self.output == each.value && self.id != ""
      error_message = "post ${each.key}"
    }
  }
}
output "o" { value = [for v in terraform_data.a : v.output] }
