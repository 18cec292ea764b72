//! Whether `import` blocks can mean what they say: the address against the block it names, and the
//! identity, as far as it can be told without a plan.

use std::collections::BTreeMap;

use flowctl_lang::{Subject, references};
use flowctl_model::{Mode, Target};
use flowctl_parser::ast::{Expr, ExprKind, Span};
use flowctl_parser::configuration::{Configuration, Import, Module, Resource};
use flowctl_parser::diagnostic::Diagnostic;

use crate::declared::{Available, Here, undeclared};
use crate::moves;

/// Everything that is wrong with the `import` blocks of a configuration, whatever the values are.
pub(crate) fn check(configuration: &Configuration) -> Vec<Diagnostic> {
    let root = &configuration.root;
    let here = Here::new(root);
    let mut found = Vec::new();
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for import in &root.imports {
        let mut text = String::new();
        if import.for_each.is_none() && moves::spell(&import.to, &mut text) {
            if let Some(first) = seen.get(&text) {
                found.push(twice(import, &text, *first));
            } else {
                seen.insert(text, import.to.span);
            }
        }
        let Some((resource, key)) = target(root, &import.to) else {
            continue;
        };
        found.extend(key_fits(import, resource, key));
        identity(&here, import, resource, &mut found);
    }
    found
}

fn twice(import: &Import, address: &str, first: Span) -> Diagnostic {
    let summary = format!("Duplicate import configuration for {address:?}");
    let detail = format!("{address} is imported already, and it can be one object only.");
    Diagnostic::error(import.to.span, summary, detail).with_label(first, "imported here")
}

/// The block that an address names, and the key behind it.
fn target<'m>(root: &'m Module, to: &'m Expr) -> Option<(&'m Resource, Option<&'m Expr>)> {
    let (named, key) = match &to.kind {
        ExprKind::Index(index) => (&index.target, Some(&index.key)),
        _ => (to, None),
    };
    let mut module = root;
    let Ok(Target::Resource(address)) = moves::address(named) else {
        return None;
    };
    for step in &address.resource.module.0 {
        module = &module.calls.get(&*step.name)?.module;
    }
    let resource = &address.resource;
    let found = module.resources.iter().find(|block| {
        *block.type_name.text == *resource.type_name
            && *block.name.text == *resource.name
            && crate::graph::mode(block) == Mode::Managed
    })?;
    Some((found, key))
}

/// The error for a key where there are no instances, and for none where there are.
fn key_fits(import: &Import, resource: &Resource, key: Option<&Expr>) -> Option<Diagnostic> {
    let (count, each) = (resource.count.is_some(), resource.for_each.is_some());
    let detail = match key.map(|key| &key.kind) {
        None if count => "The resource has \"count\", so the address needs an index.",
        None if each => "The resource has \"for_each\", so the address needs a key.",
        Some(ExprKind::Number(_)) if !count => {
            "The resource has no \"count\", so the address has no index."
        }
        Some(ExprKind::String(_)) if !each => {
            "The resource has no \"for_each\", so the address has no key."
        }
        Some(ExprKind::Number(_) | ExprKind::String(_)) | None => return None,
        Some(_) if import.for_each.is_none() => {
            return Some(Diagnostic::error(
                import.to.span,
                "Invalid expression",
                "The key of an instance is written out here. Only in an import block with \
                 \"for_each\" it may be an expression.",
            ));
        }
        Some(_) if !count && !each => {
            "The resource has neither \"count\" nor \"for_each\", so the address has no key."
        }
        Some(_) => return None,
    };
    let error = Diagnostic::error(import.to.span, "Invalid import 'to' expression", detail);
    Some(error.with_label(resource.header, "the resource"))
}

/// What is wrong with the names in an identity.
fn identity(here: &Here<'_>, import: &Import, resource: &Resource, found: &mut Vec<Diagnostic>) {
    let available = Available {
        each: import.for_each.is_some(),
        ..Available::default()
    };
    let (made, _) = references(&import.id);
    for reference in &made {
        found.extend(undeclared(here, reference, available));
        let Subject::Resource {
            mode: Mode::Managed,
            type_name,
            name,
            ..
        } = &reference.subject
        else {
            continue;
        };
        if **type_name == *resource.type_name.text && **name == *resource.name.text {
            let length = u32::try_from(type_name.len() + 1 + name.len()).unwrap_or(0);
            let span = Span {
                end: reference.span.end.min(reference.span.start + length),
                ..reference.span
            };
            found.push(Diagnostic::error(
                span,
                "Invalid import id argument",
                "The import ID cannot refer to the resource that is imported: it is not there \
                 before.",
            ));
        }
    }
}
