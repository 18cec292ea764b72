//! What a change of the plan means in operations, and in the history. Pure.

use flowctl_model::event::{Operation, OperationAction};
use flowctl_model::plan::{Action, Change};
use flowctl_model::{AttributePath, Value};
use flowctl_schema::ResourceType;

use crate::journal::{ChangedPath, Note};
use crate::schedule::{Part, Shape};

pub(super) fn shape(change: &Change) -> Shape {
    match change.action {
        Action::NoOp => Shape::Pass,
        Action::Create | Action::Update | Action::Read => Shape::Forward,
        Action::Delete | Action::Forget => Shape::Backward,
        Action::DeleteThenCreate => Shape::DeleteThenCreate,
        Action::CreateThenDelete => Shape::CreateThenDelete,
    }
}

/// The operation of a step, as told to people.
pub(super) fn operation(change: &Change, part: Part) -> Operation {
    let action = match (part, change.action) {
        (Part::Delete, _) | (Part::Only, Action::Delete) => OperationAction::Delete,
        (Part::Create, _) | (Part::Only, Action::Create) => OperationAction::Create,
        (Part::Only, Action::Update) => OperationAction::Update,
        (Part::Only, Action::Read) => OperationAction::Read,
        (Part::Only, Action::Forget) => OperationAction::Forget,
        (Part::Only, _) => OperationAction::Record,
    };
    let put_aside = change.action == Action::CreateThenDelete && part == Part::Delete;
    let deposed_only = change.action == Action::Delete && change.deposed.is_some();
    let id = match action {
        OperationAction::Create => None,
        OperationAction::Delete if deposed_only => change.deposed.clone(),
        _ => change.id.clone(),
    };
    Operation {
        address: change.address.clone(),
        action,
        id,
        deposed: put_aside || deposed_only,
    }
}

/// What is done to an instance without a request.
pub(super) fn note(change: &Change, action: OperationAction) -> Note {
    Note {
        address: change.address.clone(),
        action,
        provider: change.provider.clone(),
        id: change.id.clone(),
    }
}

/// What an operation changes inside an object that there was before.
pub(super) fn changes(
    change: &Change,
    operation: &Operation,
    resource: &dyn ResourceType,
) -> Vec<ChangedPath> {
    if change.action == Action::Create || operation.action == OperationAction::Delete {
        return Vec::new();
    }
    let sensitive = |object: &Option<Value>, path: &AttributePath| {
        let value = object.as_ref().and_then(|object| object.at(path));
        value.is_some_and(Value::is_sensitive)
    };
    let changed = |path: &AttributePath| ChangedPath {
        path: path.to_string(),
        secret: resource.schema().is_secret(path)
            || sensitive(&change.before, path)
            || sensitive(&change.after, path),
    };
    change.changed_paths.iter().map(changed).collect()
}

/// `planned` with what it leaves open taken from the object as it is.
pub(super) fn known(before: &Value, planned: &Value) -> Value {
    planned.map_at(&mut AttributePath::root(), &mut |path, value| {
        if value.is_known() {
            None
        } else {
            before.at(path).cloned()
        }
    })
}
