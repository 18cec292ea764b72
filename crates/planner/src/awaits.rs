//! What a value that is not known yet waits for: the objects that its expression names, followed
//! through local values, variables of modules and `each.value`. For readers of a plan alone.

use std::fmt::Write as _;

use flowctl_model::plan::Awaited;
use flowctl_model::{AttributePath, Kind, ModuleInstance, Step, Text, Value};
use flowctl_parser::ast::{Body, Expr, ExprKind, ObjectKey};
use flowctl_parser::traversal::{Key, Link, chain, traversals};

use crate::expansion::Repetition;
use crate::walk::{Instance, Phase, Walk};

/// So many objects are named for a value; a reader needs no more.
const MOST: usize = 8;
/// So many references are followed for a value.
const EFFORT: usize = 200;

/// What the parts of an instance's configuration wait for that are not known yet.
pub(crate) fn of(walk: &Walk<'_>, instance: &Instance<'_>, config: &Value) -> Vec<Awaited> {
    if walk.phase != Phase::Plan || config.is_wholly_known() {
        return Vec::new();
    }
    let mut paths = Vec::new();
    unknown(config, &mut AttributePath::root(), &mut paths);
    let repetition = walk.repetition(instance);
    let resource = instance.resource;
    let site = Site {
        place: instance.place,
        repetition: &repetition,
        for_each: resource.for_each.as_ref(),
    };
    let awaited = paths.into_iter().filter_map(|path| {
        let mut trace = Trace::new(walk);
        trace.body(&site, &resource.body, path.steps());
        trace.told(path)
    });
    awaited.collect()
}

/// What an output of the root module waits for.
pub(crate) fn of_output(walk: &Walk<'_>, expr: &Expr, value: Option<&Value>) -> Vec<Awaited> {
    let mut paths = Vec::new();
    if let Some(value) = value.filter(|_| walk.phase == Phase::Plan) {
        unknown(value, &mut AttributePath::root(), &mut paths);
    }
    let site = Site {
        place: 0,
        repetition: &Repetition::default(),
        for_each: None,
    };
    let awaited = paths.into_iter().filter_map(|path| {
        let mut trace = Trace::new(walk);
        trace.part(&site, expr, path.steps());
        trace.told(path)
    });
    awaited.collect()
}

/// The innermost parts that are not known; of a set only the whole, whose elements have no place.
fn unknown(value: &Value, path: &mut AttributePath, found: &mut Vec<AttributePath>) {
    let mut inside = |step: Step, value: &Value| {
        path.push(step);
        unknown(value, path, found);
        path.pop();
    };
    match value.kind() {
        Kind::List(_, elements) | Kind::Tuple(elements) => {
            for (index, element) in elements.iter().enumerate() {
                inside(Step::Index(index), element);
            }
        }
        Kind::Map(_, members) => {
            for (name, member) in members.iter() {
                inside(Step::Key(name.clone()), member);
            }
        }
        Kind::Object(members) => {
            for (name, member) in members.iter() {
                inside(Step::Attribute(name.clone()), member);
            }
        }
        _ if value.is_wholly_known() => {}
        _ => found.push(path.clone()),
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Site<'s> {
    place: usize,
    repetition: &'s Repetition,
    for_each: Option<&'s Expr>,
}

struct Trace<'w, 'a> {
    walk: &'w Walk<'a>,
    on: Vec<String>,
    effort: usize,
}

impl<'w, 'a> Trace<'w, 'a> {
    fn new(walk: &'w Walk<'a>) -> Self {
        Self {
            walk,
            on: Vec::new(),
            effort: 0,
        }
    }

    fn told(self, path: AttributePath) -> Option<Awaited> {
        let on = self.on;
        (!on.is_empty()).then_some(Awaited { path, on })
    }

    /// What is at a path of a body.
    fn body(&mut self, site: &Site<'_>, body: &Body, path: &[Step]) {
        let Some((Step::Attribute(name), rest)) = path.split_first() else {
            return;
        };
        if let Some(attribute) = body.attribute(name) {
            return self.part(site, &attribute.expr, rest);
        }
        let (index, inside) = match rest.split_first() {
            Some((Step::Index(index), inside)) => (*index, inside),
            _ => (0, rest),
        };
        // The names of an iterator are bound by its block alone: what it goes over stands for them.
        for dynamic in body.blocks_of("dynamic") {
            if dynamic.labels.first().is_some_and(|l| *l.text == **name) {
                if let Some(each) = dynamic.body.attribute("for_each") {
                    self.part(site, &each.expr, &[]);
                }
                for content in dynamic.body.blocks_of("content") {
                    self.body(site, &content.body, inside);
                }
            }
        }
        if let Some(block) = body.blocks_of(name).nth(index) {
            self.body(site, &block.body, inside);
        }
    }

    /// The part of an expression that makes what is at a path of its value, if it is written as
    /// such, and else all of it.
    fn part(&mut self, site: &Site<'_>, expr: &Expr, path: &[Step]) {
        let Some((step, rest)) = path.split_first() else {
            return self.references(site, expr);
        };
        match (&expr.kind, step) {
            (ExprKind::Wrapped(inner) | ExprKind::Parens(inner), _) => self.part(site, inner, path),
            (ExprKind::Object(items), Step::Attribute(name) | Step::Key(name)) => {
                let item = items.iter().find(|item| match &item.key {
                    ObjectKey::Name(key) => *key.text == **name,
                    ObjectKey::Expr(key) => {
                        let key = self.walk.evaluate(site.place, key, site.repetition, None);
                        key.value.as_str() == Some(name)
                    }
                });
                match item {
                    Some(item) => self.part(site, &item.value, rest),
                    None => self.references(site, expr),
                }
            }
            (ExprKind::Tuple(elements), Step::Index(index)) => match elements.get(*index) {
                Some(element) => self.part(site, element, rest),
                None => self.references(site, expr),
            },
            _ => self.references(site, expr),
        }
    }

    fn references(&mut self, site: &Site<'_>, expr: &Expr) {
        for traversal in traversals(expr) {
            self.effort += 1;
            if self.effort > EFFORT || self.on.len() >= MOST {
                return;
            }
            let found = self
                .walk
                .evaluate(site.place, traversal, site.repetition, None);
            if !found.has_errors() && !found.value.is_wholly_known() {
                self.follow(site, traversal);
            }
        }
    }

    /// What a reference to something that is not known stands for.
    fn follow(&mut self, site: &Site<'_>, traversal: &Expr) {
        let (root, links) = chain(traversal);
        let ExprKind::Variable(root) = &root.kind else {
            return;
        };
        let name = match links.first() {
            Some(Link::Attr(name)) => &*name.text,
            _ => "",
        };
        let values = self.walk.store.get(site.place);
        match &**root {
            "local" => {
                if let Some(local) = values.module.locals.get(name) {
                    let site = Site {
                        repetition: &Repetition::default(),
                        for_each: None,
                        ..*site
                    };
                    self.part(&site, &local.expr, &steps(links.get(1..)));
                }
            }
            "var" => self.variable(site, name, links.get(1..)),
            "each" => match site.for_each {
                Some(each) => self.part(
                    &Site {
                        for_each: None,
                        ..*site
                    },
                    each,
                    &[],
                ),
                None => self.name(site, root, &links),
            },
            _ => self.name(site, root, &links),
        }
    }

    /// A variable of a called module is what the call says; one of the root is only its name.
    fn variable(&mut self, site: &Site<'_>, name: &str, links: Option<&[Link<'_>]>) {
        let instance = &self.walk.store.get(site.place).instance;
        let Some((call, parents)) = instance.0.split_last() else {
            return self.add(format!("var.{name}"));
        };
        let parent = self.walk.store.place(&ModuleInstance(parents.to_vec()));
        let Some(place) = parent else { return };
        let values = self.walk.store.get(place);
        let Some(written) = values.module.calls.get(&*call.name) else {
            return;
        };
        let expansion = values.calls.get(&call.name);
        let repetition = expansion.map(|expansion| expansion.repetition(call.key.as_ref()));
        let argument = written.arguments.iter().find(|a| *a.name.text == *name);
        if let Some(argument) = argument {
            let site = Site {
                place,
                repetition: &repetition.unwrap_or_default(),
                for_each: written.for_each.as_ref(),
            };
            self.part(&site, &argument.expr, &steps(links));
        }
    }

    /// A reference with its keys as they are in this instance.
    fn name(&mut self, site: &Site<'_>, root: &str, links: &[Link<'_>]) {
        let instance = &self.walk.store.get(site.place).instance;
        let mut text = if instance.is_root() {
            root.to_owned()
        } else {
            format!("{instance}.{root}")
        };
        for link in links {
            // Writing to a string cannot fail.
            let _ = match link {
                Link::Attr(name) => write!(text, ".{}", name.text),
                Link::Legacy(name) => write!(text, "[{}]", name.text),
                Link::Index(key, _) => {
                    let key = self.walk.evaluate(site.place, key, site.repetition, None);
                    let key = key.value;
                    match key.kind() {
                        _ if key.is_sensitive() => write!(text, "[…]"),
                        Kind::String(key) => write!(text, "[{key:?}]"),
                        Kind::Number(key) => write!(text, "[{key}]"),
                        _ => write!(text, "[…]"),
                    }
                }
            };
        }
        self.add(text);
    }

    fn add(&mut self, text: String) {
        if !self.on.contains(&text) {
            self.on.push(text);
        }
    }
}

/// The steps that lead into a value, as far as they are written as literals.
fn steps(links: Option<&[Link<'_>]>) -> Vec<Step> {
    let step = |link: &Link<'_>| match link {
        Link::Attr(name) => Some(Step::Attribute(Text::from(&*name.text))),
        _ => match link.key()? {
            Key::Text(text) => Some(Step::Key(text.into())),
            Key::Number(number) => usize::try_from(number).ok().map(Step::Index),
        },
    };
    links.into_iter().flatten().map_while(step).collect()
}
