//! `resource`, `data` and `ephemeral` blocks, with the meta-arguments that every type has.

use super::condition::conditions;
use super::reader::{Allowed, Diagnostics, check, check_name, labels};
use super::values::{INVALID, bool_literal, depends_on, list, maybe_quoted, provider_ref};
use crate::ast::{Block, Body, Expr, ExprKind, Span};
use crate::configuration::{IgnoreChanges, Lifecycle, Resource, ResourceKind};
use crate::diagnostic::Diagnostic;
use crate::reference::{Step, steps};

/// What only objects that are created and changed have in their lifecycle.
const MANAGED_LIFECYCLE: [&str; 4] = [
    "create_before_destroy",
    "prevent_destroy",
    "ignore_changes",
    "replace_triggered_by",
];

pub(super) fn resource(
    block: Block,
    kind: ResourceKind,
    out: &mut Diagnostics,
) -> Option<Resource> {
    let [type_name, name] = labels(&block, ["type", "name"], out)?;
    let (type_name, name) = (type_name.clone(), name.clone());
    let (type_what, name_what) = match kind {
        ResourceKind::Managed => ("resource type", "resource"),
        ResourceKind::Data => ("data source", "data resource"),
        ResourceKind::Ephemeral => ("ephemeral resource type", "ephemeral resource"),
    };
    let valid = check_name(&type_name, type_what, out);
    if !check_name(&name, name_what, out) || !valid {
        return None;
    }
    let Block { header, body, .. } = block;
    exclusive(&body, out);
    let mut resource = Resource {
        kind,
        type_name,
        name,
        header,
        count: None,
        for_each: None,
        provider: None,
        depends_on: depends_on(&body, out),
        lifecycle: Lifecycle::default(),
        body: Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            ..body
        },
    };
    for attribute in body.attributes {
        match &*attribute.name.text {
            "count" => resource.count = Some(attribute.expr),
            "for_each" => resource.for_each = Some(attribute.expr),
            "provider" => resource.provider = provider_ref(&attribute.expr, out),
            "depends_on" => {}
            _ => resource.body.attributes.push(attribute),
        }
    }
    let mut first_lifecycle: Option<Span> = None;
    for block in body.blocks {
        match &*block.block_type.text {
            "lifecycle" => {
                if let Some(first) = first_lifecycle {
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
                first_lifecycle = Some(block.header);
                resource.lifecycle = lifecycle(&block, kind, out);
            }
            "connection" | "provisioner" => out.push(Diagnostic::error(
                block.header,
                "Unsupported block type",
                "Provisioners are not supported: flowctl manages objects through their service's \
                 API only.",
            )),
            // Arguments of the type that are called like one for all types.
            "_" => {
                resource.body.attributes.extend(block.body.attributes);
                resource.body.blocks.extend(block.body.blocks);
            }
            "locals" => out.push(Diagnostic::error(
                block.block_type.span,
                "Reserved block type name in resource block",
                "The block type name \"locals\" has no meaning in resource blocks.",
            )),
            _ => resource.body.blocks.push(block),
        }
    }
    Some(resource)
}

/// Reports `count` and `for_each` given together.
pub(super) fn exclusive(body: &Body, out: &mut Diagnostics) {
    if let (Some(count), Some(for_each)) = (body.attribute("count"), body.attribute("for_each")) {
        out.push(
            Diagnostic::error(
                for_each.name.span,
                "Invalid combination of \"count\" and \"for_each\"",
                "Only one of \"count\" and \"for_each\" can say how many instances there are.",
            )
            .with_label(count.name.span, "count is given here"),
        );
    }
}

fn lifecycle(block: &Block, kind: ResourceKind, out: &mut Diagnostics) -> Lifecycle {
    let body = &block.body;
    labels(block, [], out);
    let allowed = Allowed {
        attributes: &MANAGED_LIFECYCLE,
        required: &[],
        blocks: &["precondition", "postcondition"],
    };
    check(body, allowed, out);
    let preconditions = conditions(body, "precondition", out);
    let postconditions = conditions(body, "postcondition", out);
    if kind != ResourceKind::Managed {
        let what = match kind {
            ResourceKind::Ephemeral => "ephemeral",
            _ => "data",
        };
        let wrong = body
            .attributes
            .iter()
            .filter(|attribute| MANAGED_LIFECYCLE.contains(&&*attribute.name.text));
        for attribute in wrong {
            out.push(Diagnostic::error(
                attribute.name.span,
                format!("Invalid {what} resource lifecycle argument"),
                format!(
                    "{:?} is for objects that are created and destroyed, which {} is not.",
                    attribute.name.text,
                    match kind {
                        ResourceKind::Ephemeral => "an ephemeral resource",
                        _ => "a data source",
                    }
                ),
            ));
        }
        return Lifecycle {
            preconditions,
            postconditions,
            ..Lifecycle::default()
        };
    }
    let mut flag = |name: &str| {
        let attribute = body.attribute(name)?;
        let errors = out.len();
        bool_literal(body, name, false, out);
        (errors == out.len()).then(|| attribute.expr.clone())
    };
    Lifecycle {
        create_before_destroy: flag("create_before_destroy"),
        prevent_destroy: flag("prevent_destroy"),
        ignore_changes: ignore_changes(body, out),
        replace_triggered_by: replace_triggered_by(body, out),
        preconditions,
        postconditions,
    }
}

fn ignore_changes(body: &Body, out: &mut Diagnostics) -> IgnoreChanges {
    const ALL: &str = "write `ignore_changes = all`";
    let Some(attribute) = body.attribute("ignore_changes") else {
        return IgnoreChanges::None;
    };
    let expr = &attribute.expr;
    if matches!(&expr.kind, ExprKind::Variable(name) if &**name == "all") {
        return IgnoreChanges::All;
    }
    let items = list(body, "ignore_changes", out);
    let star = |item: &Expr| matches!(&item.kind, ExprKind::String(text) if &**text == "*");
    if let Some(wildcard) = items.iter().find(|item| star(item)) {
        out.push(
            Diagnostic::error(
                expr.span,
                "Invalid ignore_changes wildcard",
                "The wildcard \"*\" is no longer used.",
            )
            .with_help(ALL),
        );
        if items.len() > 1 {
            out.push(
                Diagnostic::error(
                    wildcard.span,
                    "Invalid ignore_changes ruleset",
                    "Either all changes are ignored, or those of the attributes in the list.",
                )
                .with_help(ALL),
            );
        }
        return IgnoreChanges::All;
    }
    let mut found = Vec::new();
    for item in &items {
        if let Some(item) = maybe_quoted(item, INVALID, out) {
            if steps(&item, true).is_some() {
                found.push(item);
            } else {
                out.push(Diagnostic::error(
                    item.span,
                    INVALID,
                    "Attributes and constant indices say what is ignored.",
                ));
            }
        }
    }
    IgnoreChanges::Some(found)
}

fn replace_triggered_by(body: &Body, out: &mut Diagnostics) -> Vec<Expr> {
    const SUMMARY: &str = "Invalid replace_triggered_by expression";
    let mut found = list(body, "replace_triggered_by", out);
    // What is more than a reference, the plan refuses where it needs it.
    found.retain(|item| {
        let literal = matches!(
            item.kind,
            ExprKind::String(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Null
        );
        if literal {
            out.push(Diagnostic::error(
                item.span,
                SUMMARY,
                "A reference to a resource or to an attribute of one is required.",
            ));
            return false;
        }
        let Some(steps) = steps(item, false) else {
            return true;
        };
        let other = ["var", "local", "module", "path", "terraform", "self"];
        let summaries: &[&str] = match steps.first() {
            Some((Step::Name("each" | "count"), _)) => &[SUMMARY],
            Some((Step::Name(root), _)) if other.contains(root) => &[
                "Invalid reference in replace_triggered_by expression",
                SUMMARY,
            ],
            _ => return true,
        };
        for summary in summaries {
            out.push(Diagnostic::error(
                item.span,
                *summary,
                "Only resources and their attributes can trigger a replacement.",
            ));
        }
        false
    });
    found
}
