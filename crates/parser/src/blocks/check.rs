//! `check` blocks.

use std::collections::HashMap;

use super::condition::conditions;
use super::reader::{Allowed, Diagnostics, check, check_name, labels};
use super::resource;
use crate::ast::Block;
use crate::configuration::{Check, ResourceKind};
use crate::diagnostic::Diagnostic;

pub(super) fn check_block(block: Block, out: &mut Diagnostics) -> Option<Check> {
    let [name] = labels(&block, ["name"], out)?;
    let name = name.clone();
    let valid = check_name(&name, "check block", out);
    let allowed = Allowed {
        attributes: &[],
        required: &[],
        blocks: &["data", "assert"],
    };
    check(&block.body, allowed, out);
    let asserts = conditions(&block.body, "assert", out);
    if asserts.is_empty() && !block.body.broken {
        out.push(Diagnostic::error(
            block.header,
            "Zero assert blocks",
            "A check block must have at least one assert block.",
        ));
    }
    let mut data = block.body.blocks_of("data");
    let first = data.next();
    for more in data {
        let error = Diagnostic::error(
            more.header,
            "Multiple data resource blocks",
            "A check block can hold one data source at most.",
        );
        out.push(match first {
            Some(first) => error.with_label(first.header, "the first one is here"),
            None => error,
        });
    }
    let data = first
        .and_then(|data| resource::resource(data.clone(), ResourceKind::Data, out))
        .map(Box::new);
    valid.then_some(Check {
        name,
        header: block.header,
        data,
        asserts,
        block,
    })
}

/// Reports checks of the same name.
pub(super) fn duplicates(checks: &[Check], out: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for check in checks {
        let name = &check.name.text;
        if let Some(first) = seen.insert(name, check.header) {
            let error = Diagnostic::error(
                check.header,
                format!("Duplicate check {name:?} configuration"),
                format!("A check named {name:?} was already declared in this module."),
            );
            out.push(error.with_label(first, "first declared here"));
        }
    }
}
