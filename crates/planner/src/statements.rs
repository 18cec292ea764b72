//! `moved` blocks that contradict one another or lead nowhere. State plays no part in this.

use std::collections::BTreeMap;

use flowctl_model::Target;
use flowctl_parser::configuration::{Configuration, Module, Moved};
use flowctl_parser::diagnostic::Diagnostic;

use crate::moves::address;

/// Everything that is wrong with the `moved` blocks of a configuration among themselves.
pub(crate) fn check(configuration: &Configuration) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    module(&configuration.root, &mut found);
    found
}

fn module(module: &Module, found: &mut Vec<Diagnostic>) {
    let mut sources: BTreeMap<String, (String, &Moved)> = BTreeMap::new();
    let mut targets: BTreeMap<String, (String, &Moved)> = BTreeMap::new();
    for moved in &module.moved {
        let (Ok(from), Ok(to)) = (address(&moved.from), address(&moved.to)) else {
            continue;
        };
        let each = what(&from);
        let (from, to) = (spelled(&from), spelled(&to));
        if from == to {
            let detail = format!("This says that {from} is now {to}, which is the same.");
            let error = Diagnostic::error(moved.header, "Redundant move statement", detail);
            found.push(error.with_help("remove the `moved` block"));
            continue;
        }
        let mut ambiguous = |detail: String, earlier: &Moved| {
            let error = Diagnostic::error(moved.header, "Ambiguous move statements", detail);
            found.push(error.with_label(earlier.header, "declared here"));
        };
        match sources.get(&from) {
            Some((other, earlier)) if *other != to => ambiguous(
                format!(
                    "Another block says that {from} is now {other}, and this one that it is {to}. \
                     {each} can move to one place only."
                ),
                earlier,
            ),
            Some(_) => {}
            None => {
                sources.insert(from.clone(), (to.clone(), moved));
            }
        }
        match targets.get(&to) {
            Some((other, earlier)) if *other != from => ambiguous(
                format!(
                    "Another block says that {to} was {other}, and this one that it was {from}. \
                     {each} can have moved from one place only."
                ),
                earlier,
            ),
            Some(_) => {}
            None => {
                targets.insert(to, (from, moved));
            }
        }
    }
    found.extend(circle(&sources));
    for call in module.calls.values() {
        self::module(&call.module, found);
    }
}

fn what(target: &Target) -> &'static str {
    match target {
        Target::Module(_) => "Each module call",
        Target::Resource(address) if address.key.is_some() => "Each resource instance",
        Target::Resource(_) => "Each resource",
    }
}

fn spelled(target: &Target) -> String {
    match target {
        Target::Module(module) => module.to_string(),
        Target::Resource(address) => address.to_string(),
    }
}

/// The error for blocks that lead from one address to the next and back to the first.
fn circle(sources: &BTreeMap<String, (String, &Moved)>) -> Option<Diagnostic> {
    for (first, (_, moved)) in sources {
        let mut chain = vec![first];
        let mut at = first;
        while let Some((next, _)) = sources.get(at) {
            chain.push(next);
            if next == first {
                let shown: Vec<&str> = chain.iter().map(|name| name.as_str()).collect();
                let detail = format!(
                    "These blocks go round in a circle, so nothing has an address in the end: {}.",
                    shown.join(" → ")
                );
                let summary = "Cyclic dependency in move statements";
                let error = Diagnostic::error(moved.header, summary, detail);
                return Some(error.with_help("end the chain at the address of a block"));
            }
            if chain.len() > sources.len() + 1 {
                break;
            }
            at = next;
        }
    }
    None
}
