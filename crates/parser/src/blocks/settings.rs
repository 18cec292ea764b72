//! `terraform` blocks: version constraints, provider requirements and what has no effect here.

use super::module::unexpected_block;
use super::reader::{Allowed, Diagnostics, check, labels};
use super::values::{INVALID, string_literal};
use super::version::{TERRAFORM_VERSION, meets, names_prerelease};
use crate::ast::{Attribute, Block, Expr, ExprKind, Name, ObjectKey, Span};
use crate::configuration::{ProviderRef, Requirement};
use crate::diagnostic::Diagnostic;
use crate::reference::is_reference;

/// What the members of a provider requirement are called.
const REQUIREMENT: [&str; 3] = ["source", "version", "configuration_aliases"];

/// What the `terraform` blocks of a module say, together.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) required_providers: Vec<Requirement>,
    requirements: Option<Span>,
    backend: Option<Span>,
    cloud: Option<Span>,
}

impl Settings {
    /// Reads one block.
    pub(super) fn read(&mut self, block: &Block, out: &mut Diagnostics) {
        labels(block, [], out);
        let allowed = Allowed {
            attributes: &["required_version", "experiments", "language"],
            required: &[],
            blocks: &["required_providers", "backend", "cloud", "provider_meta"],
        };
        check(&block.body, allowed, out);
        if let Some(attribute) = block.body.attribute("required_version") {
            required_version(attribute, block.body.json, out);
        }
        if let Some(attribute) = block.body.attribute("experiments") {
            out.push(Diagnostic::error(
                attribute.name.span,
                "Module uses experimental features",
                "flowctl follows a release of the language, which has no experiments.",
            ));
        }
        for nested in &block.body.blocks {
            match &*nested.block_type.text {
                "required_providers" => self.required_providers(nested, out),
                kind @ ("backend" | "cloud") => self.backend(kind, nested, out),
                _ => {}
            }
        }
    }

    fn backend(&mut self, kind: &str, block: &Block, out: &mut Diagnostics) {
        let named = match kind {
            "backend" => labels(block, ["type"], out).map(|[name]| &*name.text),
            _ => labels(block, [], out).map(|[]| "cloud"),
        };
        let Some(name) = named else { return };
        let slot = match kind {
            "backend" => &mut self.backend,
            _ => &mut self.cloud,
        };
        if let Some(first) = *slot {
            out.push(
                Diagnostic::error(
                    block.header,
                    format!("Duplicate {kind} configuration"),
                    format!("A module has one {kind} configuration at most."),
                )
                .with_label(first, "the first one is here"),
            );
            return;
        }
        *slot = Some(block.header);
        if let (Some(backend), Some(cloud)) = (self.backend, self.cloud) {
            out.push(
                Diagnostic::error(
                    backend,
                    "Both a backend and cloud configuration are present",
                    "A module has either a backend or a cloud configuration.",
                )
                .with_label(cloud, "the cloud configuration is here"),
            );
        }
        if name != "local" {
            out.push(
                Diagnostic::warning(
                    block.header,
                    format!("The {kind} block has no effect"),
                    "flowctl keeps its state in a local SQLite store, never in a backend.",
                )
                .with_help("choose the place of the store with --state"),
            );
        }
    }

    fn required_providers(&mut self, block: &Block, out: &mut Diagnostics) {
        labels(block, [], out);
        if let Some(first) = self.requirements {
            out.push(
                Diagnostic::error(
                    block.header,
                    "Duplicate required providers configuration",
                    "A module has one required_providers block at most.",
                )
                .with_label(first, "the first one is here"),
            );
            return;
        }
        self.requirements = Some(block.header);
        for nested in &block.body.blocks {
            out.push(unexpected_block(nested));
        }
        for attribute in &block.body.attributes {
            self.required_providers.push(requirement(attribute, out));
        }
    }
}

fn required_version(attribute: &Attribute, json: bool, out: &mut Diagnostics) {
    let Some(text) = string_literal(attribute, json, out) else {
        return;
    };
    match meets(&text) {
        Some(_) if names_prerelease(&text) => out.push(Diagnostic::error(
            attribute.span,
            "Invalid required_version constraint",
            "A version before its release (with a dash) cannot be required.",
        )),
        Some(true) => {}
        Some(false) => out.push(Diagnostic::error(
            attribute.span,
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

/// An entry of `required_providers`.
fn requirement(attribute: &Attribute, out: &mut Diagnostics) -> Requirement {
    let mut found = Requirement {
        name: attribute.name.clone(),
        place: attribute.expr.span,
        source: None,
        aliases: Vec::new(),
    };
    let items = match &attribute.expr.kind {
        ExprKind::Object(items) => items,
        ExprKind::String(text) => {
            if meets(text).is_none() {
                out.push(invalid_constraint(attribute.expr.span));
            }
            return found;
        }
        ExprKind::Number(_) => return found,
        _ => {
            out.push(Diagnostic::error(
                attribute.expr.span,
                "Invalid required_providers object",
                "A required_providers entry is an object with \"source\" and \"version\".",
            ));
            return found;
        }
    };
    for item in items {
        let (key, place) = match &item.key {
            ObjectKey::Name(name) => (&name.text, name.span),
            ObjectKey::Expr(expr) => match &expr.kind {
                ExprKind::String(text) => (text, expr.span),
                _ => continue,
            },
        };
        match (&**key, &item.value.kind) {
            ("source", ExprKind::String(text)) if is_source(text) => {
                found.source = Some(text.to_string());
            }
            ("source", ExprKind::String(_)) => out.push(Diagnostic::error(
                item.value.span,
                "Invalid provider source string",
                "A provider's source is [HOSTNAME/]NAMESPACE/TYPE, like \"hashicorp/aws\".",
            )),
            ("source", _) => out.push(Diagnostic::error(
                item.value.span,
                "Invalid source",
                "The source must be a quoted string.",
            )),
            ("version", ExprKind::String(text)) if meets(text).is_none() => {
                out.push(invalid_constraint(item.value.span));
            }
            ("configuration_aliases", _) => {
                found.aliases = aliases(&attribute.name.text, &item.value, out);
            }
            (key, _) if !REQUIREMENT.contains(&key) => out.push(Diagnostic::error(
                place,
                "Invalid required_providers object",
                format!("A requirement has the members {REQUIREMENT:?}, and no {key:?}."),
            )),
            _ => {}
        }
    }
    found
}

/// `configuration_aliases`: references to configurations of the provider they are listed for.
fn aliases(local: &str, value: &Expr, out: &mut Diagnostics) -> Vec<ProviderRef> {
    let ExprKind::Tuple(items) = &value.kind else {
        let detail = "A list is required here, written out in brackets.";
        out.push(Diagnostic::error(value.span, INVALID, detail));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        if !is_reference(item) {
            let detail = "An alias is listed as a reference, without quotes: the provider's local \
                          name, a dot and the alias.";
            out.push(Diagnostic::error(item.span, INVALID, detail));
            continue;
        }
        let detail = match configuration(item) {
            Some(alias) if *alias.name.text == *local => {
                found.push(alias);
                continue;
            }
            Some(alias) => format!(
                "This is listed for the provider {local:?}, but {alias} is a configuration of {:?}.",
                alias.name.text
            ),
            None => "A configuration is named by the provider's local name, a dot and an alias."
                .to_owned(),
        };
        let error = Diagnostic::error(value.span, "Invalid configuration_aliases value", detail);
        out.push(error.with_help(format!("write `configuration_aliases = [{local}.NAME]`")));
    }
    found
}

/// The provider configuration that a reference names.
fn configuration(expr: &Expr) -> Option<ProviderRef> {
    let named = |expr: &Expr, alias| match &expr.kind {
        ExprKind::Variable(text) => Some(ProviderRef {
            name: Name {
                text: text.clone(),
                span: expr.span,
            },
            alias,
        }),
        _ => None,
    };
    match &expr.kind {
        ExprKind::GetAttr(access) => named(&access.target, Some(access.name.clone())),
        ExprKind::Index(access) => {
            let ExprKind::String(text) = &access.key.kind else {
                return None;
            };
            let alias = Name {
                text: text.clone(),
                span: access.key.span,
            };
            named(&access.target, Some(alias))
        }
        _ => named(expr, None),
    }
}

/// Whether a text is the address of a provider: up to three parts, the first of three a host.
fn is_source(text: &str) -> bool {
    let fits = |part: &str, dots: bool| {
        let inner = |c: char| {
            c.is_alphanumeric() || matches!(c, '-' | '_') || (dots && matches!(c, '.' | ':'))
        };
        !part.is_empty()
            && part.chars().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    match text.split('/').collect::<Vec<_>>()[..] {
        [name] => fits(name, false),
        [namespace, name] => fits(namespace, false) && fits(name, false),
        [host, namespace, name] => fits(host, true) && fits(namespace, false) && fits(name, false),
        _ => false,
    }
}

fn invalid_constraint(span: Span) -> Diagnostic {
    Diagnostic::error(
        span,
        "Invalid version constraint",
        "This string does not use correct version constraint syntax, such as \">= 1.5, < 2.0\".",
    )
}
