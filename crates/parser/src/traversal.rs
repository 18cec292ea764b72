//! Traversals: a name and the steps behind it, such as `var.a.b[0]`.

use crate::ast::{Expr, ExprKind, Name, Span, TemplatePart};

/// One step behind the root of a traversal.
#[derive(Clone, Copy)]
pub enum Link<'e> {
    /// `.name`.
    Attr(&'e Name),
    /// `[key]`, with the span of the brackets.
    Index(&'e Expr, Span),
    /// `.0`.
    Legacy(&'e Name),
}

impl<'e> Link<'e> {
    /// Its place.
    pub fn span(&self) -> Span {
        match self {
            Self::Attr(name) | Self::Legacy(name) => name.span,
            Self::Index(_, brackets) => *brackets,
        }
    }

    /// The key, where it is written as a literal.
    pub fn key(&self) -> Option<Key<'e>> {
        match self {
            Self::Attr(_) => None,
            Self::Legacy(name) => name.text.parse().ok().map(Key::Number),
            Self::Index(expr, _) => match &expr.kind {
                ExprKind::String(text) => Some(Key::Text(text)),
                ExprKind::Number(text) => text.parse().ok().map(Key::Number),
                _ => None,
            },
        }
    }
}

/// A key that is written as a literal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key<'e> {
    /// `["text"]`.
    Text(&'e str),
    /// `[1]` or `.1`.
    Number(u64),
}

/// Takes a traversal apart: what it starts from, and its steps in order.
pub fn chain(expr: &Expr) -> (&Expr, Vec<Link<'_>>) {
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

/// The traversals in an expression that start from a name that is not bound inside of it, in order of
/// appearance.
pub fn traversals(expr: &Expr) -> Vec<&Expr> {
    let mut collector = Collector::default();
    collector.visit(expr);
    collector.found
}

#[derive(Default)]
struct Collector<'e> {
    bound: Vec<&'e str>,
    found: Vec<&'e Expr>,
}

impl<'e> Collector<'e> {
    fn visit(&mut self, expr: &'e Expr) {
        match &expr.kind {
            ExprKind::Template(parts) => self.visit_parts(parts),
            ExprKind::Variable(_)
            | ExprKind::GetAttr(_)
            | ExprKind::Index(_)
            | ExprKind::LegacyIndex(_) => self.visit_traversal(expr),
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
            ExprKind::For(f) => {
                self.visit(&f.collection);
                let outer = self.bind(f.key.as_ref(), &f.value);
                f.result_key.iter().for_each(|key| self.visit(key));
                self.visit(&f.result);
                f.condition
                    .iter()
                    .for_each(|condition| self.visit(condition));
                self.bound.truncate(outer);
            }
            _ => expr.children(&mut |inner| self.visit(inner)),
        }
    }

    fn bind(&mut self, key: Option<&'e Name>, value: &'e Name) -> usize {
        let outer = self.bound.len();
        self.bound.extend(key.map(|name| &*name.text));
        self.bound.push(&value.text);
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
            ExprKind::Variable(name) if self.bound.contains(&&**name) => {}
            ExprKind::Variable(_) => self.found.push(expr),
            _ => self.visit(root),
        }
        for link in links {
            if let Link::Index(key, _) = link {
                self.visit(key);
            }
        }
    }
}
