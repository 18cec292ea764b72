//! Values as expressions of the language.

use flowctl_model::{Kind, Value};
use flowctl_parser::is_name;
use hcl::expr::{FuncCall, Heredoc, HeredocStripMode, ObjectKey, TemplateExpr, Variable};
use hcl::format::{Format as _, Formatter};
use hcl::{Expression, Identifier};

use crate::value::{heredoc_mark, is_text, quote};

/// Columns up to which a list or an encoded document stays on one line.
const SHORT: usize = 60;

/// A known value; `depth` blocks are around it.
pub(super) fn expression(value: &Value, depth: usize) -> Expression {
    match value.kind() {
        Kind::Null(_) | Kind::Unknown(_) => Expression::Null,
        Kind::Bool(b) => Expression::Bool(*b),
        // The literal itself: hcl-rs holds numbers as 64 bits.
        Kind::Number(number) => raw(&number.to_string()),
        Kind::String(text) => text_expression(text, depth),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            array(elements.iter().map(inside).collect())
        }
        Kind::Map(_, members) | Kind::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (object_key(name), inside(value)));
            Expression::Object(members.collect())
        }
    }
}

/// A list, on one line if its elements are simple and few.
fn array(elements: Vec<Expression>) -> Expression {
    let simple = |e: &Expression| !matches!(e, Expression::Object(_) | Expression::Array(_));
    let is_simple = elements.iter().all(simple);
    let array = Expression::Array(elements);
    let mut formatter = Formatter::builder().compact(true).build_vec();
    match array.format_string(&mut formatter) {
        Ok(line) if is_simple && line.len() <= SHORT => raw(&line),
        _ => array,
    }
}

/// A value inside a collection, where text stays on one line.
fn inside(value: &Value) -> Expression {
    match value.kind() {
        Kind::String(text) => match encoded(text) {
            Some(json) => FuncCall::builder("jsonencode").arg(json).build().into(),
            None => string(text),
        },
        _ => expression(value, 0),
    }
}

fn object_key(name: &str) -> ObjectKey {
    if is_name(name) {
        ObjectKey::Identifier(Identifier::unchecked(name))
    } else {
        ObjectKey::Expression(string(name))
    }
}

fn text_expression(text: &str, depth: usize) -> Expression {
    if let Some(json) = encoded(text) {
        let call: Expression = FuncCall::builder("jsonencode")
            .arg(json.clone())
            .build()
            .into();
        return match hcl::format::to_string(&call) {
            Ok(line) if line.len() <= SHORT => call,
            // The arguments of a call are written on one line; `layout` puts the name back.
            _ => Expression::Parenthesis(Box::new(json)),
        };
    }
    match heredoc(text, depth) {
        Some(heredoc) => TemplateExpr::Heredoc(heredoc).into(),
        None => string(text),
    }
}

/// What `jsonencode` makes the very same text of.
fn encoded(text: &str) -> Option<Expression> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    as_encoded(&json, text).then(|| json_expression(&json))
}

/// Whether `jsonencode` gives the text back: it sorts keys, leaves out white space and escapes
/// what is special in HTML.
fn as_encoded(json: &serde_json::Value, text: &str) -> bool {
    let mut sorted = json.clone();
    sorted.sort_all_objects();
    let compact = sorted.to_string();
    let escaped = compact
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    escaped == text
}

fn json_expression(json: &serde_json::Value) -> Expression {
    match json {
        serde_json::Value::Null => Expression::Null,
        serde_json::Value::Bool(b) => Expression::Bool(*b),
        serde_json::Value::Number(number) => raw(&number.to_string()),
        serde_json::Value::String(text) => string(text),
        serde_json::Value::Array(elements) => array(elements.iter().map(json_expression).collect()),
        serde_json::Value::Object(members) => Expression::Object(
            members
                .iter()
                .map(|(name, value)| (object_key(name), json_expression(value)))
                .collect(),
        ),
    }
}

/// Text of several lines, indented as the blocks around it; `None` if that would change it.
fn heredoc(text: &str, depth: usize) -> Option<Heredoc> {
    let visible = |c: char| c == '\n' || !crate::style::is_active(c);
    if !is_text(text) || !text.ends_with('\n') || !text.chars().all(visible) {
        return None;
    }
    let mark = Identifier::unchecked(heredoc_mark(&[text]));
    let content = text.replace("${", "$${").replace("%{", "%%{");
    let lines = || content.lines();
    // The indent that is taken away again is the smallest of all lines.
    let indentable =
        lines().all(|line| !line.is_empty()) && lines().any(|line| !line.starts_with([' ', '\t']));
    if !indentable {
        return Some(Heredoc::new(mark, content));
    }
    let indent = " ".repeat(2 * depth);
    let content = lines().fold(String::new(), |text, line| text + &indent + line + "\n");
    Some(Heredoc::new(mark, content).with_strip_mode(HeredocStripMode::Indent))
}

/// A quoted string in which nothing acts upon a terminal.
pub(super) fn string(text: &str) -> Expression {
    let quoted = quote(text);
    let inner = quoted
        .strip_prefix('"')
        .and_then(|q| q.strip_suffix('"'))
        .unwrap_or_default();
    TemplateExpr::QuotedString(inner.to_owned()).into()
}

/// An expression as it is written: a reference, a type or a literal.
pub(super) fn raw(text: &str) -> Expression {
    Variable::unchecked(text).into()
}
