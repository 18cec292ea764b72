//! The files of a run: their text, and lines and columns in them.

use std::sync::Arc;

use crate::ast::{FileId, Span};
use crate::unicode::grapheme_count;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path as a person would write it.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    /// Byte offset of the start of each line.
    lines: Vec<u32>,
}

/// A place for people: both count from one; columns count what is seen as one character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// Byte offset in the file.
    pub byte: usize,
}

/// All files of a run.
#[derive(Clone, Default, Debug)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let lines = std::iter::once(0)
            .chain(starts.map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX)))
            .collect();
        let id = FileId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source {
            path: path.into(),
            text,
            lines,
        });
        id
    }

    /// Every file.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// A file.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.sources.get(file.0 as usize)
    }

    /// The characters of a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|source| source.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// Where a span starts and ends.
    pub fn range(&self, span: Span) -> Option<(Position, Position)> {
        let source = self.get(span.file)?;
        Some((source.position(span.start), source.position(span.end)))
    }
}

impl Source {
    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let line = self
            .lines
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let start = self.lines.get(line).map_or(0, |start| *start as usize);
        let byte = (offset as usize).min(self.text.len());
        let before = self.text.get(start..byte).unwrap_or_default();
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        // In JSON syntax Terraform counts a tab as two columns.
        let tabs = if self.path.ends_with(".json") {
            before.bytes().filter(|byte| *byte == b'\t').count()
        } else {
            0
        };
        Position {
            line: line + 1,
            column: grapheme_count(before) + tabs + 1,
            byte,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_is_seen_as_one_character() {
        let mut sources = SourceMap::default();
        let file = sources.add("main.tf", "a\ne\u{301}x = 1\n");
        let span = Span {
            file,
            start: 5,
            end: 6,
        };
        assert_eq!(sources.text(span), "x");
        let (start, end) = sources.range(span).unwrap();
        assert_eq!((start.line, start.column, end.column), (2, 2, 3));
    }
}
