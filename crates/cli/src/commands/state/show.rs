//! `flowctl state show`.

use clap::Args;
use flowctl_model::Address;

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::shown;
use crate::state::{self, StateFiles};

/// Show one instance as it is in state
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Its address
    #[arg(value_name = "ADDRESS")]
    address: String,
}

pub(super) fn run(app: &mut App, args: &ShowArgs) -> Result<Outcome, CommandError> {
    let address: Address = args.address.parse().map_err(state::invalid_address)?;
    let snapshot = StateFiles::of(&app.context).read_existing()?;
    if !snapshot.resources.contains_key(&address) {
        return Err(CommandError::user(
            "No instance found for the given address",
            format!("The current state contains no instance {address}."),
        )
        .with_help("see the instances there are with `flowctl state list`"));
    }
    shown::instances(app, &snapshot, |other| *other == address)?;
    Ok(Outcome::Done)
}
