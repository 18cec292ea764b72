# Amazon Redshift by all three ways that AppFlow knows. Where the cluster, the bucket and the roles
# are made elsewhere, the local values say what AppFlow has to know of them.

provider "aws" {
  region = local.region
}

locals {
  region  = "us-east-1"
  account = "123456789012"

  bucket   = "example-appflow-${local.region}"
  database = "analytics"

  cluster = {
    identifier = "example-cluster"
    endpoint   = "example-cluster.abc123.${local.region}.redshift.amazonaws.com:5439"
  }

  # Redshift assumes the first to read the bucket, AppFlow the second to use the Data API.
  bucket_role_arn   = "arn:aws:iam::${local.account}:role/redshift-reads-bucket"
  data_api_role_arn = "arn:aws:iam::${local.account}:role/appflow-uses-data-api"
}

# A cluster by JDBC, with user name and password.
resource "aws_appflow_connector_profile" "jdbc" {
  name            = "redshift-jdbc"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = var.username
        password = var.password
      }
    }

    connector_profile_properties {
      redshift {
        bucket_name  = local.bucket
        database_url = "jdbc:redshift://${local.cluster.endpoint}/${local.database}"
        role_arn     = local.bucket_role_arn
      }
    }
  }
}

# The same cluster by the Data API: a role in place of user name and password.
resource "aws_appflow_connector_profile" "data_api" {
  name            = "redshift-data-api"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {}
    }

    connector_profile_properties {
      redshift {
        bucket_name        = local.bucket
        bucket_prefix      = "data-api"
        cluster_identifier = local.cluster.identifier
        database_name      = local.database
        data_api_role_arn  = local.data_api_role_arn
        role_arn           = local.bucket_role_arn
      }
    }
  }
}

# Redshift Serverless: a workgroup in place of a cluster.
resource "aws_appflow_connector_profile" "serverless" {
  name            = "redshift-serverless"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {}
    }

    connector_profile_properties {
      redshift {
        bucket_name            = local.bucket
        bucket_prefix          = "serverless"
        database_name          = local.database
        data_api_role_arn      = local.data_api_role_arn
        is_redshift_serverless = true
        role_arn               = local.bucket_role_arn
        workgroup_name         = "example-workgroup"
      }
    }
  }
}

output "profile_arns" {
  description = "The profiles by the way that they reach Redshift."
  value = {
    jdbc       = aws_appflow_connector_profile.jdbc.arn
    data_api   = aws_appflow_connector_profile.data_api.arn
    serverless = aws_appflow_connector_profile.serverless.arn
  }
}
