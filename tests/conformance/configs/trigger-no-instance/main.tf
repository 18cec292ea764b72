resource "terraform_data" "c" {
  count = 2
}
resource "terraform_data" "t" {
  lifecycle {
    replace_triggered_by = [terraform_data.c[9]]
  }
}
