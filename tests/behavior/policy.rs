//! `--policy`: what a configuration has to meet, whoever wrote it.

use flowctl_testkit::TestEnvironment;

use crate::{PROFILE, with};

const POLICIES: &str = r#"
//- rules/all.hcl
policy "customer-key" {
  rule = "kms-arn-required"
}

policy "private" {
  rule     = "private-mode"
  name     = "^met"
  severity = "warning"
}

policy "no-literals" {
  rule = "credentials-not-literal"
}

policy "naming" {
  resource_type = "aws_appflow_connector_profile"
  condition     = startswith(self.name, "prod-")
  error_message = "the name ${self.name} does not begin with prod-."
}
"#;

fn environment() -> TestEnvironment {
    with(&format!("{PROFILE}{POLICIES}"))
}

#[test]
fn findings_have_a_place_and_a_way_out() {
    let environment = environment();
    let found = environment
        .flowctl(&["validate", "--policy", "rules"])
        .code(1);
    assert!(!found.to_string().contains("CANARY"), "{found}");
    insta::assert_snapshot!(found);
}

#[test]
fn a_plan_that_does_not_meet_them_is_shown_and_not_applied() {
    let environment = environment();
    let rules = ["--emulator", "plan", "--policy=rules"];
    let planned = environment.flowctl(&rules).code(1);
    assert!(!planned.to_string().contains("CANARY"), "{planned}");
    insta::assert_snapshot!(planned.stdout);
    for (format, text) in [
        ("markdown", "Policy violation: customer-key"),
        ("html", "Policy violation: customer-key"),
    ] {
        let asked = [&rules[..], &["--format", format]].concat();
        let written = environment.flowctl(&asked).code(1).stdout;
        assert!(written.contains(text), "{written}");
        assert!(!written.contains("CANARY"), "{written}");
    }
    let json = environment.flowctl(&[&rules[..], &["--format=json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json.code(1).stdout).unwrap();
    assert_eq!(json["errored"], true);
    let checks: Vec<_> = json["checks"].as_array().unwrap().iter().collect();
    let told: Vec<_> = checks
        .iter()
        .map(|c| {
            let name = c["address"]["to_display"].as_str().unwrap();
            (name, c["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("policy.customer-key", "fail"),
            ("policy.naming", "fail"),
            ("policy.no-literals", "fail"),
            ("policy.private", "fail"),
        ]
    );
    let saved = environment.flowctl(&[&rules[..], &["-out=plan.bin"]].concat());
    let _ = saved.code(1);
    let applied = ["--emulator", "apply", "-auto-approve", "--policy=rules"];
    let _ = environment.flowctl(&applied).code(1);
    assert!(!environment.list(".").contains(&"plan.bin".to_owned()));
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
}

#[test]
fn the_environment_names_policies_and_exceptions_are_made_in_them() {
    let environment = environment().with_variable("FLOWCTL_POLICY", "rules");
    let _ = environment.flowctl(&["validate"]).code(1);
    let text = environment
        .read("rules/all.hcl")
        .replace(
            "policy \"private\" {\n",
            "policy \"private\" {\n  except = [\"aws_appflow_connector_profile.metrics\"]\n",
        )
        .replace(
            "rule = \"kms",
            "severity = \"warning\"\n  except = [\"module.none\"]\n  rule = \"kms",
        )
        .replace("rule = \"cred", "name = \"^other\"\n  rule = \"cred")
        .replace("\"prod-\"", "\"met\"");
    environment.write(&format!("//- rules/all.hcl\n{text}"));
    // What is a warning stops nothing.
    let planned = environment.flowctl(&["--emulator", "plan", "-out=plan.bin", "--policy=rules"]);
    // The same directory twice is the same policy twice.
    let _ = planned.success();
    let applied = environment
        .flowctl(&["--emulator", "apply", "plan.bin"])
        .success()
        .to_string();
    assert!(
        applied.contains("Policy violation: customer-key"),
        "{applied}"
    );
    assert!(!applied.contains("no-literals"), "{applied}");
}

#[test]
fn credentials_are_followed_to_where_they_are_written() {
    let environment = with(
        r#"
//- main.tf
locals {
  all = { one = { key = "CANARY-local" } }
}
variable "given" {
  sensitive = true
}
variable "default" {
  default = "CANARY-default"
}
module "m" {
  source = "./m"
  key    = "CANARY-argument"
  given  = var.given
}
resource "aws_appflow_connector_profile" "each" {
  for_each        = local.all
  name            = each.key
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = each.value.key
        application_key = "${var.given}-suffix"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
resource "aws_appflow_connector_profile" "computed" {
  name            = "computed"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      dynamic "datadog" {
        for_each = [local.all.one]
        content {
          api_key         = datadog.value.key
          application_key = upper(var.default)
        }
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
//- m/main.tf
variable "key" {}
variable "given" {}
resource "aws_appflow_connector_profile" "inside" {
  name            = "inside"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.key
        application_key = var.given
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
//- secrets.auto.tfvars
given = "CANARY-given"
//- rules/all.hcl
policy "no-literals" {
  rule = "credentials-not-literal"
}
"#,
    );
    let planned = environment
        .flowctl(&["--emulator", "plan", "--policy=rules"])
        .code(1);
    assert!(!planned.to_string().contains("CANARY"), "{planned}");
    insta::assert_snapshot!(planned.stderr);
}

#[test]
fn policies_that_make_no_sense_are_refused() {
    let environment = with(
        r#"
//- main.tf
resource "terraform_data" "a" {}
//- rules/all.hcl
policy "a" {
  rule   = "kms-arn-require"
  name   = "("
  except = ["nothing"]
}

policy "b" {
  condition     = var.x == self.input
  error_message = "no"
  resource_type = "terraform_dta"
}

policy "c" {
  condition     = self.input
  error_message = "no"
}
"#,
    );
    let wrong = environment
        .flowctl(&["validate", "--policy", "rules"])
        .code(1);
    let none = environment
        .flowctl(&["validate", "--policy", "rulse"])
        .code(1);
    insta::assert_snapshot!(format!("{wrong}{none}"));
}
