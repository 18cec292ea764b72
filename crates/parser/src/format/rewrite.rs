//! Outdated ways of writing, replaced: `"${x}"` by `x`, quoted type constraints, labels without
//! quotes.

use std::borrow::Cow;
use std::ops::Range;

use super::Piece;
use crate::ast::{Attribute, Block, Body, Span};
use crate::hcl::scan::{Token, TokenKind};
use crate::unicode;

/// The tokens of a text with its outdated parts replaced.
pub(super) fn rewrite<'a>(text: &'a str, tokens: &[Token], body: &Body) -> Vec<Piece<'a>> {
    let mut rewriter = Rewriter {
        text,
        tokens,
        edits: Vec::new(),
    };
    rewriter.body(body, &[]);
    let Rewriter { mut edits, .. } = rewriter;
    edits.sort_by_key(|edit| edit.tokens.start);
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut next = 0;
    for edit in edits {
        pieces.extend(as_written(text, &tokens[next..edit.tokens.start]));
        pieces.extend(edit.by);
        next = edit.tokens.end;
    }
    pieces.extend(as_written(text, &tokens[next..]));
    pieces
}

fn as_written<'a>(text: &'a str, tokens: &[Token]) -> Vec<Piece<'a>> {
    tokens
        .iter()
        .map(|token| Piece {
            kind: token.kind,
            text: Cow::Borrowed(&text[token.start..token.end]),
            space: 0,
        })
        .collect()
}

fn piece(kind: TokenKind, text: &'static str) -> Piece<'static> {
    let text = Cow::Borrowed(text);
    let space = 0;
    Piece { kind, text, space }
}

/// Tokens and what stands in their place.
struct Edit<'a> {
    tokens: Range<usize>,
    by: Vec<Piece<'a>>,
}

struct Rewriter<'a, 't> {
    text: &'a str,
    tokens: &'t [Token],
    edits: Vec<Edit<'a>>,
}

impl Rewriter<'_, '_> {
    fn body(&mut self, body: &Body, inside: &[&str]) {
        for attribute in &body.attributes {
            if inside == ["variable"] && &*attribute.name.text == "type" {
                self.type_constraint(attribute);
            } else {
                self.value(attribute);
            }
        }
        for block in &body.blocks {
            self.labels(block);
            let mut path = inside.to_vec();
            path.push(&block.block_type.text);
            self.body(&block.body, &path);
        }
    }

    /// The tokens of a span.
    fn within(&self, span: Span) -> Range<usize> {
        let starts_before = |at: u32| {
            self.tokens
                .partition_point(|token| token.start < at as usize)
        };
        starts_before(span.start)..starts_before(span.end)
    }

    fn labels(&mut self, block: &Block) {
        let (Some(first), Some(last)) = (block.labels.first(), block.labels.last()) else {
            return;
        };
        let start = self.within(block.block_type.span).end;
        let end = self.within(first.span.to(last.span)).end;
        let mut by = Vec::new();
        for label in &block.labels {
            let inner = unicode::quoted(&unicode::normal(&label.text));
            by.push(piece(TokenKind::OpenQuote, "\""));
            if !inner.is_empty() {
                by.push(Piece {
                    kind: TokenKind::QuotedText,
                    text: Cow::Owned(inner),
                    space: 0,
                });
            }
            by.push(piece(TokenKind::CloseQuote, "\""));
        }
        let tokens = start..end;
        self.edits.push(Edit { tokens, by });
    }

    /// A type constraint of older versions: in quotes, or without the type of its elements.
    fn type_constraint(&mut self, attribute: &Attribute) {
        let range = self.within(attribute.expr.span);
        let tokens = &self.tokens[range.clone()];
        let kinds: Vec<TokenKind> = tokens.iter().map(|token| token.kind).collect();
        let text = |token: &Token| &self.text[token.start..token.end];
        let replaced = match kinds[..] {
            [TokenKind::Name] => match text(&tokens[0]) {
                "list" => Some(["list", "any"].as_slice()),
                "map" => Some(["map", "any"].as_slice()),
                "set" => Some(["set", "any"].as_slice()),
                _ => None,
            },
            [
                TokenKind::OpenQuote,
                TokenKind::QuotedText,
                TokenKind::CloseQuote,
            ] => match text(&tokens[1]) {
                "string" => Some(["string"].as_slice()),
                "list" => Some(["list", "string"].as_slice()),
                "map" => Some(["map", "string"].as_slice()),
                _ => None,
            },
            _ => None,
        };
        let by = match replaced {
            Some([name]) => vec![piece(TokenKind::Name, name)],
            Some([name, element]) => vec![
                piece(TokenKind::Name, name),
                piece(TokenKind::OpenParen, "("),
                piece(TokenKind::Name, element),
                piece(TokenKind::CloseParen, ")"),
            ],
            _ => return,
        };
        self.edits.push(Edit { tokens: range, by });
    }

    /// A string that is nothing but one interpolation.
    fn value(&mut self, attribute: &Attribute) {
        let range = self.within(attribute.expr.span);
        let tokens = &self.tokens[range.clone()];
        let [open, interpolation, inside @ .., end, close] = tokens else {
            return;
        };
        let wrapped = open.kind == TokenKind::OpenQuote
            && interpolation.kind == TokenKind::Interpolation
            && end.kind == TokenKind::EndSequence
            && close.kind == TokenKind::CloseQuote;
        if !wrapped || inside.is_empty() || !is_one_expression(inside) {
            return;
        }
        let newline = |token: &Token| token.kind == TokenKind::Newline;
        let start = inside.iter().take_while(|token| newline(token)).count();
        let inside = &inside[start..];
        let end = inside.len()
            - inside
                .iter()
                .rev()
                .take_while(|token| newline(token))
                .count();
        let inside = &inside[..end];
        // The line of a heredoc's marker holds nothing else and has an end, which Terraform overlooks.
        let heredoc = inside.last().map(|t| t.kind) == Some(TokenKind::CloseHeredoc);
        if heredoc && !self.tokens.get(range.end).is_some_and(newline) {
            return;
        }
        let mut by = as_written(self.text, inside);
        let in_parentheses = inside.first().map(|t| t.kind) == Some(TokenKind::OpenParen)
            && inside.last().map(|t| t.kind) == Some(TokenKind::CloseParen);
        // A comment that holds its newline breaks the line as well, which Terraform overlooks: what
        // it makes of such a string is no longer valid.
        let breaks = |(index, token): (usize, &Token)| {
            let comment = token.kind == TokenKind::Comment
                && index + 1 < inside.len()
                && self.text[token.start..token.end].ends_with('\n');
            newline(token) || comment
        };
        if inside.iter().enumerate().any(breaks) && !in_parentheses {
            // Without brackets an expression ends with its line.
            by.insert(0, piece(TokenKind::OpenParen, "("));
            by.push(piece(TokenKind::CloseParen, ")"));
        }
        self.edits.push(Edit { tokens: range, by });
    }
}

/// Whether there is no text and no other sequence of the same template among the tokens.
fn is_one_expression(tokens: &[Token]) -> bool {
    let mut quotes = 0_usize;
    for token in tokens {
        match token.kind {
            TokenKind::OpenQuote => quotes += 1,
            TokenKind::CloseQuote => quotes = quotes.saturating_sub(1),
            TokenKind::Interpolation | TokenKind::EndSequence | TokenKind::QuotedText
                if quotes == 0 =>
            {
                return false;
            }
            _ => {}
        }
    }
    true
}
