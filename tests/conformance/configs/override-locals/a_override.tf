locals {
  b = 3
}
