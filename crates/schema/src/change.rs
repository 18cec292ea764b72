//! Laws of change that follow from a table: what a read tells of an object.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{AttributePath, Kind, Step, Text, Value};

use crate::{Block, NestedBlock, Nesting, ResourceType};

/// What is known of an object after a read: `live` is what the service has, with nulls where it
/// keeps a value to itself; `prior` is what state (or the plan just applied) has.
///
/// Attributes and blocks that the service does not return are taken from `prior`, and so is a
/// value that means the same as the one returned, so that only differences that matter differ.
pub fn merge_read(resource: &dyn ResourceType, prior: Option<&Value>, live: &Value) -> Value {
    let block = &resource.schema().block;
    merge_block(resource, block, &mut AttributePath::root(), prior, live)
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
        let name = Text::from(attribute.name);
        let live = live
            .get(&name)
            .cloned()
            .unwrap_or_else(|| Value::null(attribute.ty.clone()));
        path.push(Step::Attribute(name.clone()));
        let merged = match prior.and_then(|p| p.get(&name)) {
            Some(prior) if !attribute.returned => prior.clone(),
            // A secret's mark is not part of what the service tells.
            Some(prior) if same(resource, path, prior, &live) => prior.clone(),
            Some(prior) if prior.is_sensitive() => live.marked(prior.marks()),
            _ => live,
        };
        path.pop();
        members.insert(name, merged);
    }
    for nested in &block.blocks {
        let name = Text::from(nested.name);
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

fn same(resource: &dyn ResourceType, path: &AttributePath, prior: &Value, live: &Value) -> bool {
    let unmarked = prior.clone().with_marks(live.marks());
    unmarked == *live || resource.equivalent(path, &unmarked, live)
}
