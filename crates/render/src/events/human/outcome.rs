//! How a run ended: what was done, what failed and what was not begun.

use flowctl_model::event::{Event, Operation, RunKind, Skipped, Summary};

use super::{first_line, name, why_skipped, words};
use crate::style::{Style, Styled};

/// Entries of a list before the rest is counted.
const LONG_LIST: usize = 20;

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
