//! `flowctl workspace`: there is one.

use clap::{Args, Subcommand};

use crate::app::App;
use crate::error::{CommandError, Outcome};

/// Show the workspace: there is only "default"
#[derive(Args, Debug)]
pub(crate) struct WorkspaceArgs {
    #[command(subcommand)]
    command: WorkspaceCommand,
}

#[derive(Subcommand, Debug)]
enum WorkspaceCommand {
    /// List the workspaces
    List,
    /// Print the name of the workspace
    Show,
    /// Choose a workspace
    #[command(hide = true)]
    Select {
        /// Its name
        name: String,
    },
    /// Make a workspace
    #[command(hide = true)]
    New {
        /// Its name
        name: String,
    },
    /// Delete a workspace
    #[command(hide = true)]
    Delete {
        /// Its name
        name: String,
    },
}

pub(crate) fn run(app: &mut App, args: &WorkspaceArgs) -> Result<Outcome, CommandError> {
    match &args.command {
        WorkspaceCommand::List => app.ui.print("* default\n")?,
        WorkspaceCommand::Show => app.ui.print("default\n")?,
        WorkspaceCommand::Select { name } if name == "default" => {}
        WorkspaceCommand::Select { .. }
        | WorkspaceCommand::New { .. }
        | WorkspaceCommand::Delete { .. } => {
            return Err(CommandError::user(
                "Workspaces are not supported",
                "There is only the workspace \"default\".",
            )
            .with_help("use one directory, or one --state file, for each environment"));
        }
    }
    Ok(Outcome::Done)
}
