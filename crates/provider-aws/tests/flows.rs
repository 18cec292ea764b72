//! Flows: what reaches the service, and what comes back of it, for every connector and every
//! argument; and what is sent in which order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use flowctl_model::problem::Severity;
use flowctl_model::{AttributePath, Kind, Type, Value};
use flowctl_schema::{Constraint, ErrorKind, PlanRequest, ReadRequest, merge_read, validate};

const FLOW: &str = "aws_appflow_flow";
const SOURCE: &str = "source_flow_config";
const SOURCE_PROPERTIES: &str = "source_connector_properties";
const DESTINATION: &str = "destination_flow_config";
const DESTINATION_PROPERTIES: &str = "destination_connector_properties";
/// Connectors without profiles.
const OTHERS: [(&str, &str); 5] = [
    ("S3", "s3"),
    ("EventBridge", "event_bridge"),
    ("LookoutMetrics", "lookout_metrics"),
    ("Upsolver", "upsolver"),
    ("CustomerProfiles", "customer_profiles"),
];

/// A bench for flows; the profiles of all connectors are there.
async fn bench() -> Bench {
    let bench = Bench::new().await;
    for profile in whole_profiles(&*bench.resource) {
        let name = profile.get("name").unwrap().as_str().unwrap();
        let planned = bench.planned(&profile);
        bench.objects.create(&planned, name).await.unwrap();
    }
    bench.of(FLOW)
}

fn kind_of(block: &str) -> &'static str {
    let mut known = CONNECTORS.iter().chain(&OTHERS);
    known.find(|(_, name)| *name == block).unwrap().0
}

/// The value of one end of a flow with nothing but the block of a connector.
fn end(end: &Value, properties: &str, block: &str) -> Value {
    let only = end.get(properties).unwrap().elements().unwrap()[0].clone();
    let members = only.members().unwrap().iter().map(|(name, blocks)| {
        let keep = name.as_str() == block;
        let none = Value::list(Type::Any, Vec::new());
        (name.clone(), if keep { blocks.clone() } else { none })
    });
    let members = Value::object(members);
    let end = with(end, properties, Value::list(Type::Any, vec![members]));
    let end = with(&end, "connector_type", kind_of(block).into());
    let has_profiles = CONNECTORS.iter().any(|(_, name)| *name == block);
    let profile = if has_profiles {
        Value::string(format!("{block}.0"))
    } else {
        Value::null(Type::String)
    };
    with(&end, "connector_profile_name", profile)
}

/// A flow from one connector to another, made of everything that the table has, or of as little as
/// it allows.
fn flow(bench: &Bench, maker: &mut Maker, whole: bool, from: &str, to: &str) -> Value {
    let table = &bench.resource.schema().block;
    let flow = if whole {
        maker.whole(table)
    } else {
        maker.required(table)
    };
    let one = |name: &str| flow.get(name).unwrap().elements().unwrap()[0].clone();
    let list = |value: Value| Value::list(Type::Any, vec![value]);
    let table_of = |outer: &str, inner: &str, block: &str| {
        let outer = &table.nested(outer).unwrap().block;
        outer
            .nested(inner)
            .unwrap()
            .block
            .nested(block)
            .unwrap()
            .block
            .clone()
    };
    // What is not required leaves out the connectors' blocks too.
    let mut filled = |name: &str, properties: &str, block: &str| {
        let value = one(name);
        if whole {
            return end(&value, properties, block);
        }
        let content = maker.required(&table_of(name, properties, block));
        let only = &value.get(properties).unwrap().elements().unwrap()[0];
        let only = with(only, block, list(content));
        end(&with(&value, properties, list(only)), properties, block)
    };
    let source = filled(SOURCE, SOURCE_PROPERTIES, from);
    let destination = filled(DESTINATION, DESTINATION_PROPERTIES, to);
    let trigger = one("trigger_config");
    let kind = if whole { "Scheduled" } else { "OnDemand" };
    let trigger = with(&trigger, "trigger_type", kind.into());
    let mut task = one("task");
    if let Some(operators) = task.get("connector_operator").and_then(Value::elements)
        && let Some(operators) = operators.first()
    {
        let members = operators.members().unwrap().iter().map(|(name, operator)| {
            let keep = name.as_str() == from;
            let null = Value::null(Type::String);
            (name.clone(), if keep { operator.clone() } else { null })
        });
        task = with(&task, "connector_operator", list(Value::object(members)));
    }
    let flow = with(&flow, "name", Value::string(format!("{from}-{to}")));
    let flow = with(&flow, SOURCE, list(source));
    let flow = with(&flow, DESTINATION, list(destination));
    let flow = with(&flow, "trigger_config", list(trigger));
    let flow = with(&flow, "flow_status", Value::null(Type::String));
    with(&flow, "task", list(task))
}

/// A flow for every source and for every destination.
fn flows(bench: &Bench, whole: bool) -> Vec<Value> {
    let mut maker = Maker::default();
    let names = |outer: &str, inner: &str| {
        let table = &bench.resource.schema().block.nested(outer).unwrap().block;
        let blocks = &table.nested(inner).unwrap().block.blocks;
        blocks.iter().map(|nested| nested.name).collect::<Vec<_>>()
    };
    let sources = names(SOURCE, SOURCE_PROPERTIES);
    let destinations = names(DESTINATION, DESTINATION_PROPERTIES);
    assert_eq!((sources.len(), destinations.len()), (17, 13));
    let mut flows = Vec::new();
    for source in sources {
        flows.push(flow(bench, &mut maker, whole, source, "s3"));
    }
    for destination in destinations.into_iter().filter(|name| *name != "s3") {
        flows.push(flow(bench, &mut maker, whole, "s3", destination));
    }
    // Where requests go is no part of them.
    let here = |flow: &Value| with(flow, "region", Value::null(Type::String));
    flows.iter().map(here).collect()
}

/// What the plan of a new flow makes of a configuration.
fn planned(bench: &Bench, config: &Value) -> Value {
    let plan = bench.resource.plan(PlanRequest {
        prior: None,
        config,
        proposed: &bench.planned(config),
        changed: &[],
        provider: None,
    });
    plan.planned
}

/// A token makes a flow once, even if that is deleted meanwhile.
static COUNT: AtomicUsize = AtomicUsize::new(0);

async fn created(bench: &Bench, config: &Value) -> Value {
    let planned = planned(bench, config);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let token = format!("create-{count}");
    let answer = bench.objects.create(&planned, &token).await.unwrap();
    let state = bench.state(&planned, &answer);
    assert_eq!(differences(&planned, &state), [] as [String; 0], "{token}");
    state
}

async fn read(bench: &Bench, state: &Value) -> Option<Value> {
    let request = ReadRequest {
        id: state.get("name").unwrap().as_str().unwrap().into(),
        prior: Some(state.clone()),
    };
    let found = bench
        .objects
        .read_many(&[request])
        .await
        .unwrap()
        .remove(0)?;
    Some(merge_read(&*bench.resource, Some(state), &found.attributes))
}

/// Every leaf of a value, as JSON writes it, with how often it is there; times as the service wants
/// them.
fn leaves(value: &Value) -> BTreeMap<String, usize> {
    let mut leaves = BTreeMap::new();
    value.visit(&mut |_, value| {
        let text = match value.kind() {
            Kind::String(text) if text.as_str().starts_with("2027-01-01T00:") => {
                let minutes: i64 = text.as_str()[14..16].parse().unwrap();
                (1_798_761_600 + 60 * minutes).to_string()
            }
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

/// The leaves of a request, without the token.
fn sent(request: &serde_json::Value) -> BTreeMap<String, usize> {
    let mut body = request["body"].clone();
    body.as_object_mut().unwrap().remove("clientToken").unwrap();
    let mut leaves = BTreeMap::new();
    json_leaves(&body, &mut leaves);
    leaves
}

#[tokio::test]
async fn every_configured_leaf_and_nothing_else_reaches_the_service() {
    let bench = bench().await;
    let flows = flows(&bench, true);
    for config in &flows {
        assert_eq!(validate(bench.resource.schema(), config), []);
        let mut problems = bench.resource.validate(config);
        problems.retain(|problem| problem.severity == Severity::Error);
        // What is made of the table at random knows nothing of what must come first.
        problems.retain(|problem| problem.summary != "Schedule that never runs");
        assert_eq!(problems, []);
        let state = created(&bench, config).await;
        // A change of everything: the service is told everything again.
        let changed = with(&state, "description", "changed".into());
        let name = config.get("name").unwrap().as_str().unwrap();
        let answer = bench
            .objects
            .update(name, &state, &changed, &format!("{name}-2"))
            .await;
        assert_eq!(
            differences(&changed, &bench.state(&changed, &answer.unwrap())),
            [] as [String; 0]
        );
    }
    let creations = bench.requests("CreateFlow").await;
    let updates = bench.requests("UpdateFlow").await;
    assert_eq!((creations.len(), updates.len()), (flows.len(), flows.len()));
    for ((creation, update), config) in creations.iter().zip(&updates).zip(&flows) {
        let name = config.get("name").unwrap();
        assert_eq!(creation["ignored"], serde_json::json!([]), "{name:?}");
        assert_eq!(sent(creation), leaves(config), "{name:?}");
        // An update takes neither key nor tags.
        let rest = with(config, "description", "changed".into());
        let rest = with(&rest, "kms_arn", Value::null(Type::String));
        let rest = with(&rest, "tags", Value::null(Type::String));
        let mut wanted = leaves(&rest);
        // The name is in the path.
        let mut found = sent(update);
        let quoted = format!("{:?}", name.as_str().unwrap());
        wanted.remove(&quoted);
        found.remove(&quoted);
        assert_eq!(found, wanted, "{name:?}");
    }
}

#[tokio::test]
async fn nothing_that_is_not_configured_is_sent() {
    let bench = bench().await;
    for config in flows(&bench, false) {
        assert_eq!(validate(bench.resource.schema(), &config), []);
        let state = created(&bench, &config).await;
        let request = bench.requests("CreateFlow").await.pop().unwrap();
        assert_eq!(sent(&request), leaves(&config));
        let text = request["body"].to_string();
        assert!(!text.contains("\"\"") && !text.contains("null"), "{text}");
        assert_eq!(read(&bench, &state).await, Some(state));
    }
}

#[tokio::test]
async fn what_was_created_needs_no_change_and_is_found_by_its_name_and_its_arn() {
    let bench = bench().await;
    for config in flows(&bench, true) {
        let state = created(&bench, &config).await;
        assert_eq!(read(&bench, &state).await, Some(state.clone()));
        let arn = state.get("arn").unwrap().as_str().unwrap();
        let name = state.get("id").unwrap().as_str().unwrap();
        for id in [name, arn] {
            let found = bench.objects.import(id).await.unwrap();
            assert_eq!(found.id.as_str(), name);
            let imported = merge_read(&*bench.resource, None, &found.attributes);
            assert_eq!(differences(&imported, &state), [] as [String; 0]);
        }
        bench.objects.delete(name, &state).await.unwrap();
        bench.objects.delete(name, &state).await.unwrap();
        assert_eq!(read(&bench, &state).await, None);
    }
    let error = bench.objects.import("nothing").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn limits_are_those_of_the_service() {
    let bench = bench().await;
    let mut checked = 0;
    for config in flows(&bench, true) {
        let mut places = Vec::new();
        config.visit(&mut |path, value| {
            if value.as_str().is_some() {
                places.push(path.clone());
            }
            true
        });
        for path in places {
            let Some(attribute) = bench.resource.schema().block.attribute_at(&path) else {
                continue;
            };
            // What must also be the name of something is no matter of its length.
            if attribute.ty != Type::String || attribute.name == "connector_profile_name" {
                continue;
            }
            let now = config.at(&path).unwrap().as_str().unwrap().to_owned();
            let limit = |constraint: &Constraint| match constraint {
                Constraint::Length(min, max) => Some((*min, *max)),
                _ => None,
            };
            let Some((min, max)) = attribute.constraints.iter().find_map(limit) else {
                continue;
            };
            let longer =
                |length: usize| now.clone() + &"x".repeat(length.saturating_sub(now.len()));
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
                let changed = config.map_at(&mut AttributePath::root(), &mut |at, _| {
                    (*at == path).then(|| Value::from(text.as_str()))
                });
                let ours = validate(bench.resource.schema(), &changed).is_empty();
                let answer = bench
                    .objects
                    .create(&planned(&bench, &changed), &format!("t{checked}"))
                    .await;
                if let Ok(object) = &answer {
                    bench.objects.delete(&object.id, &changed).await.unwrap();
                }
                assert_eq!(
                    ours,
                    answer.is_ok(),
                    "{path} with {} characters: {answer:?}",
                    text.len()
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 400, "{checked}");
}

/// What was asked of the service to change something, in its order.
async fn changes(bench: &Bench) -> Vec<String> {
    let log = bench.log().await;
    let operations = log
        .iter()
        .map(|request| request["operation"].as_str().unwrap().to_owned());
    operations
        .filter(|operation| operation.ends_with("Flow") || operation.ends_with("Resource"))
        .filter(|operation| operation != "DescribeFlow")
        .collect()
}

/// A scheduled flow from S3 to S3.
fn scheduled(bench: &Bench, status: Option<&str>) -> Value {
    let config = flow(bench, &mut Maker::default(), true, "s3", "s3");
    let status = status.map_or_else(|| Value::null(Type::String), Value::string);
    with(&config, "flow_status", status)
}

#[tokio::test]
async fn a_flow_is_started_and_stopped_as_it_says() {
    let bench = Bench::new().await.of(FLOW);
    let status = |state: &Value| {
        state
            .get("flow_status")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    // Nothing is started that nobody wants to be.
    let state = created(&bench, &scheduled(&bench, None)).await;
    assert_eq!(status(&state), "Draft");
    let requests = AtomicUsize::new(0);
    let update = |prior: Value, after: Value| {
        let bench = &bench;
        let request = requests.fetch_add(1, Ordering::Relaxed);
        async move {
            let token = format!("update-{request}");
            let answer = bench
                .objects
                .update("s3-s3", &prior, &after, &token)
                .await
                .unwrap();
            bench.state(&after, &answer)
        }
    };
    let active = update(state.clone(), with(&state, "flow_status", "Active".into())).await;
    assert_eq!(status(&active), "Active");
    assert_eq!(status(&read(&bench, &active).await.unwrap()), "Active");
    // A change stops it and starts it again, new tags do not.
    let changed = update(active.clone(), with(&active, "description", "new".into())).await;
    let tags = Value::map(Type::String, [("a".into(), Value::from("1"))].into());
    let tagged = with(&with(&changed, "tags", tags.clone()), "tags_all", tags);
    let tagged = update(changed, tagged).await;
    let stopped = update(
        tagged.clone(),
        with(&tagged, "flow_status", "Suspended".into()),
    )
    .await;
    assert_eq!(status(&stopped), "Suspended");
    assert_eq!(
        changes(&bench).await,
        [
            "CreateFlow",
            "StartFlow",
            "StopFlow",
            "UpdateFlow",
            "StartFlow",
            "UntagResource",
            "TagResource",
            "StopFlow",
        ]
    );
    bench.objects.delete("s3-s3", &stopped).await.unwrap();
    // One that is to run is started at once, and stopped before it is deleted.
    let state = created(&bench, &scheduled(&bench, Some("Active"))).await;
    assert_eq!(status(&state), "Active");
    bench.objects.delete("s3-s3", &state).await.unwrap();
    assert_eq!(
        changes(&bench).await[8..],
        [
            "DeleteFlow",
            "CreateFlow",
            "StartFlow",
            "StopFlow",
            "DeleteFlow"
        ]
    );
    // One that is to be still needs nothing.
    let state = created(
        &bench,
        &with(&scheduled(&bench, Some("Suspended")), "name", "b2".into()),
    )
    .await;
    assert_eq!(status(&state), "Suspended");
    assert_eq!(read(&bench, &state).await, Some(state));
}

#[tokio::test]
async fn a_flow_that_cannot_be_started_is_taken_back() {
    let bench = Bench::with_faults("StartFlow:denied").await.of(FLOW);
    let config = scheduled(&bench, Some("Active"));
    let error = bench
        .objects
        .create(&planned(&bench, &config), "t")
        .await
        .unwrap_err();
    assert_eq!(error.operation, "StartFlow");
    assert!(error.hint.unwrap().contains("deleted again"));
    assert_eq!(read(&bench, &config).await, None);
}

#[tokio::test]
async fn a_refused_change_leaves_a_flow_running() {
    let bench = Bench::with_faults("UpdateFlow:validation").await.of(FLOW);
    let state = created(&bench, &scheduled(&bench, Some("Active"))).await;
    let changed = with(&state, "description", "new".into());
    let error = bench
        .objects
        .update("s3-s3", &state, &changed, "t")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Validation);
    assert_eq!(read(&bench, &state).await, Some(state));
}

#[tokio::test]
async fn the_order_of_tasks_says_nothing() {
    let bench = Bench::new().await.of(FLOW);
    let config = scheduled(&bench, None);
    let task = config.get("task").unwrap().elements().unwrap()[0].clone();
    let tasks = |fields: &[&str]| {
        let tasks = fields
            .iter()
            .map(|field| with(&task, "destination_field", (*field).into()));
        with(&config, "task", Value::list(Type::Any, tasks.collect()))
    };
    let state = created(&bench, &tasks(&["a", "b", "c"])).await;
    // Somebody else writes them down in another order, with one more.
    let other = tasks(&["c", "a", "d", "b"]);
    let other = with(&state, "task", other.get("task").unwrap().clone());
    bench
        .objects
        .update("s3-s3", &state, &other, "t")
        .await
        .unwrap();
    let live = read(&bench, &state).await.unwrap();
    let fields = live.get("task").unwrap().elements().unwrap().iter();
    let fields: Vec<_> = fields
        .map(|task| task.get("destination_field").unwrap().as_str().unwrap())
        .collect();
    assert_eq!(fields, ["a", "b", "c", "d"]);
    let path = AttributePath::attribute("task");
    assert!(bench.resource.equivalent(
        &path,
        live.get("task").unwrap(),
        other.get("task").unwrap()
    ));
}
