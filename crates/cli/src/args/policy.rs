//! Which policies a configuration has to meet.

use std::path::PathBuf;

use clap::Args;

/// Directories of policies.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Planning")]
pub(crate) struct PolicyArgs {
    /// A directory of policies that the configuration has to meet, besides those that
    /// FLOWCTL_POLICY names; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: Vec<PathBuf>,
}
