//! The differences of single objects as lines, for formats that give each object a place of its
//! own.

use flowctl_model::plan::{Change, Drift, OutputChange};
use flowctl_model::{Address, Text};
use flowctl_schema::Providers;

use super::diff::Objects;
use super::elements::{self, display_width, padded};
use super::human::{HumanOptions, block_of};
use super::lines::{Line, marked_lines};
use super::page::{Mark, Page};
use super::resource::{self, block_header};
use crate::style::clean;

/// What happens to one instance, without the remarks above it.
pub(super) fn change(change: &Change, providers: &Providers, options: HumanOptions) -> Vec<Line> {
    let mut page = Page::new(options);
    resource::write(&mut page, change, providers);
    let lines = marked_lines(&page.out).into_iter();
    trimmed(
        lines
            .skip_while(|line| line.text.starts_with("# "))
            .collect(),
    )
}

/// How one object changed outside.
pub(super) fn drift(drift: &Drift, providers: &Providers, options: HumanOptions) -> Vec<Line> {
    let mut page = Page::new(options);
    let mark = match drift.after {
        Some(_) => Mark::Change,
        None => Mark::Remove,
    };
    open(&mut page, mark, &drift.address);
    let objects = Objects {
        block: block_of(&drift.address, providers),
        changed: None,
        replace: &[],
        adopted: false,
    };
    objects.write(&mut page, 6, Some(&drift.before), drift.after.as_ref());
    page.close(2, "}");
    page.end();
    trimmed(marked_lines(&page.out))
}

fn open(page: &mut Page, mark: Mark, address: &Address) {
    page.start(2, mark);
    page.text(&clean(&block_header(address)));
    page.end();
}

/// How the outputs change.
pub(super) fn outputs(changed: &[(&Text, &OutputChange)], options: HumanOptions) -> Vec<Line> {
    let mut page = Page::new(options);
    let width = changed.iter().map(|(name, _)| display_width(name)).max();
    for (name, output) in changed {
        let change = elements::Change {
            secret: output.sensitive,
            ..elements::Change::of(output.before.as_ref(), output.after.as_ref(), true)
        };
        let label = padded(clean(name).into_owned(), width.unwrap_or(0));
        page.turn_to(&output.awaits);
        change.write(&mut page, 2, &label, "");
    }
    trimmed(marked_lines(&page.out))
}

fn trimmed(mut lines: Vec<Line>) -> Vec<Line> {
    while lines.last().is_some_and(|line| line.text.is_empty()) {
        lines.pop();
    }
    lines
}
