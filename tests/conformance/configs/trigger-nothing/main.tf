resource "terraform_data" "t" {
  lifecycle {
    replace_triggered_by = [upper("a")]
  }
}
