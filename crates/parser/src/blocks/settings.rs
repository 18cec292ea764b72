//! The `terraform` block: version constraints, provider requirements and what has no effect here.

use super::reader::{Allowed, Diagnostics, check, string_literal};
use crate::ast::{Block, ExprKind, Name, ObjectKey};
use crate::configuration::Module;
use crate::diagnostic::Diagnostic;

/// The version of Terraform whose language flowctl follows.
pub(super) const TERRAFORM_VERSION: [u64; 3] = [1, 11, 4];

/// Settings that are read and have no effect.
const WITHOUT_EFFECT: [&str; 2] = ["backend", "cloud"];

pub(super) fn terraform(block: &Block, module: &mut Module, out: &mut Diagnostics) {
    let allowed = Allowed {
        attributes: &["required_version", "experiments", "language"],
        required: &[],
        blocks: &["required_providers", "backend", "cloud", "provider_meta"],
    };
    check(&block.body, block.header, allowed, out);
    if let Some(attribute) = block.body.attribute("required_version")
        && let Some(text) = string_literal(attribute, out)
    {
        match meets(&text) {
            Some(true) => {}
            Some(false) => out.push(Diagnostic::error(
                attribute.expr.span,
                "Unsupported Terraform Core version",
                format!(
                    "flowctl follows the language of Terraform {}, which does not meet this \
                     constraint.",
                    TERRAFORM_VERSION.map(|n| n.to_string()).join(".")
                ),
            )),
            None => out.push(invalid_constraint(attribute.expr.span)),
        }
    }
    for nested in &block.body.blocks {
        match &*nested.block_type.text {
            "required_providers" => required_providers(nested, module, out),
            name if WITHOUT_EFFECT.contains(&name) => {
                let is_local = nested
                    .labels
                    .first()
                    .is_some_and(|label| &*label.text == "local");
                if !is_local {
                    out.push(
                        Diagnostic::warning(
                            nested.header,
                            format!("The {name} block has no effect"),
                            "flowctl keeps its state in a local SQLite store, never in a backend.",
                        )
                        .with_help("choose the place of the store with --state"),
                    );
                }
            }
            _ => {}
        }
    }
}

fn required_providers(block: &Block, module: &mut Module, out: &mut Diagnostics) {
    for attribute in &block.body.attributes {
        let mut source = None;
        match &attribute.expr.kind {
            ExprKind::String(text) => {
                if meets(text).is_none() {
                    out.push(invalid_constraint(attribute.expr.span));
                }
            }
            ExprKind::Object(items) => {
                for item in items {
                    let key = match &item.key {
                        ObjectKey::Name(Name { text, .. }) => text.clone(),
                        ObjectKey::Expr(expr) => match &expr.kind {
                            ExprKind::String(text) => text.clone(),
                            _ => continue,
                        },
                    };
                    match (&*key, &item.value.kind) {
                        ("source", ExprKind::String(text)) => source = Some(text.to_string()),
                        ("version", ExprKind::String(text)) if meets(text).is_none() => {
                            out.push(invalid_constraint(item.value.span));
                        }
                        _ => {}
                    }
                }
            }
            _ => out.push(Diagnostic::error(
                attribute.expr.span,
                "Invalid required_providers object",
                "A required_providers entry is an object with \"source\" and \"version\".",
            )),
        }
        module
            .required_providers
            .push((attribute.name.clone(), source));
    }
}

fn invalid_constraint(span: crate::Span) -> Diagnostic {
    Diagnostic::error(
        span,
        "Invalid version constraint",
        "This string does not use correct version constraint syntax, such as \">= 1.5, < 2.0\".",
    )
}

/// Whether [`TERRAFORM_VERSION`] meets a constraint; `None` if it is none.
fn meets(constraint: &str) -> Option<bool> {
    constraint
        .split(',')
        .try_fold(true, |met, part| Some(met & meets_part(part.trim())?))
}

fn meets_part(part: &str) -> Option<bool> {
    let (operator, version) = ["!=", ">=", "<=", "~>", "=", ">", "<"]
        .into_iter()
        .find_map(|op| Some((op, part.strip_prefix(op)?)))
        .unwrap_or(("=", part));
    let version = version.trim();
    let core = version.strip_prefix('v').unwrap_or(version);
    let core = core.split_once(['-', '+']).map_or(core, |(core, _)| core);
    let numbers: Vec<u64> = core
        .split('.')
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let mut wanted = [0; 3];
    for (slot, number) in wanted.iter_mut().zip(&numbers) {
        *slot = *number;
    }
    let have = TERRAFORM_VERSION;
    Some(match operator {
        "!=" => have != wanted,
        ">=" => have >= wanted,
        "<=" => have <= wanted,
        ">" => have > wanted,
        "<" => have < wanted,
        // All but the last number given are fixed.
        "~>" => {
            have >= wanted && {
                let fixed = numbers.len().min(3).saturating_sub(1);
                have[..fixed] == wanted[..fixed]
            }
        }
        _ => have == wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_those_of_terraform() {
        for (constraint, met) in [
            (">= 1.5", Some(true)),
            ("~> 1.9", Some(true)),
            ("~> 1.11.0", Some(true)),
            ("~> 1.10.0", Some(false)),
            ("1.11.4", Some(true)),
            ("!= 1.11.4", Some(false)),
            (">= 1.0, < 1.11", Some(false)),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(meets(constraint), met, "{constraint:?}");
        }
    }
}
