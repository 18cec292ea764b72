//! What expressions refer to, as written, and where it comes from: through locals, variables and
//! outputs, across modules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowctl_model::{InstanceKey, Mode, ModuleInstance, ModulePath};
use flowctl_parser::Configuration;
use flowctl_parser::ast::{Body, Expr, ExprKind};
use flowctl_parser::configuration::{Module, ModuleCall};
use flowctl_parser::traversal::{self, Key, Link};
use flowctl_schema::{Block, Providers};

use super::{mode_of, schema_of};

/// A root name and the steps behind it, up to the first that is computed.
#[derive(Debug)]
pub(super) struct Traversal<'e> {
    root: &'e str,
    steps: Vec<Step<'e>>,
}

/// One step of a [`Traversal`].
#[derive(Debug)]
pub(super) enum Step<'e> {
    Attr(&'e str),
    Index(InstanceKey),
}

/// What a traversal names, and the steps behind that.
pub(super) enum Subject<'e, 't> {
    Variable(&'e str),
    Local(&'e str),
    Output {
        call: &'e str,
        key: Option<&'t InstanceKey>,
        name: &'e str,
    },
    Resource {
        mode: Mode,
        type_name: &'e str,
        name: &'e str,
        key: Option<&'t InstanceKey>,
        rest: &'t [Step<'e>],
    },
    Other,
}

impl<'e> Traversal<'e> {
    fn of(expr: &'e Expr) -> Option<Self> {
        let (root, links) = traversal::chain(expr);
        let ExprKind::Variable(root) = &root.kind else {
            return None;
        };
        let steps = links.iter().map_while(|link| match link {
            Link::Attr(name) => Some(Step::Attr(&name.text)),
            Link::Index(..) | Link::Legacy(_) => match link.key()? {
                Key::Text(text) => Some(Step::Index(InstanceKey::Str(text.into()))),
                Key::Number(number) => Some(Step::Index(InstanceKey::Int(number))),
            },
        });
        Some(Self {
            root,
            steps: steps.collect(),
        })
    }

    fn attr(&self, at: usize) -> Option<&'e str> {
        match self.steps.get(at) {
            Some(Step::Attr(name)) => Some(name),
            _ => None,
        }
    }

    fn key(&self, at: usize) -> Option<&InstanceKey> {
        match self.steps.get(at) {
            Some(Step::Index(key)) => Some(key),
            _ => None,
        }
    }

    /// What is named.
    pub(super) fn subject(&self) -> Subject<'e, '_> {
        let resource = |mode, type_name, at: usize| {
            let (Some(type_name), Some(name)) = (type_name, self.attr(at)) else {
                return Subject::Other;
            };
            let key = self.key(at + 1);
            let used = at + 1 + usize::from(key.is_some());
            Subject::Resource {
                mode,
                type_name,
                name,
                key,
                rest: self.steps.get(used..).unwrap_or_default(),
            }
        };
        match (self.root, self.attr(0)) {
            ("var", Some(name)) => Subject::Variable(name),
            ("local", Some(name)) => Subject::Local(name),
            ("module", Some(call)) => {
                let key = self.key(1);
                match self.attr(1 + usize::from(key.is_some())) {
                    Some(name) => Subject::Output { call, key, name },
                    None => Subject::Other,
                }
            }
            ("var" | "local" | "module" | "each" | "count" | "path" | "terraform" | "self", _) => {
                Subject::Other
            }
            ("data", type_name) => resource(Mode::Data, type_name, 1),
            ("ephemeral", type_name) => resource(Mode::Ephemeral, type_name, 1),
            ("resource", type_name) => resource(Mode::Managed, type_name, 1),
            (type_name, _) => resource(Mode::Managed, Some(type_name), 0),
        }
    }

    /// The traversal and its beginnings, longest first, down to what can be referred to, as
    /// Terraform lists them.
    pub(super) fn references(&self) -> Vec<String> {
        let keyed = |at: usize| usize::from(self.key(at).is_some());
        let mut lengths: Vec<usize> = Vec::new();
        let least = match self.subject() {
            Subject::Resource { key, rest, .. } => {
                let subject = self.steps.len() - rest.len();
                lengths.extend(key.map(|_| subject - 1));
                subject
            }
            Subject::Output { .. } => {
                lengths.push(1 + keyed(1));
                2 + keyed(1)
            }
            _ if self.root == "module" => {
                lengths.extend(self.key(1).map(|_| 1));
                1 + keyed(1)
            }
            _ => usize::from(self.root != "self"),
        };
        let least = least.min(self.steps.len());
        let all = (least..=self.steps.len()).rev().chain(lengths);
        all.map(|length| self.text(length)).collect()
    }

    /// The traversal as written.
    pub(super) fn written(&self) -> String {
        self.text(self.steps.len())
    }

    fn text(&self, length: usize) -> String {
        let mut out = self.root.to_owned();
        for step in self.steps.iter().take(length) {
            match step {
                Step::Attr(name) => {
                    out.push('.');
                    out.push_str(name);
                }
                Step::Index(key) => out.push_str(&key.to_string()),
            }
        }
        match out.strip_prefix("resource.") {
            Some(rest) => rest.to_owned(),
            None => out,
        }
    }
}

/// Every traversal in an expression, in order of appearance; names bound by `for` are left out.
pub(super) fn traversals(expr: &Expr) -> Vec<Traversal<'_>> {
    let found = traversal::traversals(expr).into_iter();
    found.filter_map(Traversal::of).collect()
}

/// The modules of a configuration by path, each with the call that leads to it.
pub(super) struct Modules<'c>(BTreeMap<ModulePath, (&'c Module, Option<&'c ModuleCall>)>);

impl<'c> Modules<'c> {
    pub(super) fn new(configuration: &'c Configuration) -> Self {
        let mut modules = BTreeMap::new();
        let mut open = vec![(ModulePath::root(), &configuration.root, None)];
        while let Some((path, module, call)) = open.pop() {
            for (name, call) in &module.calls {
                open.push((path.child(&**name), &*call.module, Some(call)));
            }
            modules.insert(path, (module, call));
        }
        Self(modules)
    }

    pub(super) fn get(&self, instance: &ModuleInstance) -> Option<&'c Module> {
        self.0.get(&instance.path()).map(|(module, _)| *module)
    }
}

/// Follows references to where values come from.
pub(super) struct Trace<'m, 'c> {
    modules: &'m Modules<'c>,
    seen: BTreeSet<(ModuleInstance, &'static str, Arc<str>)>,
    /// The variables that were passed through.
    pub(super) variables: BTreeSet<(ModuleInstance, Arc<str>)>,
    /// The resources that were arrived at, with the steps into them.
    pub(super) resources: Vec<(ModuleInstance, Traversal<'c>)>,
}

impl<'m, 'c> Trace<'m, 'c> {
    pub(super) fn new(modules: &'m Modules<'c>) -> Self {
        Self {
            modules,
            seen: BTreeSet::new(),
            variables: BTreeSet::new(),
            resources: Vec::new(),
        }
    }

    /// Follows everything that an expression of a module instance refers to.
    pub(super) fn follow(&mut self, instance: &ModuleInstance, expr: &'c Expr) {
        let mut open = vec![(instance.clone(), expr)];
        while let Some((instance, expr)) = open.pop() {
            let Some((module, call)) = self.modules.0.get(&instance.path()) else {
                continue;
            };
            for traversal in traversals(expr) {
                match traversal.subject() {
                    Subject::Variable(name) => {
                        if !self.first(&instance, "var", name) {
                            continue;
                        }
                        self.variables.insert((instance.clone(), name.into()));
                        let argument = call
                            .and_then(|call| call.arguments.iter().find(|a| &*a.name.text == name));
                        if let Some(argument) = argument {
                            let mut steps = instance.0.clone();
                            steps.pop();
                            open.push((ModuleInstance(steps), &argument.expr));
                        }
                    }
                    Subject::Local(name) => {
                        if let Some(local) = module.locals.get(name)
                            && self.first(&instance, "local", name)
                        {
                            open.push((instance.clone(), &local.expr));
                        }
                    }
                    Subject::Output { call, key, name } => {
                        let inside = instance.child(call, key.cloned());
                        let output = self.modules.get(&inside).and_then(|m| m.outputs.get(name));
                        if let Some(output) = output
                            && self.first(&inside, "output", name)
                        {
                            open.push((inside, &output.value));
                        }
                    }
                    Subject::Resource { .. } => self.resources.push((instance.clone(), traversal)),
                    Subject::Other => {}
                }
            }
        }
    }

    fn first(&mut self, instance: &ModuleInstance, kind: &'static str, name: &str) -> bool {
        self.seen.insert((instance.clone(), kind, name.into()))
    }
}

/// Variables of modules: the path of the module, and the name.
pub(super) type Variables = BTreeSet<(Vec<Arc<str>>, Arc<str>)>;

/// The variables, by module, whose values go into secret arguments or are declared sensitive:
/// neither a default nor what is passed to them may be shown.
pub(super) fn secret_variables(configuration: &Configuration, providers: &Providers) -> Variables {
    let modules = Modules::new(configuration);
    let mut trace = Trace::new(&modules);
    let mut secret = BTreeSet::new();
    let names = |path: &ModulePath| path.0.iter().map(|name| Arc::from(&**name)).collect();
    for (path, (module, _)) in &modules.0 {
        let keyless = path.0.iter().fold(ModuleInstance::root(), |at, name| {
            at.child(name.clone(), None)
        });
        for resource in &module.resources {
            let mode = mode_of(resource.kind);
            if let Some(schema) = schema_of(mode, &resource.type_name.text, providers) {
                secret_expressions(&resource.body, &schema.block, &mut |expr| {
                    trace.follow(&keyless, expr);
                });
            }
        }
        for provider in &module.providers {
            if let Some(found) = providers.provider(&provider.name.text) {
                secret_expressions(&provider.body, &found.schema().block, &mut |expr| {
                    trace.follow(&keyless, expr);
                });
            }
        }
        for (name, variable) in &module.variables {
            if variable.sensitive || variable.ephemeral {
                secret.insert((names(path), name.clone()));
            }
        }
    }
    secret.extend(
        trace
            .variables
            .iter()
            .map(|(instance, name)| (names(&instance.path()), name.clone())),
    );
    secret
}

/// Calls `visit` with the expression of every secret argument of a body.
fn secret_expressions<'c>(body: &'c Body, schema: &Block, visit: &mut impl FnMut(&'c Expr)) {
    for attribute in &body.attributes {
        let name: &str = &attribute.name.text;
        // A block in JSON syntax is a property: what is secret in it is not told apart.
        let secret = match schema.nested(name) {
            Some(nested) => has_secret(&nested.block),
            None => schema.attribute(name).is_some_and(|a| a.secret),
        };
        if secret {
            visit(&attribute.expr);
        }
    }
    for block in &body.blocks {
        let name = match (&*block.block_type.text, block.labels.first()) {
            ("dynamic", Some(label)) => &*label.text,
            (name, _) => name,
        };
        let Some(nested) = schema.nested(name) else {
            continue;
        };
        if &*block.block_type.text != "dynamic" {
            secret_expressions(&block.body, &nested.block, visit);
            continue;
        }
        for content in block.body.blocks_of("content") {
            secret_expressions(&content.body, &nested.block, visit);
        }
        // What the block is repeated for may go into its secrets.
        if let Some(each) = block.body.attribute("for_each")
            && has_secret(&nested.block)
        {
            visit(&each.expr);
        }
    }
}

fn has_secret(block: &Block) -> bool {
    block.attributes.iter().any(|a| a.secret) || block.blocks.iter().any(|b| has_secret(&b.block))
}
