//! Values and types in Terraform's JSON forms, with every secret left out.
//!
//! The model derives no `Serialize`: what is written is decided here, value by value. Whatever is
//! sensitive becomes `null`, and the shape beside it says so.

use flowctl_model::{AttributePath, Kind, Marks, Number, Type, Value};
use flowctl_schema::{Block, Schema};
use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use serde_json::value::RawValue;

/// The version of Terraform whose formats are followed.
pub(crate) const TERRAFORM_VERSION: &str = "1.11.4";

/// A document on one line.
pub(crate) fn line(document: &impl Serialize) -> String {
    written(serde_json::to_string(document))
}

/// A part of a document, as it will stand there.
pub(crate) fn raw(part: &impl Serialize) -> Box<RawValue> {
    written(serde_json::value::to_raw_value(part))
}

/// A document over several lines, as Terraform indents it.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    written(serde_json::to_string_pretty(document))
}

#[expect(
    clippy::expect_used,
    reason = "keys are strings and numbers are JSON numbers, so writing to a string cannot fail"
)]
fn written<T>(result: Result<T, serde_json::Error>) -> T {
    result.expect("a document of strings, numbers and null has a JSON form")
}

/// The value with a mark on everything that is secret by its schema.
pub(crate) fn with_secrets_marked(value: &Value, schema: Option<&Schema>) -> Value {
    let marked = schema.and_then(|schema| marked(value, &schema.block));
    marked.unwrap_or_else(|| value.clone())
}

/// The value of a block, or of all occurrences of one, with its secrets marked; `None` if there are
/// none in it: most of an object is blocks that are not there, and a plan has many objects.
fn marked(value: &Value, block: &Block) -> Option<Value> {
    if value.is_sensitive() {
        return None;
    }
    if let Some(elements) = value.elements() {
        let new: Vec<_> = elements.iter().map(|one| marked(one, block)).collect();
        if new.iter().all(Option::is_none) {
            return None;
        }
        let mut new = elements.iter().zip(new);
        let mut next = |path: &AttributePath, _: &Value| {
            let inside = !path.steps().is_empty();
            let (old, new) = inside.then(|| new.next())??;
            Some(new.unwrap_or_else(|| old.clone()))
        };
        return Some(value.map_at(&mut AttributePath::root(), &mut next));
    }
    let members = value.members()?;
    let secrets = block.attributes.iter().filter(|attribute| attribute.secret);
    let secrets = secrets.filter_map(|attribute| {
        let (name, secret) = members.get_key_value(attribute.name)?;
        Some((name.clone(), secret.clone().marked(Marks::SENSITIVE)))
    });
    let nested = block.blocks.iter().filter_map(|nested| {
        let (name, inside) = members.get_key_value(nested.name)?;
        Some((name.clone(), marked(inside, &nested.block)?))
    });
    let changed: Vec<_> = secrets.chain(nested).collect();
    (!changed.is_empty()).then(|| {
        let mut members = members.clone();
        members.extend(changed);
        Value::object(members).marked(value.marks())
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

/// What the shape of a mark says of a value without looking inside of it.
#[derive(Clone, Copy, PartialEq)]
enum Leaf {
    Flag(bool),
    /// A list or an object of which nothing is said.
    Sequence,
    Object,
}

/// The shape of what a mark concerns: `true` where it is, in objects nothing where it is not. What is
/// a leaf of it the function says; of anything else the shape is that of its parts.
struct Shape<'a>(&'a Value, fn(&Value) -> Option<Leaf>);

impl Shape<'_> {
    /// Whether there is nothing to be said of a member.
    fn is_false(&self) -> bool {
        let Self(value, leaf) = self;
        let nothing_inside = || value.elements().is_none() && value.members().is_none();
        leaf(value).map_or_else(nothing_inside, |leaf| leaf == Leaf::Flag(false))
    }
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, leaf) = *self;
        match (leaf(value), value.elements(), value.members()) {
            (Some(Leaf::Flag(flag)), ..) => serializer.serialize_bool(flag),
            (Some(Leaf::Sequence), ..) => serializer.collect_seq(std::iter::empty::<bool>()),
            (Some(Leaf::Object), ..) => serializer.collect_map(std::iter::empty::<(&str, bool)>()),
            (None, Some(elements), _) => {
                serializer.collect_seq(elements.iter().map(|one| Shape(one, leaf)))
            }
            (None, None, Some(members)) => {
                let said = members
                    .iter()
                    .map(|(name, member)| (&**name, Shape(member, leaf)))
                    .filter(|(_, shape)| !shape.is_false());
                serializer.collect_map(said)
            }
            (None, None, None) => serializer.serialize_bool(false),
        }
    }
}

/// Where a value will be known only later.
pub(crate) struct UnknownShape<'a>(pub(crate) &'a Value);

impl Serialize for UnknownShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A secret does not say where inside of it something is unknown.
        let leaf = |value: &Value| {
            (value.is_sensitive() || !value.is_known()).then(|| Leaf::Flag(!is_settled(value)))
        };
        Shape(self.0, leaf).serialize(serializer)
    }
}

/// Where a value is sensitive.
pub(crate) struct SensitiveShape<'a>(pub(crate) &'a Value);

impl Serialize for SensitiveShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let leaf = |value: &Value| {
            if value.is_sensitive() {
                return Some(Leaf::Flag(true));
            }
            match value.kind() {
                Kind::Unknown(unknown) => Some(match unknown.ty {
                    Type::List(_) | Type::Set(_) | Type::Tuple(_) => Leaf::Sequence,
                    Type::Map(_) | Type::Object(_) => Leaf::Object,
                    _ => Leaf::Flag(false),
                }),
                _ => None,
            }
        };
        Shape(self.0, leaf).serialize(serializer)
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
