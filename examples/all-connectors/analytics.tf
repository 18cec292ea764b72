# Analytics, monitoring and marketing.

resource "aws_appflow_connector_profile" "amplitude" {
  name            = "amplitude"
  connector_type  = "Amplitude"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      amplitude {
        api_key    = var.secrets.amplitude.api_key
        secret_key = var.secrets.amplitude.secret_key
      }
    }

    # Amplitude has no properties: the block may be empty.
    connector_profile_properties {
      amplitude {}
    }
  }
}

resource "aws_appflow_connector_profile" "datadog" {
  name            = "datadog"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.secrets.datadog.api_key
        application_key = var.secrets.datadog.application_key
      }
    }

    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "dynatrace" {
  name            = "dynatrace"
  connector_type  = "Dynatrace"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      dynatrace {
        api_token = var.secrets.dynatrace.api_token
      }
    }

    connector_profile_properties {
      dynatrace {
        instance_url = "https://example.live.dynatrace.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "google_analytics" {
  name            = "google-analytics"
  connector_type  = "Googleanalytics"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      google_analytics {
        client_id     = "example.apps.googleusercontent.com"
        client_secret = var.secrets.google_analytics.client_secret

        # PKCE: the verifier belongs to the code.
        oauth_request {
          auth_code     = var.secrets.google_analytics.auth_code
          code_verifier = var.secrets.google_analytics.code_verifier
          redirect_uri  = local.redirect_uri
        }
      }
    }

    connector_profile_properties {
      google_analytics {}
    }
  }
}

resource "aws_appflow_connector_profile" "marketo" {
  name            = "marketo"
  connector_type  = "Marketo"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      # The client's id and secret are enough for Marketo.
      marketo {
        client_id     = "example-client"
        client_secret = var.secrets.marketo.client_secret
      }
    }

    connector_profile_properties {
      marketo {
        instance_url = "https://100-EXA-200.mktorest.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "singular" {
  name            = "singular"
  connector_type  = "Singular"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      singular {
        api_key = var.secrets.singular.api_key
      }
    }

    connector_profile_properties {
      singular {}
    }
  }
}

resource "aws_appflow_connector_profile" "trendmicro" {
  name            = "trendmicro"
  connector_type  = "Trendmicro"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      trendmicro {
        api_secret_key = var.secrets.trendmicro.api_secret_key
      }
    }

    connector_profile_properties {
      trendmicro {}
    }
  }
}
