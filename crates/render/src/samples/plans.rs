//! The sample plans.

use std::collections::BTreeMap;

use flowctl_model::plan::{
    Action, Change, CheckResult, CheckStatus, Drift, OutputChange, Plan, Reason,
};
use flowctl_model::problem::Severity;
use flowctl_model::{AttributePath, Type};
use serde_json::{Value as Json, json};

use super::{UNKNOWN, address, change, object, stored, value};

/// The sample plan called `name`.
pub(crate) fn plan(name: &str) -> Plan {
    let found = plans().into_iter().find(|(found, _)| *found == name);
    found.unwrap_or_else(|| panic!("no sample plan {name}")).1
}

/// Every sample plan with its name, which is that of its snapshots.
pub(crate) fn plans() -> Vec<(&'static str, Plan)> {
    vec![
        ("empty", Plan::default()),
        ("create", create()),
        ("update", update()),
        ("replace", replace()),
        ("remove", remove()),
        ("adopt", adopt()),
        ("values_new", values_new()),
        ("values_changed", values_changed()),
        ("hostile", hostile()),
        ("drift", drift()),
        ("outputs", outputs()),
        ("everything", everything()),
    ]
}

fn of(changes: Vec<Change>) -> Plan {
    Plan {
        edges: vec![Vec::new(); changes.len()],
        changes,
        ..Plan::default()
    }
}

/// `base` with the members of `over` put in, objects merged.
fn with(base: &Json, over: &Json) -> Json {
    let mut base = base.clone();
    merge(&mut base, over);
    base
}

fn merge(base: &mut Json, over: &Json) {
    match (base, over) {
        (Json::Object(base), Json::Object(over)) => {
            for (name, over) in over {
                merge(base.entry(name.clone()).or_insert(Json::Null), over);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

fn redshift(name: &str) -> Json {
    json!({
        "name": name,
        "connector_type": "Redshift",
        "connection_mode": "Public",
        "arn": format!("arn:aws:appflow:eu-west-1:123456789012:connectorprofile/{name}"),
        "credentials_arn": format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:appflow!123456789012-{name}"),
        "kms_arn": "arn:aws:kms:eu-west-1:123456789012:key/4f0e6a86-2d3a-4f0e-8b0b-5f5a53d4a4aa",
        "connector_profile_config": {
            "connector_profile_credentials": {
                "redshift": {"username": "loader", "password": "CANARY-redshift-1"},
            },
            "connector_profile_properties": {
                "redshift": {
                    "bucket_name": "warehouse-staging",
                    "database_url": "jdbc:redshift://warehouse.example.com:5439/dev",
                    "role_arn": "arn:aws:iam::123456789012:role/appflow-redshift",
                },
            },
        },
    })
}

fn salesforce(name: &str) -> Json {
    json!({
        "name": name,
        "connector_type": "Salesforce",
        "connection_mode": "Public",
        "arn": format!("arn:aws:appflow:eu-west-1:123456789012:connectorprofile/{name}"),
        "credentials_arn": format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:appflow!123456789012-{name}"),
        "connector_profile_config": {
            "connector_profile_credentials": {
                "salesforce": {
                    "access_token": "CANARY-salesforce-1",
                    "refresh_token": "CANARY-salesforce-2",
                },
            },
            "connector_profile_properties": {
                "salesforce": {
                    "instance_url": "https://example.my.salesforce.com",
                    "is_sandbox_environment": false,
                },
            },
        },
    })
}

/// Not known before the object is made.
fn fresh(object: &Json) -> Json {
    let mut computed = json!({"arn": UNKNOWN, "credentials_arn": UNKNOWN});
    if object.get("kms_arn").is_none() {
        computed["kms_arn"] = json!(UNKNOWN);
    }
    with(object, &computed)
}

const PROFILE: &str = "aws_appflow_connector_profile";

fn create() -> Plan {
    let salesforce = with(
        &fresh(&salesforce("crm")),
        &json!({"connector_profile_config": {"connector_profile_credentials": {"salesforce": {
            "oauth_request": {
                "auth_code": "CANARY-code",
                "redirect_uri": "https://eu-west-1.console.aws.amazon.com/appflow/oauth",
            },
        }}}}),
    );
    let custom = json!({
        "name": "ledger",
        "connector_type": "CustomConnector",
        "connector_label": "Ledger",
        "connection_mode": "Private",
        "arn": UNKNOWN,
        "credentials_arn": UNKNOWN,
        "kms_arn": UNKNOWN,
        "connector_profile_config": {
            "connector_profile_credentials": {"custom_connector": {
                "authentication_type": "CUSTOM",
                "custom": {
                    "custom_authentication_type": "hmac",
                    "credentials_map": {"key": "CANARY-key", "secret_key": "CANARY-secret"},
                },
            }},
            "connector_profile_properties": {"custom_connector": {
                "profile_properties": {"region": "eu", "base_url": "https://ledger.example.com"},
            }},
        },
    });
    of(vec![
        change(
            Action::Create,
            &format!("{PROFILE}.crm"),
            None,
            Some(&salesforce),
        ),
        change(
            Action::Create,
            &format!("{PROFILE}.ledger[0]"),
            None,
            Some(&custom),
        ),
        change(
            Action::Create,
            &format!("module.warehouse[\"eu\"].{PROFILE}.redshift[\"blue/green\"]"),
            None,
            Some(&fresh(&redshift("warehouse"))),
        ),
    ])
}

fn update() -> Plan {
    let rotated = with(
        &redshift("warehouse"),
        &json!({"connector_profile_config": {
            "connector_profile_credentials": {"redshift": {"password": "CANARY-redshift-2"}},
            "connector_profile_properties": {"redshift": {
                "bucket_name": "warehouse-staging-eu",
                "bucket_prefix": "appflow/",
            }},
        }}),
    );
    let again = change(
        Action::Update,
        &format!("{PROFILE}.lost_key"),
        Some(&salesforce("lost-key")),
        Some(&with(
            &salesforce("lost-key"),
            &json!({"connector_profile_config": {"connector_profile_credentials": {
                "salesforce": {"access_token": "CANARY-other", "refresh_token": null},
            }}}),
        )),
    );
    of(vec![
        Change {
            reason: Some(Reason::SecretKeyChanged),
            ..again
        },
        change(
            Action::Update,
            &format!("{PROFILE}.warehouse"),
            Some(&redshift("warehouse")),
            Some(&rotated),
        ),
        change(
            Action::NoOp,
            &format!("{PROFILE}.untouched"),
            Some(&salesforce("untouched")),
            Some(&salesforce("untouched")),
        ),
    ])
}

fn replace() -> Plan {
    let renamed = with(
        &fresh(&redshift("warehouse")),
        &json!({"name": "warehouse-2"}),
    );
    let tainted = Change {
        reason: Some(Reason::Tainted),
        ..change(
            Action::DeleteThenCreate,
            &format!("{PROFILE}.half_made"),
            Some(&salesforce("half-made")),
            Some(&fresh(&salesforce("half-made"))),
        )
    };
    let data = |triggers: &str, id: &str| json!({"id": id, "input": "a", "output": if id == UNKNOWN { UNKNOWN } else { "a" }, "triggers_replace": [triggers]});
    let triggered = Change {
        reason: Some(Reason::ReplaceTriggered(vec![
            "aws_appflow_connector_profile.warehouse.arn".into(),
        ])),
        ..change(
            Action::CreateThenDelete,
            "terraform_data.after",
            Some(&data("1", "5f64ecbb-6da1-2d3d-bb5a-0a0e1e6b3a11")),
            Some(&data("1", UNKNOWN)),
        )
    };
    let requested = Change {
        reason: Some(Reason::ReplaceRequested),
        deposed: Some("d8a7e4d2".into()),
        ..change(
            Action::CreateThenDelete,
            "terraform_data.asked_for",
            Some(&data("1", "5f64ecbb-6da1-2d3d-bb5a-0a0e1e6b3a12")),
            Some(&data("2", UNKNOWN)),
        )
    };
    let mut plan = of(vec![
        tainted,
        change(
            Action::DeleteThenCreate,
            &format!("{PROFILE}.warehouse"),
            Some(&redshift("warehouse")),
            Some(&renamed),
        ),
        triggered,
        requested,
    ]);
    plan.edges = vec![Vec::new(), Vec::new(), vec![1], Vec::new()];
    plan
}

fn remove() -> Plan {
    let gone = |name: &str, action, reason| Change {
        reason: Some(reason),
        ..change(action, name, Some(&redshift("old-warehouse")), None)
    };
    of(vec![
        gone(
            &format!("{PROFILE}.each[\"b\"]"),
            Action::Delete,
            Reason::EachKey,
        ),
        gone(
            &format!("{PROFILE}.kept"),
            Action::Forget,
            Reason::RemovedBlock,
        ),
        gone(
            &format!("{PROFILE}.old"),
            Action::Delete,
            Reason::NoResourceConfig,
        ),
        gone(
            &format!("module.old.{PROFILE}.inner"),
            Action::Delete,
            Reason::NoModule,
        ),
    ])
}

fn adopt() -> Plan {
    let profile = salesforce("crm");
    let same = |text: &str| change(Action::NoOp, text, Some(&profile), Some(&profile));
    let changed = with(
        &profile,
        &json!({"connector_profile_config": {"connector_profile_properties": {
            "salesforce": {"is_sandbox_environment": true},
        }}}),
    );
    let read = json!({"name": "shared", "arn": UNKNOWN, "connector_type": UNKNOWN});
    of(vec![
        Change {
            reason: Some(Reason::ReadDependsOnUnknown),
            ..change(
                Action::Read,
                &format!("data.{PROFILE}.shared"),
                None,
                Some(&read),
            )
        },
        Change {
            importing: Some("crm".into()),
            ..same(&format!("{PROFILE}.imported"))
        },
        Change {
            importing: Some("crm".into()),
            ..change(
                Action::Update,
                &format!("{PROFILE}.imported_and_changed"),
                Some(&profile),
                Some(&changed),
            )
        },
        Change {
            previous_address: Some(address(&format!("{PROFILE}.old_name"))),
            ..same(&format!("{PROFILE}.new_name"))
        },
        Change {
            previous_address: Some(address(&format!("{PROFILE}.list[0]"))),
            ..change(
                Action::Update,
                &format!("{PROFILE}.map[\"a\"]"),
                Some(&profile),
                Some(&changed),
            )
        },
    ])
}

/// An `aws_sample` with a value in every attribute.
pub(crate) fn sample() -> Json {
    json!({
        "id": "s-1",
        "name": "sample",
        "amount": 1.5,
        "anything": {"list": [1, true, null], "text": "x"},
        "document": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Read\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"]}]}",
        "enabled": true,
        "names": ["anna", "berta", "carla"],
        "notes": "first: 1\nsecond:\n  - a\n  - b\nthird: 3\nfourth: 4\nfifth: 5\nsixth: 6\nseventh: 7\n",
        "password": "CANARY-password-1",
        "rules": [{"name": "http", "port": 80}, {"name": "https", "port": 443}, {"name": "ssh", "port": 22}],
        "steps": ["build", "test", "pack", "sign", "ship"],
        "tags": {"env": "dev", "team": "data", "コスト": "研究"},
        "title": "Łódź – 東京 🚀",
        "tokens": {"a": "CANARY-token-1"},
        "label": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
        "listener": [
            {"name": "web", "port": 80, "protocol": "http"},
            {"name": "admin", "port": 8080, "protocol": "http"},
        ],
    })
}

fn values_new() -> Plan {
    let fresh = with(&sample(), &json!({"id": UNKNOWN, "amount": UNKNOWN}));
    let none = json!({
        "id": UNKNOWN, "name": "little", "names": [], "tags": {}, "steps": [UNKNOWN, "b"],
        "anything": {"secret": ["CANARY-inside"]},
        "title": {"secret": "CANARY-title"},
        "notes": UNKNOWN,
        "rules": [{"name": UNKNOWN, "port": 1}],
    });
    of(vec![
        change(Action::Create, "aws_sample.full", None, Some(&fresh)),
        change(Action::Create, "aws_sample.little", None, Some(&none)),
    ])
}

fn values_changed() -> Plan {
    let changed = with(
        &sample(),
        &json!({
            "amount": 2,
            "anything": {"list": [1, false, null], "more": "y"},
            "document": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Read\",\"Effect\":\"Deny\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\",\"s3:ListBucket\"]}]}",
            "enabled": null,
            "names": ["anna", "carla", "dora"],
            "notes": "first: 1\nsecond:\n  - a\n  - c\nthird: 3\nfourth: 4\nfifth: 5\nsixth: 6\nseventh: 7\n",
            "password": "CANARY-password-2",
            "rules": [{"name": "http", "port": 80}, {"name": "https", "port": 8443}, {"name": "ssh", "port": 22}],
            "steps": ["build", "test", "scan", "pack", "sign", "ship"],
            "tags": {"env": "prod", "コスト": "開発", "owner": UNKNOWN},
            "title": "Łódź – 大阪 🚀",
            "tokens": {"a": "CANARY-token-2"},
            "label": [{"key": "a", "value": "1"}, {"key": "b", "value": "3"}],
            "listener": [
                {"name": "web", "port": 80, "protocol": "http"},
                {"name": "admin", "port": 8443, "protocol": "https"},
                {"name": "metrics", "port": 9090},
            ],
        }),
    );
    let respaced = with(
        &sample(),
        &json!({"document": "{ \"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\":\"Read\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"]}]}",
            "notes": "# In order.\nfirst: 1\nsecond: [a, b]\nthird: 3\nfourth: 4\nfifth: 5\nsixth: 6\nseventh: 7\n"}),
    );
    let prose = with(
        &sample(),
        &json!({"notes": "Dear reader: this is no document.\n\nIt is prose.\n"}),
    );
    let revised = with(
        &sample(),
        &json!({"notes": "Dear reader: this is no document.\n\nIt is still prose.\n"}),
    );
    let awaited = with(
        &sample(),
        &json!({"document": UNKNOWN, "notes": UNKNOWN, "title": UNKNOWN}),
    );
    let cleared = with(
        &sample(),
        &json!({"names": [], "tags": null, "steps": UNKNOWN, "rules": null, "document": null,
            "notes": "one line", "title": {"secret": "CANARY-title"}, "anything": ["a"],
            "label": [], "listener": []}),
    );
    let long = |end: &str| {
        let text = format!("{}{end}", "arn:aws:iam::123456789012:role/".repeat(12));
        with(&sample(), &json!({"title": text}))
    };
    of(vec![
        change(
            Action::Update,
            "aws_sample.awaited",
            Some(&sample()),
            Some(&awaited),
        ),
        change(
            Action::Update,
            "aws_sample.cleared",
            Some(&sample()),
            Some(&cleared),
        ),
        change(
            Action::Update,
            "aws_sample.full",
            Some(&sample()),
            Some(&changed),
        ),
        change(
            Action::Update,
            "aws_sample.long",
            Some(&long("a")),
            Some(&long("b")),
        ),
        change(
            Action::Update,
            "aws_sample.prose",
            Some(&prose),
            Some(&revised),
        ),
        change(
            Action::Update,
            "aws_sample.respaced",
            Some(&sample()),
            Some(&respaced),
        ),
    ])
}

fn hostile() -> Plan {
    let evil = json!({
        "id": "evil-\u{1b}]0;title\u{7}",
        "name": "\u{1b}[31mred\u{1b}[0m",
        "title": "``` </details> <script>alert(1)</script> @org/team | `x` ${var.x} %{if}",
        "notes": "line\n```\n# heading\n</details>\r\n- x\n\u{1b}[2J\nEOT\n",
        "tags": {"\u{202e}key": "\u{9b}1m", "a|b": "<img src=x onerror=alert(1)>"},
        "steps": ["--", "+ x", "- y", "~"],
        "password": "CANARY\u{1b}[31m",
    });
    let worse = with(
        &evil,
        &json!({
            "title": "<b>bold</b> *star* [link](javascript:alert(1)) & \"quote\" 'x'",
            "notes": "line\n```\n# other\n</details>\r\n- x\n\u{1b}[2J\nEOT\n",
            "tags": {"\u{202e}key": "\u{9b}2m", "a|b": "\u{85}"},
        }),
    );
    let mut plan = of(vec![
        change(
            Action::Update,
            "aws_sample.evil[\"</details> ``` \u{1b}[31m @org\"]",
            Some(&evil),
            Some(&worse),
        ),
        change(Action::Delete, "aws_sample.gone", Some(&evil), None),
    ]);
    plan.checks.push(CheckResult {
        address: "check.evil".into(),
        status: CheckStatus::Fail,
        severity: Severity::Warning,
        message: Some("\u{1b}[31m</details> ``` @org\nsecond line".into()),
    });
    plan
}

fn drift() -> Plan {
    let profile = address(&format!("{PROFILE}.warehouse"));
    let live = with(
        &redshift("warehouse"),
        &json!({"connector_profile_config": {"connector_profile_properties": {"redshift": {
            "bucket_name": "changed-by-hand",
        }}}}),
    );
    let gone = address(&format!("{PROFILE}.gone"));
    let mut plan = of(vec![
        Change {
            reason: Some(Reason::DeletedOutside),
            ..change(
                Action::Create,
                &gone.to_string(),
                None,
                Some(&fresh(&salesforce("gone"))),
            )
        },
        Change {
            reason: Some(Reason::Interrupted),
            ..change(
                Action::Update,
                &profile.to_string(),
                Some(&live),
                Some(&redshift("warehouse")),
            )
        },
    ]);
    plan.drift = vec![
        Drift {
            before: stored(&gone, &salesforce("gone")),
            after: None,
            address: gone,
        },
        Drift {
            before: stored(&profile, &redshift("warehouse")),
            after: Some(stored(&profile, &live)),
            address: profile,
        },
    ];
    plan
}

fn output(before: &Json, after: &Json) -> OutputChange {
    let part = |json: &Json| (json != "(none)").then(|| value(&Type::Any, json));
    let sensitive = |json: &Json| json.get("secret").is_some();
    OutputChange {
        before: part(before).map(|value| {
            flowctl_model::secret::withhold(&value, "output.x", &|_| false, &super::digester())
        }),
        after: part(after),
        sensitive: sensitive(before) || sensitive(after),
        changed: before != after || after == UNKNOWN,
        awaits: Vec::new(),
    }
}

fn outputs() -> Plan {
    let none = json!("(none)");
    let all = [
        ("added", output(&none, &json!("new"))),
        ("arn", output(&json!("arn:old"), &json!(UNKNOWN))),
        (
            "map",
            output(
                &json!({"a": 1, "b": [1, 2]}),
                &json!({"a": 2, "b": [1, 2], "c": null}),
            ),
        ),
        ("nothing", output(&none, &json!(null))),
        ("removed", output(&json!(["old"]), &none)),
        ("same", output(&json!(1), &json!(1))),
        (
            "secret",
            output(
                &json!({"secret": "CANARY-1"}),
                &json!({"secret": "CANARY-2"}),
            ),
        ),
        ("secret_new", output(&none, &json!({"secret": "CANARY-3"}))),
    ];
    let check = |address: &str, status, severity, message: Option<&str>| CheckResult {
        address: address.into(),
        status,
        severity,
        message: message.map(Into::into),
    };
    Plan {
        outputs: all
            .into_iter()
            .map(|(name, o)| (name.into(), o))
            .collect::<BTreeMap<_, _>>(),
        checks: vec![
            check(
                "check.reachable",
                CheckStatus::Fail,
                Severity::Warning,
                Some("The instance does not answer.\nLook at its status page."),
            ),
            check(
                "aws_sample.full",
                CheckStatus::Fail,
                Severity::Error,
                Some("The port must be even."),
            ),
            check("output.arn", CheckStatus::Unknown, Severity::Error, None),
            check("var.region", CheckStatus::Pass, Severity::Error, None),
        ],
        ..Plan::default()
    }
}

/// All the others in one plan.
fn everything() -> Plan {
    let mut all = outputs();
    let parts = [
        create(),
        update(),
        replace(),
        remove(),
        adopt(),
        values_new(),
        values_changed(),
        drift(),
    ];
    for (number, part) in parts.into_iter().enumerate() {
        // One module per part, so that no address is there twice.
        all.changes
            .extend(part.changes.into_iter().map(|mut change| {
                change.address = address(&format!("module.part{number}.{}", change.address));
                change
            }));
        all.drift.extend(part.drift);
    }
    all.changes.sort_by(|a, b| a.address.cmp(&b.address));
    all.edges = vec![Vec::new(); all.changes.len()];
    all
}

/// An object with everything in it, for what shows objects without a plan.
#[test]
fn objects_can_be_stored() {
    let address = address("aws_sample.full");
    let kept = stored(&address, &sample());
    assert!(
        kept.at(&AttributePath::attribute("password"))
            .is_some_and(|v| !v.is_known())
    );
    assert!(object(&address, &sample()).get("title").is_some());
}
