//! All the blocks of a directory as one [`Module`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reader::{
    Allowed, Diagnostics, bool_literal, check, check_name, labels, list, literal, provider_ref,
    string_literal,
};
use super::{resource, settings};
use crate::ast::{Block, Body, ExprKind, Name, ObjectKey, Span};
use crate::configuration::{
    Check, Import, Local, Module, ModuleCall, Moved, Output, Provider, Removed, Variable,
};
use crate::diagnostic::{Diagnostic, nearest};

/// Variable names that mean something else in a `module` block.
const RESERVED_VARIABLES: [&str; 8] = [
    "source",
    "version",
    "providers",
    "count",
    "for_each",
    "lifecycle",
    "depends_on",
    "locals",
];

const BLOCKS: [&str; 12] = [
    "terraform",
    "provider",
    "variable",
    "locals",
    "output",
    "module",
    "resource",
    "data",
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
    let mut module = Module {
        directory: directory.to_owned(),
        ..Module::default()
    };
    let mut resources: BTreeMap<(bool, Arc<str>, Arc<str>), Span> = BTreeMap::new();
    for body in bodies {
        for attribute in &body.attributes {
            out.push(Diagnostic::error(
                attribute.name.span,
                "Unsupported argument",
                format!(
                    "An argument named {:?} is not expected here.",
                    attribute.name.text
                ),
            ));
        }
        for block in body.blocks {
            top_level(block, &mut module, &mut resources, files, out);
        }
    }
    module
}

fn top_level(
    block: Block,
    module: &mut Module,
    resources: &mut BTreeMap<(bool, Arc<str>, Arc<str>), Span>,
    files: &mut dyn Files,
    out: &mut Diagnostics,
) {
    match &*block.block_type.text {
        "terraform" => settings::terraform(&block, module, out),
        "provider" => module.providers.extend(provider(block, out)),
        "variable" => {
            if let Some(variable) = variable(&block, out) {
                insert(
                    &mut module.variables,
                    variable.name.clone(),
                    variable,
                    "variable declaration",
                    out,
                );
            }
        }
        "locals" => {
            for attribute in block.body.attributes {
                if check_name(&attribute.name, "local value", out) {
                    let local = Local {
                        name: attribute.name,
                        expr: attribute.expr,
                    };
                    insert(
                        &mut module.locals,
                        local.name.clone(),
                        local,
                        "local value definition",
                        out,
                    );
                }
            }
        }
        "output" => {
            if let Some(output) = output(&block, out) {
                insert(
                    &mut module.outputs,
                    output.name.clone(),
                    output,
                    "output definition",
                    out,
                );
            }
        }
        "module" => {
            if let Some(call) = call(block, files, out) {
                insert(
                    &mut module.calls,
                    call.name.clone(),
                    call,
                    "module call",
                    out,
                );
            }
        }
        kind @ ("resource" | "data") => {
            let data = kind == "data";
            let Some(resource) = resource::resource(block, data, out) else {
                return;
            };
            let key = (
                data,
                resource.type_name.text.clone(),
                resource.name.text.clone(),
            );
            if let Some(first) = resources.get(&key) {
                let kind = if data { "data" } else { "resource" };
                out.push(
                    Diagnostic::error(
                        resource.header,
                        format!(
                            "Duplicate {kind} {:?} configuration",
                            resource.type_name.text
                        ),
                        format!(
                            "A {} {kind} named {:?} was already declared. Resource names must be \
                             unique per type in each module.",
                            resource.type_name.text, resource.name.text
                        ),
                    )
                    .with_label(*first, "first declared here"),
                );
                return;
            }
            resources.insert(key, resource.header);
            module.resources.push(resource);
        }
        "moved" => module.moved.extend(moved(&block, out)),
        "removed" => module.removed.extend(removed(&block, out)),
        "import" => module.imports.extend(import(&block, out)),
        "check" => module.checks.extend(check_block(block, out)),
        "ephemeral" => out.push(Diagnostic::error(
            block.header,
            "Ephemeral resources are not supported",
            "flowctl has no ephemeral resource types yet. Hand secrets in through variables \
             marked ephemeral or sensitive.",
        )),
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

fn insert<T>(
    map: &mut BTreeMap<Arc<str>, T>,
    name: Name,
    value: T,
    what: &str,
    out: &mut Diagnostics,
) where
    T: Named,
{
    if let Some(first) = map.get(&name.text) {
        out.push(
            Diagnostic::error(
                value.place(),
                format!("Duplicate {what}"),
                format!(
                    "The name {:?} was already given. Names must be unique in a module.",
                    name.text
                ),
            )
            .with_label(first.place(), "first declared here"),
        );
        return;
    }
    map.insert(name.text, value);
}

/// Something with a name and a place, for messages about names given twice.
trait Named {
    fn place(&self) -> Span;
}

impl Named for Variable {
    fn place(&self) -> Span {
        self.header
    }
}
impl Named for Local {
    fn place(&self) -> Span {
        self.name.span.to(self.expr.span)
    }
}
impl Named for Output {
    fn place(&self) -> Span {
        self.header
    }
}
impl Named for ModuleCall {
    fn place(&self) -> Span {
        self.header
    }
}

fn text(body: &Body, name: &str, out: &mut Diagnostics) -> Option<String> {
    string_literal(body.attribute(name)?, out).map(|text| text.to_string())
}

fn variable(block: &Block, out: &mut Diagnostics) -> Option<Variable> {
    let [name] = labels(block, ["name"], out)?;
    if !check_name(name, "variable declaration", out) {
        return None;
    }
    if RESERVED_VARIABLES.contains(&&*name.text) {
        out.push(Diagnostic::error(
            name.span,
            "Invalid variable name",
            format!("The variable name {:?} is reserved due to its special meaning inside module blocks.", name.text),
        ));
        return None;
    }
    let body = &block.body;
    let allowed = Allowed {
        attributes: &[
            "type",
            "default",
            "description",
            "sensitive",
            "ephemeral",
            "nullable",
        ],
        required: &[],
        blocks: &["validation"],
    };
    check(body, block.header, allowed, out);
    let expr = |name: &str| body.attribute(name).map(|attribute| attribute.expr.clone());
    Some(Variable {
        name: name.clone(),
        header: block.header,
        ty: expr("type"),
        default: expr("default"),
        description: text(body, "description", out),
        sensitive: bool_literal(body, "sensitive", false, out),
        ephemeral: bool_literal(body, "ephemeral", false, out),
        nullable: bool_literal(body, "nullable", true, out),
        validations: resource::conditions(body, "validation", out),
    })
}

fn output(block: &Block, out: &mut Diagnostics) -> Option<Output> {
    let [name] = labels(block, ["name"], out)?;
    if !check_name(name, "output", out) {
        return None;
    }
    let body = &block.body;
    let allowed = Allowed {
        attributes: &["description", "sensitive", "ephemeral", "depends_on"],
        required: &["value"],
        blocks: &["precondition"],
    };
    check(body, block.header, allowed, out);
    Some(Output {
        name: name.clone(),
        header: block.header,
        value: body.attribute("value")?.expr.clone(),
        description: text(body, "description", out),
        sensitive: bool_literal(body, "sensitive", false, out),
        ephemeral: bool_literal(body, "ephemeral", false, out),
        depends_on: list(body, "depends_on", out),
        preconditions: resource::conditions(body, "precondition", out),
    })
}

fn provider(block: Block, out: &mut Diagnostics) -> Option<Provider> {
    let [name] = labels(&block, ["name"], out)?;
    let name = name.clone();
    if !check_name(&name, "provider", out) {
        return None;
    }
    let alias = block.body.attribute("alias").and_then(|attribute| {
        let text = string_literal(attribute, out)?;
        Some(Name {
            text,
            span: attribute.expr.span,
        })
    });
    let mut body = block.body;
    body.attributes
        .retain(|a| !matches!(&*a.name.text, "alias" | "version"));
    Some(Provider {
        name,
        alias,
        header: block.header,
        body,
    })
}

fn call(block: Block, files: &mut dyn Files, out: &mut Diagnostics) -> Option<ModuleCall> {
    let [name] = labels(&block, ["name"], out)?;
    let name = name.clone();
    if !check_name(&name, "module instance", out) {
        return None;
    }
    let Block { body, header, .. } = block;
    for nested in &body.blocks {
        out.push(Diagnostic::error(
            nested.block_type.span,
            "Unsupported block type",
            format!(
                "Blocks of type {:?} are not expected here.",
                nested.block_type.text
            ),
        ));
    }
    let Some(source) = body.attribute("source") else {
        out.push(Diagnostic::error(
            header,
            "Missing required argument",
            "The argument \"source\" is required, but no definition was found.",
        ));
        return None;
    };
    let source_span = source.expr.span;
    let path = string_literal(source, out)?;
    let depends_on = list(&body, "depends_on", out);
    let mut providers = Vec::new();
    if let Some(attribute) = body.attribute("providers") {
        if let ExprKind::Object(items) = &attribute.expr.kind {
            for item in items {
                let key = match &item.key {
                    ObjectKey::Name(name) => Some(crate::configuration::ProviderRef {
                        name: name.clone(),
                        alias: None,
                    }),
                    ObjectKey::Expr(expr) => provider_ref(expr, out),
                };
                if let (Some(key), Some(value)) = (key, provider_ref(&item.value, out)) {
                    providers.push((key, value));
                }
            }
        } else {
            out.push(Diagnostic::error(
                attribute.expr.span,
                "Invalid expression",
                "A static map expression is required.",
            ));
        }
    }
    let module = files.called(&path, source_span, out);
    let mut call = ModuleCall {
        name,
        header,
        source: source_span,
        count: None,
        for_each: None,
        depends_on,
        providers,
        arguments: Vec::new(),
        module,
    };
    if let (Some(_), Some(each)) = (body.attribute("count"), body.attribute("for_each")) {
        out.push(Diagnostic::error(
            each.name.span,
            "Invalid combination of \"count\" and \"for_each\"",
            "Only one of \"count\" and \"for_each\" can say how many instances there are.",
        ));
    }
    for attribute in body.attributes {
        match &*attribute.name.text {
            "source" | "version" | "providers" | "depends_on" => {}
            "count" => call.count = Some(attribute.expr),
            "for_each" => call.for_each = Some(attribute.expr),
            _ => call.arguments.push(attribute),
        }
    }
    Some(call)
}

fn moved(block: &Block, out: &mut Diagnostics) -> Option<Moved> {
    let allowed = Allowed {
        attributes: &[],
        required: &["from", "to"],
        blocks: &[],
    };
    labels(block, [], out)?;
    check(&block.body, block.header, allowed, out);
    Some(Moved {
        header: block.header,
        from: block.body.attribute("from")?.expr.clone(),
        to: block.body.attribute("to")?.expr.clone(),
    })
}

fn removed(block: &Block, out: &mut Diagnostics) -> Option<Removed> {
    let allowed = Allowed {
        attributes: &[],
        required: &["from"],
        blocks: &["lifecycle", "provisioner"],
    };
    labels(block, [], out)?;
    check(&block.body, block.header, allowed, out);
    let destroy = block
        .body
        .blocks_of("lifecycle")
        .next()
        .is_none_or(|lifecycle| bool_literal(&lifecycle.body, "destroy", true, out));
    Some(Removed {
        header: block.header,
        from: block.body.attribute("from")?.expr.clone(),
        destroy,
    })
}

fn import(block: &Block, out: &mut Diagnostics) -> Option<Import> {
    let allowed = Allowed {
        attributes: &["for_each", "provider"],
        required: &["to", "id"],
        blocks: &[],
    };
    labels(block, [], out)?;
    check(&block.body, block.header, allowed, out);
    let expr = |name: &str| {
        block
            .body
            .attribute(name)
            .map(|attribute| attribute.expr.clone())
    };
    Some(Import {
        header: block.header,
        to: literal(&expr("to")?).clone(),
        id: expr("id")?,
        for_each: expr("for_each"),
        provider: expr("provider").and_then(|expr| provider_ref(&expr, out)),
    })
}

fn check_block(block: Block, out: &mut Diagnostics) -> Option<Check> {
    let [name] = labels(&block, ["name"], out)?;
    let name = name.clone();
    if !check_name(&name, "check block", out) {
        return None;
    }
    let allowed = Allowed {
        attributes: &[],
        required: &[],
        blocks: &["data", "assert"],
    };
    check(&block.body, block.header, allowed, out);
    let asserts = resource::conditions(&block.body, "assert", out);
    if asserts.is_empty() {
        out.push(Diagnostic::error(
            block.header,
            "Zero assert blocks",
            "Check blocks must have at least one assert block.",
        ));
    }
    let data = block
        .body
        .blocks_of("data")
        .next()
        .and_then(|data| resource::resource(data.clone(), true, out))
        .map(Box::new);
    Some(Check {
        name,
        header: block.header,
        data,
        asserts,
        block,
    })
}
