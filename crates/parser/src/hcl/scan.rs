//! The tokens of a text, comments and newlines included: what the formatter arranges, and what
//! tells which characters have no meaning where they stand.
//!
//! The parser itself reads characters. Tokens follow Terraform's scanner in everything that can be
//! seen from outside; neighbouring literals of a template are one token.

use super::cursor::{is_name_start, name_length};
use super::template::{closing_line, heredoc_header};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    OpenQuote,
    CloseQuote,
    /// `<<EOT` with its newline.
    OpenHeredoc,
    /// The marker that ends a heredoc, with the space around it.
    CloseHeredoc,
    /// `${`, `${~`.
    Interpolation,
    /// `%{`, `%{~`.
    Control,
    /// The brace that ends one of the two.
    EndSequence,
    /// Text within quotes.
    QuotedText,
    /// Text of a heredoc.
    HeredocText,
    /// A line break within quotes, where none may be.
    QuotedNewline,
    Number,
    Name,
    Comment,
    Newline,
    Comma,
    Dot,
    Ellipsis,
    DoubleColon,
    Colon,
    Question,
    Equal,
    Arrow,
    /// `==`, `<` and the other comparisons.
    Comparison,
    And,
    Or,
    Bang,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    /// `&`, `|`, `^`, `~`: operators of other languages.
    Bitwise,
    /// A character that has no meaning.
    Invalid,
}

/// A token and the bytes it stands at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

const MARKS: [(&str, TokenKind); 33] = [
    ("...", TokenKind::Ellipsis),
    ("==", TokenKind::Comparison),
    ("!=", TokenKind::Comparison),
    (">=", TokenKind::Comparison),
    ("<=", TokenKind::Comparison),
    ("=>", TokenKind::Arrow),
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("::", TokenKind::DoubleColon),
    ("[", TokenKind::OpenBracket),
    ("]", TokenKind::CloseBracket),
    ("(", TokenKind::OpenParen),
    (")", TokenKind::CloseParen),
    (".", TokenKind::Dot),
    (",", TokenKind::Comma),
    ("*", TokenKind::Star),
    ("/", TokenKind::Slash),
    ("%", TokenKind::Percent),
    ("+", TokenKind::Plus),
    ("-", TokenKind::Minus),
    ("=", TokenKind::Equal),
    ("<", TokenKind::Comparison),
    (">", TokenKind::Comparison),
    ("!", TokenKind::Bang),
    ("?", TokenKind::Question),
    (":", TokenKind::Colon),
    ("\r\n", TokenKind::Newline),
    ("\n", TokenKind::Newline),
    ("&", TokenKind::Bitwise),
    ("|", TokenKind::Bitwise),
    ("^", TokenKind::Bitwise),
    ("~", TokenKind::Bitwise),
    ("\"", TokenKind::OpenQuote),
];

/// What the scanner is inside of.
enum Inside<'a> {
    /// A sequence of a template, and how many braces are open in it.
    Sequence(usize),
    Quotes,
    Heredoc {
        marker: &'a str,
        at_line_start: bool,
    },
}

/// The tokens of a text, without a byte-order mark.
pub(crate) fn scan(text: &str) -> Scanner<'_> {
    Scanner {
        text,
        position: if text.starts_with('\u{feff}') { 3 } else { 0 },
        inside: Vec::new(),
        unclosed_comment: usize::MAX,
        found: None,
    }
}

/// Finds one token after the other.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    inside: Vec<Inside<'a>>,
    /// From here on no `*/` follows.
    unclosed_comment: usize,
    /// The token that the last step found.
    found: Option<Token>,
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while self.position < self.text.len() {
            match self.inside.last() {
                None | Some(Inside::Sequence(_)) => self.plain(),
                Some(Inside::Quotes) => self.quoted(),
                Some(Inside::Heredoc { .. }) => self.heredoc(),
            }
            if let Some(token) = self.found.take() {
                return Some(token);
            }
        }
        None
    }
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn token(&mut self, kind: TokenKind, length: usize) {
        let start = self.position;
        self.position += length;
        let end = self.position;
        self.found = Some(Token { kind, start, end });
    }

    /// The length of the comment of the form `/* … */` that is next, if it has an end.
    fn comment_length(&mut self) -> Option<usize> {
        if self.position >= self.unclosed_comment {
            return None;
        }
        let end = self.rest()[2..].find("*/");
        if end.is_none() {
            self.unclosed_comment = self.position;
        }
        Some(end? + 4)
    }

    fn plain(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return;
        };
        match first {
            ' ' | '\t' => self.position += 1,
            '0'..='9' => self.token(TokenKind::Number, number_length(rest)),
            '#' => self.token(TokenKind::Comment, line_length(rest)),
            '/' if rest.starts_with("//") => self.token(TokenKind::Comment, line_length(rest)),
            '/' if rest.starts_with("/*") => match self.comment_length() {
                Some(length) => self.token(TokenKind::Comment, length),
                None => self.token(TokenKind::Slash, 1),
            },
            '{' => {
                if let Some(Inside::Sequence(braces)) = self.inside.last_mut() {
                    *braces += 1;
                }
                self.token(TokenKind::OpenBrace, 1);
            }
            '}' => self.close_brace(1),
            '~' if rest.starts_with("~}") => self.close_brace(2),
            '<' if self.open_heredoc() => {}
            c if is_name_start(c) => self.token(TokenKind::Name, name_length(rest)),
            _ => {
                let mark = MARKS.iter().find(|(mark, _)| rest.starts_with(mark));
                let (length, kind) = mark.map_or((first.len_utf8(), TokenKind::Invalid), |mark| {
                    (mark.0.len(), mark.1)
                });
                self.token(kind, length);
                if kind == TokenKind::OpenQuote {
                    self.inside.push(Inside::Quotes);
                }
            }
        }
    }

    fn close_brace(&mut self, length: usize) {
        match self.inside.last_mut() {
            Some(Inside::Sequence(0)) => {
                self.inside.pop();
                self.token(TokenKind::EndSequence, length);
                return;
            }
            Some(Inside::Sequence(braces)) => *braces -= 1,
            _ => {}
        }
        if length == 2 {
            self.token(TokenKind::EndSequence, length);
        } else {
            self.token(TokenKind::CloseBrace, length);
        }
    }

    fn open_heredoc(&mut self) -> bool {
        let Some((_, marker, length)) = heredoc_header(self.rest()) else {
            return false;
        };
        self.token(TokenKind::OpenHeredoc, length);
        self.inside.push(Inside::Heredoc {
            marker,
            at_line_start: true,
        });
        true
    }

    /// `${` or `%{`, if one is next.
    fn open_sequence(&mut self) -> bool {
        let rest = self.rest();
        let kind = if rest.starts_with("${") {
            TokenKind::Interpolation
        } else if rest.starts_with("%{") {
            TokenKind::Control
        } else {
            return false;
        };
        let length = if rest[2..].starts_with('~') { 3 } else { 2 };
        self.token(kind, length);
        self.inside.push(Inside::Sequence(0));
        true
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        if self.open_sequence() {
            return;
        }
        let breaks = rest
            .bytes()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        if breaks > 0 {
            return self.token(TokenKind::QuotedNewline, breaks);
        }
        if rest.starts_with('"') {
            self.inside.pop();
            return self.token(TokenKind::CloseQuote, 1);
        }
        let mut length = 0;
        let mut chars = rest.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' | '\r' | '\n' => break,
                '$' | '%' if chars.peek() == Some(&'{') => break,
                '$' | '%' if rest[length + 1..].starts_with(doubled(c)) => {
                    length += 2;
                    chars.next();
                    chars.next();
                }
                '\\' => match chars.peek() {
                    None | Some('\r' | '\n') => {
                        if length == 0 {
                            return self.token(TokenKind::Invalid, 1);
                        }
                        break;
                    }
                    Some(escaped) => {
                        length += escaped.len_utf8();
                        chars.next();
                    }
                },
                _ => {}
            }
            length += c.len_utf8();
        }
        self.token(TokenKind::QuotedText, length);
    }

    fn heredoc(&mut self) {
        let opened = self.open_sequence();
        let below = if opened { 2 } else { 1 };
        let depth = self.inside.len().saturating_sub(below);
        let Some(Inside::Heredoc {
            marker,
            at_line_start,
        }) = self.inside.get_mut(depth)
        else {
            return;
        };
        if opened {
            *at_line_start = false;
            return;
        }
        let rest = &self.text[self.position..];
        if *at_line_start && closing_line(rest, marker).is_some() {
            self.inside.pop();
            // The blanks behind the marker stay where they are when a file is formatted.
            let line = rest.split('\n').next().unwrap_or_default();
            let length = line.strip_suffix('\r').unwrap_or(line).len();
            return self.token(TokenKind::CloseHeredoc, length);
        }
        // To the end of the line, or to the first sequence in it.
        *at_line_start = false;
        let mut length = 0;
        let mut chars = rest.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' => {
                    *at_line_start = true;
                    length += 1;
                    break;
                }
                '$' | '%' if chars.peek() == Some(&'{') => break,
                '$' | '%' if rest[length + 1..].starts_with(doubled(c)) => {
                    length += 2;
                    chars.next();
                    chars.next();
                }
                _ => {}
            }
            length += c.len_utf8();
        }
        self.token(TokenKind::HeredocText, length);
    }
}

/// What follows the first of two marks to make it an escaped sequence.
fn doubled(mark: char) -> &'static str {
    if mark == '$' { "${" } else { "%{" }
}

/// The length of a line with its newline.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

/// The length of all that looks like one number; it does not end with a point.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let (mut at, mut length) = (0, 0);
    loop {
        match bytes.get(at) {
            Some(b'0'..=b'9') => at += 1,
            Some(b'.') => {
                at += 1;
                continue;
            }
            Some(b'e' | b'E') if digit(at + 1) => at += 2,
            Some(b'e' | b'E')
                if matches!(bytes.get(at + 1), Some(b'+' | b'-')) && digit(at + 2) =>
            {
                at += 3;
            }
            _ => return length,
        }
        length = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_language() {
        let kinds = |text: &str| -> Vec<String> {
            scan(text)
                .map(|token| format!("{:?} {}", token.kind, &text[token.start..token.end]))
                .collect()
        };
        assert_eq!(
            kinds("a = \"x$${y}${b}\\\"\" # c\n"),
            [
                "Name a",
                "Equal =",
                "OpenQuote \"",
                "QuotedText x$${y}",
                "Interpolation ${",
                "Name b",
                "EndSequence }",
                "QuotedText \\\"",
                "CloseQuote \"",
                "Comment # c\n",
            ]
        );
        assert_eq!(
            kinds("<<-E\n  a ${ {} ~}\n  E\n"),
            [
                "OpenHeredoc <<-E\n",
                "HeredocText   a ",
                "Interpolation ${",
                "OpenBrace {",
                "CloseBrace }",
                "EndSequence ~}",
                "HeredocText \n",
                "CloseHeredoc   E",
                "Newline \n",
            ]
        );
        assert_eq!(
            kinds("1.5e+3.2...x"),
            ["Number 1.5e+3.2", "Ellipsis ...", "Name x"]
        );
    }
}
