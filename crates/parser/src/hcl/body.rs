//! Bodies: arguments and blocks, with recovery at the next line after an error.

use std::collections::HashMap;
use std::sync::Arc;

use super::cursor::{Cursor, Parsed};
use crate::ast::{Attribute, Block, Body, ExprKind, Name, Span};

/// How many labels a block can have: none has more than two.
const MAX_LABELS: usize = 16;

/// A body being read, and where the arguments that it has are set.
struct Items {
    body: Body,
    seen: HashMap<Arc<str>, Span>,
    /// Something in it is neither an argument nor a block, or is a broken one.
    mistaken: bool,
}

impl Items {
    fn new(body: Body) -> Self {
        Self {
            body,
            seen: HashMap::new(),
            mistaken: false,
        }
    }
}

impl Cursor<'_> {
    /// The body of a whole file.
    pub(super) fn file_body(&mut self) -> Body {
        let mut items = Items::new(self.empty_body());
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
                self.position += 1;
                self.report(*error);
                continue;
            }
            self.item_or_recover(&mut items);
        }
        let mut body = items.body;
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
            one_line: false,
            broken: false,
        }
    }

    fn item_or_recover(&mut self, items: &mut Items) {
        let start = self.position;
        let depth = self.depth;
        let Err(error) = self.item(items) else {
            return;
        };
        items.mistaken = true;
        self.depth = depth;
        self.newlines_are_space = false;
        self.report(*error);
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
                b'\\' if self.byte_at(1).is_some() => self.position += 1,
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

    fn item(&mut self, items: &mut Items) -> Parsed<()> {
        let start = self.position;
        let Some(name) = self.name() else {
            if self.byte() == Some(b'"') {
                return Err(self.error_here(
                    "Invalid argument name",
                    "The names of arguments and the types of blocks are not quoted.",
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
            return self.attribute(items, name, start);
        }
        self.block(&mut items.body, name, start)
    }

    fn attribute(&mut self, items: &mut Items, name: Name, start: usize) -> Parsed<()> {
        let expr = self
            .expression()
            .inspect_err(|_| items.body.broken = true)?;
        let span = self.span(start, expr.span.end as usize);
        if let Some(first) = items.seen.get(&name.text) {
            let error = self
                .error_at(
                    name.span,
                    "Attribute redefined",
                    format!(
                        "The argument {:?} was already set. Each argument may be set only once.",
                        name.text
                    ),
                )
                .labelled(*first, "first set here");
            self.report(*error);
        } else {
            items.seen.insert(name.text.clone(), name.span);
            items.body.attributes.push(Attribute { name, expr, span });
        }
        self.end_of_item(true)
    }

    /// The newline behind an argument or a block.
    fn end_of_item(&mut self, argument: bool) -> Parsed<()> {
        self.space();
        if self.at_end() || self.at_newline() {
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
        let error = self.error_here(
            "Missing newline after argument",
            "An argument definition must end with a newline.",
        );
        if self.byte() == Some(b'}') {
            // It ends the block all the same.
            self.report(*error);
            return Ok(());
        }
        Err(error)
    }

    fn block(&mut self, body: &mut Body, block_type: Name, start: usize) -> Parsed<()> {
        if !(matches!(self.byte(), Some(b'"' | b'{')) || self.at_name()) {
            return Err(self.error_at(
                block_type.span,
                "Argument or block definition required",
                "This is neither an argument, which needs \"=\" and a value, nor a block, which \
                 needs a body in braces.",
            ));
        }
        let mut labels = Vec::new();
        let open = loop {
            self.space();
            let open = self.position;
            match self.byte() {
                Some(b'{') => break Ok(open),
                _ if labels.len() > MAX_LABELS => {
                    break Err(
                        self.error_here("Invalid block definition", "No block has as many labels.")
                    );
                }
                Some(b'"') => match self.label() {
                    Ok(label) => labels.push(label),
                    Err(error) => {
                        labels.push(self.broken_label(open));
                        break Err(error);
                    }
                },
                _ => match self.name() {
                    Some(name) => labels.push(name),
                    None => {
                        break Err(self.error_here(
                            "Invalid block definition",
                            "The header of a block is its type and its labels, and an opening \
                             brace (\"{\") on the same line.",
                        ));
                    }
                },
            }
        };
        body.broken |= open.is_err();
        let header_end = labels.last().map_or(block_type.span, |label| label.span);
        let header = block_type.span.to(header_end);
        let mut block = Block {
            block_type,
            labels,
            body: self.empty_body(),
            header,
            span: header,
        };
        let open = match open {
            Ok(open) => open,
            Err(error) => {
                // What there is of it can be judged.
                block.body.broken = true;
                body.blocks.push(block);
                return Err(error);
            }
        };
        self.position += 1;
        let content = self.nested(false, |cursor| cursor.block_body(open));
        let result = match content {
            Ok(content) => {
                block.body = content;
                Ok(())
            }
            Err(error) => {
                block.body.broken = true;
                Err(error)
            }
        };
        block.span = self.span_from(start);
        let broken = block.body.broken;
        body.broken |= broken;
        body.blocks.push(block);
        result?;
        // Where the closing brace is, is uncertain in a broken block.
        match self.end_of_item(false) {
            Err(_) if broken => {
                self.recover(self.position);
                Ok(())
            }
            result => result,
        }
    }

    /// The label that begins at `start` and ends at the end of the line, where its quote is missing.
    fn broken_label(&mut self, start: usize) -> Name {
        let text = self.intern(&self.text[start + 1..self.position.max(start + 1)]);
        let end = self.next_span().end;
        let span = Span {
            end,
            ..self.span(start, start)
        };
        Name { text, span }
    }

    /// A quoted block label, which may hold no interpolation.
    fn label(&mut self) -> Parsed<Name> {
        let start = self.position;
        let errors = self.diagnostics.len();
        self.position += 1;
        loop {
            match self.byte() {
                Some(b'"') => break,
                None | Some(b'\n' | b'\r') => {
                    return Err(self.error_here(
                        "Invalid string literal",
                        "The label has no closing quote on its line.",
                    ));
                }
                Some(b'\\') if !matches!(self.byte_at(1), None | Some(b'\n' | b'\r')) => {
                    self.position += 1;
                }
                Some(b'$' | b'%') if self.byte_at(1) == Some(b'{') => {
                    if errors == self.diagnostics.len() {
                        let error = self.error_at(
                            self.span(self.position, self.position + 2),
                            "Invalid string literal",
                            "A label holds no template sequences. Write \"$${\" or \"%%{\" for \
                             these characters.",
                        );
                        self.diagnostics.push(*error);
                    }
                }
                Some(_) => {}
            }
            self.position += self.rest().chars().next().map_or(0, char::len_utf8);
        }
        self.position += 1;
        let span = self.span_from(start);
        let inner = &self.text[start + 1..self.position - 1];
        if errors < self.diagnostics.len() || !inner.contains(['\\', '$', '%']) {
            let text = self.intern(inner);
            return Ok(Name { text, span });
        }
        let end = std::mem::replace(&mut self.position, start);
        let label = self.quoted_template();
        self.position = end;
        match label?.kind {
            ExprKind::String(text) => Ok(Name { text, span }),
            _ => Ok(Name {
                text: self.intern(inner),
                span,
            }),
        }
    }

    /// Content and closing brace of the block whose `{` at `open` was read.
    fn block_body(&mut self, open: usize) -> Parsed<Body> {
        let mut body = self.empty_body();
        self.space();
        if !self.at_newline() && !self.at_end() && self.byte() != Some(b'}') {
            self.only_argument(&mut body)?;
            body.one_line = true;
            body.span = self.span_from(open);
            return Ok(body);
        }
        let mut items = Items::new(body);
        loop {
            self.space_and_newlines();
            if self.take("}") {
                break;
            }
            if self.at_end() {
                // After a mistake in the block its closing brace may have been passed over.
                if !items.mistaken {
                    return Err(self.error_at(
                        self.span(open, open + 1),
                        "Unclosed configuration block",
                        "There is no closing brace for this block before the end of the file. \
                         This may be caused by incorrect brace nesting elsewhere in this file.",
                    ));
                }
                break;
            }
            self.item_or_recover(&mut items);
        }
        let mut body = items.body;
        body.span = self.span_from(open);
        body.broken |= body.blocks.iter().any(|block| block.body.broken);
        Ok(body)
    }

    /// The one argument of a block on one line, and its closing brace.
    fn only_argument(&mut self, body: &mut Body) -> Parsed<()> {
        let start = self.position;
        let required = "Argument or block definition required";
        let Some(name) = self.name() else {
            return Err(self.error_here(
                required,
                "An argument is required here, or the end of the block.",
            ));
        };
        self.space();
        if self.byte() != Some(b'=') || self.byte_at(1) == Some(b'=') {
            if matches!(self.byte(), Some(b'"' | b'{')) || self.at_name() {
                return Err(self
                    .error_at(
                        name.span.to(self.next_span()),
                        "Argument definition required",
                        "A block on one line holds one argument and no block.",
                    )
                    .helped("put each argument and each nested block on a line of its own"));
            }
            return Err(self.error_at(name.span, required, "An argument needs \"=\" and a value."));
        }
        self.position += 1;
        let expr = self.expression()?;
        let span = self.span(start, start).to(expr.span);
        body.attributes.push(Attribute { name, expr, span });
        self.space();
        if self.take("}") {
            return Ok(());
        }
        Err(self
            .error_here(
                "Invalid single-argument block definition",
                "A block on one line holds one argument, which the closing brace follows.",
            )
            .helped("put each argument on a line of its own"))
    }
}
