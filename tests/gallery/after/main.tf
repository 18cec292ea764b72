provider "aws" {
  region = "eu-central-1"
}

variable "token" {
  type      = string
  sensitive = true
  default   = "second-token"
}

resource "aws_appflow_connector_profile" "crm" {
  name            = "crm"
  connector_type  = "Salesforce"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        access_token = var.token
      }
    }
    connector_profile_properties {
      salesforce {
        instance_url           = "https://acme.my.salesforce.com"
        is_sandbox_environment = true
      }
    }
  }
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics-eu"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.token
        application_key = var.token
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "drifted" {
  name            = "drifted"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.token
        application_key = var.token
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "new_name" {
  name            = "moved"
  connector_type  = "Zendesk"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      zendesk {
        access_token  = var.token
        client_id     = "reports"
        client_secret = var.token
      }
    }
    connector_profile_properties {
      zendesk {
        instance_url = "https://acme.zendesk.com"
      }
    }
  }
}

import {
  to = aws_appflow_connector_profile.found
  id = "found"
}

resource "aws_appflow_connector_profile" "found" {
  name            = "found"
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      slack {
        access_token  = var.token
        client_id     = "reports"
        client_secret = var.token
      }
    }
    connector_profile_properties {
      slack {
        instance_url = "https://acme-corp.slack.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "warehouse" {
  name            = "warehouse"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = "appflow"
        password = var.token
      }
    }
    connector_profile_properties {
      redshift {
        bucket_name  = "acme-staging"
        database_url = "jdbc:redshift://acme.abc123.eu-central-1.redshift.amazonaws.com:5439/analytics"
        role_arn     = "arn:aws:iam::123456789012:role/acme-redshift"
      }
    }
  }
}

resource "aws_appflow_flow" "accounts" {
  name = "accounts"

  source_flow_config {
    connector_type         = "Salesforce"
    connector_profile_name = aws_appflow_connector_profile.crm.name

    source_connector_properties {
      salesforce {
        object = "Account"
      }
    }
  }

  destination_flow_config {
    connector_type = "S3"

    destination_connector_properties {
      s3 {
        bucket_name   = "acme-accounts"
        bucket_prefix = "raw"
      }
    }
  }

  task {
    task_type     = "Filter"
    source_fields = ["Id", "Name", "Website"]

    connector_operator {
      salesforce = "PROJECTION"
    }
  }

  dynamic "task" {
    for_each = ["Id", "Name", "Website"]

    content {
      task_type         = "Map"
      source_fields     = [task.value]
      destination_field = lower(task.value)

      connector_operator {
        salesforce = "NO_OP"
      }
    }
  }

  trigger_config {
    trigger_type = "OnDemand"
  }

  tags = {
    owner = "data"
    stage = "prod"
  }
}

resource "terraform_data" "values" {
  input = {
    number   = 2
    flag     = false
    nothing  = "something"
    name     = "values"
    title    = "Łódź – 大阪 🚀"
    tags     = tomap({ env = "prod", owner = terraform_data.each["d"].id, team = "data", コスト = "開発", "👩‍💻" = "a team 👨‍👩‍👧" })
    regions  = toset(["eu-central-1", "eu-west-1", "ap-northeast-1"])
    steps    = tolist(["build", "test", "scan", "pack", "sign", "ship", "tell", "rest", "done"])
    arn      = "arn:aws:iam::123456789012:role/${join("/", [for n in range(40) : "part-${n}"])}/b"
    comments = "one\ntwo\n3\nthree\nfour\nfive\nsix\neight\n"
    rules = [
      { name = "http", port = 80, sources = ["10.0.0.0/8"] },
      { name = "https", port = 8443, sources = ["10.0.0.0/8"] },
      { name = "ssh", port = 22, sources = [] },
    ]
    # An object of one kind becomes another.
    kind = ["a", 1]
  }
}

resource "terraform_data" "documents" {
  input = {
    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        { Sid = "Read", Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"], Resource = "*" },
        { Sid = "Write", Effect = "Deny", Action = "s3:PutObject", Resource = "arn:aws:s3:::acme/*" },
      ]
    })
    settings = yamlencode({
      replicas = 3
      image    = "acme/worker:1.0"
      env      = [{ name = "LEVEL", value = "info" }, { name = "QUEUE", value = "green" }]
      limits   = { cpu = "500m", memory = "1Gi" }
    })
  }
}

resource "terraform_data" "replaced" {
  input            = "old"
  triggers_replace = ["v2", "blue"]
}

resource "terraform_data" "replaced_first" {
  input            = "old"
  triggers_replace = { version = 2 }

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "follows" {
  input = aws_appflow_connector_profile.metrics.name

  lifecycle {
    replace_triggered_by = [terraform_data.replaced]
  }
}

resource "terraform_data" "each" {
  for_each = toset(["b", "c", "d"])
  input    = upper(each.key)
}

resource "terraform_data" "hostile" {
  input = {
    text    = "``` </details> <script>alert(2)</script> @acme/team #1 <!-- flowctl:plan:other -->"
    escaped = "\u001b[32mgreen\u001b[0m"
    lines   = "not fine\n````\n</details>\n- not a deletion\n+ nor an addition\n@acme\n"
  }
}

output "endpoint" {
  value = "https://acme.example/v2"
}

output "regions" {
  value = ["eu-central-1", "eu-west-1"]
}

output "token" {
  value     = var.token
  sensitive = true
}

moved {
  from = aws_appflow_connector_profile.old_name
  to   = aws_appflow_connector_profile.new_name
}

removed {
  from = terraform_data.forgotten

  lifecycle {
    destroy = false
  }
}

output "warehouse" {
  value = aws_appflow_connector_profile.warehouse.arn
}

check "replicas" {
  assert {
    condition     = yamldecode(terraform_data.documents.input.settings).replicas < 3
    error_message = "More than two replicas need a larger queue.\nAsk whoever runs it."
  }
}
