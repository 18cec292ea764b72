//! `replace_triggered_by`: a resource that is replaced because another changes.

use flowctl_lang::{Reference, Subject, references};
use flowctl_model::plan::{Action, Change, Reason};
use flowctl_model::{AttributePath, Mode, ResourceAddress, Step, Text};
use flowctl_parser::ast::{Expr, ExprKind};

use crate::moves;
use crate::walk::{Instance, Walk};

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

fn spelled(expr: &Expr) -> String {
    let mut text = String::new();
    if !moves::spell(expr, &mut text) {
        text.push_str("(a reference)");
    }
    text
}

fn is_triggered(walk: &Walk<'_>, instance: &Instance<'_>, expr: &Expr) -> bool {
    let (found, _) = references(expr);
    let Some(Reference {
        subject:
            Subject::Resource {
                mode: Mode::Managed,
                type_name,
                name,
                ..
            },
        ..
    }) = found.into_iter().next()
    else {
        return false;
    };
    let (key, path) = behind(walk, instance, expr);
    let resource = ResourceAddress {
        module: walk.store.get(instance.place).instance.clone(),
        mode: Mode::Managed,
        type_name,
        name,
    };
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
