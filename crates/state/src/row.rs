//! How values are written down: JSON text of the store's own.
//!
//! Strings, booleans, nulls, whole numbers and tuples are JSON's own; objects are JSON objects.
//! Everything else is an object with one member whose name begins with `$`: `$number` (text),
//! `$list`, `$set`, `$map`, `$object` (an object that has such a member name itself), and
//! `$secret`, which stands for a withheld secret and holds its digest and type, and `$unknown` with
//! a type, which occurs in intents only.
//! Element types of collections are not kept: the reader converts to the schema's type.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{
    Address, AttributePath, Digest, Kind, Marks, Refinement, ResourceAddress, Text, Type, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::StoreError;

/// The text of a value. `place` names it in the error for a secret that was not withheld.
pub fn encode(value: &Value, place: &str) -> Result<String, StoreError> {
    to_json(value, &mut AttributePath::root(), place).map(|json| json.to_string())
}

/// The value of a text; `None` if it is damaged.
pub fn decode(text: &str) -> Option<Value> {
    from_json(serde_json::from_str(text).ok()?)
}

/// A value as part of another document.
pub(crate) fn to_document(value: &Value, place: &str) -> Result<Json, StoreError> {
    to_json(value, &mut AttributePath::root(), place)
}

/// The value of a part of a document; `None` if it is damaged.
pub(crate) fn from_document(json: Json) -> Option<Value> {
    from_json(json)
}

fn to_json(value: &Value, path: &mut AttributePath, place: &str) -> Result<Json, StoreError> {
    let all = |values: &[Value], path: &mut AttributePath| {
        (0..)
            .zip(values)
            .map(|(index, value)| {
                path.push(flowctl_model::Step::Index(index));
                let json = to_json(value, path, place);
                path.pop();
                json
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let members = |values: &BTreeMap<Text, Value>, path: &mut AttributePath| {
        values
            .iter()
            .map(|(name, value)| {
                path.push(flowctl_model::Step::Key(name.clone()));
                let json = to_json(value, path, place);
                path.pop();
                json.map(|json| (name.to_string(), json))
            })
            .collect::<Result<Map<_, _>, _>>()
    };
    let revealing = value.marks() != Marks::NONE && value.is_known() && !value.is_null();
    if revealing {
        return Err(StoreError::Secret {
            place: format!("{place}.{path}"),
        });
    }
    Ok(match value.kind() {
        Kind::Null(_) => Json::Null,
        Kind::Bool(value) => Json::Bool(*value),
        Kind::Number(number) => match number.to_i64() {
            Some(int) => json!(int),
            None => json!({ "$number": number.to_string() }),
        },
        Kind::String(text) => Json::String(text.to_string()),
        Kind::Tuple(values) => Json::Array(all(values, path)?),
        Kind::List(_, values) => json!({ "$list": all(values, path)? }),
        Kind::Set(_, values) => json!({ "$set": all(values, path)? }),
        Kind::Map(_, values) => json!({ "$map": members(values, path)? }),
        Kind::Object(values) => {
            let members = members(values, path)?;
            if members.keys().any(|name| name.starts_with('$')) {
                json!({ "$object": members })
            } else {
                Json::Object(members)
            }
        }
        Kind::Unknown(unknown) => {
            let ty = primitive_name(&unknown.ty);
            match value.digest() {
                Some(digest) => json!({ "$secret": { "digest": hex(digest), "type": ty } }),
                None if value.is_sensitive() => json!({ "$secret": { "type": ty } }),
                None => json!({ "$unknown": ty }),
            }
        }
    })
}

fn from_json(json: Json) -> Option<Value> {
    let all = |json: Json| match json {
        Json::Array(values) => values
            .into_iter()
            .map(from_json)
            .collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let members = |json: Json| match json {
        Json::Object(members) => members
            .into_iter()
            .map(|(name, json)| Some((Text::from(name), from_json(json)?)))
            .collect::<Option<BTreeMap<_, _>>>(),
        _ => None,
    };
    let element =
        |values: &mut dyn Iterator<Item = &Value>| values.next().map_or(Type::Any, Value::ty);
    Some(match json {
        Json::Null => Value::null(Type::Any),
        Json::Bool(value) => Value::bool(value),
        Json::Number(number) => Value::number(number.as_i64()?),
        Json::String(text) => Value::string(text),
        Json::Array(_) => Value::tuple(all(json)?),
        Json::Object(mut object) => {
            let tag = object.keys().next().filter(|_| object.len() == 1).cloned();
            let Some(tag) = tag.filter(|tag| tag.starts_with('$')) else {
                return Some(Value::object(members(Json::Object(object))?));
            };
            let inner = object.remove(&tag)?;
            match tag.as_str() {
                "$number" => Value::new(Kind::Number(inner.as_str()?.parse().ok()?)),
                "$list" => {
                    let values = all(inner)?;
                    Value::list(element(&mut values.iter()), values)
                }
                "$set" => {
                    let values = all(inner)?;
                    Value::new(Kind::Set(element(&mut values.iter()), Arc::new(values)))
                }
                "$map" => {
                    let values = members(inner)?;
                    Value::map(element(&mut values.values()), values)
                }
                "$object" => Value::object(members(inner)?),
                "$unknown" => Value::unknown(named_primitive(inner.as_str()?)),
                "$secret" => {
                    let ty = named_primitive(inner.get("type")?.as_str()?);
                    match inner.get("digest") {
                        Some(digest) => Value::withheld(ty, unhex(digest.as_str()?)?),
                        None => {
                            let certain = Refinement {
                                not_null: true,
                                ..Refinement::default()
                            };
                            Value::refined(ty, certain).marked(Marks::SENSITIVE)
                        }
                    }
                }
                _ => return None,
            }
        }
    })
}

/// The type of a secret, as far as it is kept.
fn primitive_name(ty: &Type) -> &'static str {
    match ty {
        Type::String => "string",
        Type::Number => "number",
        Type::Bool => "bool",
        _ => "any",
    }
}

fn named_primitive(name: &str) -> Type {
    match name {
        "string" => Type::String,
        "number" => Type::Number,
        "bool" => Type::Bool,
        _ => Type::Any,
    }
}

fn hex(digest: &Digest) -> String {
    crate::files::hex(digest.salt.iter().chain(&digest.mac))
}

fn unhex(text: &str) -> Option<Digest> {
    let mut digest = Digest {
        salt: [0; 16],
        mac: [0; 32],
    };
    if text.len() != 96 || !text.is_ascii() {
        return None;
    }
    let bytes = digest.salt.iter_mut().chain(&mut digest.mac);
    for (byte, digits) in bytes.zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// The addresses a resource depends on, as a JSON array of texts.
pub(crate) fn encode_dependencies(dependencies: &[ResourceAddress]) -> String {
    dependencies
        .iter()
        .map(ToString::to_string)
        .collect::<Json>()
        .to_string()
}

pub(crate) fn decode_dependencies(text: &str) -> Option<Vec<ResourceAddress>> {
    let texts: Vec<String> = serde_json::from_str(text).ok()?;
    texts
        .iter()
        .map(|text| Some(text.parse::<Address>().ok()?.resource))
        .collect()
}

/// Objects that were replaced: pairs of identity and value.
pub(crate) fn encode_deposed(deposed: &[(Text, Value)], place: &str) -> Result<String, StoreError> {
    let pairs = deposed
        .iter()
        .map(|(id, value)| {
            let value = to_json(value, &mut AttributePath::root(), place)?;
            Ok(json!([id.as_str(), value]))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Json::Array(pairs).to_string())
}

pub(crate) fn decode_deposed(text: &str) -> Option<Vec<(Text, Value)>> {
    let pairs: Vec<(String, Json)> = serde_json::from_str(text).ok()?;
    pairs
        .into_iter()
        .map(|(id, json)| Some((id.into(), from_json(json)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_store() {
        let digest = Digest {
            salt: [1; 16],
            mac: [2; 32],
        };
        let value = Value::object([
            ("a", Value::string("x\n\"é")),
            ("b", Value::number(7_i64)),
            ("c", Value::new(Kind::Number("1.25".parse().unwrap()))),
            ("d", Value::list(Type::String, vec!["x".into()])),
            (
                "e",
                Value::map(Type::Bool, [("$k".into(), true.into())].into()),
            ),
            ("f", Value::tuple(vec![true.into(), Value::null(Type::Any)])),
            ("g", Value::withheld(Type::String, digest)),
            ("h", Value::object([("$list", Value::from("not a tag"))])),
            (
                "i",
                Value::new(Kind::Set(Type::String, Arc::new(vec!["y".into()]))),
            ),
        ]);
        let text = encode(&value, "t.a").unwrap();
        assert_eq!(decode(&text).unwrap(), value);
    }

    #[test]
    fn a_secret_that_was_not_withheld_is_refused() {
        let secret = Value::object([("p", Value::from("hunter2").marked(Marks::SENSITIVE))]);
        let error = encode(&secret, "t.a").unwrap_err().to_string();
        assert!(
            error.contains("t.a") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn damaged_text_is_no_value() {
        for text in [
            "",
            "{",
            r#"{"$number":"x"}"#,
            r#"{"$secret":{}}"#,
            r#"{"$what":1}"#,
        ] {
            assert!(decode(text).is_none(), "{text}");
        }
    }
}
