//! All the blocks of a directory as one [`Module`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::reader::{Diagnostics, check_name, labels};
use super::settings::Settings;
use super::{call, changes, check, input, provider, resource};
use crate::ast::{Block, Body, Name, Span};
use crate::configuration::{Local, Module, ResourceKind};
use crate::diagnostic::{Diagnostic, nearest};

const BLOCKS: [&str; 13] = [
    "terraform",
    "provider",
    "variable",
    "locals",
    "output",
    "module",
    "resource",
    "data",
    "ephemeral",
    "moved",
    "removed",
    "import",
    "check",
];

/// Gives the module that a `module` block calls.
pub(crate) trait Files {
    /// Loads the module at `source`, a path relative to the calling module's directory.
    fn called(&mut self, source: &str, span: Span, out: &mut Diagnostics) -> Arc<Module>;
}

/// Builds a module from the bodies of its files, override files last and already merged.
pub(crate) fn module(
    directory: &str,
    bodies: Vec<Body>,
    files: &mut dyn Files,
    out: &mut Diagnostics,
) -> Module {
    let mut builder = Builder {
        module: Module {
            directory: directory.to_owned(),
            ..Module::default()
        },
        settings: Settings::default(),
        resources: HashMap::new(),
        files,
        out,
    };
    for body in bodies {
        for attribute in &body.attributes {
            builder.out.push(Diagnostic::error(
                attribute.name.span,
                "Unsupported argument",
                format!(
                    "An argument named {:?} is not expected here.",
                    attribute.name.text
                ),
            ));
        }
        for block in body.blocks {
            builder.block(block);
        }
    }
    let Builder {
        mut module,
        settings,
        ..
    } = builder;
    provider::duplicates(&module.providers, out);
    check::duplicates(&module.checks, out);
    module.required_providers = settings.required_providers;
    module
}

struct Builder<'a> {
    module: Module,
    settings: Settings,
    /// Where each resource is declared.
    resources: HashMap<(ResourceKind, Arc<str>, Arc<str>), Span>,
    files: &'a mut dyn Files,
    out: &'a mut Diagnostics,
}

impl Builder<'_> {
    fn block(&mut self, block: Block) {
        let Self {
            module,
            settings,
            files,
            out,
            ..
        } = self;
        match &*block.block_type.text {
            "terraform" => settings.read(&block, out),
            "provider" => module.providers.extend(provider::provider(block, out)),
            "variable" => {
                if let Some(variable) = input::variable(&block, out) {
                    let (name, place) = (variable.name.clone(), variable.header);
                    let what = "variable declaration";
                    insert(&mut module.variables, &name, place, variable, what, out);
                }
            }
            "locals" => self.locals(block),
            "output" => {
                if let Some(output) = input::output(&block, out) {
                    let (name, place) = (output.name.clone(), output.header);
                    let what = "output definition";
                    insert(&mut module.outputs, &name, place, output, what, out);
                }
            }
            "module" => {
                if let Some(call) = call::call(block, *files, out) {
                    let (name, place) = (call.name.clone(), call.header);
                    insert(&mut module.calls, &name, place, call, "module call", out);
                }
            }
            "resource" => self.resource(block, ResourceKind::Managed),
            "data" => self.resource(block, ResourceKind::Data),
            "ephemeral" => self.resource(block, ResourceKind::Ephemeral),
            "moved" => module.moved.extend(changes::moved(&block, out)),
            "removed" => module.removed.extend(changes::removed(&block, out)),
            "import" => module.imports.extend(changes::import(&block, out)),
            "check" => module.checks.extend(check::check_block(block, out)),
            other => {
                let mut diagnostic = Diagnostic::error(
                    block.block_type.span,
                    "Unsupported block type",
                    format!("Blocks of type {other:?} are not expected here."),
                );
                if let Some(name) = nearest(other, BLOCKS) {
                    diagnostic = diagnostic.with_help(format!("did you mean `{name}`?"));
                }
                out.push(diagnostic);
            }
        }
    }

    fn locals(&mut self, block: Block) {
        let Self { module, out, .. } = self;
        labels(&block, [], out);
        for nested in &block.body.blocks {
            out.push(unexpected_block(nested));
        }
        for attribute in block.body.attributes {
            if !check_name(&attribute.name, "local value", out) {
                continue;
            }
            let local = Local {
                name: attribute.name,
                expr: attribute.expr,
            };
            let (name, place) = (local.name.clone(), attribute.span);
            let what = "local value definition";
            insert(&mut module.locals, &name, place, local, what, out);
        }
    }

    fn resource(&mut self, block: Block, kind: ResourceKind) {
        let Some(resource) = resource::resource(block, kind, self.out) else {
            return;
        };
        let (type_name, name) = (&resource.type_name.text, &resource.name.text);
        let key = (kind, type_name.clone(), name.clone());
        let Some(first) = self.resources.get(&key) else {
            self.resources.insert(key, resource.header);
            self.module.resources.push(resource);
            return;
        };
        let kind = kind.keyword();
        let error = Diagnostic::error(
            resource.header,
            format!("Duplicate {kind} {type_name:?} configuration"),
            format!(
                "A {type_name} {kind} named {name:?} was already declared. Resource names must be \
                 unique per type in each module."
            ),
        );
        self.out
            .push(error.with_label(*first, "first declared here"));
    }
}

/// The error for a block where there are only arguments.
pub(super) fn unexpected_block(block: &Block) -> Diagnostic {
    Diagnostic::error(
        block.block_type.span,
        format!("Unexpected {:?} block", block.block_type.text),
        "Blocks are not allowed here, only arguments.",
    )
}

/// Something with a place, for messages about names given twice.
pub(super) trait Placed {
    fn place(&self) -> Span;
}

impl Placed for crate::configuration::Variable {
    fn place(&self) -> Span {
        self.header
    }
}
impl Placed for Local {
    fn place(&self) -> Span {
        self.name.span.to(self.expr.span)
    }
}
impl Placed for crate::configuration::Output {
    fn place(&self) -> Span {
        self.header
    }
}
impl Placed for crate::configuration::ModuleCall {
    fn place(&self) -> Span {
        self.header
    }
}

fn insert<T: Placed>(
    map: &mut BTreeMap<Arc<str>, T>,
    name: &Name,
    place: Span,
    value: T,
    what: &str,
    out: &mut Diagnostics,
) {
    let Some(first) = map.get(&name.text) else {
        map.insert(name.text.clone(), value);
        return;
    };
    let detail = format!(
        "The name {:?} was already given. Names must be unique in a module.",
        name.text
    );
    let error = Diagnostic::error(place, format!("Duplicate {what}"), detail);
    out.push(error.with_label(first.place(), "first declared here"));
}
