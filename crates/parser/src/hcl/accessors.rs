//! What follows a term: attributes, indices and splats.

use super::cursor::{Cursor, Parsed};
use super::expression::MAX_CHAIN;
use crate::ast::{Expr, ExprKind, GetAttr, Index, LegacyIndex, Name, Span, Splat, SplatStep};

impl Cursor<'_> {
    /// A term and the accessors behind it.
    pub(super) fn with_accessors(&mut self) -> Parsed<Expr> {
        let mut expr = self.term()?;
        let mut chain = 0;
        loop {
            let before = self.position;
            self.space();
            chain += 1;
            if chain > MAX_CHAIN {
                return Err(self.error_here(
                    "Expression too long",
                    format!("At most {MAX_CHAIN} accessors may follow each other."),
                ));
            }
            expr = match self.byte() {
                Some(b'.') if !self.looking_at("...") => self.dot(expr)?,
                Some(b'[') => self.brackets(expr)?,
                _ => {
                    // Leave a comment or newline behind the term to whoever comes next.
                    self.position = before;
                    return Ok(expr);
                }
            };
        }
    }

    fn dot(&mut self, target: Expr) -> Parsed<Expr> {
        let dot = self.position;
        self.position += 1;
        self.space();
        let target_span = target.span;
        let whole = |end: Span| target_span.to(end);
        match self.byte() {
            Some(b'*') => {
                self.position += 1;
                let marker = self.span(dot, self.position);
                let each = self.attribute_splat_steps()?;
                let span = whole(self.span_from(dot));
                let splat = Splat {
                    source: target,
                    full: false,
                    marker,
                    each,
                };
                Ok(Expr {
                    span,
                    kind: ExprKind::Splat(Box::new(splat)),
                })
            }
            Some(b'0'..=b'9') => {
                let index = self.legacy_index()?;
                let span = whole(index.span);
                Ok(Expr {
                    span,
                    kind: ExprKind::LegacyIndex(Box::new(LegacyIndex { target, index })),
                })
            }
            _ => match self.name() {
                Some(name) => {
                    let span = whole(name.span);
                    Ok(Expr {
                        span,
                        kind: ExprKind::GetAttr(Box::new(GetAttr { target, name })),
                    })
                }
                None => Err(self.error_here(
                    "Invalid attribute name",
                    "An attribute name is required after a dot.",
                )),
            },
        }
    }

    /// The digits of `.0`; a fraction, as in `.0.1`, is not understood by the language.
    fn legacy_index(&mut self) -> Parsed<Name> {
        let start = self.position;
        let digits = |cursor: &Self, from: usize| {
            cursor.text[from..]
                .bytes()
                .take_while(u8::is_ascii_digit)
                .count()
        };
        self.position += digits(self, self.position);
        if self.byte() == Some(b'.') && self.byte_at(1).is_some_and(|b| b.is_ascii_digit()) {
            self.position += 1;
            self.position += digits(self, self.position);
            return Err(self.error_at(
                self.span_from(start),
                "Invalid legacy index syntax",
                "When using the legacy index syntax, chaining two indexes together is not \
                 permitted. Use the proper index syntax instead, like [0][1].",
            ));
        }
        let text = self.intern(&self.text[start..self.position]);
        Ok(Name {
            text,
            span: self.span_from(start),
        })
    }

    /// `.a.b` behind `.*`.
    fn attribute_splat_steps(&mut self) -> Parsed<Box<[SplatStep]>> {
        let mut steps = Vec::new();
        loop {
            let before = self.position;
            self.space();
            if self.byte() != Some(b'.') || self.looking_at("...") {
                self.position = before;
                return Ok(steps.into());
            }
            self.position += 1;
            self.space();
            match self.byte() {
                Some(b'*') => {
                    return Err(self.error_at(
                        self.next_span(),
                        "Nested splat expression not allowed",
                        "A splat expression (*) cannot be used inside another attribute-only \
                         splat expression.",
                    ));
                }
                Some(b'0'..=b'9') => steps.push(SplatStep::LegacyIndex(self.legacy_index()?)),
                _ => match self.name() {
                    Some(name) => steps.push(SplatStep::Attr(name)),
                    None => {
                        return Err(self.error_here(
                            "Invalid attribute name",
                            "An attribute name is required after a dot.",
                        ));
                    }
                },
            }
        }
    }

    fn brackets(&mut self, target: Expr) -> Parsed<Expr> {
        let start = self.position;
        self.position += 1;
        let before = self.position;
        self.space_and_newlines();
        if self.byte() == Some(b'*') {
            self.position += 1;
            self.space_and_newlines();
            if !self.take("]") {
                let error = self.error_at(
                    self.closing_bracket(),
                    "Missing close bracket on splat index",
                    "The star for a full splat operator must be immediately followed by a closing \
                     bracket (\"]\").",
                );
                return Err(error.labelled(self.next_span(), "it is missing here"));
            }
            let marker = self.span_from(start);
            let each = self.full_splat_steps()?;
            let span = target.span.to(self.span_from(start));
            let splat = Splat {
                source: target,
                full: true,
                marker,
                each,
            };
            return Ok(Expr {
                span,
                kind: ExprKind::Splat(Box::new(splat)),
            });
        }
        self.position = before;
        let (key, brackets) = self.index_key(start)?;
        let span = target.span.to(brackets);
        Ok(Expr {
            span,
            kind: ExprKind::Index(Box::new(Index {
                target,
                key,
                brackets,
            })),
        })
    }

    /// The key and the `]` of an index whose `[` at `start` was read.
    fn index_key(&mut self, start: usize) -> Parsed<(Expr, Span)> {
        let key = self.nested(true, Self::expression)?;
        self.space_and_newlines();
        if !self.take("]") {
            let error = self.error_at(
                self.closing_bracket(),
                "Missing close bracket on index",
                "The index operator must end with a closing bracket (\"]\").",
            );
            return Err(error.labelled(self.next_span(), "it is missing here at the latest"));
        }
        Ok((key, self.span_from(start)))
    }

    /// Where reading can go on after a bracket is missing: at the next one behind the present token
    /// that closes none of those opened since, or at the end.
    fn closing_bracket(&self) -> Span {
        let bytes = self.text.as_bytes();
        let mut open = 0_usize;
        let mut at = match self.byte() {
            Some(b'"') => self.position,
            _ => self.next_span().end as usize,
        };
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'[' => open += 1,
                b']' if open == 0 => return self.span(at, at + 1),
                b']' => open -= 1,
                b'"' => at = string_end(bytes, at),
                _ => {}
            }
            at += 1;
        }
        let end = self.text.len();
        self.span(end, end)
    }

    /// `.a[0].b` behind `[*]`.
    fn full_splat_steps(&mut self) -> Parsed<Box<[SplatStep]>> {
        let mut steps = Vec::new();
        loop {
            let before = self.position;
            self.space();
            let start = self.position;
            match self.byte() {
                Some(b'.') if !self.looking_at("...") && self.byte_at(1) != Some(b'*') => {
                    self.position += 1;
                    self.space();
                    if self.byte().is_some_and(|b| b.is_ascii_digit()) {
                        steps.push(SplatStep::LegacyIndex(self.legacy_index()?));
                    } else if let Some(name) = self.name() {
                        steps.push(SplatStep::Attr(name));
                    } else {
                        return Err(self.error_here(
                            "Invalid attribute name",
                            "An attribute name is required after a dot.",
                        ));
                    }
                }
                Some(b'[') if !self.looking_at("[*") => {
                    self.position += 1;
                    let (key, brackets) = self.index_key(start)?;
                    steps.push(SplatStep::Index(key, brackets));
                }
                _ => {
                    self.position = before;
                    return Ok(steps.into());
                }
            }
        }
    }
}

/// The closing quote of the string that begins at `start`, or the last byte of its line.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut escaped = false;
    for (offset, byte) in bytes.iter().enumerate().skip(start + 1) {
        match byte {
            b'"' if !escaped => return offset,
            b'\n' => return offset - 1,
            _ => escaped = *byte == b'\\' && !escaped,
        }
    }
    start
}
