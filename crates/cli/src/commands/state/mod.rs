//! `flowctl state`: what is in state, and changing it by hand.

mod export_tfstate;
mod import_tfstate;
mod list;
mod mv;
mod rekey;
mod restore;
mod rm;
mod show;
mod tfstate;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::error::{CommandError, Outcome};

/// Look at what is in state, and change it by hand
#[derive(Args, Debug)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Subcommand, Debug)]
enum StateCommand {
    ExportTfstate(export_tfstate::ExportTfstateArgs),
    ImportTfstate(import_tfstate::ImportTfstateArgs),
    List(list::ListArgs),
    Mv(mv::MvArgs),
    Rekey(rekey::RekeyArgs),
    Restore(restore::RestoreArgs),
    Rm(rm::RmArgs),
    Show(show::ShowArgs),
}

pub(crate) fn run(app: &mut App, args: &StateArgs) -> Result<Outcome, CommandError> {
    match &args.command {
        StateCommand::ExportTfstate(args) => export_tfstate::run(app, args),
        StateCommand::ImportTfstate(args) => import_tfstate::run(app, args),
        StateCommand::List(args) => list::run(app, args),
        StateCommand::Mv(args) => mv::run(app, args),
        StateCommand::Rekey(args) => rekey::run(app, args),
        StateCommand::Restore(args) => restore::run(app, args),
        StateCommand::Rm(args) => rm::run(app, args),
        StateCommand::Show(args) => show::run(app, args),
    }
}
