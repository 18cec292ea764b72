//! Accounts and roles of the provider, at the endpoint inside flowctl.

use flowctl_testkit::TestEnvironment;

const CONFIGURATION: &str = r#"
//- main.tf
variable "allowed" {
  type    = list(string)
  default = null
}
variable "forbidden" {
  type    = list(string)
  default = null
}

provider "aws" {
  allowed_account_ids   = var.allowed
  forbidden_account_ids = var.forbidden
  assume_role {
    role_arn     = "ROLE"
    session_name = "deploy"
  }
}

data "aws_caller_identity" "current" {}

resource "aws_appflow_connector_profile" "metrics" {
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
  value = [data.aws_caller_identity.current.arn, aws_appflow_connector_profile.metrics.arn]
}
"#;

const APPLY: [&str; 3] = ["--emulator", "apply", "-auto-approve"];
const ROLE: &str = "arn:aws:iam::210987654321:role/teams/deployer";

/// The configuration with a role in a directory of its own.
fn with(role: &str) -> TestEnvironment {
    super::with(&CONFIGURATION.replace("ROLE", role))
}

#[test]
fn what_a_role_of_another_account_makes_is_in_that_account() {
    let environment = with(ROLE);
    let allowed = "-var=allowed=[\"210987654321\"]";
    let _ = environment
        .flowctl(&[&APPLY[..], &[allowed]].concat())
        .success();
    let told = environment.flowctl(&["output", "-json", "told"]).json();
    assert_eq!(
        told,
        serde_json::json!([
            "arn:aws:sts::210987654321:assumed-role/deployer/deploy",
            "arn:aws:appflow:us-east-1:210987654321:connectorprofile/metrics",
        ])
    );
    let _ = environment
        .flowctl(&["--emulator", "plan", "-detailed-exitcode", allowed])
        .code(0);
    // Whoever asks in the endpoint's own account does not see it.
    environment.write(&CONFIGURATION.replace("\"ROLE\"", "null"));
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(plan.stdout.contains("1 to add"), "{plan}");
}

#[test]
fn in_an_account_that_is_not_allowed_nothing_is_done() {
    let environment = with(ROLE);
    for refused in [
        "-var=allowed=[\"123456789012\"]",
        "-var=forbidden=[\"210987654321\"]",
    ] {
        let ran = environment
            .flowctl(&[&APPLY[..], &[refused]].concat())
            .code(1);
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("those of account 210987654321"), "{ran}");
    }
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
    // A role that there cannot be is told in the words of the service.
    environment.write(&CONFIGURATION.replace("ROLE", "arn:aws:iam::21:role/a"));
    let ran = environment.flowctl(&APPLY).code(1);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn a_role_taken_with_a_token_of_another_service_is_said_to_have_no_effect() {
    let environment = super::with(
        r#"
//- main.tf
provider "aws" {
  assume_role_with_web_identity {
    role_arn                = "arn:aws:iam::210987654321:role/deployer"
    web_identity_token_file = "/run/token"
  }
}
data "aws_caller_identity" "current" {}
output "account" {
  value = data.aws_caller_identity.current.account_id
}
"#,
    );
    let ran = environment.flowctl(&APPLY).success();
    assert!(ran.stderr.contains("Setting without effect"), "{ran}");
    assert_eq!(
        environment.flowctl(&["output", "-raw", "account"]).out(),
        "123456789012"
    );
}
