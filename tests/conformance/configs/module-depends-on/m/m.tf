resource "terraform_data" "x" { input = "q" }
output "o" { value = terraform_data.x.output }
