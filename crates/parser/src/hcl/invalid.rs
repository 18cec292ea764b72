//! Characters that have no meaning where they stand. They are looked for only in a text that is
//! wrong: the parser accepts none of them.

use super::scan::{Token, TokenKind, scan};
use crate::ast::{FileId, Span};
use crate::diagnostic::Diagnostic;

/// How many line breaks in quotes are reported: after the first the quotes of the whole rest of a
/// file may be the wrong way round.
const MAX_QUOTED_NEWLINES: usize = 3;

/// How many invalid characters are reported.
const MAX_CHARACTERS: usize = 20;

/// The errors about the characters of `text`.
pub(super) fn characters(file: FileId, text: &str) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let (mut newlines, mut characters, mut bitwise) = (0, 0, false);
    for token in scan(text) {
        match token.kind {
            TokenKind::QuotedNewline if newlines < MAX_QUOTED_NEWLINES => {
                newlines += 1;
                errors.push(Diagnostic::error(
                    span(file, token),
                    "Invalid multi-line string",
                    "Quoted strings may not be split over multiple lines. Write \\n for a line \
                     break in a string, or use the heredoc syntax (<<EOT).",
                ));
            }
            TokenKind::Bitwise if !bitwise => {
                bitwise = true;
                errors.push(operator(span(file, token), &text[token.start..token.end]));
            }
            TokenKind::Invalid if characters < MAX_CHARACTERS => {
                characters += 1;
                errors.push(character(file, text, token));
            }
            _ => {}
        }
    }
    errors
}

fn span(file: FileId, token: Token) -> Span {
    let offset = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
    Span {
        file,
        start: offset(token.start),
        end: offset(token.end),
    }
}

fn operator(span: Span, mark: &str) -> Diagnostic {
    let error = Diagnostic::error(
        span,
        "Unsupported operator",
        "The language has no operators on bits.",
    );
    match mark {
        "&" => error.with_help("did you mean `&&`, which is \"and\"?"),
        "|" => error.with_help("did you mean `||`, which is \"or\"?"),
        "~" => error.with_help("did you mean `!`, which is \"not\"?"),
        _ => error,
    }
}

fn character(file: FileId, text: &str, token: Token) -> Diagnostic {
    let found = text[token.start..].chars().next().unwrap_or_default();
    let (detail, help) = match found {
        '\'' => (
            "Single quotes have no meaning here.".to_owned(),
            Some("write strings in double quotes (\")"),
        ),
        '`' => (
            "Backquotes have no meaning here.".to_owned(),
            Some("write a string of several lines with the heredoc syntax (<<EOT)"),
        ),
        ';' => (
            "Semicolons have no meaning here.".to_owned(),
            Some("put arguments on lines of their own, and commas between items of a collection"),
        ),
        '“' | '”' | '„' | '‟' => (
            "Typographic quotes have no meaning here.".to_owned(),
            Some("write strings in straight double quotes (\")"),
        ),
        found if found.is_control() => (
            format!("The control character {found:?} has no meaning here."),
            None,
        ),
        found => (
            format!("The character {found:?} has no meaning here."),
            None,
        ),
    };
    let error = Diagnostic::error(span(file, token), "Invalid character", detail);
    match help {
        Some(help) => error.with_help(help),
        None => error,
    }
}
