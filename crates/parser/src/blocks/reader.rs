//! Reading a block against the list of what it may hold, so that no place forgets a check.

use crate::ast::{Block, Body, Name, Span};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hcl::is_name;

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
pub(super) fn check(body: &Body, allowed: Allowed<'_>, out: &mut Diagnostics) {
    for attribute in &body.attributes {
        let name = &*attribute.name.text;
        if allowed.attributes.contains(&name) || allowed.required.contains(&name) {
            continue;
        }
        if allowed.blocks.contains(&name) {
            out.push(
                Diagnostic::error(
                    attribute.name.span,
                    "Unsupported argument",
                    format!("An argument named {name:?} is not expected here."),
                )
                .with_help(format!("`{name}` is a block: write `{name} {{ … }}`")),
            );
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
            out.push(
                Diagnostic::error(
                    block.block_type.span,
                    "Unsupported block type",
                    format!("Blocks of type {name:?} are not expected here."),
                )
                .with_help(format!("`{name}` is an argument: write `{name} = …`")),
            );
            continue;
        }
        out.push(unsupported_block(block, allowed.blocks));
    }
    for name in allowed.required {
        if body.attribute(name).is_none() && !body.broken {
            out.push(Diagnostic::error(
                body.missing_place(),
                "Missing required argument",
                format!("The argument {name:?} is required, but no definition was found."),
            ));
        }
    }
}

/// The error for a block of a type that is not among those `known`.
pub(super) fn unsupported_block(block: &Block, known: &[&str]) -> Diagnostic {
    let kind = &block.block_type;
    unsupported(kind.span, "block type", &kind.text, known.iter().copied())
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
        if block.body.broken && block.body.span.start == block.body.span.end {
            return None;
        }
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
