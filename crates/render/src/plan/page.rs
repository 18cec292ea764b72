//! Lines with a mark in front: the layout that all parts of a plan share.

use std::ops::Range;

use flowctl_model::plan::Awaited;
use flowctl_model::{AttributePath, Step};
use unicode_width::UnicodeWidthStr;

use super::elements::display_width;
use super::human::{Context, HumanOptions};
use crate::style::{Style, Styled, clean};

/// What a line's mark says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// Stays as it is.
    Keep,
    /// `+`
    Add,
    /// `~`
    Change,
    /// `-`
    Remove,
    /// `-/+`
    DeleteThenCreate,
    /// `+/-`
    CreateThenDelete,
    /// `<=`
    Read,
    /// `.`
    Forget,
}

impl Mark {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Keep => " ",
            Self::Add => "+",
            Self::Change => "~",
            Self::Remove => "-",
            Self::DeleteThenCreate => "-/+",
            Self::CreateThenDelete => "+/-",
            Self::Read => "<=",
            Self::Forget => ".",
        }
    }
}

/// Text under way.
pub(super) struct Page {
    pub(super) out: Styled,
    pub(super) options: HumanOptions,
    /// Nothing is about to change: marks are left out, their columns stay.
    bare: bool,
    /// What the parts of the object wait for that are not known yet.
    awaits: Vec<Awaited>,
    /// Where in the object the current line is; kept only while there is something to be found.
    at: AttributePath,
}

impl Page {
    /// An empty page.
    pub(super) fn new(options: HumanOptions) -> Self {
        Self {
            out: Styled::new(),
            options,
            bare: false,
            awaits: Vec::new(),
            at: AttributePath::root(),
        }
    }

    /// Begins with another object, at its root.
    pub(super) fn turn_to(&mut self, awaits: &[Awaited]) {
        self.awaits = awaits.to_vec();
        self.at = AttributePath::root();
    }

    /// Goes to a part of the object.
    pub(super) fn go_to(&mut self, path: &AttributePath) {
        if !self.awaits.is_empty() {
            self.at = path.clone();
        }
    }

    /// Writes a part of the current one.
    pub(super) fn inside(&mut self, step: impl FnOnce() -> Step, write: impl FnOnce(&mut Self)) {
        if self.awaits.is_empty() {
            return write(self);
        }
        self.at.push(step());
        write(self);
        self.at.pop();
    }

    /// `from a.b.id`: what the current part waits for, if that is known.
    pub(super) fn origin(&self) -> Option<String> {
        /// More are counted.
        const MOST: usize = 3;
        // A saved plan does not tell maps from objects.
        let same = |(a, b): (&Step, &Step)| match (a, b) {
            (Step::Index(a), Step::Index(b)) => a == b,
            (Step::Attribute(a) | Step::Key(a), Step::Attribute(b) | Step::Key(b)) => a == b,
            _ => false,
        };
        let at = self.at.steps();
        let awaited = self.awaits.iter().find(|awaited| {
            let path = awaited.path.steps();
            path.len() <= at.len() && path.iter().zip(at).all(same)
        })?;
        let shown: Vec<_> = awaited.on.iter().take(MOST).map(|on| clean(on)).collect();
        let more = match awaited.on.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("from {}{more}", shown.join(", ")))
    }

    /// A page that shows what is, not what changes.
    pub(super) fn bare(options: HumanOptions) -> Self {
        let context = Context::All;
        Self {
            bare: true,
            ..Self::new(HumanOptions { context, ..options })
        }
    }

    /// Whether what does not change is shown as well.
    pub(super) fn shows_all(&self) -> bool {
        self.options.context == Context::All
    }

    /// Which of `count` unchanged lines or elements are only counted; a change may be in front of
    /// the first and behind the last. One that stands alone is shown rather than counted.
    pub(super) fn context(&self, count: usize, in_front: bool, behind: bool) -> Range<usize> {
        let Context::Lines(lines) = self.options.context else {
            return 0..0;
        };
        let start = if in_front { lines.min(count) } else { 0 };
        let end = if behind {
            count.saturating_sub(lines)
        } else {
            count
        };
        if end > start + usize::from(in_front || behind) {
            start..end
        } else {
            0..0
        }
    }

    /// Columns after which a string is cut.
    pub(super) fn limit(&self) -> usize {
        if self.shows_all() {
            usize::MAX
        } else {
            self.options.width.saturating_mul(2).max(80)
        }
    }

    /// Columns that are written in the current line.
    pub(super) fn column(&self) -> usize {
        let text = self.out.as_str();
        let line = text.rfind('\n').map_or(text, |end| &text[end + 1..]);
        UnicodeWidthStr::width(line)
    }

    /// Begins a line: the mark's last character stands in column `indent`.
    pub(super) fn start(&mut self, indent: usize, mark: Mark) {
        let mark = if self.bare { Mark::Keep } else { mark };
        let symbol = mark.symbol();
        self.spaces((indent + 1).saturating_sub(symbol.len()));
        match mark {
            Mark::Keep | Mark::Forget => self.out.plain(symbol),
            Mark::Add => self.out.push(Style::Added, symbol),
            Mark::Change | Mark::Read => self.out.push(Style::Changed, symbol),
            Mark::Remove => self.out.push(Style::Removed, symbol),
            Mark::DeleteThenCreate => {
                self.out.push(Style::Removed, "-");
                self.out.plain("/");
                self.out.push(Style::Added, "+");
            }
            Mark::CreateThenDelete => {
                self.out.push(Style::Added, "+");
                self.out.plain("/");
                self.out.push(Style::Removed, "-");
            }
        }
        self.out.plain(" ");
    }

    /// Whether the page shows what is, not what changes.
    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }

    /// Sentences over as many lines as the width asks for.
    pub(super) fn prose(&mut self, text: &str) {
        let mut column = 0;
        for word in text.split(' ') {
            let width = UnicodeWidthStr::width(word);
            if column > 0 && column + 1 + width > self.options.width {
                self.end();
                column = 0;
            }
            if column > 0 {
                self.text(" ");
                column += 1;
            }
            self.text(word);
            column += width;
        }
        self.end();
    }

    /// Plain text in the current line.
    pub(super) fn text(&mut self, text: &str) {
        self.out.plain(text);
    }

    /// Ends the line.
    pub(super) fn end(&mut self) {
        self.out.plain("\n");
    }

    /// A line of its own without a mark, such as a closing brace.
    pub(super) fn close(&mut self, indent: usize, text: &str) {
        self.spaces(indent + 2);
        self.out.plain(text);
    }

    /// A remark of little importance, `# (…)`, on lines of its own.
    pub(super) fn remark(&mut self, indent: usize, text: &str) {
        /// Narrower than this it would be a column of words.
        const LEAST: usize = 40;
        let most = self.options.width.saturating_sub(indent + 2).max(LEAST);
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && display_width(&line) + 1 + display_width(word) > most {
                self.dim(indent, &line);
                line.replace_range(.., "# ");
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.dim(indent, &line);
    }

    fn dim(&mut self, indent: usize, line: &str) {
        self.spaces(indent + 2);
        self.out.push(Style::Dim, line);
        self.end();
    }

    /// Says how many of something are not shown.
    pub(super) fn hidden(&mut self, indent: usize, count: usize, what: &str) {
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            self.remark(
                indent,
                &format!("# ({count} unchanged {what}{plural} hidden)"),
            );
        }
    }

    /// `->`
    pub(super) fn arrow(&mut self) {
        self.out.push(Style::Changed, " -> ");
    }

    /// Blank columns.
    pub(super) fn spaces(&mut self, count: usize) {
        const SPACES: &str = "                                                                ";
        match SPACES.get(..count) {
            Some(spaces) => self.out.plain(spaces),
            None => self.out.plain(&" ".repeat(count)),
        }
    }
}
