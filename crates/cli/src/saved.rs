//! Saved plans: written by `plan --out`, shown by `show`, carried out by `apply`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use clap::Parser;
use flowctl_executor::object::without_secrets;
use flowctl_model::event::RunKind;
use flowctl_model::plan::Plan;
use flowctl_model::secret::withhold;
use flowctl_model::{Marks, Text, Value};
use flowctl_parser::configuration::Module;
use flowctl_render::plan::json::{Described, secret_variables};
use flowctl_state::planfile::{PlanFileError, SavedPlan, approved_only, differences};
use zeroize::Zeroizing;

use crate::args::planning::{ModeArgs, SelectionArgs};
use crate::args::variables::{VariableArg, VariableArgs};
use crate::error::{CommandError, sentence};
use crate::session::{Facts, Session};
use crate::stale;
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

/// A plan to be saved, and what it was made with.
pub(crate) struct Made<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) facts: &'a Facts,
    /// The value of each variable of the root module.
    pub(crate) values: &'a BTreeMap<Text, Value>,
    /// Those that were given on the command line.
    pub(crate) given: &'a VariableArgs,
    pub(crate) asked: (&'a ModeArgs, &'a SelectionArgs),
}

/// Saves a plan.
pub(crate) fn save(session: &Session, made: &Made<'_>, path: &Path) -> Result<(), CommandError> {
    let root = &session.project.configuration.root;
    let (mode, selection) = made.asked;
    let plan = withheld(session, made.plan);
    let project = &session.project;
    let configuration = (&project.configuration, &project.sources);
    let described = Described::new(&plan, configuration, &session.providers);
    let saved = SavedPlan {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: session.machine.began(),
        basis: stale::basis(session, made.facts, made.values, &plan),
        lineage: session.snapshot.lineage.clone(),
        serial: session.snapshot.serial,
        arguments: Asked::arguments(mode, selection),
        variables: kept_variables(root, made.given),
        values: withheld_variables(session, made.values),
        configuration: described.text(),
        plan,
    };
    let failed = |error: PlanFileError| {
        CommandError::user("Cannot save the plan", sentence(&error.to_string()))
    };
    saved.write(path, &session.digester).map_err(failed)
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

/// The values of variables as they may be written down; none of those that are not to outlive the
/// run.
fn withheld_variables(session: &Session, values: &BTreeMap<Text, Value>) -> BTreeMap<Text, Value> {
    let configuration = &session.project.configuration;
    let secret = secret_variables(configuration, &session.providers);
    let declared = &configuration.root.variables;
    let lasts = |name: &Text| declared.get(&**name).is_none_or(|one| !one.ephemeral);
    let keep = |(name, value): (&Text, &Value)| {
        let hide = secret.contains(&**name);
        let marks = if hide { Marks::SENSITIVE } else { Marks::NONE };
        let value = value.clone().marked(marks);
        let place = format!("var.{name}");
        (
            name.clone(),
            withhold(&value, &place, &|_| false, &session.digester),
        )
    };
    let lasting = values.iter().filter(|(name, _)| lasts(name));
    lasting.map(keep).collect()
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
    for drift in &mut plan.drift {
        let address = &drift.address;
        if let Some(resource) = session.providers.resource_type(&address.resource.type_name) {
            let keep = |value: &Value| without_secrets(&**resource, digester, address, value);
            drift.after = drift.after.as_ref().map(keep);
        }
    }
    plan
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
    (saved, asked): &(SavedPlan, Asked),
    session: &Session,
    facts: &Facts,
    values: &BTreeMap<Text, Value>,
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
    let records = asked.mode.kind() == RunKind::Refresh;
    let found = differences(&saved.plan, &withheld(session, &plan), records);
    if found.is_empty() {
        return Ok(approved_only(&saved.plan, plan));
    }
    let basis = stale::basis(session, facts, values, &saved.plan);
    Err(stale::refusal(saved, &basis, session, &found)?)
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
        PlanFileError::OtherKey { .. } => {
            "give the key that it was saved with (`FLOWCTL_STATE_KEY`, or the file `key` beside \
             the state), or plan again"
        }
    };
    let error = CommandError::user("Unusable plan file", sentence(&error.to_string()));
    if help.is_empty() {
        error
    } else {
        error.with_help(help)
    }
}
