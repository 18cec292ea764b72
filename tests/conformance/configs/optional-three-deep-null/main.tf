variable "v" {
  type = map(object({
    a = optional(object({
      b = optional(object({
        c = optional(string, "deep")
      }))
    }), { b = null })
  }))
  default = { x = {}, y = { a = null }, z = { a = { b = {} } }, w = { a = { b = { c = null } } } }
}
output "o" { value = var.v }
