//! A plan as one page that can be kept and opened anywhere: no request leaves it, and nothing of a
//! configuration can become markup or script in it.

mod diff;
mod graph;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flowctl_model::plan::{Action, Change, CheckStatus, Plan};
use flowctl_model::problem::Severity;
use flowctl_parser::{Diagnostic, SourceMap};
use flowctl_schema::Providers;
use sha2::{Digest, Sha256};

use self::diff::rows;
use crate::plan::conditions;
use crate::plan::human::summary;
use crate::plan::markdown::html;
use crate::plan::resource::{because, forcing, is_shown, mark, verdict};
use crate::style::clean;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What a page is made of.
pub struct Input<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Where the schemas are looked up.
    pub providers: &'a Providers,
    /// Errors and warnings.
    pub diagnostics: &'a [Diagnostic],
    /// The files that they are about.
    pub sources: &'a SourceMap,
    /// What the plan is of: a directory or a workspace.
    pub target: &'a str,
    /// The version of flowctl.
    pub flowctl_version: &'a str,
    /// When the plan was made, if that is to be said.
    pub timestamp: Option<&'a str>,
}

/// What is done to an instance, as the page groups, colours and filters it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Group {
    /// The name in the page's classes.
    class: &'static str,
    /// The word that is read.
    word: &'static str,
}

/// The groups in the order in which they are shown.
const GROUPS: [Group; 7] = [
    group("delete", "destroy"),
    group("replace", "replace"),
    group("update", "update"),
    group("create", "create"),
    group("forget", "forget"),
    group("read", "read"),
    group("keep", "move or import"),
];

const fn group(class: &'static str, word: &'static str) -> Group {
    Group { class, word }
}

fn group_of(action: Action) -> Group {
    GROUPS[match action {
        Action::Delete => 0,
        Action::DeleteThenCreate | Action::CreateThenDelete => 1,
        Action::Update => 2,
        Action::Create => 3,
        Action::Forget => 4,
        Action::Read => 5,
        Action::NoOp => 6,
    }]
}

/// The page.
pub fn page(input: &Input<'_>) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // Indices are those of the plan, so that the graph can refer to the sections.
    let mut shown: Vec<(usize, &Change)> = input
        .plan
        .changes
        .iter()
        .enumerate()
        .filter(|(_, change)| is_shown(change))
        .collect();
    let order = |change: &Change| GROUPS.iter().position(|g| *g == group_of(change.action));
    shown.sort_by_key(|(_, change)| order(change));
    head(&mut out, input);
    banner(&mut out, input);
    controls(&mut out, &shown);
    out.push_str("<main>\n");
    findings(&mut out, input);
    checks(&mut out, input);
    graph::write(&mut out, input.plan);
    changes(&mut out, &shown, input.providers);
    outputs(&mut out, input.plan);
    drift(&mut out, input);
    let _ = write!(
        out,
        "</main>\n<footer>flowctl {}{}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        text(input.flowctl_version),
        input
            .timestamp
            .map_or(String::new(), |at| format!(", {}", text(&to_seconds(at)))),
    );
    out
}

/// A time of RFC 3339 as people read it.
fn to_seconds(at: &str) -> String {
    let fraction = |c: char| c == '.' || c.is_ascii_digit();
    match at.split_once('.') {
        Some((seconds, rest)) => {
            let zone = rest.trim_start_matches(fraction);
            format!("{} {zone}", seconds.replacen('T', " ", 1)).replace(" Z", " UTC")
        }
        None => at.to_owned(),
    }
}

/// Text of any origin as text of the page.
fn text(any: &str) -> String {
    html(&clean(any))
}

/// The policy names the one style and the one script by their digests: no other runs, and nothing
/// is loaded.
fn head(out: &mut String, input: &Input<'_>) {
    let digest = |content: &str| BASE64.encode(Sha256::digest(content.as_bytes()));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Plan {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        digest(STYLE),
        digest(SCRIPT),
        text(input.target),
    );
}

fn banner(out: &mut String, input: &Input<'_>) {
    let errors = input.diagnostics.iter().filter(|d| d.is_error()).count();
    let verdict = match errors {
        0 => text(summary(input.plan).as_str()),
        1 => "Planning failed with an error.".to_owned(),
        errors => format!("Planning failed with {errors} errors."),
    };
    let target = if input.target.is_empty() {
        String::new()
    } else {
        format!(" <code>{}</code>", text(input.target))
    };
    let _ = write!(
        out,
        "<header>\n<h1>flowctl plan{target}</h1>\n<p class=\"verdict{}\">{verdict}</p>\n\
         <button type=\"button\" id=\"theme\" hidden aria-label=\"Light or dark\">◐</button>\n",
        if errors > 0 { " bad" } else { "" },
    );
    let found = conditions::others(input.plan, input.diagnostics);
    let warnings = found.len() - errors;
    let checks = conditions::open(input.plan, input.diagnostics).len();
    let outputs = input.plan.outputs.values().filter(|o| o.changed).count();
    let parts = [
        (errors, "error", "errors", "findings"),
        (warnings, "warning", "warnings", "findings"),
        (checks, "check not met", "checks not met", "checks"),
        (
            input.plan.drift.len(),
            "change outside of flowctl",
            "changes outside of flowctl",
            "drift",
        ),
        (outputs, "output", "outputs", "outputs"),
    ];
    let links: Vec<_> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many, id)| {
            let words = if *count == 1 { one } else { many };
            format!("<a href=\"#{id}\">{count} {words}</a>")
        })
        .collect();
    if !links.is_empty() {
        let _ = writeln!(out, "<p class=\"also\">{}</p>", links.join(" · "));
    }
    out.push_str("</header>\n");
}

fn controls(out: &mut String, shown: &[(usize, &Change)]) {
    if shown.is_empty() {
        return;
    }
    out.push_str("<div class=\"controls\" role=\"search\" hidden>\n<div class=\"chips\">\n");
    for group in GROUPS {
        let count = shown
            .iter()
            .filter(|(_, change)| group_of(change.action) == group)
            .count();
        if count > 0 {
            let _ = writeln!(
                out,
                "<button type=\"button\" class=\"chip {0}\" data-filter=\"{0}\" \
                 aria-pressed=\"true\">{count} {1}</button>",
                group.class, group.word
            );
        }
    }
    out.push_str(
        "</div>\n<input type=\"search\" id=\"search\" placeholder=\"Filter by text\" \
         aria-label=\"Filter by text\" autocomplete=\"off\" spellcheck=\"false\">\n\
         <button type=\"button\" id=\"split\" aria-pressed=\"false\">Side by side</button>\n\
         <button type=\"button\" id=\"all\" aria-pressed=\"false\">Open all</button>\n\
         <span id=\"count\" role=\"status\"></span>\n\
         <span class=\"keys\"><kbd>/</kbd> filter <kbd>j</kbd> <kbd>k</kbd> move \
         <kbd>s</kbd> side by side <kbd>a</kbd> open all</span>\n</div>\n",
    );
}

fn findings(out: &mut String, input: &Input<'_>) {
    let findings = conditions::others(input.plan, input.diagnostics);
    if findings.is_empty() {
        return;
    }
    out.push_str("<section id=\"findings\"><h2>Errors and warnings</h2>\n");
    for found in findings {
        let class = if found.is_error() { "error" } else { "warning" };
        let word = found.word();
        let detail = crate::diagnostics::json::detail(found, input.sources);
        let _ = writeln!(
            out,
            "<div class=\"finding {class}\"><strong>{word}:</strong> {}{}{}<pre>{}</pre></div>",
            text(&found.summary),
            found
                .address
                .as_ref()
                .map_or(String::new(), |address| format!(
                    " <span class=\"note\">with <code>{}</code></span>",
                    text(address)
                )),
            place(found, input.sources),
            text(&detail),
        );
    }
    out.push_str("</section>\n");
}

/// Where something was found: ` main.tf:1:2`.
fn place(found: &Diagnostic, sources: &SourceMap) -> String {
    let known = found.span.and_then(|span| {
        let source = sources.get(span.file)?;
        let at = source.position(span.start);
        Some(format!("{}:{}:{}", source.path, at.line, at.column))
    });
    known.map_or(String::new(), |place| {
        format!(" <code>{}</code>", text(&place))
    })
}

fn checks(out: &mut String, input: &Input<'_>) {
    let open = conditions::open(input.plan, input.diagnostics);
    if open.is_empty() {
        return;
    }
    out.push_str("<section id=\"checks\"><h2>Checks</h2>\n");
    for open in &open {
        let check = open.check;
        let class = match (check.status, check.severity) {
            (CheckStatus::Fail, Severity::Error) => "error",
            (CheckStatus::Fail, Severity::Warning) => "warning",
            _ => "info",
        };
        let _ = writeln!(
            out,
            "<div class=\"finding {class}\"><code>{}</code> {}{}<pre>{}</pre></div>",
            text(&check.address),
            open.word(),
            open.found
                .map_or(String::new(), |found| place(found, input.sources)),
            text(check.message.as_deref().unwrap_or_default()),
        );
    }
    out.push_str("</section>\n");
}

fn changes(out: &mut String, shown: &[(usize, &Change)], providers: &Providers) {
    if shown.is_empty() {
        return;
    }
    out.push_str("<section id=\"changes\"><h2>Changes</h2>\n");
    for (index, change) in shown {
        let group = group_of(change.action);
        let mut notes: Vec<String> = because(change).into_iter().collect();
        notes.extend(forcing(change));
        let moved = change.previous_address.as_ref();
        notes.extend(moved.map(|previous| format!("moved from {previous}")));
        notes.extend(
            change
                .importing
                .as_ref()
                .map(|id| format!("imported from {id}")),
        );
        let deposed = change.deposed.as_ref();
        notes.extend(deposed.map(|id| format!("the replaced object {id} is to be destroyed")));
        let words = match change.action {
            Action::NoOp if change.importing.is_none() => "has moved",
            _ => verdict(change).1,
        };
        let notes: Vec<_> = notes.iter().map(|note| text(note)).collect();
        let _ = writeln!(
            out,
            "<details class=\"change {class}\" id=\"r{index}\" data-group=\"{class}\"><summary>\
             <span class=\"mark\" aria-hidden=\"true\">{}</span> <code>{}</code> \
             <span class=\"words\">{words}</span>{}</summary>",
            text(mark(change.action).symbol()),
            text(&change.address.to_string()),
            if notes.is_empty() {
                String::new()
            } else {
                format!(" <span class=\"note\">{}</span>", notes.join("; "))
            },
            class = group.class,
        );
        rows(out, &diff::change(change, providers));
        out.push_str("</details>\n");
    }
    out.push_str("<p id=\"none\" hidden>Nothing matches the filter.</p>\n</section>\n");
}

fn outputs(out: &mut String, plan: &Plan) {
    let changed: Vec<_> = plan.outputs.iter().filter(|(_, o)| o.changed).collect();
    if !changed.is_empty() {
        out.push_str("<section id=\"outputs\"><h2>Outputs</h2>\n");
        rows(out, &diff::outputs(&changed));
        out.push_str("</section>\n");
    }
}

fn drift(out: &mut String, input: &Input<'_>) {
    if input.plan.drift.is_empty() {
        return;
    }
    out.push_str("<section id=\"drift\"><h2>Changed outside of flowctl</h2>\n");
    for drift in &input.plan.drift {
        let (class, words) = match drift.after {
            Some(_) => ("update", "has changed"),
            None => ("delete", "has been deleted"),
        };
        let _ = writeln!(
            out,
            "<details class=\"{class}\"><summary><code>{}</code> \
             <span class=\"words\">{words}</span></summary>",
            text(&drift.address.to_string()),
        );
        rows(out, &diff::drift(drift, input.providers));
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
}

#[cfg(test)]
mod tests;
