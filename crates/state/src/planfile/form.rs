//! The text of a saved plan: JSON of its own, from which the plan comes back as it was.

use std::collections::BTreeMap;

use flowctl_model::plan::{
    Action, Awaited, Change, CheckResult, CheckStatus, Drift, OutputChange, Plan, Reason,
};
use flowctl_model::problem::Severity;
use flowctl_model::{Address, AttributePath, Kind, ResourceAddress, Step, Text, Value};
use serde_json::{Map, Value as Json, json};

use super::{Basis, SavedPlan};
use crate::StoreError;
use crate::row;

pub(super) fn encode(saved: &SavedPlan) -> Result<String, StoreError> {
    let plan = &saved.plan;
    let changes: Vec<Json> = plan.changes.iter().map(change).collect::<Result<_, _>>()?;
    let mut outputs = Map::new();
    for (name, output) in &plan.outputs {
        let place = format!("output.{name}");
        outputs.insert(
            name.to_string(),
            json!({
                "before": optional(output.before.as_ref(), &place)?,
                "after": optional(output.after.as_ref(), &place)?,
                "sensitive": output.sensitive,
                "changed": output.changed,
                "awaits": awaits(&output.awaits),
            }),
        );
    }
    let mut drift = Vec::new();
    for found in &plan.drift {
        let place = found.address.to_string();
        drift.push(json!({
            "address": place,
            "before": optional(Some(&found.before), &place)?,
            "after": optional(found.after.as_ref(), &place)?,
        }));
    }
    let checks: Vec<Json> = plan
        .checks
        .iter()
        .map(|check| {
            json!({
                "address": check.address,
                "status": name_of(&STATUSES, &check.status),
                "severity": name_of(&SEVERITIES, &check.severity),
                "message": check.message,
            })
        })
        .collect();
    let mut values = Map::new();
    for (name, value) in &saved.values {
        values.insert(
            name.to_string(),
            optional(Some(value), &format!("var.{name}"))?,
        );
    }
    let basis = &saved.basis;
    let document = json!({
        "version": saved.version,
        "created_at": saved.created_at,
        "files": basis.files,
        "given": basis.variables,
        "reads": basis.reads,
        "objects": basis.objects,
        "lineage": saved.lineage,
        "serial": saved.serial,
        "arguments": saved.arguments,
        "variables": saved.variables,
        "values": values,
        "configuration": saved.configuration,
        "changes": changes,
        "edges": plan.edges,
        "outputs": outputs,
        "drift": drift,
        "checks": checks,
    });
    Ok(document.to_string())
}

pub(super) fn decode(text: &str) -> Option<SavedPlan> {
    let document: Json = serde_json::from_str(text).ok()?;
    let texts = |name: &str| -> Option<BTreeMap<String, String>> {
        serde_json::from_value(document.get(name)?.clone()).ok()
    };
    let list = |name: &str| document.get(name)?.as_array();
    let outputs = document.get("outputs")?.as_object()?;
    let plan = Plan {
        changes: list("changes")?
            .iter()
            .map(change_of)
            .collect::<Option<_>>()?,
        edges: serde_json::from_value(document.get("edges")?.clone()).ok()?,
        outputs: outputs
            .iter()
            .map(|(name, json)| Some((Text::from(name.as_str()), output_of(json)?)))
            .collect::<Option<_>>()?,
        drift: list("drift")?.iter().map(drift_of).collect::<Option<_>>()?,
        checks: list("checks")?
            .iter()
            .map(check_of)
            .collect::<Option<_>>()?,
    };
    Some(SavedPlan {
        version: document.get("version")?.as_str()?.to_owned(),
        created_at: document.get("created_at")?.as_f64()?,
        basis: Basis {
            files: texts("files")?,
            variables: texts("given")?,
            reads: texts("reads")?,
            objects: texts("objects")?,
        },
        lineage: document.get("lineage")?.as_str()?.to_owned(),
        serial: document.get("serial")?.as_u64()?,
        arguments: serde_json::from_value(document.get("arguments")?.clone()).ok()?,
        variables: texts("variables")?,
        values: document
            .get("values")?
            .as_object()?
            .iter()
            .map(|(name, json)| Some((Text::from(name.as_str()), optional_of(Some(json))??)))
            .collect::<Option<_>>()?,
        configuration: document.get("configuration")?.as_str()?.to_owned(),
        plan,
    })
}

const ACTIONS: [(&str, Action); 8] = [
    ("no-op", Action::NoOp),
    ("create", Action::Create),
    ("read", Action::Read),
    ("update", Action::Update),
    ("delete-create", Action::DeleteThenCreate),
    ("create-delete", Action::CreateThenDelete),
    ("delete", Action::Delete),
    ("forget", Action::Forget),
];

const REASONS: [(&str, Reason); 15] = [
    ("new", Reason::New),
    ("deleted-outside", Reason::DeletedOutside),
    ("cannot-update", Reason::CannotUpdate),
    ("requested", Reason::ReplaceRequested),
    ("tainted", Reason::Tainted),
    ("no-resource-config", Reason::NoResourceConfig),
    ("no-module", Reason::NoModule),
    ("count-index", Reason::CountIndex),
    ("each-key", Reason::EachKey),
    ("wrong-repetition", Reason::WrongRepetition),
    ("destroy-requested", Reason::DestroyRequested),
    ("key-changed", Reason::SecretKeyChanged),
    ("interrupted", Reason::Interrupted),
    ("removed-block", Reason::RemovedBlock),
    ("read-unknown", Reason::ReadDependsOnUnknown),
];

const STATUSES: [(&str, CheckStatus); 3] = [
    ("pass", CheckStatus::Pass),
    ("fail", CheckStatus::Fail),
    ("unknown", CheckStatus::Unknown),
];

const SEVERITIES: [(&str, Severity); 2] =
    [("warning", Severity::Warning), ("error", Severity::Error)];

fn name_of<T: PartialEq>(table: &[(&'static str, T)], item: &T) -> &'static str {
    let found = table.iter().find(|(_, known)| known == item);
    found.map_or("", |(name, _)| name)
}

fn named<T: Clone>(table: &[(&'static str, T)], json: Option<&Json>) -> Option<T> {
    let name = json?.as_str()?;
    let found = table.iter().find(|(known, _)| *known == name)?;
    Some(found.1.clone())
}

fn optional(value: Option<&Value>, place: &str) -> Result<Json, StoreError> {
    match value {
        // A null inside of a list tells a null value from no value.
        Some(value) => Ok(json!([row::to_document(value, place)?])),
        None => Ok(Json::Null),
    }
}

#[expect(clippy::option_option, reason = "damaged, or nothing, or something")]
fn optional_of(json: Option<&Json>) -> Option<Option<Value>> {
    match json? {
        Json::Null => Some(None),
        Json::Array(one) => Some(Some(row::from_document(one.first()?.clone())?)),
        _ => None,
    }
}

fn reason(reason: &Reason) -> Json {
    match reason {
        Reason::ReplaceTriggered(by) => json!({ "triggered-by": by }),
        other => json!(name_of(&REASONS, other)),
    }
}

#[expect(clippy::option_option, reason = "damaged, or nothing, or something")]
fn reason_of(json: &Json) -> Option<Option<Reason>> {
    Some(match json {
        Json::Null => None,
        Json::Object(object) => {
            let by = serde_json::from_value(object.get("triggered-by")?.clone()).ok()?;
            Some(Reason::ReplaceTriggered(by))
        }
        other => Some(named(&REASONS, Some(other))?),
    })
}

fn path(path: &AttributePath) -> Json {
    let steps = path.steps().iter().map(|step| match step {
        Step::Attribute(name) => json!(name.as_str()),
        Step::Index(index) => json!(index),
        Step::Key(key) => json!([key.as_str()]),
    });
    steps.collect()
}

fn path_of(json: &Json) -> Option<AttributePath> {
    let steps = json.as_array()?.iter().map(|step| match step {
        Json::String(name) => Some(Step::Attribute(name.as_str().into())),
        Json::Number(index) => Some(Step::Index(usize::try_from(index.as_u64()?).ok()?)),
        Json::Array(key) => Some(Step::Key(key.first()?.as_str()?.into())),
        _ => None,
    });
    Some(AttributePath::from(steps.collect::<Option<Vec<_>>>()?))
}

fn awaits(awaits: &[Awaited]) -> Vec<Json> {
    let one = |awaited: &Awaited| json!({ "path": path(&awaited.path), "on": awaited.on });
    awaits.iter().map(one).collect()
}

/// Plans of before have none.
fn awaits_of(json: Option<&Json>) -> Option<Vec<Awaited>> {
    let one = |json: &Json| {
        let on = json.get("on")?.as_array()?.iter();
        Some(Awaited {
            path: path_of(json.get("path")?)?,
            on: on
                .map(|on| on.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
        })
    };
    let awaits = json.and_then(Json::as_array);
    awaits.into_iter().flatten().map(one).collect()
}

fn change(change: &Change) -> Result<Json, StoreError> {
    let place = change.address.to_string();
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string);
    let paths = |paths: &[AttributePath]| paths.iter().map(path).collect::<Vec<_>>();
    Ok(json!({
        "address": place,
        "previous_address": change.previous_address.as_ref().map(ToString::to_string),
        "provider": change.provider.as_str(),
        "action": name_of(&ACTIONS, &change.action),
        "reason": change.reason.as_ref().map(reason),
        "id": text(&change.id),
        "before": optional(change.before.as_ref(), &place)?,
        "after": optional(change.after.as_ref(), &place)?,
        "replace_paths": paths(&change.replace_paths),
        "changed_paths": paths(&change.changed_paths),
        "dependencies": change.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "create_before_destroy": change.create_before_destroy,
        "importing": text(&change.importing),
        "resume_token": text(&change.resume_token),
        "deposed": text(&change.deposed),
        "awaits": awaits(&change.awaits),
    }))
}

fn change_of(json: &Json) -> Option<Change> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let address = |name: &str| text(name).map(str::parse::<Address>).transpose().ok();
    let paths = |name: &str| -> Option<Vec<AttributePath>> {
        json.get(name)?.as_array()?.iter().map(path_of).collect()
    };
    let dependencies = json.get("dependencies")?.as_array()?.iter();
    let dependency = |json: &Json| -> Option<ResourceAddress> {
        Some(json.as_str()?.parse::<Address>().ok()?.resource)
    };
    Some(Change {
        address: address("address")??,
        previous_address: address("previous_address")?,
        provider: text("provider")?.into(),
        action: named(&ACTIONS, json.get("action"))?,
        reason: reason_of(json.get("reason")?)?,
        id: text("id").map(Text::from),
        before: optional_of(json.get("before"))?,
        after: optional_of(json.get("after"))?,
        replace_paths: paths("replace_paths")?,
        changed_paths: paths("changed_paths")?,
        dependencies: dependencies.map(dependency).collect::<Option<_>>()?,
        create_before_destroy: json.get("create_before_destroy")?.as_bool()?,
        importing: text("importing").map(Text::from),
        resume_token: text("resume_token").map(Text::from),
        deposed: text("deposed").map(Text::from),
        awaits: awaits_of(json.get("awaits"))?,
    })
}

fn output_of(json: &Json) -> Option<OutputChange> {
    Some(OutputChange {
        before: optional_of(json.get("before"))?,
        after: optional_of(json.get("after"))?,
        sensitive: json.get("sensitive")?.as_bool()?,
        changed: json.get("changed")?.as_bool()?,
        awaits: awaits_of(json.get("awaits"))?,
    })
}

fn drift_of(json: &Json) -> Option<Drift> {
    Some(Drift {
        address: json.get("address")?.as_str()?.parse().ok()?,
        before: optional_of(json.get("before"))??,
        after: optional_of(json.get("after"))?,
    })
}

fn check_of(json: &Json) -> Option<CheckResult> {
    Some(CheckResult {
        address: json.get("address")?.as_str()?.to_owned(),
        status: named(&STATUSES, json.get("status"))?,
        severity: named(&SEVERITIES, json.get("severity"))?,
        message: json.get("message")?.as_str().map(str::to_owned),
    })
}

/// Whether two values are the same, whatever types a file does not keep.
pub(super) fn same(old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) => first_difference(Some(old), Some(new)).is_none(),
        _ => false,
    }
}

/// Where two values differ first, and whether a secret differs there.
pub(super) fn first_difference(
    old: Option<&Value>,
    new: Option<&Value>,
) -> Option<(AttributePath, bool)> {
    let mut path = AttributePath::root();
    let mut found = None;
    match (old, new) {
        (Some(old), Some(new)) => differ(old, new, &mut path, &mut found),
        (None, None) => {}
        _ => found = Some((path, false)),
    }
    found
}

fn differ(
    old: &Value,
    new: &Value,
    path: &mut AttributePath,
    found: &mut Option<(AttributePath, bool)>,
) {
    if found.is_some() {
        return;
    }
    let mut here = |secret: bool| *found = Some((path.clone(), secret));
    match (old.kind(), new.kind()) {
        (Kind::Unknown(_), Kind::Unknown(_)) => {
            if old.digest() != new.digest() {
                here(true);
            }
        }
        (Kind::Null(_), Kind::Null(_)) => {}
        (
            Kind::List(_, a) | Kind::Set(_, a) | Kind::Tuple(a),
            Kind::List(_, b) | Kind::Set(_, b) | Kind::Tuple(b),
        ) => {
            if a.len() != b.len() {
                return here(false);
            }
            for (index, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                path.push(Step::Index(index));
                differ(a, b, path, found);
                path.pop();
            }
        }
        (Kind::Map(_, a) | Kind::Object(a), Kind::Map(_, b) | Kind::Object(b)) => {
            if !a.keys().eq(b.keys()) {
                return here(false);
            }
            for ((name, a), b) in a.iter().zip(b.values()) {
                path.push(Step::Attribute(name.clone()));
                differ(a, b, path, found);
                path.pop();
            }
        }
        (a, b) => {
            if a != b {
                here(old.is_sensitive() || new.is_sensitive());
            }
        }
    }
}
