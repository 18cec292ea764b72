//! Outputs: their values in every module, and how those of the root module change.

use std::collections::BTreeMap;

use flowctl_model::plan::{CheckStatus, OutputChange};
use flowctl_model::snapshot::OutputState;
use flowctl_model::{Digester, Kind, Marks, ModulePath, Text, Type, Value};
use flowctl_parser::ast::Span;
use flowctl_parser::configuration::Output;
use flowctl_parser::diagnostic::Diagnostic;

use crate::conditions::{self, OUTPUT};
use crate::expansion::Repetition;
use crate::graph::{Item, Node};
use crate::input::Mode;
use crate::walk::{Phase, Walk};

/// Evaluates an output of a module instance.
pub(crate) fn evaluate(walk: &mut Walk<'_>, place: usize, name: &str) {
    let values = walk.store.get(place);
    let (module, is_root) = (values.module, values.instance.is_root());
    let Some(output) = module.outputs.get(name) else {
        return;
    };
    if walk.phase == Phase::Plan || walk.phase == Phase::Apply {
        let instance = &walk.store.get(place).instance;
        let dot = if is_root { "" } else { "." };
        let address = format!("{instance}{dot}output.{name}");
        for condition in &output.preconditions {
            let checked = conditions::check(walk, place, condition, OUTPUT);
            let failed = checked.status == CheckStatus::Fail;
            walk.note(&address, OUTPUT, checked);
            if failed {
                return;
            }
        }
    }
    let value = walk.value(place, &output.value, &Repetition::default(), None);
    let value = allowed(output, is_root, value, &mut walk.diagnostics);
    walk.store.get_mut(place).outputs.insert(name.into(), value);
}

/// Checks the marks of a value against what its output declares.
fn allowed(output: &Output, is_root: bool, value: Value, found: &mut Vec<Diagnostic>) -> Value {
    let marks = value.deep_marks();
    if is_root && output.ephemeral {
        let detail = "Outputs of the root module are kept, so none of them can be ephemeral.";
        let error = Diagnostic::error(output.header, "Ephemeral output not allowed", detail);
        found.push(error.with_help("remove `ephemeral` from the output block"));
        return Value::unknown(Type::Any);
    }
    let mut refuse = |span: Span, summary: &str, detail: &str, help: &str| {
        found.push(Diagnostic::error(span, summary, detail).with_help(help));
        Value::unknown(Type::Any)
    };
    if marks.contains(Marks::EPHEMERAL) && (is_root || !output.ephemeral) {
        let detail = "This output is not declared as returning an ephemeral value, so it cannot be \
                      set to a result derived from an ephemeral value.";
        return refuse(
            output.value.span,
            "Ephemeral value not allowed",
            detail,
            "an ephemeral value lives only as long as the run: use it in a provider or in a \
             credential instead",
        );
    }
    // What is wrong already, or not looked up yet, stands there without a type and unmarked.
    let is_there = value.is_known() || value.ty() != Type::Any;
    if output.ephemeral && is_there && !marks.contains(Marks::EPHEMERAL) {
        let detail = "This output is declared as returning an ephemeral value, so it can be set to \
                      an ephemeral value only.";
        return refuse(
            output.value.span,
            "Value not allowed in ephemeral output",
            detail,
            "remove `ephemeral` from the output block",
        );
    }
    if is_root && marks.contains(Marks::SENSITIVE) && !output.sensitive {
        let detail = "This value is sensitive or was made of sensitive values, and an output of the \
                      root module that holds such a value must say so.";
        return refuse(
            output.header,
            "Output refers to sensitive values",
            detail,
            "write `sensitive = true` in the output block",
        );
    }
    if is_root && value.has_infinity() {
        found.push(crate::decode::infinite(output.value.span));
        return Value::unknown(Type::Any);
    }
    if output.sensitive {
        value.marked(Marks::SENSITIVE)
    } else {
        value
    }
}

/// How the outputs of the root module change.
pub(crate) fn changes(walk: &Walk<'_>) -> BTreeMap<Text, OutputChange> {
    let input = walk.input;
    let before = &input.snapshot.outputs;
    let mut changes = BTreeMap::new();
    let destroy = input.options.mode == Mode::Destroy;
    let root = walk.store.get(0);
    for (name, output) in &root.module.outputs {
        let name = Text::from(&**name);
        let old = before.get(&name);
        let node = Node {
            module: ModulePath::root(),
            item: Item::Output(name.as_str().into()),
        };
        let partial = !walk.selection.includes_all_of(&node, &walk.graph);
        let after = match root.outputs.get(&name) {
            _ if partial => old.map(|old| old.value.clone()),
            _ if destroy => None,
            Some(value) if value.is_null() => None,
            value => value.cloned(),
        };
        if old.is_none() && after.is_none() {
            continue;
        }
        let was_sensitive = old.is_some_and(|old| old.sensitive);
        let same = match (old, &after) {
            (Some(old), Some(after)) => {
                was_sensitive == output.sensitive && same(input.digester, &old.value, after)
            }
            _ => false,
        };
        let change = OutputChange {
            before: old.map(|old| old.value.clone()),
            awaits: crate::awaits::of_output(walk, &output.value, after.as_ref()),
            after,
            sensitive: output.sensitive || was_sensitive,
            changed: !(same || partial),
        };
        changes.insert(name, change);
    }
    for (name, old) in before {
        if !changes.contains_key(name) && !walk.selection.is_partial() {
            let change = OutputChange {
                before: Some(old.value.clone()),
                after: None,
                sensitive: old.sensitive,
                changed: true,
                awaits: Vec::new(),
            };
            changes.insert(name.clone(), change);
        }
    }
    changes
}

/// Whether two values are the same to whoever reads an output.
fn same(digester: &Digester, before: &Value, after: &Value) -> bool {
    if let Some(digest) = before.digest() {
        return match after.digest() {
            Some(other) => digest == other,
            None => after.is_wholly_known() && digester.matches(digest, after),
        };
    }
    let all = |old: &[Value], new: &[Value]| {
        old.len() == new.len() && old.iter().zip(new).all(|(o, n)| same(digester, o, n))
    };
    match (before.kind(), after.kind()) {
        (Kind::Null(_), Kind::Null(_)) => true,
        (Kind::List(_, old), Kind::List(_, new))
        | (Kind::Set(_, old), Kind::Set(_, new))
        | (Kind::Tuple(old), Kind::Tuple(new)) => all(old, new),
        (Kind::Map(_, old), Kind::Map(_, new)) | (Kind::Object(old), Kind::Object(new)) => {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new.iter())
                    .all(|((a, o), (b, n))| a == b && same(digester, o, n))
        }
        (old, new) => old == new,
    }
}

/// The outputs of the root module as they are to be kept; sensitive ones are not withheld yet.
pub(crate) fn states(walk: &Walk<'_>) -> BTreeMap<Text, OutputState> {
    let root = walk.store.get(0);
    let mut states = BTreeMap::new();
    // Nothing is left for an output to be about.
    if walk.input.options.mode == Mode::Destroy {
        return states;
    }
    for (name, output) in &root.module.outputs {
        let value = root.outputs.get(&**name).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|value| value.is_wholly_known()) {
            let state = OutputState {
                value: value.clone(),
                sensitive: output.sensitive,
            };
            states.insert(name.as_ref().into(), state);
        }
    }
    states
}
