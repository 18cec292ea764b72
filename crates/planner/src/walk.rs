//! The walk over a configuration: every node of the dependency graph is evaluated, in order, in
//! every instance of its module.
//!
//! The walk knows variables, local values, outputs, module calls and how many instances a resource
//! has. What a resource instance becomes is decided by [`crate::instance`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use flowctl_lang::{Evaluated, Evaluator, convert};
use flowctl_model::plan::{Change, CheckResult, Drift};
use flowctl_model::{Address, InstanceKey, Mode, ModuleInstance, ModulePath, Text, Type, Value};
use flowctl_parser::ast::Expr;
use flowctl_parser::configuration::{Module, ModuleCall, Resource, ResourceKind};
use flowctl_parser::diagnostic::Diagnostic;

use crate::expansion::{Expansion, Repetition, expand};
use crate::graph::{self, Graph, Item, Node};
use crate::input::Input;
use crate::needs::Needs;
use crate::store::{ModuleScope, Objects, ResourceKey, Store};
use crate::target::Selection;
use crate::{outputs, variables};

/// What the walk is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// To find mistakes without state, variables or network: nearly everything is unknown.
    Validate,
    /// To evaluate the settings of providers: resources are what state says.
    Settings,
    /// To make a plan.
    Plan,
    /// To carry it out.
    Apply,
}

/// A resource instance of the configuration.
#[derive(Clone)]
pub(crate) struct Instance<'a> {
    /// The module instance it is in.
    pub(crate) place: usize,
    /// Its block.
    pub(crate) resource: &'a Resource,
    /// Its key.
    pub(crate) key: Option<InstanceKey>,
    /// Its change, if the plan has one.
    pub(crate) change: Option<usize>,
}

/// Evaluation under way.
pub(crate) struct Walk<'a> {
    pub(crate) input: Input<'a>,
    pub(crate) phase: Phase,
    pub(crate) graph: Arc<Graph>,
    pub(crate) modules: Modules<'a>,
    pub(crate) store: Store<'a>,
    /// Where each instance of state stands now, old address by new.
    pub(crate) moves: BTreeMap<Address, Address>,
    pub(crate) selection: Selection,
    pub(crate) instances: BTreeMap<Address, Instance<'a>>,
    pub(crate) changes: Vec<Change>,
    pub(crate) drift: Vec<Drift>,
    pub(crate) checks: Vec<CheckResult>,
    pub(crate) needs: Needs,
    /// Identities in the service that the plan claims: provider, type and name.
    pub(crate) claims: HashMap<(Text, Text, Text), Address>,
    /// Unknown types that were reported already, by place.
    pub(crate) unknown_types: BTreeSet<flowctl_parser::ast::Span>,
    /// Settings of provider blocks by key: the provider and its configuration.
    pub(crate) provider_configs: BTreeMap<Text, (Text, Value)>,
    /// Objects to adopt that have no resource block.
    pub(crate) unconfigured: Vec<crate::needs::ImportRead>,
    /// Objects to adopt by `import` blocks: address to identity.
    pub(crate) adoptions: BTreeMap<Address, Text>,
    /// What policies have found.
    pub(crate) policy: crate::policy::Findings,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The modules of a configuration as written, and their resources by name.
pub(crate) struct Modules<'a>(HashMap<ModulePath, Entry<'a>>);

struct Entry<'a> {
    module: &'a Module,
    resources: HashMap<(Mode, &'a str, &'a str), &'a Resource>,
}

impl<'a> Modules<'a> {
    pub(crate) fn new(root: &'a Module) -> Self {
        let mut all = HashMap::new();
        Self::add(&mut all, ModulePath::root(), root);
        Self(all)
    }

    fn add(all: &mut HashMap<ModulePath, Entry<'a>>, path: ModulePath, module: &'a Module) {
        for (name, call) in &module.calls {
            Self::add(all, path.child(&**name), &call.module);
        }
        let resources = graph::resources(module)
            .map(|r| ((graph::mode(r), &*r.type_name.text, &*r.name.text), r))
            .collect();
        all.insert(path, Entry { module, resources });
    }

    pub(crate) fn get(&self, path: &ModulePath) -> Option<&'a Module> {
        self.0.get(path).map(|entry| entry.module)
    }

    pub(crate) fn resource(
        &self,
        path: &ModulePath,
        mode: Mode,
        type_name: &str,
        name: &str,
    ) -> Option<&'a Resource> {
        let entry = self.0.get(path)?;
        entry.resources.get(&(mode, type_name, name)).copied()
    }

    /// The block of a resource instance.
    pub(crate) fn block_of(&self, address: &Address) -> Option<&'a Resource> {
        let resource = &address.resource;
        self.resource(
            &resource.module.path(),
            resource.mode,
            &resource.type_name,
            &resource.name,
        )
    }

    /// Every module and its path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ModulePath, &'a Module)> {
        self.0.iter().map(|(path, entry)| (path, entry.module))
    }
}

impl<'a> Walk<'a> {
    pub(crate) fn new(input: Input<'a>, phase: Phase, graph: Graph) -> Self {
        let mut store = Store::default();
        store.add(ModuleInstance::root(), &input.configuration.root);
        Self {
            input,
            phase,
            graph: Arc::new(graph),
            modules: Modules::new(&input.configuration.root),
            store,
            moves: BTreeMap::new(),
            selection: Selection::default(),
            instances: BTreeMap::new(),
            changes: Vec::new(),
            drift: Vec::new(),
            checks: Vec::new(),
            needs: Needs::default(),
            claims: HashMap::new(),
            unknown_types: BTreeSet::new(),
            provider_configs: BTreeMap::new(),
            unconfigured: Vec::new(),
            adoptions: BTreeMap::new(),
            policy: crate::policy::Findings::default(),
            diagnostics: Vec::new(),
        }
    }

    /// Evaluates these nodes, each after everything it depends on.
    pub(crate) fn run<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) {
        for node in nodes {
            self.node(node);
        }
    }

    /// The nodes that these need, themselves included, in order.
    pub(crate) fn with_ancestors(&self, nodes: impl IntoIterator<Item = Node>) -> Vec<Node> {
        let mut wanted = BTreeSet::new();
        let mut waiting: Vec<Node> = nodes.into_iter().collect();
        while let Some(node) = waiting.pop() {
            if let Some(place) = self.graph.place(&node)
                && wanted.insert(place)
            {
                waiting.extend(self.graph.dependencies(&node).cloned());
            }
        }
        wanted
            .into_iter()
            .filter_map(|place| self.graph.order.get(place).cloned())
            .collect()
    }

    /// Evaluates a node in every instance of its module.
    pub(crate) fn node(&mut self, node: &Node) {
        for place in self.store.places(&node.module) {
            match &node.item {
                Item::Variable(name) => variables::evaluate(self, place, name),
                Item::Local(name) => self.local(place, name),
                Item::Output(name) => outputs::evaluate(self, place, name),
                Item::Call(name) => self.call(place, name),
                Item::Resource(mode, type_name, name) => {
                    let resource = self.modules.resource(&node.module, *mode, type_name, name);
                    if let Some(resource) = resource {
                        self.resource(place, resource, node);
                    }
                }
                Item::Provider(index) => crate::settings::evaluate(self, place, *index),
            }
        }
    }

    fn local(&mut self, place: usize, name: &str) {
        let module = self.store.get(place).module;
        if let Some(local) = module.locals.get(name) {
            let value = self.value(place, &local.expr, &Repetition::default(), None);
            self.store.get_mut(place).locals.insert(name.into(), value);
        }
    }

    fn call(&mut self, place: usize, name: &str) {
        let module = self.store.get(place).module;
        let Some(call) = module.calls.get(name) else {
            return;
        };
        let expansion = self.expansion(place, call.count.as_ref(), call.for_each.as_ref());
        let before = self.store.get(place).calls.get(name);
        // While the plan is carried out only values become known: the instances stay.
        if before.is_none() {
            self.add_modules(place, call, &expansion);
        }
        let calls = &mut self.store.get_mut(place).calls;
        calls.insert(name.into(), expansion);
    }

    fn add_modules(&mut self, place: usize, call: &'a ModuleCall, expansion: &Expansion) {
        let parent = self.store.get(place).instance.clone();
        for key in expansion.keys() {
            let instance = parent.child(&*call.name.text, key);
            self.store.add(instance, &call.module);
        }
    }

    /// The instances of a block with these arguments.
    pub(crate) fn expansion(
        &mut self,
        place: usize,
        count: Option<&Expr>,
        for_each: Option<&Expr>,
    ) -> Expansion {
        let nothing = Repetition::default();
        let scope = self.scope(place, &nothing, None);
        let evaluator = Evaluator::new(&scope, self.input.world);
        let mut found = Vec::new();
        let lenient = self.phase == Phase::Validate;
        let expansion = expand(count, for_each, evaluator, lenient, &mut found);
        self.diagnostics.extend(found);
        expansion
    }

    /// Whether a switch of a `lifecycle` block is on. Unlike Terraform's it may be any expression.
    pub(crate) fn switch(&mut self, place: usize, expr: Option<&Expr>) -> bool {
        let Some(expr) = expr else {
            return false;
        };
        let evaluated = self.evaluate(place, expr, &Repetition::default(), None);
        if evaluated.has_errors() {
            self.diagnostics.extend(evaluated.diagnostics);
            return false;
        }
        let value = convert(&evaluated.value, &Type::Bool);
        let on = value.ok().and_then(|value| value.as_bool());
        if on.is_none() {
            self.diagnostics.push(Diagnostic::error(
                expr.span,
                "Unsuitable value type",
                "Either true or false is required here, known before anything is done.",
            ));
        }
        on.unwrap_or(false)
    }

    fn resource(&mut self, place: usize, resource: &'a Resource, node: &Node) {
        let expansion = self.expansion(place, resource.count.as_ref(), resource.for_each.as_ref());
        let key = resource_key(resource);
        let keys = expansion.keys();
        let resources = &mut self.store.get_mut(place).resources;
        match resources.get_mut(&key) {
            Some(objects) => objects.expand_again(expansion),
            None => {
                resources.insert(key.clone(), Objects::new(expansion));
            }
        }
        for instance_key in keys {
            let instance = Instance {
                place,
                resource,
                key: instance_key.clone(),
                change: None,
            };
            let value = match self.phase {
                Phase::Validate => crate::validate::instance(self, &instance),
                Phase::Settings if resource.kind == ResourceKind::Ephemeral => {
                    crate::ephemeral::instance(self, &instance, node)
                }
                Phase::Settings => self.as_in_state(&instance),
                Phase::Plan | Phase::Apply => match resource.kind {
                    ResourceKind::Managed => crate::instance::plan(self, instance),
                    ResourceKind::Data => crate::data::instance(self, instance, node),
                    ResourceKind::Ephemeral => crate::ephemeral::instance(self, &instance, node),
                },
            };
            let resources = &mut self.store.get_mut(place).resources;
            if let Some(objects) = resources.get_mut(&key) {
                objects.set(instance_key, value);
            }
        }
    }

    fn as_in_state(&self, instance: &Instance<'a>) -> Value {
        let address = self.address(instance);
        match self.input.snapshot.resources.get(&address) {
            Some(state) => state.attributes.clone(),
            None => Value::unknown(Type::Any),
        }
    }

    /// The address of an instance.
    pub(crate) fn address(&self, instance: &Instance<'_>) -> Address {
        let module = self.store.get(instance.place).instance.clone();
        address(module, instance.resource, instance.key.clone())
    }

    /// The names of the repetition in an instance.
    pub(crate) fn repetition(&self, instance: &Instance<'_>) -> Repetition {
        let resources = &self.store.get(instance.place).resources;
        let objects = resources.get(&resource_key(instance.resource));
        objects.map_or_else(Repetition::default, |objects| {
            objects.expansion.repetition(instance.key.as_ref())
        })
    }

    /// What expressions in a module instance may use.
    pub(crate) fn scope<'s>(
        &'s self,
        place: usize,
        repetition: &'s Repetition,
        this: Option<&'s Value>,
    ) -> ModuleScope<'s, 'a> {
        ModuleScope {
            store: &self.store,
            place,
            repetition,
            this,
            world: self.input.world,
            workspace: self.input.workspace,
            applying: self.phase == Phase::Apply,
        }
    }

    /// Evaluates an expression and leaves what was found to the caller.
    pub(crate) fn evaluate(
        &self,
        place: usize,
        expr: &Expr,
        repetition: &Repetition,
        this: Option<&Value>,
    ) -> Evaluated {
        let scope = self.scope(place, repetition, this);
        Evaluator::new(&scope, self.input.world).evaluate(expr)
    }

    /// The value of an expression; what was found is kept.
    pub(crate) fn value(
        &mut self,
        place: usize,
        expr: &Expr,
        repetition: &Repetition,
        this: Option<&Value>,
    ) -> Value {
        let evaluated = self.evaluate(place, expr, repetition, this);
        self.diagnostics.extend(evaluated.diagnostics);
        evaluated.value
    }

    /// The changes of all instances of a resource, as far as they are planned.
    pub(crate) fn changes_of<'w>(
        &'w self,
        resource: &'w flowctl_model::ResourceAddress,
    ) -> impl Iterator<Item = &'w Change> {
        self.instances
            .range(resource.instance(None)..)
            .take_while(move |(address, _)| address.resource == *resource)
            .filter_map(|(_, instance)| self.changes.get(instance.change?))
    }

    /// Whether an error was found.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// How a module's values name a resource.
pub(crate) fn resource_key(resource: &Resource) -> ResourceKey {
    (
        graph::mode(resource),
        Text::from(&*resource.type_name.text),
        Text::from(&*resource.name.text),
    )
}

/// The address of an instance of a block in a module instance.
pub(crate) fn address(
    module: ModuleInstance,
    resource: &Resource,
    key: Option<InstanceKey>,
) -> Address {
    let (mode, type_name, name) = resource_key(resource);
    Address {
        resource: flowctl_model::ResourceAddress {
            module,
            mode,
            type_name,
            name,
        },
        key,
    }
}
