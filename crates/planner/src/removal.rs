//! What is in state and not in the configuration: it goes, and why.

use flowctl_model::plan::{Action, Change, Reason};
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Target, Text, Value};

use crate::expansion::Expansion;
use crate::input::Mode;
use crate::instance::prevented;
use crate::moves;
use crate::walk::{Walk, resource_key};

/// Plans the end of every instance of state that the walk did not come by, and of every object
/// that a replacement left behind.
pub(crate) fn plan(walk: &mut Walk<'_>) {
    let removed = {
        let mut found = Vec::new();
        let removed = moves::removed(walk.input.configuration, &mut found);
        walk.diagnostics.append(&mut found);
        removed
    };
    let new_addresses: std::collections::BTreeMap<Address, Address> = walk
        .moves
        .iter()
        .map(|(new, old)| (old.clone(), new.clone()))
        .collect();
    let snapshot = walk.input.snapshot;
    for (old, state) in &snapshot.resources {
        let address = new_addresses.get(old).unwrap_or(old);
        if !walk.selection.includes(address, None) {
            continue;
        }
        if walk.input.options.mode != Mode::RefreshOnly {
            leftovers(walk, address, state);
        }
        let reason = match walk.input.options.mode {
            Mode::Destroy => Reason::DestroyRequested,
            Mode::Normal | Mode::RefreshOnly => match reason(walk, address) {
                Some(reason) => reason,
                None => continue,
            },
        };
        let covered = removed
            .iter()
            .find(|(module, target, _)| moves::covers(module, target, address));
        end(walk, old, address, state, reason, covered);
    }
}

type Removed = (flowctl_model::ModulePath, Target, bool);

fn end(
    walk: &mut Walk<'_>,
    old: &Address,
    address: &Address,
    state: &ResourceState,
    reason: Reason,
    removed: Option<&Removed>,
) {
    let live = walk.input.live.get(old);
    let gone = matches!(live, Some(None));
    let (before, id) = match live {
        Some(Some(live)) => (live.attributes.clone(), live.id.clone()),
        _ => (state.attributes.clone(), state.id.clone()),
    };
    let mode = walk.input.options.mode;
    let keep = removed.is_some_and(|(_, _, destroy)| !destroy) && mode != Mode::Destroy;
    let (action, reason) = if mode == Mode::RefreshOnly {
        // What changed outside is taken in; what the configuration says is left alone.
        let action = if gone { Action::Forget } else { Action::NoOp };
        (action, gone.then_some(Reason::DeletedOutside))
    } else if gone {
        (Action::Forget, Some(Reason::DeletedOutside))
    } else if keep {
        (Action::Forget, Some(Reason::RemovedBlock))
    } else if removed.is_some() && mode == Mode::Normal {
        (Action::Delete, Some(Reason::RemovedBlock))
    } else {
        (Action::Delete, Some(reason))
    };
    if action == Action::Delete {
        forbid(walk, address);
    }
    let mut change = bare(address, state, action, before);
    change.reason = reason;
    change.id = Some(id);
    change.previous_address = (old != address).then(|| old.clone());
    if action == Action::NoOp {
        change.after.clone_from(&change.before);
    }
    walk.changes.push(change);
}

/// The objects that replacements of an instance left behind.
fn leftovers(walk: &mut Walk<'_>, address: &Address, state: &ResourceState) {
    for (id, attributes) in &state.deposed {
        let mut change = bare(address, state, Action::Delete, attributes.clone());
        change.deposed = Some(id.clone());
        walk.changes.push(change);
    }
}

fn bare(address: &Address, state: &ResourceState, action: Action, before: Value) -> Change {
    Change {
        address: address.clone(),
        previous_address: None,
        provider: state.provider.clone(),
        action,
        reason: None,
        id: Some(state.id.clone()),
        before: Some(before),
        after: None,
        replace_paths: Vec::new(),
        changed_paths: Vec::new(),
        dependencies: state.dependencies.clone(),
        create_before_destroy: state.create_before_destroy,
        importing: None,
        resume_token: None,
        deposed: None,
        awaits: Vec::new(),
    }
}

/// Reports a deletion that the configuration forbids.
fn forbid(walk: &mut Walk<'_>, address: &Address) {
    let Some(resource) = walk.modules.block_of(address) else {
        return;
    };
    // Of a module instance that is gone the root module's names are as good as any.
    let place = walk.store.place(&address.resource.module).unwrap_or(0);
    if walk.switch(place, resource.lifecycle.prevent_destroy.as_ref()) {
        walk.diagnostics.push(prevented(resource, address));
    }
}

/// Why an instance is not in the configuration; `None` if it is.
fn reason(walk: &Walk<'_>, address: &Address) -> Option<Reason> {
    let instance = &address.resource.module;
    let Some(resource) = walk.modules.block_of(address) else {
        let module = walk.modules.get(&instance.path());
        return Some(if module.is_none() {
            Reason::NoModule
        } else {
            Reason::NoResourceConfig
        });
    };
    let Some(place) = walk.store.place(instance) else {
        return Some(Reason::NoModule);
    };
    let objects = walk
        .store
        .get(place)
        .resources
        .get(&resource_key(resource))?;
    let expansion = &objects.expansion;
    if expansion.has(address.key.as_ref()) {
        return None;
    }
    Some(match (expansion, &address.key) {
        (Expansion::Count(_), Some(flowctl_model::InstanceKey::Int(_))) => Reason::CountIndex,
        (Expansion::Each(_), Some(flowctl_model::InstanceKey::Str(_))) => Reason::EachKey,
        _ => Reason::WrongRepetition,
    })
}

/// Identities of the objects that the plan deletes: provider, type and identity to the change.
pub(crate) fn deleted(changes: &[Change]) -> std::collections::HashMap<(Text, Text, Text), usize> {
    let deletions = changes.iter().enumerate().filter_map(|(index, change)| {
        let deletes = change.action == Action::Delete;
        let id = change.deposed.clone().or_else(|| change.id.clone())?;
        let type_name = change.address.resource.type_name.clone();
        deletes.then_some(((change.provider.clone(), type_name, id), index))
    });
    deletions.collect()
}
