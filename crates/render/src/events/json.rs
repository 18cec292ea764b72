//! A run as Terraform's machine-readable user interface tells it: one JSON object a line.
//!
//! Each function gives lines without the line break. The time comes in as text (RFC 3339), since
//! nothing here may look at a clock.

mod line;

use std::collections::BTreeMap;
use std::time::Duration;

use flowctl_model::Text;
use flowctl_model::event::{
    Event, Operation, OperationAction, RecoveryFinding, RunKind, Skipped, Summary,
};
use flowctl_model::plan::{Action, Change, Drift, Plan, Reason};
use flowctl_model::snapshot::OutputState;
use flowctl_parser::{Diagnostic, Severity, SourceMap};
use serde::Serialize;

pub(crate) use self::line::KeyJson;
use self::line::{
    AppliedOutput, Changes, CountsJson, Finding, Hook, Importing, Line, Nothing, Outputs, Planned,
    PlannedChange, PlannedOutput, VersionJson, resource,
};
use crate::diagnostics::json::Excerpts;
use crate::json::{Shown, TERRAFORM_VERSION};
use crate::plan::human::count_words;

/// The version of the format that is followed.
const UI_VERSION: &str = "1.2";

/// The first line of a stream.
pub fn version(flowctl_version: &str, timestamp: &str) -> String {
    let message = format!("flowctl {flowctl_version}");
    let body = VersionJson {
        flowctl: flowctl_version,
        terraform: TERRAFORM_VERSION,
        ui: UI_VERSION,
    };
    Line::info(message, timestamp, "version", body)
}

/// A finding about the configuration or the run.
pub fn diagnostic(diagnostic: &Diagnostic, sources: &SourceMap, timestamp: &str) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warn",
    };
    let body = Finding {
        diagnostic: Excerpts::new(sources).write(diagnostic),
    };
    let message = format!("{}: {}", diagnostic.word(), diagnostic.summary);
    Line::at(level, message, timestamp, "diagnostic", body)
}

/// A plan: what changed outside, what would be done, how much that is and what becomes of the
/// outputs, one line each.
pub fn plan(plan: &Plan, timestamp: &str) -> Vec<String> {
    let mut lines: Vec<String> = plan.drift.iter().map(|d| drift(d, timestamp)).collect();
    lines.extend(plan.changes.iter().filter_map(|c| planned(c, timestamp)));
    let counts = plan.counts();
    let changes = CountsJson {
        add: counts.add,
        change: counts.change,
        import: counts.import,
        remove: counts.destroy,
        forget: counts.forget,
        failed: 0,
        skipped: 0,
        operation: "plan",
    };
    let message = format!("Plan: {}.", count_words(counts));
    let body = Changes { changes };
    lines.push(Line::info(message, timestamp, "change_summary", body));
    let changed: BTreeMap<&str, PlannedOutput> = plan
        .outputs
        .iter()
        .map(|(name, output)| (&**name, PlannedOutput::from(output)))
        .collect();
    if plan.outputs.values().any(|output| output.changed) {
        lines.push(outputs_line(&changed, timestamp));
    }
    lines
}

/// The outputs after a run. Sensitive ones have no value here.
pub fn outputs(outputs: &BTreeMap<Text, OutputState>, timestamp: &str) -> String {
    let written: BTreeMap<&str, AppliedOutput<'_>> = outputs
        .iter()
        .map(|(name, output)| {
            let sensitive = output.sensitive || output.value.is_sensitive();
            let written = AppliedOutput {
                sensitive,
                ty: output.value.ty(),
                value: (!sensitive).then_some(Shown(&output.value)),
            };
            (&**name, written)
        })
        .collect();
    outputs_line(&written, timestamp)
}

/// What an event of the executor becomes: no line, one, or several.
///
/// `kind` is what the run was asked to do.
pub fn event(event: &Event, kind: RunKind, timestamp: &str) -> Vec<String> {
    match event {
        // The plan says how much is to be done, and `version` begins the stream.
        Event::RunStarted { .. }
        | Event::RefreshStarted { .. }
        | Event::RefreshDone { .. }
        | Event::OperationPlanned(_) => Vec::new(),
        Event::Recovered(note) => {
            let message = format!(
                "{}: Left unfinished by an earlier run: {}",
                note.operation.address,
                finding(note.finding).1
            );
            let hook = Hook {
                finding: Some(finding(note.finding).0),
                ..Hook::operation(&note.operation)
            };
            vec![Line::hook(message, timestamp, "recovered", hook)]
        }
        Event::RefreshProgress { batch, .. } => batch
            .iter()
            .flat_map(|read| {
                let hook = |found| Hook {
                    id_key: Some("id"),
                    id_value: Some(&read.id),
                    found,
                    ..Hook::of(&read.address)
                };
                let message = |words| format!("{}: {words} [id={}]", read.address, read.id);
                let found = (!read.found).then_some(false);
                [
                    Line::hook(
                        message("Refreshing state..."),
                        timestamp,
                        "refresh_start",
                        hook(None),
                    ),
                    Line::hook(
                        message("Refresh complete"),
                        timestamp,
                        "refresh_complete",
                        hook(found),
                    ),
                ]
            })
            .collect(),
        Event::OperationStarted(operation) => {
            let words = words(operation.action);
            let message = format!("{}: {}...{}", operation.address, words.begun, id(operation));
            let hook = Hook::operation(operation).with_id(operation);
            vec![Line::hook(message, timestamp, "apply_start", hook)]
        }
        Event::OperationStillGoing {
            operation,
            elapsed,
            waiting_for,
        } => {
            let waiting = waiting_for.as_deref();
            let message = format!(
                "{}: Still {}... [{} elapsed{}]",
                operation.address,
                words(operation.action).begun.to_lowercase(),
                seconds(*elapsed),
                waiting.map_or(String::new(), |what| format!(", waiting for {what}")),
            );
            let hook = Hook {
                elapsed_seconds: Some(elapsed.as_secs()),
                waiting_for: waiting,
                ..Hook::operation(operation)
            };
            vec![Line::hook(message, timestamp, "apply_progress", hook)]
        }
        Event::OperationFinished { operation, elapsed } => {
            let gone = operation.action == OperationAction::Delete;
            let message = format!(
                "{}: {} complete after {}{}",
                operation.address,
                words(operation.action).noun,
                seconds(*elapsed),
                if gone { String::new() } else { id(operation) },
            );
            let mut hook = Hook::operation(operation);
            if !gone {
                hook = hook.with_id(operation);
            }
            hook.elapsed_seconds = Some(elapsed.as_secs());
            vec![Line::hook(message, timestamp, "apply_complete", hook)]
        }
        Event::OperationFailed {
            operation,
            elapsed,
            message: why,
        } => {
            let message = format!(
                "{}: {} errored after {}",
                operation.address,
                words(operation.action).noun,
                seconds(*elapsed),
            );
            let hook = Hook {
                elapsed_seconds: Some(elapsed.as_secs()),
                error: Some(why),
                ..Hook::operation(operation)
            };
            vec![Line::hook(message, timestamp, "apply_errored", hook)]
        }
        Event::OperationSkipped { operation, because } => {
            let why = match because {
                Skipped::DependencyFailed(on) => format!("{on} failed"),
                Skipped::Cancelled => "the run was interrupted".to_owned(),
                Skipped::NoDifference => "there is no difference".to_owned(),
            };
            let message = format!("{}: Skipped, because {why}", operation.address);
            let hook = Hook {
                reason: Some(&why),
                ..Hook::operation(operation)
            };
            vec![Line::hook(message, timestamp, "apply_skipped", hook)]
        }
        Event::Cancelled { in_flight } => {
            let message =
                format!("Interrupted: waiting for {in_flight} operations, starting no others");
            vec![Line::at("warn", message, timestamp, "log", Nothing {})]
        }
        Event::Summary(summary) => summary_line(summary, kind, timestamp).into_iter().collect(),
    }
}

fn summary_line(summary: &Summary, kind: RunKind, timestamp: &str) -> Option<String> {
    let operation = match kind {
        RunKind::Plan => return None,
        RunKind::Destroy => "destroy",
        RunKind::Apply | RunKind::Import | RunKind::Refresh => "apply",
    };
    let changes = CountsJson {
        add: summary.added,
        change: summary.changed,
        import: summary.imported,
        remove: summary.destroyed,
        forget: summary.forgotten,
        failed: summary.failed,
        skipped: summary.skipped,
        operation,
    };
    let mut parts = Vec::new();
    if summary.imported > 0 {
        parts.push(format!("{} imported", summary.imported));
    }
    if kind != RunKind::Destroy {
        parts.push(format!("{} added", summary.added));
        parts.push(format!("{} changed", summary.changed));
    }
    parts.push(format!("{} destroyed", summary.destroyed));
    for (count, word) in [
        (summary.forgotten, "forgotten"),
        (summary.failed, "failed"),
        (summary.skipped, "skipped"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let what = if kind == RunKind::Destroy {
        "Destroy"
    } else {
        "Apply"
    };
    let (level, how) = if summary.is_complete() {
        ("info", "complete!")
    } else {
        ("error", "incomplete.")
    };
    let message = format!("{what} {how} Resources: {}.", parts.join(", "));
    let body = Changes { changes };
    Some(Line::at(level, message, timestamp, "change_summary", body))
}

fn drift(drift: &Drift, timestamp: &str) -> String {
    let action = if drift.after.is_some() {
        "update"
    } else {
        "delete"
    };
    let message = format!("{}: Drift detected ({action})", drift.address);
    let change = PlannedChange {
        resource: resource(&drift.address),
        previous_resource: None,
        action,
        reason: None,
        importing: None,
    };
    Line::info(message, timestamp, "resource_drift", Planned { change })
}

fn planned(change: &Change, timestamp: &str) -> Option<String> {
    let action = match change.action {
        Action::NoOp if change.previous_address.is_some() => "move",
        Action::NoOp if change.importing.is_some() => "import",
        Action::NoOp => return None,
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::DeleteThenCreate | Action::CreateThenDelete => "replace",
        Action::Delete => "delete",
        Action::Forget => "remove",
    };
    let message = format!("{}: Plan to {action}", change.address);
    let body = PlannedChange {
        resource: resource(&change.address),
        previous_resource: change.previous_address.as_ref().map(resource),
        action,
        reason: change.reason.as_ref().and_then(reason),
        importing: change.importing.as_deref().map(|id| Importing { id }),
    };
    Some(Line::info(
        message,
        timestamp,
        "planned_change",
        Planned { change: body },
    ))
}

/// Terraform's word for a reason, and for those it does not know one of our own.
fn reason(reason: &Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::New | Reason::DestroyRequested => return None,
        Reason::DeletedOutside => "deleted_outside",
        Reason::CannotUpdate => "cannot_update",
        Reason::ReplaceRequested => "requested",
        Reason::ReplaceTriggered(_) => "replace_triggered_by",
        Reason::Tainted => "tainted",
        Reason::NoResourceConfig | Reason::RemovedBlock => "delete_because_no_resource_config",
        Reason::NoModule => "delete_because_no_module",
        Reason::CountIndex => "delete_because_count_index",
        Reason::EachKey => "delete_because_each_key",
        Reason::WrongRepetition => "delete_because_wrong_repetition",
        Reason::SecretKeyChanged => "secret_key_changed",
        Reason::Interrupted => "interrupted",
        Reason::ReadDependsOnUnknown => "read_because_config_unknown",
    })
}

fn finding(finding: RecoveryFinding) -> (&'static str, &'static str) {
    match finding {
        RecoveryFinding::NeverHappened => ("never_happened", "it was never carried out"),
        RecoveryFinding::WillResume => ("will_resume", "it will be resumed"),
        RecoveryFinding::Adopted => ("adopted", "its object exists and is in state now"),
        RecoveryFinding::NotOurs => (
            "not_ours",
            "an object of that name exists that was not made by flowctl, and is left alone",
        ),
        RecoveryFinding::WillUpdateAgain => ("will_update_again", "the update is sent again"),
        RecoveryFinding::Deleted => ("deleted", "its object is gone and no longer in state"),
        RecoveryFinding::StillThere => ("still_there", "its object is still to be deleted"),
    }
}

struct Words {
    begun: &'static str,
    noun: &'static str,
}

fn words(action: OperationAction) -> Words {
    let (begun, noun) = match action {
        OperationAction::Create => ("Creating", "Creation"),
        OperationAction::Read => ("Reading", "Read"),
        OperationAction::Update => ("Modifying", "Modifications"),
        OperationAction::Delete => ("Destroying", "Destruction"),
        OperationAction::Import => ("Importing", "Import"),
        OperationAction::Forget => ("Removing", "Removal"),
        OperationAction::Record => ("Recording", "Recording"),
    };
    Words { begun, noun }
}

fn id(operation: &Operation) -> String {
    operation
        .id
        .as_ref()
        .map_or(String::new(), |id| format!(" [id={id}]"))
}

fn seconds(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds / 60 {
        0 => format!("{seconds}s"),
        minutes => format!("{minutes}m{}s", seconds % 60),
    }
}

fn outputs_line<T: Serialize>(outputs: &BTreeMap<&str, T>, timestamp: &str) -> String {
    let message = format!("Outputs: {}", outputs.len());
    Line::info(message, timestamp, "outputs", Outputs { outputs })
}

#[cfg(test)]
mod tests;
