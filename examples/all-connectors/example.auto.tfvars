# Placeholders, good for the embedded endpoint only. None of them opens anything.

secrets = {
  amplitude        = { api_key = "placeholder-api-key", secret_key = "placeholder-secret-key" }
  datadog          = { api_key = "placeholder-api-key", application_key = "placeholder-application-key" }
  dynatrace        = { api_token = "placeholder-api-token" }
  google_analytics = { client_secret = "placeholder-client-secret", auth_code = "placeholder-auth-code", code_verifier = "placeholder-code-verifier-of-43-characters-or-more" }
  honeycode        = { access_token = "placeholder-access-token", refresh_token = "placeholder-refresh-token" }
  infor_nexus      = { access_key_id = "placeholder-key-id", datakey = "placeholder-datakey", secret_access_key = "placeholder-secret-key" }
  marketo          = { client_secret = "placeholder-client-secret" }
  pardot           = { access_token = "placeholder-access-token", refresh_token = "placeholder-refresh-token" }
  redshift         = { password = "placeholder-password" }
  salesforce       = { auth_code = "placeholder-auth-code", access_token = "placeholder-access-token", refresh_token = "placeholder-refresh-token", jwt_token = "placeholder_head.placeholder_body.placeholder_signature" }
  sap              = { password = "placeholder-password", access_token = "placeholder-access-token", client_secret = "placeholder-client-secret", refresh_token = "placeholder-refresh-token" }
  service_now      = { password = "placeholder-password", access_token = "placeholder-access-token", client_secret = "placeholder-client-secret", refresh_token = "placeholder-refresh-token" }
  singular         = { api_key = "placeholder-api-key" }
  slack            = { access_token = "placeholder-access-token", client_secret = "placeholder-client-secret" }
  snowflake        = { password = "placeholder-password", private_key = "placeholder-private-key" }
  trendmicro       = { api_secret_key = "placeholder-api-secret-key" }
  veeva            = { password = "placeholder-password" }
  zendesk          = { client_secret = "placeholder-client-secret", auth_code = "placeholder-auth-code" }

  custom = {
    api_key         = "placeholder-api-key"
    api_secret_key  = "placeholder-api-secret-key"
    password        = "placeholder-password"
    access_token    = "placeholder-access-token"
    auth_code       = "placeholder-auth-code"
    client_secret   = "placeholder-client-secret"
    refresh_token   = "placeholder-refresh-token"
    credentials_map = { keyId = "placeholder-key-id", signingKey = "placeholder-signing-key" }
  }
}
