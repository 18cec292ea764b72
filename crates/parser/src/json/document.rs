//! A JSON document with the place of everything in it, read with Terraform's messages and its
//! recovery: what is broken is left out and reading goes on behind it.

use std::borrow::Cow;

use super::string;
use crate::ast::{FileId, Span};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hcl::{MAX_DEPTH, MAX_ERRORS, too_many_errors};

/// A value with its place.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) span: Span,
    pub(super) kind: Kind<'a>,
    /// It could not be read to its end, which has been reported: what seems to be missing in it
    /// may not be.
    pub(super) broken: bool,
}

/// The kinds of value.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    /// Escapes resolved.
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Property<'a>>),
    /// What could not be read; it has been reported.
    Invalid,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Property<'a> {
    pub(super) name: Cow<'a, str>,
    /// The name with its quotes.
    pub(super) name_span: Span,
    pub(super) value: Node<'a>,
}

impl Node<'_> {
    /// Its first character: the opening bracket of an object or array, or all of anything else.
    pub(super) fn start(&self) -> Span {
        match self.kind {
            Kind::Object(_) | Kind::Array(_) => first_byte(self.span),
            _ => self.span,
        }
    }
}

/// The first byte of a span.
pub(super) fn first_byte(span: Span) -> Span {
    Span {
        end: span.end.min(span.start + 1),
        ..span
    }
}

/// Reads a document whose root has to be an object or an array.
pub(super) fn parse(file: FileId, text: &str) -> (Node<'_>, Vec<Diagnostic>) {
    let mut reader = Reader {
        file,
        text,
        position: 0,
        peeked: None,
        depth: 0,
        stopped: false,
        diagnostics: Vec::new(),
    };
    let root = reader.value();
    if reader.diagnostics.is_empty() {
        let next = reader.peek();
        if next.kind != TokenKind::End {
            let span = reader.span(next);
            reader.error(
                span,
                "Extraneous data after value",
                "The file must hold one JSON value only; there is more behind it.",
            );
        }
    }
    let root = match root {
        Ok(node) if matches!(node.kind, Kind::Object(_) | Kind::Array(_)) => node,
        Ok(node) | Err(node) => {
            reader.error(
                node.start(),
                "Root value must be object",
                "The root of a configuration in JSON syntax is an object, or an array of objects.",
            );
            node
        }
    };
    (root, reader.diagnostics)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TokenKind {
    /// One of `{}[],:=`.
    Mark(u8),
    Word,
    String,
    Number,
    Invalid,
    End,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    kind: TokenKind,
    start: usize,
    end: usize,
}

/// A value, or what could be kept of a broken one.
type Read<'a> = Result<Node<'a>, Node<'a>>;

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    position: usize,
    peeked: Option<Token>,
    depth: u32,
    /// Reading ended before the text did; what follows from that is not reported.
    stopped: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Token {
        if let Some(token) = self.peeked {
            return token;
        }
        let token = self.scan();
        self.peeked = Some(token);
        token
    }

    fn read(&mut self) -> Token {
        let token = self.peek();
        self.peeked = None;
        self.position = token.end;
        if token.kind == TokenKind::Invalid {
            // Whatever this is, it is not JSON: nothing behind it is worth reading.
            self.position = self.text.len();
        }
        token
    }

    fn scan(&self) -> Token {
        let bytes = self.text.as_bytes();
        let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let rest = &bytes[self.position..];
        let start = self.position + rest.iter().take_while(|byte| space(byte)).count();
        let rest = &bytes[start..];
        let run = |accept: fn(u8) -> bool| rest.iter().take_while(|byte| accept(**byte)).count();
        let (kind, length) = match rest.first() {
            None => (TokenKind::End, 0),
            Some(mark @ (b'{' | b'}' | b'[' | b']' | b',' | b':' | b'=')) => {
                (TokenKind::Mark(*mark), 1)
            }
            Some(b'"') => (TokenKind::String, string::length(rest)),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => (
                TokenKind::Number,
                run(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')),
            ),
            Some(b'a'..=b'z' | b'A'..=b'Z') => (
                TokenKind::Word,
                run(|b| b.is_ascii_alphabetic() || b == b'_'),
            ),
            Some(_) => {
                let character = self.text[start..].chars().next();
                (TokenKind::Invalid, character.map_or(1, char::len_utf8))
            }
        };
        Token {
            kind,
            start,
            end: start + length,
        }
    }

    fn span(&self, token: Token) -> Span {
        self.place(token.start, token.end)
    }

    fn place(&self, start: usize, end: usize) -> Span {
        let offset = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: offset(start),
            end: offset(end),
        }
    }

    fn error(&mut self, span: Span, summary: &str, detail: impl Into<String>) {
        self.report(Diagnostic::error(span, summary, detail));
    }

    fn report(&mut self, error: Diagnostic) {
        if self.stopped {
            return;
        }
        let span = error.span;
        self.diagnostics.push(error);
        if self.diagnostics.len() >= MAX_ERRORS {
            self.diagnostics.extend(span.map(too_many_errors));
            self.stop();
        }
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.peeked = None;
        self.position = self.text.len();
    }

    fn node(&self, token: Token, kind: Kind<'a>) -> Node<'a> {
        Node {
            span: self.span(token),
            broken: matches!(kind, Kind::Invalid),
            kind,
        }
    }

    fn value(&mut self) -> Read<'a> {
        const START: &str = "A JSON value begins with a brace, a bracket, a quote, a digit or \
                             minus sign, or is one of true, false and null.";
        let token = self.peek();
        let (summary, detail) = match token.kind {
            TokenKind::Mark(b'{') => return self.deeper(Self::object),
            TokenKind::Mark(b'[') => return self.deeper(Self::array),
            TokenKind::Number => return self.number(),
            TokenKind::String => return self.string(),
            TokenKind::Word => return self.word(),
            TokenKind::Mark(b'}') => ("Missing JSON value", START),
            TokenKind::Mark(b']') => ("Missing array element value", START),
            TokenKind::End => ("Missing value", "The file ends where a value is expected."),
            _ => ("Invalid start of value", START),
        };
        self.error(self.span(token), summary, detail);
        Err(self.node(token, Kind::Invalid))
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Read<'a>) -> Read<'a> {
        if self.depth >= MAX_DEPTH {
            let token = self.peek();
            self.error(
                self.span(token),
                "Nesting too deep",
                format!("Arrays and objects can be nested at most {MAX_DEPTH} levels deep."),
            );
            self.stop();
            return Err(self.node(token, Kind::Invalid));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Goes on to the bracket that closes what is being read.
    fn recover(&mut self, mut token: Token, open: u8, close: u8) {
        let mut depth = 1;
        loop {
            match token.kind {
                TokenKind::Mark(mark) if mark == open => depth += 1,
                TokenKind::Mark(mark) if mark == close => {
                    depth -= 1;
                    if depth <= 1 {
                        return;
                    }
                }
                TokenKind::End => return,
                _ => {}
            }
            token = self.read();
        }
    }

    fn object(&mut self) -> Read<'a> {
        let open = self.read();
        let mut properties = Vec::new();
        loop {
            if self.peek().kind == TokenKind::Mark(b'}') {
                let close = self.read();
                let span = self.place(open.start, close.end);
                return Ok(Node {
                    span,
                    kind: Kind::Object(properties),
                    broken: false,
                });
            }
            match self.property() {
                Ok(property) => properties.push(property),
                Err(()) => break,
            }
            let next = self.peek();
            match next.kind {
                TokenKind::Mark(b',') => {
                    let comma = self.read();
                    if self.peek().kind == TokenKind::Mark(b'}') {
                        self.error(
                            self.span(comma),
                            "Trailing comma in object",
                            "In JSON no comma may follow the last property of an object.",
                        );
                        self.read();
                        break;
                    }
                }
                TokenKind::End => {
                    self.error(
                        self.span(open),
                        "Unclosed object",
                        "This object has no closing brace.",
                    );
                    break;
                }
                TokenKind::Mark(b']') => {
                    self.read();
                    self.error(
                        self.span(next),
                        "Mismatched braces",
                        "An object is closed with a brace, not with a bracket.",
                    );
                    break;
                }
                TokenKind::Mark(b'}') => {}
                _ => {
                    let unexpected = self.read();
                    self.recover(unexpected, b'{', b'}');
                    let place = self.peek();
                    self.error(
                        self.span(place),
                        "Missing attribute seperator comma",
                        "The properties of an object are separated by commas.",
                    );
                    break;
                }
            }
        }
        let span = self.place(open.start, self.position.max(open.end));
        Err(Node {
            span,
            kind: Kind::Object(properties),
            broken: true,
        })
    }

    fn property(&mut self) -> Result<Property<'a>, ()> {
        let key = self.value().unwrap_or_else(|broken| broken);
        let name_span = key.span;
        let Kind::String(name) = key.kind else {
            self.error(
                key.start(),
                "Invalid object property name",
                "The name of a property must be a quoted string.",
            );
            return Err(());
        };
        let colon = self.read();
        if colon.kind != TokenKind::Mark(b':') {
            self.recover(colon, b'{', b'}');
            let (summary, detail) = match colon.kind {
                TokenKind::Mark(b'}' | b',') => (
                    "Missing object value",
                    "A property needs a value, behind a colon.",
                ),
                TokenKind::Mark(b'=') => (
                    "Missing property value colon",
                    "In JSON a colon stands between name and value, not an equals sign.",
                ),
                _ => (
                    "Missing property value colon",
                    "A colon must stand between the name of a property and its value.",
                ),
            };
            self.error(self.span(colon), summary, detail);
            return Err(());
        }
        let value = self.value().unwrap_or_else(|broken| broken);
        Ok(Property {
            name,
            name_span,
            value,
        })
    }

    fn array(&mut self) -> Read<'a> {
        let open = self.read();
        let mut values = Vec::new();
        loop {
            if self.peek().kind == TokenKind::Mark(b']') {
                let close = self.read();
                let span = self.place(open.start, close.end);
                return Ok(Node {
                    span,
                    kind: Kind::Array(values),
                    broken: false,
                });
            }
            values.push(self.value().unwrap_or_else(|broken| broken));
            let next = self.peek();
            match next.kind {
                TokenKind::Mark(b',') => {
                    let comma = self.read();
                    if self.peek().kind == TokenKind::Mark(b']') {
                        self.error(
                            self.span(comma),
                            "Trailing comma in array",
                            "In JSON no comma may follow the last value of an array.",
                        );
                        self.read();
                        break;
                    }
                }
                TokenKind::End => {
                    self.error(
                        self.span(open),
                        "Unclosed object",
                        "This array has no closing bracket.",
                    );
                    break;
                }
                TokenKind::Mark(b'}') => {
                    self.read();
                    self.recover(next, b'[', b']');
                    self.error(
                        self.span(next),
                        "Mismatched brackets",
                        "An array is closed with a bracket, not with a brace.",
                    );
                    break;
                }
                TokenKind::Mark(b']') => {}
                kind => {
                    let unexpected = self.read();
                    self.recover(unexpected, b'[', b']');
                    let place = self.peek();
                    let (summary, detail) = match kind {
                        TokenKind::Mark(b':') => (
                            "Invalid array value",
                            "The values of an array have no names, so no colons.",
                        ),
                        _ => (
                            "Missing attribute seperator comma",
                            "The values of an array are separated by commas.",
                        ),
                    };
                    self.error(self.span(place), summary, detail);
                    break;
                }
            }
        }
        let span = self.place(open.start, self.position.max(open.end));
        Err(Node {
            span,
            kind: Kind::Array(values),
            broken: true,
        })
    }

    fn number(&mut self) -> Read<'a> {
        let token = self.read();
        let digits = &self.text[token.start..token.end];
        if is_number(digits) {
            return Ok(self.node(token, Kind::Number(digits)));
        }
        self.error(
            self.span(token),
            "Invalid JSON number",
            "A JSON number is made of digits, with an optional minus sign before them, and an \
             optional fraction and exponent behind them.",
        );
        Err(self.node(token, Kind::Invalid))
    }

    fn string(&mut self) -> Read<'a> {
        let token = self.read();
        match string::decode(&self.text[token.start..token.end]) {
            Ok(text) => Ok(self.node(token, Kind::String(text))),
            Err(offset) => {
                let mut at = (token.start + offset).min(self.text.len());
                while !self.text.is_char_boundary(at) {
                    at += 1;
                }
                let end = self.text[at..]
                    .chars()
                    .next()
                    .map_or(at, |c| at + c.len_utf8());
                self.error(
                    self.place(at, end),
                    "Invalid JSON string",
                    "This string has no closing quote on its line, or an escape sequence that \
                     JSON does not know.",
                );
                Err(self.node(token, Kind::Invalid))
            }
        }
    }

    fn word(&mut self) -> Read<'a> {
        let token = self.read();
        let word = &self.text[token.start..token.end];
        let kind = match word {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ => {
                let shown: String = word.chars().take(40).collect();
                let mut error = Diagnostic::error(
                    self.span(token),
                    "Invalid JSON keyword",
                    format!("{shown:?} is not a word of JSON, which has true, false and null."),
                );
                if let Some(near) = nearest(&shown.to_lowercase(), ["true", "false", "null"]) {
                    error = error.with_help(format!("did you mean `{near}`?"));
                }
                self.report(error);
                return Err(self.node(token, Kind::Invalid));
            }
        };
        Ok(self.node(token, kind))
    }
}

/// Whether a text is a number in JSON's sense.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        return count > 0 && count == exponent.len();
    }
    rest.is_empty()
}
