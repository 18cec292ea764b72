//! Element types of collections: told from the elements, or written down.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use flowctl_model::{Kind, ObjectType, Type, Unknown, Value};
use serde_json::{Value as Json, json};

/// The type that all elements have, as far as they tell it: a null tells nothing, and neither do
/// elements that contradict each other.
pub(super) fn of_elements<'a>(elements: impl Iterator<Item = &'a Value>) -> Type {
    KnownTypes::default().told_by(elements).0
}

/// How many types of objects are remembered.
const KNOWN: usize = 16;

/// The types of objects that were met last: those of blocks, which are the same in resource after
/// resource, and are shared in place of being made each time.
#[derive(Default)]
pub(super) struct KnownTypes(RefCell<VecDeque<Type>>);

impl KnownTypes {
    /// The element type of a collection with these elements, which are made to be of it; `named`
    /// is the one that was written down.
    pub(super) fn settle<'a>(
        &self,
        named: Option<Type>,
        elements: impl ExactSizeIterator<Item = &'a mut Value>,
    ) -> Type {
        let elements: Vec<&mut Value> = elements.collect();
        let (told, same) = match named {
            Some(named) => (named, false),
            None => self.told_by(elements.iter().map(|value| &**value)),
        };
        if !same {
            give_all(elements.into_iter(), &told);
        }
        told
    }

    /// The type that elements tell, and whether each is of exactly this type.
    fn told_by<'a>(&self, mut elements: impl Iterator<Item = &'a Value>) -> (Type, bool) {
        let Some(first) = elements.next() else {
            return (Type::Any, true);
        };
        let (mut told, mut same) = (self.of(first), true);
        for element in elements {
            if is_of(element, &told) {
                continue;
            }
            same = false;
            told = match both(told, self.of(element)) {
                Some(both) => both,
                None => return (Type::Any, true),
            };
        }
        (told, same)
    }

    /// The type of a value as its text tells it.
    fn of(&self, value: &Value) -> Type {
        match value.kind() {
            Kind::Null(_) => Type::Any,
            Kind::Unknown(unknown) if !unknown.ty.is_primitive() => Type::Any,
            Kind::Object(_) => {
                let mut known = self.0.borrow_mut();
                if let Some(ty) = known.iter().find(|ty| is_of(value, ty)) {
                    return ty.clone();
                }
                let ty = value.ty();
                if known.len() == KNOWN {
                    known.pop_back();
                }
                known.push_front(ty.clone());
                ty
            }
            _ => value.ty(),
        }
    }
}

/// Whether a type is exactly the one of a value, found out without making that.
fn is_of(value: &Value, ty: &Type) -> bool {
    match (value.kind(), ty) {
        (Kind::Bool(_), Type::Bool)
        | (Kind::Number(_), Type::Number)
        | (Kind::String(_), Type::String) => true,
        (Kind::Null(own), ty) => own == ty,
        (Kind::Unknown(unknown), ty) => unknown.ty == *ty,
        (Kind::List(own, _), Type::List(of))
        | (Kind::Set(own, _), Type::Set(of))
        | (Kind::Map(own, _), Type::Map(of)) => *own == **of,
        (Kind::Object(values), Type::Object(types)) => {
            values.len() == types.attributes.len()
                && types.optional.is_empty()
                && values
                    .iter()
                    .zip(&types.attributes)
                    .all(|((name, value), (of, ty))| name == of && is_of(value, ty))
        }
        (Kind::Tuple(values), Type::Tuple(types)) => {
            values.len() == types.len()
                && values.iter().zip(types.iter()).all(|(v, ty)| is_of(v, ty))
        }
        _ => false,
    }
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

/// Any type, whatever it has in it.
pub(super) fn whole_to_json(ty: &Type) -> Json {
    let all = |types: &[Type]| types.iter().map(whole_to_json).collect::<Json>();
    match ty {
        Type::Any => "any".into(),
        Type::String => "string".into(),
        Type::Number => "number".into(),
        Type::Bool => "bool".into(),
        Type::List(of) => json!(["list", whole_to_json(of)]),
        Type::Set(of) => json!(["set", whole_to_json(of)]),
        Type::Map(of) => json!(["map", whole_to_json(of)]),
        Type::Tuple(types) => json!(["tuple", all(types)]),
        Type::Object(object) => {
            let types = object.attributes.iter();
            let types = types.map(|(name, ty)| (name.to_string(), whole_to_json(ty)));
            json!(["object", types.collect::<Json>()])
        }
    }
}

/// The other way round.
pub(super) fn whole_from_json(json: &Json) -> Option<Type> {
    if let Some(name) = json.as_str() {
        return if name == "any" {
            Some(Type::Any)
        } else {
            primitive(name)
        };
    }
    let [name, of] = json.as_array()?.as_slice() else {
        return None;
    };
    match name.as_str()? {
        "list" => Some(Type::list(whole_from_json(of)?)),
        "set" => Some(Type::set(whole_from_json(of)?)),
        "map" => Some(Type::map(whole_from_json(of)?)),
        "tuple" => {
            let types = of.as_array()?.iter().map(whole_from_json);
            Some(Type::tuple(types.collect::<Option<_>>()?))
        }
        "object" => {
            let types = of.as_object()?.iter();
            let types = types.map(|(name, ty)| Some((name.as_str().into(), whole_from_json(ty)?)));
            Some(Type::Object(Arc::new(ObjectType {
                attributes: types.collect::<Option<_>>()?,
                ..ObjectType::default()
            })))
        }
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
