//! Policies on disk. They are those of whoever runs flowctl, not of the configuration: they are
//! read wherever they are, whether the configuration is trusted or not.

use std::collections::BTreeSet;
use std::path::Path;

use flowctl_parser::{Diagnostic, load_policies};
use flowctl_planner::Policies;

use crate::app::Context;
use crate::args::policy::PolicyArgs;
use crate::error::CommandError;
use crate::files::Disk;
use crate::project::Project;
use crate::services::{Endpoint, providers};

/// Reads the policies that are asked for, on the command line and in the environment. Their text
/// becomes part of the project's, so that findings can point at it.
pub(crate) fn load(
    context: &Context,
    project: &mut Project,
    args: &PolicyArgs,
) -> Result<Policies, CommandError> {
    // One that is named twice is meant once.
    let directories: BTreeSet<&Path> = context
        .env
        .policy
        .iter()
        .chain(&args.policy)
        .map(AsRef::as_ref)
        .collect();
    if directories.is_empty() {
        return Ok(Policies::default());
    }
    let mut written = Vec::new();
    let mut found = Vec::new();
    for directory in directories {
        let path = directory.to_string_lossy();
        let (policies, wrong) = load_policies(&path, &Disk::default(), &mut project.sources);
        written.extend(policies);
        found.extend(wrong);
    }
    let (policies, wrong) = Policies::prepare(written, &providers(Endpoint::unused(context)));
    found.extend(wrong);
    if found.iter().any(Diagnostic::is_error) {
        return Err(project.wrong(found));
    }
    project.warnings.extend(found);
    // Strangers do not decide what the rules are not about.
    Ok(match context.untrusted() {
        Some(_) => policies.without_exceptions(),
        None => policies,
    })
}
