terraform {
  required_version = "~> 1.2"
  required_providers {
    terraform = {
      source = "terraform.io/builtin/terraform"
    }
  }
}
terraform {
  required_version = "!= 1.0.0"
}
output "o" { value = 1 }
