//! JSON syntax (<https://developer.hashicorp.com/terraform/language/syntax/json>): the same tree as
//! native syntax. Strings are templates; whether a property is an argument or a block is decided by
//! whoever knows, through the schema.

use crate::ast::{Body, FileId, Span};
use crate::diagnostic::Diagnostic;

/// Parses a `.tf.json` file.
pub fn parse_configuration(file: FileId, text: &str) -> (Body, Vec<Diagnostic>) {
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let span = Span {
        file,
        start: 0,
        end,
    };
    let body = Body {
        attributes: Vec::new(),
        blocks: Vec::new(),
        span,
        json: true,
    };
    let unsupported = Diagnostic::error(
        Span {
            end: end.min(1),
            ..span
        },
        "JSON syntax is not supported",
        "flowctl reads native syntax (.tf) only so far.",
    );
    (body, vec![unsupported])
}
