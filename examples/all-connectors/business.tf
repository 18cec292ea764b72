# Business applications.

resource "aws_appflow_connector_profile" "honeycode" {
  name            = "honeycode"
  connector_type  = "Honeycode"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      honeycode {
        access_token  = var.secrets.honeycode.access_token
        refresh_token = var.secrets.honeycode.refresh_token
      }
    }

    connector_profile_properties {
      honeycode {}
    }
  }
}

resource "aws_appflow_connector_profile" "infor_nexus" {
  name            = "infor-nexus"
  connector_type  = "Infornexus"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      infor_nexus {
        access_key_id     = var.secrets.infor_nexus.access_key_id
        datakey           = var.secrets.infor_nexus.datakey
        secret_access_key = var.secrets.infor_nexus.secret_access_key
        user_id           = "appflow@example.com"
      }
    }

    connector_profile_properties {
      infor_nexus {
        instance_url = "https://network.infornexus.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "service_now" {
  name            = "service-now"
  connector_type  = "Servicenow"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      service_now {
        password = var.secrets.service_now.password
        username = "appflow"
      }
    }

    connector_profile_properties {
      service_now {
        instance_url = "https://example.service-now.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "service_now_oauth" {
  name            = "service-now-oauth"
  connector_type  = "Servicenow"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      service_now {
        oauth2 {
          access_token  = var.secrets.service_now.access_token
          client_id     = "example-client"
          client_secret = var.secrets.service_now.client_secret
          refresh_token = var.secrets.service_now.refresh_token
        }
      }
    }

    connector_profile_properties {
      service_now {
        instance_url = "https://example.service-now.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "slack" {
  name            = "slack"
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      slack {
        access_token  = var.secrets.slack.access_token
        client_id     = "100.200"
        client_secret = var.secrets.slack.client_secret
      }
    }

    connector_profile_properties {
      slack {
        instance_url = "https://example.slack.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "veeva" {
  name            = "veeva"
  connector_type  = "Veeva"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      veeva {
        password = var.secrets.veeva.password
        username = "appflow@example.com"
      }
    }

    connector_profile_properties {
      veeva {
        instance_url = "https://example.veevavault.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "zendesk" {
  name            = "zendesk"
  connector_type  = "Zendesk"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      zendesk {
        client_id     = "example-client"
        client_secret = var.secrets.zendesk.client_secret

        oauth_request {
          auth_code    = var.secrets.zendesk.auth_code
          redirect_uri = local.redirect_uri
        }
      }
    }

    connector_profile_properties {
      zendesk {
        instance_url = "https://example.zendesk.com"
      }
    }
  }
}
