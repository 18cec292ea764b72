# A connector profile of Amazon AppFlow: how AppFlow reaches one account of one service.
#
#   flowctl plan                what would be done
#   flowctl apply               do it
#   flowctl --emulator apply    do it without an AWS account, against an endpoint inside flowctl
#
# `flowctl schema aws_appflow_connector_profile` describes every argument.

provider "aws" {
  region = var.region
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    # Credentials are sent to the service and kept nowhere else: state holds a keyed digest, which
    # tells a changed secret from an unchanged one.
    connector_profile_credentials {
      datadog {
        api_key         = var.datadog_api_key
        application_key = var.datadog_application_key
      }
    }

    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

output "profile_arn" {
  description = "The profile, for the flows that use it."
  value       = aws_appflow_connector_profile.metrics.arn
}
