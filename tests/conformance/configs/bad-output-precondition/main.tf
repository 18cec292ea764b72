output "x" {
  value = 1
  precondition {
    condition = false
    error_message = "bad out"
  }
}
