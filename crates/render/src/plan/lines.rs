//! The lines of a page with their marks taken out, for formats that put the mark elsewhere.

use crate::style::{Style, Styled};

/// A line and its mark: `+`, `-`, `!` (changed) or a space.
pub(super) struct Line {
    pub(super) mark: char,
    pub(super) text: String,
    /// Where in the text the arrow between the old and the new value stands.
    pub(super) arrow: Option<usize>,
}

/// The arrow between an old and a new value.
pub(super) const ARROW: &str = " -> ";

/// Columns of a page that the mark and the space behind it stand for.
const MARGIN: usize = 4;

/// Takes the marks out of a page. A mark is known by its style, so that nothing in a value can be
/// taken for one.
pub(super) fn marked_lines(page: &Styled) -> Vec<Line> {
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
    let mut arrow = None;
    for (index, (style, piece)) in pieces.iter().enumerate() {
        if (blank..blank + symbols).contains(&index) {
            text.push_str(&" ".repeat(piece.len()));
            continue;
        }
        if (*style, *piece) == (Style::Changed, ARROW) {
            arrow = Some(text.len());
        }
        text.push_str(piece);
    }
    let spaces = text.len() - text.trim_start_matches(' ').len();
    let margin = spaces.min(MARGIN);
    let text = text.get(margin..).unwrap_or_default();
    Line {
        mark,
        text: text.trim_end().to_owned(),
        arrow: arrow.map(|at| at - margin),
    }
}
