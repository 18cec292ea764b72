# Redshift, Snowflake and SAP, where data pass through a bucket or a private link.

resource "aws_appflow_connector_profile" "redshift" {
  name            = "redshift"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        password = var.secrets.redshift.password
        username = "appflow"
      }
    }

    connector_profile_properties {
      redshift {
        bucket_name  = local.bucket
        database_url = "jdbc:redshift://example.abc123.us-east-1.redshift.amazonaws.com:5439/analytics"
        role_arn     = local.role_arn
      }
    }
  }
}

resource "aws_appflow_connector_profile" "redshift_data_api" {
  name            = "redshift-data-api"
  connector_type  = "Redshift"
  connection_mode = "Public"
  kms_arn         = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

  connector_profile_config {
    connector_profile_credentials {
      redshift {}
    }

    connector_profile_properties {
      redshift {
        bucket_name            = local.bucket
        bucket_prefix          = "redshift"
        database_name          = "analytics"
        data_api_role_arn      = local.role_arn
        is_redshift_serverless = true
        role_arn               = local.role_arn
        workgroup_name         = "example-workgroup"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "snowflake" {
  name            = "snowflake"
  connector_type  = "Snowflake"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      snowflake {
        password = var.secrets.snowflake.password
        username = "APPFLOW"
      }
    }

    connector_profile_properties {
      snowflake {
        account_name  = "example"
        bucket_name   = local.bucket
        bucket_prefix = "snowflake"
        region        = "us-east-1"
        stage         = "ANALYTICS.PUBLIC.APPFLOW_STAGE"
        warehouse     = "COMPUTE_WH"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "snowflake_key_pair" {
  name            = "snowflake-key-pair"
  connector_type  = "Snowflake"
  connection_mode = "Private"

  connector_profile_config {
    connector_profile_credentials {
      snowflake {
        private_key = var.secrets.snowflake.private_key
        username    = "APPFLOW"
      }
    }

    connector_profile_properties {
      snowflake {
        bucket_name               = local.bucket
        private_link_service_name = local.private_link_service_name
        stage                     = "ANALYTICS.PUBLIC.APPFLOW_STAGE"
        warehouse                 = "COMPUTE_WH"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "sap_basic" {
  name            = "sap-basic"
  connector_type  = "SAPOData"
  connection_mode = "Private"

  connector_profile_config {
    connector_profile_credentials {
      sapo_data {
        basic_auth_credentials {
          password = var.secrets.sap.password
          username = "APPFLOW"
        }
      }
    }

    connector_profile_properties {
      sapo_data {
        application_host_url      = "https://sap.example.com"
        application_service_path  = "/sap/opu/odata/iwfnd/catalogservice;v=2"
        client_number             = "100"
        disable_sso               = true
        port_number               = 443
        private_link_service_name = local.private_link_service_name
      }
    }
  }
}

resource "aws_appflow_connector_profile" "sap_oauth" {
  name            = "sap-oauth"
  connector_type  = "SAPOData"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      sapo_data {
        oauth_credentials {
          access_token  = var.secrets.sap.access_token
          client_id     = "APPFLOW"
          client_secret = var.secrets.sap.client_secret
          refresh_token = var.secrets.sap.refresh_token
        }
      }
    }

    connector_profile_properties {
      sapo_data {
        application_host_url     = "https://sap.example.com"
        application_service_path = "/sap/opu/odata/iwfnd/catalogservice;v=2"
        client_number            = "100"
        logon_language           = "EN"
        port_number              = 443

        oauth_properties {
          auth_code_url = "https://sap.example.com/sap/bc/sec/oauth2/authorize"
          oauth_scopes  = ["ZAPPFLOW_0001", "ZAPPFLOW_0002"]
          token_url     = "https://sap.example.com/sap/bc/sec/oauth2/token"
        }
      }
    }
  }
}
