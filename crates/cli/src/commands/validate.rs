//! `flowctl validate`.

use clap::{Args, ValueEnum};
use flowctl_parser::Diagnostic;
use flowctl_planner::validate;
use flowctl_render::diagnostics;

use crate::app::App;
use crate::args::policy::PolicyArgs;
use crate::error::{CommandError, Outcome};
use crate::policies;
use crate::project::Project;
use crate::services::{Endpoint, providers};
use crate::session::WORKSPACE;
use crate::world::Machine;

/// Check the configuration, as far as that needs neither state nor network
#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    /// For people, for tools (as `terraform validate -json`), or for code scanning (SARIF)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ValidateFormat,

    /// The same as --format=json
    #[arg(long, conflicts_with = "format")]
    json: bool,

    #[command(flatten)]
    policies: PolicyArgs,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum ValidateFormat {
    Human,
    Json,
    Sarif,
}

pub(crate) fn run(app: &mut App, args: &ValidateArgs) -> Result<Outcome, CommandError> {
    let (mut project, mut found) = Project::load(&app.context);
    let policies = policies::load(&app.context, &mut project, &args.policies)?;
    // What could not be read would be reported a second time as missing.
    if !found.iter().any(Diagnostic::is_error) {
        let providers = providers(Endpoint::unused(&app.context));
        let machine = Machine::new(&app.context);
        let configuration = &project.configuration;
        found.extend(validate(
            configuration,
            &providers,
            &machine,
            WORKSPACE,
            &policies,
        ));
    }
    let errors = found.iter().any(Diagnostic::is_error);
    let (found, sources) = project.shown(found);
    if args.json || args.format == ValidateFormat::Json {
        let text = diagnostics::json::validate(&found, &sources);
        app.ui.print(&format!("{}\n", text.trim_end()))?;
    } else if args.format == ValidateFormat::Sarif {
        let text = diagnostics::sarif::sarif(&found, &sources, env!("CARGO_PKG_VERSION"));
        app.ui.print(&format!("{}\n", text.trim_end()))?;
    } else {
        app.ui.diagnostics(&found, &sources);
        if !errors {
            let but = if found.is_empty() {
                "."
            } else {
                ", but there were some\nvalidation warnings as shown above."
            };
            app.ui
                .print(&format!("Success! The configuration is valid{but}\n"))?;
        }
    }
    Ok(if errors {
        Outcome::Failed
    } else {
        Outcome::Done
    })
}
