# Set these in the environment (TF_VAR_datadog_api_key=…), in a file that is not committed
# (secrets.auto.tfvars), or type them when flowctl asks.

variable "region" {
  description = "The AWS region of the connector profile."
  type        = string
  default     = "us-east-1"
}

variable "datadog_api_key" {
  description = "The API key of the Datadog account."
  type        = string
  sensitive   = true
}

variable "datadog_application_key" {
  description = "The application key of the Datadog account."
  type        = string
  sensitive   = true
}
