variable "x" { type = number }
