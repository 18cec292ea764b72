//! Provider configurations: several at once, handed into modules, with roles, accounts, tags and
//! addresses of services of their own. Nothing is the emulator's here but AppFlow's address.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use flowctl_testkit::{Emulator, Moto, TestEnvironment};

/// A provider configuration for each of two regions, the other one with an assumed role, and a module
/// that works with it.
const PROVIDERS: &str = r#"
//- main.tf
variable "appflow" {}
variable "others" {}
variable "accounts" {
  type    = list(string)
  default = ["123456789012"]
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = var.accounts
  endpoints {
    appflow = var.appflow
    iam     = var.others
    sts     = var.others
  }
}

provider "aws" {
  alias  = "admin"
  region = "us-east-2"
  assume_role {
    role_arn     = "arn:aws:iam::123456789012:role/admin"
    session_name = "deploy"
  }
  default_tags {
    tags = { owner = "admin" }
  }
  endpoints {
    appflow = var.appflow
    iam     = var.others
    sts     = var.others
  }
}

module "there" {
  source    = "./there"
  providers = { aws = aws.admin }
}

data "aws_caller_identity" "here" {}

resource "aws_appflow_connector_profile" "here" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "CANARY-key"
        application_key = "CANARY-application"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

output "told" {
  value = {
    here  = data.aws_caller_identity.here.arn
    there = module.there.caller
    arns  = [aws_appflow_connector_profile.here.arn, module.there.profile]
    tags  = module.there.tags
  }
}

//- there/main.tf
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "loader" {
  name_prefix = "provided-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "appflow.amazonaws.com" }
    }]
  })
}

resource "aws_appflow_connector_profile" "there" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "CANARY-key"
        application_key = "CANARY-application"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

output "caller" {
  value = data.aws_caller_identity.current.arn
}
output "profile" {
  value = aws_appflow_connector_profile.there.arn
}
output "tags" {
  value = aws_iam_role.loader.tags_all
}
"#;

/// The configuration in a directory of its own, with an endpoint for AppFlow; `None` without moto.
fn provided() -> Option<(TestEnvironment, Emulator)> {
    let moto = Moto::shared()?;
    let environment = TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl")).with(PROVIDERS);
    let emulator = Emulator::start(&environment, &[]);
    let environment = environment
        .with_variable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .with_variable("AWS_SECRET_ACCESS_KEY", "example")
        .with_variable("TF_VAR_appflow", &emulator.url())
        .with_variable("TF_VAR_others", &moto.url());
    Some((environment, emulator))
}

#[test]
fn each_works_where_and_as_whom_it_says() {
    let Some((environment, emulator)) = provided() else {
        return;
    };
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    let told = environment.flowctl(&["output", "-json", "told"]).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    assert!(!text(&told["here"]).contains("assumed-role"), "{told}");
    let assumed = "arn:aws:sts::123456789012:assumed-role/admin/deploy";
    assert_eq!(text(&told["there"]), assumed);
    assert_eq!(told["tags"], serde_json::json!({"owner": "admin"}));
    let regions = ["eu-west-1", "us-east-2"];
    for (at, region) in regions.into_iter().enumerate() {
        assert!(text(&told["arns"][at]).contains(region), "{told}");
    }
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
    // Whose credentials are in use is asked once for each provider configuration.
    let profiles = &emulator.requests()["counts"]["CreateConnectorProfile"]["total"];
    assert_eq!(profiles, 2);
    let _ = environment.flowctl(&["destroy", "-auto-approve"]).success();
}

#[test]
fn in_an_account_that_is_not_allowed_nothing_is_done() {
    let Some((environment, emulator)) = provided() else {
        return;
    };
    let other = "-var=accounts=[\"210987654321\"]";
    let ran = environment
        .flowctl(&["apply", "-auto-approve", other])
        .code(1);
    insta::assert_snapshot!(ran.stderr);
    let counts = &emulator.requests()["counts"];
    assert!(counts["CreateConnectorProfile"].is_null(), "{counts}");
    // Without a request there is nobody to ask.
    let _ = environment.flowctl(&["validate"]).success();
}

#[test]
fn a_service_that_is_not_reachable_holds_up_only_what_needs_it() {
    let Some((environment, _emulator)) = provided() else {
        return;
    };
    // Nothing listens there.
    let environment = environment.with_variable("TF_VAR_others", "http://127.0.0.1:9");
    let text = environment.read("main.tf");
    let text = text
        .replace("  allowed_account_ids = var.accounts\n", "")
        .replace("data \"aws_caller_identity\" \"here\" {}\n", "")
        .replace("    here  = data.aws_caller_identity.here.arn\n", "")
        .replace("    there = module.there.caller\n", "")
        .replace("    tags  = module.there.tags\n", "");
    environment.write(&format!("//- main.tf\n{text}"));
    let inner = environment.read("there/main.tf");
    let inner = inner
        .replace("data \"aws_caller_identity\" \"current\" {}\n", "")
        .replace(
            "output \"caller\" {\n  value = data.aws_caller_identity.current.arn\n}\n",
            "",
        );
    environment.write(&format!("//- there/main.tf\n{inner}"));
    let ran = environment.flowctl(&["apply", "-auto-approve"]).code(1);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let role = "The role arn:aws:iam::123456789012:role/admin cannot be assumed";
    assert!(said.contains(role), "{ran}");
    assert!(ran.stdout.contains("1 added"), "{ran}");
    let state = environment.flowctl(&["state", "list"]).out();
    assert_eq!(state, "aws_appflow_connector_profile.here\n");

    // A refusal is told in the words of the service.
    let environment = environment.with_variable("TF_VAR_others", &refusing());
    let ran = environment.flowctl(&["apply", "-auto-approve"]).code(1);
    insta::assert_snapshot!(ran.stderr);

    // Where it answers, the rest is done.
    let moto = Moto::shared().map(Moto::url).unwrap_or_default();
    let environment = environment.with_variable("TF_VAR_others", &moto);
    let ran = environment.flowctl(&["apply", "-auto-approve"]).success();
    assert!(ran.stdout.contains("2 added, 0 changed"), "{ran}");
}

/// A service that refuses everything, as STS does it; its address.
pub(super) fn refusing() -> String {
    const ANSWER: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>\
                          User: arn:aws:iam::123456789012:user/ci is not authorized to perform: \
                          sts:AssumeRole on resource: arn:aws:iam::123456789012:role/admin</Message>\
                          </Error><RequestId>1</RequestId></ErrorResponse>";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 8192];
            let _ = stream.read(&mut request);
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{ANSWER}",
                ANSWER.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}
