variable "username" {
  description = "The database user of AppFlow."
  type        = string
  default     = "appflow"
}

variable "password" {
  description = "The password of the database user; example.auto.tfvars holds a placeholder."
  type        = string
  sensitive   = true
}
