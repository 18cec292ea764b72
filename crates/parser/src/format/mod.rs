//! The formatter: the canonical layout of native syntax, which is that of `terraform fmt`.
//!
//! A text is taken apart into tokens; a few outdated ways of writing are replaced (`rewrite`), and
//! the space between tokens is set anew (`layout`). Nothing else of a text changes.

mod layout;
mod rewrite;

use std::borrow::Cow;

use crate::ast::FileId;
use crate::diagnostic::Diagnostic;
use crate::hcl;
use crate::hcl::scan::{Token, TokenKind, scan};

/// A token with the space before it.
#[derive(Clone, Debug)]
struct Piece<'a> {
    kind: TokenKind,
    text: Cow<'a, str>,
    /// How many blanks stand before it.
    space: usize,
}

/// Formats a file of native syntax. What is not valid syntax cannot be formatted.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (body, diagnostics) = hcl::parse_body(file, text);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let tokens: Vec<Token> = scan(text).collect();
    let mut pieces = rewrite::rewrite(text, &tokens, &body);
    layout::arrange(&mut pieces);
    let mut formatted = String::with_capacity(text.len() + text.len() / 8);
    for piece in &pieces {
        formatted.extend(std::iter::repeat_n(' ', piece.space));
        formatted.push_str(&piece.text);
    }
    // Blanks behind the last line end, as in Terraform, are left: they stand before nothing.
    let end = tokens.last().map_or(0, |token| token.end);
    formatted.extend(std::iter::repeat_n(' ', text.len() - end));
    Ok(formatted)
}
