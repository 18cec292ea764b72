//! `-target` and `-exclude`: which part of a configuration a plan is about.

use std::collections::BTreeSet;

use flowctl_model::{Address, ModulePath, Target};

use crate::graph::{Graph, Item, Node};
use crate::input::Options;
use crate::walk::Modules;

/// What a plan is about.
#[derive(Clone, Default, Debug)]
pub(crate) struct Selection {
    /// The targets; empty for everything.
    targets: Vec<Target>,
    /// Resources that the targets need, all their instances; by place in the graph's order.
    needed: BTreeSet<usize>,
    /// What is left out.
    excludes: Vec<Target>,
    /// Resources that need what is left out, by place in the graph's order.
    left_out: BTreeSet<usize>,
}

impl Selection {
    pub(crate) fn new(options: &Options, graph: &Graph, modules: &Modules<'_>) -> Self {
        let mut selection = Self {
            targets: options.targets.clone(),
            excludes: options.excludes.clone(),
            ..Self::default()
        };
        if !selection.is_partial() {
            return selection;
        }
        for (path, module) in modules.iter() {
            for resource in &module.resources {
                let node = Node::resource(path, resource);
                let named = |targets: &[Target]| {
                    let names = |target: &Target| may_cover(target, path, &node);
                    targets.iter().any(names)
                };
                if named(&selection.targets) {
                    let before = |node: &Node| graph.dependencies(node).cloned().collect();
                    follow(&node, graph, before, &mut selection.needed);
                }
                if named(&selection.excludes) {
                    let after = |node: &Node| graph.dependents(node).cloned().collect();
                    follow(&node, graph, after, &mut selection.left_out);
                }
            }
        }
        selection
    }

    /// Whether the plan is about a part only.
    pub(crate) fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }

    /// Whether the plan is about an instance. Without a node it is not in the configuration.
    pub(crate) fn includes(&self, address: &Address, place: Option<usize>) -> bool {
        let covered = |targets: &[Target]| targets.iter().any(|target| target.covers(address));
        let among = |set: &BTreeSet<usize>| place.is_some_and(|place| set.contains(&place));
        let wanted = self.targets.is_empty() || covered(&self.targets) || among(&self.needed);
        wanted && !covered(&self.excludes) && !among(&self.left_out)
    }

    /// Whether everything that a node needs is included.
    pub(crate) fn includes_all_of(&self, node: &Node, graph: &Graph) -> bool {
        if !self.is_partial() {
            return true;
        }
        let mut all = BTreeSet::new();
        let before = |node: &Node| graph.dependencies(node).cloned().collect();
        follow(node, graph, before, &mut all);
        all.iter().all(|place| {
            let resource = graph.order.get(*place).filter(|node| node.is_resource());
            resource.is_none_or(|node| {
                let targeted = self
                    .targets
                    .iter()
                    .any(|t| may_cover(t, &node.module, node));
                let wanted = self.targets.is_empty() || targeted || self.needed.contains(place);
                let excluded = self
                    .excludes
                    .iter()
                    .any(|t| may_cover(t, &node.module, node));
                wanted && !excluded && !self.left_out.contains(place)
            })
        })
    }
}

/// Adds what is found from a node on, the node itself left out.
fn follow(
    from: &Node,
    graph: &Graph,
    next: impl Fn(&Node) -> Vec<Node>,
    found: &mut BTreeSet<usize>,
) {
    let mut waiting = next(from);
    while let Some(node) = waiting.pop() {
        if let Some(place) = graph.place(&node)
            && found.insert(place)
        {
            waiting.extend(next(&node));
        }
    }
}

/// Whether a target covers an instance of a resource, whatever the keys.
fn may_cover(target: &Target, path: &ModulePath, node: &Node) -> bool {
    let starts = |names: &ModulePath| path.0.starts_with(&names.0);
    match target {
        Target::Module(module) => starts(&module.path()),
        Target::Resource(address) => {
            let resource = &address.resource;
            let Item::Resource(mode, type_name, name) = &node.item else {
                return false;
            };
            resource.module.path() == *path
                && resource.mode == *mode
                && *resource.type_name == **type_name
                && *resource.name == **name
        }
    }
}
