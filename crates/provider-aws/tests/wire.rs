//! What reaches the service, and what comes back of it: for every connector and every argument.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;

use common::*;
use flowctl_model::{AttributePath, Kind, Type, Value};
use flowctl_schema::{Constraint, PlanRequest, ReadRequest, merge_read, validate};

/// Every leaf of a value, as JSON writes it, with how often it is there.
fn leaves(value: &Value) -> BTreeMap<String, usize> {
    let mut leaves = BTreeMap::new();
    value.visit(&mut |_, value| {
        let text = match value.kind() {
            Kind::String(text) => format!("{:?}", text.as_str()),
            Kind::Bool(flag) => flag.to_string(),
            Kind::Number(number) => number.to_string(),
            _ => return true,
        };
        *leaves.entry(text).or_default() += 1;
        true
    });
    leaves
}

/// The leaves of a request's configuration.
fn sent(request: &serde_json::Value) -> BTreeMap<String, usize> {
    let mut leaves = BTreeMap::new();
    json_leaves(&request["body"]["connectorProfileConfig"], &mut leaves);
    leaves
}

fn configured(profile: &Value) -> BTreeMap<String, usize> {
    leaves(profile.get(CONFIG).unwrap())
}

#[tokio::test]
async fn every_configured_leaf_and_nothing_else_reaches_the_service() {
    let bench = Bench::new().await;
    let profiles = whole_profiles(&*bench.resource);
    assert_eq!(profiles.len(), 19 + 3 + 1);
    for profile in &profiles {
        assert_eq!(validate(bench.resource.schema(), profile), []);
        let kms = Value::from("arn:aws:kms:us-east-1:123456789012:key/k");
        let profile = set(profile, "kms_arn", kms);
        let name = profile.get("name").unwrap().as_str().unwrap();
        let planned = bench.planned(&profile);
        let answer = bench
            .objects
            .create(&planned, &format!("create-{name}"))
            .await
            .unwrap();
        let state = bench.state(&planned, &answer);
        bench
            .objects
            .update(name, &state, &planned, &format!("update-{name}"))
            .await
            .unwrap();
    }
    for (operation, top) in [
        (
            "CreateConnectorProfile",
            &[
                "connectorProfileName",
                "kmsArn",
                "connectorType",
                "connectionMode",
                "connectorProfileConfig",
                "clientToken",
            ][..],
        ),
        (
            "UpdateConnectorProfile",
            &[
                "connectorProfileName",
                "connectionMode",
                "connectorProfileConfig",
                "clientToken",
            ],
        ),
    ] {
        let requests = bench.requests(operation).await;
        assert_eq!(requests.len(), profiles.len());
        for (request, profile) in requests.iter().zip(&profiles) {
            let name = profile.get("name").unwrap();
            assert_eq!(request["ignored"], serde_json::json!([]), "{name:?}");
            assert_eq!(sent(request), configured(profile), "{operation} {name:?}");
            let mut members: Vec<_> = request["body"].as_object().unwrap().keys().collect();
            members.retain(|member| *member != "connectorLabel");
            members.sort_unstable();
            let mut expected = top.to_vec();
            expected.sort_unstable();
            assert_eq!(members, expected);
        }
    }
}

#[tokio::test]
async fn nothing_that_is_not_configured_is_sent() {
    let bench = Bench::new().await;
    let mut maker = Maker::default();
    for (kind, block) in CONNECTORS {
        let credentials = maker.required(table(&*bench.resource, CREDENTIALS, block));
        let properties = maker.required(table(&*bench.resource, PROPERTIES, block));
        let profile = profile(&*bench.resource, kind, block, credentials, properties);
        // Some have nothing to sign in with, which the service refuses: what arrived counts.
        let _ = bench.objects.create(&bench.planned(&profile), block).await;
        let requests = bench.requests("CreateConnectorProfile").await;
        let request = requests.last().unwrap();
        assert_eq!(sent(request), configured(&profile), "{kind}");
        let text = request["body"].to_string();
        assert!(!text.contains("\"\"") && !text.contains("null"), "{text}");
    }
}

#[tokio::test]
async fn what_was_created_needs_no_change() {
    let bench = Bench::new().await;
    for profile in whole_profiles(&*bench.resource) {
        let name = profile.get("name").unwrap().as_str().unwrap();
        let planned = bench.planned(&profile);
        let answer = bench.objects.create(&planned, name).await.unwrap();
        assert_eq!(answer.id.as_str(), name);
        let state = bench.state(&planned, &answer);
        assert_eq!(differences(&planned, &state), [] as [String; 0], "{name}");
        for computed in [
            "id",
            "arn",
            "credentials_arn",
            "created_at",
            "last_updated_at",
        ] {
            assert!(
                state.get(computed).unwrap().as_str().is_some(),
                "{name}: {computed}"
            );
        }
        let request = ReadRequest {
            id: name.into(),
            prior: Some(state.clone()),
        };
        let read = bench
            .objects
            .read_many(&[request])
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        let merged = merge_read(&*bench.resource, Some(&state), &read.attributes);
        assert_eq!(merged, state, "{name}");
        // No credential comes back.
        let told = read
            .attributes
            .at(&AttributePath::attribute(CONFIG).index(0).child(CREDENTIALS));
        assert_eq!(told.unwrap().elements().map(<[Value]>::len), Some(0));
    }
}

#[tokio::test]
async fn connectors_without_properties_take_empty_blocks() {
    let bench = Bench::new().await;
    let mut maker = Maker::default();
    for (kind, block) in CONNECTORS {
        let properties = table(&*bench.resource, PROPERTIES, block);
        if maker.required(properties) != maker.required(properties) {
            continue;
        }
        let mut credentials = maker.whole(table(&*bench.resource, CREDENTIALS, block));
        if *kind == "CustomConnector" {
            credentials = whole_profiles(&*bench.resource)[1]
                .at(&AttributePath::attribute(CONFIG)
                    .index(0)
                    .child(CREDENTIALS)
                    .index(0)
                    .child(*block)
                    .index(0))
                .unwrap()
                .clone();
        }
        let empty = maker.required(properties);
        let with_block = profile(
            &*bench.resource,
            kind,
            &format!("{block}-with"),
            credentials,
            empty,
        );
        let none = Value::list(Type::Any, Vec::new());
        let path = format!("{CONFIG}.{PROPERTIES}.{block}");
        let without = set(&with_block, &path, none);
        let without = with(&without, "name", format!("{block}-without").as_str().into());
        for profile in [with_block, without] {
            assert_eq!(
                bench
                    .resource
                    .validate(&profile)
                    .iter()
                    .filter(|p| p.severity == flowctl_model::problem::Severity::Error)
                    .count(),
                0
            );
            let planned = bench.planned(&profile);
            let name = profile.get("name").unwrap().as_str().unwrap();
            let answer = bench.objects.create(&planned, name).await.unwrap();
            let request = bench
                .requests("CreateConnectorProfile")
                .await
                .pop()
                .unwrap();
            let sent = &request["body"]["connectorProfileConfig"]["connectorProfileProperties"];
            assert_eq!(sent.as_object().unwrap().len(), 1, "{name}: {sent}");
            let state = bench.state(&planned, &answer);
            let read = ReadRequest {
                id: name.into(),
                prior: Some(state.clone()),
            };
            let read = bench
                .objects
                .read_many(&[read])
                .await
                .unwrap()
                .remove(0)
                .unwrap();
            let merged = merge_read(&*bench.resource, Some(&state), &read.attributes);
            assert_eq!(merged, state, "{name}");
            // The configuration asks for nothing that state has not.
            let block_path = AttributePath::attribute(CONFIG)
                .index(0)
                .child(PROPERTIES)
                .index(0)
                .child(*block);
            let (before, after) = (
                state.at(&block_path).unwrap(),
                profile.at(&block_path).unwrap(),
            );
            assert!(
                before == after || bench.resource.equivalent(&block_path, before, after),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn limits_are_those_of_the_service() {
    let bench = Bench::new().await;
    let mut checked = 0;
    for profile in whole_profiles(&*bench.resource) {
        let mut places = Vec::new();
        profile.visit(&mut |path, value| {
            if value.as_str().is_some() {
                places.push(path.clone());
            }
            true
        });
        for path in places {
            let Some(attribute) = bench.resource.schema().block.attribute_at(&path) else {
                continue;
            };
            let limits = attribute
                .constraints
                .iter()
                .find_map(|constraint| match constraint {
                    Constraint::Length(min, max) => Some((*min, *max)),
                    _ => None,
                });
            let Some((min, max)) = limits.filter(|_| attribute.ty == Type::String) else {
                continue;
            };
            let now = profile.at(&path).unwrap().as_str().unwrap().to_owned();
            let filler = if attribute.name == "client_number" {
                "1"
            } else {
                "x"
            };
            let longer =
                |length: usize| now.clone() + &filler.repeat(length.saturating_sub(now.len()));
            let mut tries = vec![
                longer(max),
                longer(max + 1),
                format!("{now} x"),
                format!("{now}\n"),
            ];
            if min > 1 {
                tries.push(now.chars().take(min - 1).collect());
            }
            for text in tries {
                let changed = profile.map_at(&mut AttributePath::root(), &mut |at, _| {
                    (*at == path).then(|| Value::from(text.as_str()))
                });
                let ours = validate(bench.resource.schema(), &changed).is_empty();
                let token = format!("t{checked}");
                let planned = with(
                    &bench.planned(&changed),
                    "name",
                    changed.get("name").unwrap().clone(),
                );
                let answer = bench.objects.create(&planned, &token).await;
                let theirs = match &answer {
                    Ok(object) => {
                        bench.objects.delete(&object.id, &planned).await.unwrap();
                        true
                    }
                    // An unregistered label is well-formed.
                    Err(error) => error.message.contains("not registered"),
                };
                assert_eq!(
                    ours,
                    theirs,
                    "{path} with {} characters: {answer:?}",
                    text.len()
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 250, "{checked}");
}

#[tokio::test]
async fn an_update_changes_the_time_and_nothing_else() {
    let bench = Bench::new().await;
    let profile = whole_profiles(&*bench.resource)
        .into_iter()
        .find(|p| p.get("name").unwrap().as_str() == Some("slack.0"))
        .unwrap();
    let planned = bench.planned(&profile);
    let answer = bench.objects.create(&planned, "one").await.unwrap();
    let state = bench.state(&planned, &answer);
    let plan = |changed: &[AttributePath], proposed: &Value| {
        bench.resource.plan(PlanRequest {
            prior: Some(&state),
            config: &profile,
            proposed,
            changed,
            provider: None,
        })
    };
    assert_eq!(plan(&[], &state).planned, state);
    let unknown = |planned: &Value| {
        let mut names: Vec<String> = Vec::new();
        planned.visit(&mut |path, value| {
            if !value.is_known() {
                names.push(path.to_string());
            }
            true
        });
        names
    };
    let url = format!("{CONFIG}.{PROPERTIES}.slack.instance_url");
    let changed = set(&state, &url, "https://new.slack.com".into());
    let path = AttributePath::attribute(CONFIG)
        .index(0)
        .child(PROPERTIES)
        .index(0)
        .child("slack")
        .index(0)
        .child("instance_url");
    let update = plan(&[path], &changed).planned;
    assert_eq!(unknown(&update), ["last_updated_at"]);
    let mode = plan(&[AttributePath::attribute("connection_mode")], &changed).planned;
    assert_eq!(
        unknown(&mode),
        ["last_updated_at", "private_connection_provisioning_state"]
    );
    let replaced = plan(&[AttributePath::attribute("name")], &changed).planned;
    assert_eq!(
        unknown(&replaced),
        [
            "arn",
            "created_at",
            "credentials_arn",
            "kms_arn",
            "last_updated_at",
            "private_connection_provisioning_state"
        ]
    );
    let answer = bench
        .objects
        .update("slack.0", &state, &update, "two")
        .await
        .unwrap();
    let after = bench.state(&update, &answer);
    assert_eq!(differences(&update, &after), [] as [String; 0]);
    assert_ne!(after.get("last_updated_at"), state.get("last_updated_at"));
    // A time alone is no drift.
    let merged = merge_read(
        &*bench.resource,
        Some(&with(
            &after,
            "last_updated_at",
            "1970-01-01T00:00:00Z".into(),
        )),
        &answer.attributes,
    );
    assert_eq!(
        merged.get("last_updated_at").unwrap().as_str(),
        Some("1970-01-01T00:00:00Z")
    );
}
