//! The commands, one module each: what can be typed after `flowctl`, and what it does.

mod apply;
mod comment;
mod completions;
mod console;
mod emulator;
mod fmt;
mod force_unlock;
mod graph;
mod history;
mod import;
mod init;
mod man;
mod output;
mod plan;
mod review;
mod schema;
mod show;
mod state;
mod validate;
mod version;
mod workspace;

use clap::Subcommand;

use crate::app::App;
use crate::error::{CommandError, Outcome};

#[derive(Subcommand)]
pub(crate) enum Command {
    Apply(apply::ApplyArgs),
    Comment(comment::CommentArgs),
    Completions(completions::CompletionsArgs),
    Console(console::ConsoleArgs),
    Destroy(apply::DestroyArgs),
    Emulator(emulator::EmulatorArgs),
    Fmt(fmt::FmtArgs),
    #[command(hide = true)]
    ForceUnlock(force_unlock::ForceUnlockArgs),
    Graph(graph::GraphArgs),
    History(history::HistoryArgs),
    Import(import::ImportArgs),
    Init(init::InitArgs),
    Man(man::ManArgs),
    Output(output::OutputArgs),
    Plan(plan::PlanArgs),
    Refresh(apply::RefreshArgs),
    Review(review::ReviewArgs),
    Schema(schema::SchemaArgs),
    Show(show::ShowArgs),
    State(state::StateArgs),
    Validate(validate::ValidateArgs),
    Version(version::VersionArgs),
    Workspace(workspace::WorkspaceArgs),
}

impl Command {
    /// Does what was asked for.
    pub(crate) fn run(&self, app: &mut App) -> Result<Outcome, CommandError> {
        match self {
            Self::Apply(args) => apply::run(app, args),
            Self::Comment(args) => comment::run(app, args),
            Self::Completions(args) => completions::run(app, args),
            Self::Console(args) => console::run(app, args),
            Self::Destroy(args) => apply::destroy(app, args),
            Self::Emulator(args) => emulator::run(app, args),
            Self::Fmt(args) => fmt::run(app, args),
            Self::ForceUnlock(args) => force_unlock::run(app, args),
            Self::Graph(args) => graph::run(app, args),
            Self::History(args) => history::run(app, args),
            Self::Import(args) => import::run(app, args),
            Self::Init(args) => init::run(app, args),
            Self::Man(args) => man::run(app, args),
            Self::Output(args) => output::run(app, args),
            Self::Plan(args) => plan::run(app, args),
            Self::Refresh(args) => apply::refresh(app, args),
            Self::Review(args) => review::run(app, args),
            Self::Schema(args) => schema::run(app, args),
            Self::Show(args) => show::run(app, args),
            Self::State(args) => state::run(app, args),
            Self::Validate(args) => validate::run(app, args),
            Self::Version(args) => version::run(app, args),
            Self::Workspace(args) => workspace::run(app, args),
        }
    }
}
