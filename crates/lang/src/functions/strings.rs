//! Functions of strings. What people see as one character counts as one (a grapheme cluster).

use flowctl_model::{Type, Value};
use flowctl_parser::unicode::{grapheme_count, graphemes};

use super::{Call, Function, FunctionError, Kind, Param, Returns, text};

const STR: Param = Param::new("str", Kind::String);
const STRING: Returns = Returns::Fixed(Kind::String);
const BOOL: Returns = Returns::Fixed(Kind::Bool);
const STRINGS: Kind = Kind::List(&Kind::String);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "chomp",
        params: &[STR],
        returns: STRING,
        doc: "The string without the line breaks at its end.",
        example: ("chomp(\"hello\\n\\n\")", "\"hello\""),
        body: |call| Ok(text(call.text(0)?.trim_end_matches(['\r', '\n']))),
        ..Function::BASE
    },
    Function {
        name: "endswith",
        params: &[STR, Param::new("suffix", Kind::String)],
        returns: BOOL,
        doc: "Whether the string ends with a suffix.",
        example: ("endswith(\"hello\", \"lo\")", "true"),
        body: |call| Ok(Value::bool(call.text(0)?.ends_with(call.text(1)?))),
        ..Function::BASE
    },
    Function {
        name: "indent",
        params: &[Param::new("spaces", Kind::Number), STR],
        returns: STRING,
        doc: "The string with spaces put in front of every line but the first.",
        example: ("indent(2, \"a\\nb\")", "\"a\\n  b\""),
        body: |call| {
            let spaces = usize::try_from(call.integer(0)?)
                .map_err(|_| FunctionError::other("the number of spaces must not be negative"))?;
            let string = call.text(1)?;
            let added = string.matches('\n').count().saturating_mul(spaces);
            if added == 0 {
                return Ok(call.arg(1));
            }
            if added > MAX_PADDING {
                return Err(FunctionError::other("the result would be too long"));
            }
            Ok(text(
                string.replace('\n', &format!("\n{}", " ".repeat(spaces))),
            ))
        },
        ..Function::BASE
    },
    Function {
        name: "join",
        params: &[Param::new("separator", Kind::String)],
        variadic: Some(Param::new("lists", STRINGS).unknown()),
        returns: STRING,
        doc: "The strings of one or more lists, put together with a separator between them.",
        example: ("join(\", \", [\"a\", \"b\"])", "\"a, b\""),
        body: join,
        ..Function::BASE
    },
    Function {
        name: "lower",
        params: &[STR],
        returns: STRING,
        doc: "The string with every letter in lower case.",
        example: ("lower(\"HELLO\")", "\"hello\""),
        body: |call| Ok(text(call.text(0)?.chars().map(lower).collect::<String>())),
        ..Function::BASE
    },
    Function {
        name: "sort",
        params: &[Param::new("list", STRINGS).unknown()],
        returns: Returns::Fixed(STRINGS),
        doc: "The strings of a list in the order of their code points.",
        example: ("sort([\"b\", \"a\"])[0]", "\"a\""),
        body: |call| {
            if !call.arg(0).is_wholly_known() {
                // How many there are is known where the list itself is.
                return Ok(match call.arg(0).elements() {
                    Some(elements) => call.list(vec![Value::unknown(Type::String); elements.len()]),
                    None => call.unknown(),
                });
            }
            let mut elements = call.elements(0)?.to_vec();
            if let Some(null) = elements.iter().position(Value::is_null) {
                return Err(FunctionError::other(format!(
                    "given list element {null} is null; a null string cannot be sorted"
                )));
            }
            elements.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Ok(Value::list(Type::String, elements))
        },
        ..Function::BASE
    },
    Function {
        name: "split",
        params: &[Param::new("separator", Kind::String), STR],
        returns: Returns::Fixed(STRINGS),
        doc: "The parts of the string between occurrences of a separator.",
        example: ("split(\",\", \"a,b\")[1]", "\"b\""),
        body: |call| {
            let (separator, string) = (call.text(0)?, call.text(1)?);
            let parts = if separator.is_empty() {
                string.chars().map(|c| text(c.to_string())).collect()
            } else {
                string.split(separator).map(text).collect()
            };
            Ok(Value::list(Type::String, parts))
        },
        ..Function::BASE
    },
    Function {
        name: "startswith",
        params: &[STR.unknown(), Param::new("prefix", Kind::String)],
        returns: BOOL,
        doc: "Whether the string starts with a prefix.",
        example: ("startswith(\"hello\", \"he\")", "true"),
        body: |call| {
            let prefix = call.text(1)?;
            let value = call.arg(0);
            if let Some(string) = value.as_str() {
                return Ok(Value::bool(string.starts_with(prefix)));
            }
            // Enough may be known of how an unknown string begins.
            let known = known_prefix(&value);
            Ok(if known.starts_with(prefix) {
                Value::bool(true)
            } else if prefix.starts_with(&known) {
                call.unknown()
            } else {
                Value::bool(false)
            })
        },
        ..Function::BASE
    },
    Function {
        name: "strcontains",
        params: &[STR, Param::new("substr", Kind::String)],
        returns: BOOL,
        doc: "Whether a string occurs within another.",
        example: ("strcontains(\"hello\", \"ell\")", "true"),
        body: |call| Ok(Value::bool(call.text(0)?.contains(call.text(1)?))),
        ..Function::BASE
    },
    Function {
        name: "strrev",
        params: &[STR],
        returns: STRING,
        doc: "The characters of the string in reverse order.",
        example: ("strrev(\"hello\")", "\"olleh\""),
        body: |call| {
            Ok(text(
                graphemes(call.text(0)?)
                    .into_iter()
                    .rev()
                    .collect::<String>(),
            ))
        },
        ..Function::BASE
    },
    Function {
        name: "substr",
        params: &[
            STR,
            Param::new("offset", Kind::Number),
            Param::new("length", Kind::Number),
        ],
        returns: STRING,
        doc: "A part of the string, by offset (from the end if negative) and length (all the rest \
              if negative).",
        example: ("substr(\"hello world\", 1, 4)", "\"ello\""),
        body: |call| {
            let (string, offset, length) = (call.text(0)?, call.integer(1)?, call.integer(2)?);
            let size = |number: i64| usize::try_from(number).ok();
            let skipped = size(offset).unwrap_or_else(|| {
                let back = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
                grapheme_count(string).saturating_sub(back)
            });
            let rest = graphemes(string).into_iter().skip(skipped);
            // Counted from the end, no length is as good as none.
            let length = size(length).filter(|length| *length > 0 || offset >= 0);
            Ok(text(match length {
                Some(length) => rest.take(length).collect::<String>(),
                None => rest.collect(),
            }))
        },
        ..Function::BASE
    },
    Function {
        name: "title",
        params: &[STR],
        returns: STRING,
        doc: "The string with the first letter of each word in upper case.",
        example: ("title(\"hello world\")", "\"Hello World\""),
        body: |call| {
            let mut before = ' ';
            let titled = call.text(0)?.chars().map(|c| {
                let first = separates(before);
                before = c;
                if first { title(c) } else { c }
            });
            Ok(text(titled.collect::<String>()))
        },
        ..Function::BASE
    },
    Function {
        name: "trim",
        params: &[STR, Param::new("cutset", Kind::String)],
        returns: STRING,
        doc: "The string without any of the given characters at its start and end.",
        example: ("trim(\"?!hello?!\", \"!?\")", "\"hello\""),
        body: |call| {
            let cutset = call.text(1)?;
            Ok(text(call.text(0)?.trim_matches(|c| cutset.contains(c))))
        },
        ..Function::BASE
    },
    Function {
        name: "trimprefix",
        params: &[STR, Param::new("prefix", Kind::String)],
        returns: STRING,
        doc: "The string without the prefix, if it starts with it.",
        example: ("trimprefix(\"helloworld\", \"hello\")", "\"world\""),
        body: |call| {
            let string = call.text(0)?;
            Ok(text(string.strip_prefix(call.text(1)?).unwrap_or(string)))
        },
        ..Function::BASE
    },
    Function {
        name: "trimspace",
        params: &[STR],
        returns: STRING,
        doc: "The string without white space at its start and end.",
        example: ("trimspace(\"  hello \\n\")", "\"hello\""),
        body: |call| Ok(text(call.text(0)?.trim())),
        ..Function::BASE
    },
    Function {
        name: "trimsuffix",
        params: &[STR, Param::new("suffix", Kind::String)],
        returns: STRING,
        doc: "The string without the suffix, if it ends with it.",
        example: ("trimsuffix(\"helloworld\", \"world\")", "\"hello\""),
        body: |call| {
            let string = call.text(0)?;
            Ok(text(string.strip_suffix(call.text(1)?).unwrap_or(string)))
        },
        ..Function::BASE
    },
    Function {
        name: "upper",
        params: &[STR],
        returns: STRING,
        doc: "The string with every letter in upper case.",
        example: ("upper(\"hello\")", "\"HELLO\""),
        body: |call| Ok(text(call.text(0)?.chars().map(upper).collect::<String>())),
        ..Function::BASE
    },
];

/// What functions may add to a string, so that a slip in a number cannot exhaust the memory.
pub(super) const MAX_PADDING: usize = 16 << 20;

fn join(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let separator = call.text(0)?;
    let lists = call.args.get(1..).unwrap_or_default();
    if lists.is_empty() {
        return Err(FunctionError::other("at least one list is required"));
    }
    let mut parts = Vec::new();
    let mut unknown = false;
    for (index, list) in lists.iter().enumerate() {
        for (at, element) in list.elements().unwrap_or_default().iter().enumerate() {
            if element.is_null() {
                let why = format!("element {at} is null; cannot concatenate null values");
                return Err(FunctionError::argument(index + 1, why));
            }
            parts.extend(element.as_str());
        }
        unknown |= !list.is_wholly_known();
    }
    Ok(if unknown {
        call.unknown()
    } else {
        text(parts.join(separator))
    })
}

/// What is known of the beginning of a string that is not known.
pub(super) fn known_prefix(value: &Value) -> String {
    match value.kind() {
        flowctl_model::Kind::Unknown(unknown) => unknown
            .refinement
            .as_ref()
            .and_then(|refinement| refinement.prefix.as_ref())
            .map_or_else(String::new, ToString::to_string),
        _ => String::new(),
    }
}

/// Whether the other case of a letter came after Unicode 15.0, which is what Terraform 1.11 knows.
fn has_newer_case(c: char) -> bool {
    matches!(
        c,
        '\u{19b}'
            | '\u{264}'
            | '\u{1c89}'..='\u{1c8a}'
            | '\u{a7cb}'..='\u{a7cf}'
            | '\u{a7d2}'..='\u{a7d5}'
            | '\u{a7da}'..='\u{a7dc}'
            | '\u{10d50}'..='\u{10d85}'
            | '\u{16ea0}'..='\u{16ed3}'
    )
}

/// The one capital letter of a letter: unlike full case mapping, `ß` stays.
fn upper(c: char) -> char {
    if has_newer_case(c) {
        return c;
    }
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) => upper,
        // Greek letters with an iota below have a capital with the iota beside it.
        _ => match u32::from(c) {
            0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => shifted(c, 8),
            0x1fb3 | 0x1fc3 | 0x1ff3 => shifted(c, 9),
            _ => c,
        },
    }
}

/// The one small letter of a letter. Only `İ` has more than one character in full case mapping.
fn lower(c: char) -> char {
    if has_newer_case(c) {
        return c;
    }
    c.to_lowercase().next().unwrap_or(c)
}

/// The letter as it begins a word: that differs from the capital for the digraphs of one code
/// point, and for Georgian, which has no capitals within text.
fn title(c: char) -> char {
    match u32::from(c) {
        0x01c4..=0x01c6 => '\u{01c5}',
        0x01c7..=0x01c9 => '\u{01c8}',
        0x01ca..=0x01cc => '\u{01cb}',
        0x01f1..=0x01f3 => '\u{01f2}',
        0x10d0..=0x10ff => c,
        _ => upper(c),
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

/// Whether a letter after this character begins a word.
fn separates(c: char) -> bool {
    if c.is_ascii() {
        !(c.is_ascii_alphanumeric() || c == '_')
    } else {
        c.is_whitespace()
    }
}
