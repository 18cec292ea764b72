//! A few lines of a source, made fit for a terminal, with the places in it that are underlined.

use std::collections::BTreeMap;
use std::ops::Range;

use flowctl_parser::Source;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use unicode_width::UnicodeWidthChar;

use super::human::Look;
use crate::style::is_active;

/// Lines of a span that are shown before it is cut to its first.
const LONG_SPAN: usize = 6;
/// Columns of a tab.
const TAB: usize = 4;

/// The lines around some spans, and where the spans are in them.
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// Number of the first line, from zero.
    first_line: usize,
    /// Columns from zero, by the offsets at which spans start.
    columns: BTreeMap<usize, usize>,
    /// The spans in the order they were given.
    pub(super) spans: Vec<Range<usize>>,
}

impl Excerpt {
    /// The lines of `source` around the spans, of which the first is the one that may not be cut.
    pub(super) fn new(source: &Source, spans: &[Range<usize>], look: &Look) -> Self {
        let text = &*source.text;
        let spans: Vec<_> = spans.iter().map(|span| shown(text, span)).collect();
        let start = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let end = spans.iter().map(|span| span.end).max().unwrap_or(start);
        let start = line_start(text, line_start(text, start).saturating_sub(1));
        let end = line_end(text, (line_end(text, end) + 1).min(text.len()));
        let mut excerpt = Self {
            name: crate::style::clean(&source.path).into_owned(),
            text: String::new(),
            first_line: source.position(offset(start)).line - 1,
            columns: BTreeMap::new(),
            spans: vec![0..0; spans.len()],
        };
        // Line number, gutter and the margin on the right.
        let columns = look
            .width
            .saturating_sub(excerpt.gutter(end - start))
            .max(24);
        let mut at = start;
        for line in text[start..end].split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let of_line = |offset: usize| offset >= at && offset <= at + content.len();
            let mine = spans.iter().filter(|span| of_line(span.start));
            let anchor = mine.map(|span| span.start - at).min();
            let line = Line::new(content, anchor, columns, look);
            for (shown, span) in excerpt.spans.iter_mut().zip(&spans) {
                if of_line(span.start) {
                    shown.start = excerpt.text.len() + line.place(span.start - at);
                    let column = source.position(offset(span.start)).column;
                    excerpt.columns.insert(shown.start, column - 1);
                }
                if of_line(span.end) {
                    shown.end = excerpt.text.len() + line.place(span.end - at);
                }
            }
            excerpt.text.push_str(&line.text);
            excerpt.text.push('\n');
            at += content.len() + 1 + usize::from(text[at + content.len()..].starts_with("\r\n"));
        }
        // The place behind the last line break is a line as well.
        let last = excerpt.text.len();
        if spans.iter().any(|span| span.start >= at) {
            excerpt.text.push_str(" \n");
        }
        for (shown, span) in excerpt.spans.iter_mut().zip(&spans) {
            if span.start >= at {
                *shown = last..last;
                let column = source.position(offset(span.start)).column;
                excerpt.columns.insert(shown.start, column - 1);
            }
            shown.end = shown.end.max(shown.start);
        }
        excerpt
    }

    fn gutter(&self, bytes: usize) -> usize {
        (self.first_line + bytes.min(100)).max(1).to_string().len() + 8
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A span inside the text that can be shown: on character boundaries, without line breaks at its
/// end, and only its first line if it is long.
fn shown(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    let part = &text[start..end];
    let part = if part.lines().count() > LONG_SPAN {
        part.lines().next().unwrap_or_default()
    } else {
        part
    };
    start..start + part.trim_end_matches(['\n', '\r']).len()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..text.floor_char_boundary(at)]
        .rfind('\n')
        .map_or(0, |end| end + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

/// A line as it is shown.
struct Line {
    text: String,
    /// Byte offsets in the source and where they are in the text, at every character.
    places: Vec<(usize, usize)>,
}

impl Line {
    /// `content` without anything that a terminal would act upon. If it takes more than `columns`,
    /// only a part in which `anchor` is.
    fn new(content: &str, anchor: Option<usize>, columns: usize, look: &Look) -> Self {
        let dots = if look.unicode { "…" } else { "..." };
        let strange = if look.unicode { "\u{fffd}" } else { "?" };
        let mut pieces = Vec::new();
        let mut width = 0;
        let mut anchored = 0;
        for (at, c) in content.char_indices() {
            if anchor.is_some_and(|anchor| anchor >= at) {
                anchored = width;
            }
            let (piece, columns) = match c {
                '\u{feff}' if at == 0 => (String::new(), 0),
                '\t' => {
                    let columns = TAB - width % TAB;
                    (" ".repeat(columns), columns)
                }
                c if is_active(c) => (strange.to_owned(), 1),
                c => (c.to_string(), c.width().unwrap_or(0)),
            };
            pieces.push((at, piece, width));
            width += columns;
        }
        let (from, to) = if width <= columns {
            (0, usize::MAX)
        } else {
            let room = columns - 2 * dots.len().min(3);
            let from = if anchored < columns / 2 {
                0
            } else {
                anchored - columns / 4
            };
            (from, from + room)
        };
        let mut line = Self {
            text: String::new(),
            places: Vec::new(),
        };
        if from > 0 {
            line.text.push_str(dots);
        }
        let mut cut = false;
        for (at, piece, column) in pieces {
            line.places.push((at, line.text.len()));
            if column >= to {
                cut = true;
            } else if column >= from {
                line.text.push_str(&piece);
            }
        }
        line.places.push((content.len(), line.text.len()));
        if cut {
            line.text.push_str(dots);
        }
        line
    }

    fn place(&self, offset: usize) -> usize {
        let next = self.places.partition_point(|(at, _)| *at < offset);
        let place = self.places.get(next).or(self.places.last());
        place.map_or(0, |(_, place)| *place)
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, before, after)?;
        let column = if before == 0 {
            self.columns.get(&span.offset()).copied()
        } else {
            None
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line() + self.first_line,
            column.unwrap_or(contents.column()),
            contents.line_count(),
        )))
    }
}
