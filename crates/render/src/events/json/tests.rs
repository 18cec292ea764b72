//! Events as lines for tools.

use flowctl_model::event::{RecoveryNote, Refreshed};
use flowctl_model::{Marks, Type, Value};
use serde_json::{Value as Json, json};

use super::*;
use crate::samples::{self, CANARY};

const NOW: &str = "2026-11-25T01:34:46.142268Z";

/// A line of ours as it would be Terraform's.
fn as_terraforms(line: &str) -> Json {
    assert!(!line.contains('\n'));
    let mut line: Json = serde_json::from_str(line).unwrap();
    assert_eq!(line["@module"], "flowctl.ui");
    line["@module"] = "terraform.ui".into();
    line
}

fn resource_json(address: &str, module: &str, resource: &str, name: &str, key: &Json) -> Json {
    json!({
        "addr": address, "module": module, "resource": resource,
        "implied_provider": "terraform", "resource_type": "terraform_data",
        "resource_name": name, "resource_key": key,
    })
}

fn operation(address: &str, action: OperationAction, id: Option<&str>) -> Operation {
    Operation {
        address: samples::address(address),
        action,
        id: id.map(Into::into),
        deposed: false,
    }
}

#[test]
fn lines_of_operations_are_terraforms() {
    let create = operation("terraform_data.c[\"a\"]", OperationAction::Create, None);
    let created = Operation {
        id: Some("297d33e9".into()),
        ..create.clone()
    };
    let delete = operation(
        "module.m.terraform_data.q[0]",
        OperationAction::Delete,
        Some("51f4"),
    );
    let c = resource_json(
        "terraform_data.c[\"a\"]",
        "",
        "terraform_data.c[\"a\"]",
        "c",
        &"a".into(),
    );
    let q = resource_json(
        "module.m.terraform_data.q[0]",
        "module.m",
        "terraform_data.q[0]",
        "q",
        &0.into(),
    );
    let cases = [
        (
            Event::OperationStarted(create.clone()),
            json!({
                "@message": "terraform_data.c[\"a\"]: Creating...",
                "hook": {"resource": c, "action": "create"},
                "type": "apply_start",
            }),
        ),
        (
            Event::OperationStillGoing {
                operation: create.clone(),
                elapsed: Duration::from_millis(10_400),
                waiting_for: None,
            },
            json!({
                "@message": "terraform_data.c[\"a\"]: Still creating... [10s elapsed]",
                "hook": {"resource": c, "action": "create", "elapsed_seconds": 10},
                "type": "apply_progress",
            }),
        ),
        (
            Event::OperationFinished {
                operation: created,
                elapsed: Duration::ZERO,
            },
            json!({
                "@message": "terraform_data.c[\"a\"]: Creation complete after 0s [id=297d33e9]",
                "hook": {
                    "resource": c, "action": "create", "id_key": "id", "id_value": "297d33e9",
                    "elapsed_seconds": 0,
                },
                "type": "apply_complete",
            }),
        ),
        (
            Event::OperationStarted(delete.clone()),
            json!({
                "@message": "module.m.terraform_data.q[0]: Destroying... [id=51f4]",
                "hook": {"resource": q, "action": "delete", "id_key": "id", "id_value": "51f4"},
                "type": "apply_start",
            }),
        ),
        (
            Event::OperationFinished {
                operation: delete,
                elapsed: Duration::ZERO,
            },
            json!({
                "@message": "module.m.terraform_data.q[0]: Destruction complete after 0s",
                "hook": {"resource": q, "action": "delete", "elapsed_seconds": 0},
                "type": "apply_complete",
            }),
        ),
    ];
    for (happened, mut expected) in cases {
        expected["@level"] = "info".into();
        expected["@module"] = "terraform.ui".into();
        expected["@timestamp"] = NOW.into();
        let lines = event(&happened, RunKind::Apply, NOW);
        assert_eq!(lines.len(), 1);
        assert_eq!(as_terraforms(&lines[0]), expected);
    }
}

#[test]
fn summaries_are_terraforms() {
    let done = Summary {
        added: 6,
        ..Summary::default()
    };
    let lines = event(&Event::Summary(done), RunKind::Apply, NOW);
    assert_eq!(
        as_terraforms(&lines[0]),
        json!({
            "@level": "info",
            "@message": "Apply complete! Resources: 6 added, 0 changed, 0 destroyed.",
            "@module": "terraform.ui",
            "@timestamp": NOW,
            "changes": {"add": 6, "change": 0, "import": 0, "remove": 0, "operation": "apply"},
            "type": "change_summary",
        })
    );
    let gone = Summary {
        destroyed: 5,
        ..Summary::default()
    };
    let line = as_terraforms(&event(&Event::Summary(gone), RunKind::Destroy, NOW)[0]);
    assert_eq!(
        line["@message"],
        "Destroy complete! Resources: 5 destroyed."
    );
    let broken = Summary {
        failed: 1,
        skipped: 2,
        ..done
    };
    let line = as_terraforms(&event(&Event::Summary(broken), RunKind::Apply, NOW)[0]);
    assert_eq!(line["@level"], "error");
    assert_eq!(line["changes"]["failed"], 1);
}

#[test]
fn everything_that_happens_in_lines() {
    let address = samples::address("terraform_data.a");
    let a = operation("terraform_data.a", OperationAction::Update, Some("i"));
    let happened = [
        Event::RunStarted {
            kind: RunKind::Apply,
        },
        Event::Recovered(RecoveryNote {
            operation: a.clone(),
            finding: RecoveryFinding::NotOurs,
        }),
        Event::RefreshStarted { total: 1 },
        Event::RefreshProgress {
            batch: vec![Refreshed {
                address: address.clone(),
                id: "i".into(),
                found: false,
            }],
            done: 1,
            total: 1,
        },
        Event::RefreshDone {
            found: 0,
            gone: 1,
            elapsed: Duration::from_secs(1),
        },
        Event::OperationPlanned(a.clone()),
        Event::OperationStillGoing {
            operation: a.clone(),
            elapsed: Duration::from_secs(75),
            waiting_for: Some("the role to be assumable".into()),
        },
        Event::OperationFailed {
            operation: a.clone(),
            elapsed: Duration::from_secs(2),
            message: "409 ConflictException".into(),
        },
        Event::OperationSkipped {
            operation: a,
            because: Skipped::DependencyFailed(address),
        },
        Event::Cancelled { in_flight: 2 },
        Event::Summary(Summary {
            interrupted: true,
            forgotten: 1,
            imported: 1,
            ..Summary::default()
        }),
    ];
    let lines: Vec<_> = happened
        .iter()
        .flat_map(|happened| event(happened, RunKind::Apply, NOW))
        .collect();
    insta::assert_snapshot!("events_json", lines.join("\n"));
}

#[test]
fn plans_in_lines() {
    let mut all = vec![version("0.1.0", NOW)];
    for (_, sample) in samples::plans() {
        let lines = plan(&sample, NOW);
        for line in &lines {
            assert!(!line.contains(CANARY), "a secret in {line}");
            as_terraforms(line);
        }
        all.extend(lines);
    }
    insta::assert_snapshot!("events_json_plans", all.join("\n"));
}

#[test]
fn outputs_after_a_run_are_terraforms() {
    let state = |value: Value, sensitive| OutputState { value, sensitive };
    let line = outputs(
        &BTreeMap::from([
            (
                "o".into(),
                state(Value::string(CANARY).marked(Marks::SENSITIVE), true),
            ),
            ("p".into(), state("kx".into(), false)),
            (
                "q".into(),
                state(Value::list(Type::String, vec!["a".into()]), false),
            ),
        ]),
        NOW,
    );
    assert_eq!(
        as_terraforms(&line),
        json!({
            "@level": "info", "@message": "Outputs: 3", "@module": "terraform.ui", "@timestamp": NOW,
            "outputs": {
                "o": {"sensitive": true, "type": "string"},
                "p": {"sensitive": false, "type": "string", "value": "kx"},
                "q": {"sensitive": false, "type": ["list", "string"], "value": ["a"]},
            },
            "type": "outputs",
        })
    );
}

#[test]
fn a_diagnostic_is_terraforms() {
    let mut sources = SourceMap::default();
    let text = "check \"c\" {\n  assert {\n    condition = a.b == 1\n  }\n}\n";
    let file = sources.add("main.tf", text);
    let span = flowctl_parser::Span {
        file,
        start: 39,
        end: 47,
    };
    let mut found = Diagnostic::warning(span, "Check block assertion failed", "no x");
    found.values = vec![("a.b".into(), "is \"x\"".into())];
    assert_eq!(
        as_terraforms(&diagnostic(&found, &sources, NOW)),
        json!({
            "@level": "warn",
            "@message": "Warning: Check block assertion failed",
            "@module": "terraform.ui",
            "@timestamp": NOW,
            "diagnostic": {
                "severity": "warning",
                "summary": "Check block assertion failed",
                "detail": "no x",
                "range": {
                    "filename": "main.tf",
                    "start": {"line": 3, "column": 17, "byte": 39},
                    "end": {"line": 3, "column": 25, "byte": 47},
                },
                "snippet": {
                    "context": "check \"c\"",
                    "code": "    condition = a.b == 1",
                    "start_line": 3,
                    "highlight_start_offset": 16,
                    "highlight_end_offset": 24,
                    "values": [{"traversal": "a.b", "statement": "is \"x\""}],
                },
            },
            "type": "diagnostic",
        })
    );
}

#[test]
fn planned_changes_are_terraforms() {
    let written = |change: &Change| {
        let mut line = as_terraforms(&planned(change, NOW).unwrap());
        line["change"].take()
    };
    let gone = Change {
        reason: Some(Reason::CountIndex),
        ..samples::change(
            Action::Delete,
            "terraform_data.b[1]",
            Some(&json!({"id": "1"})),
            None,
        )
    };
    assert_eq!(
        written(&gone),
        json!({
            "resource": resource_json("terraform_data.b[1]", "", "terraform_data.b[1]", "b", &1.into()),
            "action": "delete",
            "reason": "delete_because_count_index",
        })
    );
    let same = json!({"id": "1"});
    let moved = Change {
        previous_address: Some(samples::address("terraform_data.c[\"b\"]")),
        ..samples::change(
            Action::NoOp,
            "terraform_data.c[\"z\"]",
            Some(&same),
            Some(&same),
        )
    };
    let c = |key: &str| {
        let address = format!("terraform_data.c[\"{key}\"]");
        resource_json(&address, "", &address, "c", &key.into())
    };
    assert_eq!(
        written(&moved),
        json!({"resource": c("z"), "previous_resource": c("b"), "action": "move"})
    );
    let imported = Change {
        importing: Some("zzz".into()),
        ..samples::change(
            Action::Update,
            "terraform_data.c[\"z\"]",
            Some(&same),
            Some(&same),
        )
    };
    assert_eq!(
        written(&imported),
        json!({"resource": c("z"), "action": "update", "importing": {"id": "zzz"}})
    );
    let forgotten = Change {
        reason: Some(Reason::RemovedBlock),
        ..samples::change(Action::Forget, "terraform_data.c[\"z\"]", Some(&same), None)
    };
    assert_eq!(
        written(&forgotten),
        json!({
            "resource": c("z"), "action": "remove", "reason": "delete_because_no_resource_config",
        })
    );
}
