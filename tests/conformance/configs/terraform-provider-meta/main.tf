terraform {
  provider_meta "terraform" {
    a = 1
  }
}
output "o" { value = 1 }
