output "profile_arn" {
  description = "The profile, for flows that load the cluster."
  value       = aws_appflow_connector_profile.warehouse.arn
}

output "endpoint" {
  description = "Where the cluster answers."
  value       = aws_redshift_cluster.warehouse.endpoint
}
