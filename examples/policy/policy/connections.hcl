# What every connector profile has to meet, whoever writes it.

policy "customer-key" {
  rule   = "kms-arn-required"
  except = ["aws_appflow_connector_profile.legacy"] # gone by the end of the year
}

policy "private-production" {
  rule = "private-mode"
  name = "^prod-"
}

policy "no-literals" {
  rule = "credentials-not-literal"
}

# A rule of your own: an expression over `self`, the resource as it is configured.
policy "naming" {
  resource_type = "aws_appflow_connector_profile"
  condition     = can(regex("^(prod|test)-", self.name))
  error_message = "the name ${self.name} does not begin with prod- or test-."
  severity      = "warning"
}
