//! From JSON text straight to values: a state of thousands of resources is read at every command.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use flowctl_model::{Digest, Kind, Marks, Refinement, Text, Type, Value};
use rustc_hash::FxBuildHasher;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::types::{self, KnownTypes};
use crate::files::unhex_into;

/// Reads values. What is the same in every resource of a type (names of attributes, types of
/// blocks) is kept once for all that it reads.
pub(crate) struct Decoder {
    names: RefCell<HashSet<Text, FxBuildHasher>>,
    /// The list that stands for a block that is not there: most blocks are not.
    empty: Value,
    types: KnownTypes,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            names: RefCell::default(),
            empty: Value::list(Type::Any, Vec::new()),
            types: KnownTypes::default(),
        }
    }
}

impl Decoder {
    /// The value of a text; `None` if it is damaged.
    pub(crate) fn value(&self, text: &str) -> Option<Value> {
        let mut source = serde_json::Deserializer::from_str(text);
        let value = AValue(self).deserialize(&mut source).ok()?;
        source.end().ok()?;
        Some(value)
    }

    /// The value of a part of a document; `None` if it is damaged.
    pub(crate) fn document(&self, json: Json) -> Option<Value> {
        AValue(self).deserialize(json).ok()
    }

    /// A name, shared.
    pub(crate) fn name(&self, name: &str) -> Text {
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(name) {
            return known.clone();
        }
        let new = Text::from(name);
        names.insert(new.clone());
        new
    }
}

/// Any value.
struct AValue<'d>(&'d Decoder);
/// The name of an attribute.
struct AName<'d>(&'d Decoder);
/// The elements of an array.
struct Elements<'d>(&'d Decoder);
/// The members of an object, whatever their names.
struct Members<'d>(&'d Decoder);

macro_rules! seed {
    ($seed:ident, $value:ty, $deserialize:ident) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<$value, D::Error> {
                source.$deserialize(self)
            }
        }
    };
}

seed!(AValue, Value, deserialize_any);
seed!(AName, Text, deserialize_str);
seed!(Elements, Vec<Value>, deserialize_seq);
seed!(Members, BTreeMap<Text, Value>, deserialize_map);

impl Visitor<'_> for AName<'_> {
    type Value = Text;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(self.0.name(text))
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = Vec<Value>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("elements")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Vec<Value>, A::Error> {
        let mut elements = Vec::with_capacity(source.size_hint().unwrap_or_default());
        while let Some(element) = source.next_element_seed(AValue(self.0))? {
            elements.push(element);
        }
        Ok(elements)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = BTreeMap<Text, Value>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("members")
    }
    fn visit_map<A: MapAccess<'de>>(
        self,
        mut source: A,
    ) -> Result<BTreeMap<Text, Value>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = source.next_key_seed(AName(self.0))? {
            members.push((name, source.next_value_seed(AValue(self.0))?));
        }
        Ok(members.into_iter().collect())
    }
}

impl<'de> Visitor<'de> for AValue<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::null(Type::Any))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::number(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        let value = i64::try_from(value).map_err(|_| E::custom("a number out of range"))?;
        Ok(Value::number(value))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::string(text))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::string(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, source: A) -> Result<Value, A::Error> {
        Elements(self.0).visit_seq(source).map(Value::tuple)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = source.next_key_seed(AName(self.0))? {
            if name.starts_with('$') {
                if members.is_empty() {
                    return tagged(self.0, &name, source);
                }
                return Err(A::Error::custom("a tag among attributes"));
            }
            members.push((name, source.next_value_seed(AValue(self.0))?));
        }
        Ok(Value::object::<Text>(members))
    }
}

/// The value of an object that stands for something else.
fn tagged<'de, A: MapAccess<'de>>(
    decoder: &Decoder,
    tag: &str,
    mut source: A,
) -> Result<Value, A::Error> {
    let damaged = || A::Error::custom("damaged");
    let value = match tag {
        "$number" => {
            let text: Cow<'_, str> = source.next_value()?;
            Value::new(Kind::Number(text.parse().map_err(|_| damaged())?))
        }
        "$list" => {
            let mut values = source.next_value_seed(Elements(decoder))?;
            let named = named_type(&mut source)?;
            if values.is_empty() && named.is_none() {
                return Ok(decoder.empty.clone());
            }
            let of = decoder.types.settle(named, values.iter_mut());
            return Ok(Value::list(of, values));
        }
        "$set" => {
            let mut values = source.next_value_seed(Elements(decoder))?;
            let of = decoder
                .types
                .settle(named_type(&mut source)?, values.iter_mut());
            return Ok(Value::new(Kind::Set(of, Arc::new(values))));
        }
        "$map" => {
            let mut values = source.next_value_seed(Members(decoder))?;
            let of = decoder
                .types
                .settle(named_type(&mut source)?, values.values_mut());
            return Ok(Value::map(of, values));
        }
        "$object" => Value::object(source.next_value_seed(Members(decoder))?),
        "$unknown" => {
            let ty: Json = source.next_value()?;
            Value::unknown(types::whole_from_json(&ty).unwrap_or(Type::Any))
        }
        "$null" => {
            let ty = types::whole_from_json(&source.next_value()?);
            Value::null(ty.ok_or_else(damaged)?)
        }
        "$secret" => secret(&source.next_value()?).ok_or_else(damaged)?,
        _ => return Err(damaged()),
    };
    match source.next_key::<Cow<'_, str>>()? {
        None => Ok(value),
        Some(_) => Err(damaged()),
    }
}

/// The element type that the last member of a collection may name.
fn named_type<'de, A: MapAccess<'de>>(source: &mut A) -> Result<Option<Type>, A::Error> {
    let damaged = || A::Error::custom("damaged");
    let named = match source.next_key::<Cow<'_, str>>()? {
        None => return Ok(None),
        Some(name) if name == "$of" => types::from_json(&source.next_value()?),
        Some(_) => None,
    };
    if named.is_none() || source.next_key::<Cow<'_, str>>()?.is_some() {
        return Err(damaged());
    }
    Ok(named)
}

/// What is written of a secret.
#[derive(Deserialize)]
struct Secret<'a> {
    #[serde(borrow, default)]
    digest: Option<Cow<'a, str>>,
    #[serde(rename = "type")]
    ty: Json,
}

fn secret(written: &Secret<'_>) -> Option<Value> {
    let ty = types::whole_from_json(&written.ty).unwrap_or(Type::Any);
    let Some(text) = &written.digest else {
        let certain = Refinement {
            not_null: true,
            ..Refinement::default()
        };
        return Some(Value::refined(ty, certain).marked(Marks::SENSITIVE));
    };
    let mut digest = Digest::FORGOTTEN;
    let (salt, mac) = text.split_at_checked(2 * digest.salt.len())?;
    unhex_into(salt, &mut digest.salt)?;
    unhex_into(mac, &mut digest.mac)?;
    Some(Value::withheld(ty, digest))
}
