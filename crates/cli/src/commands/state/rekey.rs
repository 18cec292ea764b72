//! `flowctl state rekey`.

use clap::Args;
use flowctl_state::rekey::{rekey, rekey_to};

use crate::app::App;
use crate::args::LockArgs;
use crate::error::{CommandError, Outcome};
use crate::runtime;
use crate::state::{Held, StateFiles, given_key};

/// Make a new key for the digests of secrets
///
/// What was made with the old key is dropped from the state and all its copies, so that the next
/// apply sends every secret again, and says why. Where the key is in FLOWCTL_STATE_KEY, set the
/// variable to the new key first.
#[derive(Args, Debug)]
pub(crate) struct RekeyArgs {
    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(app: &mut App, args: &RekeyArgs) -> Result<Outcome, CommandError> {
    let files = StateFiles::of(&app.context);
    files.read_existing()?;
    let given = given_key(&app.context.env)?;
    let mut held = Held::take(&app.context, &args.lock, "state rekey")?;
    let rekeyed = runtime::small()?.block_on(async {
        held.begin().await?;
        let rekeyed = match &given {
            Some(digester) => rekey_to(&held.store, digester).await?,
            None => rekey(&held.store, &files.key()).await?,
        };
        held.store.end_run("done".to_owned()).await?;
        Ok::<_, CommandError>(rekeyed)
    })?;
    app.ui.print(&format!(
        "The state has a new key. {} digest(s) of secrets were dropped, in it and in {} \
         cop(ies): the next apply sends these secrets again.\n",
        rekeyed.forgotten, rekeyed.copies
    ))?;
    Ok(Outcome::Done)
}
