terraform {
  nope = 1
  other {}
}
