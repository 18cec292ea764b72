//! Whether an object that is there already is the one that we were about to make: for services that
//! recognise no request that is sent once more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use flowctl_model::{AttributePath, Value};
use flowctl_schema::{ErrorKind, ProviderError, RemoteObject, ResourceType, agrees};

/// How much earlier than our first attempt an object may have been made to be ours, in seconds:
/// clocks differ.
const MADE_BEFORE: f64 = 60.0;

/// When each creation was first attempted, by its token.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, f64>>);

impl Attempts {
    /// When the creation with this token was first attempted, in seconds since 1970: now, if this
    /// is the first attempt.
    pub(crate) fn first(&self, token: &str) -> f64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(token.to_owned()).or_insert_with(now)
    }

    /// Whether it was attempted before.
    pub(crate) fn has(&self, token: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.contains_key(token)
    }
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Whether the object was made by an attempt of ours whose answer was lost: it is not older, and
/// everything that the service tells of it is as it was asked for.
pub(crate) fn is_ours(
    resource: &dyn ResourceType,
    planned: &Value,
    live: &RemoteObject,
    first_attempt: f64,
) -> bool {
    let in_time = live.created_at;
    in_time.is_some_and(|made| made >= first_attempt - MADE_BEFORE)
        && agrees(resource, planned, &live.attributes)
}

/// Whether the service tells everything as it was asked for: some tell of a change late.
pub(crate) fn is_told(resource: &dyn ResourceType, planned: &Value, live: &Value) -> bool {
    let attributes = resource.schema().block.attributes.iter();
    let mut told = attributes.filter(|attribute| attribute.returned && !attribute.secret);
    told.all(|attribute| {
        let (asked, live) = (planned.get(attribute.name), live.get(attribute.name));
        let (Some(asked), Some(live)) = (asked, live) else {
            return true;
        };
        let path = AttributePath::attribute(attribute.name);
        let asked = asked.unmarked_deep(asked.deep_marks());
        let same = asked.kind() == live.kind() || resource.equivalent(&path, &asked, live);
        same || !asked.is_wholly_known() || (asked.is_null() && attribute.presence.is_computed())
    })
}

/// The name is taken by an object that is not ours.
pub(crate) fn taken(mut error: ProviderError, id: &str) -> ProviderError {
    error.kind = ErrorKind::Conflict;
    error.with_hint(format!(
        "an object of this name exists, and not from this run: choose another name, or adopt it with \
         an `import` block whose `id` is {id:?}"
    ))
}

#[cfg(test)]
mod tests {
    use flowctl_schema::Provider;
    use flowctl_schema::builtin::BuiltinProvider;

    use super::*;

    #[test]
    fn an_object_is_ours_if_it_is_new_and_as_asked_for() {
        let provider = BuiltinProvider::new();
        let resource = &*provider.resource_types()[0];
        let asked = Value::object([("input", Value::from("a"))]);
        let live = |input: &str, created_at| RemoteObject {
            id: "1".into(),
            attributes: Value::object([("id", Value::from("1")), ("input", Value::from(input))]),
            created_at,
        };
        let ours = |live: RemoteObject| is_ours(resource, &asked, &live, 1000.0);
        assert!(ours(live("a", Some(1001.0))) && ours(live("a", Some(960.0))));
        assert!(!ours(live("a", Some(900.0))), "it is older");
        assert!(!ours(live("b", Some(1001.0))), "it is another one");
        assert!(!ours(live("a", None)), "nobody knows");
    }

    #[test]
    fn what_is_told_late_is_not_told_yet() {
        let provider = BuiltinProvider::new();
        let resource = &*provider.resource_types()[0];
        let object = |input: Value| Value::object([("input", input), ("id", "1".into())]);
        let told = |asked: Value, live: Value| is_told(resource, &object(asked), &object(live));
        let secret = Value::from("a").marked(flowctl_model::Marks::SENSITIVE);
        assert!(told("a".into(), "a".into()) && told(secret, "a".into()));
        assert!(told(Value::unknown(flowctl_model::Type::Any), "a".into()));
        assert!(!told("b".into(), "a".into()));
    }

    #[test]
    fn the_first_attempt_counts() {
        let attempts = Attempts::default();
        assert!(!attempts.has("a"));
        let first = attempts.first("a");
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!((attempts.first("a") - first).abs() < f64::EPSILON);
        assert!(attempts.first("b") > first);
        assert!(attempts.has("a") && !attempts.has("c"));
    }
}
