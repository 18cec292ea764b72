//! A run in which every kind of event occurs.

use flowctl_model::event::{Refreshed, RunKind, Summary};

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
    let text: String = lines.iter().flat_map(|l| [l.as_str(), "\n"]).collect();
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
