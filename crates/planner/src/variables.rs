//! Input variables: from what a person, a file or the environment gives to a value of the declared
//! type.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_lang::{Defaults, Evaluator, NoScope, World, convert, type_constraint};
use flowctl_model::{Marks, Type, Value};
use flowctl_parser::ast::{Expr, Span};
use flowctl_parser::configuration::{Module, Variable};
use flowctl_parser::diagnostic::{Diagnostic, nearest};
use flowctl_parser::FileId;

/// What a root module variable is set to.
#[derive(Clone, Debug)]
pub struct Given {
    /// The value.
    pub value: GivenValue,
    /// Where it comes from.
    pub origin: Origin,
}

/// A value as given.
#[derive(Clone, Debug)]
pub enum GivenValue {
    /// Text of the command line or the environment: taken literally for a variable of a primitive
    /// type, as an expression otherwise. The file is where its spans point to.
    Text(FileId, Arc<str>),
    /// An expression of a variable file.
    Expr(Expr),
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// `-var`.
    CommandLine,
    /// `TF_VAR_…`.
    Environment,
    /// A variable file, at this place.
    File(Span),
}

/// Root module variables by name.
pub type GivenVariables = BTreeMap<Arc<str>, Given>;

/// The type of a variable, with the defaults of optional attributes.
pub fn constraint(variable: &Variable) -> Result<(Type, Defaults), Diagnostic> {
    match &variable.ty {
        Some(expr) => type_constraint(expr),
        None => Ok((Type::Any, Defaults::default())),
    }
}

/// Values for variables that are not declared: an error from the command line, a warning from a
/// file. The environment may hold those of other configurations.
pub fn undeclared(root: &Module, given: &GivenVariables) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, given) in given {
        if root.variables.contains_key(name) {
            continue;
        }
        let near = nearest(name, root.variables.keys().map(|name| &**name));
        let diagnostic = match given.origin {
            Origin::Environment => continue,
            Origin::CommandLine => Diagnostic::error_without_place(
                "Value for undeclared variable",
                format!(
                    "A variable named {name:?} was assigned on the command line, but the root \
                     module does not declare a variable of that name. To use this value, add a \
                     \"variable\" block to the configuration."
                ),
            ),
            Origin::File(span) => Diagnostic::warning(
                span,
                "Value for undeclared variable",
                format!(
                    "The root module does not declare a variable named {name:?}. If you meant to \
                     use this value, add a \"variable\" block to the configuration."
                ),
            ),
        };
        found.push(match near {
            Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
            None => diagnostic,
        });
    }
    found
}

/// The value that is given to a root module variable, not converted yet; `None` if none is.
pub fn given(
    variable: &Variable,
    ty: &Type,
    given: Option<&Given>,
    world: &dyn World,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Value, Span)> {
    let given = given?;
    let (expr, span) = match &given.value {
        GivenValue::Expr(expr) => (expr.clone(), expr.span),
        GivenValue::Text(file, text) => {
            let span = Span {
                file: *file,
                start: 0,
                end: u32::try_from(text.len()).unwrap_or(u32::MAX),
            };
            if variable.ty.is_none() || ty.is_primitive() {
                return Some((Value::string(&**text), span));
            }
            match flowctl_parser::hcl::parse_expression(*file, text) {
                Ok(expr) => (expr, span),
                Err(errors) => {
                    diagnostics.extend(errors);
                    return Some((Value::unknown(ty.clone()), span));
                }
            }
        }
    };
    let evaluated = Evaluator::new(&NoScope, world).evaluate(&expr);
    let failed = evaluated.has_errors();
    diagnostics.extend(evaluated.diagnostics);
    let value = if failed {
        Value::unknown(ty.clone())
    } else {
        evaluated.value
    };
    Some((value, span))
}

/// Makes a value fit for its variable: defaults of optional attributes, type, null, marks.
/// `span` is where the value stands.
pub fn finish(
    variable: &Variable,
    (ty, defaults): &(Type, Defaults),
    value: &Value,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let name = &*variable.name.text;
    let marks = marks(variable);
    let value = defaults.apply(value);
    let converted = convert(&value, ty).unwrap_or_else(|error| {
        let error = Diagnostic::error(
            span,
            "Invalid value for input variable",
            format!("The given value is not suitable for var.{name}: {error}."),
        );
        diagnostics.push(error.with_label(variable.header, "declared here"));
        Value::unknown(ty.clone())
    });
    if converted.is_null() && !variable.nullable {
        let error = Diagnostic::error(
            span,
            "Invalid value for input variable",
            format!("The given value is not suitable for var.{name}: required variable may not be set to null."),
        );
        diagnostics.push(error.with_label(variable.header, "declared here"));
        return Value::unknown(ty.clone()).marked(marks);
    }
    converted.marked(marks)
}

/// The marks that a variable's declaration puts on its value.
pub fn marks(variable: &Variable) -> Marks {
    let mut marks = Marks::default();
    if variable.sensitive {
        marks = marks.union(Marks::SENSITIVE);
    }
    if variable.ephemeral {
        marks = marks.union(Marks::EPHEMERAL);
    }
    marks
}

/// The error for a variable without a value.
pub fn missing(variable: &Variable) -> Diagnostic {
    let name = &*variable.name.text;
    Diagnostic::error(
        variable.header,
        "No value for required variable",
        format!(
            "The root module input variable {name:?} is not set, and has no default value. Use a \
             -var or -var-file command line argument to provide a value for this variable."
        ),
    )
    .with_help(format!(
        "write `{name} = …` in terraform.tfvars, or set the environment variable TF_VAR_{name}"
    ))
}
