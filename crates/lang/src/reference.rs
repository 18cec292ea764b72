//! What an expression refers to, as written: the static beginning of a traversal.

use std::sync::Arc;

use flowctl_model::{InstanceKey, Mode, Text};
use flowctl_parser::ast::{
    Expr, ExprKind, Name, ObjectKey, Span, SplatStep, TemplatePart, UnaryOp,
};
use flowctl_parser::diagnostic::{Diagnostic, nearest};

/// Which of the `path.*` values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum PathKind {
    /// `path.module`.
    Module,
    /// `path.root`.
    Root,
    /// `path.cwd`.
    Cwd,
}

/// What is referred to.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Subject {
    /// `var.NAME`.
    Variable(Text),
    /// `local.NAME`.
    Local(Text),
    /// `TYPE.NAME`, `data.TYPE.NAME` or `resource.TYPE.NAME`.
    Resource {
        /// Managed or data.
        mode: Mode,
        /// The resource type.
        type_name: Text,
        /// The name.
        name: Text,
        /// The key, where it is written as a literal.
        key: Option<InstanceKey>,
    },
    /// `module.NAME`.
    Module {
        /// The name of the call.
        name: Text,
        /// The key, where it is written as a literal.
        key: Option<InstanceKey>,
        /// The output that is asked for, if the traversal goes that far. It is there for
        /// dependencies: the answer is the object of all outputs all the same.
        output: Option<Text>,
    },
    /// `each.key`.
    EachKey,
    /// `each.value`.
    EachValue,
    /// `count.index`.
    CountIndex,
    /// `path.*`.
    Path(PathKind),
    /// `terraform.workspace`.
    Workspace,
    /// `self`.
    SelfRef,
    /// A root name in a scope of plain names.
    Plain(Text),
}

/// A reference and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// What is referred to.
    pub subject: Subject,
    /// The part of the expression that names it.
    pub span: Span,
    /// The attribute of it that is asked for directly behind, without a key or splat between.
    pub attribute: Option<Text>,
}

/// One step behind the root of a traversal.
#[derive(Clone, Copy)]
pub(crate) enum Link<'e> {
    /// `.name`.
    Attr(&'e Name),
    /// `[key]`, with the span of the brackets.
    Index(&'e Expr, Span),
    /// `.0`.
    Legacy(&'e Name),
}

impl Link<'_> {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Attr(name) | Self::Legacy(name) => name.span,
            Self::Index(_, brackets) => *brackets,
        }
    }

    fn key(&self) -> Option<InstanceKey> {
        match self {
            Self::Attr(_) => None,
            Self::Legacy(name) => name.text.parse().ok().map(InstanceKey::Int),
            Self::Index(expr, _) => match &expr.kind {
                ExprKind::String(text) => Some(InstanceKey::Str(Text::from(&**text))),
                ExprKind::Number(text) => text.parse().ok().map(InstanceKey::Int),
                _ => None,
            },
        }
    }
}

/// Takes a traversal apart: what it starts from, and its steps in order.
pub(crate) fn chain(expr: &Expr) -> (&Expr, Vec<Link<'_>>) {
    let mut links = Vec::new();
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::GetAttr(get) => {
                links.push(Link::Attr(&get.name));
                &get.target
            }
            ExprKind::Index(index) => {
                links.push(Link::Index(&index.key, index.brackets));
                &index.target
            }
            ExprKind::LegacyIndex(index) => {
                links.push(Link::Legacy(&index.index));
                &index.target
            }
            _ => break,
        };
    }
    links.reverse();
    (at, links)
}

/// A reference found at the start of a traversal.
pub(crate) struct Found {
    pub(crate) reference: Reference,
    /// How many links name the subject without its key.
    pub(crate) links: usize,
}

/// Reads the reference at the start of a traversal.
pub(crate) fn parse(root: &str, span: Span, links: &[Link<'_>]) -> Result<Found, Diagnostic> {
    let attr = |i: usize| match links.get(i) {
        Some(Link::Attr(name)) => Some(*name),
        _ => None,
    };
    let text = |name: &Name| Text::from(&*name.text);
    let found = |subject, links_used: usize, key_used: bool| {
        let last = (links_used + usize::from(key_used)).checked_sub(1);
        let end = last.and_then(|i| links.get(i)).map_or(span, Link::span);
        let attribute = attr(links_used + usize::from(key_used)).map(text);
        Ok(Found {
            reference: Reference {
                subject,
                span: span.to(end),
                attribute,
            },
            links: links_used,
        })
    };
    let one_of = |summary: &str, detail: &str| {
        let end = links.first().map_or(span, Link::span);
        Err(Diagnostic::error(span.to(end), summary, detail))
    };
    match root {
        "var" => match attr(0) {
            Some(name) => found(Subject::Variable(text(name)), 1, false),
            None => one_of(
                "Reference to undeclared input variable",
                "\"var\" is not a value of its own: write var and the name of a variable, as in \
                 var.region.",
            ),
        },
        "local" => match attr(0) {
            Some(name) => found(Subject::Local(text(name)), 1, false),
            None => one_of(
                "Reference to undeclared local value",
                "\"local\" is not a value of its own: write local and the name of a value, as in \
                 local.tags.",
            ),
        },
        "each" => match attr(0).map(|name| &*name.text) {
            Some("key") => found(Subject::EachKey, 1, false),
            Some("value") => found(Subject::EachValue, 1, false),
            _ => one_of(
                "Invalid \"each\" attribute",
                "\"each\" has the attributes each.key and each.value.",
            ),
        },
        "count" => match attr(0).map(|name| &*name.text) {
            Some("index") => found(Subject::CountIndex, 1, false),
            _ => one_of(
                "Invalid \"count\" attribute",
                "\"count\" has one attribute, count.index.",
            ),
        },
        "path" => match attr(0).map(|name| &*name.text) {
            Some("module") => found(Subject::Path(PathKind::Module), 1, false),
            Some("root") => found(Subject::Path(PathKind::Root), 1, false),
            Some("cwd") => found(Subject::Path(PathKind::Cwd), 1, false),
            _ => one_of(
                "Invalid \"path\" attribute",
                "\"path\" has the attributes path.module, path.root and path.cwd.",
            ),
        },
        "terraform" => match attr(0).map(|name| &*name.text) {
            Some("workspace") => found(Subject::Workspace, 1, false),
            _ => one_of(
                "Invalid \"terraform\" attribute",
                "\"terraform\" has one attribute, terraform.workspace.",
            ),
        },
        "self" => found(Subject::SelfRef, 0, false),
        "module" => {
            let Some(name) = attr(0) else {
                return one_of(
                    "Invalid reference",
                    "\"module\" is followed by the name of a module call and the name of one of \
                     its outputs, as in module.network.id.",
                );
            };
            let key = links.get(1).and_then(Link::key);
            let output = attr(if key.is_some() { 2 } else { 1 }).map(text);
            let has_key = key.is_some();
            let subject = Subject::Module {
                name: text(name),
                key,
                output,
            };
            found(subject, 1, has_key)
        }
        "data" | "resource" | "ephemeral" => {
            let (Some(type_name), Some(name)) = (attr(0), attr(1)) else {
                return one_of(
                    "Invalid reference",
                    &format!(
                        "\"{root}\" is followed by a resource type and a name, as in \
                         {root}.TYPE.NAME."
                    ),
                );
            };
            let key = links.get(2).and_then(Link::key);
            let has_key = key.is_some();
            let mode = match root {
                "data" => Mode::Data,
                "ephemeral" => Mode::Ephemeral,
                _ => Mode::Managed,
            };
            let subject = Subject::Resource {
                mode,
                type_name: text(type_name),
                name: text(name),
                key,
            };
            found(subject, 2, has_key)
        }
        _ => {
            let Some(name) = attr(0) else {
                return Err(Diagnostic::error(
                    span,
                    "Invalid reference",
                    format!(
                        "\"{root}\" alone names nothing. A resource is referred to by its type \
                         and its name, and a plain text is written in quotes."
                    ),
                ));
            };
            let key = links.get(1).and_then(Link::key);
            let has_key = key.is_some();
            let subject = Subject::Resource {
                mode: Mode::Managed,
                type_name: Text::from(root),
                name: text(name),
                key,
            };
            found(subject, 1, has_key)
        }
    }
}

impl Reference {
    /// The error for a name that is not declared, with the nearest of those that are. For `each`,
    /// `count` and `self`, which are not declared, the error says that they are not available.
    pub fn undeclared<'k>(&self, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
        let error = |summary: &str, detail: String| Diagnostic::error(self.span, summary, detail);
        let (name, diagnostic) = match &self.subject {
            Subject::Variable(name) => (
                Some(name),
                error(
                    "Reference to undeclared input variable",
                    format!(
                        "There is no variable block for {:?} in this module.",
                        &**name
                    ),
                ),
            ),
            Subject::Local(name) => (
                Some(name),
                error(
                    "Reference to undeclared local value",
                    format!("No locals block of this module declares {:?}.", &**name),
                ),
            ),
            Subject::Module { name, .. } => (
                Some(name),
                error(
                    "Reference to undeclared module",
                    format!("This module has no module block {:?}.", &**name),
                ),
            ),
            Subject::Resource {
                mode,
                type_name,
                name,
                ..
            } => {
                let block = mode.keyword();
                let detail = format!(
                    "This module has no {block} block {:?} {:?}.",
                    &**type_name, &**name
                );
                (
                    Some(name),
                    error("Reference to undeclared resource", detail),
                )
            }
            Subject::EachKey => (
                None,
                error(
                    "Reference to \"each\" in context without for_each",
                    "\"each\" stands for the current instance of a block with for_each; there is \
                     none here."
                        .into(),
                ),
            ),
            Subject::EachValue => (
                None,
                error(
                    "each.value cannot be used in this context",
                    "\"each\" stands for the current instance of a block with for_each; there is \
                     none here."
                        .into(),
                ),
            ),
            Subject::CountIndex => (
                None,
                error(
                    "Reference to \"count\" in non-counted context",
                    "\"count\" stands for the current instance of a block with count; there is \
                     none here."
                        .into(),
                ),
            ),
            Subject::SelfRef => (
                None,
                error(
                    "Invalid \"self\" reference",
                    "\"self\" stands for the resource in provisioners, connections and \
                     postconditions only."
                        .into(),
                ),
            ),
            Subject::Path(_) | Subject::Workspace => (
                None,
                error("Invalid reference", "This is not available here.".into()),
            ),
            Subject::Plain(name) => (
                Some(name),
                error(
                    "Unknown variable",
                    format!("There is no variable named {:?}.", &**name),
                ),
            ),
        };
        match name.and_then(|name| nearest(name, known)) {
            Some(near) => diagnostic.with_help(format!("Did you mean {near:?}?")),
            None => diagnostic,
        }
    }
}

/// Every reference to the configuration in an expression, in order of appearance; names bound by
/// `for` are left out. Malformed ones are reported.
pub fn references(expr: &Expr) -> (Vec<Reference>, Vec<Diagnostic>) {
    let mut collector = Collector::default();
    collector.visit(expr);
    (collector.references, collector.diagnostics)
}

/// The traversals in an expression that start from a name that is not bound inside of it.
pub(crate) fn traversals(expr: &Expr) -> Vec<&Expr> {
    let mut collector = Collector::default();
    collector.visit(expr);
    collector.traversals
}

#[derive(Default)]
struct Collector<'e> {
    bound: Vec<Arc<str>>,
    traversals: Vec<&'e Expr>,
    references: Vec<Reference>,
    diagnostics: Vec<Diagnostic>,
}

impl<'e> Collector<'e> {
    fn visit(&mut self, expr: &'e Expr) {
        match &expr.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Template(parts) => self.visit_parts(parts),
            ExprKind::Wrapped(inner) | ExprKind::Parens(inner) => self.visit(inner),
            ExprKind::Tuple(elements) => elements.iter().for_each(|e| self.visit(e)),
            ExprKind::Object(items) => {
                for item in items {
                    if let ObjectKey::Expr(key) = &item.key {
                        self.visit(key);
                    }
                    self.visit(&item.value);
                }
            }
            ExprKind::Variable(_)
            | ExprKind::GetAttr(_)
            | ExprKind::Index(_)
            | ExprKind::LegacyIndex(_) => self.visit_traversal(expr),
            ExprKind::Splat(splat) => {
                self.visit(&splat.source);
                for step in &splat.each {
                    if let SplatStep::Index(key, _) = step {
                        self.visit(key);
                    }
                }
            }
            ExprKind::Call(call) => call.args.iter().for_each(|e| self.visit(e)),
            ExprKind::Conditional(c) => {
                self.visit(&c.condition);
                self.visit(&c.yes);
                self.visit(&c.no);
            }
            ExprKind::Binary(_) => {
                // Long sums lean to the left: walk down instead of recursing.
                let mut rights = Vec::new();
                let mut at = expr;
                while let ExprKind::Binary(binary) = &at.kind {
                    rights.push(&binary.right);
                    at = &binary.left;
                }
                self.visit(at);
                rights.into_iter().rev().for_each(|e| self.visit(e));
            }
            ExprKind::Unary(unary) => match unary.op {
                UnaryOp::Not | UnaryOp::Negate => self.visit(&unary.operand),
            },
            ExprKind::For(f) => {
                self.visit(&f.collection);
                let outer = self.bind(f.key.as_ref(), &f.value);
                if let Some(key) = &f.result_key {
                    self.visit(key);
                }
                self.visit(&f.result);
                if let Some(condition) = &f.condition {
                    self.visit(condition);
                }
                self.bound.truncate(outer);
            }
        }
    }

    fn bind(&mut self, key: Option<&Name>, value: &Name) -> usize {
        let outer = self.bound.len();
        self.bound.extend(key.map(|name| name.text.clone()));
        self.bound.push(value.text.clone());
        outer
    }

    fn visit_parts(&mut self, parts: &'e [TemplatePart]) {
        for part in parts {
            match part {
                TemplatePart::Literal(_) => {}
                TemplatePart::Interpolation(expr) => self.visit(expr),
                TemplatePart::If(directive) => {
                    self.visit(&directive.condition);
                    self.visit_parts(&directive.yes);
                    self.visit_parts(&directive.no);
                }
                TemplatePart::For(directive) => {
                    self.visit(&directive.collection);
                    let outer = self.bind(directive.key.as_ref(), &directive.value);
                    self.visit_parts(&directive.body);
                    self.bound.truncate(outer);
                }
            }
        }
    }

    fn visit_traversal(&mut self, expr: &'e Expr) {
        let (root, links) = chain(expr);
        match &root.kind {
            ExprKind::Variable(name) => {
                if !self.bound.contains(name) {
                    self.traversals.push(expr);
                    match parse(name, root.span, &links) {
                        Ok(found) => self.references.push(found.reference),
                        Err(diagnostic) => self.diagnostics.push(diagnostic),
                    }
                }
            }
            _ => self.visit(root),
        }
        for link in links {
            if let Link::Index(key, _) = link {
                self.visit(key);
            }
        }
    }
}
