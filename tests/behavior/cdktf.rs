//! What the CDK for Terraform synthesises: a kept copy of the JSON that its real packages wrote
//! (`tests/cdktf/run.sh`).

use flowctl_testkit::TestEnvironment;

use crate::empty;

const STACK: &str = "cdktf.out/stacks/profiles";
const JSON: &str = include_str!("../cdktf/fixtures/profiles/cdk.tf.json");

/// A profile that exists before the stack does, which imports it.
const LEGACY: &str = r#"
resource "aws_appflow_connector_profile" "legacy" {
  name            = "legacy"
  connector_type  = "Slack"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = "CANARY-legacy"
        access_token  = "CANARY-legacy-token"
      }
    }
    connector_profile_properties {
      slack {
        instance_url = "https://legacy.slack.com"
      }
    }
  }
}
"#;

/// The stack as it was synthesised, beside a profile that nobody manages.
fn synthesised() -> TestEnvironment {
    let environment = empty();
    let file = |name: &str, text: &str| format!("//- {STACK}/{name}\n{text}");
    environment.write(&file("legacy.tf", LEGACY));
    let _ = run(&environment, &["apply", "-auto-approve"]).success();
    let address = "aws_appflow_connector_profile.legacy";
    let _ = environment
        .flowctl(&["-C", STACK, "state", "rm", address])
        .success();
    std::fs::remove_file(environment.path(&format!("{STACK}/legacy.tf"))).unwrap();
    environment.write(&file("cdk.tf.json", JSON));
    environment
}

fn run(environment: &TestEnvironment, arguments: &[&str]) -> flowctl_testkit::Ran {
    environment.flowctl(&[&["-C", STACK, "--emulator"], arguments].concat())
}

#[test]
fn a_synthesised_stack_is_planned_applied_and_destroyed() {
    let environment = synthesised();
    let generated = "-generate-config-out=generated.tf";
    insta::assert_snapshot!(run(&environment, &["plan", "-compact", generated]).success());
    let _ = run(&environment, &["apply", "-auto-approve"]).success();
    let _ = run(&environment, &["plan", "-detailed-exitcode"]).success();
    let outputs = run(&environment, &["output", "-json"]).json();
    assert_eq!(
        outputs["slack-profiles"]["value"],
        serde_json::json!(["sales", "support"])
    );
    assert_eq!(
        outputs["summary"]["value"],
        r#"{"crm":"acme-crm","fields":["Id","Name"],"on":true}"#
    );
    assert_eq!(outputs["secret"]["sensitive"], true);
    insta::assert_snapshot!(
        "listed",
        environment.flowctl(&["-C", STACK, "state", "list"]).out()
    );
    // Another synthesis of the same program changes nothing; a change in it is a change.
    let longer = JSON.replace("\"Name\"\n", "\"Name\",\n        \"Phone\"\n");
    assert_ne!(longer, JSON);
    std::fs::write(environment.path(&format!("{STACK}/cdk.tf.json")), longer).unwrap();
    let changed = run(&environment, &["plan", "-detailed-exitcode", "-compact"]).code(2);
    assert!(
        changed.stdout.contains("aws_appflow_flow.accounts"),
        "{changed}"
    );
    let _ = run(&environment, &["apply", "-auto-approve"]).success();
    let _ = run(&environment, &["plan", "-detailed-exitcode"]).success();
    let _ = run(&environment, &["destroy", "-auto-approve"]).success();
    assert_eq!(
        environment.flowctl(&["-C", STACK, "state", "list"]).out(),
        ""
    );
}

#[test]
fn the_stack_that_needs_other_services_is_valid() {
    let environment = empty();
    let json = include_str!("../cdktf/fixtures/complete/cdk.tf.json");
    environment.write(&format!("//- cdk.tf.json\n{json}"));
    let _ = environment.flowctl(&["validate"]).success();
}
