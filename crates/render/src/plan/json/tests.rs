use std::collections::BTreeMap;

use flowctl_model::snapshot::{OutputState, ResourceState};
use flowctl_model::{Marks, Type};
use flowctl_parser::{FileSystem, Loaded, load};
use serde_json::Value as Json;

use super::*;
use crate::samples::{self, CANARY};

/// The files of `fixtures/`, of which `terraform.json` is what Terraform makes.
struct Files(&'static [(&'static str, &'static str)]);

impl FileSystem for Files {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let directory = directory.trim_start_matches("./").trim_matches('.');
        let names = self
            .0
            .iter()
            .filter_map(|(path, _)| match path.rsplit_once('/') {
                Some((inside, name)) => (inside == directory).then(|| name.to_owned()),
                None => directory.is_empty().then(|| (*path).to_owned()),
            });
        Ok(names.collect())
    }

    fn read(&self, path: &str) -> Result<String, String> {
        let path = path.trim_start_matches("./");
        let found = self.0.iter().find(|(known, _)| *known == path);
        found
            .map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| path.to_owned())
    }
}

fn fixture() -> Loaded {
    loaded(&[
        ("main.tf", include_str!("fixtures/main.tf")),
        ("m/main.tf", include_str!("fixtures/m/main.tf")),
    ])
}

fn loaded(files: &'static [(&'static str, &'static str)]) -> Loaded {
    let loaded = load(".", &Files(files));
    assert_eq!(loaded.diagnostics, []);
    loaded
}

fn document(made: &Plan, loaded: &Loaded, prior: &Snapshot) -> Json {
    let variables = BTreeMap::from([
        ("n".into(), Value::number(2)),
        ("pw".into(), Value::string(CANARY).marked(Marks::SENSITIVE)),
    ]);
    let text = plan(&Input {
        plan: made,
        prior,
        configuration: &loaded.configuration,
        sources: &loaded.sources,
        variables: &variables,
        providers: &samples::providers(),
        flowctl_version: "0.1.0",
        timestamp: "2026-11-25T01:34:23Z",
        errored: false,
    });
    assert!(!text.contains(CANARY), "a secret in {text}");
    serde_json::from_str(&text).unwrap()
}

/// Everything is created, so that everything is relevant.
fn all_created() -> Plan {
    let created = |text| {
        samples::change(
            flowctl_model::plan::Action::Create,
            text,
            None,
            Some(&Json::Null),
        )
    };
    Plan {
        changes: [
            "terraform_data.a",
            "terraform_data.b[0]",
            "module.m[\"k\"].terraform_data.in",
        ]
        .map(created)
        .into(),
        outputs: ["o", "p", "s", "t"]
            .map(|name| {
                let output = flowctl_model::plan::OutputChange {
                    before: None,
                    after: Some(Value::unknown(Type::Any)),
                    sensitive: name == "o",
                    changed: true,
                };
                (name.into(), output)
            })
            .into(),
        ..Plan::default()
    }
}

#[test]
fn a_configuration_is_described_as_terraform_describes_it() {
    let mut expected: Json = serde_json::from_str(include_str!("fixtures/terraform.json")).unwrap();
    // The default of a sensitive variable is the one thing that is not told.
    let sensitive = &mut expected["configuration"]["root_module"]["variables"]["pw"];
    sensitive.as_object_mut().unwrap().remove("default");
    let document = document(&all_created(), &fixture(), &Snapshot::default());
    assert_eq!(document["configuration"], expected["configuration"]);
    assert_eq!(document["variables"]["n"]["value"], 2);
    assert_eq!(document["variables"]["pw"]["value"], Json::Null);
    let relevant = document["relevant_attributes"].as_array().unwrap();
    for attribute in expected["relevant_attributes"].as_array().unwrap() {
        assert!(
            relevant.contains(attribute),
            "{attribute} is not among {relevant:?}"
        );
    }
}

#[test]
fn output_changes_are_terraforms() {
    let document = document(&all_created(), &fixture(), &Snapshot::default());
    let expected = serde_json::json!({
        "actions": ["create"],
        "before": null,
        "after_unknown": true,
        "before_sensitive": true,
        "after_sensitive": true,
    });
    assert_eq!(document["output_changes"]["o"], expected);
    assert_eq!(
        document["planned_values"]["outputs"]["o"],
        serde_json::json!({"sensitive": true})
    );
}

#[test]
fn literals_on_their_way_into_a_secret_are_not_told() {
    let loaded = loaded(&[
        (
            "main.tf",
            r#"
            variable "token" { default = "CANARY-default" }
            variable "other" { default = "plain" }
            locals { all = { token = var.token } }
            resource "aws_appflow_connector_profile" "a" {
              name = var.other
              connector_profile_config {
                connector_profile_credentials {
                  salesforce {
                    access_token = "CANARY-literal"
                    refresh_token = local.all.token
                  }
                }
              }
            }
            module "m" {
              source = "./m"
              inner  = "CANARY-argument"
            }
            "#,
        ),
        (
            "m/main.tf",
            r#"
            variable "inner" { default = "CANARY-inner" }
            resource "aws_appflow_connector_profile" "b" {
              connector_profile_config {
                connector_profile_credentials {
                  dynamic "salesforce" {
                    for_each = [1]
                    content { access_token = "x${var.inner}" }
                  }
                }
              }
            }
            "#,
        ),
    ]);
    let variables = BTreeMap::from([("token".into(), Value::string("CANARY-given"))]);
    let text = plan(&Input {
        plan: &Plan::default(),
        prior: &Snapshot::default(),
        configuration: &loaded.configuration,
        sources: &loaded.sources,
        variables: &variables,
        providers: &samples::providers(),
        flowctl_version: "0.1.0",
        timestamp: "2026-11-25T01:34:23Z",
        errored: false,
    });
    assert!(!text.contains(CANARY), "a secret in {text}");
    assert!(text.contains(r#""other":{"default":"plain"}"#), "{text}");
    assert!(
        text.contains(r#""refresh_token":{"references":["local.all.token","local.all"]}"#),
        "{text}"
    );
}

#[test]
fn every_sample_has_a_document_without_secrets() {
    for (name, made) in samples::plans() {
        let document = document(&made, &Loaded::default(), &Snapshot::default());
        let changes = document["resource_changes"].as_array().map_or(0, Vec::len);
        let deposed = made.changes.iter().filter(|c| c.deposed.is_some()).count();
        assert_eq!(changes, made.changes.len() + deposed, "{name}");
        assert_eq!(document["applyable"], !made.is_empty(), "{name}");
    }
}

#[test]
fn samples_as_documents() {
    for name in ["create", "replace", "adopt", "outputs", "everything"] {
        let document = document(
            &samples::plan(name),
            &Loaded::default(),
            &Snapshot::default(),
        );
        let text = serde_json::to_string_pretty(&document).unwrap();
        insta::assert_snapshot!(format!("json_{name}"), text);
    }
}

#[test]
fn a_state_is_described_without_secrets() {
    let address = samples::address("module.m[0].aws_appflow_connector_profile.a[\"x\"]");
    let json = serde_json::json!({
        "name": "crm",
        "connector_profile_config": {"connector_profile_credentials": {
            "salesforce": {"access_token": "CANARY"},
        }},
    });
    let attributes = samples::stored(&address, &json);
    let resource = ResourceState {
        provider: "aws".into(),
        id: "crm".into(),
        deposed: vec![("old".into(), attributes.clone())],
        attributes,
        dependencies: vec![samples::address("module.m[0].terraform_data.b").resource],
        schema_version: 0,
        create_before_destroy: false,
        tainted: true,
    };
    let output = |value: Value, sensitive| OutputState { value, sensitive };
    let snapshot = Snapshot {
        lineage: "l".into(),
        serial: 1,
        resources: BTreeMap::from([(address, resource)]),
        outputs: BTreeMap::from([
            ("open".into(), output(Value::tuple(vec!["a".into()]), false)),
            ("closed".into(), output(CANARY.into(), true)),
        ]),
    };
    let text = state(&snapshot, &samples::providers(), "0.1.0");
    assert!(!text.contains(CANARY), "a secret in {text}");
    let document: Json = serde_json::from_str(&text).unwrap();
    insta::assert_snapshot!(
        "json_state",
        serde_json::to_string_pretty(&document).unwrap()
    );
    let prior = self::document(&samples::plan("update"), &Loaded::default(), &snapshot);
    assert_eq!(prior["prior_state"], document);
    let nothing = state(&Snapshot::default(), &samples::providers(), "0.1.0");
    assert!(!nothing.contains("values"), "{nothing}");
}

#[test]
fn checks_are_gathered_by_object() {
    use flowctl_model::plan::{CheckResult, CheckStatus};
    use flowctl_model::problem::Severity;
    let result = |address: &str, status, message: Option<&str>| CheckResult {
        address: address.to_owned(),
        status,
        severity: Severity::Error,
        message: message.map(str::to_owned),
    };
    let written = checks::write(&[
        result("check.c", CheckStatus::Pass, None),
        result("check.c", CheckStatus::Fail, Some("no x")),
        result("terraform_data.c[\"a\"]", CheckStatus::Pass, None),
        result("terraform_data.c[\"b\"]", CheckStatus::Unknown, None),
        result("module.m[0].output.o", CheckStatus::Pass, None),
    ]);
    let expected = serde_json::json!([
        {
            "address": {"kind": "check", "name": "c", "to_display": "check.c"},
            "status": "fail",
            "instances": [{
                "address": {"to_display": "check.c"},
                "status": "fail",
                "problems": [{"message": "no x"}],
            }],
        },
        {
            "address": {
                "kind": "resource", "mode": "managed", "name": "c",
                "to_display": "terraform_data.c", "type": "terraform_data",
            },
            "status": "unknown",
            "instances": [
                {
                    "address": {"instance_key": "a", "to_display": "terraform_data.c[\"a\"]"},
                    "status": "pass",
                },
                {
                    "address": {"instance_key": "b", "to_display": "terraform_data.c[\"b\"]"},
                    "status": "unknown",
                },
            ],
        },
        {
            "address": {
                "kind": "output_value", "module": "module.m", "name": "o",
                "to_display": "module.m.output.o",
            },
            "status": "pass",
            "instances": [{
                "address": {"module": "module.m[0]", "to_display": "module.m[0].output.o"},
                "status": "pass",
            }],
        },
    ]);
    assert_eq!(serde_json::to_value(written).unwrap(), expected);
}
