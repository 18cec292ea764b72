output "o" { value = terraform_data.a.output }
