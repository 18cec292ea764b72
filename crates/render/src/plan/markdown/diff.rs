//! The differences of one object as lines of a `diff` block: the mark in the first column, where
//! renderers look for it, and never anything of a value there.

use flowctl_model::plan::{Change, Drift, OutputChange};
use flowctl_model::{Address, Text};
use flowctl_schema::Providers;

use super::escape::shortened;
use crate::plan::diff::Objects;
use crate::plan::elements::{self, display_width, padded};
use crate::plan::human::{Context, HumanOptions, block_of};
use crate::plan::page::{Mark, Page};
use crate::plan::resource::{self, block_header};
use crate::style::{Style, Styled, clean};

/// How much is shown of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    /// Columns at twice of which a string is cut.
    pub(super) width: usize,
    /// Lines and elements around a change.
    pub(super) context: usize,
    /// Most lines of a block; what is longer loses its middle.
    pub(super) lines: usize,
    /// Most bytes of a line.
    pub(super) line: usize,
}

/// From as much as is good to read to as little as says anything.
pub(super) const DETAILS: [Detail; 3] = [
    Detail {
        width: 100,
        context: 3,
        lines: 1000,
        line: 2000,
    },
    Detail {
        width: 40,
        context: 1,
        lines: 60,
        line: 300,
    },
    Detail {
        width: 40,
        context: 0,
        lines: 16,
        line: 120,
    },
];

impl Detail {
    fn page(self) -> Page {
        Page::new(HumanOptions {
            width: self.width,
            context: Context::Lines(self.context),
            compact: false,
        })
    }
}

/// What happens to one instance.
pub(super) fn change(change: &Change, providers: &Providers, detail: Detail) -> Vec<String> {
    let mut page = detail.page();
    resource::write(&mut page, change, providers);
    let lines = marked_lines(&page.out);
    // What the header says is said by the summary of the fold.
    let body = lines
        .into_iter()
        .skip_while(|line| line.text.starts_with("# "));
    cut(body.collect(), detail)
}

/// How one object changed outside.
pub(super) fn drift(drift: &Drift, providers: &Providers, detail: Detail) -> Vec<String> {
    let mut page = detail.page();
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
    cut(marked_lines(&page.out), detail)
}

fn open(page: &mut Page, mark: Mark, address: &Address) {
    page.start(2, mark);
    page.text(&clean(&block_header(address)));
    page.end();
}

/// How the outputs change.
pub(super) fn outputs(changed: &[(&Text, &OutputChange)], detail: Detail) -> Vec<String> {
    let mut page = detail.page();
    let width = changed.iter().map(|(name, _)| display_width(name)).max();
    for (name, output) in changed {
        let change = elements::Change {
            secret: output.sensitive,
            ..elements::Change::of(output.before.as_ref(), output.after.as_ref(), true)
        };
        let label = padded(clean(name).into_owned(), width.unwrap_or(0));
        change.write(&mut page, 2, &label, "");
    }
    cut(marked_lines(&page.out), detail)
}

/// A line and its mark: `+`, `-`, `!` or a space.
struct Line {
    mark: char,
    text: String,
}

/// Takes the marks out of a page. A mark is known by its style, so that nothing in a value can be
/// taken for one.
fn marked_lines(page: &Styled) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut pieces: Vec<(Style, &str)> = Vec::new();
    for (style, text) in page.runs() {
        for (index, piece) in text.split('\n').enumerate() {
            if index > 0 {
                lines.push(marked(&pieces));
                pieces.clear();
            }
            if !piece.is_empty() {
                pieces.push((style, piece));
            }
        }
    }
    if !pieces.is_empty() {
        lines.push(marked(&pieces));
    }
    lines
}

/// Columns of a page that the mark and the space behind it stand for.
const MARGIN: usize = 4;

fn marked(pieces: &[(Style, &str)]) -> Line {
    let is_blank = |piece: &&(Style, &str)| piece.1.trim().is_empty();
    let blank = pieces.iter().take_while(is_blank).count();
    let (mark, symbols) = match pieces.get(blank..).unwrap_or_default() {
        [
            (Style::Removed, "-"),
            (Style::Plain, "/"),
            (Style::Added, "+"),
            ..,
        ]
        | [
            (Style::Added, "+"),
            (Style::Plain, "/"),
            (Style::Removed, "-"),
            ..,
        ] => ('!', 3),
        [(Style::Added, "+"), ..] => ('+', 1),
        [(Style::Removed, "-"), ..] => ('-', 1),
        [(Style::Changed, "~" | "<="), ..] => ('!', 1),
        _ => (' ', 0),
    };
    let mut text = String::new();
    for (index, (_, piece)) in pieces.iter().enumerate() {
        if (blank..blank + symbols).contains(&index) {
            text.push_str(&" ".repeat(piece.len()));
        } else {
            text.push_str(piece);
        }
    }
    let spaces = text.len() - text.trim_start_matches(' ').len();
    let text = text.get(spaces.min(MARGIN)..).unwrap_or_default();
    Line {
        mark,
        text: text.trim_end().to_owned(),
    }
}

fn cut(mut lines: Vec<Line>, detail: Detail) -> Vec<String> {
    while lines.last().is_some_and(|line| line.text.is_empty()) {
        lines.pop();
    }
    let left_out = lines.len().saturating_sub(detail.lines);
    let head = detail.lines.saturating_mul(2) / 3;
    let mut written = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if left_out > 0 && index == head {
            written.push(format!("  # ({} lines left out)", left_out + 1));
        }
        if left_out == 0 || index < head || index > head + left_out {
            let text = format!("{} {}", line.mark, line.text);
            written.push(shortened(text.trim_end(), detail.line).into_owned());
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn marks_stand_in_the_first_column_and_values_do_not() {
        for (name, plan) in samples::plans() {
            for sample in &plan.changes {
                for detail in DETAILS {
                    let lines = change(sample, &samples::providers(), detail);
                    assert!(!lines.is_empty(), "{name}");
                    assert!(lines.len() <= detail.lines + 1, "{name}");
                    for line in lines {
                        let mut chars = line.chars();
                        let mark = chars.next();
                        let marked = mark.is_none_or(|c| " +-!".contains(c));
                        assert!(
                            marked && chars.next().is_none_or(|c| c == ' '),
                            "{name}: {line}"
                        );
                        assert!(line.len() <= detail.line, "{name}: {line}");
                    }
                }
            }
        }
    }
}
