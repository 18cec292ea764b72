//! `replace_triggered_by`: a resource that is replaced because another changes.

use flowctl_lang::{Reference, Subject, references};
use flowctl_model::plan::{Action, Change, Reason};
use flowctl_model::{Address, AttributePath, Mode, ResourceAddress, Step, Text};
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::diagnostic::Diagnostic;

use crate::moves;
use crate::walk::{Instance, Phase, Walk};

/// Why an instance that would not be replaced is to be replaced all the same.
pub(crate) fn replacement(
    walk: &Walk<'_>,
    instance: &Instance<'_>,
    change: &Change,
) -> Option<Reason> {
    let exists = matches!(change.action, Action::NoOp | Action::Update);
    let exprs = &instance.resource.lifecycle.replace_triggered_by;
    if !exists || exprs.is_empty() {
        return None;
    }
    let triggered = exprs
        .iter()
        .filter(|expr| is_triggered(walk, instance, expr));
    let names: Vec<String> = triggered.map(spelled).collect();
    (!names.is_empty()).then_some(Reason::ReplaceTriggered(names))
}

/// What is wrong with an expression whatever is declared: it names no resource, or something else
/// besides.
pub(crate) fn misplaced(expr: &Expr) -> Vec<Diagnostic> {
    let (found, malformed) = references(expr);
    if found.is_empty() && malformed.is_empty() {
        return vec![Diagnostic::error(
            expr.span,
            "Invalid replace_triggered_by expression",
            "A reference to a resource or to an attribute of one is required.",
        )];
    }
    let fits = |reference: &&Reference| {
        matches!(
            reference.subject,
            Subject::Resource { .. } | Subject::CountIndex | Subject::EachKey
        )
    };
    let others = found.iter().filter(|reference| !fits(reference));
    let error = |_| {
        Diagnostic::error(
            expr.span,
            "Invalid reference in replace_triggered_by expression",
            "Resources and their attributes trigger a replacement, and of what is variable only \
             count.index and each.key can be in their index.",
        )
    };
    others.map(error).collect()
}

/// The error for what computes something out of a resource, which nothing is triggered by.
pub(crate) fn not_a_reference(expr: &Expr) -> Option<Diagnostic> {
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::Variable(_) => return None,
            ExprKind::GetAttr(access) => &access.target,
            ExprKind::LegacyIndex(access) => &access.target,
            ExprKind::Index(access) if is_key(&access.key) => &access.target,
            ExprKind::Index(access) => {
                return Some(Diagnostic::error(
                    access.key.span,
                    "Invalid expression",
                    "The index is a constant, count.index or each.key.",
                ));
            }
            _ => {
                return Some(Diagnostic::error(
                    expr.span,
                    "Invalid replace_triggered_by expression",
                    "A reference to a resource or to an attribute of one is required.",
                ));
            }
        };
    }
}

fn is_key(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::GetAttr(access) => matches!(access.target.kind, ExprKind::Variable(_)),
        _ => false,
    }
}

/// Reports keys of instances that are not there.
pub(crate) fn check(walk: &mut Walk<'_>, instance: &Instance<'_>) {
    if walk.phase != Phase::Plan || walk.has_errors() || walk.selection.is_partial() {
        return;
    }
    let mut missing = Vec::new();
    for expr in &instance.resource.lifecycle.replace_triggered_by {
        let Some(resource) = resource(walk, instance, expr) else {
            continue;
        };
        let (key, _) = behind(walk, instance, expr);
        if key.is_none() {
            continue;
        }
        let address = resource.instance(key);
        if !walk.instances.contains_key(&address) {
            let module = if address.resource.module.is_root() {
                "the root module".to_owned()
            } else {
                address.resource.module.to_string()
            };
            let summary = format!("no change found for {} in {module}", within(&address));
            let detail =
                format!("There is no instance {address} that could trigger a replacement.");
            missing.push(Diagnostic::error(expr.span, summary, detail));
        }
    }
    walk.diagnostics.extend(missing);
}

/// An address as it is written in its own module.
fn within(address: &Address) -> String {
    let whole = address.to_string();
    let module = address.resource.module.to_string();
    let rest = whole.strip_prefix(&module).unwrap_or(&whole);
    rest.trim_start_matches('.').to_owned()
}

fn spelled(expr: &Expr) -> String {
    let mut text = String::new();
    if !moves::spell(expr, &mut text) {
        text.push_str("(a reference)");
    }
    text
}

fn is_triggered(walk: &Walk<'_>, instance: &Instance<'_>, expr: &Expr) -> bool {
    let Some(resource) = resource(walk, instance, expr) else {
        return false;
    };
    let (key, path) = behind(walk, instance, expr);
    walk.changes_of(&resource)
        .filter(|change| key.is_none() || change.address.key == key)
        .any(|change| match change.action {
            Action::Update => {
                path.steps().is_empty()
                    || change
                        .changed_paths
                        .iter()
                        .any(|changed| changed.starts_with(&path) || path.starts_with(changed))
            }
            Action::DeleteThenCreate | Action::CreateThenDelete => true,
            _ => false,
        })
}

/// The resource that a reference is about.
fn resource(walk: &Walk<'_>, instance: &Instance<'_>, expr: &Expr) -> Option<ResourceAddress> {
    let (found, _) = references(expr);
    let named = |reference| match reference {
        Reference {
            subject:
                Subject::Resource {
                    mode: Mode::Managed,
                    type_name,
                    name,
                    ..
                },
            ..
        } => Some((type_name, name)),
        _ => None,
    };
    let (type_name, name) = found.into_iter().find_map(named)?;
    Some(ResourceAddress {
        module: walk.store.get(instance.place).instance.clone(),
        mode: Mode::Managed,
        type_name,
        name,
    })
}

/// The instance key and the attribute path that follow the resource in a reference.
fn behind(
    walk: &Walk<'_>,
    instance: &Instance<'_>,
    expr: &Expr,
) -> (Option<flowctl_model::InstanceKey>, AttributePath) {
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::GetAttr(access) => {
                steps.push(Step::Attribute(Text::from(&*access.name.text)));
                &access.target
            }
            ExprKind::Index(access) => {
                let repetition = walk.repetition(instance);
                let value = walk
                    .evaluate(instance.place, &access.key, &repetition, None)
                    .value;
                let number = value.as_number().and_then(|n| n.to_string().parse().ok());
                match (number, value.as_str()) {
                    (Some(index), _) => steps.push(Step::Index(index)),
                    (None, Some(key)) => steps.push(Step::Key(key.into())),
                    (None, None) => {}
                }
                &access.target
            }
            _ => break,
        };
    }
    steps.reverse();
    // The first attribute behind the type is the resource's name.
    let mut steps = steps.into_iter().skip(1).peekable();
    let key = match steps.peek() {
        Some(Step::Index(index)) => Some(flowctl_model::InstanceKey::Int(*index as u64)),
        Some(Step::Key(key)) => Some(flowctl_model::InstanceKey::Str(key.clone())),
        _ => None,
    };
    if key.is_some() {
        steps.next();
    }
    (key, AttributePath::from(steps.collect::<Vec<_>>()))
}
