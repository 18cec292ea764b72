//! Functions of types and marks, and those that expect failure.

use std::collections::BTreeMap;

use flowctl_model::{Kind as ValueKind, Marks, Type, Value};
use flowctl_parser::is_name;

use super::{Call, Function, FunctionError, Kind, Param, Returns};
use crate::convert::convert;

/// An argument of any sort, with the marks left on it.
const ANYTHING: Param = Param::new("v", Kind::Any)
    .null()
    .unknown()
    .any_type()
    .marked();
/// What is unmarked by the call itself.
const VALUE: Param = Param::new("value", Kind::Any)
    .null()
    .unknown()
    .any_type()
    .marked();
const EXPRESSION: Param = Param::new("expression", Kind::Any);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "can",
        params: &[EXPRESSION],
        returns: Returns::Fixed(Kind::Bool),
        doc: "Whether an expression can be evaluated without an error.",
        example: ("can({ a = 1 }.b)", "false"),
        body: by_the_evaluator,
        ..Function::BASE
    },
    Function {
        name: "ephemeralasnull",
        params: &[VALUE],
        may_return_null: true,
        returns: Returns::From(super::first_type),
        doc: "The value with everything ephemeral inside replaced by null.",
        example: ("ephemeralasnull(\"kept\")", "\"kept\""),
        body: |call| {
            Ok(call.arg(0).map_at(
                &mut flowctl_model::AttributePath::root(),
                &mut |_, value| {
                    value.marks().contains(Marks::EPHEMERAL).then(|| {
                        Value::null(value.ty()).with_marks(value.marks().without(Marks::EPHEMERAL))
                    })
                },
            ))
        },
        ..Function::BASE
    },
    Function {
        name: "issensitive",
        params: &[VALUE],
        returns: Returns::Fixed(Kind::Bool),
        doc: "Whether the value itself is sensitive.",
        example: ("issensitive(sensitive(\"a\"))", "true"),
        body: |call| {
            let value = call.arg(0);
            // An unknown value may yet turn out to be sensitive, but not the other way round.
            if value.is_sensitive() || value.is_known() {
                Ok(Value::bool(value.is_sensitive()))
            } else {
                Ok(call.unknown())
            }
        },
        ..Function::BASE
    },
    Function {
        name: "nonsensitive",
        params: &[VALUE],
        may_return_null: true,
        returns: Returns::From(super::first_type),
        doc: "The value without its sensitive mark: for what is not secret although it was \
              computed from a secret.",
        example: ("nonsensitive(sensitive(1))", "1"),
        body: |call| {
            let value = call.arg(0);
            let marks = value.marks().without(Marks::SENSITIVE);
            Ok(value.with_marks(marks))
        },
        ..Function::BASE
    },
    Function {
        name: "sensitive",
        params: &[VALUE],
        may_return_null: true,
        returns: Returns::From(super::first_type),
        doc: "The value marked as sensitive, so that it is not shown.",
        example: ("issensitive(sensitive([1]))", "true"),
        body: |call| {
            let value = call.arg(0);
            // Inside of what is sensitive everything is.
            Ok(value
                .unmarked_deep(Marks::SENSITIVE)
                .marked(Marks::SENSITIVE))
        },
        ..Function::BASE
    },
    Function {
        name: "templatefile",
        params: &[
            Param::new("path", Kind::String),
            Param::new("vars", Kind::Any).any_type(),
        ],
        doc: "The content of a file rendered as a template with the given variables.",
        body: |call| {
            let path = call.text(0)?.to_owned();
            let source = super::read_text(call, 0, &path)?;
            render(call, &source, &path).map_err(|error| match error {
                // The path is not to blame for what is in the file.
                FunctionError::Argument(0, why) => FunctionError::Other(why),
                error => error,
            })
        },
        ..Function::BASE
    },
    Function {
        name: "templatestring",
        params: &[
            Param::new("template", Kind::String),
            Param::new("vars", Kind::Any).any_type(),
        ],
        returns: Returns::Fixed(Kind::String),
        doc: "A string that was obtained elsewhere rendered as a template with the given \
              variables.",
        example: (
            "[for t in [\"$${a}!\"] : templatestring(t, { a = \"x\" })][0]",
            "\"x!\"",
        ),
        body: |call| {
            let source = call.text(0)?.to_owned();
            let result = render(call, &source, "the template")?;
            convert(&result, &Type::String)
                .map_err(|error| FunctionError::other(format!("invalid template result: {error}")))
        },
        ..Function::BASE
    },
    to(
        "tobool",
        Kind::Bool,
        "The value as a bool.",
        ("tobool(\"true\")", "true"),
    ),
    to(
        "tolist",
        Kind::List(&Kind::Any),
        "The value as a list, its elements of one type.",
        ("tolist([\"a\", 1])[1]", "\"1\""),
    ),
    to(
        "tomap",
        Kind::Map(&Kind::Any),
        "The value as a map, its elements of one type.",
        ("tomap({ a = \"x\", b = 1 }).b", "\"1\""),
    ),
    to(
        "tonumber",
        Kind::Number,
        "The value as a number.",
        ("tonumber(\"1.50\")", "1.5"),
    ),
    to(
        "toset",
        Kind::Set(&Kind::Any),
        "The value as a set: without order and duplicates.",
        ("[for x in toset([1, 2, 1]) : x][1]", "2"),
    ),
    to(
        "tostring",
        Kind::String,
        "The value as a string.",
        ("tostring(true)", "\"true\""),
    ),
    Function {
        name: "try",
        variadic: Some(Param::new("expressions", Kind::Any)),
        may_return_null: true,
        doc: "The first of its arguments that can be evaluated without an error.",
        example: ("try({ a = 1 }.b, \"fallback\")", "\"fallback\""),
        body: by_the_evaluator,
        ..Function::BASE
    },
];

/// A function that converts its argument.
const fn to(
    name: &'static str,
    kind: Kind,
    doc: &'static str,
    example: (&'static str, &'static str),
) -> Function {
    Function {
        name,
        params: &[ANYTHING],
        may_return_null: true,
        returns: Returns::Fixed(kind),
        doc,
        example,
        body: |call| {
            let wanted = call.returns.clone();
            let converted = convert(&call.arg(0), &wanted);
            if converted.is_ok() && !call.arg(0).is_known() {
                // As in Terraform, that alone is what is known of it then.
                return Ok(call.unknown().marked(call.arg(0).marks()));
            }
            converted.map_err(|error| {
                let given = call.arg(0);
                if given.ty().is_primitive() && given.is_known() && wanted.is_primitive() {
                    let what = given.ty().friendly_name();
                    let shown = match given.as_str().filter(|_| !given.is_sensitive()) {
                        Some(text) => format!("cannot convert {text:?} to {wanted}; "),
                        None => format!("cannot convert this {what} to {wanted}; "),
                    };
                    FunctionError::argument(0, format!("{shown}{error}"))
                } else {
                    FunctionError::argument(0, format!("cannot convert: {error}"))
                }
            })
        },
        ..Function::BASE
    }
}

/// `try` and `can` never get here: their arguments must not be evaluated before the call.
fn by_the_evaluator(_: &mut Call<'_>) -> Result<Value, FunctionError> {
    Err(FunctionError::other("its arguments cannot be expanded"))
}

fn render(call: &Call<'_>, source: &str, origin: &str) -> Result<Value, FunctionError> {
    let vars = call.arg(1);
    let variables: BTreeMap<_, _> = match vars.kind() {
        ValueKind::Map(_, members) | ValueKind::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().marked(vars.marks())))
            .collect(),
        _ => {
            return Err(FunctionError::argument(
                1,
                "a map or object of the template's variables is required",
            ));
        }
    };
    if let Some(name) = variables.keys().find(|name| !is_name(name)) {
        return Err(FunctionError::argument(
            1,
            format!(
                "{:?} cannot be the name of a template variable",
                name.as_str()
            ),
        ));
    }
    call.services.render(source, origin, &variables)
}
