//! Conditionals.

use flowctl_model::{Kind, Refinement, Type, Value};
use flowctl_parser::ast::{Conditional, Expr, Span};

use super::Session;
use crate::convert::convert;
use crate::unify::unify;

/// What the two results of a conditional have in common.
fn common_type(yes: &Value, no: &Value) -> Option<Type> {
    let bare_null = |value: &Value| matches!(value.kind(), Kind::Null(Type::Any));
    let any = |value: &Value| !value.is_known() && value.ty() == Type::Any;
    if any(yes) || any(no) {
        // Whatever it will be decides.
        Some(Type::Any)
    } else if bare_null(yes) {
        Some(no.ty())
    } else if bare_null(no) {
        Some(yes.ty())
    } else {
        unify(&[yes.ty(), no.ty()])
    }
}

impl Session<'_> {
    pub(super) fn conditional(&mut self, expr: &Expr, conditional: &Conditional) -> Value {
        self.choose(
            expr,
            (conditional.yes.span, conditional.no.span),
            &conditional.condition,
            |session| session.eval(&conditional.yes),
            |session| session.eval(&conditional.no),
        )
    }

    /// Chooses between two results. Both are computed, because the type depends on both, but the
    /// errors of the one not taken are dropped. `places` is where they stand.
    pub(super) fn choose(
        &mut self,
        expr: &Expr,
        places: (Span, Span),
        condition: &Expr,
        yes: impl FnOnce(&mut Self) -> Value,
        no: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let start = self.findings.len();
        let failures = self.failures;
        let yes = yes(self);
        let yes_failures = self.failures - failures;
        let yes_findings = self.findings.split_off(start);
        self.failures = failures;
        let no = no(self);
        let no_failures = self.failures - failures;
        let no_findings = self.findings.split_off(start);
        self.failures = failures;

        let common = common_type(&yes, &no);
        let Some(ty) = common else {
            let value = self.error(
                expr,
                places.0.to(places.1),
                "Inconsistent conditional result types",
                format!(
                    "The true and false results must be of types that one type can hold. {}",
                    difference(&yes.ty(), &no.ty())
                ),
            );
            self.findings.extend(yes_findings);
            self.findings.extend(no_findings);
            return value;
        };

        let before = self.failures;
        let chosen = self.eval(condition);
        let condition_failed = self.failed_since(before);
        let fatal = |findings: Vec<super::Finding>| findings.into_iter().filter(|f| f.fatal);
        if chosen.is_null() {
            self.findings.extend(fatal(yes_findings));
            self.findings.extend(fatal(no_findings));
            self.error(
                condition,
                condition.span,
                "Null condition",
                "The condition value is null. Conditions must either be true or false.",
            );
            return Value::unknown(ty);
        }
        let marks = chosen.marks().union(yes.marks()).union(no.marks());
        // As in Terraform it shows only later that what is not known yet is no boolean.
        let chosen = if chosen.is_known() {
            convert(&chosen, &Type::Bool)
        } else {
            Ok(chosen)
        };
        match chosen {
            Err(error) => {
                self.findings.extend(fatal(yes_findings));
                self.findings.extend(fatal(no_findings));
                self.error(
                    condition,
                    condition.span,
                    "Incorrect condition type",
                    format!("The condition expression must be of type bool: {error}."),
                );
                Value::unknown(ty)
            }
            Ok(chosen) => {
                let Some(taken) = chosen.as_bool() else {
                    // Which errors matter is not known yet: only those that always matter do.
                    self.findings.extend(fatal(yes_findings));
                    self.findings.extend(fatal(no_findings));
                    return if condition_failed {
                        Value::unknown(ty)
                    } else {
                        undecided(&yes, &no, ty).marked(marks)
                    };
                };
                let (value, kept, failures, dropped, which) = if taken {
                    (yes, yes_findings, yes_failures, no_findings, "true")
                } else {
                    (no, no_findings, no_failures, yes_findings, "false")
                };
                self.failures += failures;
                self.findings.extend(kept);
                self.findings.extend(fatal(dropped));
                match convert(&value, &ty) {
                    Ok(value) => value.marked(marks),
                    Err(error) => {
                        self.error(
                            expr,
                            if taken { places.0 } else { places.1 },
                            "Inconsistent conditional result types",
                            format!("The {which} result value has the wrong type: {error}."),
                        );
                        Value::unknown(ty)
                    }
                }
            }
        }
    }
}

/// What is certain when the condition is not known yet.
fn undecided(yes: &Value, no: &Value, ty: Type) -> Value {
    if yes.is_null() && no.is_null() {
        return Value::null(ty);
    }
    let certainly = |value: &Value| match value.kind() {
        Kind::Null(_) => false,
        Kind::Unknown(unknown) => unknown.refinement.as_ref().is_some_and(|r| r.not_null),
        _ => true,
    };
    Value::refined(
        ty,
        Refinement {
            not_null: certainly(yes) && certainly(no),
            ..Refinement::default()
        },
    )
}

/// How two types differ, as far as that can be said briefly.
fn difference(yes: &Type, no: &Type) -> String {
    let (yes_name, no_name) = (yes.friendly_name(), no.friendly_name());
    if yes_name == no_name {
        return format!("Both are of type {yes_name}, but what is inside differs: {yes} and {no}.");
    }
    format!("The 'true' value is {yes_name}, but the 'false' value is {no_name}.")
}
