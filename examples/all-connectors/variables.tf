variable "region" {
  description = "The AWS region of the connector profiles."
  type        = string
  default     = "us-east-1"
}

# One variable for all secrets keeps this example short; example.auto.tfvars holds placeholders.
variable "secrets" {
  description = "The credentials by connector."
  sensitive   = true
  type = object({
    amplitude        = object({ api_key = string, secret_key = string })
    datadog          = object({ api_key = string, application_key = string })
    dynatrace        = object({ api_token = string })
    google_analytics = object({ client_secret = string, auth_code = string, code_verifier = string })
    honeycode        = object({ access_token = string, refresh_token = string })
    infor_nexus      = object({ access_key_id = string, datakey = string, secret_access_key = string })
    marketo          = object({ client_secret = string })
    pardot           = object({ access_token = string, refresh_token = string })
    redshift         = object({ password = string })
    salesforce       = object({ auth_code = string, access_token = string, refresh_token = string, jwt_token = string })
    sap              = object({ password = string, access_token = string, client_secret = string, refresh_token = string })
    service_now      = object({ password = string, access_token = string, client_secret = string, refresh_token = string })
    singular         = object({ api_key = string })
    slack            = object({ access_token = string, client_secret = string })
    snowflake        = object({ password = string, private_key = string })
    trendmicro       = object({ api_secret_key = string })
    veeva            = object({ password = string })
    zendesk          = object({ client_secret = string, auth_code = string })
    custom = object({
      api_key         = string
      api_secret_key  = string
      password        = string
      access_token    = string
      auth_code       = string
      client_secret   = string
      refresh_token   = string
      credentials_map = map(string)
    })
  })
}

# What several profiles share. None of it exists.
locals {
  bucket                    = "example-appflow-staging"
  client_credentials_arn    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:example-client-AbCdEf"
  private_link_service_name = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
  redirect_uri              = "https://us-east-1.console.aws.amazon.com/appflow/oauth"
  role_arn                  = "arn:aws:iam::123456789012:role/example-appflow"
}
