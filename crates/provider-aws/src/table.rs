//! What the tables and the requests of many types share: builders of attributes, and members of
//! objects in both directions.

use std::time::Duration;

use flowctl_model::{AttributePath, Problem, Step, Text, Type, Value};
use flowctl_schema::{Attribute, Block, NestedBlock, PlanRequest, Presence};

/// The block that says how long operations may take.
const TIMEOUTS: &str = "timeouts";

/// A text.
pub(crate) fn string(name: &'static str, presence: Presence, doc: &'static str) -> Attribute {
    Attribute::new(name, Type::String, presence, doc)
}

/// A truth value.
pub(crate) fn boolean(name: &'static str, presence: Presence, doc: &'static str) -> Attribute {
    Attribute::new(name, Type::Bool, presence, doc)
}

/// A number.
pub(crate) fn number(name: &'static str, presence: Presence, doc: &'static str) -> Attribute {
    Attribute::new(name, Type::Number, presence, doc)
}

/// A set of texts.
pub(crate) fn strings(name: &'static str, presence: Presence, doc: &'static str) -> Attribute {
    Attribute::new(name, Type::set(Type::String), presence, doc)
}

/// A text that nobody may see and that the service never tells.
pub(crate) fn secret(name: &'static str, doc: &'static str) -> Attribute {
    Attribute {
        secret: true,
        ..string(name, Presence::Optional, doc).not_returned()
    }
}

/// A block `timeouts` for these operations: `create`, `update`, `delete`.
pub(crate) fn timeouts(operations: &[&'static str]) -> NestedBlock {
    let limit = |operation: &&'static str| {
        let doc = "How long the operation may take: `40m`, `1h30m`.";
        string(operation, Presence::Optional, doc).not_returned()
    };
    let block = Block {
        attributes: operations.iter().map(limit).collect(),
        doc: "How long operations may take.",
        ..Block::default()
    };
    NestedBlock::optional(TIMEOUTS, block)
}

/// How long an operation on an object may take.
pub(crate) fn timeout(object: &Value, operation: &str, otherwise: Duration) -> Duration {
    let block = object.get(TIMEOUTS).and_then(Value::elements);
    let said = block
        .and_then(<[_]>::first)
        .and_then(|b| text(b, operation));
    said.and_then(duration).unwrap_or(otherwise)
}

/// What is wrong with a block `timeouts`.
pub(crate) fn timeout_problems(config: &Value) -> Vec<Problem> {
    let block = config.get(TIMEOUTS).and_then(Value::elements);
    let members = block.and_then(<[_]>::first).and_then(Value::members);
    let wrong = |(name, value): (&Text, &Value)| {
        let said = value.as_str().filter(|said| duration(said).is_none())?;
        let path = AttributePath::attribute(TIMEOUTS)
            .with(Step::Index(0))
            .child(name.clone());
        let detail = format!("{said:?} is no duration.");
        let help = "write hours, minutes and seconds: \"40m\", \"1h30m\", \"90s\"";
        Some(Problem::error(path, "Invalid timeout", detail).with_help(help))
    };
    members.into_iter().flatten().filter_map(wrong).collect()
}

/// A duration such as `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let (unit, length) = match tail.as_bytes() {
            [b'm', b's', ..] => (0.001, 2),
            [b'h', ..] => (3600.0, 1),
            [b'm', ..] => (60.0, 1),
            [b's', ..] => (1.0, 1),
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = &tail[length..];
    }
    let known = !text.is_empty() && seconds > 0.0;
    known.then(|| Duration::try_from_secs_f64(seconds).ok())?
}

/// The text of a member.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// The same as a text of its own, for a request.
pub(crate) fn owned(object: &Value, name: &str) -> Option<String> {
    text(object, name).map(str::to_owned)
}

/// The truth value of a member.
pub(crate) fn flag(object: &Value, name: &str) -> Option<bool> {
    object.get(name)?.as_bool()
}

/// The whole number of a member.
pub(crate) fn whole<N: TryFrom<i64>>(object: &Value, name: &str) -> Option<N> {
    object.get(name)?.as_number()?.to_i64()?.try_into().ok()
}

/// The texts of a member that is a collection.
pub(crate) fn texts(object: &Value, name: &str) -> Vec<String> {
    let elements = object.get(name).and_then(Value::elements);
    let elements = elements.unwrap_or_default().iter();
    elements
        .filter_map(|element| element.as_str().map(str::to_owned))
        .collect()
}

/// Whether a member has a value, known or not.
pub(crate) fn is_set(object: &Value, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

/// A text, null if there is none.
pub(crate) fn text_value(text: Option<&str>) -> Value {
    text.map_or_else(|| Value::null(Type::String), Value::string)
}

/// A truth value, null if there is none.
pub(crate) fn flag_value(flag: Option<bool>) -> Value {
    flag.map_or_else(|| Value::null(Type::Bool), Value::bool)
}

/// A number, null if there is none.
pub(crate) fn whole_value(number: Option<impl Into<i64>>) -> Value {
    number.map_or_else(
        || Value::null(Type::Number),
        |number| Value::number(number.into()),
    )
}

/// A set of texts.
pub(crate) fn texts_value<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    let texts = texts.into_iter().map(Value::string).collect();
    Value::set(Type::String, texts)
}

/// The object with other values for some of its members.
pub(crate) fn with(
    object: &Value,
    members: impl IntoIterator<Item = (&'static str, Value)>,
) -> Value {
    let mut all = object.members().cloned().unwrap_or_default();
    let members = members.into_iter();
    all.extend(members.map(|(name, value)| (Text::fixed(name), value)));
    Value::object(all)
}

/// What a member is planned to be: what the configuration says, or else this.
pub(crate) fn or_default(request: &PlanRequest<'_>, name: &str, default: Value) -> Value {
    let configured = request.config.get(name).filter(|value| !value.is_null());
    configured.cloned().unwrap_or(default)
}

/// Whether two texts are the same to a service for which no text is an empty one.
pub(crate) fn same_or_blank(prior: &Value, proposed: &Value) -> bool {
    let known = prior.is_known() && proposed.is_known();
    known && prior.as_str().unwrap_or_default() == proposed.as_str().unwrap_or_default()
}

/// Whether two truth values are the same where nothing means no.
pub(crate) fn same_or_no(prior: &Value, proposed: &Value) -> bool {
    let known = prior.is_known() && proposed.is_known();
    known && prior.as_bool().unwrap_or_default() == proposed.as_bool().unwrap_or_default()
}

/// Whether one of these arguments is to change.
pub(crate) fn changes_any(request: &PlanRequest<'_>, names: &[&str]) -> bool {
    let mut firsts = request
        .changed
        .iter()
        .filter_map(|path| path.names().next());
    firsts.any(|first| names.contains(&first.as_str()))
}

/// An error about an argument.
pub(crate) fn problem(
    argument: &'static str,
    summary: impl Into<String>,
    detail: impl Into<String>,
) -> Problem {
    Problem::error(AttributePath::attribute(argument), summary, detail)
}

/// An error if of these arguments, in the order of the documentation, more than one is set.
pub(crate) fn conflicts(config: &Value, arguments: &[&'static str]) -> Option<Problem> {
    let mut given = arguments.iter().filter(|name| is_set(config, name));
    let (first, second) = (given.next()?, given.next()?);
    let detail = format!("Only one of `{first}` and `{second}` may be set.");
    Some(problem(second, "Conflicting arguments", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_blank_and_no() {
        let (null, unknown) = (Value::null(Type::String), Value::unknown(Type::String));
        assert!(same_or_blank(&null, &"".into()) && same_or_blank(&"a".into(), &"a".into()));
        assert!(!same_or_blank(&null, &"a".into()) && !same_or_blank(&null, &unknown));
        let null = Value::null(Type::Bool);
        assert!(same_or_no(&null, &Value::bool(false)));
        assert!(!same_or_no(&null, &Value::bool(true)) && !same_or_no(&unknown, &null));
    }

    #[test]
    fn durations_are_read_as_terraform_reads_them() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs_f64());
        for (text, expected) in [
            ("40m", Some(2400.0)),
            ("1h30m", Some(5400.0)),
            ("90s", Some(90.0)),
            ("1.5h", Some(5400.0)),
            ("250ms", Some(0.25)),
            ("", None),
            ("0s", None),
            ("40", None),
            ("m", None),
            ("-1m", None),
            ("1d", None),
            ("1..2h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn timeouts_are_checked_and_used() {
        let object = |limit: &str| {
            let block = Value::object([("create", Value::from(limit))]);
            Value::object([(TIMEOUTS, Value::list(block.ty(), vec![block]))])
        };
        let otherwise = Duration::from_mins(5);
        assert_eq!(
            timeout(&object("2m"), "create", otherwise),
            Duration::from_mins(2)
        );
        assert_eq!(timeout(&object("2m"), "delete", otherwise), otherwise);
        assert!(timeout_problems(&object("2m")).is_empty());
        let problems = timeout_problems(&object("soon"));
        assert_eq!(problems[0].path.to_string(), "timeouts[0].create");
    }

    #[test]
    fn conflicting_arguments_are_told_at_the_second() {
        let unknown = Value::unknown(Type::String);
        let config = Value::object([
            ("a", Value::from("1")),
            ("b", Value::null(Type::String)),
            ("c", unknown),
        ]);
        let found = conflicts(&config, &["a", "b", "c"]).map(|p| p.path.to_string());
        assert_eq!(found.as_deref(), Some("c"));
        assert_eq!(conflicts(&config, &["a", "b"]), None);
    }
}
