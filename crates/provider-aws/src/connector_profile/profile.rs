//! A profile as the SDK has it, and as a value: both ways.

use std::sync::LazyLock;

use aws_sdk_appflow::types::{
    ConnectionMode, ConnectorProfile, ConnectorProfileConfig, ConnectorProfileCredentials,
    ConnectorProfileProperties, ConnectorType, PrivateConnectionProvisioningFailureCause,
    PrivateConnectionProvisioningState, PrivateConnectionProvisioningStatus,
};
use aws_smithy_types::date_time::{DateTime, Format};
use flowctl_model::{Text, Type, Value};
use flowctl_schema::{Block, Presence, RemoteObject};

use super::connectors::block_of;
use super::meaning::equivalent;
use super::schema::{CONFIG, CREDENTIALS, FORCE_DELETE, PRIVATE_STATE, PROPERTIES, private_state};
use crate::structure::{EncodeError, Structure, decode_block, encode_block};
use crate::table::text;

static BLOCKS: LazyLock<[(&str, Block); 2]> = LazyLock::new(|| {
    [
        (CREDENTIALS, ConnectorProfileCredentials::block()),
        (PROPERTIES, ConnectorProfileProperties::block()),
    ]
});

/// Whether a connector's block below [`CREDENTIALS`] or [`PROPERTIES`] requires nothing.
pub(super) fn may_be_empty(part: &str, block: &str) -> bool {
    let (_, table) = &BLOCKS[usize::from(part == PROPERTIES)];
    table.nested(block).is_some_and(|nested| {
        let required = |a: &flowctl_schema::Attribute| a.presence == Presence::Required;
        !nested.block.attributes.iter().any(required)
            && nested.block.blocks.iter().all(|inner| inner.min == 0)
    })
}

/// The whole configuration for a request, credentials included.
pub(super) fn encode(object: &Value) -> Result<ConnectorProfileConfig, EncodeError> {
    let block = text(object, "connector_type").and_then(block_of);
    let completed = with_implied_blocks(object, block);
    encode_block(completed.as_ref().unwrap_or(object), CONFIG)?.ok_or(EncodeError::Unusable(CONFIG))
}

/// The profile with an empty block for its connector where the configuration has none and needs
/// none: the service wants the structure all the same. `None` if there is nothing to add.
fn with_implied_blocks(object: &Value, block: Option<&str>) -> Option<Value> {
    let block = block?;
    let config = object.get(CONFIG)?.elements()?.first()?;
    let mut parts = config.members()?.clone();
    let mut added = false;
    for part in [CREDENTIALS, PROPERTIES] {
        let Some(inner) = parts
            .get(part)
            .and_then(Value::elements)
            .and_then(<[_]>::first)
        else {
            continue;
        };
        let given = inner.get(block).and_then(Value::elements);
        if !may_be_empty(part, block) || given.is_some_and(|given| !given.is_empty()) {
            continue;
        }
        let mut members = inner.members()?.clone();
        let empty = Value::object::<&str>([]);
        members.insert(block.into(), Value::list(Type::Any, vec![empty]));
        let completed = Value::object(members);
        parts.insert(part.into(), Value::list(Type::Any, vec![completed]));
        added = true;
    }
    added.then(|| {
        let config = Value::list(Type::Any, vec![Value::object(parts)]);
        Value::object([(CONFIG, config)])
    })
}

/// The profile as the service has it.
pub(super) fn decode(profile: &ConnectorProfile) -> RemoteObject {
    let name = profile
        .connector_profile_name
        .as_deref()
        .unwrap_or_default();
    let mut members = described(profile);
    let none = Value::list(ConnectorProfileCredentials::object_type(), Vec::new());
    let config = Value::object([(CREDENTIALS, none), (PROPERTIES, properties(profile))]);
    members.extend([
        (FORCE_DELETE, Value::null(Type::Bool)),
        ("kms_arn", Value::null(Type::String)),
        (
            CONFIG,
            Value::list(ConnectorProfileConfig::object_type(), vec![config]),
        ),
    ]);
    RemoteObject {
        id: Text::from(name),
        attributes: Value::object(members),
        created_at: profile.created_at.as_ref().map(DateTime::as_secs_f64),
    }
}

/// The profile as the data source tells it.
pub(super) fn decode_data(profile: &ConnectorProfile) -> Value {
    let mut members = described(profile);
    members.push((PROPERTIES, properties(profile)));
    Value::object(members)
}

fn described(profile: &ConnectorProfile) -> Vec<(&'static str, Value)> {
    let string = |text: Option<&str>| text.map_or_else(|| Value::null(Type::String), Value::string);
    let time = |time: Option<&DateTime>| {
        let text = time.and_then(|time| time.fmt(Format::DateTime).ok());
        string(text.as_deref())
    };
    let name = string(profile.connector_profile_name.as_deref());
    let state = profile.private_connection_provisioning_state.as_ref();
    vec![
        ("id", name.clone()),
        ("name", name),
        (
            "connection_mode",
            string(profile.connection_mode.as_ref().map(ConnectionMode::as_str)),
        ),
        (
            "connector_label",
            string(profile.connector_label.as_deref()),
        ),
        (
            "connector_type",
            string(profile.connector_type.as_ref().map(ConnectorType::as_str)),
        ),
        ("arn", string(profile.connector_profile_arn.as_deref())),
        (
            "credentials_arn",
            string(profile.credentials_arn.as_deref()),
        ),
        ("created_at", time(profile.created_at.as_ref())),
        ("last_updated_at", time(profile.last_updated_at.as_ref())),
        (
            PRIVATE_STATE,
            state.map_or_else(|| Value::null(private_state()), provisioning),
        ),
    ]
}

/// The service may leave the properties out where a connector has none.
fn properties(profile: &ConnectorProfile) -> Value {
    let none = || ConnectorProfileProperties::builder().build();
    let properties = profile
        .connector_profile_properties
        .clone()
        .unwrap_or_else(none);
    decode_block(Some(&properties))
}

fn provisioning(state: &PrivateConnectionProvisioningState) -> Value {
    let string = |text: Option<&str>| text.map_or_else(|| Value::null(Type::String), Value::string);
    Value::object([
        (
            "status",
            string(
                state
                    .status
                    .as_ref()
                    .map(PrivateConnectionProvisioningStatus::as_str),
            ),
        ),
        ("failure_message", string(state.failure_message.as_deref())),
        (
            "failure_cause",
            string(
                state
                    .failure_cause
                    .as_ref()
                    .map(PrivateConnectionProvisioningFailureCause::as_str),
            ),
        ),
    ])
}

/// Whether the service tells everything that was asked for, as far as it tells it at all.
pub(super) fn is_current(table: &Block, planned: &Value, live: &Value) -> bool {
    let mut current = true;
    planned.visit(&mut |path, value| {
        if !current || !value.is_known() {
            return false;
        }
        let told = table.attribute_at(path).is_none_or(|a| a.returned);
        if path.names().any(|name| name.as_str() == CREDENTIALS) || !told {
            return false;
        }
        let nested = value.elements().is_some() || value.members().is_some();
        if table.attribute_at(path).is_some() || !nested {
            let null = Value::null(value.ty());
            let live = live.at(path).unwrap_or(&null);
            let plain = value.unmarked_deep(flowctl_model::Marks::SENSITIVE);
            let same = (plain.is_null() && live.is_null()) || plain == *live;
            current = same || equivalent(path, &plain, live);
            return false;
        }
        true
    });
    current
}
