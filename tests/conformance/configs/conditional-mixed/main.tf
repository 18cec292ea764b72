output "x" { value = true ? 1 : "a" }
output "y" { value = true ? [1] : ["a", 2] }
