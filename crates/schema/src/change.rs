//! Laws of change that follow from a schema alone: what means the same, what a read tells, what
//! an object will be after a change.

use flowctl_model::{AttributePath, Value};

use crate::{PlanRequest, PlannedChange, Schema};

/// Whether two values at `path` mean the same.
pub fn equivalent(schema: &Schema, path: &AttributePath, a: &Value, b: &Value) -> bool {
    let _ = (schema, path);
    a == b
}

/// The object after a change.
pub fn plan(schema: &Schema, request: PlanRequest<'_>) -> PlannedChange {
    let _ = schema;
    PlannedChange {
        planned: request.config.clone(),
        replace: Vec::new(),
    }
}

/// What is known of an object after a read.
pub fn merge_read(schema: &Schema, prior: Option<&Value>, live: &Value) -> Value {
    let _ = (schema, prior);
    live.clone()
}
