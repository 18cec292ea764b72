//! A run for people: a line per event in Terraform's words, and how it ended. Nothing here draws
//! on a terminal; the live progress bar takes its words from here too.

use std::time::Duration;

use flowctl_model::event::{
    Event, Operation, OperationAction, RecoveryFinding, RecoveryNote, RunKind, Skipped, Summary,
};

use crate::style::{Style, Styled, clean};

/// Entries of a list in the closing summary before the rest is counted.
const LONG_LIST: usize = 20;

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

/// The line that an event is worth when every line is kept, as in a log; `None` for an event that
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

/// What became of a run, collected from its events.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    kind: Option<RunKind>,
    done: Vec<Operation>,
    failed: Vec<(Operation, String)>,
    skipped: Vec<(Operation, Skipped)>,
    summary: Summary,
}

impl Outcome {
    /// Takes note of an event.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::RunStarted { kind } => self.kind = Some(*kind),
            Event::OperationFinished { operation, .. } => self.done.push(operation.clone()),
            Event::OperationFailed {
                operation, message, ..
            } => self.failed.push((operation.clone(), first_line(message))),
            Event::OperationSkipped { operation, because } => {
                self.skipped.push((operation.clone(), because.clone()));
            }
            Event::Summary(summary) => self.summary = *summary,
            _ => {}
        }
    }

    /// How the run ended, one line if all went well, and else what was done, what failed and what
    /// was not begun.
    pub fn summary(&self) -> Styled {
        let mut out = Styled::new();
        let name = match self.kind {
            Some(RunKind::Plan) => "Plan",
            Some(RunKind::Destroy) => "Destroy",
            Some(RunKind::Import) => "Import",
            Some(RunKind::Refresh) => "Refresh",
            Some(RunKind::Apply) | None => "Apply",
        };
        let counts = counts(self.kind, &self.summary);
        if self.summary.is_complete() {
            out.push(
                Style::Added,
                &format!("{name} complete! Resources: {counts}."),
            );
            out.plain("\n");
            return out;
        }
        let how = if self.summary.interrupted {
            "interrupted"
        } else {
            "incomplete"
        };
        out.push(Style::Error, &format!("{name} {how}."));
        out.plain(&format!(
            " Resources: {counts}; {} failed, {} skipped.\n",
            self.summary.failed, self.summary.skipped
        ));
        let done: Vec<_> = self
            .done
            .iter()
            .filter_map(|operation| {
                let past = words(operation.action)?.past;
                Some((operation, past.to_owned()))
            })
            .collect();
        list(&mut out, "Done", Style::Added, "+", &done);
        let failed: Vec<_> = self
            .failed
            .iter()
            .map(|(operation, message)| (operation, message.clone()))
            .collect();
        list(&mut out, "Failed", Style::Error, "!", &failed);
        let skipped: Vec<_> = self
            .skipped
            .iter()
            .filter(|(_, because)| *because != Skipped::NoDifference)
            .map(|(operation, because)| (operation, format!("because {}", why_skipped(because))))
            .collect();
        list(&mut out, "Skipped", Style::Warning, "-", &skipped);
        out.plain("\nWhat was done is in state. The next plan shows what is left.\n");
        out
    }
}

/// `1 added, 0 changed, 0 destroyed`, with imports in front and what is forgotten behind.
fn counts(kind: Option<RunKind>, summary: &Summary) -> String {
    let mut parts = Vec::new();
    if summary.imported > 0 {
        parts.push(format!("{} imported", summary.imported));
    }
    // As Terraform, a destruction counts nothing else unless there was something else.
    if kind != Some(RunKind::Destroy) || summary.added + summary.changed > 0 {
        parts.push(format!("{} added", summary.added));
        parts.push(format!("{} changed", summary.changed));
    }
    parts.push(format!("{} destroyed", summary.destroyed));
    if summary.forgotten > 0 {
        parts.push(format!("{} forgotten", summary.forgotten));
    }
    parts.join(", ")
}

fn list(out: &mut Styled, title: &str, style: Style, mark: &str, rows: &[(&Operation, String)]) {
    if rows.is_empty() {
        return;
    }
    out.plain("\n");
    out.push(Style::Strong, &format!("{title}:"));
    out.plain("\n");
    for (operation, what) in rows.iter().take(LONG_LIST) {
        out.plain("  ");
        out.push(style, mark);
        out.plain(" ");
        out.append(&name(operation));
        out.plain(&format!(": {what}\n"));
    }
    if let Some(more) = rows.len().checked_sub(LONG_LIST).filter(|more| *more > 0) {
        out.plain(&format!("    and {more} more\n"));
    }
}

#[cfg(test)]
mod tests {
    use flowctl_model::event::Refreshed;

    use super::*;
    use crate::samples::address;

    fn operation(name: &str, action: OperationAction, id: Option<&str>) -> Operation {
        Operation {
            address: address(name),
            action,
            id: id.map(Into::into),
            deposed: false,
        }
    }

    /// A run in which each kind of event occurs.
    fn events() -> Vec<Event> {
        use OperationAction::{Create, Delete, Forget, Import, Read, Record, Update};
        let crm = |id| operation("aws_appflow_connector_profile.crm", Create, id);
        let seconds = Duration::from_secs;
        let mut events = vec![
            Event::RunStarted {
                kind: RunKind::Apply,
            },
            Event::RefreshStarted { total: 1 },
            Event::RefreshProgress {
                batch: vec![Refreshed {
                    address: address("aws_sample.a"),
                    id: "a".into(),
                    found: true,
                }],
                done: 1,
                total: 1,
            },
            Event::RefreshDone {
                found: 1,
                gone: 0,
                elapsed: seconds(1),
            },
        ];
        let findings = [
            (RecoveryFinding::NeverHappened, Create),
            (RecoveryFinding::WillResume, Create),
            (RecoveryFinding::Adopted, Create),
            (RecoveryFinding::NotOurs, Create),
            (RecoveryFinding::WillUpdateAgain, Update),
            (RecoveryFinding::Deleted, Delete),
            (RecoveryFinding::StillThere, Delete),
        ];
        events.extend(findings.map(|(finding, action)| {
            Event::Recovered(RecoveryNote {
                operation: operation("aws_sample.unfinished", action, Some("u")),
                finding,
            })
        }));
        events.extend([
            Event::OperationPlanned(crm(None)),
            Event::OperationStarted(crm(None)),
            Event::OperationStillGoing {
                operation: crm(None),
                elapsed: seconds(10),
                waiting_for: None,
            },
            Event::OperationStillGoing {
                operation: crm(None),
                elapsed: seconds(70),
                waiting_for: Some("the private connection".into()),
            },
            Event::OperationFinished {
                operation: crm(Some("crm")),
                elapsed: Duration::from_millis(1400),
            },
        ]);
        for (name, action) in [
            ("aws_sample.changed", Update),
            ("aws_sample.gone", Delete),
            ("data.aws_sample.read", Read),
            ("aws_sample.adopted", Import),
            ("aws_sample.forgotten", Forget),
            ("aws_sample.saved", Record),
        ] {
            let operation = operation(name, action, Some("i-\u{1b}[31m"));
            events.push(Event::OperationStarted(operation.clone()));
            events.push(Event::OperationStillGoing {
                operation: operation.clone(),
                elapsed: seconds(20),
                waiting_for: None,
            });
            events.push(Event::OperationFinished {
                operation,
                elapsed: seconds(3700),
            });
        }
        let deposed = Operation {
            deposed: true,
            ..operation("aws_sample.replaced", Delete, Some("old"))
        };
        events.extend([
            Event::OperationStarted(deposed),
            Event::OperationFailed {
                operation: operation("aws_sample.broken", Create, None),
                elapsed: seconds(2),
                message: "ValidationException: the role cannot be assumed\nrequest id 1".into(),
            },
            Event::OperationSkipped {
                operation: operation("aws_sample.after", Create, None),
                because: Skipped::DependencyFailed(address("aws_sample.broken")),
            },
            Event::OperationSkipped {
                operation: operation("aws_sample.late", Create, None),
                because: Skipped::Cancelled,
            },
            Event::OperationSkipped {
                operation: operation("aws_sample.same", Update, Some("s")),
                because: Skipped::NoDifference,
            },
            Event::Cancelled { in_flight: 0 },
            Event::Cancelled { in_flight: 1 },
            Event::Cancelled { in_flight: 3 },
        ]);
        events
    }

    #[test]
    fn each_event_is_a_line() {
        let lines: Vec<_> = events().iter().filter_map(line).collect();
        let text: String = lines.iter().map(|l| format!("{}\n", l.as_str())).collect();
        assert!(!text.contains('\u{1b}'));
        insta::assert_snapshot!("events", text);
    }

    fn ended(kind: RunKind, summary: Summary, events: &[Event]) -> String {
        let mut outcome = Outcome::default();
        outcome.note(&Event::RunStarted { kind });
        for event in events {
            if !matches!(event, Event::RunStarted { .. }) {
                outcome.note(event);
            }
        }
        outcome.note(&Event::Summary(summary));
        outcome.summary().as_str().to_owned()
    }

    #[test]
    fn a_run_that_went_well_ends_in_one_line() {
        let one = Summary {
            added: 1,
            ..Summary::default()
        };
        assert_eq!(
            ended(RunKind::Apply, one, &[]),
            "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n"
        );
        let more = Summary {
            imported: 2,
            forgotten: 1,
            ..one
        };
        assert_eq!(
            ended(RunKind::Apply, more, &[]),
            "Apply complete! Resources: 2 imported, 1 added, 0 changed, 0 destroyed, 1 forgotten.\n"
        );
        let gone = Summary {
            destroyed: 3,
            ..Summary::default()
        };
        assert_eq!(
            ended(RunKind::Destroy, gone, &[]),
            "Destroy complete! Resources: 3 destroyed.\n"
        );
    }

    #[test]
    fn a_run_that_failed_says_what_was_done_and_what_not() {
        let summary = Summary {
            added: 1,
            failed: 1,
            skipped: 2,
            ..Summary::default()
        };
        insta::assert_snapshot!("outcome_failed", ended(RunKind::Apply, summary, &events()));
        let many: Vec<_> = (0..30)
            .map(|i| Event::OperationFinished {
                operation: operation(&format!("aws_sample.a[{i}]"), OperationAction::Create, None),
                elapsed: Duration::ZERO,
            })
            .collect();
        let summary = Summary {
            added: 30,
            skipped: 1,
            interrupted: true,
            ..Summary::default()
        };
        let text = ended(RunKind::Apply, summary, &many);
        assert!(text.starts_with("Apply interrupted. "), "{text}");
        assert!(text.contains("and 10 more\n"), "{text}");
    }

    #[test]
    fn durations_are_terraforms() {
        let cases = [
            (0, "0s"),
            (1499, "1s"),
            (1500, "2s"),
            (70_000, "1m10s"),
            (3_725_000, "1h2m5s"),
        ];
        for (millis, expected) in cases {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }
}
