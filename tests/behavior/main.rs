//! What flowctl does as seen from outside: each test runs the binary in a directory of its own.
//! One file per command; what people read is a snapshot.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

mod accounts;
mod apply;
mod cdktf;
mod comment;
mod completions;
mod conformance;
mod connectors;
mod console;
mod destroy;
mod emulator;
mod ephemeral;
mod flows;
mod fmt;
mod graph;
mod help;
mod history;
mod host;
mod iam_policy_document;
mod import;
mod init;
mod input;
mod lock;
mod output;
mod plan;
mod policy;
mod properties;
mod recipes;
mod refresh;
mod region;
mod rekey;
mod review;
mod saved;
mod schema;
mod secrets;
mod show;
mod state;
mod tfstate;
mod untrusted;
mod usage;
mod validate;
mod variables;

use flowctl_testkit::TestEnvironment;

/// An empty directory for the binary under test.
fn empty() -> TestEnvironment {
    TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl"))
}

/// A directory with these files.
fn with(fixture: &str) -> TestEnvironment {
    empty().with(fixture)
}

/// A directory with these files, applied.
fn applied(fixture: &str) -> TestEnvironment {
    let environment = with(fixture);
    let _ = environment
        .flowctl(&["--emulator", "apply", "-auto-approve"])
        .success();
    environment
}

/// Two resources that need no service, one with two instances, and outputs.
const DATA: &str = r#"
//- main.tf
variable "password" {
  type      = string
  sensitive = true
  default   = "CANARY-default"
}

resource "terraform_data" "one" {
  input = "first"
}

resource "terraform_data" "many" {
  count = 2
  input = "${terraform_data.one.output}-${count.index}"
}

output "text" {
  value = terraform_data.one.output
}

output "object" {
  value = { names = ["a", "b"], count = 2, on = true }
}

output "hidden" {
  value     = var.password
  sensitive = true
}
"#;

/// A connector profile, with its credentials in variables.
const PROFILE: &str = r#"
//- main.tf
variable "api_key" {
  type      = string
  sensitive = true
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.api_key
        application_key = "CANARY-literal"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

output "arn" {
  value = aws_appflow_connector_profile.metrics.arn
}
//- secrets.auto.tfvars
api_key = "CANARY-key"
"#;

#[test]
fn every_file_here_is_a_module() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/behavior");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|name| *name != "main") {
            assert!(main.contains(&format!("mod {module};")), "{module}");
        }
    }
}
