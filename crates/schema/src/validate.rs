//! Validation of a value against a table: what is required, types, and what the service demands
//! of each value.
//!
//! What is unknown is passed over, and the value of a secret never reaches a message.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use flowctl_model::{AttributePath, Kind, Problem, Step, Type, Value};
use regex::Regex;

use crate::{Attribute, Block, Constraint, NestedBlock, Presence, Schema};

/// Everything in a value that its table forbids, in the order of the table.
pub fn validate(schema: &Schema, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_block(
        &schema.block,
        value,
        &mut AttributePath::root(),
        &mut problems,
    );
    problems
}

/// The candidate that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|c| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &c.to_lowercase()),
                c,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

fn check_block(block: &Block, value: &Value, path: &mut AttributePath, out: &mut Vec<Problem>) {
    if !value.is_known() {
        return;
    }
    for attribute in &block.attributes {
        path.push(Step::Attribute(attribute.name.into()));
        check_attribute(attribute, value.get(attribute.name), path, out);
        path.pop();
    }
    for nested in &block.blocks {
        check_nested(nested, value.get(nested.name), path, out);
    }
}

fn check_nested(
    nested: &NestedBlock,
    value: Option<&Value>,
    path: &mut AttributePath,
    out: &mut Vec<Problem>,
) {
    if value.is_some_and(|v| !v.is_known()) {
        return;
    }
    let blocks = value.and_then(Value::elements).unwrap_or_default();
    let (count, name) = (blocks.len(), nested.name);
    if count < nested.min {
        let summary = format!("Insufficient {name} blocks");
        let detail = match (nested.min, nested.max) {
            (1, Some(1)) => format!("A block of type `{name}` is required here."),
            (min, _) => format!("At least {min} `{name}` blocks are required."),
        };
        out.push(Problem::error(path.clone(), summary, detail));
    }
    path.push(Step::Attribute(name.into()));
    for (i, block) in blocks.iter().enumerate() {
        path.push(Step::Index(i));
        if let Some(max) = nested.max.filter(|max| i == *max) {
            let summary = format!("Too many {name} blocks");
            let detail =
                format!("No more than {max} `{name}` blocks are allowed; {count} are here.");
            out.push(Problem::error(path.clone(), summary, detail));
        }
        check_block(&nested.block, block, path, out);
        path.pop();
    }
    path.pop();
}

fn check_attribute(
    attribute: &Attribute,
    value: Option<&Value>,
    path: &mut AttributePath,
    out: &mut Vec<Problem>,
) {
    let Some(value) = value.filter(|v| !v.is_null()) else {
        if attribute.presence == Presence::Required {
            let name = attribute.name;
            // The place to underline is where the argument is missing: the block.
            let mut block = path.clone();
            block.pop();
            let detail =
                format!("The argument `{name}` is required, but it is not set or is null.");
            out.push(Problem::error(block, "Missing required argument", detail));
        }
        return;
    };
    if !value.is_known() {
        return;
    }
    if !has_type(value, &attribute.ty) {
        let detail = format!(
            "Inappropriate value for attribute `{}`: {} required.",
            attribute.name,
            attribute.ty.friendly_name()
        );
        out.push(Problem::error(
            path.clone(),
            "Incorrect attribute value type",
            detail,
        ));
        return;
    }
    check_constraints(attribute, &attribute.constraints, value, path, out);
}

fn has_type(value: &Value, ty: &Type) -> bool {
    if !value.is_known() || value.is_null() {
        return true;
    }
    match (value.kind(), ty) {
        (_, Type::Any)
        | (Kind::Bool(_), Type::Bool)
        | (Kind::Number(_), Type::Number)
        | (Kind::String(_), Type::String) => true,
        (Kind::List(_, v) | Kind::Tuple(v), Type::List(t)) | (Kind::Set(_, v), Type::Set(t)) => {
            v.iter().all(|v| has_type(v, t))
        }
        (Kind::Map(_, m) | Kind::Object(m), Type::Map(t)) => m.values().all(|v| has_type(v, t)),
        (Kind::Tuple(v), Type::Tuple(ts)) => {
            v.len() == ts.len() && v.iter().zip(ts.iter()).all(|(v, t)| has_type(v, t))
        }
        (Kind::Object(m), Type::Object(o)) => o
            .attributes
            .iter()
            .all(|(n, t)| m.get(n).is_none_or(|v| has_type(v, t))),
        _ => false,
    }
}

/// Whether a configuration may set an attribute to a known value: the service chooses others too.
pub fn may_be_set(attribute: &Attribute, value: &Value) -> bool {
    let mut problems = Vec::new();
    let path = &mut AttributePath::root();
    check_constraints(
        attribute,
        &attribute.constraints,
        value,
        path,
        &mut problems,
    );
    problems.is_empty()
}

fn check_constraints(
    attribute: &Attribute,
    constraints: &[Constraint],
    value: &Value,
    path: &mut AttributePath,
    out: &mut Vec<Problem>,
) {
    if !value.is_known() || value.is_null() {
        return;
    }
    let secret = attribute.secret || value.is_sensitive();
    for constraint in constraints {
        match constraint {
            Constraint::Values(each) => {
                for (i, v) in value.elements().unwrap_or_default().iter().enumerate() {
                    path.push(Step::Index(i));
                    let v = v.clone().marked(value.marks());
                    check_constraints(attribute, each, &v, path, out);
                    path.pop();
                }
                for (key, v) in value.members().into_iter().flatten() {
                    path.push(Step::Key(key.clone()));
                    let v = v.clone().marked(value.marks());
                    check_constraints(attribute, each, &v, path, out);
                    path.pop();
                }
            }
            Constraint::Keys(each) => {
                for key in value.members().into_iter().flat_map(|m| m.keys()) {
                    path.push(Step::Key(key.clone()));
                    let key = Value::string(key.clone()).marked(value.marks());
                    check_constraints(attribute, each, &key, path, out);
                    path.pop();
                }
            }
            _ => {
                if let Some((detail, help)) = violation(attribute.name, constraint, value, secret) {
                    let summary = format!("Invalid value for `{}`", attribute.name);
                    let mut problem = Problem::error(path.clone(), summary, detail);
                    problem.help = help;
                    out.push(problem);
                }
            }
        }
    }
}

/// What is wrong with a known value, and what to write instead.
fn violation(
    name: &str,
    constraint: &Constraint,
    value: &Value,
    secret: bool,
) -> Option<(String, Option<String>)> {
    let shown = |text: &str| {
        if secret {
            "the value".to_owned()
        } else {
            format!("{text:?}")
        }
    };
    match constraint {
        Constraint::Length(min, max) => {
            let count = value.as_str()?.chars().count();
            // How long a secret is stays secret as well.
            let found = if secret {
                String::new()
            } else {
                format!(", not {count}")
            };
            let demand = match (min, max) {
                _ if (*min..=*max).contains(&count) => return None,
                (0, max) => format!("at most {max}"),
                (min, max) if min == max => format!("exactly {min}"),
                (min, max) => format!("between {min} and {max}"),
            };
            Some((
                format!("`{name}` must have {demand} characters{found}."),
                None,
            ))
        }
        Constraint::Pattern(pattern) => {
            let text = value.as_str()?;
            let matches = compiled(pattern)?.is_match(text);
            let demand = match *pattern {
                r"\S+" if text.is_empty() => "must not be empty".to_owned(),
                r"\S+" => format!("must not contain white space; {} does", shown(text)),
                ".*" => "must not contain line breaks".to_owned(),
                _ => format!(
                    "must match the pattern `{pattern}`; {} does not",
                    shown(text)
                ),
            };
            (!matches).then(|| (format!("`{name}` {demand}."), None))
        }
        Constraint::OneOf(allowed) => {
            let text = value.as_str()?;
            if allowed.contains(&text) {
                return None;
            }
            let list = allowed
                .iter()
                .map(|a| format!("`{a}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let help = nearest(text, allowed.iter().copied())
                .filter(|_| !secret)
                .map(|n| format!("Did you mean {n:?}?"));
            Some((
                format!("`{name}` must be one of {list}; {} is not.", shown(text)),
                help,
            ))
        }
        Constraint::Range(min, max) => {
            let number = value.as_number()?;
            let fits = number.to_i64().is_some_and(|n| (*min..=*max).contains(&n));
            let found = if secret {
                "the value".to_owned()
            } else {
                number.to_string()
            };
            let detail =
                format!("`{name}` must be a whole number between {min} and {max}; {found} is not.");
            (!fits).then_some((detail, None))
        }
        Constraint::Entries(min, max) => {
            let count = value
                .elements()
                .map(<[Value]>::len)
                .or_else(|| value.members().map(std::collections::BTreeMap::len))?;
            let detail =
                format!("`{name}` must have between {min} and {max} elements, not {count}.");
            (!(*min..=*max).contains(&count)).then_some((detail, None))
        }
        Constraint::Keys(_) | Constraint::Values(_) => None,
    }
}

/// The pattern, compiled once; `None` if a table holds a pattern that does not compile, which a
/// test of the tables rules out.
fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    type Cache = Mutex<HashMap<&'static str, Option<Arc<Regex>>>>;
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    cache
        .entry(pattern)
        .or_insert_with(|| {
            Regex::new(&format!(r"\A(?:{})\z", in_ascii(pattern)))
                .ok()
                .map(Arc::new)
        })
        .clone()
}

/// A pattern of a service model means ASCII by its classes and lets `.` match no line break of
/// any kind; the regex crate means Unicode and `\n`.
fn in_ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() * 2);
    let (mut in_class, mut chars) = (false, pattern.chars());
    while let Some(c) = chars.next() {
        match (c, in_class) {
            ('\\', _) => match (chars.next(), in_class) {
                (Some('w'), true) => out.push_str("0-9A-Za-z_"),
                (Some('w'), false) => out.push_str("[0-9A-Za-z_]"),
                (Some('d'), true) => out.push_str("0-9"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('s'), true) => out.push_str(r"\t-\r "),
                (Some('s'), false) => out.push_str(r"[\t-\r ]"),
                (Some('S'), false) => out.push_str(r"[^\t-\r ]"),
                (Some(other), _) => out.extend(['\\', other]),
                (None, _) => out.push('\\'),
            },
            ('.', false) => out.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]"),
            _ => {
                match c {
                    '[' => in_class = true,
                    ']' => in_class = false,
                    _ => {}
                }
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let new = Attribute::new;
        let constrained = |name, secret, constraints| Attribute {
            secret,
            ..new(name, Type::String, Presence::Optional, "").constraints(constraints)
        };
        let map = vec![
            Constraint::Entries(0, 2),
            Constraint::Keys(vec![Constraint::Pattern(r"[\w]+")]),
            Constraint::Values(vec![Constraint::Length(0, 3)]),
        ];
        let block = Block {
            attributes: vec![
                new("name", Type::String, Presence::Required, ""),
                constrained(
                    "word",
                    false,
                    vec![Constraint::Length(2, 4), Constraint::Pattern(r"\S+")],
                ),
                constrained(
                    "token",
                    true,
                    vec![Constraint::Length(2, 4), Constraint::Pattern(r"\S+")],
                ),
                constrained(
                    "mode",
                    false,
                    vec![Constraint::OneOf(&["Public", "Private"])],
                ),
                constrained("line", false, vec![Constraint::Pattern(".*")]),
                new("port", Type::Number, Presence::Optional, "")
                    .constraints(vec![Constraint::Range(1, 9)]),
                new("map", Type::map(Type::String), Presence::Optional, "").constraints(map),
            ],
            blocks: vec![NestedBlock::required("one", Block::default())],
            doc: "",
            ..Block::default()
        };
        Schema { version: 0, block }
    }

    fn check(extra: &[(&'static str, Value)]) -> Vec<String> {
        let one = Value::list(Type::object::<&str>([]), vec![Value::object::<&str>([])]);
        let mut members = vec![("name", Value::from("n")), ("one", one)];
        members.extend(extra.iter().cloned());
        validate(&schema(), &Value::object(members))
            .iter()
            .map(|p| p.path.to_string())
            .collect()
    }

    #[test]
    fn every_constraint_at_its_boundary() {
        let text = |s: &str| Value::from(s);
        let map = |keys: &[(&str, &str)]| {
            let members = keys
                .iter()
                .map(|(k, v)| ((*k).into(), Value::from(*v)))
                .collect();
            Value::map(Type::String, members)
        };
        let cases: Vec<(&'static str, Value, &[&str])> = vec![
            ("word", text("ab"), &[]),
            ("word", text("\u{e4}\u{e4}\u{e4}\u{e4}"), &[]),
            ("word", text("a"), &["word"]),
            ("word", text("abcde"), &["word"]),
            ("word", text("a b"), &["word"]),
            ("word", Value::unknown(Type::String), &[]),
            ("word", Value::null(Type::String), &[]),
            ("word", Value::bool(true), &["word"]),
            ("mode", text("Public"), &[]),
            ("mode", text("public"), &["mode"]),
            ("line", text("a b"), &[]),
            ("line", text("a\nb"), &["line"]),
            ("port", Value::number(1), &[]),
            ("port", Value::number(9), &[]),
            ("port", Value::number(0), &["port"]),
            ("port", Value::number(10), &["port"]),
            ("map", map(&[("a", "x"), ("b", "y")]), &[]),
            ("map", map(&[("a", "x"), ("b", "y"), ("c", "z")]), &["map"]),
            ("map", map(&[("a-b", "x")]), &["map[\"a-b\"]"]),
            ("map", map(&[("a", "long")]), &["map[\"a\"]"]),
        ];
        for (name, value, expected) in cases {
            assert_eq!(
                check(&[(name, value.clone())]),
                expected,
                "{name} = {value:?}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_told_at_the_block() {
        let problems = validate(&schema(), &Value::object::<&str>([]));
        let summaries: Vec<_> = problems.iter().map(|p| p.summary.as_str()).collect();
        assert_eq!(
            summaries,
            ["Missing required argument", "Insufficient one blocks"]
        );
        assert!(problems.iter().all(|p| p.path == AttributePath::root()));
    }

    #[test]
    fn what_only_the_service_may_choose() {
        let presence = Presence::OptionalComputed;
        let attribute = Attribute::new("status", Type::String, presence, "")
            .constraints(vec![Constraint::OneOf(&["on", "off"])]);
        assert!(may_be_set(&attribute, &"on".into()));
        assert!(may_be_set(&attribute, &Value::null(Type::String)));
        assert!(!may_be_set(&attribute, &"new".into()));
    }

    #[test]
    fn a_secret_is_not_echoed() {
        for name in ["token", "word"] {
            let value = Value::from("CANARY VALUE").marked(flowctl_model::Marks::SENSITIVE);
            let object = Value::object([(name, value)]);
            let text = format!("{:?}", validate(&schema(), &object));
            assert!(
                text.contains("white space") && !text.contains("CANARY"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_nearest_name() {
        assert_eq!(
            nearest("instnace_url", ["instance_url", "region"]),
            Some("instance_url")
        );
        assert_eq!(nearest("public", ["Public", "Private"]), Some("Public"));
        assert_eq!(nearest("zzz", ["Public", "Private"]), None);
    }
}
