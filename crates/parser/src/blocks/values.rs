//! Arguments whose values the configuration itself has to know: literals, lists of references,
//! references to providers.

use std::sync::Arc;

use super::reader::Diagnostics;
use crate::ast::{Attribute, Body, Expr, ExprKind, Name, Span, TemplatePart};
use crate::configuration::ProviderRef;
use crate::constant::{self, Literal};
use crate::diagnostic::Diagnostic;
use crate::hcl::Part;
use crate::json::Offsets;
use crate::reference::{self, Step, is_reference};

/// The summary of what is not the kind of expression that is needed.
pub(super) const INVALID: &str = "Invalid expression";

/// Where an expression begins: what an error about its value points at.
fn start(expr: &Expr) -> Span {
    let Span { file, start, end } = expr.span;
    let bracket = Span {
        end: end.min(start + 1),
        ..expr.span
    };
    match &expr.kind {
        ExprKind::Tuple(_) | ExprKind::Object(_) => bracket,
        ExprKind::Call(call) => call.name.span,
        ExprKind::Conditional(choice) => self::start(&choice.condition),
        ExprKind::Binary(binary) => self::start(&binary.left),
        ExprKind::Template(parts) => match parts.first() {
            Some(TemplatePart::Literal(text)) => {
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                let start = start + 1;
                let end = end.min(start.saturating_add(length));
                Span { file, start, end }
            }
            Some(TemplatePart::Interpolation(first)) => self::start(first),
            _ => expr.span,
        },
        _ => expr.span,
    }
}

/// The value of an argument that has to be made of literals.
fn literal(attribute: &Attribute, json: bool, out: &mut Diagnostics) -> Option<Literal> {
    let errors = out.len();
    constant::check(&attribute.expr, out);
    let value = constant::literal(&attribute.expr);
    let name = &attribute.name.text;
    let detail = match &value {
        None => format!("The value of {name:?} must be known before anything is evaluated."),
        Some(Literal::Null) => format!("The argument {name:?} may not be null."),
        Some(_) if errors == out.len() => return value,
        Some(_) => return None,
    };
    out.push(unsuitable(&attribute.expr, json, detail));
    None
}

fn unsuitable(expr: &Expr, json: bool, detail: String) -> Diagnostic {
    let mut span = start(expr);
    if !json && matches!(expr.kind, ExprKind::String(_)) && span.end - span.start > 2 {
        // Without the quotes.
        span.start += 1;
        span.end -= 1;
    }
    Diagnostic::error(span, "Unsuitable value type", detail)
}

/// The boolean an argument is set to.
pub(super) fn bool_literal(body: &Body, name: &str, default: bool, out: &mut Diagnostics) -> bool {
    let Some(attribute) = body.attribute(name) else {
        return default;
    };
    let is_number = matches!(attribute.expr.kind, ExprKind::Number(_));
    match literal(attribute, body.json, out) {
        Some(Literal::Bool(value)) => value,
        Some(Literal::Text(_)) if is_number => {
            let detail = format!("The argument {name:?} must be true or false, not a number.");
            out.push(unsuitable(&attribute.expr, body.json, detail));
            default
        }
        Some(Literal::Text(text)) if matches!(&*text, "true" | "1") => true,
        Some(Literal::Text(text)) if matches!(&*text, "false" | "0") => false,
        Some(_) => {
            let detail = format!("The argument {name:?} must be true or false.");
            out.push(unsuitable(&attribute.expr, body.json, detail));
            default
        }
        None => default,
    }
}

/// The string an argument is set to.
pub(super) fn string_literal(
    attribute: &Attribute,
    json: bool,
    out: &mut Diagnostics,
) -> Option<Arc<str>> {
    match literal(attribute, json, out)? {
        Literal::Text(text) => Some(text),
        Literal::Bool(value) => Some(if value { "true" } else { "false" }.into()),
        Literal::Null => None,
    }
}

/// The string of an optional argument.
pub(super) fn text(body: &Body, name: &str, out: &mut Diagnostics) -> Option<String> {
    string_literal(body.attribute(name)?, body.json, out).map(|text| text.to_string())
}

/// The elements of a list written out.
pub(super) fn list(body: &Body, name: &str, out: &mut Diagnostics) -> Vec<Expr> {
    let Some(attribute) = body.attribute(name) else {
        return Vec::new();
    };
    if let ExprKind::Tuple(items) = &attribute.expr.kind {
        return items.to_vec();
    }
    let span = match attribute.expr.kind {
        ExprKind::Object(_) => start(&attribute.expr),
        _ => attribute.expr.span,
    };
    out.push(Diagnostic::error(
        span,
        INVALID,
        "A list is required here, written out in brackets.",
    ));
    Vec::new()
}

/// A reference that may be quoted, as in older versions of the language.
pub(super) fn maybe_quoted(expr: &Expr, summary: &str, out: &mut Diagnostics) -> Option<Expr> {
    let mut found = None;
    if let ExprKind::String(text) = &expr.kind {
        let offsets = Offsets::plain(expr.span.start + 1);
        let part = Part {
            file: expr.span.file,
            text,
            offsets: Some(&offsets),
            depth: 0,
        };
        found = part.expression().ok().filter(is_reference);
        if found.is_some() {
            out.push(
                Diagnostic::warning(
                    expr.span,
                    "Quoted references are deprecated",
                    "A reference stands here, which needs no quotes.",
                )
                .with_help("leave the quotes out"),
            );
        }
    } else if is_reference(expr) {
        found = Some(expr.clone());
    }
    if found.is_none() {
        out.push(Diagnostic::error(
            expr.span,
            summary,
            "A single static reference is required: names, dots and constant indices only.",
        ));
    }
    found
}

/// `depends_on`: references to whole objects of the module.
pub(super) fn depends_on(body: &Body, out: &mut Diagnostics) -> Vec<Expr> {
    let items = list(body, "depends_on", out);
    let mut found = Vec::new();
    for item in items {
        let Some(item) = maybe_quoted(&item, INVALID, out) else {
            continue;
        };
        if let Some(rest) = behind_object(&item) {
            out.push(Diagnostic::error(
                rest,
                "Invalid depends_on reference",
                "What is depended on is a whole object, never an attribute of one.",
            ));
            continue;
        }
        found.push(item);
    }
    found
}

/// What a reference to a resource has behind the resource.
fn behind_object(expr: &Expr) -> Option<Span> {
    let steps = reference::steps(expr, false)?;
    let names = match steps.first() {
        Some((Step::Name("data" | "ephemeral"), _)) => 3,
        _ => 2,
    };
    let mut rest = steps.get(names..)?.iter();
    let mut next = rest.next();
    if let Some((Step::Index | Step::LegacyIndex, _)) = next {
        next = rest.next();
    }
    // An output stands for its module.
    if let (Some((Step::Name("module"), _)), Some((Step::Name(_), _))) = (steps.first(), next) {
        next = rest.next();
    }
    let (_, first) = next?;
    Some(Span {
        end: expr.span.end,
        ..*first
    })
}

/// `aws` or `aws.eu`.
pub(super) fn provider_ref(expr: &Expr, out: &mut Diagnostics) -> Option<ProviderRef> {
    const SUMMARY: &str = "Invalid provider configuration reference";
    let expr = maybe_quoted(expr, SUMMARY, out)?;
    match &expr.kind {
        ExprKind::Variable(root) => {
            return Some(ProviderRef {
                name: Name {
                    text: root.clone(),
                    span: expr.span,
                },
                alias: None,
            });
        }
        ExprKind::GetAttr(access) => {
            if let ExprKind::Variable(root) = &access.target.kind {
                return Some(ProviderRef {
                    name: Name {
                        text: root.clone(),
                        span: access.target.span,
                    },
                    alias: Some(access.name.clone()),
                });
            }
        }
        _ => {}
    }
    let place = match &expr.kind {
        ExprKind::Index(access) => access.brackets,
        _ => expr.span,
    };
    out.push(Diagnostic::error(
        place,
        SUMMARY,
        "A reference to a provider is its local name, and for an alternate configuration a dot \
         and its alias.",
    ));
    None
}
