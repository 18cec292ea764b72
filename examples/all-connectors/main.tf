# Every connector type that has profiles, each with the blocks that belong to it; types that can
# sign in by several means are there several times.

provider "aws" {
  region = var.region
}

output "profile_arns" {
  description = "All profiles by name."
  value = {
    for profile in flatten([
      aws_appflow_connector_profile.amplitude,
      aws_appflow_connector_profile.datadog,
      aws_appflow_connector_profile.dynatrace,
      aws_appflow_connector_profile.google_analytics,
      aws_appflow_connector_profile.honeycode,
      aws_appflow_connector_profile.infor_nexus,
      aws_appflow_connector_profile.marketo,
      aws_appflow_connector_profile.pardot,
      aws_appflow_connector_profile.redshift,
      aws_appflow_connector_profile.redshift_data_api,
      aws_appflow_connector_profile.salesforce_code,
      aws_appflow_connector_profile.salesforce_jwt,
      aws_appflow_connector_profile.salesforce_token,
      aws_appflow_connector_profile.sap_basic,
      aws_appflow_connector_profile.sap_oauth,
      aws_appflow_connector_profile.service_now,
      aws_appflow_connector_profile.service_now_oauth,
      aws_appflow_connector_profile.singular,
      aws_appflow_connector_profile.slack,
      aws_appflow_connector_profile.snowflake,
      aws_appflow_connector_profile.snowflake_key_pair,
      aws_appflow_connector_profile.trendmicro,
      aws_appflow_connector_profile.veeva,
      aws_appflow_connector_profile.zendesk,
      aws_appflow_connector_profile.custom_api_key,
      aws_appflow_connector_profile.custom_basic,
      aws_appflow_connector_profile.custom_defined,
      aws_appflow_connector_profile.custom_oauth2,
    ]) : profile.name => profile.arn
  }
}
