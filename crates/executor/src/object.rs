//! From what the service answers to what state keeps, and back: pure.

use flowctl_model::secret::withhold;
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, AttributePath, Digester, Kind, ResourceAddress, Step, Text, Value};
use flowctl_schema::{RemoteObject, ResourceType, merge_read};

/// What state keeps of an instance beside its object.
#[derive(Clone, Debug)]
pub struct Keeping<'a> {
    /// The instance.
    pub address: &'a Address,
    /// Provider configuration.
    pub provider: &'a Text,
    /// What it depends on.
    pub dependencies: &'a [ResourceAddress],
    /// How it is to be replaced.
    pub create_before_destroy: bool,
}

impl Keeping<'_> {
    /// State of an object with these attributes, of which secrets are withheld here.
    pub fn state(
        &self,
        resource: &dyn ResourceType,
        digester: &Digester,
        id: Text,
        attributes: &Value,
    ) -> ResourceState {
        ResourceState {
            provider: self.provider.clone(),
            id,
            attributes: without_secrets(resource, digester, self.address, attributes),
            dependencies: self.dependencies.to_vec(),
            schema_version: resource.schema().version,
            create_before_destroy: self.create_before_destroy,
            tainted: false,
            deposed: Vec::new(),
        }
    }
}

/// The state of an instance for an object that exists in the service already and is taken over
/// (by `import`, or because an earlier run made it). What the service does not tell is null, so
/// that the next plan sends it.
pub fn adopt(
    resource: &dyn ResourceType,
    digester: &Digester,
    keeping: &Keeping<'_>,
    object: &RemoteObject,
) -> ResourceState {
    let attributes = merge_read(resource, None, &object.attributes);
    keeping.state(resource, digester, object.id.clone(), &attributes)
}

/// The object after a request: what the service told, completed with what was asked for. Nothing
/// in it is unknown any more: what neither of the two says is null.
pub fn after_request(resource: &dyn ResourceType, planned: &Value, answer: &RemoteObject) -> Value {
    let merged = merge_read(resource, Some(planned), &answer.attributes);
    merged.map_at(&mut AttributePath::root(), &mut |path, value| {
        if value.is_known() {
            return None;
        }
        let told = answer.attributes.at(path).filter(|v| v.is_known());
        let value = told
            .cloned()
            .unwrap_or_else(|| Value::null(value.ty()))
            .marked(value.marks());
        Some(value)
    })
}

/// The attributes as they may be written down.
pub fn without_secrets(
    resource: &dyn ResourceType,
    digester: &Digester,
    address: &Address,
    attributes: &Value,
) -> Value {
    let is_secret = |path: &AttributePath| resource.schema().is_secret(path);
    withhold(attributes, &address.to_string(), &is_secret, digester)
}

/// The attributes without any digest, so that every secret counts as changed.
pub fn without_digests(attributes: &Value) -> Value {
    attributes.map_at(&mut AttributePath::root(), &mut |_, value| {
        value.digest()?;
        Some(Value::unknown_not_null(value.ty()).with_marks(value.marks()))
    })
}

/// What is known of an object before a change, with every secret told that is to stay as it is: a
/// secret that is still withheld is a new one.
pub fn with_kept_secrets(digester: &Digester, before: &Value, planned: &Value) -> Value {
    before.map_at(&mut AttributePath::root(), &mut |path, value| {
        let digest = value.digest()?;
        let same = planned.at(path).filter(|new| new.is_known());
        same.filter(|new| digester.matches(digest, new)).cloned()
    })
}

/// Whether `after` asks for nothing that `before` is not already. What is still unknown in
/// `after` is for the service to say and asks for nothing.
pub fn is_same(
    resource: &dyn ResourceType,
    digester: &Digester,
    before: &Value,
    after: &Value,
) -> bool {
    same_at(
        resource,
        digester,
        &mut AttributePath::root(),
        before,
        after,
    )
}

fn same_at(
    resource: &dyn ResourceType,
    digester: &Digester,
    path: &mut AttributePath,
    before: &Value,
    after: &Value,
) -> bool {
    if !after.is_known() {
        return true;
    }
    if let Some(digest) = before.digest() {
        return digester.matches(digest, after);
    }
    let mut inside = |step: Step, before: &Value, after: &Value| {
        path.push(step);
        let same = same_at(resource, digester, path, before, after);
        path.pop();
        same
    };
    match (before.kind(), after.kind()) {
        (Kind::Unknown(_), _) => false,
        (Kind::Null(_), Kind::Null(_)) => true,
        (
            Kind::List(_, old) | Kind::Tuple(old) | Kind::Set(_, old),
            Kind::List(_, new) | Kind::Tuple(new) | Kind::Set(_, new),
        ) => {
            let same = old.len() == new.len()
                && (0..)
                    .zip(old.iter().zip(new.iter()))
                    .all(|(i, (b, a))| inside(Step::Index(i), b, a));
            same || resource.equivalent(path, before, after)
        }
        (Kind::Map(_, old), Kind::Map(_, new)) => {
            old.len() == new.len()
                && new.iter().all(|(name, after)| {
                    old.get(name)
                        .is_some_and(|b| inside(Step::Key(name.clone()), b, after))
                })
        }
        (Kind::Object(old), Kind::Object(new)) => new.iter().all(|(name, after)| {
            let null = Value::null(after.ty());
            let before = old.get(name).unwrap_or(&null);
            inside(Step::Attribute(name.clone()), before, after)
        }),
        (old, new) => old == new || resource.equivalent(path, before, after),
    }
}

/// State of the instance when `new` has taken the place of `old`, which is kept to be deleted.
pub fn beside(old: Option<&ResourceState>, mut new: ResourceState) -> ResourceState {
    if let Some(old) = old {
        new.deposed.clone_from(&old.deposed);
        if old.id != new.id {
            new.deposed.push((old.id.clone(), old.attributes.clone()));
        }
    }
    new
}

/// State of the instance when its object with this id was deleted; `None` if nothing is left.
pub fn without_object(state: &ResourceState, id: &str) -> Option<ResourceState> {
    let mut left = state.clone();
    left.deposed.retain(|(deposed, _)| deposed != id);
    if left.id == id {
        // A deposed object without a present one: it is kept as one that must be replaced.
        let (deposed, attributes) = left.deposed.pop()?;
        (left.id, left.attributes, left.tainted) = (deposed, attributes, true);
    }
    Some(left)
}

#[cfg(test)]
mod tests {
    use flowctl_model::{Marks, Type};
    use flowctl_schema::Provider;
    use flowctl_schema::builtin::BuiltinProvider;

    use super::*;

    fn state(id: &str, deposed: &[&str]) -> ResourceState {
        ResourceState {
            provider: "terraform".into(),
            id: id.into(),
            attributes: Value::object([("id", Value::from(id))]),
            dependencies: Vec::new(),
            schema_version: 0,
            create_before_destroy: false,
            tainted: false,
            deposed: deposed
                .iter()
                .map(|id| ((*id).into(), Value::from(*id)))
                .collect(),
        }
    }

    fn ids(state: &ResourceState) -> Vec<&str> {
        let deposed = state.deposed.iter().map(|(id, _)| id.as_str());
        std::iter::once(state.id.as_str()).chain(deposed).collect()
    }

    #[test]
    fn no_object_is_forgotten_when_another_takes_its_place() {
        assert_eq!(ids(&beside(None, state("new", &[]))), ["new"]);
        assert_eq!(
            ids(&beside(Some(&state("old", &["x"])), state("new", &[]))),
            ["new", "x", "old"]
        );
        assert_eq!(
            ids(&beside(Some(&state("same", &[])), state("same", &[]))),
            ["same"]
        );
        assert!(without_object(&state("a", &[]), "a").is_none());
        assert_eq!(
            ids(&without_object(&state("a", &["b"]), "b").unwrap()),
            ["a"]
        );
        let left = without_object(&state("a", &["b"]), "a").unwrap();
        assert_eq!((ids(&left), left.tainted), (vec!["b"], true));
    }

    #[test]
    fn an_update_is_told_which_secrets_stay() {
        let provider = BuiltinProvider::new();
        let resource = &*provider.resource_types()[0];
        let digester = Digester::new([3; 32]);
        let object = |one: &str, other: &str| {
            let input = ["a", "b"].into_iter().zip([one, other]);
            let input =
                input.map(|(name, text)| (name, Value::from(text).marked(Marks::SENSITIVE)));
            Value::object([("input", Value::object(input))])
        };
        let address = Address::root("terraform_data", "a");
        let before = without_secrets(resource, &digester, &address, &object("s", "t"));
        let planned = object("s", "u");
        let told = with_kept_secrets(&digester, &before, &planned);
        let at = |value: &Value, name| value.get("input").and_then(|i| i.get(name)).cloned();
        assert_eq!(at(&told, "a"), at(&planned, "a"));
        assert!(at(&told, "b").is_some_and(|value| value.digest().is_some()));
    }

    #[test]
    fn secrets_are_compared_by_digest_and_unknown_asks_for_nothing() {
        let provider = BuiltinProvider::new();
        let resource = &*provider.resource_types()[0];
        let digester = Digester::new([3; 32]);
        let secret = |text: &str| Value::from(text).marked(Marks::SENSITIVE);
        let object = |input: Value| Value::object([("input", input), ("output", "o".into())]);
        let address = Address::root("terraform_data", "a");
        let kept = without_secrets(resource, &digester, &address, &object(secret("s")));
        let unknown = || Value::unknown(Type::Any);
        for (before, after, same) in [
            (&kept, object(secret("s")), true),
            (&kept, object(secret("t")), false),
            (&kept, object(unknown()), true),
            (&without_digests(&kept), object(secret("s")), false),
            (&object("a".into()), object("a".into()), true),
            (&object("a".into()), object("b".into()), false),
            (&object("a".into()), object(Value::null(Type::Any)), false),
            (
                &object(Value::tuple(vec!["a".into()])),
                object(Value::tuple(vec![])),
                false,
            ),
        ] {
            assert_eq!(
                is_same(resource, &digester, before, &after),
                same,
                "{before:?} {after:?}"
            );
        }
        let other_key = Digester::new([4; 32]);
        assert!(!is_same(resource, &other_key, &kept, &object(secret("s"))));
    }
}
