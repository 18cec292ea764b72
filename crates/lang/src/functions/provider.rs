//! The functions of the provider that Terraform has built in: values as text of the language, and
//! back. Calls spell them `provider::NAME::FUNCTION`; which provider a name stands for is a matter
//! of the module, and checked there.

use std::fmt::Write as _;

use flowctl_model::{Kind as ValueKind, Type, Value};
use flowctl_parser::ast::FileId;
use flowctl_parser::{format, is_name, parse_variable_file, unicode};

use super::{Call, Function, FunctionError, Kind, Param, Returns};
use crate::Evaluator;
use crate::scope::NoScope;

/// Where the built-in provider comes from, as `required_providers` has it.
pub const SOURCE: &str = "terraform.io/builtin/terraform";

const VALUE: Param = Param::new("value", Kind::Any);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "decode_tfvars",
        params: &[Param::new("src", Kind::String)],
        returns: Returns::From(|_| Ok(Type::Any)),
        doc: "The values of a variable file, as an object.",
        body: |call| decode(call),
        ..Function::BASE
    },
    Function {
        name: "encode_expr",
        params: &[VALUE],
        returns: Returns::Fixed(Kind::String),
        doc: "The value as an expression of the language.",
        body: |call| known(call, |value| Ok(laid_out(&expression(value)))),
        ..Function::BASE
    },
    Function {
        name: "encode_tfvars",
        params: &[VALUE],
        returns: Returns::Fixed(Kind::String),
        doc: "The attributes of an object as a variable file.",
        body: |call| known(call, variables),
        ..Function::BASE
    },
];

/// The function that a call names, whatever the provider is called.
pub fn provider_function(written: &str) -> Option<&'static Function> {
    let (_, name) = written.strip_prefix("provider::")?.split_once("::")?;
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The text of a value that is known to the last of its parts.
fn known(
    call: &Call<'_>,
    write: fn(&Value) -> Result<String, FunctionError>,
) -> Result<Value, FunctionError> {
    let value = call.arg(0);
    if value.is_wholly_known() {
        write(&value).map(super::text)
    } else {
        Ok(call.unknown())
    }
}

fn variables(value: &Value) -> Result<String, FunctionError> {
    let Some(members) = value.members() else {
        return Err(FunctionError::other(
            "invalid value to encode: must be an object whose attribute names will become the \
             encoded variable names",
        ));
    };
    let mut text = String::new();
    for (name, member) in members {
        if !is_name(name) {
            return Err(FunctionError::other(format!(
                "invalid variable name {:?}: must be a valid identifier, as a variable has one",
                name.as_str()
            )));
        }
        let _ = writeln!(text, "{} = {}", name.as_str(), expression(member));
    }
    Ok(format(FileId(u32::MAX), &text).unwrap_or(text))
}

/// An expression as the formatter lays it out in an argument, of which only the value is left.
fn laid_out(expression: &str) -> String {
    let line = format!("v = {expression}\n");
    let formatted = format(FileId(u32::MAX), &line).unwrap_or(line);
    let text = formatted.split_once("= ").map_or("", |(_, text)| text);
    text.trim_end_matches('\n').to_owned()
}

fn expression(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::String(text) => quoted(text),
        ValueKind::List(_, elements) | ValueKind::Set(_, elements) | ValueKind::Tuple(elements) => {
            let elements: Vec<String> = elements.iter().map(expression).collect();
            format!("[{}]", elements.join(", "))
        }
        ValueKind::Map(_, members) | ValueKind::Object(members) => {
            let mut text = String::from("{");
            for (name, member) in members.iter() {
                let key = if is_name(name) {
                    name.as_str().to_owned()
                } else {
                    quoted(name)
                };
                let _ = write!(text, "\n{key} = {}", expression(member));
            }
            text.push_str(if members.is_empty() { "}" } else { "\n}" });
            text
        }
        _ => "null".to_owned(),
    }
}

fn decode(call: &Call<'_>) -> Result<Value, FunctionError> {
    let (values, errors) = parse_variable_file(FileId(u32::MAX), call.text(0)?, false);
    let invalid = |found: &[flowctl_parser::diagnostic::Diagnostic]| {
        found.iter().find(|d| d.is_error()).map(|error| {
            let detail = error.detail.trim_end_matches('.');
            FunctionError::other(format!("invalid tfvars: {}: {detail}", error.summary))
        })
    };
    if let Some(error) = invalid(&errors) {
        return Err(error);
    }
    let mut members = Vec::new();
    for (name, expr) in values {
        let evaluated = Evaluator::new(&NoScope, call.world()).evaluate(&expr);
        if let Some(error) = invalid(&evaluated.diagnostics) {
            return Err(error);
        }
        members.push((name.text.to_string(), evaluated.value));
    }
    Ok(Value::object(members))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", unicode::quoted(text))
}
