//! `policy` blocks.

use std::sync::Arc;

use super::reader::{Allowed, Diagnostics, check, check_name, labels};
use super::values::{INVALID, list, string_literal};
use crate::ast::{Attribute, Block, Body, Expr, ExprKind, Name, ObjectKey};
use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::{Policy, Rule};
use crate::reference::refers;

/// The policies of a file.
pub(crate) fn policies(body: Body, out: &mut Diagnostics) -> Vec<Policy> {
    let allowed = Allowed {
        attributes: &[],
        required: &[],
        blocks: &["policy"],
    };
    check(&body, allowed, out);
    let blocks = body.blocks.into_iter();
    blocks
        .filter(|block| &*block.block_type.text == "policy")
        .filter_map(|block| policy(&block, out))
        .collect()
}

fn policy(block: &Block, out: &mut Diagnostics) -> Option<Policy> {
    let [name] = labels(block, ["name"], out)?;
    let valid = check_name(name, "policy", out);
    let body = &block.body;
    let custom = body.attribute("condition").is_some() || body.attribute("error_message").is_some();
    let allowed = Allowed {
        attributes: &[
            "rule",
            "condition",
            "error_message",
            "severity",
            "resource_type",
            "name",
            "tags",
            "except",
            "ignorable",
        ],
        required: if custom {
            &["condition", "error_message"]
        } else {
            &[]
        },
        blocks: &[],
    };
    check(body, allowed, out);
    let rule = rule(block, out);
    let policy = Policy {
        name: name.clone(),
        header: block.header,
        severity: severity(body, out),
        resource_type: text(body.attribute("resource_type"), out),
        name_pattern: text(body.attribute("name"), out),
        tags: tags(body.attribute("tags"), out),
        except: list(body, "except", out)
            .into_iter()
            .filter_map(|expr| string(&expr, out))
            .collect(),
        ignorable: ignorable(body, out),
        rule: rule?,
    };
    valid.then_some(policy)
}

fn rule(block: &Block, out: &mut Diagnostics) -> Option<Rule> {
    let body = &block.body;
    let built_in = text(body.attribute("rule"), out);
    let condition = body.attribute("condition");
    match (body.attribute("rule"), condition) {
        (Some(rule), Some(condition)) => {
            let detail =
                "A policy has either a `rule` that is built in or a `condition` of its own.";
            let error = Diagnostic::error(condition.span, "Policy with two rules", detail);
            out.push(error.with_label(rule.span, "the other one is here"));
            None
        }
        (Some(_), None) => built_in.map(Rule::BuiltIn),
        (None, Some(condition)) => {
            let condition = &condition.expr;
            if !refers(condition) {
                out.push(Diagnostic::error(
                    condition.span,
                    "Invalid policy condition",
                    "The condition must refer to `self`, or it would not check anything.",
                ));
                return None;
            }
            Some(Rule::Custom {
                condition: condition.clone(),
                error_message: body.attribute("error_message")?.expr.clone(),
            })
        }
        (None, None) => {
            if !body.broken && body.attribute("error_message").is_none() {
                let detail = "A policy needs a `rule` that is built in, or a `condition` of its own \
                              with an `error_message`.";
                let error = Diagnostic::error(block.header, "Policy without a rule", detail);
                out.push(error);
            }
            None
        }
    }
}

fn severity(body: &Body, out: &mut Diagnostics) -> Severity {
    let Some(name) = text(body.attribute("severity"), out) else {
        return Severity::Error;
    };
    match &*name.text {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        other => {
            let detail = format!("The severity is \"error\" or \"warning\", not {other:?}.");
            out.push(Diagnostic::error(name.span, "Invalid severity", detail));
            Severity::Error
        }
    }
}

/// Whether comments in the configuration may ask for exceptions.
fn ignorable(body: &Body, out: &mut Diagnostics) -> bool {
    match body.attribute("ignorable").map(|attribute| &attribute.expr) {
        None => true,
        Some(expr) => match &expr.kind {
            ExprKind::Bool(yes) => *yes,
            _ => {
                let detail = "This is `true` or `false`: whether comments may ask for exceptions.";
                out.push(Diagnostic::error(expr.span, INVALID, detail));
                true
            }
        },
    }
}

/// The string that an argument is set to, with its place.
fn text(attribute: Option<&Attribute>, out: &mut Diagnostics) -> Option<Name> {
    let attribute = attribute?;
    Some(Name {
        text: string_literal(attribute, false, out)?,
        span: attribute.expr.span,
    })
}

/// A string that stands for itself.
fn string(expr: &Expr, out: &mut Diagnostics) -> Option<Name> {
    if let ExprKind::String(text) = &expr.kind {
        return Some(Name {
            text: text.clone(),
            span: expr.span,
        });
    }
    let detail = "A string without interpolation is required here.";
    out.push(Diagnostic::error(expr.span, INVALID, detail));
    None
}

fn tags(attribute: Option<&Attribute>, out: &mut Diagnostics) -> Vec<(Arc<str>, Name)> {
    let Some(attribute) = attribute else {
        return Vec::new();
    };
    let ExprKind::Object(items) = &attribute.expr.kind else {
        let detail = "The tags are a map from keys to regular expressions, written out in braces.";
        out.push(Diagnostic::error(attribute.expr.span, INVALID, detail));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let key = match &item.key {
            ObjectKey::Name(name) => Some(name.text.clone()),
            ObjectKey::Expr(expr) => string(expr, out).map(|name| name.text),
        };
        found.extend(key.zip(string(&item.value, out)));
    }
    found
}
