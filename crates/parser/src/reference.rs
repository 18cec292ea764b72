//! Expressions that are addresses or references: names with attributes and constant indices.

use crate::ast::{Expr, ExprKind, Span};
use crate::constant;
use crate::diagnostic::Diagnostic;

/// Whether an expression is a name with attributes and indices behind it.
pub(crate) fn is_reference(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Variable(_) => true,
        ExprKind::GetAttr(access) => is_reference(&access.target),
        ExprKind::Index(access) => is_reference(&access.target),
        ExprKind::LegacyIndex(access) => is_reference(&access.target),
        _ => false,
    }
}

/// A step of a reference.
#[derive(Clone, Debug)]
pub(crate) enum Step<'e> {
    /// A name, the first or one behind a dot.
    Name(&'e str),
    /// `["key"]` or `[0]`.
    Index,
    /// `.0`.
    LegacyIndex,
}

/// The steps of a reference, each with its place (dots and brackets included); `None` for any
/// other expression, or if `constant` and an index is not.
pub(crate) fn steps(expr: &Expr, constant: bool) -> Option<Vec<(Step<'_>, Span)>> {
    let mut found = Vec::new();
    let mut at = expr;
    loop {
        let behind = |target: &Expr| Span {
            start: target.span.end,
            ..at.span
        };
        match &at.kind {
            ExprKind::Variable(name) => {
                found.push((Step::Name(name), at.span));
                found.reverse();
                return Some(found);
            }
            ExprKind::GetAttr(access) => {
                found.push((Step::Name(&access.name.text), behind(&access.target)));
                at = &access.target;
            }
            ExprKind::Index(access) => {
                let literal = matches!(access.key.kind, ExprKind::String(_) | ExprKind::Number(_));
                if constant && !literal {
                    return None;
                }
                found.push((Step::Index, access.brackets));
                at = &access.target;
            }
            ExprKind::LegacyIndex(access) => {
                found.push((Step::LegacyIndex, behind(&access.target)));
                at = &access.target;
            }
            _ => return None,
        }
    }
}

/// What an address is the address of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    /// A resource or data source, not a module.
    pub(crate) resource: bool,
    /// A data source or an ephemeral resource, which is never made.
    pub(crate) data: bool,
    /// Where the first index in it stands.
    pub(crate) first_index: Option<Span>,
}

/// Words that are no resource types in an address.
const RESERVED: [&str; 10] = [
    "var",
    "local",
    "each",
    "self",
    "count",
    "path",
    "terraform",
    "template",
    "lazy",
    "arg",
];

/// Reads the address of a resource, data source or module, or of an instance of one.
pub(crate) fn address(expr: &Expr, constant: bool, out: &mut Vec<Diagnostic>) -> Option<Address> {
    let Some(steps) = steps(expr, constant) else {
        out.push(Diagnostic::error(
            expr.span,
            "Invalid expression",
            "An address is required: names, dots and constant indices only.",
        ));
        return None;
    };
    let mut found = Address {
        resource: false,
        data: false,
        first_index: None,
    };
    let mut invalid = |span: Span, detail: &str| {
        out.push(Diagnostic::error(span, "Invalid address", detail));
        None
    };
    let mut steps = steps.iter().peekable();
    let mut index = |steps: &mut std::iter::Peekable<std::slice::Iter<'_, (Step<'_>, Span)>>| {
        while let Some((Step::Index | Step::LegacyIndex, span)) = steps.peek() {
            found.first_index.get_or_insert(*span);
            steps.next();
        }
    };
    while let Some((Step::Name("module"), span)) = steps.peek() {
        let whole = *span;
        steps.next();
        let Some((Step::Name(_), _)) = steps.next() else {
            return invalid(whole, "The name of a module call must follow \"module\".");
        };
        index(&mut steps);
    }
    if steps.peek().is_some() {
        found.resource = true;
        let mode = match steps.peek() {
            Some((Step::Name(word), _)) => *word,
            _ => "",
        };
        if RESERVED.contains(&mode) {
            return invalid(
                expr.span,
                "This word begins no address: it stands for something else. A resource type of \
                 that name is written with \"resource.\" before it.",
            );
        }
        let data = matches!(mode, "data" | "ephemeral");
        if data || mode == "resource" {
            steps.next();
        }
        let (Some((Step::Name(_), _)), Some((Step::Name(_), _))) = (steps.next(), steps.next())
        else {
            return invalid(
                expr.span,
                "The address of a resource is its type and its name, with a dot between them.",
            );
        };
        index(&mut steps);
        found.data = data;
    }
    if let Some((_, first)) = steps.next() {
        let rest = Span {
            end: expr.span.end,
            ..*first
        };
        return invalid(rest, "The address must end before this.");
    }
    Some(found)
}

/// Whether an expression refers to anything at all.
pub(crate) fn refers(expr: &Expr) -> bool {
    constant::has_references(expr)
}

/// Whether an expression refers to the input variable `name`.
pub(crate) fn refers_to_variable(expr: &Expr, name: &str) -> bool {
    if let ExprKind::GetAttr(access) = &expr.kind
        && &*access.name.text == name
        && matches!(&access.target.kind, ExprKind::Variable(root) if &**root == "var")
    {
        return true;
    }
    let mut found = false;
    expr.children(&mut |child| found |= refers_to_variable(child, name));
    found
}
