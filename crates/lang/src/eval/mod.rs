//! The evaluator: a walk over the syntax tree that goes on after an error, with an unknown value
//! in the place of what could not be computed, so that one run reports every independent error.

mod access;
mod call;
mod collect;
mod condition;
mod operators;
mod place;
mod template;

pub use operators::equals;

use std::fmt::Write as _;
use std::sync::Arc;

use flowctl_model::{Number, Type, Value};
use flowctl_parser::ast::{Expr, ExprKind, Span};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::traversal::{Link, chain, traversals};

use crate::convert::convert;
use crate::reference;
use crate::scope::{Resolved, Scope};
use crate::show;
use crate::world::World;

/// Deeper expressions are refused, before the stack ends.
const MAX_DEPTH: usize = 256;

/// So many errors of one expression are kept; the rest would be more of the same.
const MAX_FINDINGS: usize = 100;

/// So many values of references are shown beside an error.
const MAX_VALUES: usize = 6;

/// A value and what was found on the way. With an error among the diagnostics, the parts of the
/// value that could not be computed are unknown.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The value.
    pub value: Value,
    /// Errors and warnings, in order of appearance.
    pub diagnostics: Vec<Diagnostic>,
}

impl Evaluated {
    /// Whether there is an error among the diagnostics.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
    /// The value, or everything that was found if there is an error.
    pub fn into_result(self) -> Result<Value, Vec<Diagnostic>> {
        if self.has_errors() {
            Err(self.diagnostics)
        } else {
            Ok(self.value)
        }
    }
}

/// Evaluates expressions in one scope.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    scope: &'a dyn Scope,
    world: &'a dyn World,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for what `scope` and `world` hold.
    pub fn new(scope: &'a dyn Scope, world: &'a dyn World) -> Self {
        Self { scope, world }
    }

    /// The value of an expression.
    pub fn evaluate(&self, expr: &Expr) -> Evaluated {
        let mut session = Session::new(self.scope, self.world);
        let value = session.eval(expr);
        Evaluated {
            value,
            diagnostics: session.into_diagnostics(),
        }
    }

    /// The values of the references in an expression, as they are shown beside an error.
    pub fn values(&self, expr: &Expr) -> Vec<(String, String)> {
        Session::new(self.scope, self.world).values_in(expr)
    }

    /// The value of an expression, converted to a type. A value that does not fit is an error
    /// with `summary`.
    pub fn evaluate_as(&self, expr: &Expr, ty: &Type, summary: &str) -> Evaluated {
        let mut session = Session::new(self.scope, self.world);
        let value = session.eval(expr);
        let value = convert(&value, ty).unwrap_or_else(|error| {
            let detail = format!("This value does not fit: {error}.");
            session.error(expr, expr.span, summary, detail);
            Value::unknown(crate::convert::without_optional(ty))
        });
        Evaluated {
            value,
            diagnostics: session.into_diagnostics(),
        }
    }
}

/// Something found, and whether `try` and `can` may hide it.
struct Finding {
    diagnostic: Diagnostic,
    fatal: bool,
}

/// One evaluation under way.
struct Session<'a> {
    scope: &'a dyn Scope,
    world: &'a dyn World,
    /// Names bound by `for` and by templates, innermost last.
    bindings: Vec<(Arc<str>, Value)>,
    findings: Vec<Finding>,
    /// How often something failed, reported or not: whoever needs to know whether a part of an
    /// expression has a value compares this before and after.
    failures: usize,
    depth: usize,
    /// Whether a template file or string is being rendered, which cannot render another.
    in_template: bool,
    /// Set while values beside an error are computed, which must not fail in turn.
    quiet: bool,
}

impl<'a> Session<'a> {
    fn new(scope: &'a dyn Scope, world: &'a dyn World) -> Self {
        Self {
            scope,
            world,
            bindings: Vec::new(),
            findings: Vec::new(),
            failures: 0,
            depth: 0,
            in_template: false,
            quiet: false,
        }
    }

    fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.findings.into_iter().map(|f| f.diagnostic).collect()
    }

    fn dynamic() -> Value {
        Value::unknown(Type::Any)
    }

    /// Whether something failed since `failures` was `before`.
    fn failed_since(&self, before: usize) -> bool {
        self.failures > before
    }

    /// Reports an error; `context` is the expression whose references are worth showing.
    fn error(
        &mut self,
        context: &Expr,
        span: Span,
        summary: &str,
        detail: impl Into<String>,
    ) -> Value {
        let mut diagnostic = Diagnostic::error(span, summary, detail);
        if !self.quiet && self.findings.len() < MAX_FINDINGS {
            diagnostic.values = self.values_in(context);
        }
        self.push(diagnostic, false);
        Self::dynamic()
    }

    fn push(&mut self, diagnostic: Diagnostic, fatal: bool) {
        self.failures += 1;
        // A fault inside a `for` shows once, with the values of its first element.
        let repeated = self.findings.iter().any(|found| {
            found.diagnostic.span == diagnostic.span
                && found.diagnostic.summary == diagnostic.summary
        });
        if !self.quiet && !repeated {
            self.findings.push(Finding { diagnostic, fatal });
        }
    }

    /// The values of the references in an expression, but for what is sensitive.
    fn values_in(&mut self, context: &Expr) -> Vec<(String, String)> {
        let mut values: Vec<(String, String)> = Vec::new();
        for traversal in traversals(context) {
            if values.len() >= MAX_VALUES {
                break;
            }
            let Some(name) = source_of(traversal) else {
                continue;
            };
            if values.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let value = self.quietly(|session| session.eval(traversal));
            if let Some(text) = show::brief(&value).filter(|_| value.is_known()) {
                values.push((name, text));
            }
        }
        values
    }

    fn quietly(&mut self, work: impl FnOnce(&mut Self) -> Value) -> Value {
        let (was, failures) = (self.quiet, self.failures);
        self.quiet = true;
        let value = work(self);
        self.quiet = was;
        self.failures = failures;
        value
    }

    /// The value of an expression; unknown where it could not be computed.
    fn eval(&mut self, expr: &Expr) -> Value {
        if self.depth >= MAX_DEPTH {
            return self.too_deep(expr);
        }
        self.depth += 1;
        let value = self.dispatch(expr);
        self.depth -= 1;
        value
    }

    #[cold]
    fn too_deep(&mut self, expr: &Expr) -> Value {
        let diagnostic = Diagnostic::error(
            expr.span,
            "Expression too deeply nested",
            format!("Expressions may be nested {MAX_DEPTH} levels deep."),
        )
        .with_help("Name a part of it with a local value.");
        self.push(diagnostic, true);
        Self::dynamic()
    }

    fn dispatch(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            ExprKind::Null => Value::null(Type::Any),
            ExprKind::Bool(b) => Value::bool(*b),
            ExprKind::Number(text) => self.number(expr, text),
            ExprKind::String(text) => crate::strings::value(text.to_string()),
            ExprKind::Template(parts) => self.template(expr, parts),
            ExprKind::Wrapped(inner) | ExprKind::Parens(inner) => self.eval(inner),
            ExprKind::Tuple(elements) => {
                Value::tuple(elements.iter().map(|e| self.eval(e)).collect())
            }
            ExprKind::Object(items) => self.object(items),
            ExprKind::Variable(_)
            | ExprKind::GetAttr(_)
            | ExprKind::Index(_)
            | ExprKind::LegacyIndex(_) => self.traversal(expr),
            ExprKind::Splat(_) => self.splat(expr),
            ExprKind::Call(call) => self.call(expr, call),
            ExprKind::Conditional(conditional) => self.conditional(expr, conditional),
            ExprKind::Binary(_) => self.binary(expr),
            ExprKind::Unary(unary) => self.unary(expr, unary),
            ExprKind::For(f) => self.for_expr(f),
        }
    }

    fn number(&mut self, expr: &Expr, text: &str) -> Value {
        match text.parse::<Number>() {
            Ok(number) => Value::number(number),
            Err(_) => self.error(
                expr,
                expr.span,
                "Invalid number literal",
                "This number is not written in a way that can be read.",
            ),
        }
    }

    /// A traversal from its root, without recursion along it.
    fn traversal(&mut self, expr: &Expr) -> Value {
        let (root, links) = chain(expr);
        let (mut value, skip) = if let ExprKind::Variable(name) = &root.kind {
            let found = match self.bound(name) {
                Some(value) => Some((value, 0)),
                None => self.resolve(name, root.span, &links),
            };
            let Some(found) = found else {
                return Self::dynamic();
            };
            found
        } else {
            let before = self.failures;
            let value = self.eval(root);
            if self.failed_since(before) {
                return Self::dynamic();
            }
            (value, 0)
        };
        for link in links.get(skip..).unwrap_or_default() {
            let before = self.failures;
            value = self.follow(expr, &value, *link);
            if self.failed_since(before) {
                return Self::dynamic();
            }
        }
        value
    }

    fn bound(&self, name: &Arc<str>) -> Option<Value> {
        self.bindings
            .iter()
            .rev()
            .find(|(bound, _)| bound == name)
            .map(|(_, value)| value.clone())
    }

    /// Asks the scope; the value and how many links it stands for.
    fn resolve(
        &mut self,
        name: &Arc<str>,
        span: Span,
        links: &[Link<'_>],
    ) -> Option<(Value, usize)> {
        let found = if self.scope.plain_names() {
            Ok(reference::Found {
                reference: reference::Reference {
                    subject: reference::Subject::Plain((&**name).into()),
                    span,
                    attribute: None,
                },
                links: 0,
            })
        } else {
            reference::parse(name, span, links)
        };
        let resolved = found.and_then(|found| {
            self.scope
                .resolve(&found.reference)
                .map(|resolved| match resolved {
                    Resolved::Whole(value) => (value, found.links),
                    Resolved::Instance(value) => (value, found.links + 1),
                })
        });
        match resolved {
            Ok(found) => Some(found),
            Err(diagnostic) => {
                self.push(diagnostic, true);
                None
            }
        }
    }

    /// Runs `body` with names bound.
    fn with_bindings<R>(
        &mut self,
        bindings: impl IntoIterator<Item = (Arc<str>, Value)>,
        body: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = self.bindings.len();
        self.bindings.extend(bindings);
        let result = body(self);
        self.bindings.truncate(outer);
        result
    }
}

/// A traversal as people write it, where its keys are literals.
fn source_of(expr: &Expr) -> Option<String> {
    let (root, links) = chain(expr);
    let ExprKind::Variable(name) = &root.kind else {
        return None;
    };
    let mut text = name.to_string();
    for link in links {
        match link {
            Link::Attr(name) | Link::Legacy(name) => {
                text.push('.');
                text.push_str(&name.text);
            }
            Link::Index(key, _) => match &key.kind {
                ExprKind::String(key) => {
                    let _ = write!(text, "[{key:?}]");
                }
                ExprKind::Number(key) => {
                    let _ = write!(text, "[{key}]");
                }
                _ => text.push_str("[…]"),
            },
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests;
