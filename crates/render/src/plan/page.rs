//! Lines with a mark in front: the layout that all parts of a plan share.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::human::{Context, HumanOptions};
use crate::style::{Style, Styled};

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
}

impl Page {
    /// An empty page.
    pub(super) fn new(options: HumanOptions) -> Self {
        Self {
            out: Styled::new(),
            options,
            bare: false,
        }
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

    /// A remark of little importance on a line of its own.
    pub(super) fn remark(&mut self, indent: usize, text: &str) {
        self.spaces(indent + 2);
        self.out.push(Style::Dim, text);
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
