variable "v" {
  type = number
  default = 5
}
