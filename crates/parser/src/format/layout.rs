//! The space between tokens: indentation by brackets, one blank or none between neighbours, and
//! columns in which the equals signs and the comments of neighbouring lines stand.

use std::ops::Range;

use super::Piece;
use crate::hcl::scan::TokenKind;
use crate::unicode::grapheme_count;

/// Sets the space before each piece.
pub(super) fn arrange(pieces: &mut [Piece<'_>]) {
    let lines = lines(pieces);
    indent(pieces, &lines);
    for line in &lines {
        between(&mut pieces[line.lead.clone()]);
        between(&mut pieces[line.assign.clone()]);
    }
    align(pieces, &lines, |line| {
        (line.lead.start..line.lead.end, line.assign.clone())
    });
    align(pieces, &lines, |line| {
        (line.lead.start..line.assign.end, line.comment.clone())
    });
}

/// A line, cut into what stands before an equals sign, what follows from it on, and a comment.
/// The first is never empty when one of the others is not; the three follow each other.
struct Line {
    lead: Range<usize>,
    assign: Range<usize>,
    comment: Range<usize>,
}

/// How much deeper the text behind a token is.
fn depth_change(kind: TokenKind) -> i32 {
    match kind {
        TokenKind::OpenBrace
        | TokenKind::OpenBracket
        | TokenKind::OpenParen
        | TokenKind::Control
        | TokenKind::Interpolation => 1,
        TokenKind::CloseBrace
        | TokenKind::CloseBracket
        | TokenKind::CloseParen
        | TokenKind::EndSequence => -1,
        _ => 0,
    }
}

fn opens(kind: TokenKind) -> bool {
    depth_change(kind) > 0
}

fn closes(kind: TokenKind) -> bool {
    depth_change(kind) < 0
}

/// Whether a piece is the last of its line. The comments that end with their line hold its newline.
fn ends_line(piece: &Piece<'_>) -> bool {
    match piece.kind {
        TokenKind::Newline => true,
        TokenKind::Comment => piece.text.ends_with('\n'),
        _ => false,
    }
}

fn lines(pieces: &[Piece<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (index, piece) in pieces.iter().enumerate() {
        if ends_line(piece) {
            lines.push(line(pieces, start..index + 1));
            start = index + 1;
        }
    }
    // Also an empty last line: it ends a column.
    lines.push(line(pieces, start..pieces.len()));
    lines
}

fn line(pieces: &[Piece<'_>], range: Range<usize>) -> Line {
    let mut end = range.end;
    if range.len() > 1 && pieces[end - 1].kind == TokenKind::Comment {
        end -= 1;
    }
    let equal = (range.start + 1..end).find(|index| pieces[*index].kind == TokenKind::Equal);
    let depth = |from: usize| -> i32 {
        let pieces = pieces[from..end].iter();
        pieces.map(|piece| depth_change(piece.kind)).sum()
    };
    // An expression that goes on in the next line has no column.
    let equal = equal.filter(|equal| depth(*equal) == 0).unwrap_or(end);
    Line {
        lead: range.start..equal,
        assign: equal..end,
        comment: end..range.end,
    }
}

fn indent(pieces: &mut [Piece<'_>], lines: &[Line]) {
    // How many brackets each level of indentation stands for.
    let mut levels: Vec<i32> = Vec::new();
    for line in lines {
        let Some(first) = pieces
            .get(line.lead.start)
            .filter(|_| !line.lead.is_empty())
        else {
            continue;
        };
        if first.kind == TokenKind::Newline {
            pieces[line.lead.start].space = 0;
            continue;
        }
        let mut change = 0;
        for piece in &pieces[line.lead.clone()] {
            change += depth_change(piece.kind);
            if piece.kind == TokenKind::OpenHeredoc {
                break;
            }
        }
        for piece in &pieces[line.assign.clone()] {
            change += depth_change(piece.kind);
        }
        let mut closed = -change;
        while closed > 0 {
            let Some(level) = levels.last_mut() else {
                break;
            };
            if closed < *level {
                *level -= closed;
                break;
            }
            closed -= *level;
            levels.pop();
        }
        pieces[line.lead.start].space = 2 * levels.len();
        if change > 0 {
            levels.push(change);
        }
    }
}

/// Sets one blank or none between the neighbours of a cell.
fn between(cell: &mut [Piece<'_>]) {
    for index in 1..cell.len() {
        let before = (index > 1).then(|| cell[index - 2].kind);
        let blank = is_apart(before, &cell[index - 1], cell[index].kind);
        cell[index].space = usize::from(blank);
    }
}

#[expect(
    clippy::match_same_arms,
    clippy::unnested_or_patterns,
    reason = "the first rule that fits decides, and each is one line"
)]
/// Whether a blank stands between two tokens, of which the first has `before` in front of it.
fn is_apart(before: Option<TokenKind>, left: &Piece<'_>, right: TokenKind) -> bool {
    use TokenKind as T;
    match (left.kind, right) {
        (_, T::Newline)
        | (T::Name, T::OpenParen | T::DoubleColon)
        | (T::DoubleColon, T::Name)
        | (T::Dot, _)
        | (_, T::Dot | T::Comma | T::Ellipsis) => false,
        (T::Comma, _) => true,
        // Within templates all space is text.
        (T::QuotedText | T::HeredocText | T::OpenQuote | T::OpenHeredoc, _)
        | (_, T::QuotedText | T::HeredocText | T::CloseQuote | T::CloseHeredoc) => false,
        // The `in` of a `for`, which may have a list behind it.
        (T::Name, _) if left.text == "in" && before == Some(T::Name) => true,
        (T::Name | T::Number, T::OpenBracket) => false,
        (kind, T::OpenBracket) if closes(kind) => false,
        (T::Bang, _) => false,
        (T::Minus, _) => !negates(before),
        (T::OpenBrace, T::CloseBrace) => false,
        (T::OpenBrace, _)
        | (_, T::CloseBrace)
        | (T::Interpolation | T::Control, T::OpenBrace)
        | (T::CloseBrace, T::EndSequence) => true,
        (T::EndSequence, T::Interpolation | T::Control) => false,
        (left, right) => !opens(left) && !closes(right),
    }
}

/// Whether a minus behind this token is a sign rather than an operator.
fn negates(before: Option<TokenKind>) -> bool {
    matches!(
        before,
        None | Some(
            TokenKind::OpenParen
                | TokenKind::OpenBrace
                | TokenKind::OpenBracket
                | TokenKind::Equal
                | TokenKind::Colon
                | TokenKind::Comma
                | TokenKind::Question
                | TokenKind::Plus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::Percent
                | TokenKind::Minus
                | TokenKind::Comparison
                | TokenKind::And
                | TokenKind::Or
                | TokenKind::Bang
        )
    )
}

/// Puts a cell of neighbouring lines in one column, one blank behind the longest of what stands
/// before it. `cells` gives what stands before, and the cell, which is empty in other lines.
fn align(
    pieces: &mut [Piece<'_>],
    lines: &[Line],
    cells: impl Fn(&Line) -> (Range<usize>, Range<usize>),
) {
    let mut column = Vec::new();
    let mut widest = 0;
    let finish = |pieces: &mut [Piece<'_>], column: &mut Vec<(usize, usize)>, widest| {
        for (cell, width) in column.drain(..) {
            pieces[cell].space = widest - width + 1;
        }
    };
    for line in lines {
        let (before, cell) = cells(line);
        if cell.is_empty() {
            finish(pieces, &mut column, widest);
            widest = 0;
            continue;
        }
        let width = pieces[before].iter().map(width).sum();
        widest = widest.max(width);
        column.push((cell.start, width));
    }
    finish(pieces, &mut column, widest);
}

/// How many columns a piece takes, with the space before it.
fn width(piece: &Piece<'_>) -> usize {
    piece.space + grapheme_count(&piece.text)
}
