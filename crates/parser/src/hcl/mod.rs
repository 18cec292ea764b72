//! HCL native syntax: text to [`Body`], [`Expr`] or template, with recovery.
//!
//! A recursive-descent parser over the text itself. It is our own because the reader of a
//! configuration has to go on after an error, say where it is in Terraform's words, keep number
//! literals as written and apply Terraform's rules for heredocs and trim markers, none of which
//! hcl-edit does (it stops at the first error and holds numbers as doubles). What
//! both understand they must understand alike: the tests compare the two.

mod accessors;
mod body;
mod cursor;
mod expression;
mod template;

use crate::ast::{Body, Expr, FileId, TemplatePart};
use crate::diagnostic::Diagnostic;
use cursor::Cursor;

/// How deep expressions, templates and blocks may be nested, together.
pub const MAX_DEPTH: u32 = 128;

/// Parses a whole file. The body holds all that could be understood.
pub fn parse_body(file: FileId, text: &str) -> (Body, Vec<Diagnostic>) {
    let mut cursor = Cursor::new(file, text);
    let body = cursor.file_body();
    (body, cursor.diagnostics)
}

/// Parses a text that is one expression, such as a line of the console.
pub fn parse_expression(file: FileId, text: &str) -> Result<Expr, Vec<Diagnostic>> {
    let mut cursor = Cursor::new(file, text);
    cursor.newlines_are_space = true;
    let result = cursor.expression().and_then(|expr| {
        cursor.space();
        if cursor.at_end() {
            Ok(expr)
        } else {
            Err(cursor.extra_characters())
        }
    });
    finish(cursor, result)
}

/// Parses a text that is a template, such as a file for `templatefile` or a string in JSON syntax.
pub fn parse_template(file: FileId, text: &str) -> Result<Expr, Vec<Diagnostic>> {
    parse_template_at(file, text, 0, text.len())
}

/// Parses a part of a file as a template.
pub fn parse_template_at(
    file: FileId,
    text: &str,
    start: usize,
    end: usize,
) -> Result<Expr, Vec<Diagnostic>> {
    let mut cursor = Cursor::new(file, &text[..end]);
    cursor.position = start;
    let result = cursor.bare_template();
    finish(cursor, result)
}

fn finish(
    mut cursor: Cursor<'_>,
    result: Result<Expr, Box<Diagnostic>>,
) -> Result<Expr, Vec<Diagnostic>> {
    match result {
        Ok(expr) if cursor.diagnostics.is_empty() => Ok(expr),
        Ok(_) => Err(cursor.diagnostics),
        Err(error) => {
            cursor.diagnostics.push(*error);
            Err(cursor.diagnostics)
        }
    }
}

/// The parts of a template expression, for the evaluator of template files.
pub fn template_parts(expr: Expr) -> Box<[TemplatePart]> {
    match expr.kind {
        crate::ast::ExprKind::Template(parts) => parts,
        crate::ast::ExprKind::String(text) => Box::new([TemplatePart::Literal(text)]),
        _ => Box::new([TemplatePart::Interpolation(expr)]),
    }
}

#[cfg(test)]
mod tests;
