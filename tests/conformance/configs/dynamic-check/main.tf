check "c" {
  dynamic "assert" {
    for_each = [1]
    content {
      condition = true
      error_message = "x"
    }
  }
}
