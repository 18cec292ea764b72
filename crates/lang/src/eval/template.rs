//! String templates.

use flowctl_model::{Kind, Marks, Refinement, Type, Value};
use flowctl_parser::ast::{Expr, TemplateFor, TemplatePart};

use super::Session;
use super::collect::Walk;
use crate::convert::convert;

/// A string under construction.
#[derive(Default)]
struct Output {
    text: String,
    /// Length of what is certain at the beginning, once something is not.
    certain: Option<usize>,
    marks: Marks,
}

impl Session<'_> {
    pub(super) fn template(&mut self, expr: &Expr, parts: &[TemplatePart]) -> Value {
        let mut output = Output::default();
        for part in parts {
            self.part(expr, part, &mut output);
        }
        let value = match output.certain {
            None => crate::strings::value(output.text),
            Some(length) => {
                let prefix = safe_prefix(output.text.get(..length).unwrap_or_default());
                Value::refined(
                    Type::String,
                    Refinement {
                        not_null: true,
                        prefix: (!prefix.is_empty())
                            .then(|| crate::strings::nfc(prefix.to_owned())),
                        ..Refinement::default()
                    },
                )
            }
        };
        value.marked(output.marks)
    }

    fn part(&mut self, expr: &Expr, part: &TemplatePart, output: &mut Output) {
        match part {
            TemplatePart::Literal(text) => output.text.push_str(text),
            TemplatePart::Interpolation(inner) => {
                let before = self.failures;
                let value = self.eval(inner);
                let failed = self.failed_since(before);
                self.append(inner, &value, failed, output);
            }
            TemplatePart::If(directive) => {
                let before = self.failures;
                let value = self.choose(
                    expr,
                    (directive.span, directive.span),
                    &directive.condition,
                    |session| session.template(expr, &directive.yes),
                    |session| session.template(expr, &directive.no),
                );
                let failed = self.failed_since(before);
                self.append(expr, &value, failed, output);
            }
            TemplatePart::For(directive) => self.template_for(expr, directive, output),
        }
    }

    fn template_for(&mut self, expr: &Expr, directive: &TemplateFor, output: &mut Output) {
        let before = self.failures;
        let collection = self.eval(&directive.collection);
        let walk = if self.failed_since(before) {
            Walk::Unknown
        } else {
            self.walk(&directive.collection, &collection)
        };
        output.marks = output.marks.union(collection.marks());
        match walk {
            Walk::Unknown => output.uncertain(),
            Walk::Elements(elements) => {
                for element in elements {
                    let names = Self::names(directive.key.as_ref(), &directive.value, element);
                    self.with_bindings(names, |session| {
                        for part in &directive.body {
                            session.part(expr, part, output);
                        }
                    });
                }
            }
        }
    }

    fn append(&mut self, expr: &Expr, value: &Value, failed: bool, output: &mut Output) {
        output.marks = output.marks.union(value.deep_marks());
        if failed {
            return output.uncertain();
        }
        if value.is_null() {
            self.error(
                expr,
                expr.span,
                "Invalid template interpolation value",
                "The expression result is null. Cannot include a null value in a string template.",
            );
            return output.uncertain();
        }
        match convert(value, &Type::String) {
            Ok(text) => match text.kind() {
                Kind::String(text) => output.text.push_str(text),
                Kind::Unknown(unknown) => {
                    let prefix = unknown.refinement.as_ref().and_then(|r| r.prefix.as_ref());
                    if let (None, Some(prefix)) = (output.certain, prefix) {
                        output.text.push_str(prefix);
                    }
                    output.uncertain();
                }
                _ => output.uncertain(),
            },
            Err(error) => {
                self.error(
                    expr,
                    expr.span,
                    "Invalid template interpolation value",
                    format!("Cannot include the given value in a string template: {error}."),
                );
                output.uncertain();
            }
        }
    }
}

impl Output {
    fn uncertain(&mut self) {
        self.certain.get_or_insert(self.text.len());
    }
}

/// The part of a prefix that nothing behind it can change: a combining character may join with
/// the last one.
fn safe_prefix(text: &str) -> &str {
    match text.chars().next_back() {
        Some(last) if last.is_ascii() && !last.is_ascii_alphabetic() && !"<=>".contains(last) => {
            text
        }
        Some(last) => text.get(..text.len() - last.len_utf8()).unwrap_or_default(),
        None => text,
    }
}
