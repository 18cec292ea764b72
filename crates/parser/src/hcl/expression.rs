//! Expressions, by precedence climbing.

use super::cursor::{Cursor, Parsed, is_name_continue};
use super::scan;
use crate::ast::{
    Binary, BinaryOp, Call, Conditional, Expr, ExprKind, For, Name, ObjectItem, ObjectKey, Span,
    Unary, UnaryOp,
};

/// How many operators or accessors may follow each other: the tree they make is as deep.
pub(super) const MAX_CHAIN: usize = 1000;

/// The operators by precedence, loosest first; within a level longer tokens first.
const OPERATORS: [&[(&str, BinaryOp)]; 6] = [
    &[("||", BinaryOp::Or)],
    &[("&&", BinaryOp::And)],
    &[("==", BinaryOp::Equal), ("!=", BinaryOp::NotEqual)],
    &[
        ("<=", BinaryOp::LessOrEqual),
        (">=", BinaryOp::GreaterOrEqual),
        ("<", BinaryOp::Less),
        (">", BinaryOp::Greater),
    ],
    &[("+", BinaryOp::Add), ("-", BinaryOp::Subtract)],
    &[
        ("*", BinaryOp::Multiply),
        ("/", BinaryOp::Divide),
        ("%", BinaryOp::Modulo),
    ],
];

/// What behaves differently from an expression list inside brackets.
struct ListSyntax {
    close: &'static str,
    /// Summary and detail when an item is followed by neither a comma nor the end.
    missing_separator: (&'static str, &'static str),
    /// Summary when the file ends first, and what opens the list.
    unterminated: (&'static str, Span),
}

impl Cursor<'_> {
    /// An expression, after any space before it.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let newlines = self.newlines_are_space;
        self.nested(newlines, |cursor| {
            let condition = cursor.binary(0)?;
            cursor.space();
            if !cursor.take("?") {
                return Ok(condition);
            }
            let question = cursor.span(cursor.position - 1, cursor.position);
            let yes = cursor.expression()?;
            cursor.space();
            if !cursor.take(":") {
                return Err(cursor
                    .error_at(
                        cursor.next_span(),
                        "Missing false expression in conditional",
                        "The conditional operator (...?...:...) requires a false expression, \
                         delimited by a colon.",
                    )
                    .labelled(question, "the conditional begins here"));
            }
            let no = cursor.expression()?;
            let span = condition.span.to(no.span);
            let kind = ExprKind::Conditional(Box::new(Conditional { condition, yes, no }));
            Ok(Expr { span, kind })
        })
    }

    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        let Some(operators) = OPERATORS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        let mut chain = 0;
        loop {
            self.space();
            let start = self.position;
            let Some(op) = self.operator(operators) else {
                return Ok(left);
            };
            let op_span = self.span_from(start);
            chain += 1;
            if chain > MAX_CHAIN {
                return Err(self.error_at(
                    op_span,
                    "Expression too long",
                    format!("At most {MAX_CHAIN} operators may follow each other."),
                ));
            }
            let right = self.binary(level + 1)?;
            let span = left.span.to(right.span);
            let kind = ExprKind::Binary(Box::new(Binary {
                left,
                op,
                op_span,
                right,
            }));
            left = Expr { span, kind };
        }
    }

    fn operator(&mut self, operators: &[(&str, BinaryOp)]) -> Option<BinaryOp> {
        if self.at_heredoc() {
            return None;
        }
        let (token, op) = *operators.iter().find(|(token, _)| self.looking_at(token))?;
        self.position += token.len();
        Some(op)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        self.space();
        let start = self.position;
        let op = match self.byte() {
            Some(b'!') if self.byte_at(1) != Some(b'=') => UnaryOp::Not,
            Some(b'-') => UnaryOp::Negate,
            _ => return self.with_accessors(),
        };
        self.position += 1;
        let newlines = self.newlines_are_space;
        let operand = self.nested(newlines, Self::unary)?;
        let span = self.span(start, start).to(operand.span);
        Ok(Expr {
            span,
            kind: ExprKind::Unary(Box::new(Unary { op, operand })),
        })
    }

    pub(super) fn term(&mut self) -> Parsed<Expr> {
        self.space();
        let start = self.position;
        match self.byte() {
            Some(b'0'..=b'9') => self.number(),
            Some(b'"') => self.quoted_template(),
            Some(b'(') => self.parentheses(),
            Some(b'[') => self.tuple(),
            Some(b'{') => self.object(),
            Some(b'<') if self.at_heredoc() => self.heredoc(),
            _ => {
                let Some(name) = self.name() else {
                    let summary = if self.at_end() {
                        "Missing expression"
                    } else {
                        "Invalid expression"
                    };
                    return Err(self.error_here(summary, "An expression is expected here."));
                };
                let kind = match &*name.text {
                    _ if self.call_follows() => return self.variable_or_call(name, start),
                    "true" => ExprKind::Bool(true),
                    "false" => ExprKind::Bool(false),
                    "null" => ExprKind::Null,
                    _ => return self.variable_or_call(name, start),
                };
                Ok(Expr {
                    span: self.span_from(start),
                    kind,
                })
            }
        }
    }

    fn number(&mut self) -> Parsed<Expr> {
        let start = self.position;
        self.position += scan::number_length(self.rest());
        let text = &self.text[start..self.position];
        let span = self.span_from(start);
        if !is_number(text) {
            return Err(self.error_at(
                span,
                "Invalid number literal",
                "This looks like a number, but is none: digits may be followed by one fraction \
                 and one exponent.",
            ));
        }
        let kind = ExprKind::Number(text.into());
        Ok(Expr { span, kind })
    }

    fn parentheses(&mut self) -> Parsed<Expr> {
        let start = self.position;
        self.position += 1;
        let inner = self.nested(true, Self::expression)?;
        self.space_and_newlines();
        if !self.take(")") {
            let open = self.span(start, start + 1);
            return Err(self
                .error_here(
                    "Unbalanced parentheses",
                    "Expected a closing parenthesis to terminate the expression.",
                )
                .labelled(open, "opened here"));
        }
        Ok(Expr {
            span: self.span_from(start),
            kind: ExprKind::Parens(Box::new(inner)),
        })
    }

    /// Whether the word `for` is next, and is not an object key.
    fn at_for(&self) -> bool {
        self.rest()
            .strip_prefix("for")
            .is_some_and(|rest| !rest.starts_with(is_name_continue))
    }

    fn tuple(&mut self) -> Parsed<Expr> {
        let start = self.position;
        self.position += 1;
        self.space_and_newlines();
        if self.at_for() {
            return self.for_expression(start, "]");
        }
        let syntax = ListSyntax {
            close: "]",
            missing_separator: (
                "Missing item separator",
                "Expected a comma to mark the beginning of the next item.",
            ),
            unterminated: (
                "Unterminated tuple constructor expression",
                self.span(start, start + 1),
            ),
        };
        let (items, _) = self.nested(true, |cursor| cursor.list(&syntax))?;
        Ok(Expr {
            span: self.span_from(start),
            kind: ExprKind::Tuple(items.into()),
        })
    }

    /// Expressions separated by commas up to the closing bracket, and whether the last is expanded.
    fn list(&mut self, syntax: &ListSyntax) -> Parsed<(Vec<Expr>, bool)> {
        let mut items = Vec::new();
        loop {
            self.space();
            if self.take(syntax.close) {
                return Ok((items, false));
            }
            items.push(self.expression()?);
            self.space();
            if self.take(syntax.close) {
                return Ok((items, false));
            }
            let ellipsis = self.position;
            if syntax.close == ")" && self.take("...") {
                let ellipsis = self.span_from(ellipsis);
                self.space();
                self.take(",");
                self.space();
                if !self.take(")") {
                    return Err(self.error_at(
                        ellipsis,
                        "Missing closing parenthesis",
                        "An expanded function argument (with ...) must be immediately followed by \
                         closing parentheses.",
                    ));
                }
                return Ok((items, true));
            }
            if self.at_end() {
                let (summary, open) = syntax.unterminated;
                return Err(self.error_at(
                    open,
                    summary,
                    "The file ends before the bracket that closes it. This may be caused by \
                     incorrect bracket nesting elsewhere in this file.",
                ));
            }
            if !self.take(",") {
                let (summary, detail) = syntax.missing_separator;
                return Err(self.error_here(summary, detail));
            }
        }
    }

    fn object(&mut self) -> Parsed<Expr> {
        let start = self.position;
        self.position += 1;
        self.space_and_newlines();
        if self.at_for() {
            return self.for_expression(start, "}");
        }
        let items = self.nested(false, |cursor| cursor.object_items(start))?;
        Ok(Expr {
            span: self.span_from(start),
            kind: ExprKind::Object(items.into()),
        })
    }

    fn object_items(&mut self, start: usize) -> Parsed<Vec<ObjectItem>> {
        let mut items = Vec::new();
        loop {
            self.space_and_newlines();
            if self.take("}") {
                return Ok(items);
            }
            if self.at_end() {
                return Err(self.error_at(
                    self.span(start, start + 1),
                    "Unclosed configuration block",
                    "There is no closing brace for this object before the end of the file. This \
                     may be caused by incorrect brace nesting elsewhere in this file.",
                ));
            }
            items.push(self.object_item(start)?);
            self.space();
            if self.take("}") {
                return Ok(items);
            }
            if !self.take(",") && !self.take_newline() {
                if self.at_end() {
                    continue;
                }
                return Err(self.error_here(
                    "Missing attribute separator",
                    "Expected a newline or comma to mark the beginning of the next attribute.",
                ));
            }
        }
    }

    fn object_item(&mut self, start: usize) -> Parsed<ObjectItem> {
        let before = self.position;
        let key = match self.name() {
            Some(name)
                if {
                    self.space();
                    matches!(self.byte(), Some(b'=' | b':'))
                        && !self.looking_at("::")
                        && !self.looking_at("==")
                } =>
            {
                ObjectKey::Name(name)
            }
            _ => {
                self.position = before;
                ObjectKey::Expr(self.expression()?)
            }
        };
        self.space();
        let arrow = self.looking_at("=>");
        if arrow || !(self.take("=") || self.take(":")) {
            if self.at_end() {
                return Err(self.error_at(
                    self.span(start, start + 1),
                    "Unclosed configuration block",
                    "There is no closing brace for this object before the end of the file.",
                ));
            }
            if self.at_newline() || self.byte() == Some(b',') {
                return Err(self.error_here(
                    "Missing attribute value",
                    "Expected an attribute value, introduced by an equals sign (\"=\").",
                ));
            }
            return Err(self.error_here(
                "Missing key/value separator",
                "Expected an equals sign (\"=\") to mark the beginning of the attribute value.",
            ));
        }
        let value = self.expression()?;
        Ok(ObjectItem { key, value })
    }

    /// `for` and everything up to the closing bracket; the opening one at `start` was read.
    fn for_expression(&mut self, start: usize, close: &'static str) -> Parsed<Expr> {
        let parsed = self.nested(true, |cursor| cursor.for_parts(close))?;
        Ok(Expr {
            span: self.span_from(start),
            kind: ExprKind::For(Box::new(parsed)),
        })
    }

    fn for_parts(&mut self, close: &'static str) -> Parsed<For> {
        const SUMMARY: &str = "Invalid 'for' expression";
        self.position += "for".len();
        let (key, value) = self.for_names(SUMMARY)?;
        let collection = self.expression()?;
        self.space();
        if !self.take(":") {
            return Err(self.error_here(
                SUMMARY,
                "For expression requires a colon after the collection expression.",
            ));
        }
        let first = self.expression()?;
        self.space();
        let (result_key, result) = if close == "}" {
            if !self.take("=>") {
                self.ends_for(SUMMARY, close)?;
                return Err(self.error_at(
                    first.span,
                    SUMMARY,
                    "For expression with braces requires a key and a value, separated by an arrow \
                     (\"=>\").",
                ));
            }
            (Some(first), self.expression()?)
        } else {
            if self.take("=>") {
                self.expression()?;
                self.space();
                self.ends_for(SUMMARY, close)?;
                return Err(self.error_at(
                    first.span,
                    SUMMARY,
                    "Key expression is not valid when building a tuple. Use braces to build an \
                     object.",
                ));
            }
            (None, first)
        };
        self.space();
        let ellipsis = self.position;
        let group = self.take("...");
        if group && result_key.is_none() {
            return Err(self.error_at(
                self.span_from(ellipsis),
                SUMMARY,
                "Grouping ellipsis (...) cannot be used when building a tuple.",
            ));
        }
        self.space();
        let mut condition = None;
        if self.rest().starts_with("if") {
            let before = self.position;
            if self.name().is_some_and(|name| &*name.text == "if") {
                condition = Some(self.expression()?);
                self.space();
            } else {
                self.position = before;
            }
        }
        self.ends_for(SUMMARY, close)?;
        self.position += close.len();
        Ok(For {
            key,
            value,
            collection,
            result_key,
            result,
            group,
            condition,
        })
    }

    /// Nothing but the closing bracket may be left of a `for`.
    fn ends_for(&self, summary: &str, close: &str) -> Parsed<()> {
        if self.looking_at(close) {
            return Ok(());
        }
        Err(self.error_here(
            summary,
            "Extra characters after the end of the 'for' expression.",
        ))
    }

    /// `key, value in` of a `for`, up to and including `in`.
    pub(super) fn for_names(&mut self, summary: &str) -> Parsed<(Option<Name>, Name)> {
        let expected = |cursor: &Self, what: &str| {
            cursor.error_here(summary, format!("For expression requires {what}."))
        };
        self.space();
        let Some(first) = self.name() else {
            return Err(expected(self, "a variable name after 'for'"));
        };
        self.space();
        let (key, value) = if self.take(",") {
            self.space();
            let Some(second) = self.name() else {
                return Err(expected(self, "a value variable name after the comma"));
            };
            (Some(first), second)
        } else {
            (None, first)
        };
        self.space();
        let before = self.position;
        match self.name() {
            Some(word) if &*word.text == "in" => Ok((key, value)),
            _ => {
                self.position = before;
                Err(expected(
                    self,
                    "the 'in' keyword after its name declarations",
                ))
            }
        }
    }

    /// Whether the name that was just read is that of a function, whatever it means elsewhere.
    fn call_follows(&mut self) -> bool {
        let before = self.position;
        self.space();
        let follows = self.looking_at("(") || self.looking_at("::");
        self.position = before;
        follows
    }

    fn variable_or_call(&mut self, first: Name, start: usize) -> Parsed<Expr> {
        let mut name = first;
        loop {
            let before = self.position;
            self.space();
            if !self.take("::") {
                self.position = before;
                break;
            }
            self.space();
            let Some(next) = self.name() else {
                return Err(self.error_here(
                    "Missing function name",
                    "A function name is required after a namespace.",
                ));
            };
            let text = self.intern(&format!("{}::{}", name.text, next.text));
            name = Name {
                text,
                span: self.span_from(start),
            };
        }
        let before = self.position;
        self.space();
        if !self.looking_at("(") {
            if name.text.contains("::") {
                return Err(self.error_here(
                    "Missing open parenthesis",
                    "Function calls must have parentheses after the function name.",
                ));
            }
            self.position = before;
            let span = name.span;
            return Ok(Expr {
                span,
                kind: ExprKind::Variable(name.text),
            });
        }
        let open = self.position;
        self.position += 1;
        let syntax = ListSyntax {
            close: ")",
            missing_separator: (
                "Missing argument separator",
                "A comma is required to separate each function argument from the next.",
            ),
            unterminated: ("Unterminated function call", self.span_from(start)),
        };
        let (args, expand_final) = self.nested(true, |cursor| cursor.list(&syntax))?;
        let parens = self.span_from(open);
        let call = Call {
            name,
            args: args.into(),
            expand_final,
            parens,
        };
        Ok(Expr {
            span: self.span_from(start),
            kind: ExprKind::Call(Box::new(call)),
        })
    }
}

/// Whether what looks like a number is one. A point may be followed by the exponent at once.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole) && digits(fraction) && digits(exponent)
}
