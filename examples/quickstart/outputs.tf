output "salesforce_arn" {
  description = "The Salesforce profile, for the flows that read from it."
  value       = aws_appflow_connector_profile.salesforce.arn
}

output "redshift_arn" {
  description = "The Redshift profile, for the flows that write to it."
  value       = aws_appflow_connector_profile.redshift.arn
}

output "slack" {
  description = "The Slack profiles by workspace: name and ARN."
  value = {
    for workspace, profile in aws_appflow_connector_profile.slack : workspace => {
      name = profile.name
      arn  = profile.arn
    }
  }
}
