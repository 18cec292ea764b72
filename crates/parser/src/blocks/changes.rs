//! `moved`, `removed` and `import` blocks.

use super::reader::{Allowed, Diagnostics, check, labels};
use super::values::{bool_literal, provider_ref};
use crate::ast::{Block, Expr, ExprKind};
use crate::configuration::{Import, Moved, Removed};
use crate::diagnostic::Diagnostic;
use crate::reference::address;

pub(super) fn moved(block: &Block, out: &mut Diagnostics) -> Option<Moved> {
    let allowed = Allowed {
        attributes: &[],
        required: &["from", "to"],
        blocks: &[],
    };
    labels(block, [], out);
    check(&block.body, allowed, out);
    let mut end = |name: &str| {
        let expr = &block.body.attribute(name)?.expr;
        let address = address(expr, true, out);
        Some((expr.clone(), address))
    };
    let ((from, old), (to, new)) = (end("from"), end("to")).both()?;
    let (old, new) = (old, new).both()?;
    if old.resource != new.resource {
        out.push(Diagnostic::error(
            block.header,
            "Invalid \"moved\" addresses",
            "Both addresses must be those of resources, or both those of modules.",
        ));
        return None;
    }
    Some(Moved {
        header: block.header,
        from,
        to,
    })
}

/// Two things that are only of use together.
trait Both<A, B> {
    fn both(self) -> Option<(A, B)>;
}

impl<A, B> Both<A, B> for (Option<A>, Option<B>) {
    fn both(self) -> Option<(A, B)> {
        self.0.zip(self.1)
    }
}

pub(super) fn removed(block: &Block, out: &mut Diagnostics) -> Option<Removed> {
    let allowed = Allowed {
        attributes: &[],
        required: &["from"],
        blocks: &["lifecycle", "provisioner", "connection"],
    };
    labels(block, [], out);
    check(&block.body, allowed, out);
    for nested in &block.body.blocks {
        if &*nested.block_type.text != "lifecycle" {
            out.push(Diagnostic::error(
                nested.header,
                "Invalid provisioner block",
                "Provisioners are not supported: flowctl manages objects through their service's \
                 API only.",
            ));
        }
    }
    let mut destroy = true;
    for lifecycle in block.body.blocks_of("lifecycle") {
        let allowed = Allowed {
            attributes: &["destroy"],
            required: &[],
            blocks: &[],
        };
        check(&lifecycle.body, allowed, out);
        destroy = bool_literal(&lifecycle.body, "destroy", true, out);
    }
    let from = &block.body.attribute("from")?.expr;
    let found = address(from, true, out)?;
    if let Some(index) = found.first_index {
        out.push(Diagnostic::error(
            index,
            "Resource instance keys not allowed",
            "A removed block is about all instances of a resource or module, so its address has \
             no instance key.",
        ));
        return None;
    }
    if found.data {
        out.push(Diagnostic::error(
            from.span,
            "Data source address not allowed",
            "A data source is never destroyed, so there is nothing to say about its removal.",
        ));
        return None;
    }
    Some(Removed {
        header: block.header,
        from: from.clone(),
        destroy,
    })
}

pub(super) fn import(block: &Block, out: &mut Diagnostics) -> Option<Import> {
    let allowed = Allowed {
        attributes: &["for_each", "provider"],
        required: &["to", "id"],
        blocks: &[],
    };
    labels(block, [], out);
    check(&block.body, allowed, out);
    let expr = |name: &str| {
        block
            .body
            .attribute(name)
            .map(|attribute| attribute.expr.clone())
    };
    let provider = expr("provider").and_then(|expr| provider_ref(&expr, out));
    let to = block.body.attribute("to")?;
    let target = without_parentheses(&to.expr);
    let found = address(target, false, out);
    if !found.is_some_and(|found| found.resource && !found.data) {
        if found.is_some_and(|found| !found.resource) {
            out.push(Diagnostic::error(
                target.span,
                "Invalid address",
                "The address of a resource instance is required here.",
            ));
        }
        out.push(Diagnostic::error(
            to.span,
            "Invalid import address",
            "What is imported must be the address of a resource instance of this configuration.",
        ));
        return None;
    }
    Some(Import {
        header: block.header,
        to: target.clone(),
        id: expr("id")?,
        for_each: expr("for_each"),
        provider,
        provider_place: block.body.attribute("provider").map(|given| given.span),
    })
}

fn without_parentheses(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Parens(inner) => without_parentheses(inner),
        _ => expr,
    }
}
