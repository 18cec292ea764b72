//! When two values are the same to a reader.

use flowctl_lang::functions::unambiguous_yaml;
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

/// The mapping or sequence that a YAML document of more than one line, or in brackets, stands for;
/// `None` for anything else, and for text that is only by chance YAML as well.
pub(super) fn parse_yaml(text: &str) -> Option<Value> {
    let likely = text.contains('\n') || text.starts_with(['{', '[']);
    if !likely || text.len() > LONGEST_YAML {
        return None;
    }
    let value = unambiguous_yaml(text).ok()?;
    let is_document = match (value.members(), value.elements()) {
        (Some(members), _) => !members.is_empty() && members.keys().all(|name| is_yaml_key(name)),
        (_, Some(elements)) => !elements.is_empty(),
        _ => false,
    };
    is_document.then_some(value)
}

/// Longer text is not read as YAML, in bytes.
const LONGEST_YAML: usize = 1 << 20;

/// Whether a name is one that people give to members: `def f(x)` begins a program, and
/// `Dear reader` a letter.
fn is_yaml_key(name: &str) -> bool {
    !name.contains(|c: char| c.is_whitespace() || "()\"'`;".contains(c))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_yaml_only_by_chance_is_text() {
        for text in [
            "name: x",
            "def f(x):\n  return x\n",
            "Dear reader: welcome\nand good bye\n",
            "set -e\necho hello\n",
            "[section]\nkey = value\n",
            "a: 1\na: 2\n",
            "{}",
            "",
        ] {
            assert_eq!(parse_yaml(text), None, "{text}");
        }
        for text in ["name: x\n", "- a\n- b", "{a: 1}", "# c\n---\na.b/c: [1]\n"] {
            assert!(parse_yaml(text).is_some(), "{text}");
        }
    }
}
