# Placeholders, good for the embedded endpoint only. Put real ones in a file that is not committed,
# or in the environment (TF_VAR_redshift_password=...), and remove this file.

salesforce_refresh_token = "placeholder-refresh-token"
redshift_password        = "placeholder-password"

slack_secrets = {
  marketing = {
    client_secret = "placeholder-client-secret"
    access_token  = "placeholder-access-token"
  }
  support = {
    client_secret = "placeholder-client-secret"
    access_token  = "placeholder-access-token"
  }
}
