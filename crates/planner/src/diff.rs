//! Prior object and configuration to the object that is proposed, and where the two differ by
//! meaning. Pure, and the same for every resource type.

use std::collections::BTreeMap;

use flowctl_model::{AttributePath, Digester, Kind, Step, Text, Value};
use flowctl_schema::{Block, Presence, ResourceType};

/// The configuration, completed: where it sets nothing and the service decides, the prior value,
/// or unknown for an object that is still to be made.
pub fn proposed(block: &Block, prior: Option<&Value>, config: &Value) -> Value {
    let mut members = BTreeMap::<Text, Value>::new();
    for attribute in &block.attributes {
        let configured = config.get(attribute.name).filter(|value| !value.is_null());
        let value = match (configured, attribute.presence) {
            (Some(value), _) => value.clone(),
            (None, Presence::Computed | Presence::OptionalComputed) => match prior {
                Some(prior) => prior
                    .get(attribute.name)
                    .cloned()
                    .unwrap_or_else(|| Value::null(attribute.ty.clone())),
                None => Value::unknown(attribute.ty.clone()),
            },
            (None, _) => Value::null(attribute.ty.clone()),
        };
        members.insert(Text::fixed(attribute.name), value);
    }
    for nested in &block.blocks {
        let Some(configured) = config.get(nested.name) else {
            continue;
        };
        let before = prior
            .and_then(|prior| prior.get(nested.name))
            .and_then(Value::elements);
        let value = match configured.kind() {
            Kind::List(element, values) => Value::list(
                element.clone(),
                values
                    .iter()
                    .enumerate()
                    .map(|(index, value)| {
                        let before = before.and_then(|before| before.get(index));
                        proposed(&nested.block, before, value)
                    })
                    .collect(),
            ),
            _ => configured.clone(),
        };
        members.insert(Text::fixed(nested.name), value.marked(configured.marks()));
    }
    Value::object(members)
}

/// The paths at which `after` asks for something that `before` is not, outermost first where whole
/// blocks come or go. Withheld secrets are compared by digest.
pub fn changed(
    resource: &dyn ResourceType,
    digester: &Digester,
    before: &Value,
    after: &Value,
) -> Vec<AttributePath> {
    let mut walk = Walk {
        resource,
        digester,
        path: AttributePath::root(),
        changed: Vec::new(),
    };
    walk.compare(before, after);
    walk.changed
}

struct Walk<'a> {
    resource: &'a dyn ResourceType,
    digester: &'a Digester,
    path: AttributePath,
    changed: Vec<AttributePath>,
}

impl Walk<'_> {
    fn inside(&mut self, step: Step, before: &Value, after: &Value) {
        self.path.push(step);
        self.compare(before, after);
        self.path.pop();
    }

    fn compare(&mut self, before: &Value, after: &Value) {
        if let Some(digest) = before.digest() {
            let same = match after.digest() {
                Some(other) => digest == other,
                None => after.is_known() && self.digester.matches(digest, after),
            };
            if !same {
                self.changed.push(self.path.clone());
            }
            return;
        }
        match (before.kind(), after.kind()) {
            (Kind::Null(_), Kind::Null(_)) => {}
            (Kind::List(_, old) | Kind::Tuple(old), Kind::List(_, new) | Kind::Tuple(new))
                if old.len() == new.len() =>
            {
                if self.resource.equivalent(&self.path, before, after) {
                    return;
                }
                for (index, (old, new)) in old.iter().zip(new.iter()).enumerate() {
                    self.inside(Step::Index(index), old, new);
                }
            }
            (Kind::Object(old), Kind::Object(new)) => {
                for (name, new) in new.iter() {
                    let null = Value::null(new.ty());
                    let old = old.get(name).unwrap_or(&null);
                    self.inside(Step::Attribute(name.clone()), old, new);
                }
                for (name, old) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
                    self.inside(Step::Attribute(name.clone()), old, &Value::null(old.ty()));
                }
            }
            (Kind::Map(_, old), Kind::Map(_, new)) => {
                let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
                for name in names {
                    let null = Value::null(flowctl_model::Type::Any);
                    let (old, new) = (
                        old.get(name).unwrap_or(&null),
                        new.get(name).unwrap_or(&null),
                    );
                    self.inside(Step::Key(name.clone()), old, new);
                }
            }
            // State does not keep the type of elements.
            (Kind::Set(_, old), Kind::Set(_, new)) if old == new => {}
            // Of what the service does not tell, blocks without a value ask for nothing.
            _ if is_void(before)
                && is_void(after)
                && !self.resource.schema().block.tells(&self.path) => {}
            (old, new) => {
                if old != new && !self.resource.equivalent(&self.path, before, after) {
                    self.changed.push(self.path.clone());
                }
            }
        }
    }
}

/// `after` with every secret that is still the one of which `before` has a digest withheld as there.
pub(crate) fn recognised(digester: &Digester, before: &Value, after: &Value) -> Value {
    after.map_at(&mut AttributePath::root(), &mut |path, value| {
        let kept = before.at(path)?;
        let same = value.is_known() && digester.matches(kept.digest()?, value);
        same.then(|| kept.clone())
    })
}

/// Whether there is no value anywhere inside.
fn is_void(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(_) => true,
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            elements.iter().all(is_void)
        }
        Kind::Map(_, members) | Kind::Object(members) => members.values().all(is_void),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use flowctl_model::secret::withhold;
    use flowctl_model::{Marks, Type};
    use flowctl_schema::Provider;
    use flowctl_schema::builtin::BuiltinProvider;

    use super::*;

    fn object(input: Value) -> Value {
        Value::object([
            ("id", Value::from("1")),
            ("input", input.clone()),
            ("output", input),
            ("triggers_replace", Value::null(Type::Any)),
        ])
    }

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        let provider = BuiltinProvider::new();
        let digester = Digester::new([5; 32]);
        changed(&*provider.resource_types()[0], &digester, before, after)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_not_configured_keeps_what_the_service_decided() {
        let provider = BuiltinProvider::new();
        let block = &provider.resource_types()[0].schema().block;
        let config = Value::object([("input", Value::from("new"))]);
        let fresh = proposed(block, None, &config);
        assert!(!fresh.get("id").unwrap().is_known());
        let next = proposed(block, Some(&object("old".into())), &config);
        assert_eq!(next.get("id").and_then(Value::as_str), Some("1"));
        assert_eq!(next.get("input").and_then(Value::as_str), Some("new"));
    }

    #[test]
    fn differences_are_found_at_their_paths() {
        assert!(paths(&object("a".into()), &object("a".into())).is_empty());
        assert_eq!(
            paths(&object("a".into()), &object("b".into())),
            ["input", "output"]
        );
        let nested = |text: &str| {
            object(Value::tuple(vec![Value::object([(
                "k",
                Value::from(text),
            )])]))
        };
        assert_eq!(
            paths(&nested("a"), &nested("b")),
            ["input[0].k", "output[0].k"]
        );
    }

    #[test]
    fn a_secret_that_was_read_is_recognised() {
        let digester = Digester::new([5; 32]);
        let secret = |text: &str| object(Value::from(text).marked(Marks::SENSITIVE));
        let kept = withhold(&secret("a"), "t.a", &|_| false, &digester);
        assert_eq!(recognised(&digester, &kept, &secret("a")), kept);
        assert_eq!(recognised(&digester, &kept, &secret("b")), secret("b"));
        let open = object("a".into());
        assert_eq!(recognised(&digester, &kept, &open), kept);
        assert_eq!(recognised(&digester, &open, &open), open);
    }

    #[test]
    fn a_secret_is_compared_by_its_digest() {
        let secret = |text: &str| object(Value::from(text).marked(Marks::SENSITIVE));
        let kept = withhold(&secret("a"), "t.a", &|_| false, &Digester::new([5; 32]));
        assert!(paths(&kept, &secret("a")).is_empty());
        assert_eq!(paths(&kept, &secret("b")), ["input", "output"]);
    }
}
