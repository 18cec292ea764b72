moved {
 from = module.a
 to = module.b
}
moved {
 from = module.c
 to = module.b
}
resource "terraform_data" "r" {
}
resource "terraform_data" "c" {
 count = 1
}
resource "terraform_data" "e" {
 for_each = toset(["a"])
}
