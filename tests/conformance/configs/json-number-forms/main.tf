output "o" { value = local.l }
