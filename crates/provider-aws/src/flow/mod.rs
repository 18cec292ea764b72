//! `aws_appflow_flow`: what it is ([`schema`], [`source`], [`destination`], [`task`]), what must hold
//! between its arguments ([`rules`]), what counts as a change ([`meaning`]) and how it is made
//! ([`objects`]).

mod connectors;
mod content;
mod destination;
mod limits;
mod meaning;
mod objects;
mod rules;
mod schema;
mod source;
mod task;

use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{PlanRequest, PlannedChange, ResourceType, Schema};

use crate::registry::ResourceEntry;
use crate::tags;
use objects::FlowObjects;
use schema::{FLOW, STATUS, TRIGGER};

/// The resource type, for the registry.
pub(crate) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Flow::new()),
        remote: Box::new(|client| Arc::new(FlowObjects::new(Arc::clone(client)))),
    }
}

/// The resource type: all that is decided without a request.
pub(crate) struct Flow {
    schema: Schema,
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self {
            schema: schema::resource(),
        }
    }
}

impl ResourceType for Flow {
    fn name(&self) -> &'static str {
        FLOW
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
        let changes = |name: &str| {
            let mut names = request
                .changed
                .iter()
                .filter_map(|path| path.names().next());
            names.any(|first| first.as_str() == name)
        };
        let replaced = request.prior.is_none()
            || request.changed.iter().any(|path| {
                let attribute = self.schema.block.attribute_at(path);
                attribute.is_some_and(|attribute| attribute.replace)
            });
        let unset = |name: &str| request.config.get(name).is_none_or(Value::is_null);
        let members = request.proposed.members().into_iter().flatten();
        let planned = members.map(|(name, value)| {
            let value = match name.as_str() {
                "tags_all" => tags::planned(&request),
                "id" if replaced => {
                    let identity = request.proposed.get("name");
                    identity.cloned().unwrap_or_else(|| value.clone())
                }
                "arn" if replaced => Value::unknown(Type::String),
                "kms_arn" if replaced && unset("kms_arn") => Value::unknown(Type::String),
                // A flow on demand is always active, one with a schedule waits to be started.
                STATUS if unset(STATUS) && (replaced || changes(TRIGGER)) => {
                    Value::unknown(Type::String)
                }
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        PlannedChange {
            planned: Value::object(planned),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        object.get("name")?.as_str().map(Text::from)
    }
}
