//! `ignore_changes`: parts of a configuration that count only when an object is made.

use flowctl_lang::convert;
use flowctl_model::{AttributePath, Kind, Step, Type, Value};
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::configuration::{IgnoreChanges, Resource};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_schema::Block;

/// The configuration with what is to be ignored taken from the object as it is.
pub(crate) fn apply(
    ignore: &IgnoreChanges,
    block: &Block,
    prior: &Value,
    config: &Value,
    found: &mut Vec<Diagnostic>,
) -> Value {
    match ignore {
        IgnoreChanges::None => config.clone(),
        IgnoreChanges::All => configurable(block, prior),
        IgnoreChanges::Some(exprs) => {
            let mut config = config.clone();
            for expr in exprs {
                match path(expr, block) {
                    Ok(path) => config = with_prior(&config, prior, path.steps()),
                    Err(error) => found.push(error),
                }
            }
            config
        }
    }
}

/// Mistakes in `ignore_changes` that can be found without values.
pub(crate) fn check(ignore: &IgnoreChanges, block: &Block) -> Vec<Diagnostic> {
    match ignore {
        IgnoreChanges::Some(exprs) => exprs.iter().filter_map(|e| path(e, block).err()).collect(),
        IgnoreChanges::None | IgnoreChanges::All => Vec::new(),
    }
}

/// What is to be ignored although no configuration can set it.
pub(crate) fn redundant(resource: &Resource, block: &Block) -> Vec<Diagnostic> {
    let IgnoreChanges::Some(exprs) = &resource.lifecycle.ignore_changes else {
        return Vec::new();
    };
    let paths = exprs.iter().filter_map(|expr| path(expr, block).ok());
    let warning = |path: AttributePath| {
        let name = path.names().next()?;
        let attribute = block.attribute(name)?;
        let detail = format!(
            "No configuration sets {:?}, which comes from the service alone: there are no changes \
             of it to ignore.",
            attribute.name
        );
        let redundant = !attribute.presence.is_configurable() && !attribute.ignorable;
        let place = resource.type_name.span;
        redundant.then(|| Diagnostic::warning(place, "Redundant ignore_changes element", detail))
    };
    paths.filter_map(warning).collect()
}

/// An object as a configuration that would lead to it.
fn configurable(block: &Block, prior: &Value) -> Value {
    let Kind::Object(members) = prior.kind() else {
        return prior.clone();
    };
    let kept = members.iter().map(|(name, value)| {
        let attribute = block.attribute(name);
        let value = match attribute {
            Some(a) if !a.presence.is_configurable() => Value::null(a.ty.clone()),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::object(kept)
}

/// The path that an expression spells, relative to the resource.
fn path(expr: &Expr, block: &Block) -> Result<AttributePath, Diagnostic> {
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        at = match &at.kind {
            // JSON syntax writes names in strings.
            ExprKind::Variable(name) | ExprKind::String(name) => {
                steps.push(Step::Attribute((&**name).into()));
                break;
            }
            ExprKind::GetAttr(access) => {
                steps.push(Step::Attribute((&*access.name.text).into()));
                &access.target
            }
            ExprKind::Index(index) => {
                steps.push(match &index.key.kind {
                    ExprKind::String(key) => Step::Key((&**key).into()),
                    ExprKind::Number(text) => match text.parse() {
                        Ok(index) => Step::Index(index),
                        Err(_) => return Err(unreadable(expr)),
                    },
                    _ => return Err(unreadable(expr)),
                });
                &index.target
            }
            _ => return Err(unreadable(expr)),
        };
    }
    steps.reverse();
    let path = AttributePath::from(steps);
    let Some(first) = path.names().next() else {
        return Err(unreadable(expr));
    };
    // What is refused cannot change either: Terraform's configurations often ignore it.
    let known = block.attribute(first).is_some() || block.nested(first).is_some();
    if !known && block.instead_of(first).is_none() {
        let detail = format!("This resource has no argument and no block {:?}.", &**first);
        let error = Diagnostic::error(expr.span, "Unsupported attribute", detail);
        return Err(match flowctl_parser::nearest(first, block.names()) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        });
    }
    Ok(path)
}

fn unreadable(expr: &Expr) -> Diagnostic {
    Diagnostic::error(
        expr.span,
        "Invalid expression",
        "The name of an argument is required here, such as `name` or `tags[\"Owner\"]`: it is not \
         evaluated.",
    )
}

/// `config` with the value at a path taken from `prior`. What is not there is not there afterwards.
fn with_prior(config: &Value, prior: &Value, steps: &[Step]) -> Value {
    let Some((step, rest)) = steps.split_first() else {
        // Prior secrets are withheld: those stand for "unchanged".
        return convert(prior, &config.ty()).unwrap_or_else(|_| prior.clone());
    };
    match (step, config.kind()) {
        (
            Step::Attribute(name) | Step::Key(name),
            Kind::Object(members) | Kind::Map(_, members),
        ) => {
            let mut members = (**members).clone();
            match (members.get(name), prior.get(name)) {
                (Some(old), Some(prior)) => {
                    let value = with_prior(old, prior, rest);
                    members.insert(name.clone(), value);
                }
                (None, Some(prior)) if rest.is_empty() => {
                    members.insert(name.clone(), prior.clone());
                }
                (Some(_), None) if rest.is_empty() => {
                    members.remove(name);
                }
                _ => {}
            }
            let value = match config.kind() {
                Kind::Map(element, _) => Value::map(element.clone(), members),
                _ => Value::object(members),
            };
            value.marked(config.marks())
        }
        // A map that is not set, of which one key is to be kept as it is.
        (Step::Key(name), Kind::Null(Type::Map(element))) if rest.is_empty() => {
            match prior.get(name) {
                Some(prior) => {
                    Value::map((**element).clone(), [(name.clone(), prior.clone())].into())
                }
                None => config.clone(),
            }
        }
        (Step::Index(index), Kind::List(..) | Kind::Tuple(_)) => {
            let (Some(elements), Some(prior)) = (
                config.elements(),
                prior.elements().and_then(|elements| elements.get(*index)),
            ) else {
                return config.clone();
            };
            let mut elements = elements.to_vec();
            if let Some(element) = elements.get_mut(*index) {
                *element = with_prior(element, prior, rest);
            }
            let value = match config.kind() {
                Kind::List(element, _) => Value::list(element.clone(), elements),
                _ => Value::tuple(elements),
            };
            value.marked(config.marks())
        }
        // Blocks that occur once are lists of one: `block.argument` reaches into them.
        (Step::Attribute(_), Kind::List(element, blocks)) if blocks.len() == 1 => {
            match prior.elements() {
                Some([prior]) => {
                    let inside = with_prior(&blocks[0], prior, steps);
                    Value::list(element.clone(), vec![inside]).marked(config.marks())
                }
                _ => config.clone(),
            }
        }
        _ => config.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &AttributePath) -> &[Step] {
        path.steps()
    }

    #[test]
    fn only_what_is_named_is_kept() {
        let config = Value::object([
            ("a", Value::from("new")),
            (
                "m",
                Value::object([("k", Value::from("new")), ("l", Value::from("new"))]),
            ),
        ]);
        let prior = Value::object([
            ("a", Value::from("old")),
            (
                "m",
                Value::object([("k", Value::from("old")), ("l", Value::from("old"))]),
            ),
        ]);
        let whole = with_prior(&config, &prior, steps(&AttributePath::attribute("a")));
        assert_eq!(whole.get("a").and_then(Value::as_str), Some("old"));
        let key = AttributePath::attribute("m").key("k");
        let inner = with_prior(&config, &prior, steps(&key));
        let map = inner.get("m").and_then(Value::members);
        let texts: Vec<_> = map.into_iter().flatten().map(|(_, v)| v.as_str()).collect();
        assert_eq!(texts, [Some("old"), Some("new")]);
        assert_eq!(inner.get("a").and_then(Value::as_str), Some("new"));
    }
}
