//! `module` blocks.

use std::collections::HashMap;

use super::module::Files;
use super::reader::{Diagnostics, check_name, labels, unsupported_block};
use super::resource::exclusive;
use super::values::{INVALID, depends_on, provider_ref, string_literal};
use crate::ast::{Attribute, Block, ExprKind, ObjectKey, Span};
use crate::configuration::{ModuleCall, ProviderRef};
use crate::diagnostic::Diagnostic;

/// Blocks that may get a meaning in every module call.
const RESERVED_BLOCKS: [&str; 3] = ["lifecycle", "locals", "provider"];

pub(super) fn call(
    block: Block,
    files: &mut dyn Files,
    out: &mut Diagnostics,
) -> Option<ModuleCall> {
    let [name] = labels(&block, ["name"], out)?;
    let name = name.clone();
    if !check_name(&name, "module instance", out) {
        return None;
    }
    let Block { body, header, .. } = block;
    for nested in &body.blocks {
        let kind = &*nested.block_type.text;
        out.push(if RESERVED_BLOCKS.contains(&kind) {
            Diagnostic::error(
                nested.block_type.span,
                "Reserved block type name in module block",
                format!("The block type name {kind:?} has no meaning in module blocks."),
            )
        } else {
            unsupported_block(nested, &[])
        });
    }
    exclusive(&body, out);
    let depends_on = depends_on(&body, out);
    let providers = body
        .attribute("providers")
        .map(|attribute| providers(attribute, out));
    let Some(source) = body.attribute("source") else {
        if !body.broken {
            out.push(Diagnostic::error(
                body.missing_place(),
                "Missing required argument",
                "The argument \"source\" is required, but no definition was found.",
            ));
        }
        return None;
    };
    let source_span = source.expr.span;
    let path = string_literal(source, body.json, out)?;
    if let Some(version) = body.attribute("version") {
        out.push(
            Diagnostic::error(
                source_span,
                "Invalid registry module source address",
                "A module that is given with a version comes from a registry, and flowctl reads \
                 local modules only.",
            )
            .with_label(version.name.span, "the version is given here"),
        );
    }
    let module = files.called(&path, source_span, out);
    let mut call = ModuleCall {
        name,
        header,
        source: source_span,
        missing: (!body.broken).then(|| body.missing_place()),
        count: None,
        for_each: None,
        depends_on,
        providers: providers.unwrap_or_default(),
        arguments: Vec::new(),
        module,
    };
    for attribute in body.attributes {
        match &*attribute.name.text {
            "source" | "version" | "providers" | "depends_on" => {}
            "count" => call.count = Some(attribute.expr),
            "for_each" => call.for_each = Some(attribute.expr),
            _ => call.arguments.push(attribute),
        }
    }
    Some(call)
}

/// `providers`: names inside the module, and the configurations handed in for them.
fn providers(attribute: &Attribute, out: &mut Diagnostics) -> Vec<(ProviderRef, ProviderRef)> {
    let ExprKind::Object(items) = &attribute.expr.kind else {
        let Span { file, start, end } = attribute.expr.span;
        let bracket = matches!(attribute.expr.kind, ExprKind::Tuple(_));
        let end = if bracket { start + 1 } else { end };
        out.push(Diagnostic::error(
            Span { file, start, end },
            INVALID,
            "A map is required here, written out in braces.",
        ));
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for item in items {
        let (key, place) = match &item.key {
            ObjectKey::Name(name) => (
                Some(ProviderRef {
                    name: name.clone(),
                    alias: None,
                }),
                name.span,
            ),
            ObjectKey::Expr(expr) => (provider_ref(expr, out), expr.span),
        };
        let (Some(key), Some(value)) = (key, provider_ref(&item.value, out)) else {
            continue;
        };
        if let Some(first) = seen.insert(key.to_string(), place) {
            out.push(
                Diagnostic::error(
                    item.value.span,
                    "Duplicate provider address",
                    "This provider of the module was already given a configuration.",
                )
                .with_label(first, "first given here"),
            );
            continue;
        }
        found.push((key, value));
    }
    found
}
