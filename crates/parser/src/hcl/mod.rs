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
mod invalid;
pub(crate) mod scan;
mod template;

use crate::ast::{Body, Expr, FileId, Span, TemplatePart};
use crate::diagnostic::Diagnostic;
use crate::json::Offsets;
use cursor::Cursor;
pub use cursor::is_name;
pub(crate) use cursor::normalized;

/// How deep expressions, templates and blocks may be nested, together.
pub const MAX_DEPTH: u32 = 128;

/// How many errors of one file are reported.
pub const MAX_ERRORS: usize = 200;

/// What is said when there are more.
pub(crate) fn too_many_errors(span: Span) -> Diagnostic {
    let detail = format!("After {MAX_ERRORS} errors the rest of the file was not read.");
    Diagnostic::error(span, "Too many errors", detail)
}

/// Parses a whole file. The body holds all that could be understood.
pub fn parse_body(file: FileId, text: &str) -> (Body, Vec<Diagnostic>) {
    let mut cursor = Cursor::new(file, text);
    let body = cursor.file_body();
    let mut diagnostics = Vec::new();
    if !cursor.diagnostics.is_empty() {
        diagnostics = invalid::characters(file, text);
        diagnostics.append(&mut cursor.diagnostics);
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| span.start));
    }
    (body, diagnostics)
}

/// Parses a text that is one expression, such as a line of the console.
pub fn parse_expression(file: FileId, text: &str) -> Result<Expr, Vec<Diagnostic>> {
    whole_expression(Cursor::new(file, text))
}

fn whole_expression(mut cursor: Cursor<'_>) -> Result<Expr, Vec<Diagnostic>> {
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
    let part = Part {
        file,
        text,
        offsets: None,
        depth: 0,
    };
    part.template()
}

/// A text that is read as a template or an expression: a file, or a string of JSON syntax.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) file: FileId,
    pub(crate) text: &'a str,
    /// Where the bytes of `text` stand in the file, unless it is the file's.
    pub(crate) offsets: Option<&'a Offsets>,
    /// How deep the text is nested in others.
    pub(crate) depth: u32,
}

impl<'a> Part<'a> {
    fn cursor(self) -> Cursor<'a> {
        let mut cursor = Cursor::new(self.file, self.text);
        cursor.position = 0;
        cursor.offsets = self.offsets;
        cursor.depth = self.depth;
        cursor
    }

    /// Reads it as a template.
    pub(crate) fn template(self) -> Result<Expr, Vec<Diagnostic>> {
        let mut cursor = self.cursor();
        let result = cursor.bare_template();
        finish(cursor, result)
    }

    /// Reads it as one expression.
    pub(crate) fn expression(self) -> Result<Expr, Vec<Diagnostic>> {
        whole_expression(self.cursor())
    }
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
