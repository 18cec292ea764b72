//! `format` and `formatlist`: the verbs of a format string, and how each writes a value.

use flowctl_model::{Kind as ValueKind, Number, Refinement, Text, Type, Value};
use flowctl_parser::unicode::{grapheme_count, graphemes};

use super::strings::MAX_PADDING;
use super::{Call, Function, FunctionError, Kind, Param, Returns, decimal, text};
use crate::convert::convert;

const FORMAT: Param = Param::new("format", Kind::String);
const ARGS: Param = Param::new("args", Kind::Any).null().unknown();

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "format",
        params: &[FORMAT],
        variadic: Some(ARGS),
        returns: Returns::Fixed(Kind::String),
        doc: "A string in which each verb, such as %s, %d or %5.1f, stands for an argument.",
        example: ("format(\"%s-%03d\", \"a\", 7)", "\"a-007\""),
        body: |call| {
            let (format, args) = parts(call)?;
            if args.iter().all(Value::is_wholly_known) {
                return write(format, args).map(text).map_err(|wrong| match wrong {
                    Wrong::Surplus(used, why) => FunctionError::argument(used + 1, why),
                    Wrong::Other(why) => FunctionError::other(why),
                });
            }
            // What stands before the first verb is certain already.
            let literal = format.split('%').next().unwrap_or_default();
            let refinement = Refinement {
                prefix: (!literal.is_empty()).then(|| stable_prefix(literal)),
                ..Refinement::default()
            };
            Ok(Value::refined(Type::String, refinement))
        },
        ..Function::BASE
    },
    Function {
        name: "formatlist",
        params: &[FORMAT],
        variadic: Some(ARGS),
        returns: Returns::Fixed(Kind::List(&Kind::String)),
        doc: "A list of strings, each formatted with the elements at one index of the lists among \
              the arguments.",
        example: ("formatlist(\"%s!\", [\"a\", \"b\"])[1]", "\"b!\""),
        body: format_list,
        ..Function::BASE
    },
];

fn parts<'a>(call: &'a Call<'_>) -> Result<(&'a str, &'a [Value]), FunctionError> {
    Ok((call.text(0)?, call.args.get(1..).unwrap_or_default()))
}

/// A prefix that stays one whatever follows: its last character may yet be combined with another.
fn stable_prefix(literal: &str) -> Text {
    let normal = crate::strings::nfc(literal.to_owned());
    match graphemes(&normal).pop() {
        Some(last) if !last.is_ascii() || last == "\r" => {
            Text::from(normal.strip_suffix(last).unwrap_or_default())
        }
        _ => normal,
    }
}

fn format_list(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let (format, args) = parts(call)?;
    let mut length: Option<(usize, usize)> = None;
    let mut unknown = false;
    for (index, arg) in args.iter().enumerate() {
        let ty = arg.ty();
        let count = match &ty {
            Type::Tuple(types) if !arg.is_null() => Some(types.len()),
            Type::List(_) | Type::Set(_) => arg.elements().map(<[Value]>::len),
            _ => None,
        };
        unknown |= !arg.is_known()
            && matches!(
                ty,
                Type::Any | Type::Tuple(_) | Type::List(_) | Type::Set(_)
            );
        let Some(count) = count else {
            continue;
        };
        match length {
            Some((wanted, first)) if wanted != count => {
                return Err(FunctionError::argument(
                    index + 1,
                    format!(
                        "argument {} has length {count}, which is inconsistent with argument {} \
                         of length {wanted}",
                        index + 1,
                        first + 1
                    ),
                ));
            }
            Some(_) => {}
            None => length = Some((count, index)),
        }
    }
    if unknown {
        return Ok(call.unknown());
    }
    let mut results = Vec::new();
    for at in 0..length.map_or(1, |(count, _)| count) {
        let row: Vec<Value> = args
            .iter()
            .map(|arg| match arg.elements() {
                Some(elements) => elements.get(at).unwrap_or(arg).clone(),
                None => arg.clone(),
            })
            .collect();
        results.push(if row.iter().all(Value::is_wholly_known) {
            write(format, &row).map(text).map_err(|wrong| {
                let (Wrong::Surplus(_, why) | Wrong::Other(why)) = wrong;
                FunctionError::other(format!("error on format iteration {at}: {why}"))
            })?
        } else {
            Value::unknown(Type::String)
        });
    }
    Ok(call.list(results))
}

/// Why nothing could be written.
enum Wrong {
    /// There are more arguments than the format uses, which are so many.
    Surplus(usize, String),
    Other(String),
}

/// One verb with its flags.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the syntax")]
struct Verb<'a> {
    raw: &'a str,
    offset: usize,
    plus: bool,
    minus: bool,
    zero: bool,
    sharp: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
    letter: char,
}

fn write(format: &str, args: &[Value]) -> Result<String, Wrong> {
    let mut out = String::with_capacity(format.len() + 16);
    let (mut next, mut used) = (0, 0);
    let mut at = 0;
    while let Some(found) = format.get(at..).and_then(|rest| rest.find('%')) {
        let start = at + found;
        out.push_str(format.get(at..start).unwrap_or_default());
        let mut scan = Scan {
            format,
            at: start + 1,
        };
        if scan.eat('%') {
            out.push('%');
            at = scan.at;
            continue;
        }
        let (verb, explicit) = scan.verb(start)?;
        at = scan.at;
        let index = explicit.map_or(next, |explicit| explicit - 1);
        next = index + 1;
        used = used.max(next);
        let arg = args.get(index).ok_or_else(|| {
            Wrong::Other(format!(
                "not enough arguments for {:?} at {start}: need index {next} but have {} total",
                verb.raw,
                args.len()
            ))
        })?;
        verb.append(arg, &mut out).map_err(Wrong::Other)?;
        if out.len() > MAX_PADDING {
            return Err(Wrong::Other("the result would be too long".into()));
        }
    }
    out.push_str(format.get(at..).unwrap_or_default());
    match (args.len() > used, used) {
        (false, _) => Ok(out),
        (true, 0) => Err(Wrong::Surplus(
            0,
            "too many arguments; no verbs in format string".into(),
        )),
        (true, _) => Err(Wrong::Surplus(
            used,
            format!("too many arguments; only {used} used by format string"),
        )),
    }
}

/// A reading position in a format string.
struct Scan<'a> {
    format: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<char> {
        self.format.get(self.at..)?.chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Digits as a number; `None` if there are none. Huge ones come out as the largest number.
    fn number(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = self.format.get(start..self.at)?;
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(usize::MAX))
    }

    fn unrecognized(&self) -> Wrong {
        Wrong::Other(match self.peek() {
            Some(c) => format!("unrecognized format character {c:?} at offset {}", self.at),
            None => format!("invalid format string starting at offset {}", self.at),
        })
    }

    /// After the percent sign at `start`: the verb, and the number of its argument if given.
    fn verb(&mut self, start: usize) -> Result<(Verb<'a>, Option<usize>), Wrong> {
        let mut verb = Verb {
            offset: start,
            ..Verb::default()
        };
        loop {
            match self.peek() {
                Some('+') => verb.plus = true,
                Some('-') => verb.minus = true,
                Some('0') => verb.zero = true,
                Some('#') => verb.sharp = true,
                Some(' ') => verb.space = true,
                _ => break,
            }
            self.at += 1;
        }
        verb.width = self.number();
        if self.eat('.') {
            verb.precision = Some(self.number().unwrap_or(0));
        }
        let mut explicit = None;
        if self.eat('[') {
            if self.peek() == Some('0') {
                return Err(self.unrecognized());
            }
            explicit = self.number();
            if explicit.is_none() || !self.eat(']') {
                return Err(self.unrecognized());
            }
        }
        match self.peek() {
            Some(letter) if letter.is_ascii_alphabetic() => {
                verb.letter = letter;
                self.at += 1;
            }
            _ => return Err(self.unrecognized()),
        }
        verb.raw = self.format.get(start..self.at).unwrap_or_default();
        let limit = MAX_PADDING;
        if verb.width.is_some_and(|width| width > limit)
            || verb.precision.is_some_and(|precision| precision > limit)
        {
            return Err(Wrong::Other(format!(
                "the width of {:?} at offset {start} is too large",
                verb.raw
            )));
        }
        Ok((verb, explicit))
    }
}

impl Verb<'_> {
    fn append(&self, arg: &Value, out: &mut String) -> Result<(), String> {
        let (raw, offset) = (self.raw, self.offset);
        if self.letter != 'v' && arg.is_null() {
            return Err(format!(
                "unsupported value for {raw:?} at {offset}: null value cannot be formatted"
            ));
        }
        let unsupported = |why: &dyn std::fmt::Display| {
            format!("unsupported value for {raw:?} at {offset}: {why}")
        };
        let converted = |ty: &Type| convert(arg, ty).map_err(|error| unsupported(&error));
        match self.letter {
            'v' => self.as_is(arg, out),
            't' => {
                let value = converted(&Type::Bool)?;
                out.push_str(if value.as_bool() == Some(true) {
                    "true"
                } else {
                    "false"
                });
            }
            'b' | 'd' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G' => {
                let value = converted(&Type::Number)?;
                let number = value.as_number().unwrap_or(&Number::ZERO);
                if matches!(self.letter, 'b' | 'd' | 'o' | 'x' | 'X') {
                    self.integer(number, out)
                        .ok_or_else(|| unsupported(&"an integer is required"))?;
                } else {
                    self.float(number, out);
                }
            }
            's' | 'q' => {
                let value = converted(&Type::String)?;
                let string = value.as_str().unwrap_or_default();
                // None left is as many as there are.
                let cut = self.precision.filter(|most| *most > 0).map_or_else(
                    || string.to_owned(),
                    |most| graphemes(string).into_iter().take(most).collect(),
                );
                if self.letter == 's' {
                    self.padded(&cut, out);
                } else {
                    self.padded(&crate::json::string(&cut), out);
                }
            }
            other => {
                return Err(format!(
                    "unsupported format verb {other:?} in {raw:?} at offset {offset}"
                ));
            }
        }
        Ok(())
    }

    /// Strings and numbers by themselves, everything else (and with `#` these too) as JSON.
    fn as_is(&self, arg: &Value, out: &mut String) {
        match arg.kind() {
            ValueKind::String(string) if !self.sharp => self.padded(string, out),
            ValueKind::Number(number) if !self.sharp => {
                self.padded(&decimal::general(number, None, 'e'), out);
            }
            _ => self.padded(&crate::json::encode(arg).unwrap_or_default(), out),
        }
    }

    fn padded(&self, written: &str, out: &mut String) {
        let missing = self
            .width
            .unwrap_or(0)
            .saturating_sub(grapheme_count(written));
        let padding = if self.zero { "0" } else { " " }.repeat(missing);
        if self.minus {
            out.push_str(written);
            out.push_str(&padding);
        } else {
            out.push_str(&padding);
            out.push_str(written);
        }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match negative {
            true => "-",
            false if self.plus => "+",
            false if self.space => " ",
            false => "",
        }
    }

    /// `None` for what is no integer.
    fn integer(&self, number: &Number, out: &mut String) -> Option<()> {
        let integer = number.to_integer()?;
        let (_, magnitude) = integer.into_parts();
        let (base, prefix) = match self.letter {
            'b' => (2, "0b"),
            'o' => (8, "0"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let mut digits = magnitude.in_radix(base).to_string();
        if self.letter == 'X' {
            digits.make_ascii_uppercase();
        }
        let prefix = if self.sharp { prefix } else { "" };
        let sign = self.sign(number.is_negative());
        let mut zeros = 0;
        if let Some(least) = self.precision {
            if least == 0 && number.is_zero() {
                return Some(());
            }
            zeros = least.saturating_sub(digits.len());
        }
        let length = sign.len() + prefix.len() + zeros + digits.len();
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        let (mut left, mut right) = (0, 0);
        if self.minus {
            right = missing;
        } else if self.zero && self.precision.is_none() {
            zeros = missing;
        } else {
            left = missing;
        }
        out.push_str(&" ".repeat(left));
        out.push_str(sign);
        out.push_str(prefix);
        out.push_str(&"0".repeat(zeros));
        out.push_str(&digits);
        out.push_str(&" ".repeat(right));
        Some(())
    }

    fn float(&self, number: &Number, out: &mut String) {
        let (precision, exponent) = (self.precision, self.letter);
        let written = match exponent {
            'e' | 'E' => decimal::scientific(number, precision.unwrap_or(6), exponent),
            'f' => decimal::fixed(number, precision.unwrap_or(6)),
            'g' => decimal::general(number, precision, 'e'),
            _ => decimal::general(number, precision, 'E'),
        };
        let (sign, digits) = match written.strip_prefix('-') {
            Some(digits) => ("-", digits),
            // Only an infinite number is written with a plus sign.
            None => match written.strip_prefix('+') {
                Some(digits) => (if self.space { " " } else { "+" }, digits),
                None => (self.sign(false), written.as_str()),
            },
        };
        let missing = self
            .width
            .unwrap_or(0)
            .saturating_sub(sign.len() + digits.len());
        let pad = |with: &str| with.repeat(missing);
        if self.zero && !self.minus && !number.is_infinite() {
            out.push_str(sign);
            out.push_str(&pad("0"));
            out.push_str(digits);
        } else if self.minus {
            out.push_str(sign);
            out.push_str(digits);
            out.push_str(&pad(" "));
        } else {
            out.push_str(&pad(" "));
            out.push_str(sign);
            out.push_str(digits);
        }
    }
}
