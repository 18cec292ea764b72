resource "terraform_data" "t" {
  dynamic "timeouts" {
    for_each = [1]
    content {
      create = "1m"
    }
  }
}
