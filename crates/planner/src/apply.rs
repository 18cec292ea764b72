//! Evaluation while a plan is carried out: what was unknown becomes known, and what depends on it
//! is evaluated again.

use std::collections::{BTreeMap, BTreeSet};

use flowctl_lang::Evaluated;
use flowctl_model::plan::{Action, Change, CheckResult, Plan};
use flowctl_model::snapshot::OutputState;
use flowctl_model::{Address, Text, Type, Value};
use flowctl_parser::ast::Expr;
use flowctl_parser::configuration::ResourceKind;
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_schema::PlanRequest;

use crate::conditions::{self, POSTCONDITION, PRECONDITION};
use crate::diff::{changed, proposed};
use crate::expansion::Repetition;
use crate::graph::{self, Item, Node};
use crate::instance::{decoded, problems, resource_type};
use crate::settings::provider_key;
use crate::walk::{Instance, Phase, Walk, resource_key};
use crate::{data, ignore, outputs, policy};

/// Evaluation that goes on from where the plan left it.
pub struct Evaluation<'a> {
    walk: Walk<'a>,
    /// What is needed of each change: its action and the object before.
    changes: BTreeMap<Address, (Action, Option<Value>)>,
    /// Places in the graph's order of what must be evaluated again.
    stale: BTreeSet<usize>,
    /// Instances whose postcondition failed: nothing that depends on them may go on.
    unfit: BTreeSet<Address>,
    /// What conditions of what was done have found.
    late: Vec<Diagnostic>,
}

/// What is left when a plan was carried out.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Outputs of the root module whose values are known. Sensitive values are not withheld yet.
    pub outputs: BTreeMap<Text, OutputState>,
    /// Every condition that was checked.
    pub checks: Vec<CheckResult>,
    /// Errors and warnings of conditions and outputs.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(mut walk: Walk<'a>, plan: &Plan) -> Self {
        walk.phase = Phase::Apply;
        walk.checks.clear();
        let acts = |change: &&Change| {
            !matches!(
                change.action,
                Action::NoOp | Action::Delete | Action::Forget
            )
        };
        let changes = plan.changes.iter().filter(acts).map(|change| {
            (
                change.address.clone(),
                (change.action, change.before.clone()),
            )
        });
        Self {
            changes: changes.collect(),
            walk,
            stale: BTreeSet::new(),
            unfit: BTreeSet::new(),
            late: Vec::new(),
        }
    }

    /// The object that an instance is to become (for a data source: its configuration), with
    /// everything that was done so far taken into account.
    pub fn resolve(&mut self, address: &Address) -> Result<Value, Vec<Diagnostic>> {
        let Some(instance) = self.walk.instances.get(address).cloned() else {
            let detail = format!("{address} is not in the configuration.");
            let error = Diagnostic::error_without_place("Unknown resource instance", detail);
            return Err(vec![error]);
        };
        self.walk.diagnostics.clear();
        let node = Node::resource(&address.resource.module.path(), instance.resource);
        if let Some(error) = self.unfit(&node) {
            return Err(vec![error]);
        }
        self.update(&node);
        let value = self.resolved(address, &instance);
        let found = std::mem::take(&mut self.walk.diagnostics);
        match value {
            Some(value) if !found.iter().any(Diagnostic::is_error) => Ok(value),
            _ => Err(found),
        }
    }

    /// The error for a node that depends on an instance whose postcondition failed.
    fn unfit(&self, node: &Node) -> Option<Diagnostic> {
        if self.unfit.is_empty() {
            return None;
        }
        let ancestors: BTreeSet<Option<usize>> = self
            .walk
            .with_ancestors([node.clone()])
            .iter()
            .map(|node| self.walk.graph.place(node))
            .collect();
        let unfit = self.unfit.iter().find(|address| {
            let block = self.walk.modules.block_of(address);
            block.is_some_and(|block| {
                let other = Node::resource(&address.resource.module.path(), block);
                other != *node && ancestors.contains(&self.walk.graph.place(&other))
            })
        })?;
        Some(Diagnostic::error_without_place(
            POSTCONDITION.summary(),
            format!("This depends on {unfit}, whose postcondition does not hold."),
        ))
    }

    fn resolved(&mut self, address: &Address, instance: &Instance<'a>) -> Option<Value> {
        let walk = &mut self.walk;
        let lifecycle = &instance.resource.lifecycle;
        if !walk.conditions(instance, &lifecycle.preconditions, PRECONDITION, None) {
            return None;
        }
        if instance.resource.kind == ResourceKind::Data {
            let source = data::data_source(walk, instance)?;
            return data::configuration(walk, instance, &*source);
        }
        let resource = resource_type(walk, instance)?;
        let provider = provider_key(&walk.modules, &address.resource.module, instance.resource);
        let block = &resource.schema().block;
        let (action, before) = self.changes.get(address)?;
        // A replacement starts from nothing.
        let before = before.as_ref().filter(|_| *action == Action::Update);
        let decoded = decoded(walk, instance, block);
        let mut found = decoded.diagnostics;
        let mut config = decoded.value;
        if let Some(before) = before {
            config = ignore::apply(
                &lifecycle.ignore_changes,
                block,
                before,
                &config,
                &mut found,
            );
        }
        if !found.iter().any(Diagnostic::is_error) {
            found.extend(problems(&*resource, &config, &decoded.places).all());
        }
        let proposed = proposed(block, before, &config);
        let asked =
            before.map(|before| changed(&*resource, walk.input.digester, before, &proposed));
        let request = PlanRequest {
            prior: before,
            config: &config,
            proposed: &proposed,
            changed: asked.as_deref().unwrap_or_default(),
            provider: walk.input.provider(&provider),
        };
        let planned = resource.plan(request).planned;
        if *action != Action::NoOp {
            let refusals = resource.check_change(&PlanRequest {
                proposed: &planned,
                ..request
            });
            let refusals = refusals.iter();
            found.extend(refusals.map(|problem| decoded.places.diagnostic(problem)));
        }
        // Warnings were said when the plan was made.
        found.retain(Diagnostic::is_error);
        if found.is_empty() {
            policy::check(walk, instance, &*resource, &config, &decoded.places);
        }
        let address = address.to_string();
        let found = found.into_iter().map(|d| d.with_address(address.as_str()));
        walk.diagnostics.extend(found);
        Some(planned)
    }

    /// Takes in what an instance became; `None` when it is gone.
    pub fn record(&mut self, address: &Address, object: Option<Value>) {
        let Some(instance) = self.walk.instances.get(address).cloned() else {
            return;
        };
        let Some(mut object) = object else {
            return;
        };
        if instance.resource.kind == ResourceKind::Data {
            let name = &instance.resource.type_name.text;
            if let Some(source) = self.walk.input.providers.data_source(name) {
                object = data::with_secrets_marked(&source.schema().block, &object);
            }
        }
        let key = resource_key(instance.resource);
        let values = self.walk.store.get_mut(instance.place);
        if let Some(objects) = values.resources.get_mut(&key) {
            objects.set(instance.key.clone(), object.clone());
        }
        let node = Node::resource(&address.resource.module.path(), instance.resource);
        self.outdate(&node);
        self.walk.diagnostics.clear();
        let postconditions = &instance.resource.lifecycle.postconditions;
        let holds = self
            .walk
            .conditions(&instance, postconditions, POSTCONDITION, Some(&object));
        if !holds {
            self.unfit.insert(address.clone());
        }
        self.late.append(&mut self.walk.diagnostics);
    }

    /// Marks everything that depends on a resource, up to the next resources, whose own values
    /// are recorded when they change.
    fn outdate(&mut self, node: &Node) {
        let graph = std::sync::Arc::clone(&self.walk.graph);
        let mut waiting: Vec<&Node> = graph.dependents(node).collect();
        while let Some(next) = waiting.pop() {
            let Some(place) = graph.place(next) else {
                continue;
            };
            if self.stale.insert(place) && !next.is_resource() {
                waiting.extend(graph.dependents(next));
            }
        }
    }

    /// Evaluates again what a node needs and is out of date.
    fn update(&mut self, node: &Node) {
        if self.stale.is_empty() {
            return;
        }
        let graph = std::sync::Arc::clone(&self.walk.graph);
        let mut needed = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![node];
        while let Some(next) = waiting.pop() {
            let Some(place) = graph.place(next).filter(|place| seen.insert(*place)) else {
                continue;
            };
            if self.stale.contains(&place) {
                needed.insert(place);
            }
            // Beyond a resource everything is in its value already.
            if !next.is_resource() || next == node {
                waiting.extend(graph.dependencies(next));
            }
        }
        for place in needed {
            self.stale.remove(&place);
            if let Some(node) = graph.order.get(place) {
                match &node.item {
                    Item::Resource(..) => self.expand(node),
                    _ => self.walk.node(node),
                }
            }
        }
    }

    /// Evaluates the repetition of a resource again, whose instances stay the same.
    fn expand(&mut self, node: &Node) {
        let Item::Resource(mode, type_name, name) = &node.item else {
            return;
        };
        let Some(resource) = self
            .walk
            .modules
            .resource(&node.module, *mode, type_name, name)
        else {
            return;
        };
        let (count, for_each) = (resource.count.as_ref(), resource.for_each.as_ref());
        if for_each.is_none() {
            return;
        }
        for place in self.walk.store.places(&node.module) {
            let expansion = self.walk.expansion(place, count, for_each);
            let values = self.walk.store.get_mut(place);
            if let Some(objects) = values.resources.get_mut(&resource_key(resource)) {
                objects.expand_again(expansion);
            }
        }
    }

    /// Outputs and checks, when all is done that could be.
    pub fn finish(&mut self) -> Finished {
        self.walk.diagnostics.clear();
        let graph = std::sync::Arc::clone(&self.walk.graph);
        for place in std::mem::take(&mut self.stale) {
            let node = graph.order.get(place).filter(|node| !node.is_resource());
            if let Some(node) = node {
                self.walk.node(node);
            }
        }
        conditions::checks(&mut self.walk);
        self.late.append(&mut self.walk.diagnostics);
        Finished {
            outputs: outputs::states(&self.walk),
            checks: std::mem::take(&mut self.walk.checks),
            diagnostics: std::mem::take(&mut self.late),
        }
    }

    /// The value of an expression in the root module.
    pub fn evaluate(&self, expr: &Expr) -> Evaluated {
        let undeclared = graph::undeclared_in_root(self.walk.input.configuration, expr);
        if !undeclared.is_empty() {
            return Evaluated {
                value: Value::unknown(Type::Any),
                diagnostics: undeclared,
            };
        }
        self.walk.evaluate(0, expr, &Repetition::default(), None)
    }
}
