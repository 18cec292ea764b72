//! Conversion of values to types, by the rules of Terraform's type constraints.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use flowctl_model::{
    AttributePath, Kind, Marks, Number, ObjectType, Refinement, Step, Text, Type, Unknown, Value,
};

use crate::unify::unify;

/// Why a value cannot be converted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConvertError {
    /// Where inside the value.
    pub path: AttributePath,
    /// What would be needed there: `a number is required`. Without the value itself.
    pub message: String,
}

impl std::fmt::Display for ConvertError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in self.path.steps() {
            match step {
                Step::Attribute(name) => write!(f, "attribute {:?}: ", name.as_str())?,
                Step::Index(index) => write!(f, "element {index}: ")?,
                Step::Key(key) => write!(f, "element {:?}: ", key.as_str())?,
            }
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConvertError {}

impl ConvertError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            path: AttributePath::root(),
            message: message.into(),
        }
    }
    /// The same error seen from one step further out.
    fn inside(self, step: Step) -> Self {
        let mut steps = vec![step];
        steps.extend_from_slice(self.path.steps());
        Self {
            path: steps.into(),
            message: self.message,
        }
    }
}

/// Whether values of type `from` may be convertible to `to`. Some conversions still depend on the
/// value: `"x"` is no number.
pub fn converts(from: &Type, to: &Type) -> bool {
    if from == to {
        return true;
    }
    match (from, to) {
        (_, Type::Any)
        | (Type::Any, _)
        | (Type::Number | Type::Bool, Type::String)
        | (Type::String, Type::Number | Type::Bool) => true,
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => converts(from, to),
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) if **to == Type::Any => {
            from.is_empty() || element_of(from, false).is_some()
        }
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            from.iter().all(|from| converts(from, to))
        }
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(to.iter()).all(|(f, t)| converts(f, t))
        }
        (Type::Object(from), Type::Map(to)) if **to == Type::Any => {
            let types: Vec<Type> = from.attributes.values().cloned().collect();
            types.is_empty() || element_of(&types, true).is_some()
        }
        (Type::Object(from), Type::Map(to)) => {
            from.attributes.values().all(|from| converts(from, to))
        }
        (Type::Object(from), Type::Object(to)) => {
            to.attributes
                .iter()
                .all(|(name, to_type)| match from.attributes.get(name) {
                    Some(from_type) => converts(from_type, to_type),
                    None => to.optional.contains(name),
                })
        }
        (Type::Map(from), Type::Object(to)) => to.attributes.values().all(|to| converts(from, to)),
        _ => false,
    }
}

/// The one type for elements of all these types. What has no type yet, such as a null, goes along
/// with the others where they agree: in a map more easily than in a sequence.
fn element_of(types: &[Type], in_map: bool) -> Option<Type> {
    let common = unify(types)?;
    if !common.has_any() || types.iter().all(|ty| *ty == common) {
        return Some(common);
    }
    let typed: Vec<Type> = types
        .iter()
        .filter(|ty| **ty != Type::Any)
        .cloned()
        .collect();
    let all_same = |types: &[Type]| types.windows(2).all(|pair| pair.first() == pair.last());
    if typed.len() == types.len() {
        // An empty collection goes with one that has elements.
        let empty =
            matches!(&common, Type::List(of) | Type::Set(of) | Type::Map(of) if **of == Type::Any);
        let mut full: Vec<Type> = typed.iter().map(|ty| concrete(ty, &common)).collect();
        full.retain(|ty| *ty != common);
        return unify(&full).filter(|ty| empty && !ty.has_any());
    }
    let has = |test: fn(&Type) -> bool| typed.iter().any(test);
    let sequences = has(|ty| matches!(ty, Type::List(_))) && has(|ty| matches!(ty, Type::Tuple(_)));
    let mappings = has(|ty| matches!(ty, Type::Map(_))) && has(|ty| matches!(ty, Type::Object(_)));
    let agreed = match (sequences || mappings, in_map) {
        (true, true) => unify(&typed).filter(|ty| !ty.has_any())?,
        (true, false) => {
            let collections: Vec<Type> = typed.iter().map(as_collection).collect::<Option<_>>()?;
            collections
                .first()
                .filter(|_| all_same(&collections))?
                .clone()
        }
        (false, true) => typed.first().filter(|_| all_same(&typed))?.clone(),
        (false, false) => return None,
    };
    Some(agreed)
}

/// A tuple as the list, and an object as the map, that it can be converted to.
fn as_collection(ty: &Type) -> Option<Type> {
    match ty {
        Type::Tuple(types) => Some(Type::list(unify(types)?)),
        Type::Object(object) => {
            let types: Vec<Type> = object.attributes.values().cloned().collect();
            Some(Type::map(unify(&types)?))
        }
        other => Some(other.clone()),
    }
}

/// Converts a value. Marks stay where they are; in a set they move to the set itself.
pub fn convert(value: &Value, to: &Type) -> Result<Value, ConvertError> {
    if *to == Type::Any {
        return Ok(value.clone());
    }
    let from = value.ty();
    if from == *to {
        return Ok(value.clone());
    }
    let marks = value.marks();
    if !converts(&from, to) {
        return Err(ConvertError::new(mismatch(&from, to)));
    }
    let converted = match value.kind() {
        Kind::Null(_) => Value::null(without_optional(&concrete(&from, to))),
        Kind::Unknown(unknown) => convert_unknown(unknown, &without_optional(&concrete(&from, to))),
        Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => convert_primitive(value, to)?,
        Kind::List(_, elements) | Kind::Set(_, elements) => {
            convert_sequence(elements, to, Some(&from))?
        }
        Kind::Tuple(elements) => match to {
            Type::Tuple(types) => Value::tuple(
                elements
                    .iter()
                    .zip(types.iter())
                    .enumerate()
                    .map(|(i, (e, t))| convert(e, t).map_err(|e| e.inside(Step::Index(i))))
                    .collect::<Result<_, _>>()?,
            ),
            _ => convert_sequence(elements, to, None)?,
        },
        Kind::Map(_, members) => match to {
            Type::Object(object) => convert_to_object(members, object, false)?,
            _ => convert_to_map(members, to, Some(&from))?,
        },
        Kind::Object(members) => match to {
            Type::Object(object) => convert_to_object(members, object, true)?,
            _ => convert_to_map(members, to, None)?,
        },
    };
    Ok(converted.marked(marks))
}

fn convert_primitive(value: &Value, to: &Type) -> Result<Value, ConvertError> {
    match (value.kind(), to) {
        (Kind::Bool(b), Type::String) => Ok(Value::string(if *b { "true" } else { "false" })),
        (Kind::Number(n), Type::String) => Ok(Value::string(n.to_string())),
        (Kind::String(text), Type::Number) => text
            .parse::<Number>()
            .map(Value::number)
            .map_err(|_| ConvertError::new("a number is required")),
        (Kind::String(text), Type::Bool) => match text.as_str() {
            "true" | "1" => Ok(Value::bool(true)),
            "false" | "0" => Ok(Value::bool(false)),
            other if other.eq_ignore_ascii_case("true") => Err(ConvertError::new(
                "a bool is required; to convert from string, use lowercase \"true\"",
            )),
            other if other.eq_ignore_ascii_case("false") => Err(ConvertError::new(
                "a bool is required; to convert from string, use lowercase \"false\"",
            )),
            _ => Err(ConvertError::new("a bool is required")),
        },
        _ => Err(ConvertError::new(mismatch(&value.ty(), to))),
    }
}

fn convert_unknown(unknown: &Unknown, to: &Type) -> Value {
    let Some(refinement) = &unknown.refinement else {
        return Value::unknown(to.clone());
    };
    // What is certain about lengths and numbers stays true only while the type stays the same
    // kind; that it is not null stays true always.
    let lengths = matches!(unknown.ty, Type::List(_) | Type::Map(_))
        && matches!(to, Type::List(_) | Type::Map(_));
    Value::refined(
        to.clone(),
        Refinement {
            not_null: refinement.not_null,
            min_length: refinement.min_length.filter(|_| lengths),
            max_length: refinement.max_length.filter(|_| lengths),
            ..Refinement::default()
        },
    )
}

/// The element type for a conversion to a collection of `to`, when that is `any`.
fn element_type<'a>(
    to: &Type,
    elements: impl Iterator<Item = &'a Value>,
    from: Option<&Type>,
    in_map: bool,
) -> Result<Type, ConvertError> {
    if !to.has_any() {
        return Ok(to.clone());
    }
    // Each element by itself decides what `any` stands for, then all of them together.
    let types: Vec<Type> = elements.map(|value| concrete(&value.ty(), to)).collect();
    match (types.is_empty(), from) {
        (true, Some(Type::List(element) | Type::Set(element) | Type::Map(element))) => {
            Ok(concrete(element, to))
        }
        (true, _) => Ok(to.clone()),
        (false, None) if *to == Type::Any => element_of(&types, in_map)
            .ok_or_else(|| ConvertError::new("all elements must have the same type")),
        (false, _) => {
            unify(&types).ok_or_else(|| ConvertError::new("all elements must have the same type"))
        }
    }
}

fn convert_sequence(
    elements: &[Value],
    to: &Type,
    from: Option<&Type>,
) -> Result<Value, ConvertError> {
    let (Type::List(wanted) | Type::Set(wanted)) = to else {
        return Err(ConvertError::new(format!(
            "{} required",
            to.friendly_name()
        )));
    };
    let element = element_type(wanted, elements.iter(), from, false)?;
    let converted = elements
        .iter()
        .enumerate()
        .map(|(i, e)| convert(e, &element).map_err(|e| e.inside(Step::Index(i))))
        .collect::<Result<Vec<_>, _>>()?;
    let element = without_optional(&element);
    Ok(match to {
        Type::List(_) => Value::list(element, converted),
        _ => Value::set(element, converted),
    })
}

fn convert_to_map(
    members: &BTreeMap<Text, Value>,
    to: &Type,
    from: Option<&Type>,
) -> Result<Value, ConvertError> {
    let Type::Map(wanted) = to else {
        return Err(ConvertError::new(format!(
            "{} required",
            to.friendly_name()
        )));
    };
    let mut element = element_type(wanted, members.values(), from, true)?;
    if element == Type::Any && from.is_none() {
        // What has no type yet goes with the others.
        let mut typed = members
            .values()
            .map(Value::ty)
            .filter(|ty| *ty != Type::Any);
        element = typed.next().unwrap_or(element);
    }
    let converted = members
        .iter()
        .map(|(name, value)| {
            convert(value, &element)
                .map(|value| (name.clone(), value))
                .map_err(|e| e.inside(Step::Key(name.clone())))
        })
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    Ok(Value::map(without_optional(&element), converted))
}

fn convert_to_object(
    members: &BTreeMap<Text, Value>,
    to: &ObjectType,
    from_object: bool,
) -> Result<Value, ConvertError> {
    let mut converted = BTreeMap::new();
    for (name, wanted) in &to.attributes {
        let value = match members.get(name) {
            Some(value) => convert(value, wanted).map_err(|e| {
                e.inside(if from_object {
                    Step::Attribute(name.clone())
                } else {
                    Step::Key(name.clone())
                })
            })?,
            None if to.optional.contains(name) => Value::null(without_optional(wanted)),
            None => {
                return Err(ConvertError::new(format!(
                    "attribute {:?} is required",
                    name.as_str()
                )));
            }
        };
        converted.insert(name.clone(), value);
    }
    Ok(Value::object(converted))
}

/// `to` with every `any` replaced by what a value of type `from` has there.
fn concrete(from: &Type, to: &Type) -> Type {
    if !to.has_any() {
        return to.clone();
    }
    let common = |types: Vec<Type>, to: &Type| {
        let types: Vec<Type> = types.iter().map(|from| concrete(from, to)).collect();
        unify(&types).unwrap_or(Type::Any)
    };
    match (from, to) {
        (_, Type::Any) => from.clone(),
        (Type::List(f) | Type::Set(f), Type::List(t)) => Type::list(concrete(f, t)),
        (Type::List(f) | Type::Set(f), Type::Set(t)) => Type::set(concrete(f, t)),
        (Type::Map(f), Type::Map(t)) => Type::map(concrete(f, t)),
        (Type::Tuple(f), Type::List(t)) => Type::list(common(f.to_vec(), t)),
        (Type::Tuple(f), Type::Set(t)) => Type::set(common(f.to_vec(), t)),
        (Type::Object(f), Type::Map(t)) => {
            Type::map(common(f.attributes.values().cloned().collect(), t))
        }
        (Type::Tuple(f), Type::Tuple(t)) if f.len() == t.len() => Type::tuple(
            f.iter()
                .zip(t.iter())
                .map(|(f, t)| concrete(f, t))
                .collect(),
        ),
        (Type::Object(f), Type::Object(t)) => Type::Object(Arc::new(ObjectType {
            attributes: t
                .attributes
                .iter()
                .map(|(name, t)| {
                    let ty = f
                        .attributes
                        .get(name)
                        .map_or_else(|| t.clone(), |f| concrete(f, t));
                    (name.clone(), ty)
                })
                .collect(),
            optional: t.optional.clone(),
        })),
        _ => to.clone(),
    }
}

/// A type as values have it: no attribute is optional.
pub fn without_optional(ty: &Type) -> Type {
    match ty {
        Type::List(ty) => Type::list(without_optional(ty)),
        Type::Set(ty) => Type::set(without_optional(ty)),
        Type::Map(ty) => Type::map(without_optional(ty)),
        Type::Tuple(types) => Type::tuple(types.iter().map(without_optional).collect()),
        Type::Object(object) => Type::object(
            object
                .attributes
                .iter()
                .map(|(name, ty)| (name.clone(), without_optional(ty))),
        ),
        other => other.clone(),
    }
}

/// What is missing in `from` to be a `to`.
pub fn mismatch(from: &Type, to: &Type) -> String {
    match (from, to) {
        (Type::Object(f), Type::Object(t)) => mismatch_objects(f, t),
        (Type::Tuple(_), Type::List(t)) if **t == Type::Any => {
            "all list elements must have the same type".into()
        }
        (Type::Tuple(_), Type::Set(t)) if **t == Type::Any => {
            "all set elements must have the same type".into()
        }
        (Type::Object(_), Type::Map(t)) if **t == Type::Any => {
            "all map elements must have the same type".into()
        }
        (Type::Tuple(f), Type::List(t) | Type::Set(t)) => f
            .iter()
            .position(|f| !converts(f, t))
            .and_then(|i| Some(format!("element {i}: {}", mismatch(f.get(i)?, t))))
            .unwrap_or_else(|| format!("{} required", to.friendly_name())),
        (Type::Object(f), Type::Map(t)) => f
            .attributes
            .iter()
            .find(|(_, f)| !converts(f, t))
            .map_or_else(
                || format!("{} required", to.friendly_name()),
                |(name, f)| format!("element {:?}: {}", name.as_str(), mismatch(f, t)),
            ),
        (Type::List(f) | Type::Set(f), Type::List(t) | Type::Set(t))
        | (Type::Map(f), Type::Map(t)) => {
            format!(
                "incorrect {} element type: {}",
                collection(from),
                mismatch(f, t)
            )
        }
        _ => format!("{} required", to.friendly_name()),
    }
}

fn collection(ty: &Type) -> &'static str {
    match ty {
        Type::Set(_) => "set",
        Type::Map(_) => "map",
        _ => "list",
    }
}

fn mismatch_objects(from: &ObjectType, to: &ObjectType) -> String {
    let missing: Vec<&Text> = to
        .attributes
        .keys()
        .filter(|name| !from.attributes.contains_key(*name) && !to.optional.contains(*name))
        .collect();
    match missing.as_slice() {
        [] => {}
        [name] => return format!("attribute {:?} is required", name.as_str()),
        [names @ .., last] => {
            let mut text = String::from("attributes ");
            for name in names {
                let _ = write!(text, "{:?}, ", name.as_str());
            }
            text.truncate(text.len() - 2);
            let _ = write!(text, " and {:?} are required", last.as_str());
            return text;
        }
    }
    for (name, wanted) in &to.attributes {
        if let Some(found) = from.attributes.get(name)
            && !converts(found, wanted)
        {
            return format!("attribute {:?}: {}", name.as_str(), mismatch(found, wanted));
        }
    }
    "object required".into()
}

/// The value with the marks of everything inside on the value itself too.
pub fn with_deep_marks(value: &Value) -> Value {
    let marks: Marks = value.deep_marks();
    value.clone().marked(marks)
}
