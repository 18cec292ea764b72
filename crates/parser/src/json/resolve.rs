//! Arguments and blocks of a body in JSON syntax, told apart by a schema.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::document::first_byte;
use super::lower::{COMMENT, duplicates};
use crate::ast::{Attribute, Block, Body, Expr, ExprKind, Name, ObjectItem, ObjectKey};
use crate::configuration::{Configuration, Module, Provider, Resource};
use crate::diagnostic::Diagnostic;

const WRONG_TYPE: &str = "Incorrect JSON value type";

impl Body {
    /// The body with its arguments and blocks told apart, nested ones included, and what is wrong
    /// with it. `shape` is the schema of the body's block, and `nested` gives for a name in it the
    /// schema of the nested block type, if it is one. Bodies of native syntax are as they are.
    ///
    /// Whoever looks for references in a body has to do so in the resolved one: in the other,
    /// `dynamic` blocks are arguments, whose iterators look like resources.
    pub fn resolve<S: Copy>(
        &self,
        shape: S,
        nested: &dyn Fn(S, &str) -> Option<S>,
    ) -> (Cow<'_, Body>, Vec<Diagnostic>) {
        if !self.json {
            return (Cow::Borrowed(self), Vec::new());
        }
        let mut resolver = Resolver {
            nested,
            out: Vec::new(),
        };
        let body = resolver.body(self, Some(shape));
        (Cow::Owned(body), resolver.out)
    }
}

impl Configuration {
    /// Resolves the bodies of all resources and providers that are in JSON syntax, once and for
    /// all. `resource` and `provider` give the schema of one, if it is known; those of an unknown
    /// type stay as they are, but for their `dynamic` blocks.
    pub fn resolve<S: Copy>(
        &mut self,
        resource: &dyn Fn(&Resource) -> Option<S>,
        provider: &dyn Fn(&Provider) -> Option<S>,
        nested: &dyn Fn(S, &str) -> Option<S>,
    ) -> Vec<Diagnostic> {
        let mut resolver = Resolver {
            nested,
            out: Vec::new(),
        };
        resolver.module(&mut self.root, resource, provider);
        resolver.out
    }
}

/// Whether anything in a module or below it is in JSON syntax.
fn has_json(module: &Module) -> bool {
    module.resources.iter().any(|resource| resource.body.json)
        || module.providers.iter().any(|provider| provider.body.json)
        || module.calls.values().any(|call| has_json(&call.module))
        || module.checks.iter().any(|check| check.block.body.json)
}

struct Resolver<'a, S> {
    nested: &'a dyn Fn(S, &str) -> Option<S>,
    out: Vec<Diagnostic>,
}

impl<S: Copy> Resolver<'_, S> {
    fn module(
        &mut self,
        module: &mut Module,
        resource: &dyn Fn(&Resource) -> Option<S>,
        provider: &dyn Fn(&Provider) -> Option<S>,
    ) {
        let in_checks = module
            .checks
            .iter_mut()
            .filter_map(|c| c.data.as_deref_mut());
        for found in module.resources.iter_mut().chain(in_checks) {
            if found.body.json {
                found.body = self.body(&found.body, resource(found));
            }
        }
        for found in &mut module.providers {
            if found.body.json {
                found.body = self.body(&found.body, provider(found));
            }
        }
        for call in module.calls.values_mut() {
            if has_json(&call.module) {
                self.module(Arc::make_mut(&mut call.module), resource, provider);
            }
        }
    }

    fn body(&mut self, body: &Body, shape: Option<S>) -> Body {
        let mut resolved = Body {
            attributes: Vec::new(),
            blocks: body.blocks.clone(),
            ..*body
        };
        let mut seen = HashMap::new();
        for attribute in &body.attributes {
            let name = &attribute.name;
            if &*name.text == "dynamic" {
                self.dynamic(name, &attribute.expr, shape, &mut resolved);
                continue;
            }
            let inner = shape.and_then(|shape| (self.nested)(shape, &name.text));
            if inner.is_some() {
                self.blocks(name, &attribute.expr, inner, &mut resolved);
                continue;
            }
            if let Some(first) = seen.insert(&name.text, name.span) {
                let detail = format!("The argument {:?} was already set.", name.text);
                let error = Diagnostic::error(name.span, "Duplicate argument", detail);
                self.out.push(error.with_label(first, "first set here"));
                continue;
            }
            duplicates(&attribute.expr, &mut self.out);
            resolved.attributes.push(attribute.clone());
        }
        resolved
    }

    fn blocks(&mut self, name: &Name, expr: &Expr, shape: Option<S>, into: &mut Body) {
        let contents = match &expr.kind {
            ExprKind::Null => return,
            ExprKind::Object(_) => std::slice::from_ref(expr),
            ExprKind::Tuple(items) => items,
            _ => {
                let detail = format!(
                    "An object or an array is required here, the content of one or more {:?} \
                     blocks.",
                    name.text
                );
                self.out
                    .push(Diagnostic::error(expr.span, WRONG_TYPE, detail));
                return;
            }
        };
        for content in contents {
            let body = self.content(content);
            into.blocks.push(Block {
                block_type: name.clone(),
                labels: Vec::new(),
                header: first_byte(expr.span),
                span: content.span,
                body: self.body(&body, shape),
            });
        }
    }

    /// The members of an object as the arguments of a body.
    fn content(&mut self, expr: &Expr) -> Body {
        let attributes = self
            .members(expr, "to define arguments and blocks")
            .into_iter()
            .map(|(name, value)| Attribute {
                span: name.span.to(value.span),
                name,
                expr: value.clone(),
            })
            .collect();
        Body {
            attributes,
            blocks: Vec::new(),
            span: expr.span,
            json: true,
            one_line: false,
            broken: false,
        }
    }

    /// The members of an object, or of all the objects in an array, with their names.
    fn members<'e>(&mut self, expr: &'e Expr, purpose: &str) -> Vec<(Name, &'e Expr)> {
        let objects = match &expr.kind {
            ExprKind::Null => return Vec::new(),
            ExprKind::Tuple(items) => items,
            _ => std::slice::from_ref(expr),
        };
        let mut members = Vec::new();
        for object in objects {
            let ExprKind::Object(items) = &object.kind else {
                let detail = format!("An object is required here, {purpose}.");
                self.out.push(Diagnostic::error(
                    first_byte(object.span),
                    WRONG_TYPE,
                    detail,
                ));
                continue;
            };
            for item in items {
                members.extend(self.member(item));
            }
        }
        members
    }

    fn member<'e>(&mut self, item: &'e ObjectItem) -> Option<(Name, &'e Expr)> {
        let name = match &item.key {
            ObjectKey::Name(name) => name.clone(),
            ObjectKey::Expr(key) => match &key.kind {
                ExprKind::String(text) => Name {
                    text: text.clone(),
                    span: key.span,
                },
                _ => {
                    self.out.push(Diagnostic::error(
                        key.span,
                        "Extraneous JSON object property",
                        "The name of an argument or block type may not be a template.",
                    ));
                    return None;
                }
            },
        };
        (&*name.text != COMMENT).then_some((name, &item.value))
    }

    /// `dynamic` blocks: below the name of the block type, an object or an array of them.
    fn dynamic(&mut self, dynamic: &Name, expr: &Expr, shape: Option<S>, into: &mut Body) {
        for (label, value) in self.members(expr, "whose names are types of nested blocks") {
            let inner = shape.and_then(|shape| (self.nested)(shape, &label.text));
            let contents = match &value.kind {
                ExprKind::Tuple(items) => items,
                _ => std::slice::from_ref(value),
            };
            for content in contents {
                let mut body = self.content(content);
                let attributes = std::mem::take(&mut body.attributes);
                for mut attribute in attributes {
                    match &*attribute.name.text {
                        "content" => {
                            self.blocks(&attribute.name, &attribute.expr, inner, &mut body);
                            continue;
                        }
                        "iterator" => keyword(&mut attribute.expr),
                        _ => {}
                    }
                    body.attributes.push(attribute);
                }
                into.blocks.push(Block {
                    block_type: dynamic.clone(),
                    labels: vec![label.clone()],
                    header: first_byte(value.span),
                    span: content.span,
                    body,
                });
            }
        }
    }
}

/// A name that is written as a string.
fn keyword(expr: &mut Expr) {
    if let ExprKind::String(text) = &expr.kind {
        let text: Arc<str> = text.clone();
        expr.kind = ExprKind::Variable(text);
    }
}
