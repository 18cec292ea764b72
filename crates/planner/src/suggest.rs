//! A resource that goes and another that comes and is the same: probably a rename without a
//! `moved` block.

use flowctl_model::plan::{Action, Change, Reason};
use flowctl_model::{Digester, Value};
use flowctl_parser::diagnostic::{Diagnostic, Severity};
use flowctl_schema::Providers;

use crate::walk::Modules;

/// Warns of every deletion that looks like one half of a rename, with the block that would make it
/// one. Both names are never still declared: what is deleted has lost its block or its key.
pub(crate) fn moved_blocks(
    changes: &[Change],
    modules: &Modules<'_>,
    (providers, digester): (&Providers, &Digester),
) -> Vec<Diagnostic> {
    let gone = |change: &&Change| {
        change.action == Action::Delete
            && change.deposed.is_none()
            && matches!(
                change.reason,
                Some(
                    Reason::NoResourceConfig
                        | Reason::NoModule
                        | Reason::WrongRepetition
                        | Reason::EachKey
                        | Reason::CountIndex
                )
            )
    };
    let mut found = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for old in changes.iter().filter(gone) {
        let new = changes.iter().find(|new| {
            new.action == Action::Create
                && new.address.resource.type_name == old.address.resource.type_name
                && !taken.contains(&new.address)
                && same_object((providers, digester), old, new)
        });
        let Some(new) = new else { continue };
        taken.insert(new.address.clone());
        let mut warning = Diagnostic::error_without_place(
            "Resource may have been renamed",
            format!(
                "{} is to be destroyed and {} to be created, and both are the same object.",
                old.address, new.address
            ),
        );
        warning.severity = Severity::Warning;
        warning.span = modules.block_of(&new.address).map(|block| block.header);
        warning.help = Some(format!(
            "if it only has a new name, write:\nmoved {{\n  from = {}\n  to   = {}\n}}",
            old.address, new.address
        ));
        found.push(warning);
    }
    found
}

/// Whether the new object would be what the old one is: by its name where the type has names,
/// otherwise by every argument.
fn same_object((providers, digester): (&Providers, &Digester), old: &Change, new: &Change) -> bool {
    let type_name = &old.address.resource.type_name;
    let (Some(resource), Some(before), Some(after)) =
        (providers.resource_type(type_name), &old.before, &new.after)
    else {
        return false;
    };
    if let Some(name) = resource.identity(after) {
        return resource.identity(before) == Some(name);
    }
    let block = &resource.schema().block;
    let mut any = false;
    let same = block
        .attributes
        .iter()
        .filter(|attribute| attribute.presence.is_configurable())
        .all(|attribute| {
            let value = |object: &Value| object.get(attribute.name).cloned();
            let (Some(before), Some(after)) = (value(before), value(after)) else {
                return true;
            };
            any |= !after.is_null();
            crate::diff::changed(&**resource, digester, &before, &after).is_empty()
        });
    any && same
}
