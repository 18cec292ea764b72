//! Lines with a mark in front: the layout that all parts of a plan share.

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
#[derive(Default)]
pub(super) struct Page {
    pub(super) out: Styled,
    /// Nothing is about to change: marks are left out, their columns stay.
    bare: bool,
}

impl Page {
    /// A page that shows what is, not what changes.
    pub(super) fn bare() -> Self {
        Self {
            bare: true,
            ..Self::default()
        }
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

    fn spaces(&mut self, count: usize) {
        const SPACES: &str = "                                                                ";
        match SPACES.get(..count) {
            Some(spaces) => self.out.plain(spaces),
            None => self.out.plain(&" ".repeat(count)),
        }
    }
}
