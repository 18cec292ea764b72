//! `flowctl completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::app::{App, Cli};
use crate::error::{CommandError, Outcome};

/// Print a shell's completion script
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(app: &mut App, args: &CompletionsArgs) -> Result<Outcome, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flowctl", &mut script);
    app.ui.print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}
