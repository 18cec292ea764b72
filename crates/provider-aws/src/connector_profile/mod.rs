//! `aws_appflow_connector_profile`: what it is ([`schema`], [`credentials`], [`properties`]), what
//! must hold between its arguments ([`rules`]), what counts as a change ([`meaning`]) and how it
//! is made ([`objects`]).

mod connectors;
mod credentials;
mod data;
mod meaning;
mod objects;
mod profile;
mod properties;
mod rules;
mod schema;

use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{DataSource, PlanRequest, PlannedChange, ResourceType, Schema};

use crate::registry::{ResourceEntry, SourceEntry};
pub(crate) use connectors::block_of;
use data::ProfileData;
use objects::ProfileObjects;
use schema::{CONFIG, CONNECTOR_PROFILE, CREDENTIALS, FORCE_DELETE, PRIVATE_STATE};

/// The resource type, for the registry.
pub(crate) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(ConnectorProfile::new()),
        remote: Box::new(|client| Arc::new(ProfileObjects::new(Arc::clone(client)))),
    }
}

/// The data source, for the registry.
pub(crate) fn source() -> SourceEntry {
    SourceEntry {
        pure: Arc::new(ProfileSource::new()),
        remote: Box::new(|client| Arc::new(ProfileData::new(Arc::clone(client)))),
    }
}

/// The resource type: all that is decided without a request.
pub(crate) struct ConnectorProfile {
    schema: Schema,
}

impl ConnectorProfile {
    pub(crate) fn new() -> Self {
        Self {
            schema: schema::resource(),
        }
    }

    /// Whether one of the changed paths forces a replacement.
    fn is_replaced(&self, changed: &[AttributePath], in_place: &[AttributePath]) -> bool {
        let replaces = |path: &AttributePath| {
            let attribute = self.schema.block.attribute_at(path);
            attribute.is_some_and(|attribute| attribute.replace) && !in_place.contains(path)
        };
        changed.iter().any(replaces)
    }
}

impl ResourceType for ConnectorProfile {
    fn name(&self) -> &'static str {
        CONNECTOR_PROFILE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::check(config)
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        meaning::equivalent(path, prior, proposed)
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let in_place = match request.prior {
            Some(prior) if is_adopted(prior) => vec![AttributePath::attribute("kms_arn")],
            _ => Vec::new(),
        };
        let replaced = request.prior.is_none() || self.is_replaced(request.changed, &in_place);
        // What the service says anew after the request; everything else that it decides stays.
        let unknown: &[&str] = if replaced {
            &[
                "arn",
                "credentials_arn",
                "created_at",
                "last_updated_at",
                PRIVATE_STATE,
            ]
        } else if request.changed.iter().any(is_sent) {
            let mode = AttributePath::attribute("connection_mode");
            if request.changed.contains(&mode) {
                &["last_updated_at", PRIVATE_STATE]
            } else {
                &["last_updated_at"]
            }
        } else {
            &[]
        };
        let members = request.proposed.members().into_iter().flatten();
        let planned = members.map(|(name, value)| {
            let value = match name.as_str() {
                "id" if replaced => {
                    let identity = request.proposed.get("name");
                    identity.cloned().unwrap_or_else(|| value.clone())
                }
                "kms_arn" if replaced && is_unset(request.config, "kms_arn") => {
                    Value::unknown(Type::String)
                }
                name if unknown.contains(&name) => Value::unknown(value.ty()),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        PlannedChange {
            planned: Value::object(planned),
            replace: Vec::new(),
            in_place,
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        object.get("name")?.as_str().map(Text::from)
    }
}

/// Whether a profile was adopted and not changed since: of one that was made or changed, state knows
/// that it has credentials. Which key it is encrypted with the service does not tell, so the
/// configuration's word is taken for it.
fn is_adopted(prior: &Value) -> bool {
    let config = prior.get(CONFIG).and_then(Value::elements);
    let credentials = config
        .and_then(<[Value]>::first)
        .and_then(|config| config.get(CREDENTIALS))
        .and_then(Value::elements);
    let untold = prior.get("kms_arn").is_none_or(Value::is_null);
    untold && credentials.is_some_and(<[Value]>::is_empty)
}

/// Whether a change at this path is one of the profile in the service.
fn is_sent(path: &AttributePath) -> bool {
    let first = path.names().next().map(Text::as_str);
    matches!(first, Some("connection_mode" | CONFIG | FORCE_DELETE))
}

fn is_unset(object: &Value, name: &str) -> bool {
    object.get(name).is_none_or(Value::is_null)
}

/// The data source's table.
pub(crate) struct ProfileSource {
    schema: Schema,
}

impl ProfileSource {
    pub(crate) fn new() -> Self {
        Self {
            schema: schema::data_source(),
        }
    }
}

impl DataSource for ProfileSource {
    fn name(&self) -> &'static str {
        CONNECTOR_PROFILE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }
}
