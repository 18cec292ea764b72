//! Sets: distinct elements in the order in which Terraform walks them.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Kind, Marks, Value};
use crate::Type;

impl Value {
    /// A set; the elements must be of the element type. Duplicates are dropped, elements are
    /// brought into order, and marks of elements move to the set.
    pub fn set(element: Type, elements: Vec<Value>) -> Self {
        let marks = elements
            .iter()
            .fold(Marks::NONE, |marks, e| marks.union(e.deep_marks()));
        let mut elements = elements;
        if !marks.is_none() {
            elements = elements.iter().map(|e| e.unmarked_deep(marks)).collect();
        }
        if element.is_primitive() {
            elements.sort_by(primitive_order);
        } else {
            elements.sort_by_cached_key(|e| {
                let mut key = String::new();
                order_key(e, &mut key);
                (e.is_null(), !e.is_known(), key)
            });
        }
        // Two unknown values may turn out to be different, so both stay.
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Self::new(Kind::Set(element, Arc::new(elements))).marked(marks)
    }
}

/// Known values by their own order, then unknown ones, then null.
fn primitive_order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v.kind() {
        Kind::Null(_) => 2,
        Kind::Unknown(_) => 1,
        _ => 0,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| match (a.kind(), b.kind()) {
            (Kind::String(a), Kind::String(b)) => a.cmp(b),
            (Kind::Number(a), Kind::Number(b)) => a.cmp(b),
            (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
            _ => Ordering::Equal,
        })
}

/// A text for each value by which values that have no natural order are ordered, as Terraform
/// orders them.
fn order_key(value: &Value, out: &mut String) {
    let all = |v: &[Value], out: &mut String, open: char, close: char| {
        out.push(open);
        for element in v {
            order_key(element, out);
            out.push(';');
        }
        out.push(close);
    };
    match value.kind() {
        Kind::Unknown(_) => out.push('?'),
        Kind::Null(_) => out.push('~'),
        Kind::Bool(b) => out.push(if *b { 'T' } else { 'F' }),
        Kind::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Kind::String(s) => {
            let _ = write!(out, "{:?}", s.as_str());
        }
        Kind::List(_, v) | Kind::Set(_, v) => all(v, out, '[', ']'),
        Kind::Tuple(v) => all(v, out, '<', '>'),
        Kind::Object(m) => {
            out.push('<');
            for element in m.values() {
                order_key(element, out);
                out.push(';');
            }
            out.push('>');
        }
        Kind::Map(_, m) => {
            out.push('{');
            for (key, element) in m.iter() {
                let _ = write!(out, "{:?}:", key.as_str());
                order_key(element, out);
                out.push(';');
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_distinct_and_ordered() {
        let set = Value::set(
            Type::String,
            vec![
                Value::null(Type::String),
                Value::string("b"),
                Value::string("a").marked(Marks::SENSITIVE),
                Value::string("b"),
            ],
        );
        assert!(set.is_sensitive());
        assert_eq!(
            set.elements().unwrap(),
            [
                Value::string("a"),
                Value::string("b"),
                Value::null(Type::String)
            ]
        );
    }

    #[test]
    fn unknown_elements_are_not_taken_for_equal() {
        let unknown = Value::unknown(Type::String);
        let set = Value::set(Type::String, vec![unknown.clone(), unknown]);
        assert_eq!(set.elements().unwrap().len(), 2);
    }
}
