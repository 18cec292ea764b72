variable "v" {
  type = object({
    a = optional(object({
      b = optional(object({
        c = optional(string, "deep")
        d = optional(list(object({ e = optional(number, 7) })), [{}])
      }), {})
    }), {})
  })
  default = {}
}
output "o" { value = var.v }
