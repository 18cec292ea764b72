resource "terraform_data" "t" {
  dynamic "nope" {
    for_each = [1]
    content {}
  }
}
