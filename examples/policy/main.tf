variable "application_key" {
  type      = string
  sensitive = true
}

# Meets every policy but one: an API key is written out in a local value.
locals {
  api_key = "0123456789abcdef"
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "test-metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  kms_arn         = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = local.api_key
        application_key = var.application_key
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

# Has no key of its own, which is known and accepted.
resource "aws_appflow_connector_profile" "legacy" {
  name            = "legacy"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.application_key
        application_key = var.application_key
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
