//! `variable` and `output` blocks.

use super::condition::conditions;
use super::reader::{Allowed, Diagnostics, check, check_name, labels};
use super::values::{bool_literal, depends_on, text};
use crate::ast::{Attribute, Block, Expr, ExprKind};
use crate::configuration::{Output, Variable};
use crate::constant;
use crate::diagnostic::Diagnostic;
use crate::reference::refers_to_variable;

/// Variable names that mean something else in a `module` block.
const RESERVED_VARIABLES: [&str; 8] = [
    "source",
    "version",
    "providers",
    "count",
    "for_each",
    "lifecycle",
    "depends_on",
    "locals",
];

pub(super) fn variable(block: &Block, out: &mut Diagnostics) -> Option<Variable> {
    let [name] = labels(block, ["name"], out)?;
    if !check_name(name, "variable", out) {
        return None;
    }
    if RESERVED_VARIABLES.contains(&&*name.text) {
        out.push(Diagnostic::error(
            name.span,
            "Invalid variable name",
            format!(
                "The name {:?} has a meaning of its own in module blocks, so no variable can have \
                 it.",
                name.text
            ),
        ));
        return None;
    }
    let body = &block.body;
    let allowed = Allowed {
        attributes: &[
            "type",
            "default",
            "description",
            "sensitive",
            "ephemeral",
            "nullable",
        ],
        required: &[],
        blocks: &["validation"],
    };
    check(body, allowed, out);
    let default = body.attribute("default").map(|attribute| &attribute.expr);
    if let Some(default) = default {
        constant::check(default, out);
    }
    let validations = conditions(body, "validation", out);
    for block in body.blocks_of("validation") {
        if let Some(condition) = block.body.attribute("condition")
            && !refers_to_variable(&condition.expr, &name.text)
        {
            out.push(Diagnostic::error(
                condition.expr.span,
                "Invalid variable validation condition",
                format!(
                    "The condition for variable {0:?} can only be about its value when it refers \
                     to var.{0}.",
                    name.text
                ),
            ));
        }
    }
    Some(Variable {
        name: name.clone(),
        header: block.header,
        ty: body.attribute("type").and_then(|ty| type_expr(ty, out)),
        default: default.cloned(),
        description: text(body, "description", out),
        sensitive: bool_literal(body, "sensitive", false, out),
        ephemeral: bool_literal(body, "ephemeral", false, out),
        nullable: bool_literal(body, "nullable", true, out),
        validations,
    })
}

/// A type constraint, which is not quoted.
fn type_expr(attribute: &Attribute, out: &mut Diagnostics) -> Option<Expr> {
    let ExprKind::String(quoted) = &attribute.expr.kind else {
        return Some(attribute.expr.clone());
    };
    let (summary, ty) = match &**quoted {
        "string" => ("Invalid quoted type constraints", "string"),
        "list" => ("Invalid quoted type constraints", "list(string)"),
        "map" => ("Invalid quoted type constraints", "map(string)"),
        _ => ("Invalid legacy variable type hint", &**quoted),
    };
    out.push(
        Diagnostic::error(
            attribute.expr.span,
            summary,
            "A type constraint is written without quotes, and says what elements a collection has.",
        )
        .with_help(format!("write `type = {ty}`")),
    );
    None
}

pub(super) fn output(block: &Block, out: &mut Diagnostics) -> Option<Output> {
    let [name] = labels(block, ["name"], out)?;
    if !check_name(name, "output", out) {
        return None;
    }
    let body = &block.body;
    let allowed = Allowed {
        attributes: &["description", "sensitive", "ephemeral", "depends_on"],
        required: &["value"],
        blocks: &["precondition"],
    };
    check(body, allowed, out);
    let value = match body.attribute("value") {
        Some(attribute) => attribute.expr.clone(),
        // The error is reported; the name is taken all the same.
        None => Expr {
            span: body.missing_place(),
            kind: ExprKind::Null,
        },
    };
    Some(Output {
        name: name.clone(),
        header: block.header,
        value,
        description: text(body, "description", out),
        sensitive: bool_literal(body, "sensitive", false, out),
        ephemeral: bool_literal(body, "ephemeral", false, out),
        depends_on: depends_on(body, out),
        preconditions: conditions(body, "precondition", out),
    })
}
