//! `flowctl state rm`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;
use flowctl_model::journal::StateWrite;

use crate::app::App;
use crate::args::LockArgs;
use crate::error::{CommandError, Outcome};
use crate::state;

/// Drop instances from state and leave them alone in the service
#[derive(Args, Debug)]
pub(crate) struct RmArgs {
    /// Addresses of instances, resources or modules
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,

    /// Say what would be dropped, and drop nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(app: &mut App, args: &RmArgs) -> Result<Outcome, CommandError> {
    let targets = args
        .addresses
        .iter()
        .map(|text| state::target(text))
        .collect::<Result<Vec<_>, _>>()?;
    let command = format!("state rm {}", args.addresses.join(" "));
    let chosen = state::edit(&app.context, &args.lock, &command, |snapshot| {
        let mut chosen = BTreeSet::new();
        for target in &targets {
            let mut named = state::instances(snapshot, target).cloned().peekable();
            if named.peek().is_none() {
                return Err(state::unknown(target));
            }
            chosen.extend(named);
        }
        let writes = if args.dry_run {
            Vec::new()
        } else {
            chosen.iter().cloned().map(StateWrite::Remove).collect()
        };
        Ok((writes, chosen))
    })?;
    let (each, all) = if args.dry_run {
        ("Would remove", "Would have removed")
    } else {
        ("Removed", "Successfully removed")
    };
    let mut said = String::new();
    for address in &chosen {
        let _ = writeln!(said, "{each} {address}");
    }
    let _ = writeln!(said, "{all} {} resource instance(s).", chosen.len());
    app.ui.print(&said)?;
    Ok(Outcome::Done)
}
