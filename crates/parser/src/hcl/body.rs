//! Bodies: arguments and blocks, with recovery at the next line after an error.

use super::cursor::{Cursor, Parsed, normalized};
use super::{MAX_ERRORS, too_many_errors};
use crate::ast::{Attribute, Block, Body, Name, Span};

impl Cursor<'_> {
    /// The body of a whole file.
    pub(super) fn file_body(&mut self) -> Body {
        let mut body = self.empty_body();
        loop {
            self.space_and_newlines();
            if self.at_end() {
                break;
            }
            if self.byte() == Some(b'}') {
                let error = self.error_here(
                    "Argument or block definition required",
                    "An argument or block definition is required here; this closing brace has no \
                     opening one.",
                );
                self.diagnostics.push(*error);
                self.position += 1;
                continue;
            }
            self.item_or_recover(&mut body);
        }
        body.span = self.span(0, self.text.len());
        body
    }

    fn empty_body(&self) -> Body {
        let span = self.span(self.position, self.position);
        Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            span,
            json: false,
            broken: false,
        }
    }

    fn item_or_recover(&mut self, body: &mut Body) {
        let start = self.position;
        let depth = self.depth;
        let Err(error) = self.item(body) else { return };
        body.broken = true;
        self.depth = depth;
        self.newlines_are_space = false;
        if self.stopped {
            return;
        }
        let span = error.span;
        self.diagnostics.push(*error);
        if self.diagnostics.len() >= MAX_ERRORS {
            self.diagnostics.extend(span.map(too_many_errors));
            self.stopped = true;
            self.position = self.text.len();
            return;
        }
        self.recover(start);
    }

    /// Goes to the end of the item that begins at `start`: the end of a line at which all brackets
    /// that were opened since are closed. Strings are passed over whole.
    fn recover(&mut self, start: usize) {
        let failed_at = self.position;
        if self.at_end() {
            return;
        }
        self.position = start;
        let mut open = 0_usize;
        loop {
            let here = self.position;
            self.space();
            if self.at_end() {
                return;
            }
            if self.at_newline() {
                if open == 0 && self.position >= failed_at {
                    return;
                }
                self.take_newline();
                continue;
            }
            match self.byte() {
                Some(b'{' | b'[' | b'(') => open += 1,
                Some(b'}') if open == 0 && here >= failed_at => return,
                Some(b'}' | b']' | b')') => open = open.saturating_sub(1),
                Some(b'"') => {
                    self.skip_string();
                    continue;
                }
                _ => {}
            }
            self.position += self.rest().chars().next().map_or(1, char::len_utf8);
        }
    }

    /// Over a quoted string, or to the end of the line if it has no end there.
    fn skip_string(&mut self) {
        self.position += 1;
        let mut interpolations = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'\n' => return,
                b'\\' => self.position += 1,
                b'$' | b'%' if self.byte_at(1) == Some(b'{') => interpolations += 1,
                b'}' => interpolations = interpolations.saturating_sub(1),
                b'"' if interpolations == 0 => {
                    self.position += 1;
                    return;
                }
                _ => {}
            }
            self.position += self.rest().chars().next().map_or(1, char::len_utf8);
        }
    }

    fn item(&mut self, body: &mut Body) -> Parsed<()> {
        let start = self.position;
        let Some(name) = self.name() else {
            if self.byte() == Some(b'"') {
                let (text, span) = self.label()?;
                return Err(self.error_at(
                    span,
                    "Invalid argument name",
                    format!("Argument names must not be quoted: write {text} alone."),
                ));
            }
            return Err(self.error_here(
                "Argument or block definition required",
                "An argument or block definition is required here.",
            ));
        };
        self.space();
        if self.byte() == Some(b'=') && self.byte_at(1) != Some(b'=') {
            self.position += 1;
            return self.attribute(body, name, start);
        }
        self.block(body, name, start)
    }

    fn attribute(&mut self, body: &mut Body, name: Name, start: usize) -> Parsed<()> {
        let expr = self.expression()?;
        let span = self.span(start, expr.span.end as usize);
        if let Some(first) = body.attribute(&name.text) {
            let error = self
                .error_at(
                    name.span,
                    "Attribute redefined",
                    format!(
                        "The argument {:?} was already set. Each argument may be set only once.",
                        name.text
                    ),
                )
                .labelled(first.name.span, "first set here");
            self.diagnostics.push(*error);
        } else {
            body.attributes.push(Attribute { name, expr, span });
        }
        self.end_of_item(true)
    }

    /// The newline behind an argument or a block; a closing brace also ends an argument, of a block
    /// on one line.
    fn end_of_item(&mut self, argument: bool) -> Parsed<()> {
        self.space();
        if self.at_end() || self.at_newline() || (argument && self.byte() == Some(b'}')) {
            return Ok(());
        }
        if !argument {
            return Err(self.error_here(
                "Missing newline after block definition",
                "A block definition must end with a newline.",
            ));
        }
        if self.byte() == Some(b',') {
            return Err(self.error_here(
                "Unexpected comma after argument",
                "Argument definitions must be separated by newlines, not commas. An argument \
                 definition must end with a newline.",
            ));
        }
        let bitwise = ["&", "|"]
            .into_iter()
            .find(|token| self.looking_at(token) && self.byte_at(1) != Some(token.as_bytes()[0]));
        if let Some(token) = bitwise {
            return Err(self.error_here(
                "Unsupported operator",
                format!(
                    "Bitwise operators are not supported. Did you mean boolean {}?",
                    if token == "&" {
                        "AND (\"&&\")"
                    } else {
                        "OR (\"||\")"
                    }
                ),
            ));
        }
        Err(self.error_here(
            "Missing newline after argument",
            "An argument definition must end with a newline.",
        ))
    }

    fn block(&mut self, body: &mut Body, block_type: Name, start: usize) -> Parsed<()> {
        let mut labels = Vec::new();
        loop {
            self.space();
            match self.byte() {
                Some(b'{') => break,
                Some(b'"') => {
                    let (text, span) = self.label()?;
                    labels.push(Name { text, span });
                }
                _ => match self.name() {
                    Some(name) => labels.push(name),
                    None => return Err(self.not_a_block(&block_type, &labels)),
                },
            }
        }
        let header_end = labels.last().map_or(block_type.span, |label| label.span);
        let header = block_type.span.to(header_end);
        let open = self.position;
        self.position += 1;
        let content = self.nested(false, |cursor| Ok(cursor.block_body(open)))?;
        let span = self.span_from(start);
        body.blocks.push(Block {
            block_type,
            labels,
            body: content?,
            header,
            span,
        });
        self.end_of_item(false)
    }

    fn not_a_block(&self, name: &Name, labels: &[Name]) -> Box<crate::Diagnostic> {
        if let Some(error) = self.invalid_character() {
            return error;
        }
        if labels.is_empty() && (self.at_end() || self.at_newline()) {
            return self.error_at(
                name.span,
                "Invalid block definition",
                "Either an argument or a block is required: an argument needs \"=\" and a value, \
                 a block a body in braces.",
            );
        }
        if labels.is_empty() && !self.looking_at("=") {
            return self.error_here(
                "Argument or block definition required",
                "An argument or block definition is required here. To set an argument, use the \
                 equals sign \"=\" to introduce the argument value.",
            );
        }
        self.error_here(
            "Invalid block definition",
            "Either a quoted string block label or an opening brace (\"{\") is expected here.",
        )
    }

    /// A quoted block label, which may hold no interpolation.
    fn label(&mut self) -> Parsed<(std::sync::Arc<str>, Span)> {
        let start = self.position;
        self.skip_string();
        let span = self.span_from(start);
        let quoted = &self.text[start..self.position];
        let inner = quoted
            .get(1..quoted.len().saturating_sub(1))
            .filter(|_| quoted.len() >= 2 && quoted.ends_with('"'));
        let Some(inner) = inner else {
            return Err(self.error_at(
                span,
                "Invalid block definition",
                "The quoted block label has no closing quote on its line.",
            ));
        };
        if inner.contains("${") || inner.contains("%{") {
            return Err(self.error_at(
                span,
                "Invalid string literal",
                "Template sequences are not allowed in this string. To include a literal \"$\", \
                 double it (as \"$$\") to escape it.",
            ));
        }
        if inner.contains('\\') {
            return Err(self.error_at(
                span,
                "Invalid block definition",
                "A block label may not contain escape sequences.",
            ));
        }
        Ok((normalized(inner), span))
    }

    /// Content and closing brace of the block whose `{` at `open` was read.
    fn block_body(&mut self, open: usize) -> Parsed<Body> {
        let mut body = self.empty_body();
        self.space();
        let one_line = !self.at_newline() && !self.at_end() && self.byte() != Some(b'}');
        loop {
            self.space_and_newlines();
            if self.take("}") {
                body.span = self.span_from(open);
                return Ok(body);
            }
            if self.at_end() {
                return Err(self.error_at(
                    self.span(open, open + 1),
                    "Unclosed configuration block",
                    "There is no closing brace for this block before the end of the file. This \
                     may be caused by incorrect brace nesting elsewhere in this file.",
                ));
            }
            let errors = self.diagnostics.len();
            self.item_or_recover(&mut body);
            if one_line && errors == self.diagnostics.len() {
                self.space();
                if self.at_newline() {
                    return Err(self.error_here(
                        "Invalid single-argument block definition",
                        "A single-line block definition must end with a closing brace \
                         immediately after its single argument definition.",
                    ));
                }
            }
        }
    }
}
