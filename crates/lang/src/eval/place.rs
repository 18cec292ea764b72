//! Where an error points when only a part of an expression is to be underlined, as Terraform
//! chooses it.

use flowctl_parser::ast::{Call, Expr, ExprKind, Span, TemplatePart};
use flowctl_parser::traversal::chain;

/// The name of a function and the parenthesis behind it.
pub(super) fn call_start(call: &Call) -> Span {
    Span {
        end: call.parens.start + 1,
        ..call.name.span
    }
}

/// The closing one of a pair of brackets.
pub(super) fn close(brackets: Span) -> Span {
    Span {
        start: brackets.end.saturating_sub(1).max(brackets.start),
        ..brackets
    }
}

/// Where an expression begins: the part of it that tells best which one is meant.
pub(super) fn start(expr: &Expr) -> Span {
    let first = Span {
        end: (expr.span.start + 1).min(expr.span.end),
        ..expr.span
    };
    match &expr.kind {
        ExprKind::Object(_) | ExprKind::Tuple(_) | ExprKind::For(_) | ExprKind::Unary(_) => first,
        ExprKind::Call(call) => call_start(call),
        ExprKind::Conditional(choice) => start(&choice.condition),
        ExprKind::Binary(operation) => start(&operation.left),
        ExprKind::Splat(splat) => splat.marker,
        ExprKind::Parens(inner) => start(inner),
        ExprKind::Index(index) => {
            let (root, _) = chain(expr);
            match (&root.kind, &index.key.kind) {
                // A static traversal.
                (ExprKind::Variable(_), _) | (_, ExprKind::String(_) | ExprKind::Number(_)) => {
                    expr.span
                }
                _ => Span {
                    end: index.brackets.start + 1,
                    ..index.brackets
                },
            }
        }
        // Nothing is between the quotes: what follows them.
        ExprKind::String(text) if text.is_empty() && expr.span.end - expr.span.start == 2 => Span {
            start: expr.span.end,
            end: expr.span.end + 1,
            ..expr.span
        },
        // Between the quotes.
        ExprKind::String(_) if expr.span.end - expr.span.start > 2 => Span {
            start: expr.span.start + 1,
            end: expr.span.end - 1,
            ..expr.span
        },
        ExprKind::Template(parts) => match parts.first() {
            Some(TemplatePart::Literal(text)) => {
                let start = expr.span.start + 1;
                let length = u32::try_from(text.len()).unwrap_or(0);
                Span {
                    start,
                    end: (start + length).min(expr.span.end),
                    ..expr.span
                }
            }
            Some(TemplatePart::Interpolation(inner)) => start(inner),
            Some(TemplatePart::If(directive)) => start(&directive.condition),
            _ => expr.span,
        },
        _ => expr.span,
    }
}
