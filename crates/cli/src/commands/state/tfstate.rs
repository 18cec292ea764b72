//! What Terraform's state files are made of, in both directions: types, providers. Version 4.

use std::sync::Arc;

use flowctl_model::{ObjectType, Text, Type, Value};

/// The only version there is since Terraform 0.12.
pub(super) const VERSION: u64 = 4;

/// The type that a state file writes as `"string"` or `["list", "string"]`.
pub(super) fn type_of(written: &Value) -> Option<Type> {
    if let Some(name) = written.as_str() {
        return Some(match name {
            "dynamic" => Type::Any,
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            _ => return None,
        });
    }
    let [kind, of, ..] = written.elements()? else {
        return None;
    };
    Some(match kind.as_str()? {
        "list" => Type::list(type_of(of)?),
        "set" => Type::set(type_of(of)?),
        "map" => Type::map(type_of(of)?),
        "tuple" => Type::tuple(of.elements()?.iter().map(type_of).collect::<Option<_>>()?),
        "object" => {
            let members = of.members()?.iter();
            let members = members.map(|(name, ty)| Some((name.clone(), type_of(ty)?)));
            Type::Object(Arc::new(ObjectType {
                attributes: members.collect::<Option<_>>()?,
                ..ObjectType::default()
            }))
        }
        _ => return None,
    })
}

/// The other way round.
pub(super) fn written(ty: &Type) -> Value {
    let of = |kind: &str, of: Value| Value::tuple(vec![kind.into(), of]);
    match ty {
        Type::Any => "dynamic".into(),
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        Type::List(element) => of("list", written(element)),
        Type::Set(element) => of("set", written(element)),
        Type::Map(element) => of("map", written(element)),
        Type::Tuple(types) => of("tuple", Value::tuple(types.iter().map(written).collect())),
        Type::Object(object) => {
            let types = object.attributes.iter();
            let members = types.map(|(name, ty)| (name.clone(), written(ty)));
            of("object", Value::object(members))
        }
    }
}

/// `aws.west` of `module.m.provider["registry.terraform.io/hashicorp/aws"].west`.
pub(super) fn provider_key(written: &str) -> Option<Text> {
    let (_, rest) = written.split_once("provider[\"")?;
    let (source, alias) = rest.split_once("\"]")?;
    let name = source.rsplit('/').next()?;
    Some(format!("{name}{alias}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_providers_are_read_as_they_are_written() {
        let object = Type::object([("a", Type::Any), ("b", Type::set(Type::Bool))]);
        for ty in [
            Type::Number,
            Type::list(Type::String),
            Type::map(object.clone()),
            Type::tuple(vec![object, Type::tuple(vec![])]),
        ] {
            assert_eq!(type_of(&written(&ty)), Some(ty));
        }
        assert_eq!(type_of(&"what".into()), None);
        assert_eq!(type_of(&Value::tuple(vec!["list".into()])), None);
        for (text, key) in [
            (
                "provider[\"terraform.io/builtin/terraform\"]",
                Some("terraform"),
            ),
            (
                "provider[\"registry.terraform.io/hashicorp/aws\"].west",
                Some("aws.west"),
            ),
            (
                "module.m.provider[\"registry.opentofu.org/hashicorp/aws\"]",
                Some("aws"),
            ),
            ("provider.aws", None),
        ] {
            assert_eq!(provider_key(text).as_deref(), key);
        }
    }
}
