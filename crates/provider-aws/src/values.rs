//! Values as services mean them: what is as good as nothing, and what an object is to be if the
//! service does not tell.

use std::collections::BTreeMap;

use flowctl_model::{AttributePath, Kind, Text, Value};

/// Whether the service takes a value as if there were none: `false`, zero, an empty string, and a
/// block or collection of nothing but such values.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(_) | Kind::Bool(false) => true,
        Kind::Number(number) => number.to_i64() == Some(0),
        Kind::String(text) => text.is_empty(),
        Kind::List(_, elements) => elements.iter().all(is_blank),
        Kind::Map(_, members) => members.is_empty(),
        Kind::Object(members) => members.values().all(is_blank),
        _ => false,
    }
}

/// Whether two known values differ in nothing but blanks. `alike` says of two different values that
/// are no collections whether they mean the same, by the name of their argument.
pub(crate) fn same(
    one: &Value,
    other: &Value,
    alike: &dyn Fn(&str, &Value, &Value) -> bool,
) -> bool {
    same_at("", one, other, alike)
}

fn same_at(
    name: &str,
    one: &Value,
    other: &Value,
    alike: &dyn Fn(&str, &Value, &Value) -> bool,
) -> bool {
    if one == other || (is_blank(one) && is_blank(other)) {
        return true;
    }
    match (one.kind(), other.kind()) {
        (Kind::Object(old), Kind::Object(new)) => {
            let names = old
                .keys()
                .chain(new.keys())
                .collect::<std::collections::BTreeSet<_>>();
            names
                .into_iter()
                .all(|name| match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => same_at(name.as_str(), old, new, alike),
                    (old, new) => old.or(new).is_none_or(is_blank),
                })
        }
        (Kind::List(_, old), Kind::List(_, new)) => {
            let mut pairs = old.iter().zip(new.iter());
            old.len() == new.len() && pairs.all(|(old, new)| same_at(name, old, new, alike))
        }
        _ => alike(name, one, other),
    }
}

/// Whether two lists have the same elements, in whatever order.
pub(crate) fn same_elements(
    one: &[Value],
    other: &[Value],
    same: &dyn Fn(&Value, &Value) -> bool,
) -> bool {
    one.len() == other.len() && in_order_of(one, other, same).1 == one.len()
}

/// Elements of which the order means nothing, in the order of what is known of them: those that are
/// not among these take the places that are left. Also how many were found.
pub(crate) fn in_order_of(
    known: &[Value],
    elements: &[Value],
    same: &dyn Fn(&Value, &Value) -> bool,
) -> (Vec<Value>, usize) {
    let mut left: BTreeMap<usize, &Value> = elements.iter().enumerate().collect();
    let places: Vec<Option<&Value>> = known
        .iter()
        .map(|known| {
            let at = left.iter().find(|(_, element)| same(known, element))?;
            let at = *at.0;
            left.remove(&at)
        })
        .collect();
    let found = places.iter().flatten().count();
    let mut left = left.into_values();
    let mut ordered: Vec<Value> = places
        .into_iter()
        .filter_map(|place| place.or_else(|| left.next()).cloned())
        .collect();
    ordered.extend(left.cloned());
    (ordered, found)
}

/// What was asked for, for the case that the service does not tell: nothing is left unknown but what
/// is `told`.
pub(crate) fn as_asked(planned: &Value, told: &[(&str, Option<&str>)]) -> Value {
    planned.map_at(&mut AttributePath::root(), &mut |path, value| {
        if value.is_known() {
            return None;
        }
        let is = |name: &str| *path == AttributePath::attribute(Text::from(name));
        let known = told.iter().find(|(name, _)| is(name));
        Some(match known {
            Some((_, Some(text))) => Value::string(*text),
            _ => Value::null(value.ty()),
        })
    })
}

#[cfg(test)]
mod tests {
    use flowctl_model::Type;

    use super::*;

    fn list(texts: &[&str]) -> Vec<Value> {
        texts.iter().map(|text| Value::from(*text)).collect()
    }

    #[test]
    fn elements_keep_the_places_that_they_had() {
        let equal = |one: &Value, other: &Value| one == other;
        let ordered = |known: &[&str], live: &[&str]| {
            let (ordered, found) = in_order_of(&list(known), &list(live), &equal);
            let texts = ordered.iter().map(|v| v.as_str().unwrap().to_owned());
            (texts.collect::<String>(), found)
        };
        assert_eq!(
            ordered(&["a", "b", "c"], &["c", "a", "b"]),
            ("abc".into(), 3)
        );
        assert_eq!(
            ordered(&["a", "b", "c"], &["c", "x", "a"]),
            ("axc".into(), 2)
        );
        assert_eq!(ordered(&["a", "b"], &["b"]), ("b".into(), 1));
        assert_eq!(ordered(&["a"], &["b", "a", "a"]), ("aba".into(), 1));
        assert_eq!(ordered(&[], &["b", "a"]), ("ba".into(), 0));
        assert!(same_elements(
            &list(&["a", "b"]),
            &list(&["b", "a"]),
            &equal
        ));
        assert!(!same_elements(
            &list(&["a", "a"]),
            &list(&["b", "a"]),
            &equal
        ));
        assert!(!same_elements(&list(&["a"]), &list(&["a", "a"]), &equal));
    }

    #[test]
    fn blanks_are_nothing() {
        let never = |_: &str, _: &Value, _: &Value| false;
        let object = |value: Value| Value::object([("a", value)]);
        let empty = || Value::object::<&str>([]);
        assert!(same(&object(Value::bool(false)), &empty(), &never));
        assert!(same(
            &object(Value::number(0)),
            &object(Value::null(Type::Number)),
            &never
        ));
        assert!(!same(&object(Value::number(1)), &empty(), &never));
        assert!(!same(&object("x".into()), &object("X".into()), &never));
        let by_name = |name: &str, _: &Value, _: &Value| name == "a";
        assert!(same(&object("x".into()), &object("X".into()), &by_name));
    }
}
