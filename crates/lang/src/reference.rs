//! What an expression refers to, as written: the static beginning of a traversal.

use flowctl_model::{InstanceKey, Mode, Text};
use flowctl_parser::ast::{Expr, ExprKind, Name, Span};
use flowctl_parser::diagnostic::{Diagnostic, nearest};
use flowctl_parser::traversal::{Key, Link, chain, traversals};

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
    /// `terraform.applying`.
    Applying,
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

/// The key of an instance that a link gives.
fn key_of(link: &Link<'_>) -> Option<InstanceKey> {
    Some(match link.key()? {
        Key::Text(text) => InstanceKey::Str(text.into()),
        Key::Number(number) => InstanceKey::Int(number),
    })
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
    // The name of an object that is no value of its own, without an attribute behind it.
    let alone = |summary: &str, detail: &str| match links.first() {
        Some(link) => Err(Diagnostic::error(link.span(), "Invalid reference", detail)),
        None => Err(Diagnostic::error(span, summary, detail)),
    };
    match root {
        "var" => match attr(0) {
            Some(name) => found(Subject::Variable(text(name)), 1, false),
            None => alone(
                "Reference to undeclared input variable",
                "\"var\" is not a value of its own: write var and the name of a variable, as in \
                 var.region.",
            ),
        },
        "local" => match attr(0) {
            Some(name) => found(Subject::Local(text(name)), 1, false),
            None => alone(
                "Reference to undeclared local value",
                "\"local\" is not a value of its own: write local and the name of a value, as in \
                 local.tags.",
            ),
        },
        "each" => match attr(0).map(|name| &*name.text) {
            Some("key") => found(Subject::EachKey, 1, false),
            Some("value") => found(Subject::EachValue, 1, false),
            Some(_) => one_of(
                "Invalid \"each\" attribute",
                "\"each\" has the attributes each.key and each.value.",
            ),
            None => alone(
                "Invalid \"each\" attribute",
                "\"each\" has the attributes each.key and each.value.",
            ),
        },
        "count" => match attr(0).map(|name| &*name.text) {
            Some("index") => found(Subject::CountIndex, 1, false),
            Some(_) => one_of(
                "Invalid \"count\" attribute",
                "\"count\" has one attribute, count.index.",
            ),
            None => alone(
                "Invalid \"count\" attribute",
                "\"count\" has one attribute, count.index.",
            ),
        },
        "path" => match attr(0).map(|name| &*name.text) {
            Some("module") => found(Subject::Path(PathKind::Module), 1, false),
            Some("root") => found(Subject::Path(PathKind::Root), 1, false),
            Some("cwd") => found(Subject::Path(PathKind::Cwd), 1, false),
            Some(_) => one_of(
                "Invalid \"path\" attribute",
                "\"path\" has the attributes path.module, path.root and path.cwd.",
            ),
            None => alone(
                "Invalid \"path\" attribute",
                "\"path\" has the attributes path.module, path.root and path.cwd.",
            ),
        },
        "terraform" => match attr(0).map(|name| &*name.text) {
            Some("workspace") => found(Subject::Workspace, 1, false),
            Some("applying") => found(Subject::Applying, 1, false),
            Some(_) => one_of(
                "Invalid \"terraform\" attribute",
                "\"terraform\" has the attributes terraform.workspace and terraform.applying.",
            ),
            None => alone(
                "Invalid \"terraform\" attribute",
                "\"terraform\" has the attributes terraform.workspace and terraform.applying.",
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
            let key = links.get(1).and_then(key_of);
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
            let key = links.get(2).and_then(key_of);
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
                let place = links.first().map_or(span, |link| match link {
                    // With its dot.
                    Link::Legacy(index) => Span {
                        start: index.span.start.saturating_sub(1),
                        ..index.span
                    },
                    link => link.span(),
                });
                return Err(Diagnostic::error(
                    place,
                    "Invalid reference",
                    format!(
                        "\"{root}\" alone names nothing. A resource is referred to by its type \
                         and its name, and a plain text is written in quotes."
                    ),
                ));
            };
            let key = links.get(1).and_then(key_of);
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
            Subject::Path(_) | Subject::Workspace | Subject::Applying => (
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
    let (mut references, mut diagnostics) = (Vec::new(), Vec::new());
    for traversal in traversals(expr) {
        let (root, links) = chain(traversal);
        if let ExprKind::Variable(name) = &root.kind {
            match parse(name, root.span, &links) {
                Ok(found) => references.push(found.reference),
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
    }
    (references, diagnostics)
}
