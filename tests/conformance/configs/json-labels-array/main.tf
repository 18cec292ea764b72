output "o" { value = [terraform_data.a.input, terraform_data.b.input] }
