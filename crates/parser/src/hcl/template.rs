//! Templates: quoted strings, heredocs and bare text, with interpolations and directives.
//!
//! A template is first read as a flat list of pieces, to which trim markers and the indentation of
//! `<<-` heredocs are applied; then directives become a tree.

use super::cursor::{Cursor, Parsed, normalized};
use crate::ast::{Expr, ExprKind, Name, Span, TemplateFor, TemplateIf, TemplatePart};

/// Where the text of a template ends, and how it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form<'a> {
    /// Up to `"`, with backslash escapes and on one line.
    Quoted,
    /// Up to a line of nothing but this marker. A line within an interpolation is none.
    Heredoc(&'a str),
    /// All of the text.
    Bare,
}

/// A piece of a template in source order. Literals end at each newline, which is how far a trim
/// marker reaches.
enum Piece {
    Literal(String),
    Interpolation(Expr),
    If(Expr, Span),
    Else(Span),
    EndIf(Span),
    For(Option<Name>, Name, Expr, Span),
    EndFor(Span),
}

/// Pieces being read, and whether the next literal is to lose its leading white space.
#[derive(Default)]
struct Pieces {
    list: Vec<Piece>,
    trim_next: bool,
}

impl Pieces {
    fn literal(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        let mut literal = std::mem::take(text);
        if std::mem::take(&mut self.trim_next) {
            literal.drain(..literal.len() - literal.trim_start().len());
        }
        self.list.push(Piece::Literal(literal));
    }

    fn trim_last(&mut self) {
        if let Some(Piece::Literal(text)) = self.list.last_mut() {
            text.truncate(text.trim_end().len());
        }
    }
}

impl Cursor<'_> {
    /// `"…"`.
    pub(super) fn quoted_template(&mut self) -> Parsed<Expr> {
        let start = self.position;
        self.position += 1;
        let pieces = self.nested(false, |cursor| cursor.pieces(Form::Quoted, start))?;
        let span = self.span_from(start);
        let end = self.span(self.position - 1, self.position);
        self.template(pieces, span, end)
    }

    /// The rest of the text.
    pub(super) fn bare_template(&mut self) -> Parsed<Expr> {
        let start = self.position;
        let pieces = self.pieces(Form::Bare, start)?;
        let span = self.span_from(start);
        let end = self.span(self.position, self.position);
        self.template(pieces, span, end)
    }

    /// Whether `<<NAME` or `<<-NAME` and the end of a line are next.
    pub(super) fn at_heredoc(&self) -> bool {
        heredoc_header(self.rest()).is_some()
    }

    /// `<<NAME` … `NAME`.
    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let start = self.position;
        let Some((indented, marker, header)) = heredoc_header(self.rest()) else {
            return Err(self.error_here("Invalid expression", "A heredoc was expected."));
        };
        self.position += header;
        let mut pieces =
            self.nested(false, |cursor| cursor.pieces(Form::Heredoc(marker), start))?;
        let end = self.position;
        self.position += closing_line(self.rest(), marker).unwrap_or_default();
        if indented {
            remove_indentation(&mut pieces);
        }
        let span = self.span_from(start);
        let marker = self.span_from(end);
        self.template(pieces, span, marker)
    }

    fn pieces(&mut self, form: Form<'_>, start: usize) -> Parsed<Vec<Piece>> {
        let mut pieces = Pieces::default();
        let mut text = String::new();
        let mut line_starts = true;
        loop {
            if let Form::Heredoc(marker) = form
                && std::mem::take(&mut line_starts)
                && closing_line(self.rest(), marker).is_some()
            {
                pieces.literal(&mut text);
                return Ok(pieces.list);
            }
            let Some(c) = self.rest().chars().next() else {
                return match form {
                    Form::Quoted => Err(self.error_at(
                        self.span(start, start + 1),
                        "Unterminated template string",
                        "No closing marker was found for the string.",
                    )),
                    Form::Heredoc(marker) => Err(self.unterminated_heredoc(start, marker)),
                    Form::Bare => {
                        pieces.literal(&mut text);
                        Ok(pieces.list)
                    }
                };
            };
            match c {
                '"' if form == Form::Quoted => {
                    self.position += 1;
                    pieces.literal(&mut text);
                    return Ok(pieces.list);
                }
                '\n' | '\r' if form == Form::Quoted => return Err(self.newline_in_string()),
                '\r' if matches!(form, Form::Heredoc(_)) && self.byte_at(1) != Some(b'\n') => {
                    return Err(self.error_at(
                        self.span(self.position, self.text.len()),
                        "Invalid character",
                        "In a heredoc a carriage return has no meaning but at the end of a line.",
                    ));
                }
                '\\' if form == Form::Quoted => text.push(self.escape()?),
                '$' | '%' if self.byte_at(1) == Some(b'{') => {
                    pieces.literal(&mut text);
                    self.sequence(c, &mut pieces)?;
                }
                '$' | '%' if self.byte_at(1) == Some(c as u8) && self.byte_at(2) == Some(b'{') => {
                    text.push(c);
                    text.push('{');
                    self.position += 3;
                }
                _ => {
                    text.push(c);
                    self.position += c.len_utf8();
                    if c == '\n' {
                        pieces.literal(&mut text);
                        line_starts = true;
                    }
                }
            }
        }
    }

    fn unterminated_heredoc(&self, start: usize, marker: &str) -> Box<crate::Diagnostic> {
        let header = heredoc_header(&self.text[start..]).map_or(0, |(_, _, length)| length);
        let last = self.text.rsplit('\n').next().unwrap_or_default();
        let detail = if last.trim() == marker {
            format!("The line of the heredoc's marker {marker:?} must end with a newline.")
        } else {
            format!("The file ends within a heredoc: no line holds only its marker {marker:?}.")
        };
        let error = self.error_here("Unterminated template string", detail);
        error.labelled(self.span(start, start + header), "the heredoc begins here")
    }

    /// The error for a line break in quotes; that none may be there is said where all characters
    /// are looked at.
    fn newline_in_string(&mut self) -> Box<crate::Diagnostic> {
        let rest = self.rest();
        let breaks = rest.bytes().take_while(|b| matches!(b, b'\r' | b'\n'));
        self.error_at(
            self.span(self.position, self.position + breaks.count()),
            "Unterminated template string",
            "The closing quote of this string is missing on its line.",
        )
    }

    /// A backslash and what it stands for.
    fn escape(&mut self) -> Parsed<char> {
        let start = self.position;
        self.position += 1;
        let Some(c) = self.rest().chars().next().filter(|c| *c != '\n') else {
            return Err(self.error_at(
                self.span(start, start + 1),
                "Invalid character",
                "The \"\\\" character has no meaning here.",
            ));
        };
        self.position += c.len_utf8();
        let digits = match c {
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            '"' | '\\' => return Ok(c),
            'u' => 4,
            'U' => 8,
            _ => {
                return Err(self.error_at(
                    self.span_from(start),
                    "Invalid escape sequence",
                    format!("The symbol {c:?} is not a valid escape sequence selector."),
                ));
            }
        };
        let hex = self
            .rest()
            .get(..digits)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let Some(code) = code else {
            let found = self.rest().bytes().take(digits);
            self.position += found.take_while(u8::is_ascii_hexdigit).count();
            return Err(self.error_at(
                self.span_from(start),
                "Invalid escape sequence",
                format!(
                    "The \\{c} escape sequence must be followed by {digits} hexadecimal digits."
                ),
            ));
        };
        self.position += digits;
        // As in Terraform, what is no character (a lone surrogate) becomes the replacement one.
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// `${…}` or `%{…}`.
    fn sequence(&mut self, opening: char, pieces: &mut Pieces) -> Parsed<()> {
        let start = self.position;
        self.position += 2;
        if self.take("~") {
            pieces.trim_last();
        }
        let piece = self.nested(true, |cursor| {
            if opening == '$' {
                Ok(Piece::Interpolation(cursor.expression()?))
            } else {
                cursor.directive(start)
            }
        })?;
        self.space_and_newlines();
        let trim_next = self.take("~}");
        if !trim_next && !self.take("}") {
            let open = self.span(start, start + 2);
            if opening == '%' {
                let keyword = match piece {
                    Piece::If(..) => "if",
                    Piece::Else(_) => "else",
                    Piece::EndIf(_) => "endif",
                    Piece::For(..) => "for",
                    _ => "endfor",
                };
                return Err(self
                    .error_here(
                        &format!("Extra characters in {keyword} marker"),
                        "A closing brace must end the template directive here.",
                    )
                    .labelled(open, "the directive begins here"));
            }
            let error = match self.byte() {
                None | Some(b'"') => self.error_at(
                    self.template_start(start),
                    "Unclosed template interpolation sequence",
                    "There is no closing brace for this interpolation sequence before the end of \
                     the quoted template. This might be caused by incorrect nesting inside the \
                     given expression.",
                ),
                _ => self.error_here(
                    "Extra characters after interpolation expression",
                    "Expected a closing brace to end the interpolation expression, but found \
                     extra characters.",
                ),
            };
            return Err(error.labelled(open, "the interpolation begins here"));
        }
        let span = self.span_from(start);
        pieces.list.push(match piece {
            Piece::If(condition, _) => Piece::If(condition, span),
            Piece::Else(_) => Piece::Else(span),
            Piece::EndIf(_) => Piece::EndIf(span),
            Piece::For(key, value, collection, _) => Piece::For(key, value, collection, span),
            Piece::EndFor(_) => Piece::EndFor(span),
            other => other,
        });
        pieces.trim_next = trim_next;
        Ok(())
    }

    /// The first token of the template around the sequence that begins at `sequence`: its text, or
    /// the sequence itself.
    fn template_start(&self, sequence: usize) -> Span {
        let before = &self.text[..sequence];
        let text = before.rfind(['"', '}', '\n']).map_or(0, |at| at + 1);
        if text < sequence && before[..text].ends_with('"') {
            return self.span(text, sequence);
        }
        self.span(sequence, sequence + 2)
    }

    fn directive(&mut self, start: usize) -> Parsed<Piece> {
        self.space();
        let span = self.span(start, self.position);
        let Some(keyword) = self.name() else {
            return Err(self.error_here(
                "Invalid template directive",
                "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning \
                 of a %{ sequence.",
            ));
        };
        Ok(match &*keyword.text {
            "if" => Piece::If(self.expression()?, span),
            "else" => Piece::Else(span),
            "endif" => Piece::EndIf(span),
            "for" => {
                let (key, value) = self.for_names("Invalid 'for' directive")?;
                Piece::For(key, value, self.expression()?, span)
            }
            "endfor" => Piece::EndFor(span),
            other => {
                return Err(self.error_at(
                    keyword.span,
                    "Invalid template control keyword",
                    format!("{other:?} is not a valid template control keyword."),
                ));
            }
        })
    }

    /// The expression of a template at `span`, whose text ends before `end`.
    fn template(&mut self, pieces: Vec<Piece>, span: Span, end: Span) -> Parsed<Expr> {
        let mut pieces = pieces.into_iter().peekable();
        let mut parts = self.parts(&mut pieces, None, end)?;
        let kind = match parts.as_mut_slice() {
            [] => ExprKind::String("".into()),
            [TemplatePart::Literal(text)] => ExprKind::String(text.clone()),
            [TemplatePart::Interpolation(_)] => match parts.pop() {
                Some(TemplatePart::Interpolation(expr)) => ExprKind::Wrapped(Box::new(expr)),
                _ => ExprKind::Null,
            },
            _ => ExprKind::Template(parts.into()),
        };
        Ok(Expr { span, kind })
    }

    /// Parts up to the end, or up to the piece that ends the directive `inside`.
    fn parts(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        inside: Option<(&str, Span)>,
        template_end: Span,
    ) -> Parsed<Vec<TemplatePart>> {
        let mut parts: Vec<TemplatePart> = Vec::new();
        let mut literal = String::new();
        let newlines = self.newlines_are_space;
        loop {
            let ends = match pieces.peek() {
                Some(Piece::Literal(text)) => {
                    literal.push_str(text);
                    pieces.next();
                    continue;
                }
                None | Some(Piece::Else(_) | Piece::EndIf(_) | Piece::EndFor(_)) => true,
                Some(_) => false,
            };
            if !literal.is_empty() {
                parts.push(TemplatePart::Literal(normalized(&std::mem::take(
                    &mut literal,
                ))));
            }
            if ends {
                return self
                    .end_of_parts(pieces.peek(), inside, template_end)
                    .map(|()| parts);
            }
            match pieces.next() {
                Some(Piece::Interpolation(expr)) => parts.push(TemplatePart::Interpolation(expr)),
                Some(Piece::If(condition, start)) => {
                    let part = self.nested(newlines, |cursor| {
                        let yes = cursor.parts(pieces, Some(("if", start)), template_end)?;
                        let mut end = start;
                        let mut no = Vec::new();
                        match pieces.next() {
                            Some(Piece::Else(_)) => {
                                no = cursor.parts(pieces, Some(("else", start)), template_end)?;
                                if let Some(Piece::EndIf(span)) = pieces.next() {
                                    end = span;
                                }
                            }
                            Some(Piece::EndIf(span)) => end = span,
                            _ => {}
                        }
                        let (yes, no) = (yes.into(), no.into());
                        Ok(TemplateIf {
                            span: start.to(end),
                            condition,
                            yes,
                            no,
                        })
                    })?;
                    parts.push(TemplatePart::If(Box::new(part)));
                }
                Some(Piece::For(key, value, collection, start)) => {
                    let part = self.nested(newlines, |cursor| {
                        let body = cursor
                            .parts(pieces, Some(("for", start)), template_end)?
                            .into();
                        let end = match pieces.next() {
                            Some(Piece::EndFor(span)) => span,
                            _ => start,
                        };
                        Ok(TemplateFor {
                            span: start.to(end),
                            key,
                            value,
                            collection,
                            body,
                        })
                    })?;
                    parts.push(TemplatePart::For(Box::new(part)));
                }
                _ => {}
            }
        }
    }

    /// Checks that what ends a list of parts fits the directive it is inside of.
    fn end_of_parts(
        &self,
        piece: Option<&Piece>,
        inside: Option<(&str, Span)>,
        template_end: Span,
    ) -> Parsed<()> {
        let (span, what) = match piece {
            None => {
                return match inside {
                    None => Ok(()),
                    Some((directive, span)) => Err(self
                        .error_at(
                            template_end,
                            "Unexpected end of template",
                            format!("The {directive:?} directive has no end."),
                        )
                        .labelled(span, "the directive begins here")),
                };
            }
            Some(Piece::Else(span)) => (*span, "else"),
            Some(Piece::EndIf(span)) => (*span, "endif"),
            Some(Piece::EndFor(span)) => (*span, "endfor"),
            Some(_) => return Ok(()),
        };
        let fits = matches!(
            (inside.map(|(directive, _)| directive), what),
            (Some("if"), "else" | "endif") | (Some("else"), "endif") | (Some("for"), "endfor")
        );
        if fits {
            return Ok(());
        }
        let detail = match inside {
            None => format!("There is no directive for this {what:?} to belong to."),
            Some((directive, _)) => {
                format!("The {directive:?} directive before it must be ended first.")
            }
        };
        Err(self.error_at(span, &format!("Unexpected {what} directive"), detail))
    }
}

/// `<<NAME` or `<<-NAME` to the end of its line: whether it is indented, the name, the length.
pub(super) fn heredoc_header(text: &str) -> Option<(bool, &str, usize)> {
    let rest = text.strip_prefix("<<")?;
    let (indented, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let marker = &rest[..super::cursor::name_length(rest)];
    let newline = match &rest[marker.len()..] {
        line if line.starts_with('\n') => 1,
        line if line.starts_with("\r\n") => 2,
        _ => return None,
    };
    let length = text.len() - rest.len() + marker.len() + newline;
    (!marker.is_empty()).then_some((indented, marker, length))
}

/// The length of the line that `text` begins with, if it is one that ends a heredoc. As in
/// Terraform, the line has to have an end itself, and blanks of any kind belong to it.
pub(super) fn closing_line(text: &str, marker: &str) -> Option<usize> {
    let (line, _) = text.split_once('\n')?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    (line.trim() == marker && !line.contains('\r')).then_some(line.len())
}

/// Takes from the start of each line the white space that all lines have in common. Lines of
/// nothing but space do not count.
fn remove_indentation(pieces: &mut [Piece]) {
    let mut smallest = usize::MAX;
    let mut line_starts = true;
    let mut to_adjust = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let literal = match piece {
            Piece::Literal(text) => Some(text),
            _ => None,
        };
        if line_starts {
            line_starts = false;
            let spaces = match literal {
                Some(text) => {
                    let content = text.trim_start();
                    if content.is_empty() && text.ends_with('\n') {
                        usize::MAX
                    } else {
                        to_adjust.push(index);
                        text[..text.len() - content.len()].chars().count()
                    }
                }
                None => 0,
            };
            smallest = smallest.min(spaces);
        }
        line_starts |= literal.is_some_and(|text| text.ends_with('\n'));
    }
    for index in to_adjust {
        if let Some(Piece::Literal(text)) = pieces.get_mut(index) {
            let cut = text
                .char_indices()
                .nth(smallest)
                .map_or(text.len(), |(at, _)| at);
            text.drain(..cut);
        }
    }
}
