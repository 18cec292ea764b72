//! What the recorded expressions cannot show: unknown values, marks, depth and several errors.

use flowctl_model::{Kind, Marks, Type, Value};
use flowctl_parser::ast::FileId;
use flowctl_parser::diagnostic::Diagnostic;

use super::{Evaluated, Evaluator};
use crate::reference::{Reference, Subject};
use crate::scope::{Resolved, Scope};
use crate::type_expr::Nowhere;

struct Names;

impl Scope for Names {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        let Subject::Variable(name) = &reference.subject else {
            return Err(reference.undeclared([]));
        };
        let value = match &**name {
            "unknown" => Value::unknown(Type::String),
            "number" => Value::unknown(Type::Number),
            "flag" => Value::unknown(Type::Bool),
            "list" => Value::unknown(Type::list(Type::String)),
            "any" => Value::unknown(Type::Any),
            "secret" => Value::string("hunter2").marked(Marks::SENSITIVE),
            "name" => Value::string("crm"),
            _ => return Err(reference.undeclared(["unknown", "secret", "name"])),
        };
        Ok(Resolved::Whole(value))
    }
}

fn evaluate(text: &str) -> Evaluated {
    let expr = flowctl_parser::hcl::parse_expression(FileId(0), text).unwrap();
    Evaluator::new(&Names, &Nowhere).evaluate(&expr)
}

#[test]
fn unknown_values_keep_their_type() {
    for (text, ty) in [
        ("toset(var.list)", "set(dynamic)"),
        ("tolist(var.list)", "list(dynamic)"),
        ("var.number + 1", "number"),
        ("var.number > 1", "bool"),
        ("!var.flag", "bool"),
        ("\"a-${var.unknown}\"", "string"),
        ("var.flag ? 1 : \"a\"", "string"),
        ("var.list[0]", "string"),
        ("var.list[*]", "list(string)"),
        ("[for x in var.list : x]", "dynamic"),
        ("var.any.x", "dynamic"),
        ("{ a = var.unknown }", "object({ a: string, })"),
        ("max(var.number, 1)", "number"),
        ("can(var.any.x)", "bool"),
        ("try(var.any.x, 1)", "dynamic"),
    ] {
        let evaluated = evaluate(text);
        assert!(
            evaluated.diagnostics.is_empty(),
            "{text}: {:?}",
            evaluated.diagnostics
        );
        assert!(!evaluated.value.is_wholly_known(), "{text}");
        let shown = crate::show::type_of(&evaluated.value);
        let folded: Vec<_> = shown.split_whitespace().collect();
        assert_eq!(folded.join(" "), ty, "{text}");
    }
}

#[test]
fn a_template_knows_how_it_begins() {
    let value = evaluate("\"arn:${var.unknown}\"").value;
    let Kind::Unknown(unknown) = value.kind() else {
        panic!("{value:?}");
    };
    let refinement = unknown.refinement.clone().unwrap();
    assert!(refinement.not_null);
    assert_eq!(refinement.prefix.as_deref(), Some("arn:"));
}

#[test]
fn marks_spread_to_what_is_computed() {
    for (text, sensitive) in [
        ("\"x${var.secret}\"", true),
        ("var.secret == \"a\"", true),
        ("var.flag ? var.secret : \"a\"", true),
        ("[for c in [var.secret] : 1]", false),
        ("{ a = var.secret }", false),
        ("{ (var.secret) = 1 }", true),
        ("tonumber(var.secret == \"\" ? 1 : 2)", true),
    ] {
        assert_eq!(evaluate(text).value.is_sensitive(), sensitive, "{text}");
    }
}

#[test]
fn every_independent_error_is_reported_with_values_but_no_secret() {
    let evaluated = evaluate("[1 + \"x\", var.name.y, var.secret.z, var.nam]");
    let summaries: Vec<_> = evaluated.diagnostics.iter().map(|d| &*d.summary).collect();
    assert_eq!(
        summaries,
        [
            "Invalid operand",
            "Unsupported attribute",
            "Unsupported attribute",
            "Reference to undeclared input variable"
        ]
    );
    assert!(!format!("{:?}", evaluated.diagnostics).contains("hunter2"));
    let help = evaluated.diagnostics.last().unwrap().help.as_deref();
    assert_eq!(help, Some("Did you mean \"name\"?"));
    let operand = evaluate("upper_missing(var.name) + 1");
    assert!(operand.has_errors());
    let null = evaluate("var.name > 1");
    assert_eq!(
        null.diagnostics[0].values,
        [("var.name".to_owned(), "is \"crm\"".to_owned())]
    );
}

#[test]
fn undeclared_names_are_not_hidden_by_try() {
    assert!(evaluate("try(var.nope, 1)").has_errors());
    assert!(!evaluate("try(var.name.nope, 1)").has_errors());
    assert!(evaluate("true ? 1 : var.nope").has_errors());
    assert!(!evaluate("true ? 1 : var.name.nope").has_errors());
}

#[test]
fn depth_ends_in_an_error_and_long_sums_do_not() {
    let nested = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
    assert!(flowctl_parser::hcl::parse_expression(FileId(0), &nested).is_err());
    let sum = vec!["1"; 900].join(" + ");
    assert_eq!(evaluate(&sum).value, Value::number(900));
}

#[test]
fn examples_of_functions_are_true() {
    for function in crate::functions::all() {
        let (call, result) = function.example;
        if call.is_empty() {
            continue;
        }
        let (got, wanted) = (evaluate(call), evaluate(result));
        assert!(got.diagnostics.is_empty(), "{call}: {:?}", got.diagnostics);
        assert!(
            super::equals(&got.value, &wanted.value) == Some(true),
            "{call} is {:?}",
            got.value
        );
    }
}

#[test]
fn an_indentation_of_nothing_takes_no_room() {
    let evaluated = evaluate("indent(6757716164693904454, \"a\")");
    assert_eq!(evaluated.value.as_str(), Some("a"));
}
