//! A plan for people, in the layout that Terraform users read at a glance.

use flowctl_model::plan::{Action, CheckResult, CheckStatus, Counts, Drift, OutputChange, Plan};
use flowctl_model::problem::Severity;
use flowctl_model::{Address, Text, Value};
use flowctl_schema::{Block, Providers};

use super::compact;
use super::diff::Objects;
use super::elements::{self, display_width, padded};
use super::page::{Mark, Page};
use super::resource::{self, block_header};
use crate::style::{Style, Styled, clean};

/// How much of a plan is shown, and in how many columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HumanOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// How much of what does not change is shown.
    pub context: Context,
    /// One line per resource instance.
    pub compact: bool,
}

/// How much of what does not change is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Context {
    /// What identifies an object, and so many lines or elements around a change in a text or a
    /// list; the rest is counted.
    Lines(usize),
    /// Everything, and no value cut short.
    All,
}

impl Default for HumanOptions {
    fn default() -> Self {
        Self {
            width: 80,
            context: Context::Lines(3),
            compact: false,
        }
    }
}

/// The whole plan; the summary is the last line.
pub fn plan(plan: &Plan, providers: &Providers, options: &HumanOptions) -> Styled {
    let mut page = Page::new(*options);
    drift(&mut page, &plan.drift, providers);
    let shown: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| resource::is_shown(change))
        .collect();
    if !shown.is_empty() {
        resource::legend(&mut page, &shown);
        for change in shown {
            if options.compact {
                compact::resource(&mut page, change, providers);
            } else {
                resource::write(&mut page, change, providers);
                page.end();
            }
        }
        if options.compact {
            page.end();
        }
    }
    outputs(&mut page, plan);
    checks(&mut page, &plan.checks);
    page.out.append(&summary(plan));
    page.end();
    page.out
}

/// The line that says how much is to be done.
pub fn summary(plan: &Plan) -> Styled {
    let mut out = Styled::new();
    if plan.is_empty() {
        out.push(Style::Strong, "No changes.");
        out.plain(" Your infrastructure matches the configuration.");
        return out;
    }
    out.push(Style::Strong, "Plan:");
    out.plain(&format!(" {}.", count_words(plan.counts())));
    out
}

/// `1 to add, 0 to change, 0 to destroy`, with imports in front and what is forgotten behind.
pub fn count_words(counts: Counts) -> String {
    let mut parts = Vec::new();
    if counts.import > 0 {
        parts.push(format!("{} to import", counts.import));
    }
    parts.push(format!("{} to add", counts.add));
    parts.push(format!("{} to change", counts.change));
    parts.push(format!("{} to destroy", counts.destroy));
    if counts.forget > 0 {
        parts.push(format!("{} to forget", counts.forget));
    }
    parts.join(", ")
}

/// An object as it is in state, for `show` and `state show`, with a note behind the address such
/// as `(tainted)`, which may be empty.
pub fn object(
    address: &Address,
    note: &str,
    attributes: &Value,
    providers: &Providers,
    options: &HumanOptions,
) -> Styled {
    let mut page = Page::bare(*options);
    let space = if note.is_empty() { "" } else { " " };
    let title = format!("# {address}:{space}{note}");
    page.out.push(Style::Strong, &clean(&title));
    page.end();
    page.text(&clean(&block_header(address)));
    page.end();
    let objects = Objects {
        block: block_of(address, providers),
        changed: None,
        replace: &[],
        adopted: false,
    };
    objects.write(&mut page, 2, None, Some(attributes));
    page.text("}");
    page.end();
    page.out
}

/// The table of an instance's type, if the providers know it.
pub(super) fn block_of<'a>(address: &Address, providers: &'a Providers) -> Option<&'a Block> {
    let name = &address.resource.type_name;
    let schema = match address.resource.mode {
        flowctl_model::Mode::Managed => providers.resource_type(name)?.schema(),
        flowctl_model::Mode::Data => providers.data_source(name)?.schema(),
        flowctl_model::Mode::Ephemeral => providers.ephemeral_resource(name)?.schema(),
    };
    Some(&schema.block)
}

fn drift(page: &mut Page, drift: &[Drift], providers: &Providers) {
    if drift.is_empty() {
        return;
    }
    page.out.push(Style::Strong, "Note:");
    page.text(" Objects have changed outside of flowctl\n\n");
    page.prose(
        "flowctl detected the following changes made outside of flowctl since the last run:",
    );
    page.end();
    for item in drift {
        let Drift {
            address,
            before,
            after,
        } = item;
        let (mark, words) = match after {
            Some(_) => (Mark::Change, " has changed"),
            None => (Mark::Remove, " has been deleted"),
        };
        if page.options.compact {
            page.start(2, mark);
            page.out.push(Style::Strong, &clean(&address.to_string()));
            page.text(words);
            page.end();
            continue;
        }
        page.text("  # ");
        page.out.push(Style::Strong, &clean(&address.to_string()));
        page.text(words);
        page.end();
        page.start(2, mark);
        page.text(&clean(&block_header(address)));
        page.end();
        let objects = Objects {
            block: block_of(address, providers),
            changed: None,
            replace: &[],
            adopted: false,
        };
        objects.write(page, 6, Some(before), after.as_ref());
        page.close(2, "}");
        page.text("\n\n");
    }
    if page.options.compact {
        page.end();
    }
}

fn outputs(page: &mut Page, plan: &Plan) {
    let changed: Vec<(&Text, &OutputChange)> = plan
        .outputs
        .iter()
        .filter(|(_, output)| output.changed)
        .collect();
    if changed.is_empty() {
        return;
    }
    page.out.push(Style::Strong, "Changes to Outputs:");
    page.end();
    let width = changed.iter().map(|(name, _)| display_width(name)).max();
    for (name, output) in changed {
        let label = clean(name).into_owned();
        let change = elements::Change {
            secret: output.sensitive,
            ..elements::Change::of(output.before.as_ref(), output.after.as_ref(), true)
        };
        if page.options.compact {
            page.start(2, change.mark());
            page.text(&label);
            page.end();
        } else {
            page.turn_to(&output.awaits);
            change.write(page, 2, &padded(label, width.unwrap_or(0)), "");
        }
    }
    page.end();
    let idle = |action| matches!(action, Action::NoOp | Action::Read);
    if plan.counts() == Counts::default() && plan.changes.iter().all(|c| idle(c.action)) {
        page.prose(
            "You can apply this plan to save these new output values to the state, without \
             changing any real infrastructure.",
        );
        page.end();
    }
}

fn checks(page: &mut Page, checks: &[CheckResult]) {
    let open: Vec<_> = checks
        .iter()
        .filter(|check| check.status != CheckStatus::Pass)
        .collect();
    if open.is_empty() {
        return;
    }
    page.out.push(Style::Strong, "Checks:");
    page.end();
    for check in open {
        let (mark, style, word) = match (check.status, check.severity) {
            (CheckStatus::Fail, Severity::Error) => ("✗", Style::Error, "failed"),
            (CheckStatus::Fail, Severity::Warning) => ("!", Style::Warning, "failed (warning)"),
            _ => ("?", Style::Dim, "known after apply"),
        };
        page.text("  ");
        page.out.push(style, mark);
        page.text(" ");
        page.out.push(Style::Strong, &clean(&check.address));
        page.text(": ");
        page.out.push(style, word);
        page.end();
        for line in check.message.iter().flat_map(|m| m.lines()) {
            page.text("      ");
            page.text(&clean(line));
            page.end();
        }
    }
    page.end();
}

#[cfg(test)]
mod tests;
