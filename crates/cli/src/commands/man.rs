//! `flowctl man`.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::app::{App, Cli};
use crate::error::{CommandError, Outcome};
use crate::files;

/// Print the manual page of a command, or write all pages
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Of which command; of flowctl itself without one
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Vec<String>,

    /// Write the pages of all commands to this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(app: &mut App, args: &ManArgs) -> Result<Outcome, CommandError> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    if let Some(directory) = &args.dir {
        write_all(&root, directory)?;
        return Ok(Outcome::Done);
    }
    let mut command = &root;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let given = args.command.join(" ");
            CommandError::user("No such command", format!("There is no command `{given}`."))
                .with_help("see the commands there are with `flowctl --help`")
        })?;
    }
    let page = page(command)?;
    app.ui.print(&page)?;
    Ok(Outcome::Done)
}

fn page(command: &Command) -> Result<String, CommandError> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| CommandError::user("Cannot write the page", format!("{error}.")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn write_all(command: &Command, directory: &Path) -> Result<(), CommandError> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = directory.join(format!("{name}.1"));
    files::write(&path, &page(command)?).map_err(|error| {
        CommandError::user(
            "Cannot write the page",
            format!("{}: {error}.", path.display()),
        )
    })?;
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write_all(command, directory))
}
