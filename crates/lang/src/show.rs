//! How types and values are written for people, as Terraform's console writes them.

use std::fmt::Write as _;

use flowctl_model::{Kind, Type, Value};

/// What `type(…)` prints: structural types over several lines, one member a line.
pub fn type_text(ty: &Type) -> String {
    let mut out = String::new();
    write_type(ty, 0, &mut out);
    out
}

fn write_type(ty: &Type, indent: usize, out: &mut String) {
    let pad = |out: &mut String, indent: usize| {
        for _ in 0..indent {
            out.push_str("    ");
        }
    };
    match ty {
        Type::Any => out.push_str("dynamic"),
        Type::Bool => out.push_str("bool"),
        Type::Number => out.push_str("number"),
        Type::String => out.push_str("string"),
        Type::List(element) | Type::Set(element) | Type::Map(element) => {
            out.push_str(match ty {
                Type::List(_) => "list(",
                Type::Set(_) => "set(",
                _ => "map(",
            });
            let structural = matches!(&**element, Type::Tuple(_) | Type::Object(_));
            if structural {
                out.push('\n');
                pad(out, indent + 1);
                write_type(element, indent + 1, out);
                out.push_str(",\n");
                pad(out, indent);
            } else {
                write_type(element, indent, out);
            }
            out.push(')');
        }
        Type::Tuple(types) => {
            out.push_str("tuple([");
            for ty in types.iter() {
                out.push('\n');
                pad(out, indent + 1);
                write_type(ty, indent + 1, out);
                out.push(',');
            }
            if !types.is_empty() {
                out.push('\n');
                pad(out, indent);
            }
            out.push_str("])");
        }
        Type::Object(object) => {
            out.push_str("object({");
            for (name, ty) in &object.attributes {
                out.push('\n');
                pad(out, indent + 1);
                let _ = write!(out, "{name}: ");
                write_type(ty, indent + 1, out);
                out.push(',');
            }
            if !object.attributes.is_empty() {
                out.push('\n');
                pad(out, indent);
            }
            out.push_str("})");
        }
    }
}

/// The type of a value as `type(…)` prints it.
pub fn type_of(value: &Value) -> String {
    type_text(&value.ty())
}

/// What is said of a reference's value beside an error: `is "a"`, `is list of string with 2
/// elements`. `None` for what is sensitive inside or not worth a line.
pub fn brief(value: &Value) -> Option<String> {
    if !value.deep_marks().is_none() {
        return None;
    }
    let elements = |n: usize| {
        if n == 1 {
            "1 element".to_owned()
        } else {
            format!("{n} elements")
        }
    };
    Some(match value.kind() {
        Kind::Null(_) => "is null".into(),
        Kind::Unknown(unknown) => match unknown.ty {
            Type::Any => "will be known only after apply".into(),
            ref ty => format!("is a {}, known only after apply", ty.friendly_name()),
        },
        Kind::Bool(b) => format!("is {b}"),
        Kind::Number(n) => format!("is {n}"),
        Kind::String(s) => format!("is {:?}", s.as_str()),
        Kind::List(t, v) => format!(
            "is list of {} with {}",
            t.friendly_name(),
            elements(v.len())
        ),
        Kind::Set(t, v) => format!("is set of {} with {}", t.friendly_name(), elements(v.len())),
        Kind::Map(t, m) => format!("is map of {} with {}", t.friendly_name(), elements(m.len())),
        Kind::Tuple(v) => format!("is tuple with {}", elements(v.len())),
        Kind::Object(m) => format!(
            "is object with {} attribute{}",
            m.len(),
            if m.len() == 1 { "" } else { "s" }
        ),
    })
}
