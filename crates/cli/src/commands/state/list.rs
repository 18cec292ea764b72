//! `flowctl state list`.

use std::fmt::Write as _;

use clap::Args;

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::state::{self, StateFiles};

/// List the resource instances in state, one address a line
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only these: addresses of instances, resources or modules
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,

    /// Only the instances with this id in the service
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

pub(super) fn run(app: &mut App, args: &ListArgs) -> Result<Outcome, CommandError> {
    let snapshot = StateFiles::of(&app.context).read_existing()?;
    let targets = args
        .addresses
        .iter()
        .map(|text| state::target(text))
        .collect::<Result<Vec<_>, _>>()?;
    for target in &targets {
        if state::instances(&snapshot, target).next().is_none() {
            return Err(state::unknown(target));
        }
    }
    let mut list = String::new();
    for (address, resource) in &snapshot.resources {
        let chosen = targets.is_empty() || targets.iter().any(|t| t.covers(address));
        if chosen && args.id.as_ref().is_none_or(|id| resource.id == **id) {
            // Writing to a string cannot fail.
            let _ = writeln!(list, "{address}");
        }
    }
    app.ui.print(&list)?;
    Ok(Outcome::Done)
}
