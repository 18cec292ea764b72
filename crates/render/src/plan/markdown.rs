//! A plan or its outcome as a comment on a pull request: the verdict first, then what is destroyed,
//! then one fold for each resource, never longer than the place where it is to be read allows.

mod diff;
mod escape;
mod fit;
mod section;

use std::fmt::Write as _;

use flowctl_model::event::Summary;
use flowctl_model::plan::{Action, Change, Counts, Plan};
use flowctl_parser::{Diagnostic, SourceMap};
use flowctl_schema::Providers;

pub(in crate::plan) use self::escape::{html, push_html};

use self::diff::DETAILS;
use self::escape::{code, shortened};
use self::fit::{Budget, Fitted};
use self::section::Sections;
use crate::plan::human::count_words;
use crate::plan::resource::{because, mark, verdict};

/// Shorter limits are taken as this: less says nothing.
pub const SHORTEST: usize = 1000;

/// What a comment is about. Comments of different kinds do not replace each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What would be done.
    Plan,
    /// What was done.
    Apply,
}

/// Where the comment is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Host {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket, which knows neither folds nor HTML comments.
    Bitbucket,
}

impl Host {
    /// The longest comment that the host takes.
    pub fn max_length(self) -> usize {
        match self {
            Self::GitHub => 65_536,
            Self::GitLab => 1_000_000,
            Self::Bitbucket => 32_768,
        }
    }

    fn has_html(self) -> bool {
        self != Self::Bitbucket
    }
}

/// What a comment is made of.
pub struct Input<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Where the schemas are looked up.
    pub providers: &'a Providers,
    /// Errors and warnings.
    pub diagnostics: &'a [Diagnostic],
    /// The files that they are about.
    pub sources: &'a SourceMap,
    /// How the run ended, for [`Kind::Apply`].
    pub summary: Option<&'a Summary>,
}

/// How a comment is written.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What it is about.
    pub kind: Kind,
    /// What tells it from other comments on the same request: a directory or a workspace.
    pub target: &'a str,
    /// Where it is to be read.
    pub host: Host,
    /// Most bytes of it; at least 1000. By default [`Host::max_length`].
    pub max_length: Option<usize>,
    /// Where all of it can be read when something had to be left out: an address or a command.
    pub whole: Option<&'a str>,
}

/// The comment.
pub fn comment(input: &Input<'_>, options: &Options<'_>) -> String {
    let max = options.max_length.unwrap_or(options.host.max_length());
    let max = max.max(SHORTEST);
    let sections = |detail| Sections {
        input,
        detail,
        folds: options.host.has_html(),
    };
    for (index, detail) in DETAILS.iter().enumerate() {
        let cut = index > 0;
        let footer = footer(options, &[], cut);
        let mut out = Budget::new(max.saturating_sub(footer.len()));
        head(&mut out, input, options);
        if out.is_complete() && sections(*detail).all(&mut out) {
            return out.into_text() + &footer;
        }
    }
    // Something has to be left out, and how much is known only at the end.
    let reserve = footer(options, &[(usize::MAX, WORST)], true).len();
    let mut out = Budget::new(max.saturating_sub(reserve));
    head(&mut out, input, options);
    let last = DETAILS[DETAILS.len() - 1];
    let sections = sections(last);
    let Fitted { folded, unlisted } = fit::fit(&mut out, &sections.each());
    let mut left_out = Vec::new();
    if folded > 0 {
        left_out.push((folded, "shown on one line only"));
    }
    if unlisted > 0 {
        left_out.push((unlisted, "only counted above"));
    }
    out.into_text() + &footer(options, &left_out, true)
}

/// The longest that can be said of what is left out.
const WORST: &str = "shown on one line only, 18446744073709551615 only counted above";

/// The first lines: a marker nobody sees, the verdict and the counts; errors and what is
/// destroyed follow.
fn head(out: &mut Budget, input: &Input<'_>, options: &Options<'_>) {
    out.must(&marker(options));
    out.must(&headline(input, options));
    out.must(&counts(input.plan));
    let third = out.left() / 3;
    let errors = input.diagnostics.iter().filter(|d| d.is_error());
    let errors: Vec<_> = errors
        .map(|e| section::one_line(e, input.sources))
        .collect();
    out.list("#### Errors\n\n", &errors, "more errors", third);
    let destroyed: Vec<_> = input
        .plan
        .changes
        .iter()
        .filter(|c| is_destructive(c))
        .collect();
    let lines: Vec<_> = destroyed
        .iter()
        .map(|change| destroyed_line(change))
        .collect();
    let third = out.left() / 2;
    let title = match options.kind {
        Kind::Plan => "#### Destroyed or replaced\n\n",
        Kind::Apply => "#### To be destroyed or replaced\n\n",
    };
    out.list(
        title,
        &lines,
        "more objects are destroyed or replaced",
        third,
    );
}

/// A comment that is not shown, by which a later run finds this one to update it.
fn marker(options: &Options<'_>) -> String {
    let kind = match options.kind {
        Kind::Plan => "plan",
        Kind::Apply => "apply",
    };
    let name = format!("flowctl:{kind}:{}", target(options.target));
    if options.host.has_html() {
        format!("<!-- {name} -->\n")
    } else {
        format!("[//]: # ({name})\n\n")
    }
}

/// A target in letters, digits and harmless signs; different targets stay different.
fn target(name: &str) -> String {
    const LONGEST: usize = 100;
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'/' => {
                out.push(char::from(byte));
            }
            // Two dashes would end the comment.
            b'-' if !out.ends_with('-') => out.push('-'),
            byte => {
                let _ = write!(out, "%{byte:02x}");
            }
        }
    }
    if out.ends_with('-') {
        out.pop();
        out.push_str("%2d");
    }
    if out.len() > LONGEST {
        let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        out.truncate(LONGEST - 17);
        let _ = write!(out, "-{sum:016x}");
    }
    out
}

/// The verdict on one line.
fn headline(input: &Input<'_>, options: &Options<'_>) -> String {
    let errors = input.diagnostics.iter().filter(|d| d.is_error()).count();
    let target = if options.target.is_empty() {
        String::new()
    } else {
        format!(" {}", code(&shortened(options.target, 80)))
    };
    let counts = match input.plan.counts() {
        none if none == Counts::default() && !input.plan.is_empty() => {
            let moved = |change: &Change| change.previous_address.is_some();
            if input.plan.changes.iter().any(moved) {
                "only state changes".to_owned()
            } else {
                "only outputs change".to_owned()
            }
        }
        counts => count_words(counts),
    };
    let (title, verdict) = match (options.kind, input.summary) {
        (Kind::Apply, Some(summary)) if summary.is_complete() && errors == 0 => {
            ("apply", format!("applied: {}", summary_words(summary)))
        }
        (Kind::Apply, Some(summary)) => (
            "apply",
            format!("**incomplete**: {}", summary_words(summary)),
        ),
        (Kind::Apply, None) if errors > 0 => ("apply", "**failed**".to_owned()),
        (Kind::Apply, None) => ("apply", counts),
        (Kind::Plan, _) if errors > 0 => ("plan", "**failed**".to_owned()),
        (Kind::Plan, _) if input.plan.is_empty() => ("plan", "no changes".to_owned()),
        (Kind::Plan, _) => ("plan", counts),
    };
    format!("### flowctl {title}{target}: {verdict}\n")
}

fn summary_words(summary: &Summary) -> String {
    let counts = [
        (summary.imported, "imported", false),
        (summary.added, "added", true),
        (summary.changed, "changed", true),
        (summary.destroyed, "destroyed", true),
        (summary.forgotten, "forgotten", false),
        (summary.failed, "failed", false),
        (summary.skipped, "skipped", false),
    ];
    let shown = counts
        .iter()
        .filter(|(count, _, always)| *always || *count > 0);
    let mut words: Vec<_> = shown
        .map(|(count, word, _)| format!("{count} {word}"))
        .collect();
    if summary.interrupted {
        words.push("interrupted".to_owned());
    }
    words.join(", ")
}

/// How often each action occurs, as a table.
fn counts(plan: &Plan) -> String {
    let count = |what: fn(&Change) -> bool| plan.changes.iter().filter(|c| what(c)).count();
    let columns: [(&str, usize); 8] = [
        ("destroy", count(|c| c.action == Action::Delete)),
        ("replace", count(|c| c.action.is_replace())),
        ("create", count(|c| c.action == Action::Create)),
        ("update", count(|c| c.action == Action::Update)),
        ("import", count(|c| c.importing.is_some())),
        ("move", count(|c| c.previous_address.is_some())),
        ("forget", count(|c| c.action == Action::Forget)),
        ("read", count(|c| c.action == Action::Read)),
    ];
    let used: Vec<_> = columns.iter().filter(|(_, count)| *count > 0).collect();
    if used.is_empty() {
        return String::new();
    }
    let row = |cell: &dyn Fn(&(&str, usize)) -> String| {
        let cells: Vec<_> = used.iter().map(|column| cell(column)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    format!(
        "\n{}{}{}",
        row(&|(word, _)| (*word).to_owned()),
        row(&|_| "---:".to_owned()),
        row(&|(_, count)| count.to_string()),
    )
}

fn is_destructive(change: &Change) -> bool {
    change.action == Action::Delete || change.action.is_replace() || change.deposed.is_some()
}

/// `- `-/+` `address` must be replaced: `name` forces it`
fn destroyed_line(change: &Change) -> String {
    let (_, words) = verdict(change);
    let mut line = format!(
        "- {} {} {words}",
        code(mark(change.action).symbol()),
        code(&change.address.to_string()),
    );
    let paths: Vec<_> = change.replace_paths.iter().take(3).collect();
    if !paths.is_empty() {
        let paths: Vec<_> = paths.iter().map(|path| code(&path.to_string())).collect();
        let _ = write!(line, ": {} forces replacement", paths.join(", "));
    }
    if let Some(because) = because(change) {
        let _ = write!(line, " ({})", code(&because));
    }
    if let Some(deposed) = &change.deposed {
        let _ = write!(line, "; the replaced object {} is destroyed", code(deposed));
    }
    line.push('\n');
    line
}

/// What was left out, and where it can be read.
fn footer(options: &Options<'_>, left_out: &[(usize, &str)], cut: bool) -> String {
    if left_out.is_empty() && !cut {
        return String::new();
    }
    let counts: Vec<_> = left_out
        .iter()
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let what = if counts.is_empty() {
        "Long values and lists are shortened".to_owned()
    } else {
        format!("Left out for length: {}", counts.join(", "))
    };
    let place = options
        .whole
        .map(|whole| format!(" All of it: {}", escape::address(&shortened(whole, 300))));
    format!("\n{what}.{}\n", place.unwrap_or_default())
}

#[cfg(test)]
mod tests;
