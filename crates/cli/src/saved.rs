//! Saved plans: written by `plan --out`, shown by `show`, carried out by `apply`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use clap::Parser;
use flowctl_executor::object::without_secrets;
use flowctl_model::Value;
use flowctl_model::plan::Plan;
use flowctl_model::secret::withhold;
use flowctl_parser::configuration::Module;
use flowctl_state::planfile::{PlanFileError, SavedPlan, approved_only, differences};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::args::planning::{ModeArgs, SelectionArgs};
use crate::args::variables::{VariableArg, VariableArgs};
use crate::error::{CommandError, sentence};
use crate::project::Project;
use crate::session::Session;
use crate::state::now;

/// What a plan was asked for, as the arguments that ask for it.
#[derive(Parser, Clone, Default)]
#[command(no_binary_name = true)]
pub(crate) struct Asked {
    #[command(flatten)]
    pub(crate) mode: ModeArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
}

impl Asked {
    fn arguments(mode: &ModeArgs, selection: &SelectionArgs) -> Vec<String> {
        let mut arguments = vec![format!("--refresh={}", selection.refresh)];
        let switches = [
            ("--destroy", mode.destroy),
            ("--refresh-only", mode.refresh_only),
        ];
        arguments.extend(
            switches
                .iter()
                .filter(|(_, on)| *on)
                .map(|(name, _)| (*name).into()),
        );
        let lists = [
            ("--target", &selection.target),
            ("--exclude", &selection.exclude),
            ("--replace", &mode.replace),
        ];
        for (name, addresses) in lists {
            arguments.extend(addresses.iter().map(|address| format!("{name}={address}")));
        }
        let policies = selection.policies.policy.iter();
        arguments.extend(policies.map(|path| format!("--policy={}", path.display())));
        arguments
    }

    fn of(saved: &SavedPlan) -> Result<Self, CommandError> {
        Self::try_parse_from(&saved.arguments).map_err(|_| {
            CommandError::user(
                "Unusable plan file",
                "What the plan was asked for cannot be read any more.",
            )
        })
    }
}

/// Saves a plan.
pub(crate) fn save(
    session: &Session,
    plan: &Plan,
    (mode, selection): (&ModeArgs, &SelectionArgs),
    variables: &VariableArgs,
    path: &Path,
) -> Result<(), CommandError> {
    let root = &session.project.configuration.root;
    let saved = SavedPlan {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: session.machine.began(),
        files: digests(&session.project),
        lineage: session.snapshot.lineage.clone(),
        serial: session.snapshot.serial,
        arguments: Asked::arguments(mode, selection),
        variables: kept_variables(root, variables),
        plan: withheld(session, plan),
    };
    saved.write(path, &session.digester).map_err(unusable)
}

/// Variables of the command line that may be kept; sensitive ones are given again.
fn kept_variables(root: &Module, args: &VariableArgs) -> BTreeMap<String, String> {
    let values = args.given.iter().filter_map(|one| match one {
        VariableArg::Value(text) => text.split_once('='),
        VariableArg::File(_) => None,
    });
    let public = values.filter(|(name, _)| {
        let declared = root.variables.get(name.trim());
        declared.is_some_and(|variable| !variable.sensitive && !variable.ephemeral)
    });
    let files = args.given.iter().filter_map(|one| match one {
        VariableArg::File(path) => Some((format!("@{}", path.display()), String::new())),
        VariableArg::Value(_) => None,
    });
    let values = public.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    values.chain(files).collect()
}

/// The arguments that set the variables of a saved plan; what is given now counts more.
pub(crate) fn variables(saved: &SavedPlan, now: &VariableArgs) -> VariableArgs {
    let kept = saved
        .variables
        .iter()
        .map(|(name, value)| match name.strip_prefix('@') {
            Some(path) => VariableArg::File(path.into()),
            None => VariableArg::Value(Zeroizing::new(format!("{name}={value}"))),
        });
    VariableArgs {
        given: kept.chain(now.given.iter().cloned()).collect(),
        input: now.input,
    }
}

/// A plan as it may be written down.
pub(crate) fn withheld(session: &Session, plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let digester = &session.digester;
    for change in &mut plan.changes {
        let name = &change.address.resource.type_name;
        let resource = session.providers.resource_type(name);
        let address = &change.address;
        let keep = |value: &Value| match resource {
            Some(resource) => without_secrets(&**resource, digester, address, value),
            None => withhold(value, &address.to_string(), &|_| false, digester),
        };
        change.before = change.before.as_ref().map(keep);
        change.after = change.after.as_ref().map(keep);
    }
    for (name, output) in &mut plan.outputs {
        let place = format!("output.{name}");
        let keep = |value: &Value| withhold(value, &place, &|_| false, digester);
        output.before = output.before.as_ref().map(keep);
        output.after = output.after.as_ref().map(keep);
    }
    plan
}

/// Digests of everything that the configuration was read from.
fn digests(project: &Project) -> BTreeMap<String, String> {
    let files = project
        .sources
        .iter()
        .filter(|source| Path::new(&source.path).is_file());
    let digest = |text: &str| {
        let bytes = Sha256::digest(text.as_bytes());
        bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    files
        .map(|source| (source.path.clone(), digest(&source.text)))
        .collect()
}

/// Reads a saved plan, and what it was asked for.
pub(crate) fn read(
    path: &Path,
    digester: &flowctl_model::Digester,
) -> Result<(SavedPlan, Asked), CommandError> {
    let saved = SavedPlan::read(path, Some(digester)).map_err(unusable)?;
    if saved.version != env!("CARGO_PKG_VERSION") {
        return Err(CommandError::user(
            "Plan of another version",
            format!(
                "The plan was saved by flowctl {}, and this is {}.",
                saved.version,
                env!("CARGO_PKG_VERSION")
            ),
        )
        .with_help("plan again with this version"));
    }
    let asked = Asked::of(&saved)?;
    Ok((saved, asked))
}

/// What was approved, of a plan that was made just now; an error if that is not possible any more.
pub(crate) fn approved(
    saved: &SavedPlan,
    session: &Session,
    plan: Plan,
) -> Result<Plan, CommandError> {
    let lineage = &session.snapshot.lineage;
    if !saved.lineage.is_empty() && saved.lineage != *lineage {
        return Err(CommandError::user(
            "Plan of another state",
            "The plan was made from another state than the one that is here now.",
        )
        .with_help("name the state that it was made from with --state PATH, or plan again"));
    }
    let mut found = differences(&saved.plan, &withheld(session, &plan));
    if found.is_empty() {
        return Ok(approved_only(&saved.plan, plan));
    }
    let files = digests(&session.project);
    let touched: Vec<&str> = files
        .iter()
        .filter(|(path, digest)| saved.files.get(*path) != Some(*digest))
        .map(|(path, _)| path.as_str())
        .collect();
    if !touched.is_empty() {
        found.push(format!("changed since then: {}", touched.join(", ")));
    }
    let detail = format!(
        "Since the plan was saved, what it was made of has changed, so that applying it would not \
         do what was approved. Nothing was done.\n\n  - {}",
        found.join("\n  - ")
    );
    Err(CommandError::user("Saved plan is stale", detail).with_help("plan again"))
}

/// When a saved plan was made.
pub(crate) fn made_at(saved: &SavedPlan) -> std::time::SystemTime {
    let age = Duration::try_from_secs_f64(saved.created_at.min(now())).unwrap_or_default();
    UNIX_EPOCH + age
}

/// A plan file cannot be used.
#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
pub(crate) fn unusable(error: PlanFileError) -> CommandError {
    let help = match error {
        PlanFileError::File(_) => "",
        PlanFileError::NotAPlan { .. } => "save one with `flowctl plan --out FILE`",
        PlanFileError::OtherVersion { .. } | PlanFileError::Altered { .. } => "plan again",
    };
    let error = CommandError::user("Unusable plan file", sentence(&error.to_string()));
    if help.is_empty() {
        error
    } else {
        error.with_help(help)
    }
}
