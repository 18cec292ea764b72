provider "aws" {
  region = "eu-central-1"
}

variable "salesforce_token" {
  description = "The access token of the Salesforce user that AppFlow logs in as."
  type        = string
  sensitive   = true
  default     = "placeholder"
}

variable "fields" {
  description = "Which fields of an account are copied, and what they are called in the bucket."
  type        = map(string)
  default     = { Id = "id", Name = "name", Industry = "industry" }
}

resource "aws_appflow_connector_profile" "salesforce" {
  name            = "salesforce"
  connector_type  = "Salesforce"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        access_token = var.salesforce_token
      }
    }
    connector_profile_properties {
      salesforce {
        instance_url = "https://acme.my.salesforce.com"
      }
    }
  }
}

resource "aws_appflow_flow" "accounts" {
  name        = "accounts"
  flow_status = "Active"

  source_flow_config {
    connector_type         = "Salesforce"
    connector_profile_name = aws_appflow_connector_profile.salesforce.name

    source_connector_properties {
      salesforce {
        object = "Account"
      }
    }
    incremental_pull_config {
      datetime_type_field_name = "LastModifiedDate"
    }
  }

  destination_flow_config {
    connector_type = "S3"

    destination_connector_properties {
      s3 {
        bucket_name = "acme-accounts"

        s3_output_format_config {
          file_type = "PARQUET"

          prefix_config {
            prefix_type   = "PATH"
            prefix_format = "DAY"
          }
        }
      }
    }
  }

  task {
    task_type     = "Filter"
    source_fields = keys(var.fields)

    connector_operator {
      salesforce = "PROJECTION"
    }
  }

  dynamic "task" {
    for_each = var.fields

    content {
      task_type         = "Map"
      source_fields     = [task.key]
      destination_field = task.value

      connector_operator {
        salesforce = "NO_OP"
      }
    }
  }

  trigger_config {
    trigger_type = "Scheduled"

    trigger_properties {
      scheduled {
        schedule_expression = "rate(1days)"
        data_pull_mode      = "Incremental"
      }
    }
  }
}

output "flow" {
  value = aws_appflow_flow.accounts.arn
}
