locals {
  zz = 3
}
