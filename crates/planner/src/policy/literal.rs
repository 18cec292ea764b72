//! Where the value of an argument is written out in the configuration: followed through local
//! values, arguments and defaults of variables, outputs of modules, `for_each` and `dynamic`.
//!
//! What comes from outside (a variable that is given, a resource, a data source, a file) is no
//! literal. Whatever cannot be told apart counts as coming from outside if any part of it does.

use std::cell::Cell;

use flowctl_lang::{Subject, references};
use flowctl_model::{Address, AttributePath, ModulePath, Step};
use flowctl_parser::ast::{Body, Expr, ExprKind, ObjectKey, Span, TemplatePart};
use flowctl_parser::configuration::{Configuration, Resource, ResourceKind};
use flowctl_schema::{Block, Providers};

use crate::dynamic::Dynamic;
use crate::input::Input;
use crate::origin::Place;
use crate::variables::GivenVariables;

/// Names are followed so often, and then taken as coming from outside: an end to what goes round.
const MOST_STEPS: usize = 10_000;

/// The index of any element.
const ANY: usize = usize::MAX;

/// Finds literals in the block of one instance.
pub(super) struct Literals<'a> {
    variables: &'a GivenVariables,
    place: Option<Place<'a>>,
    block: &'a Resource,
    left: Cell<usize>,
}

/// What names mean at an expression.
#[derive(Clone, Copy)]
struct Names<'s, 'a> {
    place: &'s Place<'a>,
    /// The block that `each` belongs to.
    for_each: Option<&'s Expr>,
    /// The iterators of `dynamic` blocks around, innermost first.
    iterators: Option<&'s Iterator<'s>>,
}

struct Iterator<'s> {
    name: &'s str,
    for_each: Option<&'s Expr>,
    outer: Option<&'s Iterator<'s>>,
}

impl<'a> Literals<'a> {
    pub(super) fn new(input: Input<'a>, address: &Address, block: &'a Resource) -> Self {
        Self {
            place: Place::at(input.configuration, &address.resource.module.path()),
            variables: input.variables,
            block,
            left: Cell::new(MOST_STEPS),
        }
    }

    /// The literals that the value at a path is made of; none if it comes from outside.
    pub(super) fn of(&self, path: &AttributePath) -> Vec<Span> {
        let mut found = Vec::new();
        if let Some(place) = &self.place {
            let names = Names {
                place,
                for_each: self.block.for_each.as_ref(),
                iterators: None,
            };
            self.left.set(MOST_STEPS);
            self.body(names, &self.block.body, path.steps(), &mut found);
        }
        found
    }

    fn body(&self, names: Names<'_, 'a>, body: &Body, path: &[Step], out: &mut Vec<Span>) {
        let Some((Step::Attribute(name), rest)) = path.split_first() else {
            return;
        };
        if let Some(attribute) = body.attribute(name) {
            return self.expr(names, &attribute.expr, rest, out);
        }
        let (index, inside) = match rest.split_first() {
            Some((Step::Index(index), inside)) => (*index, inside),
            _ => (0, rest),
        };
        if let Some(block) = body.blocks_of(name).nth(index) {
            return self.body(names, &block.body, inside, out);
        }
        // Which of them makes the element is a matter of values: any will do.
        let dynamic = body.blocks_of("dynamic").filter_map(Dynamic::of);
        for dynamic in dynamic.filter(|dynamic| *dynamic.block_type == **name) {
            let iterator = Iterator {
                name: &dynamic.iterator,
                for_each: dynamic.for_each,
                outer: names.iterators,
            };
            let names = Names {
                iterators: Some(&iterator),
                ..names
            };
            if let Some(content) = dynamic.content {
                self.body(names, &content.body, inside, out);
            }
        }
    }

    /// The literals of what `path` leads to inside of the value of an expression.
    fn expr(&self, names: Names<'_, 'a>, expr: &Expr, path: &[Step], out: &mut Vec<Span>) {
        let Some(left) = self.left.get().checked_sub(1) else {
            return;
        };
        self.left.set(left);
        let inside = path.split_first().map_or(path, |(_, rest)| rest);
        match &expr.kind {
            // Nothing is no secret.
            ExprKind::Null => {}
            ExprKind::String(text) if text.is_empty() => {}
            ExprKind::String(_) | ExprKind::Bool(_) | ExprKind::Number(_) => out.push(expr.span),
            ExprKind::Wrapped(inner) | ExprKind::Parens(inner) => {
                self.expr(names, inner, path, out);
            }
            ExprKind::Conditional(choice) => {
                self.expr(names, &choice.yes, path, out);
                self.expr(names, &choice.no, path, out);
            }
            ExprKind::Object(items) => {
                for item in items.iter().filter(|item| may_be(&item.key, path.first())) {
                    self.expr(names, &item.value, inside, out);
                }
            }
            ExprKind::Tuple(items) => {
                let wanted = match path.first() {
                    Some(Step::Index(index)) if *index != ANY => items.get(*index..=*index),
                    _ => Some(&items[..]),
                };
                for item in wanted.unwrap_or_default() {
                    self.expr(names, item, inside, out);
                }
            }
            ExprKind::Variable(_)
            | ExprKind::GetAttr(_)
            | ExprKind::Index(_)
            | ExprKind::LegacyIndex(_) => {
                self.traversal(names, expr, path, out);
            }
            _ => {
                // A computed value is a literal if everything that it is computed from is one.
                let mut literals = Vec::new();
                if !self.comes_from_outside(names, expr, &mut literals) {
                    out.append(&mut literals);
                }
            }
        }
    }

    /// Whether any part of a computed value comes from outside, and the literals among the others.
    fn comes_from_outside(
        &self,
        names: Names<'_, 'a>,
        expr: &Expr,
        literals: &mut Vec<Span>,
    ) -> bool {
        match &expr.kind {
            ExprKind::Call(call)
                if call.name.text.starts_with("file") || &*call.name.text == "templatefile" =>
            {
                return true;
            }
            ExprKind::Template(parts) => {
                let is_text = |part: &TemplatePart| matches!(part, TemplatePart::Literal(text) if !text.is_empty());
                if parts.iter().any(is_text) {
                    literals.push(expr.span);
                }
            }
            // Its own names are elements of the collection.
            ExprKind::For(each) => {
                return self.part_from_outside(names, &each.collection, literals);
            }
            _ => {}
        }
        let mut outside = false;
        expr.children(&mut |child| outside |= self.part_from_outside(names, child, literals));
        outside
    }

    fn part_from_outside(
        &self,
        names: Names<'_, 'a>,
        part: &Expr,
        literals: &mut Vec<Span>,
    ) -> bool {
        match &part.kind {
            ExprKind::Variable(_)
            | ExprKind::GetAttr(_)
            | ExprKind::Index(_)
            | ExprKind::LegacyIndex(_) => {
                let before = literals.len();
                self.expr(names, part, &[], literals);
                literals.len() == before && !references(part).0.is_empty()
            }
            ExprKind::String(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Null => {
                self.expr(names, part, &[], literals);
                false
            }
            _ => self.comes_from_outside(names, part, literals),
        }
    }

    /// `local.a.b`, `var.x["y"]` and the like. `None` says no more than that nothing was found.
    fn traversal(
        &self,
        names: Names<'_, 'a>,
        expr: &Expr,
        path: &[Step],
        out: &mut Vec<Span>,
    ) -> Option<()> {
        let (root, mut steps) = chain(expr)?;
        steps.extend_from_slice(path);
        let is_value =
            matches!(steps.first(), Some(Step::Attribute(name)) if name.as_str() == "value");
        let mut iterators = names.iterators;
        while let Some(iterator) = iterators {
            if iterator.name == root && is_value {
                let outer = Names {
                    iterators: iterator.outer,
                    ..names
                };
                self.element(outer, iterator.for_each?, steps.get(1..)?, out);
                return Some(());
            }
            iterators = iterator.outer;
        }
        let place = names.place;
        let (found, _) = references(expr);
        match found.into_iter().next()?.subject {
            Subject::Local(name) => {
                let local = place.module.locals.get(&*name)?;
                self.expr(Names::of(place), &local.expr, steps.get(1..)?, out);
            }
            Subject::Variable(name) => {
                self.variable(place, &name, steps.get(1..)?, out)?;
            }
            Subject::EachValue => {
                self.element(Names::of(place), names.for_each?, steps.get(1..)?, out);
            }
            Subject::Module { name, .. } => {
                let call = place.module.calls.get(&*name)?;
                let behind = steps.iter().skip(1);
                let mut behind = behind.skip_while(|s| !matches!(s, Step::Attribute(_)));
                let Some(Step::Attribute(output)) = behind.next() else {
                    return None;
                };
                let output = call.module.outputs.get(&**output)?;
                let rest: Vec<_> = behind.cloned().collect();
                let inside = place.clone().inside(call);
                self.expr(Names::of(&inside), &output.value, &rest, out);
            }
            _ => {}
        }
        Some(())
    }

    /// Any element of a collection.
    fn element(&self, names: Names<'_, 'a>, collection: &Expr, rest: &[Step], out: &mut Vec<Span>) {
        if let ExprKind::Call(call) = &collection.kind
            && matches!(&*call.name.text, "toset" | "tolist" | "tomap")
            && let Some(argument) = call.args.first()
        {
            return self.element(names, argument, rest, out);
        }
        let mut path = vec![Step::Index(ANY)];
        path.extend_from_slice(rest);
        self.expr(names, collection, &path, out);
    }

    /// A variable of a called module is what the call says; one of the root comes from outside if
    /// it is given.
    fn variable(
        &self,
        place: &Place<'a>,
        name: &str,
        path: &[Step],
        out: &mut Vec<Span>,
    ) -> Option<()> {
        let default = || {
            let variable = place.module.variables.get(name);
            variable.and_then(|variable| variable.default.as_ref())
        };
        if let Some((caller, call)) = &place.caller {
            if let Some(argument) = call.arguments.iter().find(|a| *a.name.text == *name) {
                let names = Names {
                    for_each: call.for_each.as_ref(),
                    ..Names::of(caller)
                };
                self.expr(names, &argument.expr, path, out);
                return Some(());
            }
        } else if self.variables.contains_key(name) {
            return None;
        }
        self.expr(Names::of(place), default()?, path, out);
        Some(())
    }
}

/// Whether an item of an object may be what a step leads to.
fn may_be(key: &ObjectKey, step: Option<&Step>) -> bool {
    let (Some(Step::Attribute(name) | Step::Key(name)), key) = (step, key) else {
        return true;
    };
    match key {
        ObjectKey::Name(key) => *key.text == **name,
        ObjectKey::Expr(key) => match &key.kind {
            ExprKind::String(text) => **text == **name,
            _ => true,
        },
    }
}

/// Every literal that a credential of a configuration is made of, whatever variables are given: what
/// must not be seen where the configuration is shown.
pub fn literal_credentials(configuration: &Configuration, providers: &Providers) -> Vec<Span> {
    let mut found = Vec::new();
    let variables = GivenVariables::default();
    let mut waiting = vec![(ModulePath::root(), &configuration.root)];
    while let Some((path, module)) = waiting.pop() {
        for (name, call) in &module.calls {
            waiting.push((path.child(&**name), &call.module));
        }
        for block in &module.resources {
            let resource = providers.resource_type(&block.type_name.text);
            let (ResourceKind::Managed, Some(resource)) = (block.kind, resource) else {
                continue;
            };
            let literals = Literals {
                place: Place::at(configuration, &path),
                variables: &variables,
                block,
                left: Cell::new(MOST_STEPS),
            };
            let schema = &resource.schema().block;
            secrets(
                &block.body,
                schema,
                &mut AttributePath::root(),
                &mut |path| {
                    found.extend(literals.of(path));
                },
            );
        }
    }
    found
}

/// The secret attributes that a body may set.
fn secrets(
    body: &Body,
    schema: &Block,
    path: &mut AttributePath,
    visit: &mut dyn FnMut(&AttributePath),
) {
    for attribute in schema.attributes.iter().filter(|a| a.secret) {
        visit(&path.child(attribute.name));
    }
    for nested in &schema.blocks {
        path.push(Step::Attribute(nested.name.into()));
        let mut count = 0;
        for block in body.blocks_of(nested.name) {
            path.push(Step::Index(count));
            secrets(&block.body, &nested.block, path, visit);
            path.pop();
            count += 1;
        }
        // What `dynamic` blocks make follows those that are written.
        let made = body.blocks_of("dynamic").filter_map(Dynamic::of);
        for dynamic in made.filter(|dynamic| dynamic.block_type == nested.name) {
            if let Some(content) = dynamic.content {
                path.push(Step::Index(count));
                secrets(&content.body, &nested.block, path, visit);
                path.pop();
            }
        }
        path.pop();
    }
}

impl<'s, 'a> Names<'s, 'a> {
    fn of(place: &'s Place<'a>) -> Self {
        Self {
            place,
            for_each: None,
            iterators: None,
        }
    }
}

/// The root name of a traversal and its steps; a key that is not written out stands for any.
fn chain(expr: &Expr) -> Option<(&str, Vec<Step>)> {
    match &expr.kind {
        ExprKind::Variable(name) => Some((name, Vec::new())),
        ExprKind::GetAttr(access) => {
            let (root, mut steps) = chain(&access.target)?;
            steps.push(Step::Attribute((&*access.name.text).into()));
            Some((root, steps))
        }
        ExprKind::LegacyIndex(access) => {
            let (root, mut steps) = chain(&access.target)?;
            steps.push(Step::Index(access.index.text.parse().ok()?));
            Some((root, steps))
        }
        ExprKind::Index(access) => {
            let (root, mut steps) = chain(&access.target)?;
            steps.push(match &access.key.kind {
                ExprKind::String(key) => Step::Key((&**key).into()),
                ExprKind::Number(digits) => Step::Index(digits.parse().ok()?),
                _ => Step::Index(ANY),
            });
            Some((root, steps))
        }
        _ => None,
    }
}
