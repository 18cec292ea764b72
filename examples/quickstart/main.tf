# Three connectors: Salesforce as a source, Redshift as a destination, and one Slack profile for
# every workspace in var.slack_workspaces.

provider "aws" {
  region = var.region
}

locals {
  prefix = "${var.project}-${var.environment}"
}

resource "aws_appflow_connector_profile" "salesforce" {
  name            = "${local.prefix}-salesforce"
  connector_type  = "Salesforce"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        oauth2_grant_type = "AUTHORIZATION_CODE"
        refresh_token     = var.salesforce_refresh_token
      }
    }

    connector_profile_properties {
      salesforce {
        instance_url           = var.salesforce_instance_url
        is_sandbox_environment = var.environment != "production"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "redshift" {
  name            = "${local.prefix}-redshift"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = var.redshift.username
        password = var.redshift_password
      }
    }

    connector_profile_properties {
      redshift {
        bucket_name   = var.redshift.bucket
        bucket_prefix = "appflow/${var.environment}"
        database_url  = "jdbc:redshift://${var.redshift.endpoint}/${var.redshift.database}"
        role_arn      = var.redshift.role_arn
      }
    }
  }
}

resource "aws_appflow_connector_profile" "slack" {
  for_each = var.slack_workspaces

  name            = "${local.prefix}-slack-${each.key}"
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = each.value.client_id
        client_secret = var.slack_secrets[each.key].client_secret
        access_token  = var.slack_secrets[each.key].access_token
      }
    }

    connector_profile_properties {
      slack {
        instance_url = each.value.url
      }
    }
  }

  lifecycle {
    precondition {
      condition     = contains(keys(var.slack_secrets), each.key)
      error_message = "var.slack_secrets has no entry for the workspace ${each.key}."
    }
  }
}
