//! What depends on what, as written: one node for each variable, local value, output, resource,
//! module call and provider block of every module, before anything is expanded.
//!
//! Evaluation follows its order; a cycle is an error that names its members. References to what is
//! not declared are found here too, all in one pass.

use std::collections::HashMap;
use std::sync::Arc;

use flowctl_lang::{Reference, Subject, references};
use flowctl_model::{Mode, ModulePath};
use flowctl_parser::ast::{Block, Body, Expr, Span};
use flowctl_parser::configuration::{
    Condition, Configuration, Lifecycle, Module, Resource, ResourceKind,
};
use flowctl_parser::diagnostic::Diagnostic;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashSet;

use crate::declared::{Available, Here, undeclared, unknown_functions};
use crate::dynamic::{Dynamic, EACH};
use crate::triggers;

/// Something that has a value or is made.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Item {
    /// An input variable.
    Variable(Arc<str>),
    /// A local value.
    Local(Arc<str>),
    /// An output.
    Output(Arc<str>),
    /// A resource, data source or ephemeral resource: which of them, its type, its name.
    Resource(Mode, Arc<str>, Arc<str>),
    /// A module call: how many instances it has.
    Call(Arc<str>),
    /// A provider block, by its position in the module.
    Provider(usize),
}

/// An item and the module it is in.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Node {
    /// The module.
    pub module: ModulePath,
    /// The item.
    pub item: Item,
}

impl Node {
    /// The node of a resource.
    pub(crate) fn resource(module: &ModulePath, resource: &Resource) -> Self {
        Self {
            module: module.clone(),
            item: resource_item(resource),
        }
    }

    /// Whether it is a resource or a data source.
    pub(crate) fn is_resource(&self) -> bool {
        matches!(self.item, Item::Resource(..))
    }
}

/// The dependencies of a configuration.
#[derive(Debug)]
pub struct Graph {
    edges: DiGraph<Node, ()>,
    /// The nodes, each after everything it depends on. Empty if there is a cycle.
    pub order: Vec<Node>,
    indices: HashMap<Node, NodeIndex>,
    places: HashMap<Node, usize>,
    /// What `validate` leaves to the plan: resources that refer to themselves, and names of what
    /// triggers a replacement.
    pub(crate) late: Vec<Diagnostic>,
}

impl Graph {
    /// Where in the order a node stands.
    pub fn place(&self, node: &Node) -> Option<usize> {
        self.places.get(node).copied()
    }

    /// What a node depends on directly.
    pub fn dependencies(&self, node: &Node) -> impl Iterator<Item = &Node> {
        self.neighbours(node, petgraph::Incoming)
    }

    /// What depends on a node directly.
    pub fn dependents(&self, node: &Node) -> impl Iterator<Item = &Node> {
        self.neighbours(node, petgraph::Outgoing)
    }

    fn neighbours(
        &self,
        node: &Node,
        direction: petgraph::Direction,
    ) -> impl Iterator<Item = &Node> {
        self.indices
            .get(node)
            .into_iter()
            .flat_map(move |index| self.edges.neighbors_directed(*index, direction))
            .filter_map(|index| self.edges.node_weight(index))
    }
}

/// Builds the graph, and reports every reference to something that is not declared, and cycles.
pub fn build(configuration: &Configuration) -> (Graph, Vec<Diagnostic>) {
    let mut builder = Builder::default();
    builder.declare(&configuration.root, &ModulePath::root());
    builder.connect(&configuration.root, &ModulePath::root());
    let Builder {
        graph,
        indices,
        spans,
        mut diagnostics,
        late,
        ..
    } = builder;
    let order: Vec<Node> = match toposort(&graph, None) {
        Ok(order) => order
            .into_iter()
            .filter_map(|i| graph.node_weight(i).cloned())
            .collect(),
        Err(_) => {
            diagnostics.extend(cycles(&graph, &spans));
            Vec::new()
        }
    };
    let places = order.iter().cloned().zip(0..).collect();
    (
        Graph {
            edges: graph,
            order,
            indices,
            places,
            late,
        },
        diagnostics,
    )
}

fn cycles(graph: &DiGraph<Node, ()>, spans: &HashMap<NodeIndex, Span>) -> Vec<Diagnostic> {
    let is_cycle = |members: &Vec<NodeIndex>| {
        members.len() > 1 || members.iter().any(|i| graph.contains_edge(*i, *i))
    };
    let describe = |members: Vec<NodeIndex>| {
        let names: Vec<String> = members
            .iter()
            .filter_map(|index| graph.node_weight(*index))
            .map(in_cycle)
            .collect();
        let mut places = members
            .iter()
            .filter_map(|index| Some((*index, *spans.get(index)?)));
        let detail = "Each of these needs the value of the next, and the last that of the first: \
                      none of them can be computed.";
        let summary = format!("Cycle: {}", names.join(", "));
        let mut diagnostic = match places.next() {
            Some((_, span)) => Diagnostic::error(span, summary, detail),
            None => Diagnostic::error_without_place(summary, detail),
        };
        diagnostic.labels = places
            .map(|(_, span)| (span, "part of the cycle".into()))
            .collect();
        diagnostic
    };
    tarjan_scc(graph)
        .into_iter()
        .filter(is_cycle)
        .map(describe)
        .collect()
}

/// A node as Terraform names it in a cycle.
fn in_cycle(node: &Node) -> String {
    let expands = !matches!(node.item, Item::Resource(..) | Item::Provider(_));
    format!("{node}{}", if expands { " (expand)" } else { "" })
}

/// As in an address: `module.m.local.x`.
impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        match &self.item {
            Item::Variable(name) => write!(f, "var.{name}"),
            Item::Local(name) => write!(f, "local.{name}"),
            Item::Output(name) => write!(f, "output.{name}"),
            Item::Resource(mode, kind, name) => write!(f, "{}{kind}.{name}", mode.prefix()),
            Item::Call(name) => write!(f, "module.{name}"),
            Item::Provider(index) => write!(f, "provider[{index}]"),
        }
    }
}

#[derive(Default)]
struct Builder {
    graph: DiGraph<Node, ()>,
    indices: HashMap<Node, NodeIndex>,
    spans: HashMap<NodeIndex, Span>,
    diagnostics: Vec<Diagnostic>,
    /// What only a plan reports.
    late: Vec<Diagnostic>,
    /// Names that `dynamic` blocks around the present place bind.
    bound: Vec<Arc<str>>,
    /// The edges, to have each once.
    edges: FxHashSet<(NodeIndex, NodeIndex)>,
}

impl Builder {
    fn add(&mut self, module: &ModulePath, item: Item, span: Span) {
        let node = Node {
            module: module.clone(),
            item,
        };
        let index = self.graph.add_node(node.clone());
        self.indices.insert(node, index);
        self.spans.insert(index, span);
    }

    fn declare(&mut self, module: &Module, path: &ModulePath) {
        for (name, variable) in &module.variables {
            self.add(path, Item::Variable(name.clone()), variable.header);
        }
        for (name, local) in &module.locals {
            self.add(path, Item::Local(name.clone()), local.name.span);
        }
        for (name, output) in &module.outputs {
            self.add(path, Item::Output(name.clone()), output.header);
        }
        for resource in resources(module) {
            self.add(path, resource_item(resource), resource.header);
        }
        for (index, provider) in module.providers.iter().enumerate() {
            self.add(path, Item::Provider(index), provider.header);
        }
        for (name, call) in &module.calls {
            self.add(path, Item::Call(name.clone()), call.header);
            self.declare(&call.module, &path.child(&**name));
        }
    }

    fn edge(&mut self, from: &Node, to: &Node) {
        if let (Some(from), Some(to)) = (self.indices.get(from), self.indices.get(to)) {
            // Looking for an edge in the graph would walk over all that depends on the node.
            if self.edges.insert((*from, *to)) {
                self.graph.add_edge(*from, *to, ());
            }
        }
    }

    fn connect(&mut self, module: &Module, path: &ModulePath) {
        let here = &Here::new(module);
        let node = |item: Item| Node {
            module: path.clone(),
            item,
        };
        let nothing = Available::default();
        for (name, variable) in &module.variables {
            // A validation may also look at other variables, which must not wait for each other.
            for condition in &variable.validations {
                self.check_only(here, &condition.condition, nothing);
                self.check_only(here, &condition.error_message, nothing);
            }
            debug_assert_eq!(&variable.name.text, name);
        }
        for (name, local) in &module.locals {
            self.expr(here, &node(Item::Local(name.clone())), &local.expr, nothing);
        }
        for (name, output) in &module.outputs {
            let to = node(Item::Output(name.clone()));
            self.expr(here, &to, &output.value, nothing);
            self.conditions(here, &to, &output.preconditions, nothing);
            self.exprs(here, &to, &output.depends_on, nothing);
        }
        for resource in resources(module) {
            self.resource(here, &node(resource_item(resource)), resource);
        }
        for (index, provider) in module.providers.iter().enumerate() {
            self.body(here, &node(Item::Provider(index)), &provider.body, nothing);
        }
        for check in &module.checks {
            for condition in &check.asserts {
                self.check_only(here, &condition.condition, nothing);
                self.check_only(here, &condition.error_message, nothing);
            }
        }
        for (name, call) in &module.calls {
            let child_path = path.child(&**name);
            let to = node(Item::Call(name.clone()));
            self.exprs(here, &to, call.count.iter().chain(&call.for_each), nothing);
            self.exprs(here, &to, &call.depends_on, nothing);
            let inside = Available {
                each: call.for_each.is_some(),
                count: call.count.is_some(),
                ..nothing
            };
            for argument in &call.arguments {
                let variable = Item::Variable(argument.name.text.clone());
                let variable = Node {
                    module: child_path.clone(),
                    item: variable,
                };
                self.expr(here, &variable, &argument.expr, inside);
            }
            self.connect(&call.module, &child_path);
            for item in items(&call.module) {
                self.edge(
                    &to,
                    &Node {
                        module: child_path.clone(),
                        item,
                    },
                );
            }
        }
    }

    fn resource(&mut self, here: &Here<'_>, to: &Node, resource: &Resource) {
        let nothing = Available::default();
        self.exprs(
            here,
            to,
            resource.count.iter().chain(&resource.for_each),
            nothing,
        );
        self.exprs(here, to, &resource.depends_on, nothing);
        let inside = Available {
            each: resource.for_each.is_some(),
            count: resource.count.is_some(),
            ..nothing
        };
        self.body(here, to, &resource.body, inside);
        let Lifecycle {
            create_before_destroy,
            prevent_destroy,
            replace_triggered_by,
            preconditions,
            postconditions,
            ..
        } = &resource.lifecycle;
        let switches = create_before_destroy.iter().chain(prevent_destroy);
        self.exprs(here, to, switches, inside);
        for expr in replace_triggered_by {
            self.trigger(here, to, expr, inside);
        }
        let before = Available {
            before: true,
            ..inside
        };
        self.conditions(here, to, preconditions, before);
        self.conditions(
            here,
            to,
            postconditions,
            Available {
                this: true,
                ..inside
            },
        );
    }

    /// What triggers a replacement is looked up only when a plan is made.
    fn trigger(&mut self, here: &Here<'_>, to: &Node, expr: &Expr, available: Available) {
        let before = self.diagnostics.len();
        let misplaced = triggers::misplaced(expr);
        if !misplaced.is_empty() {
            self.diagnostics.extend(misplaced);
            return;
        }
        self.expr(here, to, expr, available);
        let found = self.diagnostics.split_off(before);
        let (malformed, undeclared) = found
            .into_iter()
            .partition::<Vec<_>, _>(|error| error.summary == "Invalid reference");
        self.diagnostics.extend(malformed);
        self.late.extend(undeclared);
        self.late.extend(triggers::not_a_reference(expr));
    }

    fn body(&mut self, here: &Here<'_>, to: &Node, body: &Body, available: Available) {
        for attribute in &body.attributes {
            self.expr(here, to, &attribute.expr, available);
        }
        for block in &body.blocks {
            if &*block.block_type.text == "dynamic" {
                self.dynamic(here, to, block, available);
            } else {
                self.body(here, to, &block.body, available);
            }
        }
    }

    /// What a dynamic block binds looks like a resource and is no dependency.
    fn dynamic(&mut self, here: &Here<'_>, to: &Node, block: &Block, available: Available) {
        let Some(dynamic) = Dynamic::of(block) else {
            return;
        };
        self.exprs(here, to, dynamic.for_each, available);
        self.bound.push(dynamic.iterator);
        self.exprs(here, to, dynamic.labels, available);
        if let Some(content) = dynamic.content {
            self.body(here, to, &content.body, available);
        }
        self.bound.pop();
    }

    fn conditions(
        &mut self,
        here: &Here<'_>,
        to: &Node,
        conditions: &[Condition],
        available: Available,
    ) {
        for condition in conditions {
            self.expr(here, to, &condition.condition, available);
            self.expr(here, to, &condition.error_message, available);
        }
    }

    fn exprs<'e>(
        &mut self,
        here: &Here<'_>,
        to: &Node,
        exprs: impl IntoIterator<Item = &'e Expr>,
        available: Available,
    ) {
        for expr in exprs {
            self.expr(here, to, expr, available);
        }
    }

    fn check_only(&mut self, here: &Here<'_>, expr: &Expr, available: Available) {
        for reference in self.checked(here, expr, available) {
            drop(reference);
        }
    }

    /// Connects `to`, which is evaluated in `module` or, for a variable, below it.
    fn expr(&mut self, here: &Here<'_>, to: &Node, expr: &Expr, available: Available) {
        let path = match &to.item {
            Item::Variable(_) => {
                ModulePath(to.module.0[..to.module.0.len().saturating_sub(1)].to_vec())
            }
            _ => to.module.clone(),
        };
        for reference in self.checked(here, expr, available) {
            for from in referred(here.module, &path, &reference.subject) {
                if from == *to && to.is_resource() {
                    self.late.push(Diagnostic::error(
                        reference.span,
                        "Self-referential block",
                        format!(
                            "Configuration for {to} may not refer to itself: its value is not there \
                             before the configuration is known."
                        ),
                    ));
                    continue;
                }
                if from == *to && matches!(to.item, Item::Local(_)) {
                    self.diagnostics.push(Diagnostic::error(
                        reference.span,
                        "Self-referencing local value",
                        format!("The value of {to} cannot be made of itself."),
                    ));
                    continue;
                }
                self.edge(&from, to);
            }
        }
    }

    /// The references of an expression whose targets are declared; the others are reported.
    fn checked(&mut self, here: &Here<'_>, expr: &Expr, available: Available) -> Vec<Reference> {
        let (mut found, malformed) = references(expr);
        self.diagnostics.extend(malformed);
        self.diagnostics.extend(unknown_functions(here, expr));
        found.retain(|reference| !is_bound(&self.bound, reference));
        found.retain(|reference| match undeclared(here, reference, available) {
            Some(diagnostic) => {
                self.diagnostics.push(diagnostic);
                if available.before && reference.subject == Subject::SelfRef {
                    let detail = "There is no variable named \"self\" before the object is there.";
                    let error = Diagnostic::error(reference.span, "Unknown variable", detail);
                    self.diagnostics.push(error);
                }
                false
            }
            None => true,
        });
        found
    }
}

fn is_bound(bound: &[Arc<str>], reference: &Reference) -> bool {
    match &reference.subject {
        Subject::Resource {
            mode: Mode::Managed,
            type_name,
            ..
        } => bound.iter().any(|name| **name == **type_name),
        Subject::EachKey | Subject::EachValue => bound.iter().any(|name| **name == *EACH),
        _ => false,
    }
}

/// What is wrong with the names in an expression that stands nowhere in the configuration and is
/// evaluated in the root module.
pub(crate) fn undeclared_in_root(configuration: &Configuration, expr: &Expr) -> Vec<Diagnostic> {
    let here = Here::new(&configuration.root);
    let (found, _) = references(expr);
    let undeclared = |reference| undeclared(&here, reference, Available::default());
    let mut wrong: Vec<Diagnostic> = found.iter().filter_map(undeclared).collect();
    wrong.extend(unknown_functions(&here, expr));
    wrong
}

/// The nodes that a reference in the root module depends on.
pub(crate) fn referred_from_root(
    configuration: &Configuration,
    reference: &Reference,
) -> Vec<Node> {
    referred(&configuration.root, &ModulePath::root(), &reference.subject)
}

/// Which kind of block it is.
pub(crate) fn mode(resource: &Resource) -> Mode {
    match resource.kind {
        ResourceKind::Managed => Mode::Managed,
        ResourceKind::Data => Mode::Data,
        ResourceKind::Ephemeral => Mode::Ephemeral,
    }
}

/// Every resource, data source and ephemeral resource of a module, those inside of `check` blocks too.
pub(crate) fn resources(module: &Module) -> impl Iterator<Item = &Resource> + Clone {
    let checks = module.checks.iter();
    let scoped = checks.filter_map(|check| check.data.as_deref());
    module.resources.iter().chain(scoped)
}

fn resource_item(resource: &Resource) -> Item {
    Item::Resource(
        mode(resource),
        resource.type_name.text.clone(),
        resource.name.text.clone(),
    )
}

/// Everything that a module declares.
fn items(module: &Module) -> impl Iterator<Item = Item> {
    let variables = module.variables.keys().cloned().map(Item::Variable);
    let locals = module.locals.keys().cloned().map(Item::Local);
    let outputs = module.outputs.keys().cloned().map(Item::Output);
    let resources = resources(module).map(resource_item);
    let calls = module.calls.keys().cloned().map(Item::Call);
    let providers = (0..module.providers.len()).map(Item::Provider);
    variables
        .chain(locals)
        .chain(outputs)
        .chain(resources)
        .chain(calls)
        .chain(providers)
}

/// The nodes that a reference made in `module` at `path` depends on.
fn referred(module: &Module, path: &ModulePath, subject: &Subject) -> Vec<Node> {
    let here = |item: Item| Node {
        module: path.clone(),
        item,
    };
    match subject {
        Subject::Variable(name) => vec![here(Item::Variable((**name).into()))],
        Subject::Local(name) => vec![here(Item::Local((**name).into()))],
        Subject::Resource {
            mode,
            type_name,
            name,
            ..
        } => {
            vec![here(Item::Resource(
                *mode,
                (**type_name).into(),
                (**name).into(),
            ))]
        }
        Subject::Module { name, output, .. } => {
            let mut nodes = vec![here(Item::Call((**name).into()))];
            let Some(call) = module.calls.get(&**name) else {
                return nodes;
            };
            let child = path.child(name.clone());
            let outputs = call.module.outputs.keys();
            let wanted = outputs.filter(|o| output.as_ref().is_none_or(|w| ***o == **w));
            nodes.extend(wanted.map(|o| Node {
                module: child.clone(),
                item: Item::Output(o.clone()),
            }));
            if output.is_none() {
                // As in `depends_on = [module.m]`: everything inside comes first.
                inside(&call.module, &child, &mut nodes);
            }
            nodes
        }
        _ => Vec::new(),
    }
}

/// Every item of a module and of those that it calls.
fn inside(module: &Module, path: &ModulePath, nodes: &mut Vec<Node>) {
    nodes.extend(items(module).map(|item| Node {
        module: path.clone(),
        item,
    }));
    for (name, call) in &module.calls {
        inside(&call.module, &path.child(&**name), nodes);
    }
}

#[cfg(test)]
mod tests;
