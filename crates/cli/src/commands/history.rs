//! `flowctl history`.

use std::fmt::Write as _;

use clap::Args;
use flowctl_render::style::{Style, Styled, clean};
use flowctl_state::{OperationRecord, RunRecord};
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::state::StateFiles;

/// Show the runs that changed state, newest first, or what one of them did
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// The number of a run
    #[arg(value_name = "RUN")]
    run: Option<i64>,

    /// Machine-readable
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(app: &mut App, args: &HistoryArgs) -> Result<Outcome, CommandError> {
    let files = StateFiles::of(&app.context);
    files.read_existing()?;
    let runs = flowctl_state::history(&files.state)?;
    let text = match args.run {
        None if args.json => {
            let runs: Vec<_> = runs.iter().map(run_json).collect();
            pretty(&json!(runs)).into()
        }
        None => table(&runs),
        Some(number) => {
            let run = runs.iter().find(|run| run.id == number).ok_or_else(|| {
                CommandError::user("No such run", format!("The history has no run {number}."))
                    .with_help("see the runs there are with `flowctl history`")
            })?;
            let operations = flowctl_state::operations(&files.state, number)?;
            if args.json {
                let mut shown = run_json(run);
                shown["operations"] = operations.iter().map(operation_json).collect();
                pretty(&shown).into()
            } else {
                details(run, &operations)
            }
        }
    };
    app.ui.print_styled(&text)?;
    Ok(Outcome::Done)
}

fn table(runs: &[RunRecord]) -> Styled {
    let mut out = Styled::new();
    for run in runs {
        out.push(Style::Strong, &format!("{:>4}", run.id));
        out.plain(&format!(
            "  {}  {:>6}  ",
            moment(run.started_at),
            length(run.started_at, run.ended_at)
        ));
        let (style, outcome) = outcome(run);
        out.push(style, &format!("{outcome:<12}"));
        out.plain(&format!(
            "  {}  {}\n",
            clean(&run.run.who),
            clean(&run.run.command)
        ));
    }
    if runs.is_empty() {
        out.plain("No run has changed this state yet.\n");
    }
    out
}

fn details(run: &RunRecord, operations: &[OperationRecord]) -> Styled {
    let mut out = table(std::slice::from_ref(run));
    for operation in operations {
        let style = match operation.status.as_str() {
            "succeeded" => Style::Added,
            "failed" => Style::Error,
            _ => Style::Warning,
        };
        out.plain(&format!(
            "      {:<7} {}  ",
            operation.action,
            clean(&operation.address)
        ));
        out.push(style, &operation.status);
        let time = length(operation.started_at, operation.ended_at);
        out.push(Style::Dim, &format!(" {time}\n"));
        for line in operation.error.iter().flat_map(|error| error.lines()) {
            out.plain(&format!("        {}\n", clean(line)));
        }
    }
    out
}

/// How a run ended; one that never said so was cut off or still goes on.
fn outcome(run: &RunRecord) -> (Style, &str) {
    match run.outcome.as_deref() {
        None => (Style::Warning, "unfinished"),
        Some("done") => (Style::Added, "done"),
        Some("failed") => (Style::Error, "failed"),
        Some(other) => (Style::Warning, other),
    }
}

fn time_of(seconds: f64) -> Option<OffsetDateTime> {
    // The clock gives no more than whole nanoseconds of a few decades.
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let nanoseconds = (seconds * 1e9) as i128;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()
}

fn moment(seconds: f64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    let text = time_of(seconds).and_then(|time| time.format(format).ok());
    text.unwrap_or_default()
}

fn length(started: f64, ended: Option<f64>) -> String {
    match ended {
        None => "-".to_owned(),
        Some(ended) => {
            let seconds = (ended - started).max(0.0);
            if seconds < 60.0 {
                format!("{seconds:.1}s")
            } else {
                format!("{:.0}m{:02.0}s", (seconds / 60.0).floor(), seconds % 60.0)
            }
        }
    }
}

fn rfc3339(seconds: f64) -> Option<String> {
    // Milliseconds are what the journal is good for.
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time_of(seconds)?.format(&format).ok()
}

fn run_json(run: &RunRecord) -> serde_json::Value {
    json!({
        "run": run.id,
        "started_at": rfc3339(run.started_at),
        "ended_at": run.ended_at.and_then(rfc3339),
        "who": run.run.who,
        "command": run.run.command,
        "version": run.run.version,
        "outcome": run.outcome,
    })
}

fn operation_json(operation: &OperationRecord) -> serde_json::Value {
    json!({
        "address": operation.address,
        "action": operation.action,
        "status": operation.status,
        "error": operation.error,
        "started_at": rfc3339(operation.started_at),
        "ended_at": operation.ended_at.and_then(rfc3339),
    })
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = String::new();
    // A JSON value can always be written as text.
    let _ = writeln!(text, "{value:#}");
    text
}
