//! Functions of encodings: base64, character encodings, compression, URLs and CSV.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use flowctl_model::{Text, Type, Value};

use super::charset::Charset;
use super::gzip::gzip;
use super::{Call, Function, FunctionError, Kind, Param, Returns, text};

const STR: Param = Param::new("str", Kind::String);
const ENCODING: Param = Param::new("encoding", Kind::String);
const STRING: Returns = Returns::Fixed(Kind::String);

/// Base64 in which the unused bits of the last character may have any value.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "base64decode",
        params: &[STR],
        returns: STRING,
        doc: "The text that a string writes in base64; it must be UTF-8.",
        example: ("base64decode(\"SGVsbG8=\")", "\"Hello\""),
        body: |call| {
            let bytes = decode_base64(call.text(0)?)
                .ok_or_else(|| FunctionError::other("failed to decode base64 data"))?;
            String::from_utf8(bytes).map(text).map_err(|_| {
                FunctionError::other(
                    "the result of decoding the provided string is not valid UTF-8",
                )
            })
        },
        ..Function::BASE
    },
    Function {
        name: "base64encode",
        params: &[STR],
        returns: STRING,
        doc: "The string in base64.",
        example: ("base64encode(\"Hello\")", "\"SGVsbG8=\""),
        body: |call| Ok(text(encode_base64(call.text(0)?.as_bytes()))),
        ..Function::BASE
    },
    Function {
        name: "base64gzip",
        params: &[STR],
        returns: STRING,
        doc: "The string compressed with gzip, in base64.",
        body: |call| Ok(text(encode_base64(&gzip(call.text(0)?.as_bytes())))),
        ..Function::BASE
    },
    Function {
        name: "csvdecode",
        params: &[STR],
        returns: Returns::From(|args| match args.first().and_then(Value::as_str) {
            Some(source) => Ok(Type::list(row_type(&read_header(source)?))),
            None => Ok(Type::Any),
        }),
        doc: "The rows of comma-separated values as objects, their attributes named by the first \
              line.",
        example: ("csvdecode(\"a,b\\n1,2\\n\")[0].b", "\"2\""),
        body: csv_decode,
        ..Function::BASE
    },
    Function {
        name: "textdecodebase64",
        params: &[Param::new("source", Kind::String), ENCODING],
        returns: STRING,
        doc: "The text that a string writes in base64 and a character encoding.",
        example: (
            "textdecodebase64(\"SABlAGwAbABvAA==\", \"UTF-16LE\")",
            "\"Hello\"",
        ),
        body: |call| {
            let charset = charset(call)?;
            let bytes = decode_base64(call.text(0)?).ok_or_else(|| {
                FunctionError::argument(0, "the given value has an invalid base64 symbol")
            })?;
            charset.decode(&bytes).map(text).ok_or_else(|| {
                FunctionError::argument(
                    0,
                    format!(
                        "the given string contains symbols that are not defined for {}",
                        call.text(1).unwrap_or_default()
                    ),
                )
            })
        },
        ..Function::BASE
    },
    Function {
        name: "textencodebase64",
        params: &[Param::new("string", Kind::String), ENCODING],
        returns: STRING,
        doc: "The string in a character encoding, and that in base64.",
        example: (
            "textencodebase64(\"Hello\", \"UTF-16LE\")",
            "\"SABlAGwAbABvAA==\"",
        ),
        body: |call| {
            let charset = charset(call)?;
            let bytes = charset.encode(call.text(0)?).ok_or_else(|| {
                FunctionError::argument(
                    0,
                    format!(
                        "the given string contains characters that cannot be represented in {}",
                        call.text(1).unwrap_or_default()
                    ),
                )
            })?;
            Ok(text(encode_base64(&bytes)))
        },
        ..Function::BASE
    },
    Function {
        name: "urlencode",
        params: &[STR],
        returns: STRING,
        doc: "The string in a form that can stand within the query of a URL.",
        example: ("urlencode(\"a b&c\")", "\"a+b%26c\""),
        body: |call| {
            use std::fmt::Write as _;
            let string = call.text(0)?;
            let mut out = String::with_capacity(string.len());
            for byte in string.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        out.push(char::from(byte));
                    }
                    b' ' => out.push('+'),
                    _ => {
                        let _ = write!(out, "%{byte:02X}");
                    }
                }
            }
            Ok(text(out))
        },
        ..Function::BASE
    },
];

pub(super) fn encode_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Line breaks within base64 count for nothing.
pub(super) fn decode_base64(given: &str) -> Option<Vec<u8>> {
    if given.contains(['\r', '\n']) {
        BASE64.decode(given.replace(['\r', '\n'], "")).ok()
    } else {
        BASE64.decode(given).ok()
    }
}

fn charset(call: &Call<'_>) -> Result<Charset, FunctionError> {
    let name = call.text(1)?;
    Charset::named(name).ok_or_else(|| {
        FunctionError::argument(
            1,
            format!("{name:?} is not a supported IANA encoding name or alias"),
        )
    })
}

/// One record of comma-separated values and the line it begins on.
struct Record {
    line: usize,
    fields: Vec<String>,
}

/// Reads records: fields between commas, quoted where they hold commas, quotes or line breaks.
struct Csv<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Csv<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            rest: source,
            line: 1,
        }
    }

    fn wrong(&self, why: &str) -> FunctionError {
        FunctionError::other(format!("CSV parse error on line {}: {why}", self.line))
    }

    /// The next line with its line break, which is given back as a single `\n`.
    fn next_line(&mut self) -> Option<(&'a str, &'static str)> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest, broken) = match self.rest.split_once('\n') {
            Some((line, rest)) => (line, rest, "\n"),
            None => (self.rest, "", ""),
        };
        self.rest = rest;
        Some((line.strip_suffix('\r').unwrap_or(line), broken))
    }

    fn next(&mut self) -> Result<Option<Record>, FunctionError> {
        let (mut line, mut broken) = loop {
            match self.next_line() {
                None => return Ok(None),
                Some(("", _)) => self.line += 1,
                Some(line) => break line,
            }
        };
        let mut record = Record {
            line: self.line,
            fields: Vec::new(),
        };
        loop {
            let Some(quoted) = line.strip_prefix('"') else {
                let (field, after) = match line.split_once(',') {
                    Some((field, after)) => (field, Some(after)),
                    None => (line, None),
                };
                if field.contains('"') {
                    return Err(self.wrong("bare \" in non-quoted-field"));
                }
                record.fields.push(field.to_owned());
                match after {
                    Some(after) => line = after,
                    None => break,
                }
                continue;
            };
            let mut field = String::new();
            let mut inside = quoted;
            let after = loop {
                let Some((part, after)) = inside.split_once('"') else {
                    field.push_str(inside);
                    field.push_str(broken);
                    let Some(next) = self.next_line() else {
                        return Err(self.wrong("extraneous or missing \" in quoted-field"));
                    };
                    self.line += 1;
                    (inside, broken) = next;
                    continue;
                };
                field.push_str(part);
                match after.strip_prefix('"') {
                    Some(after) => {
                        field.push('"');
                        inside = after;
                    }
                    None => break after,
                }
            };
            record.fields.push(field);
            match after.strip_prefix(',') {
                Some(after) => line = after,
                None if after.is_empty() => break,
                None => return Err(self.wrong("extraneous or missing \" in quoted-field")),
            }
        }
        self.line += 1;
        Ok(Some(record))
    }
}

fn read_header(source: &str) -> Result<Vec<String>, FunctionError> {
    let header = Csv::new(source)
        .next()?
        .ok_or_else(|| FunctionError::other("missing header line"))?
        .fields;
    let mut seen = std::collections::HashSet::new();
    match header.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(FunctionError::other(format!(
            "duplicate column name {twice:?}"
        ))),
        None => Ok(header),
    }
}

fn row_type(header: &[String]) -> Type {
    Type::object(header.iter().map(|name| (column(name), Type::String)))
}

fn column(name: &str) -> Text {
    crate::strings::nfc(name.to_owned())
}

fn csv_decode(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let mut csv = Csv::new(call.text(0)?);
    let header: Vec<Text> = match csv.next()? {
        Some(record) => record.fields.iter().map(|name| column(name)).collect(),
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    while let Some(record) = csv.next()? {
        if record.fields.len() != header.len() {
            csv.line = record.line;
            return Err(csv.wrong("wrong number of fields"));
        }
        let fields = record.fields.into_iter().map(text);
        rows.push(Value::object(header.iter().cloned().zip(fields)));
    }
    Ok(call.list(rows))
}
