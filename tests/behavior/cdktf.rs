//! What the CDK for Terraform synthesises: a kept copy of the JSON that its real packages wrote
//! (`tests/cdktf/run.sh`).

use std::path::Path;
use std::process::Command;

use flowctl_testkit::TestEnvironment;

use crate::empty;

const STACK: &str = "cdktf.out/stacks/profiles";
const JSON: &str = include_str!("../cdktf/fixtures/profiles/cdk.tf.json");

/// The stack as it was synthesised, but for the import of what nobody has made here.
fn synthesised() -> TestEnvironment {
    let mut json: serde_json::Value = serde_json::from_str(JSON).unwrap();
    json.as_object_mut().unwrap().remove("import").unwrap();
    let text = serde_json::to_string_pretty(&json).unwrap();
    let environment = empty();
    environment.write(&format!("//- {STACK}/cdk.tf.json\n{text}\n"));
    environment
}

fn run(environment: &TestEnvironment, arguments: &[&str]) -> flowctl_testkit::Ran {
    environment.flowctl(&[&["-C", STACK, "--emulator"], arguments].concat())
}

#[test]
fn a_synthesised_stack_is_planned_applied_and_destroyed() {
    let environment = synthesised();
    insta::assert_snapshot!(run(&environment, &["plan", "-compact"]).success());
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
    let path = format!("{STACK}/cdk.tf.json");
    let text = environment.read(&path);
    let longer = text.replace("\"Name\"\n", "\"Name\",\n        \"Phone\"\n");
    assert_ne!(longer, text);
    std::fs::write(environment.path(&path), longer).unwrap();
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

/// What the program imports and does not configure: its configuration is written, as the CDK asks for.
#[test]
fn an_import_of_a_synthesised_stack_is_kept() {
    const LEGACY: &str = r#"
resource "aws_appflow_connector_profile" "made" {
  name            = "legacy"
  connector_type  = "Slack"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = "CANARY-secret"
        access_token  = "CANARY-token"
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
    let environment = empty();
    // It was made before, and is not in state.
    environment.write(&format!("//- {STACK}/main.tf\n{LEGACY}"));
    let _ = run(&environment, &["apply", "-auto-approve"]).success();
    let forget = ["state", "rm", "aws_appflow_connector_profile.made"];
    let _ = run(&environment, &forget).success();
    std::fs::remove_file(environment.path(&format!("{STACK}/main.tf"))).unwrap();
    environment.write(&format!("//- {STACK}/cdk.tf.json\n{JSON}\n"));

    let write = ["plan", "-compact", "-generate-config-out=generated.tf"];
    let plan = run(&environment, &write).success();
    assert!(plan.stdout.contains("1 to import"), "{plan}");
    let written = environment.read(&format!("{STACK}/generated.tf"));
    assert!(
        written.contains("\"legacy\"") && !written.contains("CANARY"),
        "{written}"
    );
    let applied = run(&environment, &["apply", "-auto-approve"]).success();
    assert!(applied.stdout.contains("1 imported"), "{applied}");
    let _ = run(&environment, &["plan", "-detailed-exitcode"]).code(0);
    let listed = environment.flowctl(&["-C", STACK, "state", "list"]).out();
    assert!(
        listed.contains("aws_appflow_connector_profile.legacy"),
        "{listed}"
    );
}

/// The real packages make the same JSON today; where they cannot be run, the script says why.
#[test]
fn the_real_packages_write_what_was_kept() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cdktf/run.sh");
    let output = Command::new("bash").arg(script).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{errors}");
    eprintln!("{told}");
}
