# Salesforce by all grants that sign in, and Pardot.

resource "aws_appflow_connector_profile" "salesforce_code" {
  name            = "salesforce-code"
  connector_type  = "Salesforce"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        client_credentials_arn = local.client_credentials_arn
        oauth2_grant_type      = "AUTHORIZATION_CODE"

        oauth_request {
          auth_code    = var.secrets.salesforce.auth_code
          redirect_uri = local.redirect_uri
        }
      }
    }

    connector_profile_properties {
      salesforce {
        instance_url = "https://example.my.salesforce.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "salesforce_jwt" {
  name            = "salesforce-jwt"
  connector_type  = "Salesforce"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        jwt_token         = var.secrets.salesforce.jwt_token
        oauth2_grant_type = "JWT_BEARER"
      }
    }

    connector_profile_properties {
      salesforce {
        instance_url           = "https://example--test.sandbox.my.salesforce.com"
        is_sandbox_environment = true
      }
    }
  }
}

resource "aws_appflow_connector_profile" "salesforce_token" {
  name            = "salesforce-token"
  connector_type  = "Salesforce"
  connection_mode = "Private"

  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        access_token  = var.secrets.salesforce.access_token
        refresh_token = var.secrets.salesforce.refresh_token
      }
    }

    connector_profile_properties {
      salesforce {
        instance_url                                   = "https://example.my.salesforce.com"
        is_sandbox_environment                         = false
        use_privatelink_for_metadata_and_authorization = true
      }
    }
  }
}

resource "aws_appflow_connector_profile" "pardot" {
  name            = "pardot"
  connector_type  = "Pardot"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      pardot {
        access_token           = var.secrets.pardot.access_token
        client_credentials_arn = local.client_credentials_arn
        refresh_token          = var.secrets.pardot.refresh_token
      }
    }

    connector_profile_properties {
      pardot {
        business_unit_id       = "0Uv000000000000AAA"
        instance_url           = "https://pi.pardot.com"
        is_sandbox_environment = false
      }
    }
  }
}
