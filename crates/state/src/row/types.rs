//! Element types of collections: told from the elements, or written down.

use std::sync::Arc;

use flowctl_model::{Kind, ObjectType, Type, Unknown, Value};
use serde_json::{Value as Json, json};

/// The type that all elements have, as far as they tell it: a null tells nothing, and neither do
/// elements that contradict each other.
pub(super) fn of_elements<'a>(elements: impl Iterator<Item = &'a Value>) -> Type {
    told_by(elements).0
}

/// The same, and whether every element is of exactly this type.
fn told_by<'a>(mut elements: impl Iterator<Item = &'a Value>) -> (Type, bool) {
    let Some(first) = elements.next() else {
        return (Type::Any, true);
    };
    let (mut told, mut same) = (of(first), true);
    for element in elements {
        match (&told, element.kind()) {
            (Type::String, Kind::String(_))
            | (Type::Number, Kind::Number(_))
            | (Type::Bool, Kind::Bool(_)) => {}
            _ => {
                let ty = of(element);
                if ty != told {
                    same = false;
                    told = match both(told, ty) {
                        Some(both) => both,
                        None => return (Type::Any, true),
                    };
                }
            }
        }
    }
    (told, same)
}

/// The type of a value as its text tells it.
fn of(value: &Value) -> Type {
    match value.kind() {
        Kind::Null(_) => Type::Any,
        Kind::Unknown(unknown) if !unknown.ty.is_primitive() => Type::Any,
        _ => value.ty(),
    }
}

/// The element type of a collection with these elements, which are made to be of it; `named` is
/// the one that was written down.
pub(super) fn settle<'a>(
    named: Option<Type>,
    elements: impl ExactSizeIterator<Item = &'a mut Value>,
) -> Type {
    let elements: Vec<&mut Value> = elements.collect();
    let (told, same) = match named {
        Some(named) => (named, false),
        None => told_by(elements.iter().map(|value| &**value)),
    };
    if !same {
        give_all(elements.into_iter(), &told);
    }
    told
}

/// What two types tell together; `None` if they contradict each other.
fn both(one: Type, other: Type) -> Option<Type> {
    if one == other {
        return Some(one);
    }
    let inside = |a: &Arc<Type>, b: &Arc<Type>| both((**a).clone(), (**b).clone()).map(Arc::new);
    match (one, other) {
        (Type::Any, told) | (told, Type::Any) => Some(told),
        (Type::List(a), Type::List(b)) => Some(Type::List(inside(&a, &b)?)),
        (Type::Set(a), Type::Set(b)) => Some(Type::Set(inside(&a, &b)?)),
        (Type::Map(a), Type::Map(b)) => Some(Type::Map(inside(&a, &b)?)),
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            let types = a.iter().zip(b.iter());
            let types = types.map(|(a, b)| both(a.clone(), b.clone()));
            Some(Type::tuple(types.collect::<Option<_>>()?))
        }
        (Type::Object(a), Type::Object(b)) if a.attributes.keys().eq(b.attributes.keys()) => {
            let types = a.attributes.iter().zip(b.attributes.values());
            let types =
                types.map(|((name, a), b)| Some((name.clone(), both(a.clone(), b.clone())?)));
            Some(Type::Object(Arc::new(ObjectType {
                attributes: types.collect::<Option<_>>()?,
                ..ObjectType::default()
            })))
        }
        _ => None,
    }
}

/// Gives a value a type that its own is part of.
fn give_type(value: &mut Value, ty: &Type) {
    match (value.kind(), ty) {
        (Kind::Bool(_) | Kind::Number(_) | Kind::String(_), _) | (_, Type::Any) => return,
        (Kind::Null(own), _) if !own.has_any() => return,
        _ => {}
    }
    let marks = value.marks();
    let kind = match (
        std::mem::replace(value, Value::bool(false)).into_parts().0,
        ty,
    ) {
        (Kind::Null(_), ty) => Kind::Null(ty.clone()),
        (Kind::Unknown(unknown), ty) if unknown.ty.has_any() => Kind::Unknown(Unknown {
            ty: ty.clone(),
            ..unknown
        }),
        (Kind::List(_, mut values), Type::List(of)) => {
            give_all(Arc::make_mut(&mut values).iter_mut(), of);
            Kind::List((**of).clone(), values)
        }
        (Kind::Set(_, mut values), Type::Set(of)) => {
            give_all(Arc::make_mut(&mut values).iter_mut(), of);
            Kind::Set((**of).clone(), values)
        }
        (Kind::Map(_, mut values), Type::Map(of)) => {
            give_all(Arc::make_mut(&mut values).values_mut(), of);
            Kind::Map((**of).clone(), values)
        }
        (Kind::Tuple(mut values), Type::Tuple(types)) => {
            let values_mut = Arc::make_mut(&mut values).iter_mut();
            values_mut
                .zip(types.iter())
                .for_each(|(v, ty)| give_type(v, ty));
            Kind::Tuple(values)
        }
        (Kind::Object(mut values), Type::Object(types)) => {
            for (name, value) in Arc::make_mut(&mut values) {
                if let Some(ty) = types.attributes.get(name) {
                    give_type(value, ty);
                }
            }
            Kind::Object(values)
        }
        (kind, _) => kind,
    };
    *value = Value::new(kind).with_marks(marks);
}

fn give_all<'a>(values: impl Iterator<Item = &'a mut Value>, ty: &Type) {
    values.for_each(|value| give_type(value, ty));
}

/// A type as Terraform writes types in JSON: `"string"`, `["list","string"]`; `None` for one that
/// is not written down.
pub(super) fn to_json(ty: &Type) -> Option<Json> {
    let collection = |name: &str, of: &Type| Some(json!([name, to_json(of)?]));
    match ty {
        Type::String => Some("string".into()),
        Type::Number => Some("number".into()),
        Type::Bool => Some("bool".into()),
        Type::List(of) => collection("list", of),
        Type::Set(of) => collection("set", of),
        Type::Map(of) => collection("map", of),
        Type::Any | Type::Tuple(_) | Type::Object(_) => None,
    }
}

/// The type that was written down.
pub(super) fn from_json(json: &Json) -> Option<Type> {
    if let Some(name) = json.as_str() {
        return primitive(name);
    }
    let [name, of] = json.as_array()?.as_slice() else {
        return None;
    };
    let of = from_json(of)?;
    match name.as_str()? {
        "list" => Some(Type::list(of)),
        "set" => Some(Type::set(of)),
        "map" => Some(Type::map(of)),
        _ => None,
    }
}

/// A primitive type by name.
pub(super) fn primitive(name: &str) -> Option<Type> {
    match name {
        "string" => Some(Type::String),
        "number" => Some(Type::Number),
        "bool" => Some(Type::Bool),
        _ => None,
    }
}
