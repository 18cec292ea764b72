//! When two values are the same to a reader.

use flowctl_model::{AttributePath, Kind, Number, Type, Value};

/// Whether two values would be shown as equal: marks and the difference between lists and tuples
/// or maps and objects do not count; what is not known yet differs from everything that is known.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Unknown(old), Kind::Unknown(new)) => match (a.digest(), b.digest()) {
            (None, None) => old == new,
            (old, new) => old == new,
        },
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => false,
        (Kind::Null(_), Kind::Null(_)) => true,
        _ => match (a.elements(), b.elements(), a.members(), b.members()) {
            (Some(a), Some(b), _, _) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (_, _, Some(a), Some(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|((m, a), (n, b))| m == n && same(a, b))
            }
            _ => a.kind() == b.kind(),
        },
    }
}

/// Whether one of the paths leads to the other or into it.
pub(super) fn related(a: &AttributePath, b: &AttributePath) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// `after`, but for the parts at `path` and below in which nothing changes by meaning: these are
/// as they were. So a secret of which only the digest is kept is not taken for another, nor what
/// is only written in another way.
pub(super) fn settled(
    before: &Value,
    after: &Value,
    path: &AttributePath,
    changed: &[AttributePath],
) -> Value {
    let changes = |path: &AttributePath| changed.iter().any(|c| related(c, path));
    if !changes(path) {
        return before.clone();
    }
    // What changes as a whole has no paths for its parts.
    if changed.iter().any(|c| path.starts_with(c)) {
        return after.clone();
    }
    let mut at = AttributePath::root();
    after.map_at(&mut at, &mut |inner, value| {
        let mut full = path.clone();
        for step in inner.steps() {
            full.push(step.clone());
        }
        if changed.iter().any(|c| full.starts_with(c)) {
            return Some(value.clone());
        }
        match before.at(inner) {
            Some(before) if !changes(&full) => Some(before.clone()),
            _ => None,
        }
    })
}

/// The value that a JSON document of more than one value stands for; `None` for anything else.
pub(super) fn parse_json(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok().map(|json| from_json(&json))
}

fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::null(Type::Any),
        serde_json::Value::Bool(b) => Value::bool(*b),
        serde_json::Value::Number(n) => match n.to_string().parse::<Number>() {
            Ok(number) => Value::number(number),
            Err(_) => Value::string(n.to_string()),
        },
        serde_json::Value::String(s) => Value::string(s.as_str()),
        serde_json::Value::Array(elements) => {
            Value::tuple(elements.iter().map(from_json).collect())
        }
        serde_json::Value::Object(members) => Value::object(
            members
                .iter()
                .map(|(name, value)| (name.as_str(), from_json(value))),
        ),
    }
}
