//! From a JSON document to a body, as the table of shapes says.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::{Kind, Node, Property};
use super::shapes::{self, BlockShape, Others, Shape};
use super::string::Offsets;
use crate::ast::{
    Attribute, Block, Body, Expr, ExprKind, FileId, Name, ObjectItem, ObjectKey, Span, Unary,
    UnaryOp,
};
use crate::diagnostic::{Diagnostic, nearest};
use crate::hcl::{MAX_ERRORS, Part, is_name, normalized};
use crate::reference::is_reference;

/// The member of a body that is only a comment.
pub(super) const COMMENT: &str = "//";

/// The body of a configuration file.
pub(super) fn file(file: FileId, text: &str, root: &Node<'_>, out: &mut Vec<Diagnostic>) -> Body {
    let mut lower = Lower {
        file,
        text,
        depth: 0,
        out,
    };
    lower.body(root, &shapes::FILE)
}

/// The values of a variable file.
pub(super) fn values(
    file: FileId,
    text: &str,
    root: &Node<'_>,
    out: &mut Vec<Diagnostic>,
) -> Vec<Attribute> {
    let mut lower = Lower {
        file,
        text,
        depth: 0,
        out,
    };
    let shape = BlockShape {
        labels: &[],
        known: &[],
        others: Others::Literals,
    };
    lower.body(root, &shape).attributes
}

/// How strings are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    Template,
    Literal,
}

struct Lower<'a, 'o> {
    file: FileId,
    text: &'a str,
    depth: u32,
    out: &'o mut Vec<Diagnostic>,
}

impl Lower<'_, '_> {
    fn error(&mut self, span: Span, summary: &str, detail: impl Into<String>) {
        self.report(Diagnostic::error(span, summary, detail));
    }

    /// Notes an error, unless there are too many.
    fn report(&mut self, error: Diagnostic) {
        if self.out.len() < MAX_ERRORS {
            self.out.push(error);
        }
    }

    fn body(&mut self, node: &Node<'_>, shape: &BlockShape) -> Body {
        let mut body = Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            span: node.span,
            json: true,
            one_line: false,
            broken: is_broken(node),
        };
        // Where all properties are arguments the body is an object; elsewhere it may be cut into
        // several objects.
        let only_arguments = shape.known.is_empty() && shape.others != Others::Schema;
        let properties = if only_arguments {
            match &node.kind {
                Kind::Object(properties) => properties.iter().collect(),
                Kind::Invalid => Vec::new(),
                _ => {
                    self.error(
                        node.start(),
                        "Incorrect JSON value type",
                        "An object is required here, whose properties are the arguments.",
                    );
                    Vec::new()
                }
            }
        } else {
            self.properties(node, "to define arguments and blocks")
        };
        let mut seen = HashMap::new();
        for property in properties {
            if property.name == COMMENT {
                continue;
            }
            let known = shape.known.iter().find(|(name, _)| *name == property.name);
            let shape = match (known, shape.others) {
                (Some((_, Shape::Block(inner))), _) => {
                    self.blocks(property, inner, &mut body);
                    continue;
                }
                (Some((_, shape)), _) => *shape,
                (None, Others::Nothing) => {
                    self.report(extraneous(property, shape));
                    continue;
                }
                (None, Others::Schema) => {
                    // An argument or a block: what is given twice is right or wrong by that.
                    let read = self.expression(&property.value, Strings::Template);
                    push(&mut body, property, read);
                    continue;
                }
                (None, Others::Templates) => Shape::Template,
                (None, Others::Literals) => Shape::Literal,
            };
            if let Some(first) = seen.insert(&*property.name, property.name_span) {
                let summary = if only_arguments {
                    "Duplicate attribute definition"
                } else {
                    "Duplicate argument"
                };
                let detail = format!("The argument {:?} was already set.", property.name);
                self.report(
                    Diagnostic::error(property.name_span, summary, detail)
                        .with_label(first, "first set here"),
                );
                continue;
            }
            let absent = matches!(property.value.kind, Kind::Null);
            if absent && !matches!(shape, Shape::Template | Shape::Literal) {
                continue;
            }
            let read = self.value(&property.value, shape);
            push(&mut body, property, read);
        }
        body
    }

    /// The properties of an object, or of all the objects in an array.
    fn properties<'n, 'd>(&mut self, node: &'n Node<'d>, purpose: &str) -> Vec<&'n Property<'d>> {
        let mut wrong = |node: &Node<'_>, what: &str| {
            let detail = format!("{what} is required here, {purpose}.");
            self.error(node.start(), "Incorrect JSON value type", detail);
        };
        match &node.kind {
            Kind::Null | Kind::Invalid => Vec::new(),
            Kind::Object(properties) => properties.iter().collect(),
            Kind::Array(nodes) => {
                let mut all = Vec::new();
                for node in nodes {
                    match &node.kind {
                        Kind::Object(properties) => all.extend(properties),
                        Kind::Invalid => {}
                        _ => wrong(node, "An object"),
                    }
                }
                all
            }
            _ => {
                wrong(node, "An object or an array of objects");
                Vec::new()
            }
        }
    }

    fn blocks(&mut self, property: &Property<'_>, shape: &BlockShape, body: &mut Body) {
        let block_type = Name {
            text: normalized(&property.name),
            span: property.name_span,
        };
        self.labelled(&block_type, &property.value, shape, &mut Vec::new(), body);
    }

    fn labelled(
        &mut self,
        block_type: &Name,
        node: &Node<'_>,
        shape: &BlockShape,
        labels: &mut Vec<Name>,
        body: &mut Body,
    ) {
        let kind = &*block_type.text;
        let Some(label) = shape.labels.get(labels.len()) else {
            return self.unlabelled(block_type, node, shape, labels, body);
        };
        let properties = self.properties(node, &format!("whose names are {label} labels"));
        let properties: Vec<_> = properties
            .into_iter()
            .filter(|property| property.name != COMMENT)
            .collect();
        if properties.is_empty() && !is_broken(node) {
            let detail = format!(
                "At least one property is required, whose name is the {kind} block's {label}."
            );
            self.error(node.start(), "Missing block label", detail);
        }
        for property in properties {
            labels.push(Name {
                text: normalized(&property.name),
                span: property.name_span,
            });
            self.labelled(block_type, &property.value, shape, labels, body);
            labels.pop();
        }
    }

    fn unlabelled(
        &mut self,
        block_type: &Name,
        node: &Node<'_>,
        shape: &BlockShape,
        labels: &[Name],
        body: &mut Body,
    ) {
        let contents = match &node.kind {
            Kind::Null | Kind::Invalid => return,
            Kind::Object(_) => std::slice::from_ref(node),
            Kind::Array(nodes) => nodes,
            _ => {
                let detail = format!(
                    "An object or an array is required here, the content of one or more {:?} \
                     blocks.",
                    block_type.text
                );
                return self.error(node.start(), "Incorrect JSON value type", detail);
            }
        };
        for content in contents {
            body.blocks.push(Block {
                block_type: block_type.clone(),
                labels: labels.to_vec(),
                header: node.start(),
                span: content.span,
                body: self.body(content, shape),
            });
        }
    }

    /// The value of an argument; nothing if it is broken.
    fn value(&mut self, node: &Node<'_>, shape: Shape) -> Option<Expr> {
        if matches!(node.kind, Kind::Invalid) {
            return None;
        }
        match shape {
            Shape::Template => self.plain(node, Strings::Template),
            Shape::Literal | Shape::Block(_) => self.plain(node, Strings::Literal),
            Shape::Type => {
                let expr = match &node.kind {
                    Kind::String(text) => self.part(node.span, text).expression().ok(),
                    _ => None,
                };
                if expr.is_none() {
                    self.error(
                        node.span,
                        "Invalid type specification",
                        "A type is the name of a primitive type (bool, number, string) or a call \
                         of a type constructor, like list(string), in a quoted string.",
                    );
                }
                expr
            }
            Shape::Reference => self.reference(node.span, &node.kind),
            Shape::References => match &node.kind {
                Kind::Array(nodes) => {
                    let items = nodes
                        .iter()
                        .filter_map(|node| self.reference(node.span, &node.kind))
                        .collect();
                    let kind = ExprKind::Tuple(items);
                    Some(Expr {
                        span: node.span,
                        kind,
                    })
                }
                // A keyword such as `all`; anything else is refused by whoever wants a list.
                Kind::String(text) if is_name(text) => Some(Expr {
                    span: node.span,
                    kind: ExprKind::Variable(normalized(text)),
                }),
                _ => self.plain(node, Strings::Literal),
            },
            Shape::ReferenceMap => {
                let Kind::Object(properties) = &node.kind else {
                    return self.plain(node, Strings::Literal);
                };
                let mut items = Vec::new();
                for property in properties {
                    let name = Kind::String(property.name.clone());
                    let key = self.reference(property.name_span, &name);
                    let value = self.reference(property.value.span, &property.value.kind);
                    if let (Some(key), Some(value)) = (key, value) {
                        let key = ObjectKey::Expr(key);
                        items.push(ObjectItem { key, value });
                    }
                }
                let kind = ExprKind::Object(items.into());
                Some(Expr {
                    span: node.span,
                    kind,
                })
            }
        }
    }

    fn reference(&mut self, span: Span, kind: &Kind<'_>) -> Option<Expr> {
        let expr = match kind {
            Kind::Invalid => return None,
            Kind::String(text) => self.part(span, text).expression().ok(),
            _ => None,
        };
        let expr = expr.filter(is_reference);
        if expr.is_none() {
            self.error(
                span,
                "Invalid expression",
                "A single static reference is required, in a quoted string: names, dots and \
                 indices, without \"${\" around them.",
            );
        }
        expr
    }

    /// An expression that is known to be one, so that no name may be in an object twice.
    fn plain(&mut self, node: &Node<'_>, strings: Strings) -> Option<Expr> {
        let expr = self.expression(node, strings);
        if let Some(expr) = &expr {
            duplicates(expr, self.out);
        }
        expr
    }

    fn expression(&mut self, node: &Node<'_>, strings: Strings) -> Option<Expr> {
        let span = node.span;
        let kind = match &node.kind {
            Kind::Invalid => return None,
            Kind::Null => ExprKind::Null,
            Kind::Bool(value) => ExprKind::Bool(*value),
            Kind::Number(text) => return Some(number(span, text)),
            Kind::String(text) => return self.string(span, text, strings),
            Kind::Array(nodes) => {
                self.depth += 1;
                let items: Option<_> = nodes
                    .iter()
                    .map(|node| self.expression(node, strings))
                    .collect();
                self.depth -= 1;
                ExprKind::Tuple(items?)
            }
            Kind::Object(properties) => {
                self.depth += 1;
                let items: Option<_> = properties
                    .iter()
                    .map(|property| self.item(property, strings))
                    .collect();
                self.depth -= 1;
                ExprKind::Object(items?)
            }
        };
        // A part of a value is not the value.
        (!node.broken).then_some(Expr { span, kind })
    }

    fn item(&mut self, property: &Property<'_>, strings: Strings) -> Option<ObjectItem> {
        let errors = self.out.len();
        let key = self.string(property.name_span, &property.name, strings);
        let mut value = self.expression(&property.value, strings);
        if property.name == COMMENT && value.is_none() {
            // Whether this is a body, and the member a comment, turns out later.
            self.out.truncate(errors);
            value = self.expression(&property.value, Strings::Literal);
        }
        Some(ObjectItem {
            key: ObjectKey::Expr(key?),
            value: value?,
        })
    }

    fn string(&mut self, span: Span, text: &str, strings: Strings) -> Option<Expr> {
        let plain = !(text.contains("${") || text.contains("%{"));
        if plain || strings == Strings::Literal {
            let kind = ExprKind::String(normalized(text));
            return Some(Expr { span, kind });
        }
        match self.part(span, text).template() {
            Ok(expr) => Some(Expr { span, ..expr }),
            Err(errors) => {
                for error in errors {
                    self.report(error);
                }
                None
            }
        }
    }

    /// The content of the string at `span`, which means `text`.
    fn part<'p>(&self, span: Span, text: &'p str) -> StringPart<'p>
    where
        Self: 'p,
    {
        let quoted = &self.text[span.start as usize..span.end as usize];
        let escapes = quoted.len() != text.len() + 2;
        StringPart {
            file: self.file,
            text,
            offsets: if escapes {
                Offsets::new(quoted, span.start)
            } else {
                Offsets::plain(span.start + 1)
            },
            depth: self.depth,
        }
    }
}

/// Whether the content of a block is not all there: an object, or the objects in an array.
fn is_broken(node: &Node<'_>) -> bool {
    let nodes: &[Node<'_>] = match &node.kind {
        Kind::Array(nodes) => nodes,
        _ => &[],
    };
    node.broken || nodes.iter().any(|node| node.broken)
}

/// The meaning of a string, with the places of its bytes.
struct StringPart<'a> {
    file: FileId,
    text: &'a str,
    offsets: Offsets,
    depth: u32,
}

impl StringPart<'_> {
    fn part(&self) -> Part<'_> {
        Part {
            file: self.file,
            text: self.text,
            offsets: Some(&self.offsets),
            depth: self.depth,
        }
    }

    fn template(&self) -> Result<Expr, Vec<Diagnostic>> {
        self.part().template()
    }

    fn expression(&self) -> Result<Expr, Vec<Diagnostic>> {
        self.part().expression()
    }
}

fn push(body: &mut Body, property: &Property<'_>, read: Option<Expr>) {
    let Some(expr) = read else {
        body.broken = true;
        return;
    };
    let name = Name {
        text: normalized(&property.name),
        span: property.name_span,
    };
    let span = property.name_span.to(expr.span);
    body.attributes.push(Attribute { name, expr, span });
}

fn extraneous(property: &Property<'_>, shape: &BlockShape) -> Diagnostic {
    let detail = format!("No argument or block type is named {:?}.", property.name);
    let error = Diagnostic::error(
        property.name_span,
        "Extraneous JSON object property",
        detail,
    );
    let known = shape.known.iter().map(|(name, _)| *name);
    match nearest(&property.name, known) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error,
    }
}

fn number(span: Span, text: &str) -> Expr {
    let Some(digits) = text.strip_prefix('-') else {
        let kind = ExprKind::Number(text.into());
        return Expr { span, kind };
    };
    let operand = Expr {
        span: Span {
            start: span.start + 1,
            ..span
        },
        kind: ExprKind::Number(digits.into()),
    };
    let op = UnaryOp::Negate;
    let kind = ExprKind::Unary(Box::new(Unary { op, operand }));
    Expr { span, kind }
}

/// Reports names that are in an object twice.
pub(super) fn duplicates(expr: &Expr, out: &mut Vec<Diagnostic>) {
    match &expr.kind {
        ExprKind::Tuple(items) => items.iter().for_each(|item| duplicates(item, out)),
        ExprKind::Object(items) => {
            let mut seen: HashMap<&Arc<str>, Span> = HashMap::new();
            for item in items {
                if let ObjectKey::Expr(Expr {
                    span,
                    kind: ExprKind::String(name),
                }) = &item.key
                    && let Some(first) = seen.insert(name, *span)
                {
                    let detail = format!("An attribute named {name:?} was already defined.");
                    out.push(
                        Diagnostic::error(*span, "Duplicate object attribute", detail)
                            .with_label(first, "first defined here"),
                    );
                }
                duplicates(&item.value, out);
            }
        }
        _ => {}
    }
}
