//! JSON text to values, with numbers of full precision.

use std::collections::BTreeMap;

use flowctl_model::{Number, Text, Type, Value};

/// Deeper values are refused, before the stack ends.
const MAX_DEPTH: usize = 512;

/// Why a text is no JSON, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonError {
    /// The offset in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at offset {}", self.message, self.offset)
    }
}

impl std::error::Error for JsonError {}

/// The value of a JSON text: arrays are tuples, objects are objects.
pub fn decode(source: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { source, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < source.len() {
        return Err(reader.wrong("extraneous data after JSON value"));
    }
    Ok(value)
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, message: impl Into<String>) -> JsonError {
        JsonError {
            offset: self.at,
            message: message.into(),
        }
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The error of a character that cannot stand where it does.
    fn unexpected(&self, place: &str) -> JsonError {
        self.wrong(match self.rest().chars().next() {
            Some(c) => format!("invalid character {c:?} {place}"),
            None => "unexpected end of JSON input".to_owned(),
        })
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.wrong(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(crate::strings::value),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words = [
                    ("null", Value::null(Type::Any)),
                    ("true", Value::bool(true)),
                    ("false", Value::bool(false)),
                ];
                for (word, value) in words {
                    if self.rest().starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.unexpected("looking for beginning of value"))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        let mut members: BTreeMap<Text, Value> = BTreeMap::new();
        self.at += 1;
        self.space();
        if self.eat(b'}') {
            return Ok(Value::object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let name = crate::strings::nfc(self.string()?);
            self.space();
            if !self.eat(b':') {
                return Err(self.unexpected("after object key"));
            }
            let value = self.value(depth + 1)?;
            members.insert(name, value);
            self.space();
            if self.eat(b'}') {
                return Ok(Value::object(members));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("after object key:value pair"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, JsonError> {
        let mut elements = Vec::new();
        self.at += 1;
        self.space();
        if self.eat(b']') {
            return Ok(Value::tuple(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.space();
            if self.eat(b']') {
                return Ok(Value::tuple(elements));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("after array element"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("in numeric literal"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        let written = self.source.get(start..self.at).unwrap_or_default();
        written
            .parse::<Number>()
            .map(Value::number)
            .map_err(|_| self.wrong(format!("cannot use {written} as a number")))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let mut out = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    /// After a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        Ok(c)
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self.rest().get(..4).unwrap_or_default();
        let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let unit = u32::from_str_radix(digits, 16).ok().filter(|_| valid);
        let unit = unit.ok_or_else(|| self.unexpected("in \\u hexadecimal character escape"))?;
        self.at += 4;
        Ok(unit)
    }

    /// A unit of UTF-16, or two; half of a pair becomes a replacement character.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.four_digits()?;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_refused() {
        for source in [
            "",
            "nul",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "'a'",
            "1.",
            ".5",
            "+1",
            "01",
            "-",
            "1e",
            "[1] 2",
            "\"a",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "[",
            "{\"a\"",
            "NaN",
            "// c\n1",
            "1e99999999999",
        ] {
            assert!(decode(source).is_err(), "{source}");
        }
        assert!(decode(&"[".repeat(100_000)).is_err());
        assert!(decode(&"{\"a\":".repeat(100_000)).is_err());
    }

    #[test]
    fn halves_of_pairs_become_replacement_characters() {
        let value = decode("\"\\ud83d\\ude00 \\ud83d x \\ud83d\\u0041\"").unwrap();
        assert_eq!(value.as_str(), Some("😀 \u{fffd} x \u{fffd}A"));
    }
}
