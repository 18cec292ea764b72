resource "terraform_data" "c" {
}
resource "terraform_data" "t" {
  lifecycle {
    replace_triggered_by = ["${terraform_data.c.id}"]
  }
}
