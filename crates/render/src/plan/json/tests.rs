//! The sample plans as tools read them.

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
        configuration: Source::Loaded(&loaded.configuration, &loaded.sources),
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
                    awaits: Vec::new(),
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
    assert_eq!(document["variables"]["pw"], serde_json::json!({}));
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
        configuration: Source::Loaded(&loaded.configuration, &loaded.sources),
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
    // A moved object is where the plan moves it.
    let mut moving = samples::plan("update");
    let to = samples::address("aws_appflow_connector_profile.b");
    moving.changes[0].previous_address = snapshot.resources.keys().next().cloned();
    moving.changes[0].address = to.clone();
    let prior = self::document(&moving, &Loaded::default(), &snapshot);
    let resources = &prior["prior_state"]["values"]["root_module"]["resources"];
    assert_eq!(resources[0]["address"], to.to_string());
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
                "kind": "output_value", "module": "module.m", "name": "o",
                "to_display": "module.m.output.o",
            },
            "status": "pass",
            "instances": [{
                "address": {"module": "module.m[0]", "to_display": "module.m[0].output.o"},
                "status": "pass",
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
    ]);
    assert_eq!(serde_json::to_value(written).unwrap(), expected);
}

/// What Terraform 1.11.4 wrote of the same changes, secrets replaced.
#[test]
fn resource_changes_are_terraforms() {
    use flowctl_model::plan::{Action, Change, Reason};
    use serde_json::json;
    let change = |action, text: &str, before: Option<Json>, after: Option<Json>| {
        samples::change(action, text, before.as_ref(), after.as_ref())
    };
    let input =
        |name: &str, pw: &str| json!({"l": ["a", "2-z"], "name": name, "pw": {"secret": pw}});
    let unknown = samples::UNKNOWN;
    let plan = Plan {
        changes: vec![
            change(
                Action::Update,
                "terraform_data.a",
                Some(
                    json!({"id": "1d55", "input": input("x", "CANARY1"), "output": input("x", "CANARY1")}),
                ),
                Some(json!({"id": "1d55", "input": input("y", "CANARY2"), "output": unknown})),
            ),
            Change {
                reason: Some(Reason::CountIndex),
                ..change(
                    Action::Delete,
                    "terraform_data.b[1]",
                    Some(json!({"id": "15b2", "triggers_replace": ["1d55", 1]})),
                    None,
                )
            },
            Change {
                reason: Some(Reason::ReplaceRequested),
                ..change(
                    Action::DeleteThenCreate,
                    "terraform_data.c[\"a\"]",
                    Some(json!({"id": "297d", "input": 1, "output": 1})),
                    Some(json!({"id": unknown, "input": 1, "output": unknown})),
                )
            },
            Change {
                previous_address: Some(samples::address("terraform_data.c[\"b\"]")),
                ..change(
                    Action::NoOp,
                    "terraform_data.c[\"z\"]",
                    Some(json!({"id": "630b"})),
                    Some(json!({"id": "630b"})),
                )
            },
            Change {
                reason: Some(Reason::RemovedBlock),
                importing: None,
                ..change(
                    Action::Forget,
                    "terraform_data.d",
                    Some(json!({"id": "1cc5"})),
                    None,
                )
            },
            Change {
                importing: Some("zzz".into()),
                ..change(
                    Action::Create,
                    "module.m[\"k\"].terraform_data.in",
                    None,
                    Some(
                        json!({"id": unknown, "input": unknown, "triggers_replace": [unknown, 2]}),
                    ),
                )
            },
        ],
        ..Plan::default()
    };
    let common = |address: &str, name: &str| {
        json!({
            "address": address, "mode": "managed", "type": "terraform_data", "name": name,
            "provider_name": "terraform.io/builtin/terraform",
        })
    };
    let with = |mut base: Json, more: Json| {
        let more = more.as_object().unwrap().clone();
        base.as_object_mut().unwrap().extend(more);
        base
    };
    let shape = json!({"l": [false, false], "pw": true});
    let expected = [
        with(
            common("terraform_data.a", "a"),
            json!({"change": {
                "actions": ["update"],
                "before": {
                    "id": "1d55", "triggers_replace": null,
                    "input": {"l": ["a", "2-z"], "name": "x", "pw": null},
                    "output": {"l": ["a", "2-z"], "name": "x", "pw": null},
                },
                "after": {
                    "id": "1d55", "triggers_replace": null,
                    "input": {"l": ["a", "2-z"], "name": "y", "pw": null},
                },
                "after_unknown": {"input": {"l": [false, false]}, "output": true},
                "before_sensitive": {"input": shape, "output": shape},
                "after_sensitive": {"input": shape},
            }}),
        ),
        with(
            common("terraform_data.b[1]", "b"),
            json!({
                "index": 1,
                "change": {
                    "actions": ["delete"],
                    "before": {"id": "15b2", "input": null, "output": null, "triggers_replace": ["1d55", 1]},
                    "after": null,
                    "after_unknown": {},
                    "before_sensitive": {"triggers_replace": [false, false]},
                    "after_sensitive": false,
                },
                "action_reason": "delete_because_count_index",
            }),
        ),
        with(
            common("terraform_data.c[\"a\"]", "c"),
            json!({
                "index": "a",
                "change": {
                    "actions": ["delete", "create"],
                    "before": {"id": "297d", "input": 1, "output": 1, "triggers_replace": null},
                    "after": {"input": 1, "triggers_replace": null},
                    "after_unknown": {"id": true, "output": true},
                    "before_sensitive": {},
                    "after_sensitive": {},
                },
                "action_reason": "replace_by_request",
            }),
        ),
        with(
            common("terraform_data.c[\"z\"]", "c"),
            json!({
                "index": "z",
                "previous_address": "terraform_data.c[\"b\"]",
                "change": {
                    "actions": ["no-op"],
                    "before": {"id": "630b", "input": null, "output": null, "triggers_replace": null},
                    "after": {"id": "630b", "input": null, "output": null, "triggers_replace": null},
                    "after_unknown": {},
                    "before_sensitive": {},
                    "after_sensitive": {},
                },
            }),
        ),
        with(
            common("terraform_data.d", "d"),
            json!({
                "change": {
                    "actions": ["forget"],
                    "before": {"id": "1cc5", "input": null, "output": null, "triggers_replace": null},
                    "after": null,
                    "after_unknown": {},
                    "before_sensitive": {},
                    "after_sensitive": false,
                },
                "action_reason": "delete_because_no_resource_config",
            }),
        ),
        with(
            common("module.m[\"k\"].terraform_data.in", "in"),
            json!({
                "module_address": "module.m[\"k\"]",
                "change": {
                    "actions": ["create"],
                    "before": null,
                    "after": {"output": null, "triggers_replace": [null, 2]},
                    "after_unknown": {"id": true, "input": true, "triggers_replace": [true, false]},
                    "before_sensitive": false,
                    "after_sensitive": {"triggers_replace": [false, false]},
                    "importing": {"id": "zzz"},
                },
            }),
        ),
    ];
    let document = document(&plan, &Loaded::default(), &Snapshot::default());
    for (written, expected) in document["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&expected)
    {
        assert_eq!(written, expected);
    }
    let planned = &document["planned_values"]["root_module"];
    assert_eq!(planned["resources"].as_array().unwrap().len(), 3);
    assert_eq!(planned["child_modules"][0]["address"], "module.m[\"k\"]");
}
