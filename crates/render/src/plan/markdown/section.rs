//! The parts below the verdict: failed checks, a fold for each resource, outputs, drift, warnings.

use std::fmt::Write as _;

use flowctl_model::plan::{Action, Change};
use flowctl_parser::{Diagnostic, SourceMap};
use flowctl_schema::Providers;

use super::diff::{self, Detail};
use super::escape::{code, fenced, html_code, shortened};
use super::fit::{Budget, Item};
use super::{Input, is_destructive};
use crate::plan::compact::changed_names;
use crate::plan::conditions;
use crate::plan::resource::{because, forcing, is_shown, mark, verdict};
use crate::style::clean;

/// A part that can be shown in full or on a line.
pub(super) type Section<'a> = Item<'a>;

/// All parts, written at one level of detail.
pub(super) struct Sections<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) detail: Detail,
    /// Whether `<details>` is understood.
    pub(super) folds: bool,
}

impl<'a> Sections<'a> {
    /// Writes everything in full, if it fits.
    pub(super) fn all(&self, out: &mut Budget) -> bool {
        let mut fits = true;
        self.visit(&mut |item| {
            fits = out.item(item.heading, &(item.full)());
            fits
        });
        fits
    }

    /// Every part.
    pub(super) fn each(&self) -> Vec<Section<'_>> {
        let mut items = Vec::new();
        self.visit(&mut |item| {
            items.push(item);
            true
        });
        items
    }

    /// Calls `visit` with each part in order, until it says no.
    fn visit<'s>(&'s self, visit: &mut impl FnMut(Section<'s>) -> bool) {
        let plan = self.input.plan;
        let shown = || plan.changes.iter().filter(|change| is_shown(change));
        let destroyed = shown().filter(|change| is_destructive(change));
        let others = shown().filter(|change| !is_destructive(change));
        let drift = plan.drift.iter().map(|drift| self.drift(drift));
        let _ = self
            .details()
            .into_iter()
            .chain(self.checks())
            .chain(destroyed.chain(others).map(|change| self.change(change)))
            .chain(self.outputs())
            .chain(drift)
            .chain(self.warnings())
            .chain(self.ignored())
            .try_for_each(|item| visit(item).then_some(()));
    }

    fn fold(&self, summary: &str, plain: &str, body: &str) -> String {
        if self.folds {
            format!("\n<details><summary>{summary}</summary>\n\n{body}\n</details>\n")
        } else {
            format!("\n{plain}\n\n{body}")
        }
    }

    fn change(&self, change: &'a Change) -> Section<'_> {
        let address = change.address.to_string();
        let symbol = mark(change.action).symbol();
        let mut notes: Vec<String> = because(change).into_iter().collect();
        notes.extend(forcing(change));
        let mut words = verdict(change).1.to_owned();
        if let Some(previous) = &change.previous_address {
            if change.action == Action::NoOp && change.importing.is_none() {
                "has moved".clone_into(&mut words);
            }
            notes.push(format!("moved from {previous}"));
        }
        if let (Some(id), true) = (&change.importing, change.action != Action::NoOp) {
            notes.push(format!("imported from {id}"));
        }
        let say = |code: fn(&str) -> String| {
            let symbol = if symbol.trim().is_empty() {
                ">"
            } else {
                symbol
            };
            let mut text = format!("{} {} {words}", code(symbol), code(&address));
            for note in &notes {
                let _ = write!(text, " ({})", code(note));
            }
            text
        };
        let (html, plain) = (say(html_code), say(code));
        // What is destroyed stands at the top as well; of an update a line says what changes.
        let names = match change.action {
            Action::Update => changing(change, self.input.providers),
            _ => String::new(),
        };
        let line = format!("- {plain}{names}\n");
        let full = move || {
            let lines = diff::change(change, self.input.providers, self.detail);
            self.fold(&html, &plain, &fenced("diff", &lines))
        };
        Item {
            heading: "Changes",
            full: Box::new(full),
            line,
            rank: match change.action {
                _ if is_destructive(change) => 1,
                Action::Update => 2,
                Action::Create => 3,
                Action::Forget => 4,
                _ => 6,
            },
            kind: match change.action {
                Action::Create => "to create",
                Action::Update => "to update",
                Action::Delete => "to destroy",
                Action::DeleteThenCreate | Action::CreateThenDelete => "to replace",
                Action::Forget => "to forget",
                Action::Read => "to read",
                Action::NoOp => "to move or import",
            },
        }
    }

    fn outputs(&self) -> Option<Section<'_>> {
        let outputs = self.input.plan.outputs.iter();
        let changed: Vec<_> = outputs.filter(|(_, output)| output.changed).collect();
        let count = changed.len();
        let full = move || {
            let lines = diff::outputs(&changed, self.detail);
            format!("\n{}", fenced("diff", &lines))
        };
        (count > 0).then(|| Item {
            heading: "Outputs",
            full: Box::new(full),
            line: format!("- changed outputs: {count}\n"),
            rank: 4,
            kind: "group of outputs",
        })
    }

    fn drift(&self, drift: &'a flowctl_model::plan::Drift) -> Section<'_> {
        let words = match drift.after {
            Some(_) => "has changed outside of flowctl",
            None => "has been deleted outside of flowctl",
        };
        let address = drift.address.to_string();
        let say = |code: fn(&str) -> String| format!("{} {words}", code(&address));
        let (html, plain) = (say(html_code), say(code));
        let line = format!("- {plain}\n");
        let full = move || {
            let lines = diff::drift(drift, self.input.providers, self.detail);
            self.fold(&html, &plain, &fenced("diff", &lines))
        };
        Item {
            heading: "Changed outside of flowctl",
            full: Box::new(full),
            line,
            rank: 5,
            kind: "changed outside of flowctl",
        }
    }

    fn checks(&self) -> Option<Section<'_>> {
        let open = conditions::open(self.input.plan, self.input.diagnostics);
        if open.is_empty() {
            return None;
        }
        let mut lines = Vec::new();
        for open in &open {
            let place = open.found.map(|found| place(found, self.input.sources));
            let (address, place) = (&open.check.address, place.unwrap_or_default());
            lines.push(clean(&format!("{address}: {}{place}", open.word())).into_owned());
            let message = open
                .check
                .message
                .iter()
                .flat_map(|message| message.lines());
            lines.extend(message.map(|line| format!("    {}", clean(line))));
        }
        let count = open.len();
        Some(Item {
            heading: "Checks",
            full: Box::new(move || format!("\n{}", fenced("text", &self.bounded(&lines)))),
            line: format!("- {} did not pass\n", counted(count, "check")),
            rank: 0,
            kind: "group of checks that did not pass",
        })
    }

    /// What is wrong, in whole; the head has the first line of each.
    fn details(&self) -> Option<Section<'_>> {
        let errors = self.input.diagnostics.iter().filter(|d| d.is_error());
        let lines: Vec<_> = errors.flat_map(|error| self.paragraph(error)).collect();
        (!lines.is_empty()).then(|| Item {
            heading: "",
            full: Box::new(move || {
                let text = fenced("text", &self.bounded(&lines));
                self.fold("All of the errors", "#### All of the errors", &text)
            }),
            line: String::new(),
            rank: 0,
            kind: "text of the errors",
        })
    }

    fn warnings(&self) -> Option<Section<'_>> {
        let found = conditions::others(self.input.plan, self.input.diagnostics);
        let told = |d: &&Diagnostic| !d.is_error() && d.ignored.is_none();
        self.group(
            found.into_iter().filter(told).collect(),
            "Warnings",
            "group of warnings",
        )
    }

    /// What comments ask to ignore: a reviewer decides whether they may.
    fn ignored(&self) -> Option<Section<'_>> {
        let found = self.input.diagnostics.iter();
        self.group(
            found.filter(|d| d.ignored.is_some()).collect(),
            "Ignored findings",
            "group of ignored findings",
        )
    }

    fn group(
        &self,
        found: Vec<&Diagnostic>,
        heading: &'static str,
        kind: &'static str,
    ) -> Option<Section<'_>> {
        let count = found.len();
        let lines: Vec<_> = found
            .into_iter()
            .flat_map(|found| self.paragraph(found))
            .collect();
        (count > 0).then(|| Item {
            heading,
            full: Box::new(move || format!("\n{}", fenced("text", &self.bounded(&lines)))),
            line: format!("- {heading}: {count}\n"),
            rank: 0,
            kind,
        })
    }

    fn paragraph(&self, diagnostic: &Diagnostic) -> Vec<String> {
        let detail = crate::diagnostics::json::detail(diagnostic, self.input.sources);
        let place = place(diagnostic, self.input.sources);
        let mut lines = vec![format!("{}{place}", diagnostic.summary)];
        lines.extend(detail.lines().map(|line| format!("    {line}")));
        lines
            .iter()
            .map(|line| clean(line).trim_end().to_owned())
            .collect()
    }

    /// So many lines, each so long, as the level of detail allows.
    fn bounded(&self, lines: &[String]) -> Vec<String> {
        let left_out = lines.len().saturating_sub(self.detail.lines);
        let shorten = |line: &String| shortened(line, self.detail.line).into_owned();
        let mut kept: Vec<_> = lines.iter().take(self.detail.lines).map(shorten).collect();
        if left_out > 0 {
            kept.push(format!("({left_out} lines left out)"));
        }
        kept
    }
}

/// `1 check`, `2 checks`
fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// `: `name`, `url` and 2 more`
fn changing(change: &Change, providers: &Providers) -> String {
    const MOST: usize = 3;
    let names = changed_names(change, providers);
    let shown: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|n| code(&shortened(n, 60)))
        .collect();
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if shown.is_empty() {
        return String::new();
    }
    format!(": {}{more}", shown.join(", "))
}

fn place(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let known = diagnostic.span.and_then(|span| {
        let source = sources.get(span.file)?;
        let at = source.position(span.start);
        Some(format!(" ({}:{}:{})", source.path, at.line, at.column))
    });
    known.unwrap_or_default()
}

/// The first line of an error, for the head.
pub(super) fn one_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = place(diagnostic, sources);
    format!("- {}\n", code(&format!("{}{place}", diagnostic.summary)))
}
