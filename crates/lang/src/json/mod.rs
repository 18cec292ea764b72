//! Values as JSON, as `jsonencode` writes them and `jsondecode` reads them.

mod decode;

use std::fmt::Write as _;

use flowctl_model::{Kind, Value};

pub use decode::{JsonError, decode};

/// Why a value has no JSON form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoJson {
    /// Something inside is not known yet.
    NotKnown,
    /// A number inside is infinite.
    Infinite,
}

/// The JSON text of a wholly known value; marks are not looked at.
pub fn encode(value: &Value) -> Result<String, NoJson> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), NoJson> {
    match value.kind() {
        Kind::Unknown(_) => return Err(NoJson::NotKnown),
        Kind::Null(_) => out.push_str("null"),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Kind::Number(n) if n.is_infinite() => return Err(NoJson::Infinite),
        Kind::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Kind::String(s) => write_string(s, out),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(element, out)?;
            }
            out.push(']');
        }
        Kind::Map(_, members) | Kind::Object(members) => {
            out.push('{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(name, out);
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// A text as a JSON string.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    out
}

/// A JSON string in which what is special in HTML is escaped too, as Go's encoder does.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowctl_model::Type;

    #[test]
    fn text_is_escaped_as_go_does() {
        let value = Value::object([
            ("a<b", Value::string("x\u{1}\"\u{2028}é")),
            (
                "b",
                Value::tuple(vec![Value::bool(true), Value::null(Type::Any)]),
            ),
        ]);
        assert_eq!(
            encode(&value).unwrap(),
            "{\"a\\u003cb\":\"x\\u0001\\\"\\u2028é\",\"b\":[true,null]}"
        );
        assert_eq!(encode(&Value::unknown(Type::Bool)), Err(NoJson::NotKnown));
    }
}
