//! Values and types in Terraform's JSON forms, with every secret left out.
//!
//! The model derives no `Serialize`: what is written is decided here, value by value. Whatever is
//! sensitive becomes `null`, and the shape beside it says so.

use flowctl_model::{AttributePath, Kind, Marks, Number, Text, Type, Value};
use flowctl_schema::Schema;
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

/// The version of Terraform whose formats are followed.
pub(crate) const TERRAFORM_VERSION: &str = "1.11.4";

/// A document on one line.
pub(crate) fn line(document: &impl Serialize) -> String {
    written(serde_json::to_string(document))
}

/// A document over several lines, as Terraform indents it.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    written(serde_json::to_string_pretty(document))
}

#[expect(
    clippy::expect_used,
    reason = "keys are strings and numbers are JSON numbers, so writing to a string cannot fail"
)]
fn written(result: Result<String, serde_json::Error>) -> String {
    result.expect("a document of strings, numbers and null has a JSON form")
}

/// The value with a mark on everything that is secret by its schema.
pub(crate) fn with_secrets_marked(value: &Value, schema: Option<&Schema>) -> Value {
    let Some(schema) = schema else {
        return value.clone();
    };
    value.map_at(&mut AttributePath::root(), &mut |path, value| {
        if value.is_sensitive() {
            Some(value.clone())
        } else {
            schema
                .is_secret(path)
                .then(|| value.clone().marked(Marks::SENSITIVE))
        }
    })
}

/// Whether a value will be known only later. A withheld secret is known, just not here.
fn is_pending(value: &Value) -> bool {
    !value.is_known() && value.digest().is_none()
}

/// Whether nothing inside will be known only later.
pub(crate) fn is_settled(value: &Value) -> bool {
    if let Some(elements) = value.elements() {
        elements.iter().all(is_settled)
    } else if let Some(members) = value.members() {
        members.values().all(is_settled)
    } else {
        !is_pending(value)
    }
}

/// A value without its secrets, which are `null`. What is not known yet is left out of objects,
/// and `null` where a place has to be kept.
pub(crate) struct Shown<'a>(pub(crate) &'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_sensitive() {
            return serializer.serialize_unit();
        }
        match self.0.kind() {
            Kind::Null(_) | Kind::Unknown(_) => serializer.serialize_unit(),
            Kind::Bool(b) => serializer.serialize_bool(*b),
            Kind::Number(n) => number(n, serializer),
            Kind::String(s) => serializer.serialize_str(s),
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                serializer.collect_seq(elements.iter().map(Shown))
            }
            Kind::Map(_, members) | Kind::Object(members) => {
                let known = members.iter().filter(|(_, member)| !is_pending(member));
                serializer.collect_map(known.map(|(name, member)| (&**name, Shown(member))))
            }
        }
    }
}

/// A number with all its digits.
fn number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    match number.to_i64() {
        Some(small) => serializer.serialize_i64(small),
        None => RawValue::from_string(number.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer),
    }
}

/// The shape of what a mark concerns: `true` where it is, in objects nothing where it is not.
enum Shape {
    Flag(bool),
    Sequence(Vec<Shape>),
    Object(Vec<(Text, Shape)>),
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Sequence(elements) => {
                let mut sequence = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    sequence.serialize_element(element)?;
                }
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    map.serialize_entry(&**name, member)?;
                }
                map.end()
            }
        }
    }
}

fn shape(value: &Value, leaf: &impl Fn(&Value) -> Option<Shape>) -> Shape {
    if let Some(shape) = leaf(value) {
        return shape;
    }
    if let Some(elements) = value.elements() {
        return Shape::Sequence(elements.iter().map(|e| shape(e, leaf)).collect());
    }
    match value.members() {
        Some(members) => Shape::Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), shape(member, leaf)))
                .filter(|(_, shape)| !matches!(shape, Shape::Flag(false)))
                .collect(),
        ),
        None => Shape::Flag(false),
    }
}

/// Where a value will be known only later.
pub(crate) struct UnknownShape<'a>(pub(crate) &'a Value);

impl Serialize for UnknownShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A secret does not say where inside of it something is unknown.
        let leaf = |value: &Value| {
            (value.is_sensitive() || !value.is_known()).then(|| Shape::Flag(!is_settled(value)))
        };
        shape(self.0, &leaf).serialize(serializer)
    }
}

/// Where a value is sensitive.
pub(crate) struct SensitiveShape<'a>(pub(crate) &'a Value);

impl Serialize for SensitiveShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let leaf = |value: &Value| {
            if value.is_sensitive() {
                return Some(Shape::Flag(true));
            }
            match value.kind() {
                Kind::Unknown(unknown) => Some(match unknown.ty {
                    Type::List(_) | Type::Set(_) | Type::Tuple(_) => Shape::Sequence(Vec::new()),
                    Type::Map(_) | Type::Object(_) => Shape::Object(Vec::new()),
                    _ => Shape::Flag(false),
                }),
                _ => None,
            }
        };
        shape(self.0, &leaf).serialize(serializer)
    }
}

/// A type, as Terraform writes types in JSON: `"string"`, `["list", "string"]`.
pub(crate) struct TypeJson<'a>(pub(crate) &'a Type);

impl Serialize for TypeJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Type::Any => serializer.serialize_str("dynamic"),
            Type::Bool => serializer.serialize_str("bool"),
            Type::Number => serializer.serialize_str("number"),
            Type::String => serializer.serialize_str("string"),
            Type::List(element) => ("list", TypeJson(element)).serialize(serializer),
            Type::Set(element) => ("set", TypeJson(element)).serialize(serializer),
            Type::Map(element) => ("map", TypeJson(element)).serialize(serializer),
            Type::Tuple(elements) => {
                let elements: Vec<_> = elements.iter().map(TypeJson).collect();
                ("tuple", elements).serialize(serializer)
            }
            Type::Object(object) => {
                let attributes = Attributes(
                    object
                        .attributes
                        .iter()
                        .map(|(name, ty)| (&**name, TypeJson(ty)))
                        .collect(),
                );
                if object.optional.is_empty() {
                    return ("object", attributes).serialize(serializer);
                }
                let optional: Vec<&str> = object.optional.iter().map(|name| &**name).collect();
                ("object", attributes, optional).serialize(serializer)
            }
        }
    }
}

struct Attributes<'a>(Vec<(&'a str, TypeJson<'a>)>);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, ty)| (name, ty)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowctl_model::Digest;

    fn sample() -> Value {
        let withheld = Digest {
            salt: [1; 16],
            mac: [2; 32],
        };
        Value::object([
            (
                "big",
                Value::number(
                    "123456789012345678901234567890.5"
                        .parse::<Number>()
                        .unwrap(),
                ),
            ),
            ("id", Value::unknown(Type::String)),
            ("kept", Value::withheld(Type::String, withheld)),
            (
                "list",
                Value::tuple(vec![Value::unknown(Type::Bool), Value::bool(true)]),
            ),
            ("name", Value::string("a<b>")),
            (
                "secret",
                Value::object([("k", Value::string("CANARY"))]).marked(Marks::SENSITIVE),
            ),
            (
                "secret_part",
                Value::tuple(vec![Value::unknown(Type::Bool)]).marked(Marks::SENSITIVE),
            ),
            (
                "secret_to_be",
                Value::unknown(Type::String).marked(Marks::SENSITIVE),
            ),
            ("some", Value::unknown(Type::list(Type::String))),
        ])
    }

    #[test]
    fn secrets_are_null_and_unknown_values_keep_their_place_in_lists_only() {
        assert_eq!(
            line(&Shown(&sample())),
            r#"{"big":123456789012345678901234567890.5,"kept":null,"list":[null,true],"name":"a<b>","secret":null,"secret_part":null}"#
        );
    }

    #[test]
    fn shapes_say_what_is_unknown_and_what_is_sensitive() {
        assert_eq!(
            line(&UnknownShape(&sample())),
            r#"{"id":true,"list":[true,false],"secret_part":true,"secret_to_be":true,"some":true}"#
        );
        assert_eq!(
            line(&SensitiveShape(&sample())),
            r#"{"kept":true,"list":[false,false],"secret":true,"secret_part":true,"secret_to_be":true,"some":[]}"#
        );
        assert!(!is_settled(&sample()));
    }

    #[test]
    fn types_are_written_as_terraform_writes_them() {
        let ty = Type::object([
            ("a", Type::list(Type::String)),
            ("b", Type::tuple(vec![Type::Any, Type::Number])),
        ]);
        assert_eq!(
            line(&TypeJson(&ty)),
            r#"["object",{"a":["list","string"],"b":["tuple",["dynamic","number"]]}]"#
        );
    }
}
