//! Values as YAML in block style: strings in double quotes, or as literal blocks where they have
//! line breaks, everything else plain.
//!
//! The layout is that of libyaml as Terraform drives it. The library's own emitter is not used
//! because it differs in what counts as printable and in how documents end.

use std::fmt::Write as _;

use flowctl_model::{Kind, Value};

/// How much further each level is indented.
const INDENT: usize = 2;
/// Quoted strings are broken at the next space after so many columns.
const WIDTH: usize = 80;
/// Longer keys are set off by a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// The document of a wholly known value.
pub(super) fn encode(value: &Value) -> String {
    let mut out = Emitter::default();
    out.node(value, false);
    out.indent = None;
    out.start_line();
    if value.elements().is_none() && value.members().is_none() && value.as_str().is_none() {
        // A plain scalar by itself has no end but that of the document.
        out.text.push_str("...\n");
    }
    out.text
}

struct Emitter {
    text: String,
    column: usize,
    /// The indentation of the collection around, if any.
    indent: Option<usize>,
    /// The last thing written was a space or an indentation.
    whitespace: bool,
    /// Nothing but indentation and indicators was written on this line.
    indention: bool,
}

impl Default for Emitter {
    fn default() -> Self {
        Self {
            text: String::new(),
            column: 0,
            indent: None,
            whitespace: true,
            indention: true,
        }
    }
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }

    /// Goes to the indentation, on a new line unless already there.
    fn start_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let beyond = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || beyond {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, indicator: &str, set_off: bool, is_indention: bool) {
        if set_off && !self.whitespace {
            self.put(' ');
        }
        for c in indicator.chars() {
            self.put(c);
        }
        self.whitespace = false;
        self.indention &= is_indention;
    }

    /// Runs `body` one level further in.
    fn deeper(&mut self, body: impl FnOnce(&mut Self)) {
        let outer = self.indent;
        self.indent = Some(outer.map_or(INDENT, |outer| outer + INDENT));
        body(self);
        self.indent = outer;
    }

    fn node(&mut self, value: &Value, in_mapping: bool) {
        match value.kind() {
            Kind::Null(_) | Kind::Unknown(_) => self.indicator("null", true, false),
            Kind::Bool(b) => self.indicator(if *b { "true" } else { "false" }, true, false),
            Kind::Number(number) => self.indicator(&number.to_string(), true, false),
            Kind::String(string) => self.deeper(|out| out.string(string, false)),
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                self.sequence(elements, in_mapping);
            }
            Kind::Map(_, members) | Kind::Object(members) if members.is_empty() => {
                self.indicator("{}", true, false);
            }
            Kind::Map(_, members) | Kind::Object(members) => {
                let outer = self.indent;
                self.indent = Some(outer.map_or(0, |outer| outer + INDENT));
                for (name, member) in members.iter() {
                    self.member(name, member);
                }
                self.indent = outer;
            }
        }
    }

    fn sequence(&mut self, elements: &[Value], in_mapping: bool) {
        if elements.is_empty() {
            return self.indicator("[]", true, false);
        }
        let outer = self.indent;
        // Right below its key a sequence needs no indentation: its dashes are enough.
        let indentless = in_mapping && !self.indention;
        self.indent = Some(match outer {
            None => 0,
            Some(outer) if indentless => outer,
            Some(outer) => outer + INDENT,
        });
        for element in elements {
            self.start_line();
            self.indicator("-", true, true);
            self.node(element, false);
        }
        self.indent = outer;
    }

    fn member(&mut self, name: &str, member: &Value) {
        self.start_line();
        let simple = !name.contains(is_break) && name.len() <= LONGEST_SIMPLE_KEY;
        if simple {
            self.deeper(|out| out.string(name, true));
            self.indicator(":", false, false);
        } else {
            self.indicator("?", true, true);
            self.deeper(|out| out.string(name, false));
            self.start_line();
            self.indicator(":", true, true);
        }
        self.node(member, true);
    }

    fn string(&mut self, string: &str, is_simple_key: bool) {
        if string.contains('\n') && !is_simple_key && can_be_block(string) {
            self.literal(string);
        } else {
            self.quoted(string, !is_simple_key);
        }
    }

    fn quoted(&mut self, string: &str, may_break: bool) {
        self.indicator("\"", true, false);
        let mut after_space = false;
        let mut chars = string.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let inside = at > 0 && chars.peek().is_some();
                if may_break && !after_space && self.column > WIDTH && inside {
                    self.start_line();
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
                continue;
            }
            after_space = false;
            if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escaped(c);
            } else {
                self.put(c);
            }
        }
        self.indicator("\"", false, false);
    }

    fn escaped(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let before = self.text.len();
                let _ = match u32::from(c) {
                    code @ 0..=0xff => write!(self.text, "\\x{code:02X}"),
                    code @ 0x100..=0xffff => write!(self.text, "\\u{code:04X}"),
                    code => write!(self.text, "\\U{code:08X}"),
                };
                self.column += self.text.len() - before;
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, string: &str) {
        self.indicator("|", true, false);
        if string.starts_with(|c: char| c == ' ' || is_break(c)) {
            self.indicator(&INDENT.to_string(), false, false);
        }
        let mut backwards = string.chars().rev();
        match (backwards.next(), backwards.next()) {
            (Some(last), _) if !is_break(last) => self.indicator("-", false, false),
            (_, before) if before.is_none_or(is_break) => self.indicator("+", false, false),
            _ => {}
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut at_start = true;
        for c in string.chars() {
            if is_break(c) {
                self.text.push(c);
                self.column = 0;
                self.indention = true;
                at_start = true;
                continue;
            }
            if at_start {
                self.start_line();
            }
            self.put(c);
            self.indention = false;
            at_start = false;
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Tabs and what lies beyond the basic plane do not count as printable.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}

/// Whether a string reads back the same from a literal block.
fn can_be_block(string: &str) -> bool {
    let space_before_break = || {
        let after = string.chars().skip(1);
        string
            .chars()
            .zip(after)
            .any(|(c, next)| c == ' ' && is_break(next))
    };
    string.chars().all(is_printable) && !string.ends_with(' ') && !space_before_break()
}
