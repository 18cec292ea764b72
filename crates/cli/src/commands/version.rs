//! `flowctl version`.

use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::error::{CommandError, Outcome};

/// Print flowctl's version
#[derive(Args, Debug)]
pub(crate) struct VersionArgs {
    /// Machine-readable
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(app: &mut App, args: &VersionArgs) -> Result<Outcome, CommandError> {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let platform = format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH);
    if args.json {
        let shown = json!({ "flowctl_version": VERSION, "platform": platform });
        app.ui.print(&format!("{shown:#}\n"))?;
    } else {
        app.ui
            .print(&format!("flowctl {VERSION}\non {platform}\n"))?;
    }
    Ok(Outcome::Done)
}
