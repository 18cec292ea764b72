variable "a" {
  type = strin
}
variable "b" {
  type = list(string)
  default = 5
}
resource "terraform_data" "t" {
  lifecycle {
    prevent_destroy = var.a
  }
}
