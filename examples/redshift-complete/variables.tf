variable "region" {
  description = "Where everything is made."
  type        = string
  default     = "eu-west-1"
}

variable "cluster" {
  description = "The name of the cluster and of its profile; those of role and bucket begin with it."
  type        = string
  default     = "appflow-warehouse"
}

variable "prefix" {
  description = "The folder of the bucket that files pass through."
  type        = string
  default     = "incoming"
}

variable "password" {
  description = "The password of the cluster; example.auto.tfvars holds a placeholder."
  type        = string
  sensitive   = true
}
