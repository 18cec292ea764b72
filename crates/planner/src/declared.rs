//! Whether what a reference names is declared where it is made, and is asked for in the way that
//! its declaration allows. Values play no part in this.

use std::collections::HashMap;
use std::sync::Arc;

use flowctl_lang::functions::provider;
use flowctl_lang::{Reference, Subject};
use flowctl_model::Mode;
use flowctl_parser::ast::{Expr, ExprKind, Span};
use flowctl_parser::configuration::{Module, Resource};
use flowctl_parser::diagnostic::Diagnostic;

use crate::graph::{mode, resources};

/// Which of the names that depend on the place are available.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, set by name"
)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Available {
    pub(crate) each: bool,
    pub(crate) count: bool,
    pub(crate) this: bool,
    /// It is a condition that is checked before the object is there.
    pub(crate) before: bool,
}

/// A module and its resources by name.
pub(crate) struct Here<'m> {
    pub(crate) module: &'m Module,
    pub(crate) resources: HashMap<(Mode, &'m str, &'m str), &'m Resource>,
}

impl<'m> Here<'m> {
    pub(crate) fn new(module: &'m Module) -> Self {
        let resources = resources(module)
            .map(|r| ((mode(r), &*r.type_name.text, &*r.name.text), r))
            .collect();
        Self { module, resources }
    }
}

/// The error for a reference to what is not declared in `module` or not available here.
pub(crate) fn undeclared(
    here: &Here<'_>,
    reference: &Reference,
    available: Available,
) -> Option<Diagnostic> {
    fn names<T>(map: &std::collections::BTreeMap<Arc<str>, T>) -> impl Iterator<Item = &str> {
        map.keys().map(|name| &**name)
    }
    let module = here.module;
    match &reference.subject {
        Subject::Variable(name) if !module.variables.contains_key(&**name) => {
            Some(reference.undeclared(names(&module.variables)))
        }
        Subject::Local(name) if !module.locals.contains_key(&**name) => {
            Some(reference.undeclared(names(&module.locals)))
        }
        Subject::Module { name, key, output } => {
            let call = module.calls.get(&**name);
            // The reference ends before the output, whose dot and name come next.
            let length = output
                .as_ref()
                .filter(|_| key.is_none())
                .map_or(0, |o| o.len() + 1);
            let start = reference.span.end;
            let end = start + u32::try_from(length).unwrap_or(0);
            let Some(call) = call else {
                let mut error = reference.undeclared(names(&module.calls));
                error.span = Some(Span {
                    end,
                    ..reference.span
                });
                return Some(error);
            };
            let output = output.as_ref()?;
            if call.module.outputs.contains_key(&**output) {
                return None;
            }
            let span = match length {
                0 => reference.span,
                _ => Span {
                    start,
                    end,
                    ..reference.span
                },
            };
            let detail = format!("The module {:?} has no output {:?}.", &**name, &**output);
            let error = Diagnostic::error(span, "Unsupported attribute", detail);
            let near = flowctl_parser::nearest(output, names(&call.module.outputs));
            Some(match near {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error,
            })
        }
        Subject::Resource {
            mode,
            type_name,
            name,
            ..
        } => {
            if let Some(resource) = here.resources.get(&(*mode, &**type_name, &**name)) {
                return wrong_key(resource, reference);
            }
            let same_kind = here.resources.keys();
            let same_kind = same_kind.filter(|(m, kind, _)| m == mode && **kind == **type_name);
            Some(reference.undeclared(same_kind.map(|(_, _, name)| *name)))
        }
        Subject::EachKey | Subject::EachValue if !available.each => Some(reference.undeclared([])),
        Subject::CountIndex if !available.count => Some(reference.undeclared([])),
        Subject::SelfRef if available.before => {
            let error = reference.undeclared([]);
            Some(error.with_help("what the object must be like is said in a `postcondition`"))
        }
        Subject::SelfRef if !available.this => Some(reference.undeclared([])),
        _ => None,
    }
}

/// Errors for functions of providers that the module does not require, or that have no such function.
pub(crate) fn unknown_functions(here: &Here<'_>, expr: &Expr) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut pending = vec![expr];
    while let Some(expr) = pending.pop() {
        expr.children(&mut |inner| pending.push(inner));
        if let ExprKind::Call(call) = &expr.kind
            && let Some(named) = call.name.text.strip_prefix("provider::")
        {
            found.extend(unknown_function(here, named, call.name.span));
        }
    }
    found
}

fn unknown_function(here: &Here<'_>, named: &str, span: Span) -> Option<Diagnostic> {
    let error = |detail: String| Some(Diagnostic::error(span, "Unknown provider function", detail));
    let Some((local, function)) = named.split_once("::") else {
        return error(
            "The name of a provider and that of its function follow \"provider::\".".into(),
        );
    };
    let required = here.module.required_providers.iter();
    let source = required
        .filter(|required| &*required.name.text == local)
        .find_map(|required| required.source.as_deref());
    let whole = format!("provider::{named}");
    match source {
        Some(provider::SOURCE) if provider::provider_function(&whole).is_some() => None,
        Some(provider::SOURCE) => error(format!(
            "The function {function:?} is not available from the provider {local:?}, which has \
             encode_expr, encode_tfvars and decode_tfvars."
        )),
        Some(_) => error(format!(
            "The provider {local:?} has no functions here: there is no function {whole:?}."
        )),
        None => error(format!(
            "There is no function {whole:?}: the module does not require a provider {local:?}."
        ))
        .map(|error| {
            if provider::provider_function(&whole).is_none() {
                return error;
            }
            error.with_help(format!(
                "require it in the terraform block: `required_providers {{ {local} = {{ source = \
                 {:?} }} }}`",
                provider::SOURCE
            ))
        }),
    }
}

/// The error for an attribute that is asked of all instances of a resource together, and for a
/// key where there is but one instance.
fn wrong_key(resource: &Resource, reference: &Reference) -> Option<Diagnostic> {
    let Subject::Resource { key, .. } = &reference.subject else {
        return None;
    };
    if key.is_some() {
        return unexpected_key(resource, reference);
    }
    reference.attribute.as_ref()?;
    let (argument, example) = match (&resource.count, &resource.for_each) {
        (Some(_), _) => ("count", "[count.index]"),
        (None, Some(_)) => ("for_each", "[each.key]"),
        (None, None) => return None,
    };
    let (kind, name) = (&resource.type_name.text, &resource.name.text);
    let detail = format!(
        "{kind}.{name} has {argument:?}, so there is one object for each instance: an attribute is \
         asked of one of them."
    );
    let error = Diagnostic::error(reference.span, "Missing resource instance key", detail);
    Some(error.with_help(format!(
        "write `{kind}.{name}{example}` for the instance that belongs to this one, or \
         `{kind}.{name}[*]` for all of them"
    )))
}

fn unexpected_key(resource: &Resource, reference: &Reference) -> Option<Diagnostic> {
    if resource.count.is_some() || resource.for_each.is_some() {
        return None;
    }
    let (kind, name) = (&resource.type_name.text, &resource.name.text);
    let detail = format!(
        "{kind}.{name} has neither \"count\" nor \"for_each\", so there is one object, which is \
         referred to without a key."
    );
    let summary = "Unexpected resource instance key";
    let error = Diagnostic::error(reference.span, summary, detail);
    Some(error.with_help(format!("write `{kind}.{name}`")))
}
