//! `resource` and `data` blocks, with the meta-arguments that every type has.

use super::reader::{Allowed, Diagnostics, check, check_name, labels, list, provider_ref};
use crate::ast::{Block, Body, Expr, ExprKind, Span};
use crate::configuration::{Condition, IgnoreChanges, Lifecycle, Resource};
use crate::diagnostic::Diagnostic;

/// Names that Terraform keeps for itself in resource bodies.
const RESERVED_BLOCKS: [&str; 2] = ["locals", "_"];

pub(super) fn resource(block: Block, data: bool, out: &mut Diagnostics) -> Option<Resource> {
    let [type_name, name] = labels(&block, ["type", "name"], out)?;
    let (type_name, name) = (type_name.clone(), name.clone());
    if !check_name(&type_name, "resource type", out) || !check_name(&name, "resource", out) {
        return None;
    }
    let Block { header, body, .. } = block;
    let mut resource = Resource {
        data,
        type_name,
        name,
        header,
        count: None,
        for_each: None,
        provider: None,
        depends_on: list(&body, "depends_on", out),
        lifecycle: Lifecycle::default(),
        body: Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            ..body
        },
    };
    if let (Some(_), Some(for_each)) = (body.attribute("count"), body.attribute("for_each")) {
        out.push(Diagnostic::error(
            for_each.name.span,
            "Invalid combination of \"count\" and \"for_each\"",
            "Only one of \"count\" and \"for_each\" can say how many instances there are.",
        ));
    }
    for attribute in body.attributes {
        match &*attribute.name.text {
            "count" => resource.count = Some(attribute.expr),
            "for_each" => {
                resource.for_each = Some(attribute.expr);
            }
            "provider" => resource.provider = provider_ref(&attribute.expr, out),
            "depends_on" => {}
            _ => resource.body.attributes.push(attribute),
        }
    }
    let mut lifecycle_header: Option<Span> = None;
    for block in body.blocks {
        match &*block.block_type.text {
            "lifecycle" => {
                if let Some(first) = lifecycle_header {
                    out.push(
                        Diagnostic::error(
                            block.header,
                            "Duplicate lifecycle block",
                            "This resource already has a lifecycle block.",
                        )
                        .with_label(first, "the first one is here"),
                    );
                    continue;
                }
                lifecycle_header = Some(block.header);
                resource.lifecycle = lifecycle(&block, data, out);
            }
            "connection" | "provisioner" => out.push(Diagnostic::error(
                block.header,
                "Unsupported block type",
                "Provisioners are not supported: flowctl manages objects through their service's \
                 API only.",
            )),
            reserved if RESERVED_BLOCKS.contains(&reserved) => out.push(Diagnostic::error(
                block.header,
                "Reserved block type name in resource block",
                format!("The block type name {reserved:?} is reserved for use by Terraform."),
            )),
            _ => resource.body.blocks.push(block),
        }
    }
    Some(resource)
}

fn lifecycle(block: &Block, data: bool, out: &mut Diagnostics) -> Lifecycle {
    let body = &block.body;
    let attributes: &[&str] = if data {
        &[]
    } else {
        &[
            "create_before_destroy",
            "prevent_destroy",
            "ignore_changes",
            "replace_triggered_by",
        ]
    };
    let blocks = &["precondition", "postcondition"];
    check(
        body,
        block.header,
        Allowed {
            attributes,
            required: &[],
            blocks,
        },
        out,
    );
    let expr = |name: &str| body.attribute(name).map(|attribute| attribute.expr.clone());
    let ignore_changes = match body.attribute("ignore_changes").map(|a| &a.expr) {
        None => IgnoreChanges::None,
        Some(Expr {
            kind: ExprKind::Variable(name),
            ..
        }) if &**name == "all" => IgnoreChanges::All,
        Some(Expr {
            kind: ExprKind::Tuple(items),
            ..
        }) => IgnoreChanges::Some(items.to_vec()),
        Some(expr) => {
            out.push(Diagnostic::error(
                expr.span,
                "Invalid expression",
                "A list of attribute names, or the keyword \"all\", is required.",
            ));
            IgnoreChanges::None
        }
    };
    Lifecycle {
        create_before_destroy: expr("create_before_destroy"),
        prevent_destroy: expr("prevent_destroy"),
        ignore_changes,
        replace_triggered_by: list(body, "replace_triggered_by", out),
        preconditions: conditions(body, "precondition", out),
        postconditions: conditions(body, "postcondition", out),
    }
}

/// The condition blocks of a type.
pub(super) fn conditions(body: &Body, block_type: &str, out: &mut Diagnostics) -> Vec<Condition> {
    let required = &["condition", "error_message"];
    body.blocks_of(block_type)
        .filter_map(|block| {
            let allowed = Allowed {
                attributes: &[],
                required,
                blocks: &[],
            };
            check(&block.body, block.header, allowed, out);
            Some(Condition {
                header: block.header,
                condition: block.body.attribute("condition")?.expr.clone(),
                error_message: block.body.attribute("error_message")?.expr.clone(),
            })
        })
        .collect()
}
