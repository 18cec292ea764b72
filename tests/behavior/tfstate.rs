//! `flowctl state import-tfstate` and `flowctl state export-tfstate`.

use serde_json::{Value, json};

use crate::{PROFILE, applied, empty, with};

/// What Terraform 1.11.4 wrote of [`CONFIGURATION`].
const RECORDED: &str = include_str!("fixtures/terraform.tfstate");

const CONFIGURATION: &str = r#"
//- main.tf
resource "terraform_data" "one" {
  input = { a = "x", b = [1, 2.5], c = null, d = tolist(["p", "q"]), e = tomap({ k = true }), s = toset(["z"]) }
}
resource "terraform_data" "plain" {
  input            = "text"
  triggers_replace = [terraform_data.one.id]
}
resource "terraform_data" "many" {
  for_each = toset(["a", "b c"])
  input    = each.key
}
resource "terraform_data" "counted" {
  count = 2
  input = count.index
}
resource "terraform_data" "secret" {
  input = sensitive("CANARY-value")
}
resource "terraform_data" "empty" {}
module "m" {
  for_each = toset(["x"])
  source   = "./m"
}
output "o" {
  value = terraform_data.one.output
}
output "hidden" {
  value     = "CANARY-out"
  sensitive = true
}
output "e" {
  value = tolist([])
}
output "n" {
  value = [null, { a = null }]
}
//- m/main.tf
resource "terraform_data" "in" {
  input      = 5
  depends_on = [terraform_data.dep]
}
resource "terraform_data" "dep" {}
"#;

fn no_secret_in_state(environment: &flowctl_testkit::TestEnvironment) {
    for name in environment.list(".flowctl") {
        let path = environment.path(&format!(".flowctl/{name}"));
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !String::from_utf8_lossy(&bytes).contains("CANARY"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_recorded_state_is_taken_over_and_plans_empty() {
    let environment = with(CONFIGURATION);
    std::fs::write(environment.path("terraform.tfstate"), RECORDED).unwrap();
    let file = "terraform.tfstate";
    let dry = environment.flowctl(&["state", "import-tfstate", "-dry-run", file]);
    let mut said = dry.success().to_string();
    assert!(!environment.path(".flowctl/state.db").exists());
    for _ in 0..2 {
        let ran = environment.flowctl(&["state", "import-tfstate", file]);
        said.push_str(&ran.success().to_string());
    }
    said.push_str(&environment.flowctl(&["history"]).to_string());
    insta::assert_snapshot!(said);
    let plan = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
    assert!(!plan.to_string().contains("CANARY"), "{plan}");
    no_secret_in_state(&environment);
    assert_eq!(environment.read(file), RECORDED, "the file stays as it is");
    // What is sensitive in the file is still compared: another value is a change.
    let changed = CONFIGURATION.replace("CANARY-value", "CANARY-other");
    environment.write(&changed);
    let plan = environment.flowctl(&["plan", "-detailed-exitcode"]).code(2);
    assert!(plan.stdout.contains("0 to add, 1 to change"), "{plan}");
}

#[test]
fn another_object_at_an_address_is_left_alone() {
    let environment = applied("//- main.tf\nresource \"terraform_data\" \"one\" {}\n");
    std::fs::write(environment.path("terraform.tfstate"), RECORDED).unwrap();
    let before = environment.flowctl(&["show", "-json"]).out();
    let ran = environment.flowctl(&["state", "import-tfstate", "terraform.tfstate"]);
    insta::assert_snapshot!(ran.code(1));
    assert_eq!(environment.flowctl(&["show", "-json"]).out(), before);
}

#[test]
fn what_is_no_state_file_is_refused() {
    let environment = empty();
    let mut said = String::new();
    for (name, text) in [
        ("broken.json", "{\"version\": 4,"),
        ("old.json", "{\"version\": 3}"),
        ("none.json", "{}"),
        ("encrypted.json", "{\"encrypted_data\": \"CANARY\"}"),
        (
            "untyped.json",
            r#"{"version": 4, "outputs": {"o": {"value": "CANARY", "type": "what"}}}"#,
        ),
        (
            "mistyped.json",
            r#"{"version": 4, "outputs": {"o": {"value": ["CANARY"], "type": "number"}}}"#,
        ),
        (
            "empty.json",
            r#"{"version": 4, "resources": [{"mode": "managed", "type": "terraform_data", "name": "a",
                "provider": "provider[\"terraform.io/builtin/terraform\"]", "instances": [{}]}]}"#,
        ),
    ] {
        std::fs::write(environment.path(name), text).unwrap();
        let ran = environment.flowctl(&["state", "import-tfstate", name]);
        said.push_str(&ran.code(1).to_string());
    }
    let missing = environment.flowctl(&["state", "import-tfstate", "missing.json"]);
    said.push_str(&missing.code(1).to_string());
    assert!(!said.contains("CANARY"), "{said}");
    insta::assert_snapshot!(said);
    assert!(!environment.flowctl(&["state", "list"]).stdout.contains('.'));
}

/// A state file with one profile as Terraform's provider writes it, and with something that
/// flowctl does not manage.
fn of_the_provider() -> Value {
    let source = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "a", "outputs": {},
        "resources": [
            { "mode": "data", "type": "aws_region", "name": "here", "provider": source,
              "instances": [{ "schema_version": 0, "attributes": { "name": "us-east-1" } }] },
            { "mode": "managed", "type": "aws_sqs_queue", "name": "b", "provider": source,
              "instances": [{ "schema_version": 0, "attributes": { "id": "b" } }] },
            { "mode": "managed", "type": "aws_appflow_connector_profile", "name": "metrics",
              "provider": source,
              "instances": [{
                "schema_version": 0,
                "attributes": {
                    "arn": "arn:aws:appflow:us-east-1:123456789012:connectorprofile/metrics",
                    "connection_mode": "Public", "connector_label": "", "connector_type": "Datadog",
                    "connector_profile_config": [{
                        "connector_profile_credentials": [{
                            "amplitude": [], "custom_connector": [],
                            "datadog": [{ "api_key": "CANARY-key", "application_key": "CANARY-literal" }],
                        }],
                        "connector_profile_properties": [{
                            "custom_connector": [],
                            "datadog": [{ "instance_url": "https://api.datadoghq.com" }],
                        }],
                    }],
                    "credentials_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
                    "id": "arn:aws:appflow:us-east-1:123456789012:connectorprofile/metrics",
                    "kms_arn": "", "name": "metrics", "region": "us-east-1",
                },
                "sensitive_attributes": [],
                "private": "bnVsbA==",
              }] },
        ],
    })
}

#[test]
fn a_profile_of_the_provider_plans_empty() {
    let environment = applied(PROFILE);
    for name in environment.list(".flowctl") {
        if !name.starts_with("emulator") {
            let path = environment.path(&format!(".flowctl/{name}"));
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    let text = of_the_provider().to_string();
    std::fs::write(environment.path("terraform.tfstate"), text).unwrap();
    let ran = environment.flowctl(&["state", "import-tfstate", "terraform.tfstate"]);
    insta::assert_snapshot!(ran.success());
    no_secret_in_state(&environment);
    let plan = environment.flowctl(&["--emulator", "plan", "-detailed-exitcode"]);
    assert!(
        plan.code == Some(0) || plan.stdout.contains("Changes to Outputs"),
        "{plan}"
    );
    assert!(
        !plan
            .stdout
            .contains("aws_appflow_connector_profile.metrics will"),
        "{plan}"
    );
}

#[test]
fn what_is_written_holds_no_secret_and_comes_back() {
    let environment = with(CONFIGURATION);
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    let _ = environment
        .flowctl(&["state", "export-tfstate", "out.tfstate"])
        .success();
    let text = environment.read("out.tfstate");
    assert!(!text.contains("CANARY"), "{text}");
    assert_eq!(
        environment.flowctl(&["state", "export-tfstate"]).out(),
        text
    );
    let written: Value = serde_json::from_str(&text).unwrap();
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    assert_eq!(written["version"], 4);
    for output in ["o", "e", "n"] {
        assert_eq!(written["outputs"][output], recorded["outputs"][output]);
    }
    let secret = |document: &Value| {
        let resources = document["resources"].as_array().unwrap().iter();
        let mut named = resources.filter(|resource| resource["name"] == "secret");
        named.next().unwrap()["instances"][0]["sensitive_attributes"][0].clone()
    };
    assert_eq!(secret(&written), secret(&recorded));
    let again = environment.flowctl(&["state", "export-tfstate", "out.tfstate"]);
    assert!(again.code(1).stderr.contains("Cannot write the state file"));
    // Into another state: everything but the secret is as it was.
    let import = [
        "--state",
        "other.db",
        "state",
        "import-tfstate",
        "out.tfstate",
    ];
    let _ = environment.flowctl(&import).success();
    let plan = environment.flowctl(&["--state", "other.db", "plan", "-detailed-exitcode"]);
    let plan = plan.code(2);
    assert!(
        plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
}
