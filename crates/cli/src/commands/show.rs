//! `flowctl show`.

use clap::{Args, ValueEnum};
use flowctl_render::{output, plan};

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::services::{Endpoint, providers};
use crate::shown;
use crate::state::{self, StateFiles};

/// Show what is in state
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Only this instance, resource or module
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// For people, or for tools (as `terraform show -json`)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ShowFormat,

    /// The same as --format=json
    #[arg(long)]
    json: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum ShowFormat {
    Human,
    Json,
}

pub(crate) fn run(app: &mut App, args: &ShowArgs) -> Result<Outcome, CommandError> {
    let mut snapshot = StateFiles::of(&app.context).read()?;
    if let Some(address) = &args.address {
        let target = state::target(address)?;
        snapshot
            .resources
            .retain(|address, _| target.covers(address));
        if snapshot.resources.is_empty() {
            return Err(state::unknown(&target));
        }
        snapshot.outputs.clear();
    }
    if args.json || args.format == ShowFormat::Json {
        let providers = providers(Endpoint::default());
        let text = plan::json::state(&snapshot, &providers, env!("CARGO_PKG_VERSION"));
        app.ui.print(&format!("{text}\n"))?;
    } else if snapshot.resources.is_empty() && snapshot.outputs.is_empty() {
        app.ui
            .print("The state is empty: nothing was applied yet.\n")?;
    } else {
        shown::instances(app, &snapshot, |_| true)?;
        if !snapshot.outputs.is_empty() {
            let outputs = output::human(&snapshot.outputs);
            app.ui.print(&format!("\nOutputs:\n\n{outputs}"))?;
        }
    }
    Ok(Outcome::Done)
}
