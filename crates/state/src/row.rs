//! How values are written down: JSON text of the store's own.
//!
//! Strings, booleans, nulls, whole numbers and tuples are JSON's own; objects are JSON objects.
//! Everything else is an object whose first member's name begins with `$`: `$number` (text),
//! `$list`, `$set`, `$map`, `$object` (an object that has such a member name itself), and
//! `$secret`, which stands for a withheld secret and holds its digest and type, `$unknown` with
//! a type, which occurs in intents and plans only, and `$null` with a type, which occurs in outputs
//! and plans only: those of an attribute are told by its schema.
//!
//! The element type of a collection is told from its elements. Where they do not tell it (there
//! are none, or they are null), a second member `$of` names it, unless it has objects in it: those
//! are blocks, of which the schema knows more than a state that was written long ago.

mod decode;
mod types;

use std::collections::BTreeMap;

use flowctl_model::{
    Address, AttributePath, Digest, Kind, Marks, ResourceAddress, Text, Type, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::StoreError;

pub(crate) use decode::Decoder;

/// The text of a value. `place` names it in the error for a secret that was not withheld.
pub fn encode(value: &Value, place: &str) -> Result<String, StoreError> {
    to_json(value, &mut AttributePath::root(), place, Untold::Plain).map(|json| json.to_string())
}

/// The same with the types of nulls and secrets, for values that no schema tells the type of.
pub(crate) fn encode_output(value: &Value, place: &str) -> Result<String, StoreError> {
    to_document(value, place).map(|json| json.to_string())
}

/// The value of a text; `None` if it is damaged.
pub fn decode(text: &str) -> Option<Value> {
    Decoder::default().value(text)
}

/// A value as part of another document, with all its types.
pub(crate) fn to_document(value: &Value, place: &str) -> Result<Json, StoreError> {
    to_json(value, &mut AttributePath::root(), place, Untold::Typed)
}

/// The value of a part of a document; `None` if it is damaged.
pub(crate) fn from_document(json: Json) -> Option<Value> {
    Decoder::default().document(json)
}

/// How values are written that do not tell their type.
#[derive(Clone, Copy)]
enum Untold {
    Plain,
    Typed,
}

fn to_json(
    value: &Value,
    path: &mut AttributePath,
    place: &str,
    untold: Untold,
) -> Result<Json, StoreError> {
    let all = |values: &[Value], path: &mut AttributePath| {
        (0..)
            .zip(values)
            .map(|(index, value)| {
                path.push(flowctl_model::Step::Index(index));
                let json = to_json(value, path, place, untold);
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
                let json = to_json(value, path, place, untold);
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
        Kind::Null(ty) => match untold {
            Untold::Typed if *ty != Type::Any => json!({ "$null": types::whole_to_json(ty) }),
            _ => Json::Null,
        },
        Kind::Bool(value) => Json::Bool(*value),
        Kind::Number(number) => match number.to_i64() {
            Some(int) => json!(int),
            None => json!({ "$number": number.to_string() }),
        },
        Kind::String(text) => Json::String(text.to_string()),
        Kind::Tuple(values) => Json::Array(all(values, path)?),
        Kind::List(of, values) => {
            let told = types::of_elements(values.iter());
            collection("$list", of, &told, all(values, path)?.into())
        }
        Kind::Set(of, values) => {
            let told = types::of_elements(values.iter());
            collection("$set", of, &told, all(values, path)?.into())
        }
        Kind::Map(of, values) => {
            let told = types::of_elements(values.values());
            collection("$map", of, &told, members(values, path)?.into())
        }
        Kind::Object(values) => {
            let members = members(values, path)?;
            if members.keys().any(|name| name.starts_with('$')) {
                json!({ "$object": members })
            } else {
                Json::Object(members)
            }
        }
        Kind::Unknown(unknown) => {
            let ty = match untold {
                Untold::Typed => types::whole_to_json(&unknown.ty),
                Untold::Plain => primitive_name(&unknown.ty).into(),
            };
            match value.digest() {
                Some(digest) => json!({ "$secret": { "digest": hex(digest), "type": ty } }),
                None if value.is_sensitive() => json!({ "$secret": { "type": ty } }),
                None => json!({ "$unknown": ty }),
            }
        }
    })
}

/// A collection with the name of its element type, if its elements do not tell it.
fn collection(tag: &str, element: &Type, told: &Type, content: Json) -> Json {
    let mut written = Map::from_iter([(tag.to_owned(), content)]);
    if told != element {
        written.extend(types::to_json(element).map(|of| ("$of".to_owned(), of)));
    }
    Json::Object(written)
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

fn hex(digest: &Digest) -> String {
    crate::files::hex(digest.salt.iter()) + &crate::files::hex(digest.mac.iter())
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
    if text == "[]" {
        return Some(Vec::new());
    }
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
            let value = to_json(value, &mut AttributePath::root(), place, Untold::Plain)?;
            Ok(json!([id.as_str(), value]))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Json::Array(pairs).to_string())
}

pub(crate) fn decode_deposed(text: &str) -> Option<Vec<(Text, Value)>> {
    if text == "[]" {
        return Some(Vec::new());
    }
    let pairs: Vec<(String, Json)> = serde_json::from_str(text).ok()?;
    let decoder = Decoder::default();
    pairs
        .into_iter()
        .map(|(id, json)| Some((id.into(), decoder.document(json)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowctl_model::Refinement;

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
    fn element_types_are_kept_or_told_from_the_elements() {
        let null = || Value::null(Type::String);
        let object = |a: Value| Value::object([("a", a), ("b", Value::number(1_i64))]);
        let of_objects = Type::object([("a", Type::String), ("b", Type::Number)]);
        let nested = Type::list(Type::String);
        let digest = Digest {
            salt: [1; 16],
            mac: [2; 32],
        };
        for value in [
            Value::list(Type::String, vec![]),
            Value::list(Type::String, vec![null(), null()]),
            Value::list(Type::String, vec![null(), "x".into()]),
            Value::list(Type::Number, vec![Value::number(1_i64)]),
            Value::map(nested.clone(), BTreeMap::new()),
            Value::map(
                nested.clone(),
                [("k".into(), Value::list(Type::String, vec![]))].into(),
            ),
            Value::list(of_objects.clone(), vec![object("x".into()), object(null())]),
            Value::new(Kind::Set(of_objects, Arc::new(vec![object("x".into())]))),
            Value::list(
                Type::String,
                vec![Value::withheld(Type::String, digest), "x".into()],
            ),
            Value::tuple(vec![Value::list(Type::Bool, vec![])]),
        ] {
            let text = encode(&value, "t.a").unwrap();
            let read = decode(&text).unwrap();
            assert_eq!((read.ty(), read), (value.ty(), value), "{text}");
        }
    }

    #[test]
    fn objects_that_look_like_tags_are_objects() {
        for names in [
            vec!["$list"],
            vec!["$of", "a"],
            vec!["a", "$secret"],
            vec![""],
        ] {
            let members = names.iter().map(|name| (*name, Value::from("x")));
            let value = Value::object(members);
            assert_eq!(decode(&encode(&value, "t.a").unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn a_secret_without_a_digest_and_an_unknown_keep_what_is_known_of_them() {
        let refinement = Refinement {
            not_null: true,
            ..Refinement::default()
        };
        let secret = Value::refined(Type::String, refinement).marked(Marks::SENSITIVE);
        for value in [secret, Value::unknown(Type::Number)] {
            assert_eq!(decode(&encode(&value, "t.a").unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn nulls_and_secrets_of_outputs_keep_their_types() {
        let nested = Type::object([
            ("a", Type::list(Type::tuple(vec![Type::Any, Type::Bool]))),
            ("b", Type::map(Type::set(Type::Number))),
        ]);
        for value in [
            Value::null(Type::String),
            Value::null(Type::Any),
            Value::null(nested.clone()),
            Value::object([("a", Value::null(Type::list(Type::String)))]),
            Value::tuple(vec![Value::null(nested), Value::null(Type::Bool)]),
            Value::list(Type::String, vec![Value::null(Type::String), "x".into()]),
            Value::map(Type::Bool, [("k".into(), Value::null(Type::Bool))].into()),
        ] {
            let text = encode_output(&value, "output.a").unwrap();
            let read = decode(&text).unwrap();
            assert_eq!((read.ty(), read), (value.ty(), value), "{text}");
        }
        let digest = Digest {
            salt: [1; 16],
            mac: [2; 32],
        };
        let secret = Value::withheld(Type::list(Type::String), digest);
        let text = encode_output(&secret, "output.a").unwrap();
        assert_eq!(decode(&text).unwrap(), secret);
        // Not for attributes, of which most are null.
        let text = encode(&Value::null(Type::String), "t.a").unwrap();
        assert_eq!(text, "null");
    }

    #[test]
    fn damaged_text_is_no_value() {
        for text in [
            "",
            "{",
            "1.5",
            "18446744073709551615",
            r#"{"$list":[1],"$of":"what"}"#,
            r#"{"$list":[1],"x":"string"}"#,
            r#"{"$list":[1],"$of":"number","$of":"number"}"#,
            r#"{"$list":{}}"#,
            r#"{"a":1,"$list":[]}"#,
            r#"{"$secret":{"digest":"ab","type":"string"}}"#,
            r#"{"$number":"1"}x"#,
            r#"{"$number":"x"}"#,
            r#"{"$secret":{}}"#,
            r#"{"$what":1}"#,
            r#"{"$null":"what"}"#,
            r#"{"$null":["list"]}"#,
            r#"{"$null":"string","a":1}"#,
        ] {
            assert!(decode(text).is_none(), "{text}");
        }
    }
}
