//! Blocks with a condition and a message: `validation`, `precondition`, `postcondition`, `assert`.

use super::reader::{Allowed, Diagnostics, check, labels};
use crate::ast::Body;
use crate::configuration::Condition;
use crate::diagnostic::Diagnostic;
use crate::reference::refers;

/// The condition blocks of a type.
pub(super) fn conditions(body: &Body, block_type: &str, out: &mut Diagnostics) -> Vec<Condition> {
    let mut found = Vec::new();
    for block in body.blocks_of(block_type) {
        labels(block, [], out);
        let allowed = Allowed {
            attributes: &[],
            required: &["condition", "error_message"],
            blocks: &[],
        };
        check(&block.body, allowed, out);
        let condition = block.body.attribute("condition");
        if let Some(condition) = condition
            && !refers(&condition.expr)
        {
            out.push(Diagnostic::error(
                condition.expr.span,
                format!("Invalid {block_type} expression"),
                "The condition must refer to something in the configuration, or it would not \
                 check anything.",
            ));
            continue;
        }
        if let (Some(condition), Some(message)) = (condition, block.body.attribute("error_message"))
        {
            found.push(Condition {
                header: block.header,
                condition: condition.expr.clone(),
                error_message: message.expr.clone(),
            });
        }
    }
    found
}
