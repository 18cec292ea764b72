moved {
 from = terraform_data.q
 to = terraform_data.r
}
moved {
 from = terraform_data.q
 to = terraform_data.s
}
resource "terraform_data" "r" {
}
resource "terraform_data" "c" {
 count = 1
}
resource "terraform_data" "e" {
 for_each = toset(["a"])
}
