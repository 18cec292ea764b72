variable "x" {
  type = list(object({
    a = string
    b = optional(number, 3)
    c = optional(object({ d = optional(bool, true) }), {})
  }))
  default = [{ a = "x" }, { a = "y", b = null, c = { d = false } }]
}
output "x" { value = var.x }
