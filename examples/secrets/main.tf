# One credential, five places that it may come from. Each is one expression; flowctl evaluates it in
# every run, and neither state nor plan hold more of it than a keyed digest.

variable "variable_password" {
  description = "Set TF_VAR_variable_password; the default is a placeholder."
  type        = string
  ephemeral   = true
  default     = "placeholder-variable"
}

variable "aws" {
  description = "Whether to read the secrets that are kept in AWS, which the embedded endpoint has not."
  type        = bool
  default     = false
}

# A program prints it: a password manager's, or any other. Needs --allow-external.
ephemeral "external" "database" {
  program = ["sh", "${path.module}/print-secret.sh"]
  query   = { name = "warehouse" }
}

# Secrets Manager: here a JSON document, as the console makes them.
ephemeral "aws_secretsmanager_secret_version" "database" {
  count     = var.aws ? 1 : 0
  secret_id = "team/warehouse"
}

# Systems Manager.
ephemeral "aws_ssm_parameter" "database" {
  count = var.aws ? 1 : 0
  name  = "/team/warehouse/password"
}

locals {
  passwords = {
    variable = var.variable_password
    file     = sensitive(trimspace(file("${path.module}/password.txt")))
    external = ephemeral.external.database.result.password
    secret   = var.aws ? jsondecode(ephemeral.aws_secretsmanager_secret_version.database[0].secret_string).password : null
    ssm      = var.aws ? ephemeral.aws_ssm_parameter.database[0].value : null
  }
}

resource "aws_appflow_connector_profile" "warehouse" {
  for_each = toset(concat(["variable", "file", "external"], var.aws ? ["secret", "ssm"] : []))

  name            = "warehouse-${each.key}"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = "appflow"
        password = local.passwords[each.key]
      }
    }

    connector_profile_properties {
      redshift {
        bucket_name  = "example-appflow-us-east-1"
        database_url = "jdbc:redshift://example-cluster.abc123.us-east-1.redshift.amazonaws.com:5439/analytics"
        role_arn     = "arn:aws:iam::123456789012:role/redshift-reads-bucket"
      }
    }
  }
}
