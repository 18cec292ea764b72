//! From a body to a value: the arguments and blocks of a resource, evaluated and converted as its
//! schema says, with every mistake at its very place.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_lang::{Evaluator, Scope, World, convert};
use flowctl_model::problem::Severity;
use flowctl_model::{AttributePath, Kind, Marks, Problem, Step, Text, Type, Value};
use flowctl_parser::ast::{self, Body, Expr, ExprKind, ObjectKey, Span};
use flowctl_parser::diagnostic::{Diagnostic, nearest};
use flowctl_schema::{Attribute, Block, NestedBlock, Nesting};

use crate::dynamic::{Dynamic, IteratorScope};

/// A decoded body.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The value, of the type of the schema's block: what is not set is null. Values at secret
    /// attributes are marked sensitive.
    pub value: Value,
    /// Where each argument and block stands.
    pub places: Places,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where the values of a body come from.
#[derive(Clone, Debug)]
pub struct Places {
    header: Span,
    spans: BTreeMap<AttributePath, Span>,
}

impl Places {
    /// The span of the value at `path`, or of the nearest thing around it.
    pub fn of(&self, path: &AttributePath) -> Span {
        let mut path = path.clone();
        loop {
            if let Some(span) = self.spans.get(&path) {
                return *span;
            }
            if path.pop().is_none() {
                return self.header;
            }
        }
    }

    /// Whether the configuration says something at `path`.
    pub(crate) fn has(&self, path: &AttributePath) -> bool {
        self.spans.contains_key(path)
    }

    /// A problem of a resource type as a diagnostic at its place.
    pub fn diagnostic(&self, problem: &Problem) -> Diagnostic {
        let span = self.of(&problem.path);
        let (summary, detail) = (problem.summary.as_str(), problem.detail.as_str());
        let mut diagnostic = match problem.severity {
            Severity::Error => Diagnostic::error(span, summary, detail),
            Severity::Warning => Diagnostic::warning(span, summary, detail),
        };
        diagnostic.help.clone_from(&problem.help);
        diagnostic
    }
}

/// What becomes of the values of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// They are kept in state, so nothing ephemeral may be among them but credentials.
    Kept,
    /// They are used during the run, and never kept.
    Passing,
}

/// Decodes the body of the block whose header is at `header`.
pub fn decode(
    body: &Body,
    header: Span,
    block: &Block,
    scope: &dyn Scope,
    world: &dyn World,
    purpose: Use,
) -> Decoded {
    let places = Places {
        header,
        spans: BTreeMap::new(),
    };
    let mut decoder = Decoder {
        scope,
        world,
        purpose,
        places,
        diagnostics: Vec::new(),
        depth: 0,
    };
    let value = decoder.block(body, header, block, &mut AttributePath::root());
    Decoded {
        value,
        places: decoder.places,
        diagnostics: decoder.diagnostics,
    }
}

struct Decoder<'a> {
    scope: &'a dyn Scope,
    world: &'a dyn World,
    purpose: Use,
    places: Places,
    diagnostics: Vec<Diagnostic>,
    /// How many `dynamic` blocks there are around the present place.
    depth: usize,
}

impl Decoder<'_> {
    fn evaluate(&mut self, expr: &Expr) -> Value {
        let evaluated = Evaluator::new(self.scope, self.world).evaluate(expr);
        self.diagnostics.extend(evaluated.diagnostics);
        evaluated.value
    }

    fn block(
        &mut self,
        body: &Body,
        header: Span,
        block: &Block,
        path: &mut AttributePath,
    ) -> Value {
        self.unknown_names(body, block);
        let mut members = BTreeMap::<Text, Value>::new();
        for attribute in &block.attributes {
            let name = Text::fixed(attribute.name);
            path.push(Step::Attribute(name.clone()));
            let mut value = match body.attribute(attribute.name) {
                Some(set) if attribute.presence.is_configurable() => {
                    self.places.spans.insert(path.clone(), set.expr.span);
                    self.record_members(&set.expr.kind, path);
                    let value = self.evaluate(&set.expr);
                    let value = self.lasting(value, attribute, set.expr.span);
                    self.fit(&value, &attribute.ty, attribute.name, set.expr.span)
                }
                Some(set) => {
                    self.diagnostics.push(Diagnostic::error(
                        set.name.span,
                        UNCONFIGURABLE,
                        format!(
                            "Can't configure a value for {:?}: its value will be decided \
                             automatically based on the result of applying this configuration.",
                            attribute.name
                        ),
                    ));
                    Value::null(attribute.ty.clone())
                }
                None => Value::null(attribute.ty.clone()),
            };
            // Whether a credential may be missing is for whoever knows the object to say.
            let required = attribute.presence == flowctl_schema::Presence::Required;
            if value.is_null() && required && attribute.returned {
                self.missing(body, header, attribute.name);
            }
            if attribute.secret && !value.is_null() {
                value = value.marked(Marks::SENSITIVE);
            }
            path.pop();
            members.insert(name, value);
        }
        for nested in &block.blocks {
            let name = Text::fixed(nested.name);
            path.push(Step::Attribute(name.clone()));
            let value = self.nested(body, header, nested, path);
            path.pop();
            members.insert(name, value);
        }
        Value::object(members)
    }

    /// A value as an argument may hold it: nothing that ends with the run is kept, but for
    /// credentials, of which no more than a digest is kept anyway.
    fn lasting(&mut self, value: Value, attribute: &Attribute, span: Span) -> Value {
        if value.has_infinity() {
            self.diagnostics.push(infinite(span));
            return Value::unknown(value.ty());
        }
        if !value.deep_marks().contains(Marks::EPHEMERAL) {
            return value;
        }
        if !attribute.secret && self.purpose == Use::Kept {
            let detail = format!(
                "Ephemeral values are not valid for {:?}, because it is not a credential and so would \
                 be kept.",
                attribute.name
            );
            let error = Diagnostic::error(span, "Invalid use of ephemeral value", detail);
            self.diagnostics.push(error);
        }
        value.unmarked_deep(Marks::EPHEMERAL)
    }

    fn missing(&mut self, body: &Body, header: Span, name: &str) {
        let (span, detail) = match body.attribute(name) {
            Some(set) => (
                set.expr.span,
                format!("The argument {name:?} is required, so it must not be null."),
            ),
            // What seems to be missing may be what could not be read.
            None if body.broken => return,
            None => (
                header,
                format!("The argument {name:?} is required, but no definition was found."),
            ),
        };
        self.diagnostics
            .push(Diagnostic::error(span, "Missing required argument", detail));
    }

    /// The members of an object or map written out, so that a problem can point at one of them.
    fn record_members(&mut self, kind: &ExprKind, path: &mut AttributePath) {
        match kind {
            ExprKind::Object(items) => {
                for item in items {
                    let key = match &item.key {
                        ObjectKey::Name(name) => name.text.clone(),
                        ObjectKey::Expr(expr) => match &expr.kind {
                            ExprKind::String(text) => text.clone(),
                            _ => continue,
                        },
                    };
                    let place = path.key(Text::from(&*key));
                    self.places.spans.insert(place, item.value.span);
                }
            }
            ExprKind::Tuple(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.places.spans.insert(path.index(index), item.span);
                }
            }
            _ => {}
        }
    }

    fn fit(&mut self, value: &Value, ty: &Type, name: &str, span: Span) -> Value {
        convert(value, ty).unwrap_or_else(|error| {
            self.diagnostics.push(Diagnostic::error(
                span,
                "Incorrect attribute value type",
                format!("Inappropriate value for attribute {name:?}: {error}."),
            ));
            Value::unknown(ty.clone())
        })
    }

    fn unknown_names(&mut self, body: &Body, block: &Block) {
        for attribute in &body.attributes {
            let name = &*attribute.name.text;
            if block.attribute(name).is_some() {
                continue;
            }
            if let Some(instead) = block.instead_of(name) {
                let refused = refused(attribute.name.span, "argument", name, instead);
                self.diagnostics.push(refused);
                continue;
            }
            let expected = format!("An argument named {name:?} is not expected here.");
            let unsupported = if body.json {
                "Extraneous JSON object property"
            } else {
                "Unsupported argument"
            };
            let diagnostic = if block.nested(name).is_some() {
                Diagnostic::error(attribute.name.span, unsupported, expected)
                    .with_help(format!("`{name}` is a block: write `{name} {{ … }}`"))
            } else {
                let known = block
                    .attributes
                    .iter()
                    .filter(|a| a.presence.is_configurable());
                let error = Diagnostic::error(attribute.name.span, unsupported, expected);
                suggest(error, name, known.map(|a| a.name))
            };
            self.diagnostics.push(diagnostic);
        }
        for nested in &body.blocks {
            // What a dynamic block makes is judged like what is written out.
            let (name, span) = match (&*nested.block_type.text, nested.labels.first()) {
                ("dynamic", Some(label)) => (&*label.text, label.span),
                ("dynamic", None) => continue,
                (name, _) => (name, nested.block_type.span),
            };
            if let Some(instead) = block.instead_of(name) {
                let refused = refused(span, "block", name, instead);
                self.diagnostics.push(refused);
                continue;
            }
            if block.nested(name).is_some() {
                continue;
            }
            let expected = format!("Blocks of type {name:?} are not expected here.");
            let error = Diagnostic::error(span, "Unsupported block type", expected);
            let diagnostic = if block.attribute(name).is_some() {
                error.with_help(format!("`{name}` is an argument: write `{name} = …`"))
            } else {
                suggest(error, name, block.blocks.iter().map(|b| b.name))
            };
            self.diagnostics.push(diagnostic);
        }
    }

    fn nested(
        &mut self,
        body: &Body,
        header: Span,
        nested: &NestedBlock,
        path: &mut AttributePath,
    ) -> Value {
        let mut found = Found::default();
        for block in body.blocks_of(nested.name) {
            self.one(block, &block.body, nested, path, &mut found.values);
        }
        for block in body.blocks_of("dynamic") {
            if let Some(dynamic) = Dynamic::of(block).filter(|d| d.block_type == nested.name) {
                self.dynamic(block, &dynamic, nested, path, &mut found);
            }
        }
        let Found {
            values,
            open,
            marks,
        } = found;
        if values.len() < nested.min && !open && !body.broken {
            let (min, name) = (nested.min, nested.name);
            self.diagnostics.push(Diagnostic::error(
                header,
                format!("Insufficient {name} blocks"),
                format!("At least {min} {name:?} blocks are required."),
            ));
        }
        let element = nested.block.ty();
        let value = match nested.nesting {
            _ if open => Value::unknown(nested.ty()),
            Nesting::List => Value::list(element, values),
            Nesting::Set => Value::new(Kind::Set(element, Arc::new(values))),
        };
        value.marked(marks)
    }

    fn one(
        &mut self,
        block: &ast::Block,
        body: &Body,
        nested: &NestedBlock,
        path: &mut AttributePath,
        values: &mut Vec<Value>,
    ) {
        path.push(Step::Index(values.len()));
        self.places.spans.insert(path.clone(), block.header);
        let is_dynamic = &*block.block_type.text == "dynamic";
        if let Some(label) = block.labels.first().filter(|_| !is_dynamic) {
            self.diagnostics.push(Diagnostic::error(
                label.span,
                format!("Extraneous label for {}", nested.name),
                format!("No labels are expected for {} blocks.", nested.name),
            ));
        }
        if nested.max.is_some_and(|max| values.len() == max) {
            let max = nested.max.unwrap_or_default();
            self.diagnostics.push(Diagnostic::error(
                block.header,
                format!("Too many {} blocks", nested.name),
                format!("No more than {max} {:?} blocks are allowed.", nested.name),
            ));
        }
        values.push(self.block(body, block.header, &nested.block, path));
        path.pop();
    }

    /// The blocks that a `dynamic` block makes.
    fn dynamic(
        &mut self,
        block: &ast::Block,
        dynamic: &Dynamic<'_>,
        nested: &NestedBlock,
        path: &mut AttributePath,
        found: &mut Found,
    ) {
        self.diagnostics.extend(dynamic.check(block));
        let (Some(for_each), Some(content)) = (dynamic.for_each, dynamic.content) else {
            return;
        };
        if self.depth > MAX_DYNAMIC_DEPTH {
            let detail = "Dynamic blocks are nested too deeply here.";
            self.diagnostics
                .push(Diagnostic::error(block.header, "Too many levels", detail));
            return;
        }
        let collection = self.evaluate(for_each);
        found.marks = found.marks.union(collection.marks());
        let invalid = |detail: String| {
            Diagnostic::error(for_each.span, "Invalid dynamic for_each value", detail)
        };
        let elements: Vec<(Value, Value)> = match collection.kind() {
            Kind::Unknown(_) => {
                // Of what is not known the content is checked once all the same.
                found.open = true;
                vec![(Value::unknown(Type::Any), Value::unknown(Type::Any))]
            }
            Kind::Null(_) => {
                let detail = "Cannot use a null value in for_each.";
                self.diagnostics.push(invalid(detail.into()));
                return;
            }
            Kind::List(_, elements) | Kind::Tuple(elements) => (0_u64..)
                .zip(elements.iter())
                .map(|(index, value)| (Value::number(index), value.clone()))
                .collect(),
            Kind::Set(_, elements) => elements
                .iter()
                .map(|value| (value.clone(), value.clone()))
                .collect(),
            Kind::Map(_, members) | Kind::Object(members) => members
                .iter()
                .map(|(key, value)| (Value::string(key.clone()), value.clone()))
                .collect(),
            _ => {
                self.diagnostics.push(invalid(format!(
                    "Cannot use a {} value in for_each. An iterable collection is required.",
                    collection.ty().friendly_name()
                )));
                return;
            }
        };
        let outer = self.scope;
        for (key, value) in &elements {
            let scope = IteratorScope {
                outer,
                name: &dynamic.iterator,
                key,
                value,
            };
            let mut inside = Decoder {
                scope: &scope,
                world: self.world,
                purpose: self.purpose,
                places: Places {
                    header: self.places.header,
                    spans: std::mem::take(&mut self.places.spans),
                },
                diagnostics: std::mem::take(&mut self.diagnostics),
                depth: self.depth + 1,
            };
            inside.one(block, &content.body, nested, path, &mut found.values);
            self.places.spans = inside.places.spans;
            self.diagnostics = inside.diagnostics;
        }
    }
}

/// The blocks of a type that were found in a body.
#[derive(Default)]
struct Found {
    values: Vec<Value>,
    /// How many there will be is not known yet.
    open: bool,
    /// Marks of the collections that they were made of.
    marks: Marks,
}

/// Deeper `dynamic` blocks are refused, before the stack ends.
const MAX_DYNAMIC_DEPTH: usize = 32;

/// An error about a name that is known, and not taken.
fn refused(span: Span, what: &str, name: &str, instead: &str) -> Diagnostic {
    let detail = format!("The {what} {name:?} is not taken here.");
    Diagnostic::error(span, format!("Refused {what}"), detail).with_help(instead)
}

fn suggest<'a>(
    diagnostic: Diagnostic,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    match nearest(name, known) {
        Some(other) => diagnostic.with_help(format!("did you mean `{other}`?")),
        None => diagnostic,
    }
}

/// What is said of an attribute that only the service sets.
pub(crate) const UNCONFIGURABLE: &str = "Value for unconfigurable attribute";

/// The error for a value that holds an infinite number.
pub(crate) fn infinite(span: Span) -> Diagnostic {
    let detail = "This value has an infinite number in it, as from a division by zero, which can be \
                  computed with but not kept.";
    Diagnostic::error(span, "Infinite number", detail)
        .with_help("look for a division by zero, or make the number a string with tostring(…)")
}
