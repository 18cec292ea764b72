//! Functions of YAML, which is that of version 1.1 with a few rules of 1.2.
//!
//! Text is scanned by a port of libyaml; what scalars mean is decided here.

mod encode;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use flowctl_model::{Number, Text, Type, Value};
use libyaml_safer::{Event, EventData, Parser, ScalarStyle};
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

use super::{Call, Function, FunctionError, Kind, Param, Returns, text};
use crate::convert::convert;

/// Deeper documents are refused.
const MAX_DEPTH: usize = 256;

/// So many values may come out of one document, aliases counted with all they stand for.
const MAX_VALUES: usize = 1_000_000;

const TAGS: &str = "tag:yaml.org,2002:";

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "yamldecode",
        params: &[Param::new("src", Kind::String)],
        may_return_null: true,
        doc: "The value that a YAML document describes.",
        example: ("yamldecode(\"a: [1, yes]\").a[0]", "1"),
        body: |call: &mut Call<'_>| decode(call.text(0)?).map_err(FunctionError::other),
        ..Function::BASE
    },
    Function {
        name: "yamlencode",
        params: &[Param::new("value", Kind::Any).null().unknown().any_type()],
        returns: Returns::Fixed(Kind::String),
        doc: "The value as a YAML document in block style.",
        example: (
            "yamlencode({ a = [\"b\"] })",
            "\"\\\"a\\\":\\n- \\\"b\\\"\\n\"",
        ),
        body: |call| {
            if !call.arg(0).is_wholly_known() {
                return Ok(call.unknown());
            }
            Ok(text(encode::encode(&call.arg(0))))
        },
        ..Function::BASE
    },
];

/// The value of a document, for a comparison: a key that stands twice in a mapping is an error,
/// because readers of YAML differ in which of the two counts.
pub fn unambiguous(source: &str) -> Result<Value, String> {
    read(source, Twice::Refused)
}

/// What a key means that stands twice in a mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    /// The last one counts.
    Last,
    /// Nothing.
    Refused,
}

/// The value of a document.
fn decode(source: &str) -> Result<Value, String> {
    read(source, Twice::Last)
}

fn read(source: &str, twice: Twice) -> Result<Value, String> {
    // Every line break counts the same, and the library stumbles over some; over a last line
    // without one it stumbles too.
    let source = if source.contains('\r') {
        &source.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        source
    };
    if source.ends_with('\n') {
        guarded(source, None, twice)
    } else {
        guarded(&format!("{source}\n"), Some(source), twice)
    }
}

/// Reads a document; `unended` is the text as it was given, if it lacked the line break at its end.
/// For want of an error of its own the library panics at a tag right before a comma; that must not
/// end the program.
fn guarded(source: &str, unended: Option<&str>, twice: Twice) -> Result<Value, String> {
    GUARDED.set(true);
    let read = std::panic::catch_unwind(|| document(source, unended, twice));
    GUARDED.set(false);
    read.unwrap_or_else(|_| Err("did not find expected whitespace or line break".into()))
}

thread_local! {
    /// Whether a panic of this thread would be caught and told as an error.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is caught where it is caused, so that a panic hook has nothing to
/// tell.
pub fn is_panic_guarded() -> bool {
    GUARDED.get()
}

fn document(source: &str, unended: Option<&str>, twice: Twice) -> Result<Value, String> {
    let mut input = source.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut reader = Reader {
        parser,
        anchors: HashMap::new(),
        values: 0,
        unended,
        twice,
    };
    reader.next()?;
    match reader.next()?.data {
        EventData::DocumentStart {
            version_directive: Some(version),
            ..
        } if (version.major, version.minor) != (1, 1) => {
            return Err(
                "found incompatible YAML document: only version 1.1 can be declared".into(),
            );
        }
        EventData::DocumentStart { .. } => {}
        _ => return Err("missing start of document".into()),
    }
    let first = reader.next()?;
    let node = reader.node(first, 0)?;
    reader.next()?;
    match reader.next()?.data {
        EventData::StreamEnd => Ok(node.value),
        _ => Err("unexpected extra content after value".into()),
    }
}

/// A value, how many there are inside with itself, and whether it came from a scalar `<<`.
#[derive(Clone)]
struct Node {
    value: Value,
    size: usize,
    merge: bool,
}

/// Reads nodes from a stream of events.
struct Reader<'r, 'b> {
    parser: Parser<&'r mut &'b [u8]>,
    /// Nodes by anchor; nothing while the node is being read.
    anchors: HashMap<String, Option<Node>>,
    values: usize,
    /// The text without the line break at its end that it was given for the library's sake.
    unended: Option<&'b str>,
    twice: Twice,
}

impl Reader<'_, '_> {
    fn next(&mut self) -> Result<Event, String> {
        self.parser
            .parse()
            .map_err(|error| match error.problem_mark() {
                Some(mark) => format!(
                    "on line {}, column {}: {}",
                    mark.line,
                    mark.column,
                    error.problem()
                ),
                None => error.problem().to_owned(),
            })
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "the document is nested more than {MAX_DEPTH} levels deep"
            ));
        }
        let anchor = match &event.data {
            EventData::Scalar { anchor, .. }
            | EventData::SequenceStart { anchor, .. }
            | EventData::MappingStart { anchor, .. } => anchor.clone(),
            _ => None,
        };
        if let Some(anchor) = &anchor {
            self.anchors.insert(anchor.clone(), None);
        }
        let node = match event.data {
            EventData::Alias { anchor } => match self.anchors.get(&anchor) {
                Some(Some(node)) => node.clone(),
                Some(None) => {
                    return Err(format!(
                        "cannot refer to anchor {anchor:?} from inside its own definition"
                    ));
                }
                None => return Err(format!("reference to undefined anchor {anchor:?}")),
            },
            EventData::Scalar {
                tag,
                mut value,
                style,
                ..
            } => {
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if block && let Some(given) = self.unended {
                    let at_end = event.end_mark.index > given.len() as u64;
                    if at_end && ends_without_break(&value, given) {
                        value.pop();
                    }
                }
                Node {
                    merge: value == "<<" && tag.is_none(),
                    value: scalar(tag.as_deref(), &value, style)?,
                    size: 1,
                }
            }
            EventData::SequenceStart { tag, .. } => {
                check_tag(tag.as_deref(), "seq", "sequence")?;
                self.sequence(depth)?
            }
            EventData::MappingStart { tag, .. } => {
                check_tag(tag.as_deref(), "map", "mapping")?;
                self.mapping(depth)?
            }
            _ => return Err("unexpected end of the document".into()),
        };
        // Aliases share memory, yet whatever walks the value walks it as often as it occurs.
        self.values += 1;
        if node.size.max(self.values) > MAX_VALUES {
            return Err(format!("the document has more than {MAX_VALUES} values"));
        }
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Some(node.clone()));
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, String> {
        let mut elements = Vec::new();
        let mut size = 1_usize;
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::SequenceEnd) {
                break;
            }
            let node = self.node(event, depth + 1)?;
            size = size.saturating_add(node.size);
            elements.push(node.value);
        }
        Ok(Node {
            value: Value::tuple(elements),
            size,
            merge: false,
        })
    }

    fn mapping(&mut self, depth: usize) -> Result<Node, String> {
        let mut members: BTreeMap<Text, Value> = BTreeMap::new();
        let mut written = BTreeSet::new();
        let mut size = 1_usize;
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::MappingEnd) {
                break;
            }
            let key = self.node(event, depth + 1)?;
            if key.value.is_null() {
                return Err("mapping key cannot be null".into());
            }
            let name = convert(&key.value, &Type::String)
                .ok()
                .and_then(|name| name.as_str().map(Text::from))
                .ok_or("only strings are allowed as mapping keys")?;
            let event = self.next()?;
            let node = self.node(event, depth + 1)?;
            size = size.saturating_add(node.size);
            if key.merge {
                let merged = node.value.members().ok_or_else(|| {
                    format!(
                        "cannot merge {} into mapping",
                        node.value.ty().friendly_name()
                    )
                })?;
                members.extend(merged.iter().map(|(n, v)| (n.clone(), v.clone())));
            } else {
                if self.twice == Twice::Refused && !written.insert(name.clone()) {
                    return Err(format!("mapping key {name:?} is already defined"));
                }
                members.insert(name, node.value);
            }
        }
        Ok(Node {
            value: Value::object(members),
            size,
            merge: false,
        })
    }
}

/// Whether the line break at the end of a block is not of the text as it was given.
fn ends_without_break(block: &str, given: &str) -> bool {
    let Some(content) = block.strip_suffix('\n') else {
        return false;
    };
    let last = |text: &'_ str| text.rsplit('\n').next().unwrap_or_default().to_owned();
    let (written, read) = (last(given), last(content));
    !written.trim().is_empty() || (!read.is_empty() && written.ends_with(&read))
}

fn check_tag(tag: Option<&str>, wanted: &str, what: &str) -> Result<(), String> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.strip_prefix(TAGS) == Some(wanted) => Ok(()),
        Some(tag) => Err(format!("can't interpret {what} as {tag}")),
    }
}

/// The value of a scalar.
fn scalar(tag: Option<&str>, source: &str, style: ScalarStyle) -> Result<Value, String> {
    let standard = tag.and_then(|tag| tag.strip_prefix(TAGS));
    match (tag, standard) {
        (None, _) if style != ScalarStyle::Plain => {
            let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
            // A block of nothing is null, but one of a string.
            return Ok(if block && source.is_empty() {
                Value::null(Type::String)
            } else {
                text(source)
            });
        }
        (_, Some("str")) => return Ok(text(source)),
        (_, Some("binary")) => {
            return match super::encoding::decode_base64(source) {
                Some(_) => Ok(text(source)),
                None => Err(format!(
                    "cannot parse {source:?} as {TAGS}binary: not valid base64"
                )),
            };
        }
        (None, _) | (_, Some("null" | "bool" | "int" | "float" | "timestamp")) => {}
        (Some(tag), _) => return Err(format!("unsupported tag {tag:?}")),
    }
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let special = source
        .bytes()
        .next()
        .is_none_or(|first| b"+-.0123456789~<=yYnNtTfFoO".contains(&first));
    if quoted && special {
        return Ok(text(source));
    }
    if let Some(value) = word(source) {
        return Ok(value);
    }
    if matches!(source, ".nan" | ".NaN" | ".NAN") {
        return Err("floating point NaN is not supported".into());
    }
    let moment = timestamp(source).filter(|_| matches!(standard, None | Some("timestamp")));
    if let Some(moment) = moment {
        return Ok(text(moment));
    }
    if special && let Ok(number) = source.parse::<Number>() {
        return Ok(Value::number(number));
    }
    match in_base(source) {
        Ok(Some(number)) => return Ok(Value::number(number)),
        Ok(None) => {}
        Err(TooLarge) => return Err(format!("cannot parse {source:?} as {TAGS}int")),
    }
    match tag {
        None => Ok(text(source)),
        Some(_) if standard == Some("null") => Ok(Value::null(Type::Any)),
        Some(tag) => Err(format!("cannot parse {source:?} as {tag}")),
    }
}

/// What is a null, a bool or an infinity.
fn word(source: &str) -> Option<Value> {
    Some(match source {
        "" | "~" | "null" | "Null" | "NULL" => Value::null(Type::Any),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::bool(false)
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::number(Number::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::number(Number::INFINITY.neg()),
        _ => return None,
    })
}

/// A number has more than 64 bits.
struct TooLarge;

/// A number in base 16 or 8.
fn in_base(source: &str) -> Result<Option<Number>, TooLarge> {
    let (digits, base) = match (source.strip_prefix("0x"), source.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) => (digits, 8),
        (None, None) => return Ok(None),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Ok(None);
    }
    let number = u64::from_str_radix(digits, base).map_err(|_| TooLarge)?;
    Ok(Some(Number::from(number)))
}

/// A date, with or without a time, in the form of RFC 3339.
fn timestamp(source: &str) -> Option<String> {
    let number = |digits: &str| -> Option<u8> {
        let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| plain)
    };
    let (date, clock) = match source.find(['T', 't', ' ']) {
        Some(at) => (source.get(..at)?, source.get(at..)),
        None => (source, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) || parts.next().is_some() {
        return None;
    }
    let month = Month::try_from(number(month)?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, number(day)?).ok()?;
    let (mut time, mut offset) = (Time::MIDNIGHT, UtcOffset::UTC);
    if let Some(clock) = clock {
        let (separator, clock) = clock.split_at(1);
        let (clock, zone) = match clock.find(['Z', '+', '-']) {
            Some(at) => (clock.get(..at)?, Some(clock.get(at..)?)),
            None => (clock, None),
        };
        // A zone is written exactly where the time is set off by a letter.
        if (separator == " ") != zone.is_none() {
            return None;
        }
        let mut parts = clock.split(':');
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        time = Time::from_hms(number(hour)?, number(minute)?, number(second)?).ok()?;
        if let Some(zone) = zone {
            offset = super::time::offset(zone).ok()?;
        }
    }
    Some(super::time::stamp(
        PrimitiveDateTime::new(date, time).assume_offset(offset),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_may_end_a_document() {
        for (document, value) in [("C:\\dir\\", "C:\\dir\\"), ("|\n  a\\", "a\\")] {
            assert_eq!(decode(document), Ok(Value::string(value)));
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_ambiguous() {
        let twice = "a: 1\nb: 2\na: 3\n";
        assert_eq!(
            decode(twice).unwrap().get("a"),
            Some(&Value::number(Number::from(3_u64)))
        );
        let error = unambiguous(twice).unwrap_err();
        assert_eq!(error, "mapping key \"a\" is already defined");
        // What is merged in is meant to be covered.
        let merged = unambiguous("base: &b {a: 1}\nc:\n  <<: *b\n  a: 2\n").unwrap();
        assert_eq!(
            merged.get("c").unwrap().get("a"),
            Some(&Value::number(Number::from(2_u64)))
        );
    }

    #[test]
    fn hostile_documents_are_refused() {
        let laughs = (1..20).fold(String::from("a0: &a0 [x]\n"), |doc, i| {
            format!(
                "{doc}a{i}: &a{i} [{}]\n",
                vec![format!("*a{}", i - 1); 10].join(", ")
            )
        });
        for document in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            "- ".repeat(100_000),
            format!("{}{}", "[".repeat(2_000), "]".repeat(2_000)),
            laughs,
            "&a [*a]".to_owned(),
            "\"\\".to_owned(),
            "[!,".to_owned(),
        ] {
            assert!(decode(&document).is_err());
        }
    }
}
