//! `flowctl state restore`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use flowctl_state::{Store, backup, read_snapshot};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::app::App;
use crate::args::LockArgs;
use crate::error::{CommandError, Outcome};
use crate::state::{self, Held, StateFiles};

/// List the copies of the state, or put one back
///
/// A copy is made before each run that changes state, and before one is put back.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The copy to put back: its number in the list, or a file
    #[arg(value_name = "COPY")]
    copy: Option<String>,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(app: &mut App, args: &RestoreArgs) -> Result<Outcome, CommandError> {
    let files = StateFiles::of(&app.context);
    let copies = backup::list(&files.backups())?;
    let Some(wanted) = &args.copy else {
        return list(app, &copies);
    };
    let copy = chosen(wanted, &copies)?;
    let restored = read_snapshot(&copy)?;
    let name = copy.file_name().unwrap_or_default().to_string_lossy();
    let lock = state::lock_alone(&app.context, &args.lock, "state restore")?;
    // Making a further copy may delete the oldest one, which may be the chosen one.
    let staged = backup::stage(&copy, &files.state)?;
    keep(&files)?;
    staged.put()?;
    drop(lock);
    // The history of the restored state goes on with its restoration.
    let mut held = Held::take(&app.context, &args.lock, &format!("state restore {name}"))?;
    crate::runtime::small()?.block_on(async {
        held.begin().await?;
        Ok::<_, CommandError>(held.store.end_run("done".to_owned()).await?)
    })?;
    app.ui.print(&format!(
        "Restored {} with {} resource instance(s), serial {}.\n",
        copy.display(),
        restored.resources.len(),
        restored.serial
    ))?;
    Ok(Outcome::Done)
}

fn list(app: &mut App, copies: &[PathBuf]) -> Result<Outcome, CommandError> {
    let mut said = String::new();
    for copy in copies.iter().rev() {
        let made = fs::metadata(copy)
            .and_then(|found| found.modified())
            .map(OffsetDateTime::from)
            .ok();
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
        let made = made.and_then(|time| time.format(format).ok());
        let holds = match read_snapshot(copy) {
            Ok(snapshot) => format!(
                "serial {}, {} resource instance(s)",
                snapshot.serial,
                snapshot.resources.len()
            ),
            Err(error) => error.to_string(),
        };
        let _ = writeln!(
            said,
            "{:>4}  {}  {holds}",
            number(copy).unwrap_or_default(),
            made.unwrap_or_default()
        );
    }
    if said.is_empty() {
        said.push_str("There are no copies of the state yet.\n");
    }
    app.ui.print(&said)?;
    Ok(Outcome::Done)
}

/// The number in a copy's name.
fn number(copy: &Path) -> Option<u64> {
    let stem = copy.file_stem()?.to_str()?;
    stem.rsplit('-').next()?.parse().ok()
}

fn chosen(wanted: &str, copies: &[PathBuf]) -> Result<PathBuf, CommandError> {
    if let Ok(wanted) = wanted.parse::<u64>()
        && let Some(copy) = copies.iter().find(|copy| number(copy) == Some(wanted))
    {
        return Ok(copy.clone());
    }
    let file = PathBuf::from(wanted);
    if file.is_file() {
        return Ok(file);
    }
    Err(CommandError::user(
        "No such copy of the state",
        format!("{wanted:?} is neither the number of a copy nor a file."),
    )
    .with_help("see what there is with `flowctl state restore`"))
}

/// Keeps what is about to be replaced: as a copy, or with its log as it is if it is damaged.
fn keep(files: &StateFiles) -> Result<(), CommandError> {
    if !files.state.exists() {
        return Ok(());
    }
    let copied = Store::open(&files.state, state::now).and_then(|s| s.backup(&files.backups()));
    if copied.is_ok() {
        return Ok(());
    }
    let with = |path: &Path, suffix: &str| {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    let aside = files.state.with_extension("damaged");
    for suffix in ["", "-wal"] {
        let (from, to) = (with(&files.state, suffix), with(&aside, suffix));
        if !from.exists() {
            continue;
        }
        fs::copy(&from, &to).map_err(|error| {
            // Nobody has anything of half a copy.
            let _ = fs::remove_file(&to);
            CommandError::user(
                "Cannot keep what the state is now",
                format!("{} to {}: {error}.", from.display(), to.display()),
            )
        })?;
    }
    Ok(())
}
