//! `resource_changes`, `resource_drift` and `output_changes`.

use flowctl_model::plan::{Action, Change, OutputChange, Plan, Reason};
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, AttributePath, Marks, Step, Value};
use flowctl_schema::{Providers, Schema};
use serde::{Serialize, Serializer};

use super::{IdentityJson, schema_of};
use crate::json::{SensitiveShape, Shown, UnknownShape, is_settled, with_secrets_marked};

/// A value in which every secret is marked, and so is written as `null`.
pub(super) struct Masked(Option<Value>);

impl Masked {
    /// A value whose marks say all that is secret.
    pub(super) fn new(value: Option<&Value>) -> Self {
        Self(value.cloned())
    }

    /// A value of an object with this schema.
    pub(super) fn of(value: Option<&Value>, schema: Option<&Schema>) -> Self {
        Self(value.map(|value| with_secrets_marked(value, schema)))
    }

    /// The same, hidden as a whole if asked for.
    pub(super) fn hidden(self, hide: bool) -> Self {
        let marks = if hide { Marks::SENSITIVE } else { Marks::NONE };
        Self(self.0.map(|value| value.marked(marks)))
    }

    /// Where it is sensitive.
    pub(super) fn sensitive(&self) -> SensitiveJson {
        SensitiveJson(self.0.clone())
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Shown).serialize(serializer)
    }
}

/// Where a value is sensitive; `false` where there is none.
pub(super) struct SensitiveJson(Option<Value>);

impl Serialize for SensitiveJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => SensitiveShape(value).serialize(serializer),
            None => serializer.serialize_bool(false),
        }
    }
}

/// Where a value is unknown; an empty object if nowhere.
struct UnknownJson(Option<Value>);

impl Serialize for UnknownJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => UnknownShape(value).serialize(serializer),
            None => serializer.collect_map(std::iter::empty::<(&str, bool)>()),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ResourceChangeJson<'a> {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module_address: Option<String>,
    #[serde(flatten)]
    identity: IdentityJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<&'a str>,
    change: ChangeJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_reason: Option<&'static str>,
}

impl<'a> ResourceChangeJson<'a> {
    fn of(address: &'a Address, change: ChangeJson<'a>) -> Self {
        let module = &address.resource.module;
        Self {
            address: address.to_string(),
            previous_address: None,
            module_address: (!module.is_root()).then(|| module.to_string()),
            identity: address.into(),
            deposed: None,
            change,
            action_reason: None,
        }
    }
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    actions: &'static [&'static str],
    before: Masked,
    after: Masked,
    after_unknown: UnknownJson,
    before_sensitive: SensitiveJson,
    after_sensitive: SensitiveJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replace_paths: Vec<Vec<StepJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    importing: Option<ImportingJson<'a>>,
}

impl ChangeJson<'_> {
    fn new(
        actions: &'static [&'static str],
        before: Option<&Value>,
        after: Option<&Value>,
        schema: Option<&Schema>,
    ) -> Self {
        let (before, after) = (Masked::of(before, schema), Masked::of(after, schema));
        Self {
            actions,
            before_sensitive: before.sensitive(),
            after_sensitive: after.sensitive(),
            after_unknown: UnknownJson(after.0.clone().filter(|after| !is_settled(after))),
            before,
            after,
            replace_paths: Vec::new(),
            importing: None,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum StepJson<'a> {
    Name(&'a str),
    Index(usize),
}

#[derive(Serialize)]
struct ImportingJson<'a> {
    id: &'a str,
}

/// What changed outside.
pub(super) fn drift<'a>(plan: &'a Plan, providers: &Providers) -> Vec<ResourceChangeJson<'a>> {
    let of = |drift: &'a flowctl_model::plan::Drift| {
        let resource = &drift.address.resource;
        let schema = schema_of(resource.mode, &resource.type_name, providers);
        let actions: &[_] = match drift.after {
            Some(_) => &["update"],
            None => &["delete"],
        };
        let change = ChangeJson::new(actions, Some(&drift.before), drift.after.as_ref(), schema);
        ResourceChangeJson::of(&drift.address, change)
    };
    plan.drift.iter().map(of).collect()
}

/// What happens to each instance; an old object that is still to be deleted has an entry of its
/// own.
pub(super) fn changes<'a>(
    plan: &'a Plan,
    prior: &Snapshot,
    providers: &Providers,
) -> Vec<ResourceChangeJson<'a>> {
    let mut written = Vec::with_capacity(plan.changes.len());
    for change in &plan.changes {
        let resource = &change.address.resource;
        let schema = schema_of(resource.mode, &resource.type_name, providers);
        written.push(entry(change, schema));
        if let Some(deposed) = &change.deposed {
            let state = prior.resources.get(&change.address);
            let attributes = state
                .and_then(|state| state.deposed.iter().find(|(id, _)| id == deposed))
                .map(|(_, attributes)| attributes);
            let body = ChangeJson::new(&["delete"], attributes, None, schema);
            written.push(ResourceChangeJson {
                deposed: Some(deposed),
                ..ResourceChangeJson::of(&change.address, body)
            });
        }
    }
    written
}

fn entry<'a>(change: &'a Change, schema: Option<&Schema>) -> ResourceChangeJson<'a> {
    let after = match change.action {
        Action::Delete | Action::Forget => None,
        _ => change.after.as_ref(),
    };
    let mut body = ChangeJson::new(
        actions(change.action),
        change.before.as_ref(),
        after,
        schema,
    );
    body.replace_paths = change.replace_paths.iter().map(steps).collect();
    body.importing = change.importing.as_deref().map(|id| ImportingJson { id });
    ResourceChangeJson {
        previous_address: change.previous_address.as_ref().map(ToString::to_string),
        action_reason: change
            .reason
            .as_ref()
            .and_then(|reason| action_reason(reason, change.action)),
        ..ResourceChangeJson::of(&change.address, body)
    }
}

fn actions(action: Action) -> &'static [&'static str] {
    match action {
        Action::NoOp => &["no-op"],
        Action::Create => &["create"],
        Action::Read => &["read"],
        Action::Update => &["update"],
        Action::DeleteThenCreate => &["delete", "create"],
        Action::CreateThenDelete => &["create", "delete"],
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
    }
}

/// Terraform's word for a reason; those it does not know have one of our own.
fn action_reason(reason: &Reason, action: Action) -> Option<&'static str> {
    Some(match reason {
        Reason::New | Reason::DestroyRequested => return None,
        Reason::DeletedOutside => "create_because_deleted_outside",
        Reason::CannotUpdate => "replace_because_cannot_update",
        Reason::ReplaceRequested => "replace_by_request",
        Reason::ReplaceTriggered(_) => "replace_by_triggers",
        // A tainted object whose block is gone is just deleted.
        Reason::Tainted if !action.is_replace() => return None,
        Reason::Tainted => "replace_because_tainted",
        Reason::NoResourceConfig | Reason::RemovedBlock => "delete_because_no_resource_config",
        Reason::NoModule => "delete_because_no_module",
        Reason::CountIndex => "delete_because_count_index",
        Reason::EachKey => "delete_because_each_key",
        Reason::WrongRepetition => "delete_because_wrong_repetition",
        Reason::SecretKeyChanged => "update_because_secret_key_changed",
        Reason::Interrupted => "update_because_interrupted",
        Reason::ReadDependsOnUnknown => "read_because_config_unknown",
    })
}

fn steps(path: &AttributePath) -> Vec<StepJson<'_>> {
    let step = |step| match step {
        &Step::Index(index) => StepJson::Index(index),
        Step::Attribute(name) | Step::Key(name) => StepJson::Name(name),
    };
    path.steps().iter().map(step).collect()
}

#[derive(Serialize)]
pub(super) struct OutputChangeJson {
    actions: &'static [&'static str],
    before: Masked,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Masked>,
    after_unknown: UnknownOutputJson,
    before_sensitive: bool,
    after_sensitive: bool,
}

/// Where an output is unknown; `false` if nowhere.
struct UnknownOutputJson(Option<Value>);

impl Serialize for UnknownOutputJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => UnknownShape(value).serialize(serializer),
            None => serializer.serialize_bool(false),
        }
    }
}

impl From<&OutputChange> for OutputChangeJson {
    fn from(output: &OutputChange) -> Self {
        let actions: &[_] = match (&output.before, &output.after) {
            _ if !output.changed => &["no-op"],
            (None, _) => &["create"],
            (_, None) => &["delete"],
            _ => &["update"],
        };
        let unknown = output.after.as_ref().filter(|after| !is_settled(after));
        let after = Masked::new(output.after.as_ref()).hidden(output.sensitive);
        let wholly_unknown = unknown.is_some_and(|after| !after.is_known());
        Self {
            actions,
            before: Masked::new(output.before.as_ref()).hidden(output.sensitive),
            after: (!wholly_unknown).then_some(after),
            after_unknown: UnknownOutputJson(unknown.cloned()),
            before_sensitive: output.sensitive,
            after_sensitive: output.sensitive,
        }
    }
}
