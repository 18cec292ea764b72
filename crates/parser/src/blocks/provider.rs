//! `provider` blocks.

use std::collections::HashMap;

use super::reader::{Diagnostics, labels};
use super::values::string_literal;
use crate::ast::{Block, Name};
use crate::configuration::Provider;
use crate::diagnostic::Diagnostic;
use crate::hcl::is_name;

/// Arguments and blocks that may get a meaning in every provider.
const RESERVED_ARGUMENTS: [&str; 4] = ["count", "depends_on", "for_each", "source"];
const RESERVED_BLOCKS: [&str; 2] = ["lifecycle", "locals"];

pub(super) fn provider(block: Block, out: &mut Diagnostics) -> Option<Provider> {
    let [name] = labels(&block, ["name"], out)?;
    let name = name.clone();
    let header = block.header;
    if !is_name(&name.text) {
        out.push(Diagnostic::error(
            header,
            "Invalid provider local name",
            format!("{:?} is not a name a provider can have.", name.text),
        ));
        return None;
    }
    let mut body = block.body;
    let alias = body.attribute("alias").and_then(|attribute| {
        let text = string_literal(attribute, body.json, out)?;
        let span = attribute.expr.span;
        if !is_name(&text) {
            out.push(Diagnostic::error(
                span,
                "Invalid provider configuration alias",
                "An alias begins with a letter or underscore, and holds letters, digits, \
                 underscores and dashes only.",
            ));
            return None;
        }
        Some(Name { text, span })
    });
    for attribute in &body.attributes {
        let name = &*attribute.name.text;
        if name == "version" {
            out.push(
                Diagnostic::warning(
                    attribute.expr.span,
                    "Version constraints inside provider configuration blocks are deprecated",
                    "A version constraint here has no effect.",
                )
                .with_help("state it in required_providers, in the terraform block"),
            );
        } else if RESERVED_ARGUMENTS.contains(&name) {
            out.push(Diagnostic::error(
                attribute.name.span,
                "Reserved argument name in provider block",
                format!("The argument name {name:?} has no meaning in provider blocks."),
            ));
        }
    }
    for nested in &body.blocks {
        let name = &*nested.block_type.text;
        if RESERVED_BLOCKS.contains(&name) {
            out.push(Diagnostic::error(
                nested.block_type.span,
                "Reserved block type name in provider block",
                format!("The block type name {name:?} has no meaning in provider blocks."),
            ));
        }
    }
    let settled =
        !body.blocks.is_empty() || body.attributes.iter().any(|a| &*a.name.text != "alias");
    body.attributes.retain(|attribute| {
        let name = &*attribute.name.text;
        !matches!(name, "alias" | "version") && !RESERVED_ARGUMENTS.contains(&name)
    });
    body.blocks
        .retain(|nested| !RESERVED_BLOCKS.contains(&&*nested.block_type.text));
    Some(Provider {
        name,
        alias,
        header,
        settled,
        body,
    })
}

/// Reports configurations of the same provider with the same alias, or both without one.
pub(super) fn duplicates(providers: &[Provider], out: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for provider in providers {
        let name = &provider.name.text;
        let alias = provider.alias.as_ref().map(|alias| &alias.text);
        let Some(first) = seen.insert((name, alias), provider.header) else {
            continue;
        };
        let which = match alias {
            Some(alias) => format!("A configuration of provider {name:?} with alias {alias:?}"),
            None => format!("A default configuration of provider {name:?}"),
        };
        let error = Diagnostic::error(
            provider.header,
            "Duplicate provider configuration",
            format!("{which} was already given."),
        );
        out.push(error.with_label(first, "first given here"));
    }
}
