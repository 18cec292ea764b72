//! The order of a plan's changes: what must be done before what, and the dependencies that state
//! keeps for the day of deletion.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use flowctl_model::plan::{Action, Change};
use flowctl_model::{Address, Mode, ModuleInstance, ModulePath, ModuleStep, ResourceAddress, Text};

use crate::graph::{Graph, Item, Node};
use crate::removal::deleted;
use crate::walk::Walk;

/// Which changes there are to each resource.
type ByResource = BTreeMap<ResourceAddress, Vec<usize>>;

/// Sets the dependencies of every change; for each change, what must be done first.
pub(crate) fn order(walk: &mut Walk<'_>) -> Vec<Vec<usize>> {
    let mut by_resource = ByResource::new();
    for (index, change) in walk.changes.iter().enumerate() {
        by_resource
            .entry(change.address.resource.clone())
            .or_default()
            .push(index);
    }
    let graph = std::sync::Arc::clone(&walk.graph);
    let in_configuration: BTreeSet<ResourceAddress> = walk
        .instances
        .keys()
        .map(|address| address.resource.clone())
        .collect();
    let mut needed: HashMap<ResourceAddress, Needed> = HashMap::new();
    for resource in in_configuration {
        let indices = by_resource.get(&resource).into_iter().flatten();
        let acts = |index: &usize| {
            let change = &walk.changes[*index];
            change.action != Action::NoOp || change.importing.is_some()
        };
        let order_matters = indices.copied().any(|index| acts(&index));
        let found = needed_by(&graph, walk, &by_resource, &resource, order_matters);
        needed.insert(resource, found);
    }
    let keep = |address: &Address| walk.instances.contains_key(address);
    let present: Vec<bool> = walk
        .changes
        .iter()
        .map(|change| keep(&change.address))
        .collect();
    let mut edges = vec![Vec::new(); walk.changes.len()];
    for (index, change) in walk.changes.iter_mut().enumerate() {
        let Some(needed) = needed
            .get(&change.address.resource)
            .filter(|_| present[index])
        else {
            continue;
        };
        if change.deposed.is_some() {
            continue;
        }
        if change.after.is_some() && change.address.resource.mode == Mode::Managed {
            change.dependencies.clone_from(&needed.direct);
        }
        if change.action != Action::NoOp || change.importing.is_some() {
            edges[index].clone_from(&needed.first);
        }
    }
    deletions(&walk.changes, &by_resource, &mut edges);
    names(walk, &mut edges);
    for (index, edges) in edges.iter_mut().enumerate() {
        edges.sort_unstable();
        edges.dedup();
        edges.retain(|other| *other != index);
    }
    create_before_destroy(&mut walk.changes, &edges);
    edges
}

/// What a resource needs.
struct Needed {
    /// The resources that it refers to, directly or through values between.
    direct: Vec<ResourceAddress>,
    /// Changes that must be done first.
    first: Vec<usize>,
}

/// A node, in all module instances whose path begins like this.
type Reached = (Node, Vec<ModuleStep>);

fn needed_by(
    graph: &Graph,
    walk: &Walk<'_>,
    by_resource: &ByResource,
    resource: &ResourceAddress,
    order_matters: bool,
) -> Needed {
    let start = Node {
        module: resource.module.path(),
        item: Item::Resource(
            resource.mode,
            resource.type_name.as_str().into(),
            resource.name.as_str().into(),
        ),
    };
    let mut direct = BTreeSet::new();
    let mut first = BTreeSet::new();
    let mut seen: HashSet<Reached> = HashSet::new();
    // Whether a resource that does not change lies between is told by the flag.
    let mut waiting: Vec<(Reached, bool)> = vec![((start, resource.module.0.clone()), false)];
    while let Some(((node, steps), behind)) = waiting.pop() {
        for next in graph.dependencies(&node) {
            let reached = (next.clone(), common(&node.module, &next.module, &steps));
            if !seen.insert(reached.clone()) {
                continue;
            }
            if !next.is_resource() {
                waiting.push((reached, behind));
                continue;
            }
            let mut open = false;
            for address in instances(walk, next, &reached.1) {
                let changes = by_resource
                    .get(&address)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                for index in changes {
                    let action = walk.changes.get(*index).map(|change| change.action);
                    match action {
                        Some(Action::NoOp) | None => open = true,
                        Some(Action::Delete | Action::Forget) => {}
                        Some(_) => {
                            first.insert(*index);
                        }
                    }
                }
                open |= changes.is_empty();
                if !behind && address.mode == Mode::Managed {
                    direct.insert(address);
                }
            }
            // What does not change is passed through to what it depends on in turn.
            if open && order_matters {
                waiting.push((reached, true));
            }
        }
    }
    Needed {
        direct: direct.into_iter().collect(),
        first: first.into_iter().collect(),
    }
}

/// How much of the path of a module instance holds for a neighbour in another module.
fn common(from: &ModulePath, to: &ModulePath, steps: &[ModuleStep]) -> Vec<ModuleStep> {
    let shared = from.0.iter().zip(&to.0).take_while(|(a, b)| a == b).count();
    steps.iter().take(shared).cloned().collect()
}

/// The resource of a node in every module instance whose path begins with `steps`.
fn instances(walk: &Walk<'_>, node: &Node, steps: &[ModuleStep]) -> Vec<ResourceAddress> {
    let Item::Resource(mode, type_name, name) = &node.item else {
        return Vec::new();
    };
    let address = |module: ModuleInstance| ResourceAddress {
        module,
        mode: *mode,
        type_name: Text::from(&**type_name),
        name: Text::from(&**name),
    };
    if steps.len() == node.module.0.len() {
        return vec![address(ModuleInstance(steps.to_vec()))];
    }
    let places = walk.store.places(&node.module);
    let modules = places
        .into_iter()
        .map(|place| walk.store.get(place).instance.clone());
    modules
        .filter(|module| module.0.starts_with(steps))
        .map(address)
        .collect()
}

/// What depends on something goes before it.
fn deletions(changes: &[Change], by_resource: &ByResource, edges: &mut [Vec<usize>]) {
    for (index, change) in changes.iter().enumerate() {
        if change.action != Action::Delete {
            continue;
        }
        for dependency in &change.dependencies {
            for other in by_resource.get(dependency).into_iter().flatten() {
                let goes = changes.get(*other).is_some_and(|other| {
                    other.action == Action::Delete || other.action.is_replace()
                });
                if goes && let Some(edges) = edges.get_mut(*other) {
                    edges.push(index);
                }
            }
        }
    }
}

/// What takes over the name of an object that is deleted waits until it is gone.
fn names(walk: &Walk<'_>, edges: &mut [Vec<usize>]) {
    let deleted = deleted(&walk.changes);
    if deleted.is_empty() {
        return;
    }
    for (index, change) in walk.changes.iter().enumerate() {
        let makes = change.action == Action::Create || change.action.is_replace();
        let type_name = &change.address.resource.type_name;
        let resource = walk.input.providers.resource_type(type_name);
        let (true, Some(resource), Some(after)) = (makes, resource, &change.after) else {
            continue;
        };
        let Some(identity) = resource.identity(after) else {
            continue;
        };
        let claim = (change.provider.clone(), type_name.clone(), identity);
        if let Some(first) = deleted.get(&claim) {
            edges[index].push(*first);
        }
    }
}

/// What a replacement that creates first depends on must be replaced in that order too, or the
/// new object would be made before what it needs, or outlive it.
fn create_before_destroy(changes: &mut [Change], edges: &[Vec<usize>]) {
    let mut waiting: Vec<usize> = (0..changes.len())
        .filter(|index| changes[*index].action == Action::CreateThenDelete)
        .collect();
    let mut seen: HashSet<usize> = waiting.iter().copied().collect();
    while let Some(index) = waiting.pop() {
        for other in &edges[index] {
            if !seen.insert(*other) {
                continue;
            }
            let change = &mut changes[*other];
            if change.after.is_some() {
                change.create_before_destroy = true;
                if change.action == Action::DeleteThenCreate {
                    change.action = Action::CreateThenDelete;
                }
                waiting.push(*other);
            }
        }
    }
}
