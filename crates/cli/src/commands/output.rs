//! `flowctl output`.

use clap::Args;
use flowctl_render::output::{self, OutputError};

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::state::StateFiles;

/// Print the outputs of the last apply
#[derive(Args, Debug)]
pub(crate) struct OutputArgs {
    /// Only this one
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Machine-readable
    #[arg(long)]
    json: bool,

    /// The text alone, for scripts
    #[arg(long, conflicts_with = "json", requires = "name")]
    raw: bool,
}

pub(crate) fn run(app: &mut App, args: &OutputArgs) -> Result<Outcome, CommandError> {
    let outputs = StateFiles::of(&app.context).read()?.outputs;
    let text = match &args.name {
        None if args.json => Ok(output::json(&outputs)),
        None if outputs.is_empty() => {
            app.ui.note(
                "Warning: No outputs found\n\nThe state has no outputs: the configuration has \
                 none, or was not applied since they were written.",
            );
            Ok(String::new())
        }
        None => Ok(output::human(&outputs)),
        Some(name) if args.json => output::json_one(&outputs, name),
        Some(name) if args.raw => output::raw(&outputs, name),
        Some(name) => output::one(&outputs, name),
    };
    let text =
        text.map_err(|error: OutputError| CommandError::user(error.to_string(), error.detail()))?;
    app.ui.print(&text)?;
    Ok(Outcome::Done)
}
