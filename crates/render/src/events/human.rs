//! A run for people: a line per event in Terraform's words, and how it ended. Nothing here draws
//! on a terminal; the live progress bar takes its words from here too.

mod outcome;

use std::time::Duration;

use flowctl_model::event::{
    Event, Operation, OperationAction, RecoveryFinding, RecoveryNote, Skipped,
};

pub use self::outcome::Outcome;

use crate::style::{Style, Styled, clean};

/// The words for an action: while it goes on, and when it ends. `None` for what only concerns
/// state and is done at once.
struct Words {
    doing: &'static str,
    still: &'static str,
    done: &'static str,
    failed: &'static str,
    past: &'static str,
}

fn words(action: OperationAction) -> Option<Words> {
    let words = |doing, still, done, failed, past| {
        Some(Words {
            doing,
            still,
            done,
            failed,
            past,
        })
    };
    match action {
        OperationAction::Create => words(
            "Creating",
            "Still creating",
            "Creation complete",
            "Creation failed",
            "created",
        ),
        OperationAction::Read => words(
            "Reading",
            "Still reading",
            "Read complete",
            "Reading failed",
            "read",
        ),
        OperationAction::Update => words(
            "Modifying",
            "Still modifying",
            "Modifications complete",
            "Modification failed",
            "changed",
        ),
        OperationAction::Delete => words(
            "Destroying",
            "Still destroying",
            "Destruction complete",
            "Destruction failed",
            "destroyed",
        ),
        OperationAction::Import => words(
            "Importing",
            "Still importing",
            "Import complete",
            "Import failed",
            "imported",
        ),
        OperationAction::Forget => words(
            "Removing from state",
            "Still removing from state",
            "Removed from state",
            "Removal from state failed",
            "forgotten",
        ),
        OperationAction::Record => None,
    }
}

/// The line, without its line break, that an event is worth in a log; `None` for an event that
/// says nothing worth keeping.
pub fn line(event: &Event) -> Option<Styled> {
    match event {
        Event::RunStarted { .. }
        | Event::RefreshStarted { .. }
        | Event::RefreshProgress { .. }
        | Event::RefreshDone { .. }
        | Event::OperationPlanned(_)
        | Event::Summary(_) => None,
        Event::Recovered(note) => Some(recovery(note)),
        Event::OperationStarted(operation) => {
            let words = words(operation.action)?;
            let id = known_id(operation, &[]);
            Some(said(
                operation,
                Style::Plain,
                &format!("{}...{id}", words.doing),
            ))
        }
        Event::OperationStillGoing {
            operation,
            elapsed,
            waiting_for,
        } => {
            let words = words(operation.action)?;
            let mut facts = vec![format!("{} elapsed", duration(*elapsed))];
            facts.extend(
                waiting_for
                    .iter()
                    .map(|what| format!("waiting for {}", clean(what))),
            );
            let id = known_id(operation, &facts);
            Some(said(
                operation,
                Style::Plain,
                &format!("{}...{id}", words.still),
            ))
        }
        Event::OperationFinished { operation, elapsed } => {
            let words = words(operation.action)?;
            let text = format!(
                "{} after {}{}",
                words.done,
                duration(*elapsed),
                finished_id(operation)
            );
            Some(said(operation, Style::Plain, &text))
        }
        Event::OperationFailed {
            operation,
            elapsed,
            message,
        } => {
            let failed = words(operation.action).map_or("Failed", |words| words.failed);
            let mut out = said(
                operation,
                Style::Error,
                &format!("{failed} after {}", duration(*elapsed)),
            );
            out.plain(": ");
            out.plain(&first_line(message));
            Some(out)
        }
        Event::OperationSkipped { operation, because } => {
            let text = match because {
                Skipped::NoDifference => "No changes after all".to_owned(),
                because => format!("Skipped, because {}", why_skipped(because)),
            };
            Some(said(operation, Style::Warning, &text))
        }
        Event::Cancelled { in_flight } => {
            let mut out = Styled::new();
            out.push(Style::Warning, "Interrupted.");
            out.plain(&match in_flight {
                0 => " Nothing is in flight; stopping.".to_owned(),
                1 => " Waiting for 1 operation in flight, then stopping.".to_owned(),
                count => format!(" Waiting for {count} operations in flight, then stopping."),
            });
            Some(out)
        }
    }
}

/// How far reading has come, for a progress bar.
pub fn refreshing(done: usize, total: usize) -> String {
    format!("Refreshing state... {done} of {total}")
}

/// What is being done, for a progress bar: `aws_x.crm: Creating...`.
pub fn doing(operation: &Operation) -> String {
    let doing = words(operation.action).map_or("Saving", |words| words.doing);
    said(operation, Style::Plain, &format!("{doing}..."))
        .as_str()
        .to_owned()
}

/// A length of time as Terraform writes it: `1m10s`.
pub fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_millis().saturating_add(500) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn said(operation: &Operation, style: Style, text: &str) -> Styled {
    let mut out = name(operation);
    out.plain(": ");
    out.push(style, text);
    out
}

fn name(operation: &Operation) -> Styled {
    let mut out = Styled::new();
    out.push(Style::Strong, &clean(&operation.address.to_string()));
    if operation.deposed {
        out.plain(" (deposed object)");
    }
    out
}

/// ` [id=x, fact]` as far as there is anything to say.
fn known_id(operation: &Operation, facts: &[String]) -> String {
    let id = operation.id.iter().map(|id| format!("id={}", clean(id)));
    let all: Vec<_> = id.chain(facts.iter().cloned()).collect();
    if all.is_empty() {
        String::new()
    } else {
        format!(" [{}]", all.join(", "))
    }
}

fn finished_id(operation: &Operation) -> String {
    match operation.action {
        OperationAction::Delete | OperationAction::Forget => String::new(),
        _ => known_id(operation, &[]),
    }
}

fn first_line(message: &str) -> String {
    clean(message.lines().next().unwrap_or_default()).into_owned()
}

fn why_skipped(because: &Skipped) -> String {
    match because {
        Skipped::DependencyFailed(address) => format!("{} failed", clean(&address.to_string())),
        Skipped::Cancelled => "the run was interrupted".to_owned(),
        Skipped::NoDifference => "there was nothing to change after all".to_owned(),
    }
}

/// What was found out about an operation that an earlier run left unfinished.
fn recovery(note: &RecoveryNote) -> Styled {
    let act = match note.operation.action {
        OperationAction::Create => "creation",
        OperationAction::Read => "reading",
        OperationAction::Update => "update",
        OperationAction::Delete => "deletion",
        OperationAction::Import => "import",
        OperationAction::Forget => "removal from state",
        OperationAction::Record => "bookkeeping",
    };
    let found = match note.finding {
        RecoveryFinding::NeverHappened => "was never carried out; it is planned anew".to_owned(),
        RecoveryFinding::WillResume => {
            "may have been carried out: the same request is sent again to find out".to_owned()
        }
        RecoveryFinding::Adopted => "had been carried out: the object is in state now".to_owned(),
        RecoveryFinding::NotOurs => {
            "is not what made the object of that name, as far as can be shown: it is left alone. \
             To manage it, import it"
                .to_owned()
        }
        RecoveryFinding::WillUpdateAgain => {
            "may or may not have been carried out: it is planned again".to_owned()
        }
        RecoveryFinding::Deleted => {
            "had been carried out: the object was removed from state".to_owned()
        }
        RecoveryFinding::StillThere => {
            "was not carried out: the object is still there, and its deletion is planned again"
                .to_owned()
        }
    };
    let text = format!("The {act} that an earlier run left unfinished {found}.");
    said(&note.operation, Style::Plain, &text)
}

#[cfg(test)]
mod tests;
