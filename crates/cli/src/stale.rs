//! Why a saved plan is not what would be done now: which part of what it was made of has changed.
//!
//! Only explains: whether a plan may be applied is decided by comparing outcomes.

use std::collections::BTreeMap;

use flowctl_model::plan::Plan;
use flowctl_model::{Address, Text, Value};
use flowctl_parser::configuration::Module;
use flowctl_state::planfile::{Basis, Became, Difference, SavedPlan, touched};

use crate::error::CommandError;
use crate::report::time_of;
use crate::session::{Facts, Session};

/// How many names are listed of a kind; more of them help nobody.
const LISTED: usize = 10;

/// What a plan is made of.
pub(crate) fn basis(
    session: &Session,
    facts: &Facts,
    variables: &BTreeMap<Text, Value>,
    plan: &Plan,
) -> Basis {
    let digester = &session.digester;
    let digest = |name: String, content: &Value| {
        let digest = Basis::digest(digester, &name, content);
        (name, digest)
    };
    let files = session.files().into_iter();
    let variables = variables
        .iter()
        .map(|(name, value)| (name.to_string(), digest(format!("var.{name}"), value).1));
    let reads = facts.data.iter();
    let objects = touched(plan).filter_map(|address| {
        let state = session.snapshot.resources.get(address)?;
        Some((
            address.to_string(),
            Basis::of_object(digester, address, state),
        ))
    });
    Basis {
        files: files
            .map(|(path, content)| digest(path, &Value::string(content)))
            .collect(),
        variables: variables.collect(),
        reads: reads
            .map(|(address, value)| digest(address.to_string(), value))
            .collect(),
        objects: objects.collect(),
    }
}

/// The refusal of a plan that would not do what was approved.
pub(crate) fn refusal(
    saved: &SavedPlan,
    now: &Basis,
    session: &Session,
    found: &[Difference],
) -> Result<CommandError, CommandError> {
    let why = causes(saved, now, session, found)?;
    let what: Vec<_> = found.iter().map(|one| one.text.clone()).collect();
    let detail = format!(
        "Applying the plan would not do what was approved, because what it was made of has changed \
         since it was saved, {}. Nothing was done.\n\nWhat has changed:\n{}\n\nWhat would be \
         different:\n{}",
        time_of(saved.created_at),
        listed(&why),
        listed(&what)
    );
    Ok(CommandError::user("Saved plan is stale", detail).with_help("plan again"))
}

fn listed(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| format!("  - {line}")).collect();
    lines.join("\n")
}

/// What has changed, a line for each kind.
fn causes(
    saved: &SavedPlan,
    now: &Basis,
    session: &Session,
    found: &[Difference],
) -> Result<Vec<String>, CommandError> {
    let old = &saved.basis;
    let root = &session.project.configuration.root;
    let mut lines = Vec::new();
    let files = Basis::compare(&old.files, &now.files);
    say(
        &mut lines,
        "configuration",
        files
            .iter()
            .map(|(path, became)| format!("{path} {}", verb(*became))),
    );
    let variables = Basis::compare(&old.variables, &now.variables);
    let changed = variables
        .iter()
        .filter(|(_, became)| **became == Became::Changed);
    let (secret, plain): (Vec<_>, Vec<_>) = changed
        .map(|(name, _)| *name)
        .partition(|name| is_secret(root, saved, name));
    let another = |name: &str| format!("the variable `{name}` has another value");
    say(&mut lines, "variables", plain.into_iter().map(another));
    let reads = Basis::compare(&old.reads, &now.reads);
    let (ephemeral, data): (Vec<_>, Vec<_>) = reads
        .into_iter()
        .filter(|(_, became)| *became == Became::Changed)
        .map(|(address, _)| address)
        .partition(|address| address.contains("ephemeral."));
    let gave = |address: &str| format!("{address} gives another value");
    let secrets = secret.into_iter().map(another);
    say(
        &mut lines,
        "secrets",
        secrets.chain(ephemeral.into_iter().map(gave)),
    );
    say(&mut lines, "data", data.into_iter().map(gave));
    let objects = Basis::compare(&old.objects, &now.objects);
    let rows = objects
        .iter()
        .map(|(address, became)| format!("{address} {}", verb(*became)));
    say(&mut lines, "state", rows);
    if !objects.is_empty()
        && let Some(last) = session.last_run_since(saved.created_at)?
        && let Some(line) = lines.pop()
    {
        let (run, when) = (last.run, time_of(last.started_at));
        lines.push(format!(
            "{line} (last written by `{}` of {}, {when})",
            run.command, run.who
        ));
    }
    let names = in_state(&saved.plan);
    let live: BTreeMap<String, bool> = found
        .iter()
        .filter_map(|one| one.found.as_ref())
        .map(|(address, there)| (names.get(address).copied().unwrap_or(address), *there))
        .map(|(address, there)| (address.to_string(), there))
        .filter(|(name, _)| !objects.contains_key(name.as_str()))
        .collect();
    let outside = |(name, there): (String, bool)| {
        let what = if there { "changed" } else { "deleted" };
        format!("{name} was {what} outside of flowctl")
    };
    say(&mut lines, "live objects", live.into_iter().map(outside));
    if lines.is_empty() {
        lines.push(
            "nothing that was kept: configuration, variables, state and live objects are the same, \
             so it is the environment, such as account, region or endpoint"
                .to_owned(),
        );
    }
    Ok(lines)
}

/// Adds what there is to say of a kind.
fn say(lines: &mut Vec<String>, kind: &str, what: impl Iterator<Item = String>) {
    let mut what: Vec<_> = what.collect();
    let more = what.len().saturating_sub(LISTED);
    what.truncate(LISTED);
    if more > 0 {
        what.push(format!("and {more} more"));
    }
    if !what.is_empty() {
        lines.push(format!("{kind}: {}", what.join(", ")));
    }
}

fn verb(became: Became) -> &'static str {
    match became {
        Became::New => "is new",
        Became::Changed => "has changed",
        Became::Gone => "is gone",
    }
}

/// Whether the value of a variable is nobody's business.
fn is_secret(root: &Module, saved: &SavedPlan, name: &str) -> bool {
    let declared = root.variables.get(name);
    let told = saved.values.get(name);
    declared.is_none_or(|variable| variable.sensitive || variable.ephemeral)
        || told.is_none_or(Value::is_sensitive)
}

/// What state called the instances that a plan moves.
fn in_state(plan: &Plan) -> BTreeMap<&Address, &Address> {
    let moved = plan.changes.iter();
    moved
        .filter_map(|change| Some((&change.address, change.previous_address.as_ref()?)))
        .collect()
}
