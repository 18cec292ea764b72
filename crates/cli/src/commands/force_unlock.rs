//! `flowctl force-unlock`, which nobody needs.

use clap::Args;

use crate::app::App;
use crate::error::{CommandError, Outcome};

/// Not needed: the lock is free as soon as the process that holds it ends
#[derive(Args, Debug)]
pub(crate) struct ForceUnlockArgs {
    /// Accepted for Terraform's sake
    #[arg(value_name = "LOCK_ID")]
    id: Option<String>,

    /// Accepted for Terraform's sake
    #[arg(long, hide = true)]
    force: bool,
}

pub(crate) fn run(app: &mut App, _: &ForceUnlockArgs) -> Result<Outcome, CommandError> {
    app.ui.print(
        "There is nothing to unlock: the system frees the lock the moment the process that holds \
         it ends,\nhowever it ends. If a run says that the state is locked, that process is alive; \
         the message names it.\n",
    )?;
    Ok(Outcome::Done)
}
