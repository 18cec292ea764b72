output "o" { value = local.m }
