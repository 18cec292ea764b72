//! Laws of change that follow from a table: what a read tells of an object, and whether that is what
//! was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{AttributePath, Kind, Marks, Step, Text, Value};

use crate::{Block, NestedBlock, Nesting, ResourceType};

/// What is known of an object after a read: `live` is what the service has, with nulls where it
/// keeps a value to itself; `prior` is what state (or the plan just applied) has.
///
/// Attributes and blocks that the service does not return are taken from `prior`, and so is a
/// value that means the same as the one returned, so that only differences that matter differ.
pub fn merge_read(resource: &dyn ResourceType, prior: Option<&Value>, live: &Value) -> Value {
    let block = &resource.schema().block;
    let merged = merge_block(resource, block, &mut AttributePath::root(), prior, live);
    match prior {
        Some(prior) => merged.sharing(prior),
        None => merged,
    }
}

fn merge_block(
    resource: &dyn ResourceType,
    block: &Block,
    path: &mut AttributePath,
    prior: Option<&Value>,
    live: &Value,
) -> Value {
    let mut members = BTreeMap::<Text, Value>::new();
    for attribute in &block.attributes {
        let name = Text::fixed(attribute.name);
        let live = live
            .get(&name)
            .cloned()
            .unwrap_or_else(|| Value::null(attribute.ty.clone()));
        path.push(Step::Attribute(name.clone()));
        let merged = match prior.and_then(|p| p.get(&name)) {
            Some(prior) if !attribute.returned => prior.clone(),
            Some(prior) => merge_value(resource, path, prior, live),
            None => live,
        };
        path.pop();
        members.insert(name, merged);
    }
    for nested in &block.blocks {
        let name = Text::fixed(nested.name);
        let prior = prior.and_then(|p| p.get(&name));
        let none = || collect(nested, Vec::new());
        let merged = if nested.block.returned() {
            let live_blocks = live
                .get(&name)
                .and_then(Value::elements)
                .unwrap_or_default();
            path.push(Step::Attribute(name.clone()));
            let mut blocks = Vec::with_capacity(live_blocks.len());
            for (i, live) in live_blocks.iter().enumerate() {
                path.push(Step::Index(i));
                // Blocks of a set have no place that would tell which was which.
                let prior = match nested.nesting {
                    Nesting::List => prior.and_then(Value::elements).and_then(|e| e.get(i)),
                    Nesting::Set => None,
                };
                blocks.push(merge_block(resource, &nested.block, path, prior, live));
                path.pop();
            }
            path.pop();
            collect(nested, blocks)
        } else {
            prior.cloned().unwrap_or_else(none)
        };
        members.insert(name, merged);
    }
    Value::object(members)
}

/// The value of all blocks of a type together.
fn collect(nested: &NestedBlock, blocks: Vec<Value>) -> Value {
    let element = nested.block.ty();
    match nested.nesting {
        Nesting::List => Value::list(element, blocks),
        Nesting::Set => Value::new(Kind::Set(element, Arc::new(blocks))),
    }
}

/// What the service tells of an attribute, as sensitive as it was before: a mark is not part of what
/// the service knows.
fn merge_value(
    resource: &dyn ResourceType,
    path: &mut AttributePath,
    prior: &Value,
    live: Value,
) -> Value {
    if same(resource, path, prior, &live) {
        return prior.clone();
    }
    if prior.is_sensitive() {
        return live.marked(prior.marks());
    }
    let marks = prior.deep_marks();
    if !marks.contains(Marks::SENSITIVE) {
        return live;
    }
    let mut member = |step: Step, prior: &Value, live: &Value| {
        path.push(step);
        let merged = merge_value(resource, path, prior, live.clone());
        path.pop();
        merged
    };
    let kind = match (prior.kind(), live.kind()) {
        (Kind::Map(_, old), Kind::Map(element, new)) => {
            let merged = new.iter().map(|(name, live)| {
                let merged = match old.get(name) {
                    Some(prior) => member(Step::Key(name.clone()), prior, live),
                    None => live.clone(),
                };
                (name.clone(), merged)
            });
            Kind::Map(element.clone(), Arc::new(merged.collect()))
        }
        (Kind::List(_, old), Kind::List(element, new)) if keep_places(old, new) => {
            let pairs = (0..).zip(old.iter().zip(new.iter()));
            let merged = pairs.map(|(i, (prior, live))| member(Step::Index(i), prior, live));
            Kind::List(element.clone(), Arc::new(merged.collect()))
        }
        // Which part is which cannot be told.
        _ => return live.marked(marks),
    };
    Value::new(kind).with_marks(live.marks())
}

/// Whether what is not sensitive is where it was, so that the rest is too.
fn keep_places(old: &[Value], new: &[Value]) -> bool {
    let open = |value: &Value| !value.deep_marks().contains(Marks::SENSITIVE);
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(old, new)| !open(old) || old == new)
}

fn same(resource: &dyn ResourceType, path: &AttributePath, prior: &Value, live: &Value) -> bool {
    let unmarked = prior
        .unmarked_deep(prior.deep_marks())
        .with_marks(live.marks());
    unmarked == *live || resource.equivalent(path, &unmarked, live)
}

/// Whether everything that was intended, that an object has from its first moment and that the
/// service tells is as it was intended.
pub fn agrees(resource: &dyn ResourceType, intended: &Value, live: &Value) -> bool {
    let mut agrees = true;
    intended.visit(&mut |path: &AttributePath, value| {
        if !agrees || !value.is_known() || value.is_null() {
            return false;
        }
        let argument = path.names().next();
        if argument.is_some_and(|argument| !resource.is_made_with(argument)) {
            return false;
        }
        let inner = value.elements().is_some() || value.members().is_some();
        let told = resource
            .schema()
            .block
            .attribute_at(path)
            .is_none_or(|a| a.returned);
        if told && !inner {
            agrees = live.at(path).is_some_and(|live| {
                live.clone().with_marks(value.marks()) == *value
                    || resource.equivalent(path, value, live)
            });
        }
        told
    });
    agrees
}

#[cfg(test)]
mod tests {
    use flowctl_model::{Digester, Type};

    use super::*;
    use crate::Provider;
    use crate::builtin::BuiltinProvider;

    fn merged(prior: &Value, live: Value) -> Value {
        let provider = BuiltinProvider::new();
        let resource = &*provider.resource_types()[0];
        merge_value(resource, &mut AttributePath::root(), prior, live)
    }

    fn secret(text: &str) -> Value {
        Value::from(text).marked(Marks::SENSITIVE)
    }

    fn map(members: &[(&str, Value)]) -> Value {
        let members = members.iter().map(|(n, v)| (Text::from(*n), v.clone()));
        Value::new(Kind::Map(Type::String, Arc::new(members.collect())))
    }

    fn list(elements: &[Value]) -> Value {
        Value::list(Type::String, elements.to_vec())
    }

    #[test]
    fn what_was_sensitive_inside_of_a_value_stays_so() {
        let open = || Value::from("open");
        let digest = Digester::new([1; 32]).digest("", &"old".into());
        let withheld = || Value::withheld(Type::String, digest);
        for old in [secret("old"), withheld()] {
            for new in ["old", "new"] {
                let prior = map(&[("a", old.clone()), ("b", open())]);
                let live = map(&[("a", new.into()), ("b", open()), ("c", open())]);
                let told = merged(&prior, live);
                assert!(told.get("a").unwrap().is_sensitive(), "{old:?} {new}");
                assert_eq!(told.get("b"), Some(&open()));
                let prior = list(&[open(), old.clone()]);
                let told = merged(&prior, list(&[open(), new.into()]));
                assert!(told.elements().unwrap()[1].is_sensitive(), "{old:?} {new}");
                // Moved about, or one more: nothing tells which is which.
                for live in [
                    list(&[new.into(), open()]),
                    list(&[open(), open(), new.into()]),
                ] {
                    assert!(merged(&prior, live).is_sensitive(), "{old:?} {new}");
                }
            }
        }
        let prior = map(&[("a", secret("s")), ("b", open())]);
        let live = prior.unmarked_deep(Marks::SENSITIVE);
        assert_eq!(merged(&prior, live), prior);
    }
}
