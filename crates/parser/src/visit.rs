//! Walking over expressions.

use crate::ast::{Expr, ExprKind, ObjectKey, SplatStep, TemplatePart};

impl Expr {
    /// Calls `visit` with each expression directly inside this one, in source order.
    pub fn children<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Variable(_) => {}
            ExprKind::Template(parts) => template(parts, visit),
            ExprKind::Wrapped(inner) | ExprKind::Parens(inner) => visit(inner),
            ExprKind::Tuple(items) => items.iter().for_each(visit),
            ExprKind::Object(items) => {
                for item in items {
                    if let ObjectKey::Expr(key) = &item.key {
                        visit(key);
                    }
                    visit(&item.value);
                }
            }
            ExprKind::GetAttr(access) => visit(&access.target),
            ExprKind::LegacyIndex(access) => visit(&access.target),
            ExprKind::Index(access) => {
                visit(&access.target);
                visit(&access.key);
            }
            ExprKind::Splat(splat) => {
                visit(&splat.source);
                for step in &splat.each {
                    if let SplatStep::Index(key, _) = step {
                        visit(key);
                    }
                }
            }
            ExprKind::Call(call) => call.args.iter().for_each(visit),
            ExprKind::Conditional(choice) => {
                visit(&choice.condition);
                visit(&choice.yes);
                visit(&choice.no);
            }
            ExprKind::Binary(binary) => {
                visit(&binary.left);
                visit(&binary.right);
            }
            ExprKind::Unary(unary) => visit(&unary.operand),
            ExprKind::For(each) => {
                visit(&each.collection);
                each.result_key.iter().for_each(&mut *visit);
                visit(&each.result);
                each.condition.iter().for_each(visit);
            }
        }
    }
}

fn template<'e>(parts: &'e [TemplatePart], visit: &mut dyn FnMut(&'e Expr)) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expr) => visit(expr),
            TemplatePart::If(choice) => {
                visit(&choice.condition);
                template(&choice.yes, visit);
                template(&choice.no, visit);
            }
            TemplatePart::For(each) => {
                visit(&each.collection);
                template(&each.body, visit);
            }
        }
    }
}
