//! What the tables and the requests of many types share: builders of attributes, and members of
//! objects in both directions.

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{Attribute, PlanRequest, Presence};

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
