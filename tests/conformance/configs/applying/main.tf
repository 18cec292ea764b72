output "o" {
  value = ephemeralasnull(terraform.applying)
}
