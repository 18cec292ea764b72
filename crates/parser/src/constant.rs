//! Expressions that have to stand for themselves: defaults of variables and values of variable
//! files, where there is nothing to refer to and nothing to call.

use std::sync::Arc;

use crate::ast::{Expr, ExprKind, TemplatePart};
use crate::diagnostic::Diagnostic;

/// Reports each reference and each call in an expression.
pub(crate) fn check(expr: &Expr, out: &mut Vec<Diagnostic>) {
    let mut checker = Checker {
        bound: Vec::new(),
        calls: true,
        out,
    };
    checker.expr(expr);
}

struct Checker<'o> {
    /// Names that `for` gives a meaning to.
    bound: Vec<Arc<str>>,
    /// Whether calls are reported.
    calls: bool,
    out: &'o mut Vec<Diagnostic>,
}

impl Checker<'_> {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Variable(name) if !self.bound.contains(name) => {
                self.out.push(Diagnostic::error(
                    expr.span,
                    "Variables not allowed",
                    "Variables may not be used here.",
                ));
            }
            ExprKind::Call(_) if self.calls => self.out.push(Diagnostic::error(
                expr.span,
                "Function calls not allowed",
                "Functions may not be called here.",
            )),
            ExprKind::For(each) => {
                self.expr(&each.collection);
                let outer = self.bound.len();
                let names = each.key.iter().chain([&each.value]);
                self.bound.extend(names.map(|name| name.text.clone()));
                each.result_key.iter().for_each(|key| self.expr(key));
                self.expr(&each.result);
                each.condition.iter().for_each(|expr| self.expr(expr));
                self.bound.truncate(outer);
            }
            ExprKind::Template(parts) => self.template(parts),
            _ => expr.children(&mut |child| self.expr(child)),
        }
    }

    fn template(&mut self, parts: &[TemplatePart]) {
        for part in parts {
            match part {
                TemplatePart::Literal(_) => {}
                TemplatePart::Interpolation(expr) => self.expr(expr),
                TemplatePart::If(choice) => {
                    self.expr(&choice.condition);
                    self.template(&choice.yes);
                    self.template(&choice.no);
                }
                TemplatePart::For(each) => {
                    self.expr(&each.collection);
                    let outer = self.bound.len();
                    let names = each.key.iter().chain([&each.value]);
                    self.bound.extend(names.map(|name| name.text.clone()));
                    self.template(&each.body);
                    self.bound.truncate(outer);
                }
            }
        }
    }
}

/// Whether an expression refers to anything.
pub(crate) fn has_references(expr: &Expr) -> bool {
    let mut found = Vec::new();
    let mut checker = Checker {
        bound: Vec::new(),
        calls: false,
        out: &mut found,
    };
    checker.expr(expr);
    !found.is_empty()
}

/// A value that can be seen without evaluating anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    /// A string, or a number as written.
    Text(Arc<str>),
}

/// The value of an expression made of literals only.
pub(crate) fn literal(expr: &Expr) -> Option<Literal> {
    Some(match &expr.kind {
        ExprKind::Null => Literal::Null,
        ExprKind::Bool(value) => Literal::Bool(*value),
        ExprKind::String(text) => Literal::Text(text.clone()),
        ExprKind::Number(text) => Literal::Text((&**text).into()),
        ExprKind::Parens(inner) | ExprKind::Wrapped(inner) => literal(inner)?,
        ExprKind::Template(parts) => {
            let mut text = String::new();
            for part in parts {
                match part {
                    TemplatePart::Literal(part) => text.push_str(part),
                    TemplatePart::Interpolation(expr) => match literal(expr)? {
                        Literal::Text(part) => text.push_str(&part),
                        Literal::Bool(part) => text.push_str(if part { "true" } else { "false" }),
                        Literal::Null => return None,
                    },
                    TemplatePart::If(_) | TemplatePart::For(_) => return None,
                }
            }
            Literal::Text(text.into())
        }
        _ => return None,
    })
}
