output "x" {
  value = <<-EOT
    a
      b ${1 + 1}
    %{ for i in [1,2] ~}
    i${i}
    %{ endfor ~}
  EOT
}
