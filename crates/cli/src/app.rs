//! From the arguments to an exit code.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::args::{GlobalArgs, normalise};
use crate::commands::Command;
use crate::env::Env;
use crate::error::{CommandError, Outcome, exit_code};
use crate::files::Bounds;
use crate::signals;
use crate::ui::Ui;

/// Infrastructure as code for Amazon AppFlow, in the Terraform language
///
/// flowctl reads the Terraform configuration in the working directory (*.tf, *.tf.json), compares
/// it with what exists, and brings the two together. Terraform's single-dash spellings of long
/// options (-auto-approve, -out=FILE) are accepted everywhere.
#[derive(Parser)]
#[command(
    name = "flowctl",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command is given beside its own arguments.
pub(crate) struct App {
    pub(crate) ui: Ui,
    pub(crate) context: Context,
}

/// Where and how a command runs.
pub(crate) struct Context {
    pub(crate) env: Env,
    pub(crate) options: GlobalArgs,
    /// What a configuration may read.
    pub(crate) bounds: Bounds,
}

/// The whole program.
pub(crate) fn main() -> ExitCode {
    // An image of the memory, which the system writes when a process dies, would hold secrets.
    let none = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    // A message of the standard library would show values.
    std::panic::set_hook(Box::new(|panic| {
        if flowctl_lang::functions::is_panic_guarded() {
            return;
        }
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_else(|| "an unknown place".to_owned());
        Ui::plain().note(&format!(
            "Error: internal error\n\nflowctl stopped at {place}. This is a fault in flowctl, not \
             in your configuration. What was done up to here is recorded in state, and the next \
             run looks into what was not."
        ));
    }));
    let ended = std::panic::catch_unwind(|| run(crate::env::arguments()));
    exit_code(&ended.unwrap_or(Err(CommandError::Internal)))
}

fn run(arguments: Vec<OsString>) -> Result<Outcome, CommandError> {
    signals::outlive_full_disks()?;
    let env = Env::read();
    let mut definition = Cli::command();
    definition.build();
    let arguments = match normalise::normalise(&definition, arguments, env.injected_arguments()) {
        Ok(arguments) => arguments,
        Err(error) => {
            Ui::plain().error(&error);
            return Err(error);
        }
    };
    let parsed = definition
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(answer) => {
            let plain = arguments
                .iter()
                .any(|a| a == "--no-color" || a == "--color=never");
            return Ui::plain().answer_of_clap(&answer, !plain && !env.no_color);
        }
    };
    let ui = Ui::new(&cli.global, &env);
    let mut app = App {
        ui,
        context: Context {
            env,
            options: cli.global,
            bounds: Bounds::default(),
        },
    };
    let ended = app.context.begin().and_then(|()| cli.command.run(&mut app));
    if let Err(error) = &ended {
        app.ui.error(error);
    }
    ended
}

impl Context {
    /// The directory that a configuration of strangers is confined to, if this is one.
    pub(crate) fn untrusted(&self) -> Option<&Path> {
        let said = self.options.untrusted.as_deref();
        said.or(self.env.untrusted.as_deref())
    }

    /// Enters the directory of `--chdir`, and starts the log.
    fn begin(&mut self) -> Result<(), CommandError> {
        crate::ui::start_log(&self.env, self.options.verbose);
        if let Some(directory) = &self.options.chdir {
            std::env::set_current_dir(directory).map_err(|error| {
                CommandError::user(
                    "Cannot enter the directory of --chdir",
                    format!("{}: {error}.", directory.display()),
                )
            })?;
        }
        self.bounds = Bounds::of(self.untrusted())?;
        match self.env.workspace.as_deref() {
            None | Some("" | "default") => Ok(()),
            Some(other) => Err(CommandError::user(
                "Workspaces are not supported",
                format!("TF_WORKSPACE names the workspace {other:?}; there is only \"default\"."),
            )
            .with_help("unset TF_WORKSPACE, and use one directory or one --state file for each")),
        }
    }
}
