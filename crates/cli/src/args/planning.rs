//! Options of commands that make a plan.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use flowctl_model::Address;
use flowctl_model::event::RunKind;
use flowctl_planner::{Mode, Options};

use crate::args::policy::PolicyArgs;
use crate::error::CommandError;
use crate::state::{invalid_address, target};

/// What kind of plan is made.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Planning")]
pub(crate) struct ModeArgs {
    /// Delete everything that is in state
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    pub(crate) destroy: bool,

    /// Only bring state up to date with what exists
    #[arg(long, conflicts_with = "replace")]
    pub(crate) refresh_only: bool,

    /// Replace this instance even if nothing changes; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) replace: Vec<String>,
}

impl ModeArgs {
    /// To delete everything.
    pub(crate) fn destroy() -> Self {
        Self {
            destroy: true,
            ..Self::default()
        }
    }

    /// To bring state up to date.
    pub(crate) fn refresh_only() -> Self {
        Self {
            refresh_only: true,
            ..Self::default()
        }
    }

    /// What kind of run it is when the plan is carried out.
    pub(crate) fn kind(&self) -> RunKind {
        if self.destroy {
            RunKind::Destroy
        } else if self.refresh_only {
            RunKind::Refresh
        } else {
            RunKind::Apply
        }
    }
}

/// What a plan is about.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Planning")]
pub(crate) struct SelectionArgs {
    /// Whether to look at what exists first: true, false, or changed, for only what the
    /// configuration changes
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true,
        default_value = "true", default_missing_value = "true", value_parser = Refresh::parse)]
    pub(crate) refresh: Refresh,

    /// Only this resource or module and what it depends on; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<String>,

    /// Everything but this and what depends on it; may be repeated
    #[arg(long, value_name = "ADDRESS", conflicts_with = "target")]
    pub(crate) exclude: Vec<String>,

    #[command(flatten)]
    pub(crate) policies: PolicyArgs,
}

/// What is looked at before planning.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Refresh {
    /// Everything that is in state.
    #[default]
    All,
    /// What the configuration changes; the rest is taken as state has it.
    Changed,
    /// Nothing.
    Nothing,
}

impl Refresh {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(Self::All),
            "changed" => Ok(Self::Changed),
            "false" => Ok(Self::Nothing),
            _ => Err("true, false or changed is needed".to_owned()),
        }
    }
}

impl fmt::Display for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "true",
            Self::Changed => "changed",
            Self::Nothing => "false",
        })
    }
}

impl SelectionArgs {
    /// As the planner takes them.
    pub(crate) fn options(&self, mode: &ModeArgs) -> Result<Options, CommandError> {
        let targets = |texts: &[String]| {
            texts
                .iter()
                .map(|text| target(text))
                .collect::<Result<_, _>>()
        };
        if self.refresh == Refresh::Changed && mode.refresh_only {
            let detail = "With --refresh-only everything is looked at, and with --refresh=changed \
                          only what the configuration changes.";
            let error = CommandError::user("Options that exclude each other", detail);
            return Err(error.with_help("give one of them"));
        }
        let replace = |text: &String| text.parse::<Address>().map_err(invalid_address);
        Ok(Options {
            mode: match mode.kind() {
                RunKind::Destroy => Mode::Destroy,
                RunKind::Refresh => Mode::RefreshOnly,
                _ => Mode::Normal,
            },
            targets: targets(&self.target)?,
            excludes: targets(&self.exclude)?,
            replace: mode.replace.iter().map(replace).collect::<Result<_, _>>()?,
            ..Options::default()
        })
    }
}

/// How a run goes about it, and what it says.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunArgs {
    /// How many requests may be under way at a time
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = at_least_one)]
    pub(crate) parallelism: usize,

    /// Tell everything as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    /// Tell the same to this file, beside what is said otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) json_into: Option<PathBuf>,

    /// Say warnings in one line each
    #[arg(long)]
    pub(crate) compact_warnings: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one request must be possible".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("a whole number is needed".to_owned()),
    }
}
