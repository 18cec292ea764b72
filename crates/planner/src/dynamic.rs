//! `dynamic` blocks: blocks that are repeated for each element of a collection.

use std::sync::Arc;

use flowctl_lang::{Reference, Resolved, Scope, Subject};
use flowctl_model::{Mode, Value};
use flowctl_parser::ast::{Block, Expr, ExprKind};
use flowctl_parser::diagnostic::Diagnostic;

/// A `dynamic` block as written.
pub(crate) struct Dynamic<'e> {
    /// The type of the blocks that it makes.
    pub(crate) block_type: &'e str,
    /// The collection.
    pub(crate) for_each: Option<&'e Expr>,
    /// The name under which an element is known inside.
    pub(crate) iterator: Arc<str>,
    /// The labels of the blocks.
    pub(crate) labels: Option<&'e Expr>,
    /// What is repeated.
    pub(crate) content: Option<&'e Block>,
}

impl<'e> Dynamic<'e> {
    /// Reads a `dynamic` block; `None` if it has no label.
    pub(crate) fn of(block: &'e Block) -> Option<Self> {
        let label = block.labels.first()?;
        let iterator = block
            .body
            .attribute("iterator")
            .and_then(|set| match &set.expr.kind {
                ExprKind::Variable(name) | ExprKind::String(name) => Some(name.clone()),
                _ => None,
            });
        Some(Self {
            block_type: &label.text,
            for_each: block.body.attribute("for_each").map(|set| &set.expr),
            iterator: iterator.unwrap_or_else(|| label.text.clone()),
            labels: block.body.attribute("labels").map(|set| &set.expr),
            content: block.body.blocks_of("content").next(),
        })
    }

    /// What is wrong with it as written.
    pub(crate) fn check(&self, block: &Block) -> Option<Diagnostic> {
        let missing = |what: &str| {
            let detail = format!("A dynamic block needs {what}.");
            Some(Diagnostic::error(
                block.header,
                "Missing required argument",
                detail,
            ))
        };
        if self.for_each.is_none() {
            missing("the argument `for_each`, the collection to be repeated over")
        } else if self.content.is_none() {
            missing("a block `content`, which is repeated")
        } else {
            None
        }
    }
}

/// The name that an iterator has in common with the instance of a block with for_each.
pub(crate) const EACH: &str = "each";

/// A scope in which the iterators of `dynamic` blocks have values.
#[derive(Clone, Copy)]
pub(crate) struct IteratorScope<'s> {
    /// The scope around.
    pub(crate) outer: &'s dyn Scope,
    /// The iterator's name.
    pub(crate) name: &'s str,
    /// The element's key.
    pub(crate) key: &'s Value,
    /// The element.
    pub(crate) value: &'s Value,
}

impl Scope for IteratorScope<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        match &reference.subject {
            Subject::Resource {
                mode: Mode::Managed,
                type_name,
                name,
                ..
            } if **type_name == *self.name => match &**name {
                "key" => Ok(Resolved::Whole(self.key.clone())),
                "value" => Ok(Resolved::Whole(self.value.clone())),
                other => Err(Diagnostic::error(
                    reference.span,
                    "Unsupported attribute",
                    format!("An iterator has the attributes key and value, and no {other:?}."),
                )),
            },
            // An iterator may take the place of the instance's own `each`.
            Subject::EachKey if self.name == EACH => Ok(Resolved::Whole(self.key.clone())),
            Subject::EachValue if self.name == EACH => Ok(Resolved::Whole(self.value.clone())),
            _ => self.outer.resolve(reference),
        }
    }

    fn plain_names(&self) -> bool {
        self.outer.plain_names()
    }
}
