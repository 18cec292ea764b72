//! Input variables: from what a person, a file or the environment gives to a value of the declared
//! type.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use flowctl_lang::convert::without_optional;
use flowctl_lang::{Defaults, Evaluator, NoScope, World, convert, type_constraint};
use flowctl_model::{Marks, Type, Value};
use flowctl_parser::ast::{Attribute, Expr, FileId, Span};
use flowctl_parser::configuration::{Configuration, Module, Variable};
use flowctl_parser::diagnostic::{Diagnostic, nearest};

use crate::conditions;
use crate::expansion::Repetition;
use crate::input::Input;
use crate::walk::{Phase, Walk};

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
    /// Something, but nobody says what: where a configuration is looked at without its values.
    Unknown,
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
fn constraint(variable: &Variable) -> Result<(Type, Defaults), Diagnostic> {
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

/// What is wrong with the types and defaults of variables, for a configuration in which so much
/// else is wrong that it is not evaluated.
pub fn declarations(configuration: &Configuration, world: &dyn World) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut modules = vec![&configuration.root];
    let mut seen = HashSet::new();
    while let Some(module) = modules.pop() {
        for variable in module.variables.values() {
            match constraint(variable) {
                Ok(constraint) => {
                    default(variable, &constraint, world, &mut found);
                }
                Err(error) => found.push(error),
            }
        }
        let called = module.calls.values().map(|call| &call.module);
        let new = called.filter(|module| seen.insert(Arc::as_ptr(module)));
        modules.extend(new.map(|module| &**module));
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    found
}

/// Evaluates a variable of a module instance.
pub(crate) fn evaluate(walk: &mut Walk<'_>, place: usize, name: &str) {
    let module = walk.store.get(place).module;
    let Some(variable) = module.variables.get(name) else {
        return;
    };
    let mut found = Vec::new();
    let value = match constraint(variable) {
        Ok(constraint) => value(walk, place, variable, &constraint, &mut found),
        Err(error) => {
            found.push(error);
            Value::unknown(Type::Any)
        }
    };
    walk.diagnostics.extend(found);
    let variables = &mut walk.store.get_mut(place).variables;
    variables.insert(name.into(), value);
}

type Constraint = (Type, Defaults);

fn value(
    walk: &Walk<'_>,
    place: usize,
    variable: &Variable,
    constraint: &Constraint,
    found: &mut Vec<Diagnostic>,
) -> Value {
    let ty = &constraint.0;
    let unknown = || Value::unknown(without_optional(ty)).marked(marks(variable));
    let default = default(variable, constraint, walk.input.world, found);
    let given = match walk.store.caller(place) {
        None if walk.phase == Phase::Validate => return unknown(),
        None => given(variable, ty, walk.input, found),
        Some((caller, step)) => {
            let calls = &walk.store.get(caller).module.calls;
            let argument = calls.get(&*step.name).and_then(|call| {
                let named = |a: &&Attribute| *a.name.text == *variable.name.text;
                call.arguments.iter().find(named)
            });
            argument.map(|argument| {
                let expansion = walk.store.get(caller).calls.get(&step.name);
                let repetition = expansion.map_or_else(Repetition::default, |expansion| {
                    expansion.repetition(step.key.as_ref())
                });
                let evaluated = walk.evaluate(caller, &argument.expr, &repetition, None);
                found.extend(evaluated.diagnostics);
                (evaluated.value, argument.expr.span)
            })
        }
    };
    match (given, default) {
        (Some((value, _)), Some(default)) if value.is_null() && !variable.nullable => default,
        (Some((value, span)), _) => {
            let is_argument = walk.store.caller(place).is_some();
            if is_argument && !variable.ephemeral && value.deep_marks().contains(Marks::EPHEMERAL) {
                found.push(kept(variable, span));
                return unknown();
            }
            finish(variable, constraint, &value, span, found)
        }
        (None, Some(default)) => default,
        (None, None) => {
            // A module call without the argument is reported with the call.
            if walk.store.caller(place).is_none() {
                found.push(missing(variable));
            }
            unknown()
        }
    }
}

/// The default of a variable, converted; `None` if it has none.
fn default(
    variable: &Variable,
    (ty, defaults): &Constraint,
    world: &dyn World,
    found: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let expr = variable.default.as_ref()?;
    let evaluated = Evaluator::new(&NoScope, world).evaluate(expr);
    let failed = evaluated.has_errors();
    found.extend(evaluated.diagnostics);
    let unknown = || Value::unknown(without_optional(ty));
    let value = if failed {
        unknown()
    } else if evaluated.value.is_null() && !variable.nullable {
        found.push(Diagnostic::error(
            expr.span,
            "Invalid default value for variable",
            "A null default value is not valid when nullable=false.",
        ));
        unknown()
    } else {
        convert(&defaults.apply(&evaluated.value), ty).unwrap_or_else(|error| {
            found.push(Diagnostic::error(
                expr.span,
                "Invalid default value for variable",
                format!("This default value is not compatible with the variable's type constraint: {error}."),
            ));
            unknown()
        })
    };
    Some(value.marked(marks(variable)))
}

/// The value that is given to a root module variable, not converted yet, and where an error about
/// it points to; `None` if none is given.
fn given(
    variable: &Variable,
    ty: &Type,
    input: Input<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<(Value, Span)> {
    let given = input.variables.get(&variable.name.text)?;
    let (expr, span) = match &given.value {
        GivenValue::Unknown => {
            return Some((Value::unknown(without_optional(ty)), variable.header));
        }
        GivenValue::Expr(expr) => (expr.clone(), expr.span),
        GivenValue::Text(file, text) => {
            if variable.ty.is_none() || ty.is_primitive() {
                return Some((Value::string(&**text), variable.header));
            }
            match flowctl_parser::hcl::parse_expression(*file, text) {
                Ok(expr) => (expr, variable.header),
                Err(errors) => {
                    found.extend(errors);
                    return Some((Value::unknown(ty.clone()), variable.header));
                }
            }
        }
    };
    let evaluated = Evaluator::new(&NoScope, input.world).evaluate(&expr);
    let failed = evaluated.has_errors();
    found.extend(evaluated.diagnostics);
    let value = if failed {
        Value::unknown(without_optional(ty))
    } else {
        evaluated.value
    };
    Some((value, span))
}

/// The error for an argument that must not be kept, of a variable that does not say so.
fn kept(variable: &Variable, span: Span) -> Diagnostic {
    let detail = format!(
        "The variable {:?} is not declared as accepting ephemeral values, so it cannot be set to a \
         result derived from one.",
        variable.name.text
    );
    Diagnostic::error(span, "Ephemeral value not allowed", detail)
        .with_label(variable.header, "declared here")
        .with_help("write `ephemeral = true` in the variable block")
}

/// Makes a value fit for its variable: defaults of optional attributes, type, null, marks.
/// `span` is where the value stands.
fn finish(
    variable: &Variable,
    (ty, defaults): &Constraint,
    value: &Value,
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Value {
    let name = &*variable.name.text;
    let mut unsuitable = |summary: &str, why: String| {
        let detail = format!("The given value is not suitable for var.{name}: {why}.");
        let error = Diagnostic::error(span, summary, detail);
        found.push(if span == variable.header {
            error
        } else {
            error.with_label(variable.header, "declared here")
        });
        Value::unknown(without_optional(ty))
    };
    let converted = match convert(&defaults.apply(value), ty) {
        Ok(value) if value.is_null() && !variable.nullable => {
            let why = "required variable may not be set to null";
            unsuitable("Required variable not set", why.into())
        }
        Ok(value) => value,
        Err(error) => unsuitable("Invalid value for input variable", error.to_string()),
    };
    converted.marked(marks(variable))
}

/// Checks the `validation` blocks of every variable, once all have their values.
pub(crate) fn validate(walk: &mut Walk<'_>) {
    let mut found = Vec::new();
    for place in 0..walk.store.len() {
        let module = walk.store.get(place).module;
        for variable in module.variables.values() {
            for condition in &variable.validations {
                let checked = conditions::check(walk, place, condition, conditions::VARIABLE);
                let span = argument(walk, place, variable).unwrap_or(variable.header);
                found.extend(checked.diagnostics.into_iter().map(|mut diagnostic| {
                    if checked.failed && diagnostic.summary == conditions::VARIABLE.summary() {
                        let rule = condition.condition.span;
                        diagnostic.span = Some(span);
                        diagnostic.labels.push((rule, "this is the rule".into()));
                    }
                    diagnostic
                }));
            }
        }
    }
    walk.diagnostics.extend(found);
}

/// Where the call of a module sets one of its variables.
fn argument(walk: &Walk<'_>, place: usize, variable: &Variable) -> Option<Span> {
    let (caller, step) = walk.store.caller(place)?;
    let call = walk.store.get(caller).module.calls.get(&*step.name)?;
    let mut arguments = call.arguments.iter();
    let argument = arguments.find(|a| a.name.text == variable.name.text)?;
    Some(argument.expr.span)
}

/// Arguments that the calls of modules lack, and those that their modules do not have.
pub(crate) fn check_arguments(walk: &mut Walk<'_>) {
    let mut found = Vec::new();
    for (_, module) in walk.modules.iter() {
        for call in module.calls.values() {
            for argument in &call.arguments {
                let name = &*argument.name.text;
                if call.module.variables.contains_key(name) {
                    continue;
                }
                let detail = format!("The module has no input variable {name:?}.");
                let error = Diagnostic::error(argument.name.span, "Unsupported argument", detail);
                let known = call.module.variables.keys().map(|name| &**name);
                found.push(match nearest(name, known) {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
            let Some(missing) = call.missing else {
                continue;
            };
            for (name, variable) in &call.module.variables {
                let set = call.arguments.iter().any(|a| a.name.text == *name);
                if !set && variable.default.is_none() {
                    let detail = format!(
                        "The argument {:?} is required, but no definition was found.",
                        &**name
                    );
                    let error = Diagnostic::error(missing, "Missing required argument", detail);
                    found.push(
                        error.with_label(variable.header, "declared here, without a default"),
                    );
                }
            }
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    walk.diagnostics.extend(found);
}

/// The marks that a variable's declaration puts on its value.
fn marks(variable: &Variable) -> Marks {
    let mut marks = Marks::default();
    if variable.sensitive {
        marks = marks.union(Marks::SENSITIVE);
    }
    if variable.ephemeral {
        marks = marks.union(Marks::EPHEMERAL);
    }
    marks
}

/// The error for a root module variable without a value.
fn missing(variable: &Variable) -> Diagnostic {
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
