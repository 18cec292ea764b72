variable "region" {
  description = "The AWS region of the connector profiles."
  type        = string
  default     = "us-east-1"
}

variable "project" {
  description = "The first part of every profile's name."
  type        = string
  default     = "quickstart"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.project))
    error_message = "The project begins with a letter, and has lower-case letters, digits and hyphens only."
  }
}

variable "environment" {
  description = "The second part of every profile's name; only production uses the production instance of Salesforce."
  type        = string
  default     = "dev"

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "The environment is dev, staging or production."
  }
}

variable "salesforce_instance_url" {
  description = "Where the Salesforce instance is."
  type        = string
  default     = "https://example.my.salesforce.com"
}

variable "redshift" {
  description = "The Redshift cluster, the bucket that data pass through, and the role that lets Redshift read it."
  type = object({
    endpoint = string
    database = optional(string, "analytics")
    username = optional(string, "appflow")
    bucket   = string
    role_arn = string
  })
  default = {
    endpoint = "example.abc123.us-east-1.redshift.amazonaws.com:5439"
    bucket   = "example-appflow-staging"
    role_arn = "arn:aws:iam::123456789012:role/example-redshift"
  }
}

variable "slack_workspaces" {
  description = "Slack workspaces by a short name."
  type = map(object({
    url       = string
    client_id = string
  }))
  default = {
    marketing = {
      url       = "https://example-marketing.slack.com"
      client_id = "100.200"
    }
    support = {
      url       = "https://example-support.slack.com"
      client_id = "100.300"
    }
  }
}

# Secrets have no defaults. example.auto.tfvars holds placeholders for a dry run.

variable "salesforce_refresh_token" {
  description = "The token that AppFlow renews its access to Salesforce with."
  type        = string
  sensitive   = true
}

variable "redshift_password" {
  description = "The password of the Redshift user."
  type        = string
  sensitive   = true
}

variable "slack_secrets" {
  description = "What belongs to each entry of slack_workspaces and must not be seen."
  type = map(object({
    client_secret = string
    access_token  = string
  }))
  sensitive = true
}
