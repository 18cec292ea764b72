//! A place in the text, and the small steps that all parts of the parser share.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use unicode_id_start::{is_id_continue, is_id_start};

use super::scan::number_length;
use super::template::heredoc_header;
use super::{MAX_DEPTH, MAX_ERRORS, too_many_errors};
use crate::ast::{FileId, Name, Span};
use crate::diagnostic::Diagnostic;
use crate::json::Offsets;

/// The result of parsing one thing; an error ends the enclosing item.
pub(super) type Parsed<T> = Result<T, Box<Diagnostic>>;

pub(super) struct Cursor<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) position: usize,
    /// Inside parentheses, brackets and interpolations a newline is only space.
    pub(super) newlines_are_space: bool,
    pub(super) depth: u32,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The last comment that ended with its line, up to there.
    line_comment: Range<usize>,
    /// From here on no `*/` follows.
    unclosed_comment: usize,
    /// There were too many errors: the rest of the text is not read.
    pub(super) stopped: bool,
    /// Of a text that is not the file's: where its bytes stand there.
    pub(super) offsets: Option<&'a Offsets>,
    /// The same names come back thousands of times: each is stored once.
    names: HashSet<Arc<str>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(file: FileId, text: &'a str) -> Self {
        let position = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            file,
            text,
            position,
            newlines_are_space: false,
            depth: 0,
            diagnostics: Vec::new(),
            line_comment: 0..0,
            unclosed_comment: usize::MAX,
            stopped: false,
            offsets: None,
            names: HashSet::new(),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    pub(super) fn at_end(&self) -> bool {
        self.position >= self.text.len()
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    pub(super) fn byte_at(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position + offset).copied()
    }

    pub(super) fn looking_at(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    /// Steps over `token` if it is next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.looking_at(token);
        if found {
            self.position += token.len();
        }
        found
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let offset = |position: usize| {
            let offset = u32::try_from(position).unwrap_or(u32::MAX);
            match self.offsets {
                Some(offsets) => offsets.in_file(offset),
                None => offset,
            }
        };
        Span {
            file: self.file,
            start: offset(start),
            end: offset(end),
        }
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        self.span(start, self.position)
    }

    /// The next token, roughly: what an error points at.
    pub(super) fn next_span(&self) -> Span {
        let rest = self.rest();
        let end = match rest.chars().next() {
            None => 0,
            Some(c) if is_name_start(c) => name_length(rest),
            Some(c) if c.is_ascii_digit() => number_length(rest),
            Some('<') if self.at_heredoc() => {
                heredoc_header(rest).map_or(2, |(_, _, length)| length)
            }
            Some(_) => [
                "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "::", "\r\n", "~}",
            ]
            .into_iter()
            .find(|token| rest.starts_with(token))
            .map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), str::len),
        };
        // A comment that ends with its line is part of the newline.
        let start = match &self.line_comment {
            comment if comment.end == self.position && self.at_newline() => comment.start,
            _ => self.position,
        };
        self.span(start, self.position + end)
    }

    /// Steps over blanks and comments, and over newlines where they are only space.
    pub(super) fn space(&mut self) {
        loop {
            let Some(byte) = self.byte() else { return };
            match byte {
                b' ' | b'\t' => self.position += 1,
                b'\n' if self.newlines_are_space => self.position += 1,
                b'\r' if self.byte_at(1) == Some(b'\n') => {
                    if !self.newlines_are_space {
                        return;
                    }
                    self.position += 2;
                }
                b'#' => self.skip_line(),
                b'/' if self.byte_at(1) == Some(b'/') => self.skip_line(),
                b'/' if self.byte_at(1) == Some(b'*') => {
                    if self.position >= self.unclosed_comment {
                        return;
                    }
                    match self.text[self.position + 2..].find("*/") {
                        Some(end) => self.position += 2 + end + 2,
                        None => {
                            self.unclosed_comment = self.position;
                            return;
                        }
                    }
                }
                _ => return,
            }
        }
    }

    /// Steps over blanks, comments and newlines.
    pub(super) fn space_and_newlines(&mut self) {
        let before = std::mem::replace(&mut self.newlines_are_space, true);
        self.space();
        self.newlines_are_space = before;
    }

    /// To the end of the line, before its newline.
    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        let start = self.position;
        self.position += match rest.split_once('\n') {
            Some((line, _)) => line.strip_suffix('\r').unwrap_or(line).len(),
            None => rest.len(),
        };
        self.line_comment = start..self.position;
    }

    pub(super) fn at_newline(&self) -> bool {
        matches!(self.byte(), Some(b'\n')) || self.looking_at("\r\n")
    }

    pub(super) fn take_newline(&mut self) -> bool {
        self.take("\n") || self.take("\r\n")
    }

    /// The name that is next, if one is.
    pub(super) fn name(&mut self) -> Option<Name> {
        let length = name_length(self.rest());
        if length == 0 {
            return None;
        }
        let start = self.position;
        self.position += length;
        let text = self.intern(&self.text[start..self.position]);
        Some(Name {
            text,
            span: self.span_from(start),
        })
    }

    /// Whether a name is next.
    pub(super) fn at_name(&self) -> bool {
        name_length(self.rest()) > 0
    }

    pub(super) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Arc<str> = normalized(text);
        self.names.insert(name.clone());
        name
    }

    /// Runs `parse` one level deeper, with newlines being space or not.
    pub(super) fn nested<T>(
        &mut self,
        newlines_are_space: bool,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error_here(
                "Nesting too deep",
                format!("Expressions and blocks can be nested at most {MAX_DEPTH} levels deep."),
            ));
        }
        self.depth += 1;
        let before = std::mem::replace(&mut self.newlines_are_space, newlines_are_space);
        let result = parse(self);
        self.newlines_are_space = before;
        self.depth -= 1;
        result
    }

    /// Notes an error; after too many the rest of the text is not read.
    pub(super) fn report(&mut self, error: Diagnostic) {
        if self.stopped {
            return;
        }
        let span = error.span;
        self.diagnostics.push(error);
        if self.diagnostics.len() >= MAX_ERRORS {
            self.diagnostics.extend(span.map(too_many_errors));
            self.stopped = true;
            self.position = self.text.len();
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "errors are made by the cursor, with or without a place"
    )]
    pub(super) fn error_at(
        &self,
        span: Span,
        summary: &str,
        detail: impl Into<String>,
    ) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(span, summary, detail))
    }

    /// An error about the next token.
    pub(super) fn error_here(&self, summary: &str, detail: impl Into<String>) -> Box<Diagnostic> {
        self.error_at(self.next_span(), summary, detail)
    }

    pub(super) fn extra_characters(&self) -> Box<Diagnostic> {
        self.error_here(
            "Extra characters after expression",
            "An expression was successfully parsed, but extra characters were found after it.",
        )
    }
}

/// What begins a name: a letter of any script, or `_`. Names are those of Unicode's annex 31, with
/// `-` within, as the specification of HCL's native syntax has it.
pub(super) fn is_name_start(c: char) -> bool {
    c == '_' || is_id_start(c)
}

/// What may go on a name: marks and digits too.
pub(super) fn is_name_continue(c: char) -> bool {
    c == '-' || is_id_continue(c)
}

pub(super) fn name_length(text: &str) -> usize {
    match text.chars().next() {
        Some(c) if is_name_start(c) => text.find(|c| !is_name_continue(c)).unwrap_or(text.len()),
        _ => 0,
    }
}

/// Whether a text is one name.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && name_length(text) == text.len()
}

/// Strings are compared in Unicode normalization form C.
pub(crate) fn normalized(text: &str) -> Arc<str> {
    crate::unicode::normal(text).into()
}
