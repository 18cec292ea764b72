//! The one type that several types can be converted to.

use std::collections::BTreeMap;

use flowctl_model::{Text, Type};

use crate::convert::converts;

/// The type that values of all these types can be converted to, or `None` where there is none.
///
/// Objects become a map and tuples a list where their shapes differ. A type that is not known yet
/// among collections makes the result unknown too.
pub fn unify(types: &[Type]) -> Option<Type> {
    let (first, rest) = types.split_first()?;
    if rest.iter().all(|ty| ty == first) {
        return Some(first.clone());
    }
    common(types, first).filter(|found| all_convert(types, found))
}

/// What elements have in common need not be something that each of their collections converts to.
fn all_convert(types: &[Type], to: &Type) -> bool {
    types.iter().all(|ty| converts(ty, to))
}

fn common(types: &[Type], first: &Type) -> Option<Type> {
    let count = |test: fn(&Type) -> bool| types.iter().filter(|ty| test(ty)).count();
    let any = count(|ty| *ty == Type::Any);
    let lists = count(|ty| matches!(ty, Type::List(_)));
    let sets = count(|ty| matches!(ty, Type::Set(_)));
    let maps = count(|ty| matches!(ty, Type::Map(_)));
    let tuples = count(|ty| matches!(ty, Type::Tuple(_)));
    let objects = count(|ty| matches!(ty, Type::Object(_)));
    let all = types.len();
    let uniform = |n: usize| n > 0 && n + any == all;
    if uniform(lists) || uniform(sets) || uniform(maps) || uniform(tuples) || uniform(objects) {
        if any > 0 {
            return Some(Type::Any);
        }
        return match first {
            Type::List(_) => elements(types).map(Type::list),
            Type::Set(_) => elements(types).map(Type::set),
            Type::Map(_) => elements(types).map(Type::map),
            Type::Tuple(_) => tuples_of(types),
            _ => objects_of(types),
        };
    }
    let family = if maps > 0 && maps + objects + any == all {
        Family::MAPS
    } else if lists > 0 && lists + tuples + any == all {
        Family::LISTS
    } else {
        // Nothing is an object and a tuple.
        return general(types).filter(|_| objects == 0 || tuples == 0);
    };
    if let Some(found) = collected(types, &family) {
        // What is converted in two steps need not be in one; then all elements decide together.
        let together = || elements(types).map(family.collection);
        let found = Some(found).filter(|found| all_convert(types, found));
        let found = found.or_else(together);
        let found = found.map(|found| if any > 0 { Type::Any } else { found });
        if let Some(found) = found.filter(|found| all_convert(types, found)) {
            return Some(found);
        }
    }
    general(types)
}

/// The most general of the types, if all others convert to it.
fn general(types: &[Type]) -> Option<Type> {
    let mut candidates: Vec<&Type> = types.iter().collect();
    candidates.sort_by_key(|ty| preference(ty));
    candidates
        .into_iter()
        .find(|wanted| types.iter().all(|ty| converts(ty, wanted)))
        .cloned()
}

/// A shape, whose elements have types of their own, and the collection that is made of it.
struct Family {
    is_shape: fn(&Type) -> bool,
    collection: fn(Type) -> Type,
}

impl Family {
    const MAPS: Self = Self {
        is_shape: |ty| matches!(ty, Type::Object(_)),
        collection: Type::map,
    };
    const LISTS: Self = Self {
        is_shape: |ty| matches!(ty, Type::Tuple(_)),
        collection: Type::list,
    };
}

/// What maps and objects have in common, or lists and tuples: first what those of a shape have in
/// common as a collection, then what that and the others have.
fn collected(types: &[Type], family: &Family) -> Option<Type> {
    let (is_shape, collection) = (family.is_shape, family.collection);
    let is_empty = |ty: &Type| match ty {
        Type::Tuple(types) => types.is_empty(),
        Type::Object(object) => object.attributes.is_empty(),
        _ => false,
    };
    let shapes: Vec<Type> = types.iter().filter(|ty| is_shape(ty)).cloned().collect();
    if shapes.iter().all(is_empty) {
        return elements(types).map(collection);
    }
    let own = collection(elements(&shapes)?);
    let others = types.iter().filter(|ty| **ty != Type::Any);
    let alike = others
        .map(|ty| if is_shape(ty) { &own } else { ty })
        .cloned();
    unify(&alike.collect::<Vec<_>>())
}

/// Lower comes first: the more general of two types that convert to each other.
fn preference(ty: &Type) -> u8 {
    match ty {
        Type::String | Type::List(_) | Type::Map(_) => 0,
        Type::Bool | Type::Number | Type::Tuple(_) | Type::Object(_) => 1,
        Type::Set(_) => 2,
        Type::Any => 3,
    }
}

/// The type that all elements of all these collections, tuples and objects can be converted to.
fn elements(types: &[Type]) -> Option<Type> {
    let mut inside = Vec::new();
    for ty in types {
        match ty {
            Type::List(ty) | Type::Set(ty) | Type::Map(ty) => inside.push(ty.as_ref().clone()),
            Type::Tuple(types) => inside.extend(types.iter().cloned()),
            Type::Object(object) => inside.extend(object.attributes.values().cloned()),
            _ => {}
        }
    }
    unify(&inside)
}

fn tuples_of(types: &[Type]) -> Option<Type> {
    let shapes: Vec<&Vec<Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(types) => Some(types.as_ref()),
            _ => None,
        })
        .collect();
    let length = shapes.first()?.len();
    if shapes.iter().any(|shape| shape.len() != length) {
        return elements(types).map(Type::list);
    }
    let unified = (0..length)
        .map(|i| {
            let across: Vec<Type> = shapes.iter().filter_map(|s| s.get(i)).cloned().collect();
            unify(&across)
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Type::tuple(unified))
}

fn objects_of(types: &[Type]) -> Option<Type> {
    let shapes: Vec<&BTreeMap<Text, Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(object) => Some(&object.attributes),
            _ => None,
        })
        .collect();
    let first = *shapes.first()?;
    if shapes.iter().any(|shape| !shape.keys().eq(first.keys())) {
        return elements(types).map(Type::map);
    }
    let unified = first
        .keys()
        .map(|name| {
            let across: Vec<Type> = shapes.iter().filter_map(|s| s.get(name)).cloned().collect();
            Some((name.clone(), unify(&across)?))
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Type::object(unified))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_general_type_wins() {
        let object = |name: &str| Type::object([(name, Type::Number)]);
        for (types, wanted) in [
            (vec![Type::Number, Type::String], Some(Type::String)),
            (vec![Type::Number, Type::Bool], None),
            (vec![Type::Any, Type::Number], Some(Type::Number)),
            (
                vec![Type::tuple(vec![Type::Number]), Type::list(Type::String)],
                Some(Type::list(Type::String)),
            ),
            (
                vec![Type::set(Type::Number), Type::list(Type::Number)],
                Some(Type::list(Type::Number)),
            ),
            (
                vec![object("a"), object("b")],
                Some(Type::map(Type::Number)),
            ),
            (vec![object("a"), Type::tuple(vec![])], None),
            (vec![], None),
        ] {
            assert_eq!(unify(&types), wanted, "{types:?}");
        }
    }
}
