provider "aws" {
  region = "eu-central-1"
}

variable "token" {
  type      = string
  sensitive = true
  default   = "first-token"
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
        is_sandbox_environment = false
      }
    }
  }
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
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

resource "aws_appflow_connector_profile" "old_name" {
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

resource "aws_appflow_connector_profile" "retired" {
  name            = "retired"
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
        bucket_name = "acme-accounts"
      }
    }
  }

  task {
    task_type     = "Filter"
    source_fields = ["Id", "Name", "Industry"]

    connector_operator {
      salesforce = "PROJECTION"
    }
  }

  dynamic "task" {
    for_each = ["Id", "Name", "Industry"]

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
    stage = "dev"
  }
}

resource "terraform_data" "values" {
  input = {
    number   = 1.5
    flag     = true
    nothing  = null
    name     = "values"
    title    = "Łódź – 東京 🚀"
    tags     = tomap({ env = "dev", team = "data", コスト = "研究", "👩‍💻" = "a family 👨‍👩‍👧" })
    regions  = toset(["eu-central-1", "eu-west-1", "us-east-1"])
    steps    = tolist(["build", "test", "pack", "sign", "ship", "tell", "rest", "done"])
    arn      = "arn:aws:iam::123456789012:role/${join("/", [for n in range(40) : "part-${n}"])}/a"
    comments = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"
    rules = [
      { name = "http", port = 80, sources = ["10.0.0.0/8"] },
      { name = "https", port = 443, sources = ["10.0.0.0/8", "192.168.0.0/16"] },
      { name = "ssh", port = 22, sources = [] },
    ]
    # An object of one kind becomes another.
    kind = { a = 1 }
  }
}

resource "terraform_data" "documents" {
  input = {
    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        { Sid = "Read", Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = "*" },
        { Sid = "Write", Effect = "Allow", Action = "s3:PutObject", Resource = "arn:aws:s3:::acme/*" },
      ]
    })
    settings = yamlencode({
      replicas = 2
      image    = "acme/worker:1.0"
      env      = [{ name = "LEVEL", value = "info" }, { name = "QUEUE", value = "blue" }]
      limits   = { cpu = "500m", memory = "1Gi" }
    })
  }
}

resource "terraform_data" "replaced" {
  input            = "old"
  triggers_replace = ["v1", "blue"]
}

resource "terraform_data" "replaced_first" {
  input            = "old"
  triggers_replace = { version = 1 }

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
  for_each = toset(["a", "b", "c"])
  input    = each.key
}

resource "terraform_data" "forgotten" {
  input = "left alone"
}

resource "terraform_data" "hostile" {
  input = {
    text    = "``` </details> <script>alert(1)</script> @acme/team #1 <!-- flowctl:plan:other -->"
    escaped = "\u001b[31mred\u001b[0m"
    lines   = "fine\n````\n</details>\n- not a deletion\n+ nor an addition\n@acme\n"
  }
}

output "endpoint" {
  value = "https://acme.example/v1"
}

output "regions" {
  value = ["eu-central-1"]
}

output "token" {
  value     = var.token
  sensitive = true
}
