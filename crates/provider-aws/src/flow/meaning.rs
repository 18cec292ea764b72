//! When two values of a flow mean the same to the service although they differ.

use aws_smithy_types::DateTime;
use flowctl_model::{AttributePath, Text, Value};

use super::schema::{DESTINATION, STATUS, SUSPENDED, TASK};
use crate::arn::Arn;
use crate::imported;
use crate::structure::Leaf as _;
use crate::values::{in_order_of, is_blank, same, same_elements};

/// Whether two different values at a path of the resource mean the same.
pub(super) fn equivalent(path: &AttributePath, one: &Value, other: &Value) -> bool {
    if !one.is_known() || !other.is_known() {
        return false;
    }
    let mut names = path.names().map(Text::as_str);
    let first = names.next();
    let last = names.last();
    match (first, last) {
        // Other tools that kept this flow called it by its ARN.
        (Some("id"), None) => is_arn_of(one, other) || is_arn_of(other, one),
        (Some(STATUS), None) => is_still(one) && is_still(other),
        // Of a whole list the order means nothing.
        (Some(TASK | DESTINATION), None) if path.steps().len() == 1 => {
            match (one.elements(), other.elements()) {
                (Some(one), Some(other)) => same_elements(one, other, &alike),
                _ => false,
            }
        }
        (None | Some("name" | "arn" | "kms_arn" | "tags" | "tags_all"), _) => false,
        (Some(_), last) => {
            (is_blank(one) && is_blank(other)) || leaves_alike(last.unwrap_or_default(), one, other)
        }
    }
}

/// Whether two blocks ask for the same.
pub(super) fn alike(one: &Value, other: &Value) -> bool {
    same(one, other, &leaves_alike)
}

/// Tasks or destinations as the service tells them, in the order of what is known of them.
pub(super) fn arranged(known: Option<&Value>, live: Vec<Value>) -> Vec<Value> {
    match known.and_then(Value::elements) {
        Some(known) => in_order_of(known, &live, &alike).0,
        None => live,
    }
}

fn leaves_alike(argument: &str, one: &Value, other: &Value) -> bool {
    match argument {
        "schedule_start_time" | "schedule_end_time" | "first_execution_from" => {
            let time = |value: &Value| DateTime::from_value(value);
            time(one).is_some() && time(one) == time(other)
        }
        "schedule_expression" => {
            let bare = |value: &Value| Some(value.as_str()?.replace(' ', ""));
            bare(one).is_some() && bare(one) == bare(other)
        }
        _ => false,
    }
}

/// Whether a flow does not run by itself: it was stopped, or never started.
fn is_still(status: &Value) -> bool {
    matches!(status.as_str(), Some(SUSPENDED | "Draft"))
}

fn is_arn_of(arn: &Value, name: &Value) -> bool {
    let arn = arn.as_str().and_then(|arn| Arn::parse(arn).ok());
    matches!((arn, name.as_str()), (Some(arn), Some(name)) if imported::FLOW.named(&arn) == Some(name))
}

#[cfg(test)]
mod tests {
    use flowctl_model::Type;

    use super::*;

    #[test]
    fn values_that_mean_the_same() {
        let at = AttributePath::attribute;
        let trigger = at("trigger_config").index(0);
        let scheduled = trigger
            .child("trigger_properties")
            .index(0)
            .child("scheduled");
        let start = scheduled.index(0).child("schedule_start_time");
        let rate = scheduled.index(0).child("schedule_expression");
        let flag = at(DESTINATION).index(0).child("x").index(0).child("y");
        let null = || Value::null(Type::String);
        let task = |name: &str, field: Value| {
            Value::object([
                ("task_type", Value::from(name)),
                ("destination_field", field),
            ])
        };
        let tasks = |tasks: Vec<Value>| Value::list(Type::Any, tasks);
        let arn = "arn:aws:appflow:eu-west-1:123456789012:flow/a";
        let cases = [
            (
                start.clone(),
                "2026-01-01T01:00:00+01:00".into(),
                "2026-01-01T00:00:00Z".into(),
                true,
            ),
            (
                start.clone(),
                "2026-01-01T01:00:00Z".into(),
                "2026-01-01T00:00:00Z".into(),
                false,
            ),
            (start, "x".into(), "y".into(), false),
            (
                rate.clone(),
                "rate(5 minutes)".into(),
                "rate(5minutes)".into(),
                true,
            ),
            (
                rate,
                "rate(5minutes)".into(),
                "rate(6minutes)".into(),
                false,
            ),
            (flag.clone(), Value::bool(false), null(), true),
            (flag, Value::bool(true), null(), false),
            (
                scheduled,
                tasks(vec![]),
                tasks(vec![Value::object([("a", null())])]),
                true,
            ),
            (at("description"), "".into(), null(), true),
            (at("description"), "a".into(), null(), false),
            (at("name"), "".into(), null(), false),
            (at("id"), arn.into(), "a".into(), true),
            (at("id"), arn.into(), "b".into(), false),
            (at(STATUS), "Draft".into(), SUSPENDED.into(), true),
            (at(STATUS), "Active".into(), SUSPENDED.into(), false),
            (at(STATUS), "Errored".into(), SUSPENDED.into(), false),
            (
                at(TASK),
                tasks(vec![task("Map", null()), task("Filter", null())]),
                tasks(vec![task("Filter", "".into()), task("Map", null())]),
                true,
            ),
            (
                at(TASK),
                tasks(vec![task("Map", null())]),
                tasks(vec![task("Map", "a".into())]),
                false,
            ),
            (
                at(TASK).index(0),
                task("Map", null()),
                task("Map", null()),
                false,
            ),
        ];
        for (path, one, other, expected) in cases {
            assert_eq!(
                equivalent(&path, &one, &other),
                expected,
                "{path}: {one:?} {other:?}"
            );
            assert_eq!(
                equivalent(&path, &other, &one),
                expected,
                "{path}: {other:?} {one:?}"
            );
        }
    }
}
