//! `flowctl state mv`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use flowctl_model::journal::StateWrite;
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, ModuleInstance, ResourceAddress, Target};

use crate::app::App;
use crate::args::LockArgs;
use crate::error::{CommandError, Outcome};
use crate::state;

/// Give instances in state another address
///
/// Moves one instance, a resource with all its instances, or a module with everything in it. In a
/// configuration that others use too, a `moved` block does the same for everybody.
#[derive(Args, Debug)]
pub(crate) struct MvArgs {
    /// The address now
    #[arg(value_name = "FROM")]
    from: String,

    /// The address to be
    #[arg(value_name = "TO")]
    to: String,

    /// Say what would be moved, and move nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(app: &mut App, args: &MvArgs) -> Result<Outcome, CommandError> {
    let (from, to) = (state::target(&args.from)?, state::target(&args.to)?);
    let command = format!("state mv {} {}", args.from, args.to);
    let moves = state::edit(&app.context, &args.lock, &command, |snapshot| {
        let moves = moves(snapshot, &from, &to)?;
        let writes = if args.dry_run {
            Vec::new()
        } else {
            writes(snapshot, &moves)
        };
        Ok((writes, moves))
    })?;
    let (each, all) = if args.dry_run {
        ("Would move", "Would have moved")
    } else {
        ("Move", "Successfully moved")
    };
    let mut said = String::new();
    for (from, to) in &moves {
        let _ = writeln!(said, "{each} \"{from}\" to \"{to}\"");
    }
    let _ = writeln!(said, "{all} {} object(s).", moves.len());
    app.ui.print(&said)?;
    Ok(Outcome::Done)
}

/// The instances that move, each with its new address.
fn moves(
    snapshot: &Snapshot,
    from: &Target,
    to: &Target,
) -> Result<BTreeMap<Address, Address>, CommandError> {
    let wrong = |summary: &str, detail: String| Err(CommandError::user(summary, detail));
    let mut moves = BTreeMap::new();
    for address in state::instances(snapshot, from) {
        let Some(moved) = renamed(address, from, to) else {
            return wrong(
                "Invalid target address",
                format!("Cannot move {from} to {to}: one is a module, the other a resource."),
            );
        };
        if moved.resource.type_name != address.resource.type_name {
            return wrong(
                "Invalid target address",
                format!(
                    "Cannot move {address} to {moved}: a resource cannot become one of another \
                     type."
                ),
            );
        }
        moves.insert(address.clone(), moved);
    }
    if moves.is_empty() {
        return wrong(
            "Invalid source address",
            format!("Cannot move {from}: does not match anything in the current state."),
        );
    }
    for (address, moved) in &moves {
        if snapshot.resources.contains_key(moved) {
            return wrong(
                "Invalid target address",
                format!(
                    "Cannot move to {moved}: there is already a resource instance at that address \
                     in the current state."
                ),
            );
        }
        if moves
            .iter()
            .any(|(other, to)| other != address && to == moved)
        {
            return wrong(
                "Invalid target address",
                format!("Cannot move {from} to {to}: it has several instances."),
            );
        }
    }
    Ok(moves)
}

/// The address of an instance covered by `from` when that becomes `to`.
fn renamed(address: &Address, from: &Target, to: &Target) -> Option<Address> {
    match (from, to) {
        (Target::Module(from), Target::Module(to)) => {
            let inner = address.resource.module.0.get(from.0.len()..)?;
            let module = to.0.iter().chain(inner).cloned().collect();
            Some(Address {
                resource: ResourceAddress {
                    module: ModuleInstance(module),
                    ..address.resource.clone()
                },
                key: address.key.clone(),
            })
        }
        (Target::Resource(from), Target::Resource(to)) => Some(Address {
            resource: to.resource.clone(),
            key: match (&from.key, &to.key) {
                // A whole resource moves with its keys.
                (None, None) => address.key.clone(),
                (_, key) => key.clone(),
            },
        }),
        _ => None,
    }
}

/// The changes of state: the instances themselves, and the names by which others depend on them.
fn writes(snapshot: &Snapshot, moves: &BTreeMap<Address, Address>) -> Vec<StateWrite> {
    let resources: BTreeMap<_, _> = moves
        .iter()
        .map(|(from, to)| (&from.resource, &to.resource))
        .collect();
    let mut writes: Vec<_> = moves.keys().cloned().map(StateWrite::Remove).collect();
    for (address, resource) in &snapshot.resources {
        let mut state = resource.clone();
        for dependency in &mut state.dependencies {
            if let Some(to) = resources.get(dependency) {
                *dependency = (*to).clone();
            }
        }
        let place = moves.get(address).unwrap_or(address);
        if place != address || state != *resource {
            writes.push(StateWrite::Put(place.clone(), Box::new(state)));
        }
    }
    writes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_resources_and_modules_are_renamed() {
        for (address, from, to, moved) in [
            ("a.b", "a.b", "a.c", Some("a.c")),
            ("a.b[0]", "a.b[0]", "a.c", Some("a.c")),
            ("a.b[0]", "a.b", "a.c", Some("a.c[0]")),
            (
                "a.b",
                "a.b",
                "module.m.a.b[\"x\"]",
                Some("module.m.a.b[\"x\"]"),
            ),
            (
                "module.m.a.b[0]",
                "module.m",
                "module.n[1]",
                Some("module.n[1].a.b[0]"),
            ),
            (
                "module.m.module.i.a.b",
                "module.m.module.i",
                "module.i",
                Some("module.i.a.b"),
            ),
            ("a.b", "a.b", "module.m", None),
        ] {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            let found = renamed(&address.parse().unwrap(), &from, &to);
            assert_eq!(found.map(|a| a.to_string()).as_deref(), moved, "{address}");
        }
    }
}
