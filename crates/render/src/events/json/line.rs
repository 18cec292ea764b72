//! The lines themselves: what each has in which order.

use std::collections::BTreeMap;

use flowctl_model::event::Operation;
use flowctl_model::plan::OutputChange;
use flowctl_model::{Address, InstanceKey, ModuleInstance, ResourceAddress, Type};
use serde::{Serialize, Serializer};

use crate::diagnostics::json::DiagnosticJson;
use crate::json::{Shown, TypeJson, line};

/// What all lines have.
#[derive(Serialize)]
pub(super) struct Line<'a, T> {
    #[serde(rename = "@level")]
    pub(super) level: &'static str,
    #[serde(rename = "@message")]
    pub(super) message: String,
    #[serde(rename = "@module")]
    pub(super) module: &'static str,
    #[serde(rename = "@timestamp")]
    pub(super) timestamp: &'a str,
    #[serde(flatten)]
    pub(super) body: T,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

impl<T: Serialize> Line<'_, T> {
    pub(super) fn at(
        level: &'static str,
        message: String,
        timestamp: &str,
        kind: &'static str,
        body: T,
    ) -> String {
        line(&Line {
            level,
            message,
            module: "flowctl.ui",
            timestamp,
            body,
            kind,
        })
    }

    pub(super) fn info(message: String, timestamp: &str, kind: &'static str, body: T) -> String {
        Self::at("info", message, timestamp, kind, body)
    }
}

impl Line<'_, Hooked<'_>> {
    pub(super) fn hook(
        message: String,
        timestamp: &str,
        kind: &'static str,
        hook: Hook<'_>,
    ) -> String {
        Line::info(message, timestamp, kind, Hooked { hook })
    }
}

#[derive(Serialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
pub(super) struct VersionJson<'a> {
    pub(super) flowctl: &'a str,
    pub(super) terraform: &'static str,
    pub(super) ui: &'static str,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    pub(super) diagnostic: DiagnosticJson<'a>,
}

#[derive(Serialize)]
pub(super) struct Changes {
    pub(super) changes: CountsJson,
}

#[derive(Serialize)]
pub(super) struct CountsJson {
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) import: usize,
    pub(super) remove: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) forget: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) failed: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) skipped: usize,
    pub(super) operation: &'static str,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize)]
pub(super) struct Planned<'a> {
    pub(super) change: PlannedChange<'a>,
}

#[derive(Serialize)]
pub(super) struct PlannedChange<'a> {
    pub(super) resource: ResourceJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_resource: Option<ResourceJson<'a>>,
    pub(super) action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) importing: Option<Importing<'a>>,
}

#[derive(Serialize)]
pub(super) struct Importing<'a> {
    pub(super) id: &'a str,
}

#[derive(Serialize)]
pub(super) struct ResourceJson<'a> {
    pub(super) addr: String,
    pub(super) module: String,
    pub(super) resource: String,
    pub(super) implied_provider: &'a str,
    pub(super) resource_type: &'a str,
    pub(super) resource_name: &'a str,
    pub(super) resource_key: Option<KeyJson<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum KeyJson<'a> {
    Int(u64),
    Str(&'a str),
}

impl<'a> From<&'a InstanceKey> for KeyJson<'a> {
    fn from(key: &'a InstanceKey) -> Self {
        match key {
            InstanceKey::Int(index) => Self::Int(*index),
            InstanceKey::Str(key) => Self::Str(key),
        }
    }
}

pub(super) fn resource(address: &Address) -> ResourceJson<'_> {
    let inside = Address {
        resource: ResourceAddress {
            module: ModuleInstance::root(),
            ..address.resource.clone()
        },
        key: address.key.clone(),
    };
    let type_name: &str = &address.resource.type_name;
    ResourceJson {
        addr: address.to_string(),
        module: address.resource.module.to_string(),
        resource: inside.to_string(),
        implied_provider: type_name.split('_').next().unwrap_or(type_name),
        resource_type: type_name,
        resource_name: &address.resource.name,
        resource_key: address.key.as_ref().map(KeyJson::from),
    }
}

#[derive(Serialize)]
pub(super) struct Hooked<'a> {
    pub(super) hook: Hook<'a>,
}

#[derive(Serialize)]
pub(super) struct Hook<'a> {
    pub(super) resource: ResourceJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_key: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) elapsed_seconds: Option<u64>,
    // What Terraform's format has no member for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deposed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiting_for: Option<&'a str>,
}

impl<'a> Hook<'a> {
    pub(super) fn of(address: &'a Address) -> Self {
        Self {
            resource: resource(address),
            action: None,
            id_key: None,
            id_value: None,
            elapsed_seconds: None,
            deposed: None,
            error: None,
            finding: None,
            found: None,
            reason: None,
            waiting_for: None,
        }
    }

    pub(super) fn operation(operation: &'a Operation) -> Self {
        Self {
            action: Some(operation.action.name()),
            deposed: operation.deposed.then_some(true),
            ..Self::of(&operation.address)
        }
    }

    pub(super) fn with_id(mut self, operation: &'a Operation) -> Self {
        self.id_value = operation.id.as_deref();
        self.id_key = self.id_value.map(|_| "id");
        self
    }
}

#[derive(Serialize)]
pub(super) struct Outputs<'a, T> {
    pub(super) outputs: &'a BTreeMap<&'a str, T>,
}

#[derive(Serialize)]
pub(super) struct PlannedOutput {
    pub(super) sensitive: bool,
    pub(super) action: &'static str,
}

impl From<&OutputChange> for PlannedOutput {
    fn from(output: &OutputChange) -> Self {
        let action = match (&output.before, &output.after) {
            _ if !output.changed => "noop",
            (None, _) => "create",
            (_, None) => "delete",
            _ => "update",
        };
        Self {
            sensitive: output.sensitive,
            action,
        }
    }
}

#[derive(Serialize)]
pub(super) struct AppliedOutput<'a> {
    pub(super) sensitive: bool,
    #[serde(rename = "type", serialize_with = "type_json")]
    pub(super) ty: Type,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Shown<'a>>,
}

fn type_json<S: Serializer>(ty: &Type, serializer: S) -> Result<S::Ok, S::Error> {
    TypeJson(ty).serialize(serializer)
}
