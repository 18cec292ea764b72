output "o" {
  value     = 1
  sensitive = 1
}
