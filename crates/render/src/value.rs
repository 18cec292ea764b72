//! Values for people, in the language's own notation, as Terraform's console writes them.

use std::fmt::Write as _;

use flowctl_model::{Kind, Type, Value};

use crate::style::is_active;

/// What stands in place of a sensitive value.
pub const SENSITIVE: &str = "(sensitive value)";
/// What stands in place of a value that is not known yet.
pub const UNKNOWN: &str = "(known after apply)";

/// A value over as many lines as it needs, without a line break at the end.
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0, true);
    out
}

/// As `console` prints a value: like [`display`], but collections say their type (`tolist([…])`).
pub fn console(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0, false);
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

fn write_value(out: &mut String, value: &Value, indent: usize, bare: bool) {
    if let (Kind::String(text), false) = (value.kind(), value.is_sensitive())
        && is_text(text)
    {
        return write_heredoc(out, text, indent);
    }
    if let Some(text) = scalar(value) {
        if let (Kind::Null(ty), false, false) = (value.kind(), bare, value.is_sensitive()) {
            out.push_str(&typed_null(ty));
        } else {
            out.push_str(&text);
        }
        return;
    }
    let wrap = match value.kind() {
        Kind::List(..) if !bare => "tolist",
        Kind::Set(..) if !bare => "toset",
        Kind::Map(..) if !bare => "tomap",
        _ => "",
    };
    out.push_str(wrap);
    if !wrap.is_empty() {
        out.push('(');
    }
    if let Some(elements) = value.elements() {
        write_elements(out, elements, indent, bare);
    } else if let Some(members) = value.members() {
        if members.is_empty() {
            out.push_str("{}");
        } else {
            let is_map = matches!(value.kind(), Kind::Map(..));
            out.push_str("{\n");
            for (name, member) in members {
                pad(out, indent + 2);
                out.push_str(&key(name, !is_map && is_identifier(name)));
                out.push_str(" = ");
                write_value(out, member, indent + 2, bare);
                out.push('\n');
            }
            pad(out, indent);
            out.push('}');
        }
    }
    if !wrap.is_empty() {
        out.push(')');
    }
}

fn write_elements(out: &mut String, elements: &[Value], indent: usize, bare: bool) {
    if elements.is_empty() {
        return out.push_str("[]");
    }
    out.push_str("[\n");
    for element in elements {
        pad(out, indent + 2);
        write_value(out, element, indent + 2, bare);
        out.push_str(",\n");
    }
    pad(out, indent);
    out.push(']');
}

fn write_heredoc(out: &mut String, text: &str, indent: usize) {
    let mark = heredoc_mark(&[text]);
    let _ = writeln!(out, "<<{}{mark}", if indent > 0 { "-" } else { "" });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        pad(out, indent);
        out.push_str(&crate::style::clean(line));
        out.push('\n');
    }
    pad(out, indent);
    out.push_str(&mark);
}

fn typed_null(ty: &Type) -> String {
    match ty {
        Type::Any => "null".to_owned(),
        ty => format!("{}(null)", constructor(ty)),
    }
}

fn constructor(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "tobool",
        Type::Number => "tonumber",
        Type::String => "tostring",
        Type::List(_) | Type::Tuple(_) => "tolist",
        Type::Set(_) => "toset",
        Type::Map(_) | Type::Object(_) => "tomap",
        Type::Any => "",
    }
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

/// Whether `text` can stand as an attribute name without quotes.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
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
        assert!(console(&value).contains("tolist(["));
        assert!(console(&value).contains("tostring(null)"));
    }

    #[test]
    fn long_text_is_written_line_by_line() {
        assert_eq!(display(&"a\nb\n".into()), "<<EOT\na\nb\nEOT");
    }
}
