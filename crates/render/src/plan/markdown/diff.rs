//! The differences of one object as lines of a `diff` block: the mark in the first column, where
//! renderers look for it, and never anything of a value there.

use flowctl_model::Text;
use flowctl_model::plan::{Change, Drift, OutputChange};
use flowctl_schema::Providers;

use super::escape::shortened;
use crate::plan::human::{Context, HumanOptions};
use crate::plan::lines::Line;
use crate::plan::objects;

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
    fn options(self) -> HumanOptions {
        HumanOptions {
            width: self.width,
            context: Context::Lines(self.context),
            compact: false,
        }
    }
}

/// What happens to one instance. What is said above it is said by the summary of the fold.
pub(super) fn change(change: &Change, providers: &Providers, detail: Detail) -> Vec<String> {
    cut(
        &objects::change(change, providers, detail.options()),
        detail,
    )
}

/// How one object changed outside.
pub(super) fn drift(drift: &Drift, providers: &Providers, detail: Detail) -> Vec<String> {
    cut(&objects::drift(drift, providers, detail.options()), detail)
}

/// How the outputs change.
pub(super) fn outputs(changed: &[(&Text, &OutputChange)], detail: Detail) -> Vec<String> {
    cut(&objects::outputs(changed, detail.options()), detail)
}

fn cut(lines: &[Line], detail: Detail) -> Vec<String> {
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
