//! Names of which a configuration gives only the beginning, or nothing: the rest comes from the
//! token of the creation, so that the object is found again if the answer is lost.

use std::fmt::Write as _;

use flowctl_model::{Text, Type, Value};
use flowctl_schema::PlanRequest;
use sha2::{Digest as _, Sha256};

use crate::table::{is_set, text_value};

/// How many hexadecimal digits are added, as many as Terraform adds.
pub(crate) const DIGITS: usize = 26;

/// What names begin with of which a configuration says nothing.
const DEFAULT: &str = "terraform-";

/// A name that no other token makes.
pub(crate) fn generated(prefix: &str, token: &str) -> String {
    let mut name = prefix.to_owned();
    for byte in Sha256::digest(token).iter().take(DIGITS / 2) {
        // A text can always be written to.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The name of an object that is created with this token: its own, or one made of the token.
pub(crate) fn created(object: &Value, name: &str, prefix: &str, token: &str) -> Option<Text> {
    let own = object.get(name).filter(|value| !value.is_null());
    match own {
        Some(value) if value.is_known() => value.as_str().map(Text::from),
        // Unknown because nothing is said, or because it depends on something.
        _ => {
            let beginning = object.get(prefix)?;
            let beginning = beginning.is_known().then(|| beginning.as_str());
            Some(generated(beginning?.unwrap_or(DEFAULT), token).into())
        }
    }
}

/// What the name is planned to be, and its prefix: an object that exists keeps the prefix that it
/// has as long as the configuration does not name one.
pub(crate) fn planned(
    request: &PlanRequest<'_>,
    name: &'static str,
    prefix: &'static str,
) -> [(&'static str, Value); 2] {
    let null = || Value::null(Type::String);
    let member = |object: &Value, name| object.get(name).cloned().unwrap_or_else(null);
    let kept = match request.prior {
        Some(prior) if !is_set(request.config, prefix) => member(prior, prefix),
        _ => member(request.config, prefix),
    };
    [(name, member(request.proposed, name)), (prefix, kept)]
}

/// The prefix that a name was made of, if it looks so; null if not.
pub(crate) fn prefix_of(name: &str) -> Value {
    let split = name.len().checked_sub(DIGITS);
    let parts = split.and_then(|at| name.split_at_checked(at));
    let made = parts.filter(|(_, digits)| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    text_value(made.map(|(prefix, _)| prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_token() {
        let name = generated("crm-", "token");
        assert_eq!(name.len(), 4 + DIGITS);
        assert_eq!(name, generated("crm-", "token"));
        assert_ne!(name, generated("crm-", "other"));
        assert_eq!(prefix_of(&name), Value::from("crm-"));
        assert!(
            prefix_of("crm").is_null() && prefix_of("crm-not-made-of-a-token-at-all").is_null()
        );
    }

    #[test]
    fn a_name_of_its_own_comes_before_a_prefix() {
        let object = |name: Value, prefix: Value| Value::object([("n", name), ("p", prefix)]);
        let (null, unknown) = (
            || Value::null(Type::String),
            || Value::unknown(Type::String),
        );
        let created = |name, prefix| created(&object(name, prefix), "n", "p", "token");
        assert_eq!(created("a".into(), null()).as_deref(), Some("a"));
        let from = |prefix| Some(generated(prefix, "token"));
        let text = |name: Option<Text>| name.map(|name| name.to_string());
        assert_eq!(text(created(unknown(), "x-".into())), from("x-"));
        assert_eq!(text(created(unknown(), null())), from(DEFAULT));
        assert_eq!(created(unknown(), unknown()), None);
    }

    #[test]
    fn an_object_keeps_the_prefix_that_it_has() {
        let object = |name: Value, prefix: Value| Value::object([("n", name), ("p", prefix)]);
        let null = || Value::null(Type::String);
        let prior = object("x-1".into(), "x-".into());
        let plan = |prior: Option<&Value>, config: &Value, proposed: &Value| {
            let [(_, name), (_, prefix)] = planned(
                &PlanRequest {
                    prior,
                    config,
                    proposed,
                    changed: &[],
                    provider: None,
                },
                "n",
                "p",
            );
            (name, prefix)
        };
        let nothing = object(null(), null());
        let kept = ("x-1".into(), "x-".into());
        assert_eq!(plan(Some(&prior), &nothing, &prior), kept);
        let other = object(null(), "y-".into());
        let (_, prefix) = plan(Some(&prior), &other, &object("x-1".into(), "y-".into()));
        assert_eq!(prefix, "y-".into());
        let unknown = object(Value::unknown(Type::String), Value::unknown(Type::String));
        assert!(plan(None, &nothing, &unknown).1.is_null());
    }
}
