# What somebody else did to the same account: one profile was changed, and one made.

provider "aws" {
  region = "eu-central-1"
}

import {
  to = aws_appflow_connector_profile.drifted
  id = "drifted"
}

resource "aws_appflow_connector_profile" "drifted" {
  name            = "drifted"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "by-hand"
        application_key = "by-hand"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.eu"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "found" {
  name            = "found"
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      slack {
        access_token  = "by-hand"
        client_id     = "by-hand"
        client_secret = "by-hand"
      }
    }
    connector_profile_properties {
      slack {
        instance_url = "https://acme.slack.com"
      }
    }
  }
}
