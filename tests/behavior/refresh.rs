//! What is looked at before planning.

use flowctl_testkit::{Emulator, TestEnvironment};

use crate::with;

const SIX: &str = r#"
//- main.tf
variable "urls" {
  type    = map(string)
  default = {}
}

resource "aws_appflow_connector_profile" "all" {
  count           = 6
  name            = "metrics-${count.index}"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "CANARY-key"
        application_key = "CANARY-literal"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = lookup(var.urls, "u${count.index}", "https://api.datadoghq.com")
      }
    }
  }
}
"#;

/// Six profiles that were applied.
fn applied() -> (TestEnvironment, Emulator) {
    let environment = with(SIX)
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
        .with_variable("AWS_REGION", "us-east-1");
    let emulator = Emulator::start(&environment, &[]);
    let environment = environment.with_variable("AWS_ENDPOINT_URL_APPFLOW", &emulator.url());
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    (environment, emulator)
}

/// How many names were asked for since the last time.
fn looked_up(emulator: &Emulator) -> u64 {
    emulator.requests()["counts"]["DescribeConnectorProfiles"]["total"]
        .as_u64()
        .unwrap_or_default()
}

#[test]
fn only_what_the_configuration_changes_is_looked_at_on_request() {
    let (environment, emulator) = applied();
    let edit = "urls={u3=\"https://api.datadoghq.eu\"}";
    let before = looked_up(&emulator);
    let ran = environment
        .flowctl(&[
            "plan",
            "-refresh=changed",
            "-var",
            edit,
            "-detailed-exitcode",
        ])
        .code(2);
    assert!(
        ran.stdout
            .contains("Plan: 0 to add, 1 to change, 0 to destroy."),
        "{ran}"
    );
    assert!(
        ran.to_string()
            .contains("Of 6 objects in state, 1 were read"),
        "{ran}"
    );
    assert_eq!(looked_up(&emulator) - before, 1);

    let before = looked_up(&emulator);
    let ran = environment
        .flowctl(&["plan", "-refresh=changed", "-detailed-exitcode"])
        .code(0);
    assert!(
        ran.to_string()
            .contains("Of 6 objects in state, 0 were read"),
        "{ran}"
    );
    assert_eq!(looked_up(&emulator), before);

    let ran = environment
        .flowctl(&["apply", "-refresh=changed", "-var", edit, "-auto-approve"])
        .success();
    assert!(ran.stdout.contains("1 changed"), "{ran}");
}
