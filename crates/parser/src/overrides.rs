//! Override files, whose blocks are laid over those of the other files of a module
//! (<https://developer.hashicorp.com/terraform/language/files/override>).

use std::sync::Arc;

use crate::ast::{Block, Body, ExprKind};
use crate::diagnostic::Diagnostic;

/// What is said of a block that has nothing to override, by its type.
const MISSING: [(&str, &str); 6] = [
    ("variable", "Missing base variable declaration to override"),
    ("output", "Missing base output definition to override"),
    ("module", "Missing module call to override"),
    ("resource", "Missing resource to override"),
    ("data", "Missing data resource to override"),
    ("ephemeral", "Missing ephemeral resource to override"),
];

/// Lays an override file over the bodies of the other files.
pub(crate) fn merge(bodies: &mut Vec<Body>, overriding: Body, out: &mut Vec<Diagnostic>) {
    let mut added = Vec::new();
    for mut block in overriding.blocks {
        let kind = block.block_type.text.clone();
        let kind = &*kind;
        if kind == "locals" {
            locals(bodies, block, out);
            continue;
        }
        if matches!(kind, "moved" | "import") {
            out.push(Diagnostic::error(
                block.header,
                format!("Cannot override '{kind}' blocks"),
                "Blocks of this type have no names, so an override file cannot change any.",
            ));
            continue;
        }
        if kind == "check" {
            out.push(Diagnostic::error(
                block.header,
                "Can't override check blocks",
                "An override file cannot change what is checked.",
            ));
            continue;
        }
        dependencies(&block, out);
        conditions(&mut block, out);
        let same = |other: &&mut Block| {
            other.block_type.text == block.block_type.text
                && other
                    .labels
                    .iter()
                    .map(|label| &label.text)
                    .eq(block.labels.iter().map(|label| &label.text))
                && (kind != "provider" || alias(other) == alias(&block))
        };
        let base = bodies
            .iter_mut()
            .flat_map(|body| &mut body.blocks)
            .find(same);
        if let Some(base) = base {
            body(&mut base.body, block.body);
        } else if let Some((_, summary)) = MISSING.iter().find(|(missing, _)| *missing == kind) {
            out.push(Diagnostic::error(
                block.header,
                *summary,
                "An override file can only change a block that another file of the module has.",
            ));
        } else {
            added.push(block);
        }
    }
    // What has no base is judged as any other block.
    bodies.push(Body {
        attributes: overriding.attributes,
        blocks: added,
        ..overriding
    });
}

fn alias(block: &Block) -> Option<&Arc<str>> {
    match &block.body.attribute("alias")?.expr.kind {
        ExprKind::String(text) => Some(text),
        _ => None,
    }
}

/// Dependencies cannot be changed: whoever reads the base file would not know.
fn dependencies(block: &Block, out: &mut Vec<Diagnostic>) {
    let Some(attribute) = block.body.attribute("depends_on") else {
        return;
    };
    let place = match &attribute.expr.kind {
        ExprKind::Tuple(items) => items.first().map(|item| item.span),
        _ => None,
    };
    out.push(Diagnostic::error(
        place.unwrap_or(attribute.expr.span),
        "Unsupported override",
        "The depends_on argument may not be overridden.",
    ));
}

/// Neither can conditions. Those of the base stay as they are.
fn conditions(block: &mut Block, out: &mut Vec<Diagnostic>) {
    let bodies: Vec<&mut Body> = match &*block.block_type.text {
        "output" => vec![&mut block.body],
        "resource" | "data" | "ephemeral" => {
            let nested = block.body.blocks.iter_mut();
            let lifecycle = nested.filter(|nested| &*nested.block_type.text == "lifecycle");
            lifecycle.map(|lifecycle| &mut lifecycle.body).collect()
        }
        _ => return,
    };
    for body in bodies {
        body.blocks.retain(|condition| {
            let kind = &*condition.block_type.text;
            let is_condition = matches!(kind, "precondition" | "postcondition");
            if is_condition {
                out.push(Diagnostic::error(
                    condition.header,
                    format!("Can't override {kind} blocks"),
                    format!("An override file cannot change a {kind}."),
                ));
            }
            !is_condition
        });
    }
}

fn locals(bodies: &mut [Body], block: Block, out: &mut Vec<Diagnostic>) {
    for attribute in block.body.attributes {
        let base = bodies
            .iter_mut()
            .flat_map(|body| &mut body.blocks)
            .filter(|block| &*block.block_type.text == "locals")
            .flat_map(|block| &mut block.body.attributes)
            .find(|base| base.name.text == attribute.name.text);
        match base {
            Some(base) => *base = attribute,
            None => out.push(Diagnostic::error(
                attribute.span,
                "Missing base local value definition to override",
                format!(
                    "No other file of the module defines a local value named {:?}.",
                    attribute.name.text
                ),
            )),
        }
    }
}

fn body(base: &mut Body, overriding: Body) {
    base.broken |= overriding.broken;
    // A property in JSON syntax may be a block of native syntax, and the other way round.
    let mixed = base.json != overriding.json;
    base.json |= overriding.json;
    for attribute in overriding.attributes {
        let name = &attribute.name.text;
        if mixed {
            base.blocks.retain(|block| block.block_type.text != *name);
        }
        match base.attributes.iter_mut().find(|a| a.name.text == *name) {
            Some(slot) => *slot = attribute,
            None => base.attributes.push(attribute),
        }
    }
    let merged =
        |block: &Block| matches!(&*block.block_type.text, "lifecycle" | "required_providers");
    let mut replaced: Vec<Arc<str>> = Vec::new();
    for block in overriding.blocks {
        let kind = block.block_type.text.clone();
        if mixed {
            base.attributes.retain(|a| a.name.text != kind);
        }
        if merged(&block)
            && let Some(slot) = base.blocks.iter_mut().find(|b| b.block_type.text == kind)
        {
            body(&mut slot.body, block.body);
            continue;
        }
        // The first block of a type takes the place of all those in the base.
        if !replaced.contains(&kind) {
            base.blocks.retain(|b| b.block_type.text != kind);
            replaced.push(kind);
        }
        base.blocks.push(block);
    }
}
