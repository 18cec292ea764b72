# Connectors of one's own, by all four kinds of authentication. The label is that of a connector
# registered in the account; the embedded endpoint has registered these.

resource "aws_appflow_connector_profile" "custom_api_key" {
  name            = "custom-api-key"
  connector_type  = "CustomConnector"
  connector_label = "my-connector"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      custom_connector {
        authentication_type = "APIKEY"

        api_key {
          api_key        = var.secrets.custom.api_key
          api_secret_key = var.secrets.custom.api_secret_key
        }
      }
    }

    # Nothing that the connector wants to know: the empty block is sent all the same.
    connector_profile_properties {
      custom_connector {}
    }
  }
}

resource "aws_appflow_connector_profile" "custom_basic" {
  name            = "custom-basic"
  connector_type  = "CustomConnector"
  connector_label = "my-connector"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      custom_connector {
        authentication_type = "BASIC"

        basic {
          password = var.secrets.custom.password
          username = "appflow"
        }
      }
    }

    connector_profile_properties {
      custom_connector {
        profile_properties = {
          instanceUrl = "https://connector.example.com"
        }
      }
    }
  }
}

resource "aws_appflow_connector_profile" "custom_defined" {
  name            = "custom-defined"
  connector_type  = "CustomConnector"
  connector_label = "example"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      custom_connector {
        authentication_type = "CUSTOM"

        custom {
          credentials_map            = var.secrets.custom.credentials_map
          custom_authentication_type = "SignedRequest"
        }
      }
    }

    connector_profile_properties {
      custom_connector {
        profile_properties = {
          instanceUrl = "https://connector.example.com"
          apiVersion  = "v2"
        }
      }
    }
  }
}

resource "aws_appflow_connector_profile" "custom_oauth2" {
  name            = "custom-oauth2"
  connector_type  = "CustomConnector"
  connector_label = "hubspot"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      custom_connector {
        authentication_type = "OAUTH2"

        oauth2 {
          access_token  = var.secrets.custom.access_token
          client_id     = "example-client"
          client_secret = var.secrets.custom.client_secret
          refresh_token = var.secrets.custom.refresh_token

          oauth_request {
            auth_code    = var.secrets.custom.auth_code
            redirect_uri = local.redirect_uri
          }
        }
      }
    }

    connector_profile_properties {
      custom_connector {
        profile_properties = {
          api_version = "v3"
        }

        oauth2_properties {
          oauth2_grant_type = "AUTHORIZATION_CODE"
          token_url         = "https://api.hubapi.com/oauth/v1/token"

          token_url_custom_properties = {
            audience = "crm"
          }
        }
      }
    }
  }
}
