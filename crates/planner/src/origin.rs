//! Where a value is written: the expressions that it is made from, in one form whatever their
//! layout. Two configurations that take a secret from different places differ, even where nobody
//! knows the values.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use flowctl_lang::{Subject, references};
use flowctl_model::{Address, AttributePath, ModulePath, Step};
use flowctl_parser::ast::{Body, Expr, ExprKind, ObjectItem, ObjectKey, SplatStep, TemplatePart};
use flowctl_parser::configuration::{Configuration, Module, ModuleCall, Resource};

/// What an attribute of an instance is made from; empty if it is not configured. It may hold
/// literals that are secret, so it is for comparison only.
pub(crate) fn origin(
    configuration: &Configuration,
    address: &Address,
    path: &AttributePath,
) -> String {
    let mut tracer = Tracer::default();
    let resource = &address.resource;
    let Some(place) = Place::at(configuration, &resource.module.path()) else {
        return tracer.text;
    };
    let mut blocks = place.module.resources.iter();
    let block = blocks.find(|block| {
        block.kind == flowctl_parser::configuration::ResourceKind::Managed
            && *block.type_name.text == *resource.type_name
            && *block.name.text == *resource.name
    });
    if let Some(block) = block {
        tracer.body(&place, block, &block.body, path.steps());
    }
    tracer.text
}

/// A module and the calls that lead to it.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) module: &'a Module,
    pub(crate) caller: Option<(Box<Place<'a>>, &'a ModuleCall)>,
    path: String,
}

impl<'a> Place<'a> {
    pub(crate) fn at(configuration: &'a Configuration, path: &ModulePath) -> Option<Self> {
        let mut place = Self {
            module: &configuration.root,
            caller: None,
            path: String::new(),
        };
        for name in &path.0 {
            let call = place.module.calls.get(&**name)?;
            place = place.inside(call);
        }
        Some(place)
    }

    /// The module that is called.
    pub(crate) fn inside(self, call: &'a ModuleCall) -> Self {
        Self {
            module: &call.module,
            path: format!("{}.{}", self.path, call.name.text),
            caller: Some((Box::new(self), call)),
        }
    }
}

#[derive(Default)]
struct Tracer {
    text: String,
    /// What was written already, by module and name: an end to what goes round.
    seen: BTreeSet<(String, String)>,
}

impl Tracer {
    /// What is at a path of a body.
    fn body(&mut self, place: &Place<'_>, resource: &Resource, body: &Body, path: &[Step]) {
        let Some((Step::Attribute(name), rest)) = path.split_first() else {
            return;
        };
        if let Some(attribute) = body.attribute(name) {
            self.expr(place, Some(resource), part(&attribute.expr, rest));
            return;
        }
        let (index, inside) = match rest.split_first() {
            Some((Step::Index(index), inside)) => (*index, inside),
            _ => (0, rest),
        };
        // Which element a `dynamic` block makes is a matter of values; where they come from is not.
        for dynamic in body.blocks_of("dynamic") {
            if dynamic.labels.first().is_some_and(|l| *l.text == **name) {
                if let Some(each) = dynamic.body.attribute("for_each") {
                    self.expr(place, Some(resource), &each.expr);
                }
                for content in dynamic.body.blocks_of("content") {
                    self.body(place, resource, &content.body, inside);
                }
            }
        }
        if let Some(block) = body.blocks_of(name).nth(index) {
            self.body(place, resource, &block.body, inside);
        }
    }

    fn expr(&mut self, place: &Place<'_>, resource: Option<&Resource>, expr: &Expr) {
        shape(expr, &mut self.text);
        let (found, _) = references(expr);
        for reference in found {
            match reference.subject {
                Subject::Variable(name) => self.variable(place, &name),
                Subject::Local(name) => {
                    if self.begin(place, &format!("local.{name}"))
                        && let Some(local) = place.module.locals.get(&*name)
                    {
                        self.expr(place, None, &local.expr);
                    }
                }
                Subject::EachKey | Subject::EachValue => {
                    let each = resource.and_then(|resource| resource.for_each.as_ref());
                    if let Some(each) = each
                        && self.begin(place, "for_each")
                    {
                        self.expr(place, None, each);
                    }
                }
                _ => {}
            }
        }
    }

    /// A variable of a called module is what the call says; one of the root is only its name.
    fn variable(&mut self, place: &Place<'_>, name: &str) {
        let Some((caller, call)) = &place.caller else {
            return;
        };
        if !self.begin(place, &format!("var.{name}")) {
            return;
        }
        match call.arguments.iter().find(|a| *a.name.text == *name) {
            Some(argument) => self.expr(caller, None, &argument.expr),
            None => {
                let variable = place.module.variables.get(name);
                if let Some(default) = variable.and_then(|variable| variable.default.as_ref()) {
                    shape(default, &mut self.text);
                }
            }
        }
    }

    fn begin(&mut self, place: &Place<'_>, name: &str) -> bool {
        let new = self.seen.insert((place.path.clone(), name.to_owned()));
        if new {
            self.text.push_str(" <- ");
        }
        new
    }
}

/// The part of an expression that makes what is at a path of its value, as far as it is written with
/// literal names.
fn part<'e>(expr: &'e Expr, path: &[Step]) -> &'e Expr {
    let Some((step, rest)) = path.split_first() else {
        return expr;
    };
    let inner = match (&expr.kind, step) {
        (ExprKind::Wrapped(inner) | ExprKind::Parens(inner), _) => return part(inner, path),
        (ExprKind::Object(items), Step::Attribute(name) | Step::Key(name)) => {
            let is_literal = |item: &&ObjectItem| match &item.key {
                ObjectKey::Name(_) => true,
                ObjectKey::Expr(key) => matches!(&key.kind, ExprKind::String(_)),
            };
            let is_it = |item: &&ObjectItem| match &item.key {
                ObjectKey::Name(key) => *key.text == **name,
                ObjectKey::Expr(key) => {
                    matches!(&key.kind, ExprKind::String(key) if **key == **name)
                }
            };
            let literal = items.iter().all(|item| is_literal(&item));
            items
                .iter()
                .find(is_it)
                .filter(|_| literal)
                .map(|item| &item.value)
        }
        (ExprKind::Tuple(elements), Step::Index(index)) => elements.get(*index),
        _ => None,
    };
    inner.map_or(expr, |inner| part(inner, rest))
}

/// Writes an expression in a form in which two that differ in layout, comments or needless brackets
/// are the same, and no others.
fn shape(expr: &Expr, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match &expr.kind {
        ExprKind::Wrapped(inner) | ExprKind::Parens(inner) => return shape(inner, out),
        ExprKind::Null => write!(out, "null"),
        ExprKind::Bool(value) => write!(out, "{value}"),
        ExprKind::Number(digits) => write!(out, "{digits}"),
        ExprKind::String(text) => write!(out, "{text:?}"),
        ExprKind::Variable(name) => write!(out, "{name}"),
        ExprKind::Template(parts) => {
            out.push_str("template");
            literals(parts, out);
            Ok(())
        }
        ExprKind::Tuple(_) => write!(out, "tuple"),
        ExprKind::Object(items) => {
            out.push_str("object");
            for item in items {
                if let ObjectKey::Name(name) = &item.key {
                    let _ = write!(out, " {:?}", name.text);
                } else {
                    out.push_str(" _");
                }
            }
            Ok(())
        }
        ExprKind::GetAttr(access) => write!(out, ".{}", access.name.text),
        ExprKind::LegacyIndex(access) => write!(out, ".{}", access.index.text),
        ExprKind::Index(_) => write!(out, "index"),
        ExprKind::Splat(splat) => {
            out.push_str(if splat.full { "[*]" } else { ".*" });
            for step in &splat.each {
                let _ = match step {
                    SplatStep::Attr(name) | SplatStep::LegacyIndex(name) => {
                        write!(out, ".{}", name.text)
                    }
                    SplatStep::Index(..) => write!(out, "[]"),
                };
            }
            Ok(())
        }
        ExprKind::Call(call) => {
            let more = if call.expand_final { "..." } else { "" };
            write!(out, "call {}{more}", call.name.text)
        }
        ExprKind::Conditional(_) => write!(out, "if"),
        ExprKind::Binary(binary) => write!(out, "{:?}", binary.op),
        ExprKind::Unary(unary) => write!(out, "{:?}", unary.op),
        ExprKind::For(each) => {
            let key = each.key.as_ref().map(|key| &key.text);
            let parts = (each.result_key.is_some(), each.condition.is_some());
            write!(
                out,
                "for {key:?} {} {parts:?} {}",
                each.value.text, each.group
            )
        }
    };
    out.push('(');
    expr.children(&mut |child| {
        shape(child, out);
        out.push(',');
    });
    out.push(')');
}

/// The texts of a template; what stands between them follows as its children.
fn literals(parts: &[TemplatePart], out: &mut String) {
    out.push('[');
    for part in parts {
        match part {
            TemplatePart::Literal(text) => {
                let _ = write!(out, "{text:?}");
            }
            TemplatePart::Interpolation(_) => out.push('$'),
            TemplatePart::If(choice) => {
                out.push('?');
                literals(&choice.yes, out);
                literals(&choice.no, out);
            }
            TemplatePart::For(each) => {
                let key = each.key.as_ref().map(|key| &key.text);
                let _ = write!(out, "for {key:?} {}", each.value.text);
                literals(&each.body, out);
            }
        }
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use flowctl_parser::SourceMap;
    use flowctl_parser::hcl::parse_expression;

    use super::*;

    fn shaped(text: &str) -> String {
        let file = SourceMap::default().add("", text);
        let mut out = String::new();
        shape(&parse_expression(file, text).unwrap(), &mut out);
        out
    }

    #[test]
    fn layout_is_nothing_and_everything_else_counts() {
        for (one, other) in [
            ("var.a", "(var . a)"),
            ("\"${var.a}\"", "var.a"),
            ("f(1, [ 2,3 ])", "f( 1,\n [2, # two\n 3])"),
            ("{ a = 1 }", "{\n a = 1\n}"),
        ] {
            assert_eq!(shaped(one), shaped(other), "{one}");
        }
        for (one, other) in [
            ("var.a", "var.b"),
            ("\"a\"", "var.a"),
            ("\"x-${var.a}\"", "\"y-${var.a}\""),
            ("\"${var.a}-\"", "\"-${var.a}\""),
            (
                "\"%{ if var.a }x%{ else }y%{ endif }\"",
                "\"%{ if var.a }y%{ else }x%{ endif }\"",
            ),
            ("[1, 2]", "[12]"),
            ("f(var.a)", "g(var.a)"),
            ("f(var.a...)", "f(var.a)"),
            ("a + b", "a - b"),
            ("{ a = 1 }", "{ b = 1 }"),
            ("[for x in y : x]", "[for x in y : x if x]"),
            ("a[0]", "a[1]"),
        ] {
            assert_ne!(shaped(one), shaped(other), "{one}");
        }
    }
}
