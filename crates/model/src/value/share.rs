//! One copy of what is the same in two values.

use std::sync::Arc;

use super::{Kind, Value};

impl Value {
    /// The value, with everything in it that `known` has too taken from there, so that the two share
    /// memory. What state keeps, what the service tells and what is planned are mostly the same.
    #[must_use]
    pub fn sharing(self, known: &Value) -> Value {
        if self.is_same_as(known) {
            return known.clone();
        }
        let Value { kind, marks } = self;
        let kind = match (kind, known.kind()) {
            (Kind::Object(members), Kind::Object(other)) => Kind::Object(shared(members, other)),
            (Kind::Map(element, members), Kind::Map(_, other)) => {
                Kind::Map(element, shared(members, other))
            }
            (Kind::List(element, values), Kind::List(_, other)) if values.len() == other.len() => {
                let values = Arc::unwrap_or_clone(values).into_iter().zip(other.iter());
                Kind::List(
                    element,
                    Arc::new(values.map(|(value, other)| value.sharing(other)).collect()),
                )
            }
            (kind, _) => kind,
        };
        Value { kind, marks }
    }

    /// Whether two values are the same to whoever reads them: types of what is null or empty, which
    /// state does not keep, do not count.
    pub fn is_same_as(&self, other: &Value) -> bool {
        if self.marks != other.marks {
            return false;
        }
        match (&self.kind, &other.kind) {
            (Kind::Null(_), Kind::Null(_)) => true,
            (Kind::List(_, a), Kind::List(_, b))
            | (Kind::Set(_, a), Kind::Set(_, b))
            | (Kind::Tuple(a), Kind::Tuple(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.is_same_as(b)))
            }
            (Kind::Map(_, a), Kind::Map(_, b)) | (Kind::Object(a), Kind::Object(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.len() == b.len()
                        && a.iter()
                            .zip(b.iter())
                            .all(|((n, a), (m, b))| n == m && a.is_same_as(b)))
            }
            (a, b) => a == b,
        }
    }
}

type Members = Arc<std::collections::BTreeMap<crate::Text, Value>>;

fn shared(members: Members, known: &Members) -> Members {
    let mut members = members;
    for (name, value) in Arc::make_mut(&mut members) {
        if let Some(known) = known.get(name) {
            let taken = std::mem::replace(value, Value::bool(false));
            *value = taken.sharing(known);
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Marks, Type};

    #[test]
    fn what_is_the_same_is_there_once() {
        let inner = |text: &str| {
            Value::object([("a", Value::from(text)), ("b", Value::null(Type::String))])
        };
        let known = Value::object([
            ("same", inner("x")),
            ("other", inner("y")),
            ("null", Value::null(Type::Any)),
            ("secret", Value::from("s")),
        ]);
        let value = Value::object([
            ("same", inner("x")),
            ("other", inner("z")),
            ("null", Value::null(Type::String)),
            ("secret", Value::from("s").marked(Marks::SENSITIVE)),
        ]);
        let shared = value.clone().sharing(&known);
        assert!(shared.is_same_as(&value));
        let parts = |value: &Value, name: &str| match value.get(name).map(Value::kind) {
            Some(Kind::Object(members)) => Arc::clone(members),
            _ => panic!("an object"),
        };
        assert!(Arc::ptr_eq(&parts(&shared, "same"), &parts(&known, "same")));
        assert!(!Arc::ptr_eq(
            &parts(&shared, "other"),
            &parts(&known, "other")
        ));
        assert!(shared.get("secret").is_some_and(Value::is_sensitive));
    }
}
