//! Values for people, in the language's own notation, as Terraform's console writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flowctl_model::{Kind, Text, Type, Value};
use flowctl_parser::is_name;
use flowctl_parser::unicode::is_printable;

use crate::style::is_active;

/// What stands in place of a sensitive value.
pub const SENSITIVE: &str = "(sensitive value)";
/// What stands in place of a value that is not known yet.
pub const UNKNOWN: &str = "(known after apply)";

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As in a configuration.
    Language,
    /// As Terraform's console and `output` write it: with the types of collections.
    Console,
}

/// A value over as many lines as it needs, without a line break at the end, in the notation of
/// the language.
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0, Form::Language);
    out
}

/// As `console` and `output` print a value: like [`display`], but collections say their type
/// (`tolist([…])`) and keys are always in quotes.
pub fn console(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0, Form::Console);
    out
}

/// A value without inner structure on one line, or `None` for collections and long text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    if value.is_sensitive() {
        return Some(SENSITIVE.to_owned());
    }
    Some(match value.kind() {
        Kind::Null(_) => "null".to_owned(),
        Kind::Unknown(_) => UNKNOWN.to_owned(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) => quote(s),
        _ => return None,
    })
}

fn write_value(out: &mut String, value: &Value, indent: usize, form: Form) {
    let console = form == Form::Console;
    if !value.is_sensitive() {
        match value.kind() {
            Kind::Null(ty) if console => return out.push_str(&typed_null(ty)),
            Kind::String(text) if console && text.contains('\n') => {
                return write_heredoc(out, text, indent);
            }
            Kind::String(text) if !console && is_text(text) => {
                return write_heredoc(out, text.strip_suffix('\n').unwrap_or(text), indent);
            }
            Kind::String(text) if console => return out.push_str(&console_quote(text)),
            _ => {}
        }
    }
    if let Some(text) = scalar(value) {
        return out.push_str(&text);
    }
    let wrap = match value.kind() {
        Kind::List(..) if console => "tolist",
        Kind::Set(..) if console => "toset",
        Kind::Map(..) if console => "tomap",
        _ => "",
    };
    out.push_str(wrap);
    if !wrap.is_empty() {
        out.push('(');
    }
    if let Some(elements) = value.elements() {
        write_elements(out, elements, indent, form);
    } else if let Some(members) = value.members() {
        let bare = !console && !matches!(value.kind(), Kind::Map(..));
        write_members(out, members, indent, form, bare);
    }
    if !wrap.is_empty() {
        out.push(')');
    }
}

fn write_members(
    out: &mut String,
    members: &BTreeMap<Text, Value>,
    indent: usize,
    form: Form,
    bare: bool,
) {
    if members.is_empty() {
        return out.push_str("{}");
    }
    out.push_str("{\n");
    for (name, member) in members {
        pad(out, indent + 2);
        out.push_str(&match form {
            Form::Console => console_quote(name),
            Form::Language => key(name, bare && is_name(name)),
        });
        out.push_str(" = ");
        write_value(out, member, indent + 2, form);
        out.push('\n');
    }
    pad(out, indent);
    out.push('}');
}

fn write_elements(out: &mut String, elements: &[Value], indent: usize, form: Form) {
    if elements.is_empty() {
        return out.push_str("[]");
    }
    out.push_str("[\n");
    for element in elements {
        pad(out, indent + 2);
        write_value(out, element, indent + 2, form);
        out.push_str(",\n");
    }
    pad(out, indent);
    out.push(']');
}

fn write_heredoc(out: &mut String, text: &str, indent: usize) {
    let mark = heredoc_mark(&[text]);
    let _ = writeln!(out, "<<{}{mark}", if indent > 0 { "-" } else { "" });
    for line in text.split('\n') {
        pad(out, indent);
        out.push_str(&crate::style::clean(line));
        out.push('\n');
    }
    pad(out, indent);
    out.push_str(&mark);
}

fn typed_null(ty: &Type) -> String {
    let of =
        |name: &str, element: &Type| format!("{name}(null) /* of {} */", element.friendly_name());
    match ty {
        Type::Any => "null".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::List(element) => of("tolist", element),
        Type::Set(element) => of("toset", element),
        Type::Map(element) => of("tomap", element),
        Type::Tuple(_) | Type::Object(_) => format!("null /* {} */", ty.friendly_name()),
    }
}

/// `text` in quotes as Terraform's console writes it: everything that cannot be seen is escaped,
/// and interpolations are not.
fn console_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' ' => out.push(' '),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if is_printable(c) && !is_active(c) => out.push(c),
            c if u32::from(c) > 0xffff => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

fn pad(out: &mut String, width: usize) {
    out.extend(std::iter::repeat_n(' ', width));
}

/// Whether `text` is more than one line, and so is written as a heredoc.
pub(crate) fn is_text(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

/// The end mark of a heredoc: one that no line of the texts is.
pub(crate) fn heredoc_mark(texts: &[&str]) -> String {
    let mut mark = "EOT".to_owned();
    let lines = texts.iter().flat_map(|text| text.lines());
    while lines.clone().any(|line| line.trim() == mark) {
        mark.push('_');
    }
    mark
}

/// A key as written, without quotes if it is `bare`.
pub(crate) fn key(name: &str, bare: bool) -> String {
    if bare { name.to_owned() } else { quote(name) }
}

/// `text` as a quoted string of the language; characters that a terminal would act upon are
/// written as escapes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if is_active(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowctl_model::Marks;

    #[test]
    fn values_are_written_in_the_languages_notation() {
        let value = Value::object([
            ("a", Value::list(Type::String, vec!["x".into(), "y".into()])),
            ("b c", Value::null(Type::String)),
            ("d", Value::string("p").marked(Marks::SENSITIVE)),
            ("e", Value::unknown(Type::String)),
            ("f", Value::string("\u{1b}[1m${x}")),
        ]);
        assert_eq!(
            display(&value),
            "{\n  a = [\n    \"x\",\n    \"y\",\n  ]\n  \"b c\" = null\n  d = (sensitive value)\n  \
             e = (known after apply)\n  f = \"\\u001b[1m$${x}\"\n}"
        );
        // What `terraform console` 1.11 prints for the same value.
        assert_eq!(
            console(&value),
            "{\n  \"a\" = tolist([\n    \"x\",\n    \"y\",\n  ])\n  \"b c\" = tostring(null)\n  \
             \"d\" = (sensitive value)\n  \"e\" = (known after apply)\n  \
             \"f\" = \"\\x1b[1m${x}\"\n}"
        );
    }

    #[test]
    fn long_text_is_written_line_by_line() {
        assert_eq!(display(&"a\nb\n".into()), "<<EOT\na\nb\nEOT");
        assert_eq!(console(&"a\nb\n".into()), "<<EOT\na\nb\n\nEOT");
        let inside = Value::object([("i", "a\nEOT".into())]);
        let expected = "{\n  \"i\" = <<-EOT_\n  a\n  EOT\n  EOT_\n}";
        assert_eq!(console(&inside), expected);
    }

    #[test]
    fn nulls_and_empty_collections_say_their_type() {
        let cases = [
            (Value::null(Type::Any), "null"),
            (
                Value::null(Type::list(Type::Any)),
                "tolist(null) /* of dynamic */",
            ),
            (Value::null(Type::tuple(Vec::new())), "null /* tuple */"),
            (Value::map(Type::String, BTreeMap::new()), "tomap({})"),
            (Value::list(Type::Any, Vec::new()), "tolist([])"),
            (Value::tuple(Vec::new()), "[]"),
            (
                Value::from("\u{a0}\u{200b}\u{3000}🚀"),
                "\"\\u00a0\\u200b\\u3000🚀\"",
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(console(&value), expected);
        }
    }
}
