//! JSON syntax (<https://developer.hashicorp.com/terraform/language/syntax/json>): the same tree as
//! native syntax.
//!
//! `document` reads JSON with the place of everything; `lower` makes a body of it, as the table in
//! `shapes` says. What only the schema of a resource type can tell, arguments from blocks, is left
//! open in the body (`Body::json`) until [`Body::resolve`] is given that schema.

mod document;
mod lower;
mod resolve;
mod shapes;
mod string;

use crate::ast::{Attribute, Body, FileId};
use crate::diagnostic::Diagnostic;
pub(crate) use string::Offsets;

/// Parses a `.tf.json` file.
pub fn parse_configuration(file: FileId, text: &str) -> (Body, Vec<Diagnostic>) {
    let (root, mut diagnostics) = document::parse(file, text);
    let body = lower::file(file, text, &root, &mut diagnostics);
    (body, diagnostics)
}

/// Parses a `.tfvars.json` file.
pub(crate) fn parse_values(file: FileId, text: &str) -> (Vec<Attribute>, Vec<Diagnostic>) {
    let (root, mut diagnostics) = document::parse(file, text);
    let values = lower::values(file, text, &root, &mut diagnostics);
    (values, diagnostics)
}

#[cfg(test)]
mod tests;
