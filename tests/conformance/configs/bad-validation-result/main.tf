variable "x" {
  default = 1
  validation {
    condition = "maybe${var.x}"
    error_message = "nope"
  }
}
