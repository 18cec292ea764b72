//! Reading a block against the list of what it may hold, so that no place forgets a check.

use std::sync::Arc;

use crate::ast::{Attribute, Block, Body, Expr, ExprKind, Name, Span};
use crate::configuration::ProviderRef;
use crate::diagnostic::{Diagnostic, nearest};

/// What a block may hold besides what is asked for by name.
#[derive(Clone, Copy)]
pub(super) struct Allowed<'a> {
    pub(super) attributes: &'a [&'a str],
    pub(super) required: &'a [&'a str],
    pub(super) blocks: &'a [&'a str],
}

/// Collects the diagnostics of one module.
pub(super) type Diagnostics = Vec<Diagnostic>;

/// Reports every argument and block of `body` that is not allowed, and those that are missing.
pub(super) fn check(body: &Body, header: Span, allowed: Allowed<'_>, out: &mut Diagnostics) {
    for attribute in &body.attributes {
        let name = &*attribute.name.text;
        if allowed.attributes.contains(&name) || allowed.required.contains(&name) {
            continue;
        }
        if allowed.blocks.contains(&name) {
            out.push(Diagnostic::error(
                attribute.name.span,
                "Unsupported argument",
                format!(
                    "An argument named {name:?} is not expected here. Did you mean to define a \
                     block of type {name:?}?"
                ),
            ));
            continue;
        }
        let known = allowed.attributes.iter().chain(allowed.required).copied();
        out.push(unsupported(attribute.name.span, "argument", name, known));
    }
    for block in &body.blocks {
        let name = &*block.block_type.text;
        if allowed.blocks.contains(&name) {
            continue;
        }
        if allowed.attributes.contains(&name) || allowed.required.contains(&name) {
            out.push(Diagnostic::error(
                block.block_type.span,
                "Unsupported block type",
                format!(
                    "Blocks of type {name:?} are not expected here. Did you mean to define \
                     argument {name:?}? If so, use the equals sign to assign it a value."
                ),
            ));
            continue;
        }
        out.push(unsupported(
            block.block_type.span,
            "block type",
            name,
            allowed.blocks.iter().copied(),
        ));
    }
    for name in allowed.required {
        if body.attribute(name).is_none() && !body.broken {
            out.push(Diagnostic::error(
                missing_place(body, header),
                "Missing required argument",
                format!("The argument {name:?} is required, but no definition was found."),
            ));
        }
    }
}

/// Where something is missing: at the header of a block, or the closing brace of a JSON object.
pub(super) fn missing_place(body: &Body, header: Span) -> Span {
    if !body.json {
        return header;
    }
    Span {
        start: body.span.end.saturating_sub(1).max(body.span.start),
        ..body.span
    }
}

fn unsupported<'a>(
    span: Span,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let expected = match what {
        "argument" => format!("An argument named {name:?} is not expected here."),
        _ => format!("Blocks of type {name:?} are not expected here."),
    };
    let diagnostic = Diagnostic::error(span, format!("Unsupported {what}"), expected);
    match nearest(name, known) {
        Some(other) => diagnostic.with_help(format!("did you mean `{other}`?")),
        None => diagnostic,
    }
}

/// Whether a text is a name in Terraform's sense.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// The labels of a block, if there are as many as `names` says they should be.
pub(super) fn labels<'b, const N: usize>(
    block: &'b Block,
    names: [&str; N],
    out: &mut Diagnostics,
) -> Option<[&'b Name; N]> {
    let kind = &block.block_type.text;
    if let Some(extra) = block.labels.get(N) {
        let expected = match N {
            0 => "no labels are expected".to_owned(),
            1 => format!("only 1 label ({}) is expected", names.join(", ")),
            _ => format!("only {N} labels ({}) are expected", names.join(", ")),
        };
        out.push(Diagnostic::error(
            extra.span,
            format!("Extraneous label for {kind}"),
            format!("For {kind} blocks, {expected}."),
        ));
        return None;
    }
    if let Some(missing) = names.get(block.labels.len()) {
        let brace = Span {
            end: block.body.span.start + 1,
            ..block.body.span
        };
        out.push(Diagnostic::error(
            brace,
            format!("Missing {missing} for {kind}"),
            format!(
                "All {kind} blocks must have {N} labels ({}).",
                names.join(", ")
            ),
        ));
        return None;
    }
    let mut found = block.labels.iter();
    let labels: Vec<&Name> = found.by_ref().collect();
    labels.try_into().ok()
}

/// A label that must be a name.
pub(super) fn check_name(name: &Name, what: &str, out: &mut Diagnostics) -> bool {
    let valid = is_name(&name.text);
    if !valid {
        out.push(Diagnostic::error(
            name.span,
            format!("Invalid {what} name"),
            "A name must start with a letter or underscore and may contain only letters, digits, \
             underscores, and dashes.",
        ));
    }
    valid
}

/// A literal boolean.
pub(super) fn bool_literal(body: &Body, name: &str, default: bool, out: &mut Diagnostics) -> bool {
    let Some(attribute) = body.attribute(name) else {
        return default;
    };
    match literal(&attribute.expr).kind {
        ExprKind::Bool(value) => value,
        ExprKind::String(ref text) if matches!(&**text, "true" | "false") => &**text == "true",
        _ => {
            out.push(Diagnostic::error(
                attribute.expr.span,
                "Unsuitable value type",
                format!("The argument {name:?} must be the literal true or false."),
            ));
            default
        }
    }
}

/// A literal string.
pub(super) fn string_literal(attribute: &Attribute, out: &mut Diagnostics) -> Option<Arc<str>> {
    match &literal(&attribute.expr).kind {
        ExprKind::String(text) => Some(text.clone()),
        kind => {
            let name = &attribute.name.text;
            let (summary, detail) = match kind {
                ExprKind::Template(_)
                | ExprKind::Wrapped(_)
                | ExprKind::Variable(_)
                | ExprKind::GetAttr(_)
                | ExprKind::Index(_) => (
                    "Variables not allowed",
                    "Variables may not be used here.".to_owned(),
                ),
                ExprKind::Call(_) => (
                    "Function calls not allowed",
                    "Functions may not be called here.".to_owned(),
                ),
                _ => (
                    "Unsuitable value type",
                    format!("The argument {name:?} must be a quoted string."),
                ),
            };
            out.push(Diagnostic::error(attribute.expr.span, summary, detail));
            None
        }
    }
}

/// The expression without parentheses around it.
pub(super) fn literal(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Parens(inner) => literal(inner),
        _ => expr,
    }
}

/// The elements of a literal list.
pub(super) fn list(body: &Body, name: &str, out: &mut Diagnostics) -> Vec<Expr> {
    let Some(attribute) = body.attribute(name) else {
        return Vec::new();
    };
    if let ExprKind::Tuple(items) = &attribute.expr.kind {
        return items.to_vec();
    }
    out.push(Diagnostic::error(
        attribute.expr.span,
        "Invalid expression",
        "A static list expression is required.",
    ));
    Vec::new()
}

/// `aws` or `aws.eu`.
pub(super) fn provider_ref(expr: &Expr, out: &mut Diagnostics) -> Option<ProviderRef> {
    let name = |text: &Arc<str>, span| Name {
        text: text.clone(),
        span,
    };
    match &expr.kind {
        ExprKind::Variable(root) => {
            return Some(ProviderRef {
                name: name(root, expr.span),
                alias: None,
            });
        }
        ExprKind::String(text) if is_name(text) => {
            return Some(ProviderRef {
                name: name(text, expr.span),
                alias: None,
            });
        }
        ExprKind::GetAttr(access) => {
            if let ExprKind::Variable(root) = &access.target.kind {
                return Some(ProviderRef {
                    name: name(root, access.target.span),
                    alias: Some(access.name.clone()),
                });
            }
        }
        _ => {}
    }
    out.push(Diagnostic::error(
        expr.span,
        "Invalid provider configuration reference",
        "A provider configuration reference is a provider's local name, optionally followed by a \
         dot and an alias.",
    ));
    None
}
