//! `count` and `for_each`: how many instances a block has, and what `count.*` and `each.*` stand
//! for in each of them.

use std::collections::BTreeMap;

use flowctl_lang::{Evaluator, Subject, convert, references};
use flowctl_model::{InstanceKey, Kind, Marks, Mode, Text, Type, Value};
use flowctl_parser::ast::Expr;
use flowctl_parser::diagnostic::Diagnostic;

/// The instances of a block.
#[derive(Clone, PartialEq, Debug)]
pub enum Expansion {
    /// Neither `count` nor `for_each`: one instance without a key.
    One,
    /// `count`.
    Count(u64),
    /// `for_each`.
    Each(BTreeMap<Text, Value>),
    /// Not known, because it is not evaluated (validation) or could not be.
    Unknown {
        /// Whether it is a `count`.
        count: bool,
    },
}

/// What `count.index`, `each.key` and `each.value` are in an instance.
#[derive(Clone, Default, Debug)]
pub struct Repetition {
    /// `count.index`.
    pub index: Option<Value>,
    /// `each.key`.
    pub key: Option<Value>,
    /// `each.value`.
    pub value: Option<Value>,
}

impl Expansion {
    /// The keys of the instances, in order. For one that is not known a single instance without
    /// a key stands for all of them.
    pub fn keys(&self) -> Vec<Option<InstanceKey>> {
        match self {
            Self::One | Self::Unknown { .. } => vec![None],
            Self::Count(count) => (0..*count).map(|i| Some(InstanceKey::Int(i))).collect(),
            Self::Each(members) => members
                .keys()
                .map(|key| Some(InstanceKey::Str(key.clone())))
                .collect(),
        }
    }

    /// Whether there is an instance under `key`.
    pub fn has(&self, key: Option<&InstanceKey>) -> bool {
        match (self, key) {
            (Self::One, None) | (Self::Unknown { .. }, _) => true,
            (Self::Count(count), Some(InstanceKey::Int(index))) => index < count,
            (Self::Each(members), Some(InstanceKey::Str(key))) => members.contains_key(key),
            _ => false,
        }
    }

    /// What the names of the repetition are in the instance under `key`.
    pub fn repetition(&self, key: Option<&InstanceKey>) -> Repetition {
        let mut repetition = Repetition::default();
        match (self, key) {
            (Self::Count(_), Some(InstanceKey::Int(index))) => {
                repetition.index = Some(Value::number(*index));
            }
            (Self::Each(members), Some(InstanceKey::Str(key))) => {
                repetition.key = Some(Value::string(key.clone()));
                repetition.value = members.get(key).cloned();
            }
            (Self::Unknown { count: true }, _) => {
                repetition.index = Some(Value::unknown_not_null(Type::Number));
            }
            (Self::Unknown { count: false }, _) => {
                repetition.key = Some(Value::unknown_not_null(Type::String));
                repetition.value = Some(Value::unknown(Type::Any));
            }
            _ => {}
        }
        repetition
    }

    /// All instances together as expressions see them: one object, a tuple, or an object by key.
    pub fn collect(&self, mut instance: impl FnMut(Option<&InstanceKey>) -> Value) -> Value {
        match self {
            Self::One => instance(None),
            Self::Count(count) => {
                let each = (0..*count).map(|i| instance(Some(&InstanceKey::Int(i))));
                Value::tuple(each.collect())
            }
            Self::Each(members) => Value::object(members.keys().map(|key| {
                let value = instance(Some(&InstanceKey::Str(key.clone())));
                (key.clone(), value)
            })),
            Self::Unknown { .. } => Value::unknown(Type::Any),
        }
    }
}

/// Evaluates the `count` or `for_each` of a block. With an error the expansion is not known. A
/// lenient expansion takes no offence at what is not known, and never becomes known itself: it
/// stands for all instances that there may be.
pub fn expand(
    count: Option<&Expr>,
    for_each: Option<&Expr>,
    evaluator: Evaluator<'_>,
    lenient: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Expansion {
    let (expr, is_count) = match (count, for_each) {
        (Some(expr), _) => (expr, true),
        (None, Some(expr)) => (expr, false),
        (None, None) => return Expansion::One,
    };
    let evaluated = evaluator.evaluate(expr);
    let failed = evaluated.has_errors();
    diagnostics.extend(evaluated.diagnostics);
    let open = match evaluated.value.kind() {
        Kind::Set(_, elements) => elements.iter().any(|e| !e.is_known()),
        Kind::Unknown(_) => true,
        _ => false,
    };
    let unmarked = evaluated.value.marks().is_none();
    if failed || (lenient && open && unmarked) {
        return Expansion::Unknown { count: is_count };
    }
    let found = if is_count {
        count_of(&evaluated.value)
    } else {
        each_of(&evaluated.value)
    };
    if lenient && found.is_ok() {
        return Expansion::Unknown { count: is_count };
    }
    found.unwrap_or_else(|detail| {
        let not_a_number = convert(&evaluated.value, &Type::Number).is_err();
        let summary = match (is_count, evaluated.value.kind()) {
            (true, _) if not_a_number => "Incorrect value type",
            (true, _) => "Invalid count argument",
            (false, Kind::Set(..)) if !open && unmarked => "Invalid for_each set argument",
            (false, _) => "Invalid for_each argument",
        };
        let error = Diagnostic::error(expr.span, summary, detail);
        diagnostics.push(match way_out(expr).filter(|_| open) {
            Some(help) => error.with_help(help),
            None => error,
        });
        Expansion::Unknown { count: is_count }
    })
}

/// What to do about a repetition that is not known yet: where its value comes from can be applied
/// first.
fn way_out(expr: &Expr) -> Option<String> {
    let mut sources: Vec<String> = Vec::new();
    for reference in references(expr).0 {
        let source = match reference.subject {
            Subject::Resource {
                mode: Mode::Managed,
                type_name,
                name,
                ..
            } => format!("{type_name}.{name}"),
            Subject::Module { name, .. } => format!("module.{name}"),
            Subject::Local(name) => format!("local.{name}"),
            _ => continue,
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    let target = sources.iter().find(|source| !source.starts_with("local."));
    let first = match target {
        Some(target) => format!("apply what it comes from first with `-target={target}`"),
        None => "apply what it comes from first with `-target`".into(),
    };
    (!sources.is_empty()).then(|| {
        format!(
            "its value comes from {}; {first}, or leave this block out of this run with `-exclude`",
            sources.join(", ")
        )
    })
}

const SENSITIVE: &str = "Sensitive values, or values derived from sensitive values, cannot be used as \
                         for_each arguments. If used, the sensitive value could be exposed as a \
                         resource instance key.";

fn count_of(value: &Value) -> Result<Expansion, String> {
    // How many there are tells less than what they are called; Terraform takes it as well.
    if value.marks().contains(Marks::EPHEMERAL) {
        return Err(
            "The given \"count\" is derived from an ephemeral value, which means that it cannot \
             be persisted between planning and applying."
                .into(),
        );
    }
    if !value.is_known() {
        return Err(
            "The \"count\" value depends on resource attributes that cannot be determined until \
             apply, so it is not possible to predict how many instances will be created. To work \
             around this, use the -target argument to first apply only the resources that the \
             count depends on."
                .into(),
        );
    }
    if value.is_null() {
        return Err("The given \"count\" argument value is null. An integer is required.".into());
    }
    let unsuitable =
        |why: String| format!("The given \"count\" argument value is unsuitable: {why}.");
    let number = convert(value, &Type::Number).map_err(|error| unsuitable(error.to_string()))?;
    let text = number
        .as_number()
        .map(ToString::to_string)
        .unwrap_or_default();
    if text.starts_with('-') {
        return Err(unsuitable("must be greater than or equal to zero".into()));
    }
    match text.parse::<u64>() {
        Ok(count) if count <= MOST => Ok(Expansion::Count(count)),
        Ok(_) => Err(unsuitable(format!("must be at most {MOST}"))),
        Err(_) => Err(unsuitable("a whole number is required".into())),
    }
}

/// More instances than this are taken for a mistake rather than planned until memory ends.
const MOST: u64 = 200_000;

fn each_of(value: &Value) -> Result<Expansion, String> {
    let unsuitable =
        |why: String| format!("The given \"for_each\" argument value is unsuitable: {why}.");
    if value.is_sensitive() {
        return Err(SENSITIVE.into());
    }
    if value.marks().contains(Marks::EPHEMERAL) {
        return Err(
            "The given \"for_each\" value is derived from an ephemeral value, which means that it \
             cannot be persisted between planning and applying. Use only non-ephemeral values to \
             specify a resource's instance keys."
                .into(),
        );
    }
    if value.is_null() {
        return Err(unsuitable(
            "the given \"for_each\" argument value is null. A map, or set of strings is allowed"
                .into(),
        ));
    }
    let keys_unknown = |what: &str, whole: &str| {
        format!(
            "The \"for_each\" {what} includes {whole} derived from resource attributes that cannot \
             be determined until apply, and so it is not possible to determine the full set of \
             keys that will identify the instances of this resource. When working with unknown \
             values in for_each, it's better to define the map keys statically in your \
             configuration and place apply-time results only in the map values."
        )
    };
    match value.kind() {
        Kind::Unknown(unknown) => Err(match &unknown.ty {
            Type::Set(_) => keys_unknown("set", "values"),
            _ => keys_unknown("map", "keys"),
        }),
        Kind::Map(_, members) | Kind::Object(members) => Ok(Expansion::Each((**members).clone())),
        Kind::Set(element, elements) => {
            if elements.iter().any(|e| !e.is_known()) {
                return Err(keys_unknown("set", "values"));
            }
            if elements.iter().any(Value::is_null) {
                return Err(unsuitable(
                    "\"for_each\" sets must not contain null values".into(),
                ));
            }
            if !elements.is_empty() && *element != Type::String {
                return Err(unsuitable(format!(
                    "\"for_each\" supports maps and sets of strings, but you have provided a set \
                     containing type {}",
                    element.friendly_name()
                )));
            }
            if elements.iter().any(Value::is_sensitive) {
                return Err(SENSITIVE.into());
            }
            let keys = elements
                .iter()
                .filter_map(|e| Some((Text::from(e.as_str()?), e.clone())));
            Ok(Expansion::Each(keys.collect()))
        }
        _ => Err(unsuitable(format!(
            "the \"for_each\" argument must be a map, or set of strings, and you have provided a \
             value of type {}",
            value.ty().friendly_name()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_from_zero_are_counts() {
        assert_eq!(count_of(&Value::number(2)), Ok(Expansion::Count(2)));
        assert_eq!(count_of(&"3".into()), Ok(Expansion::Count(3)));
        let sensitive = Value::number(1).marked(Marks::SENSITIVE);
        assert_eq!(count_of(&sensitive), Ok(Expansion::Count(1)));
        for wrong in [
            Value::number(-1),
            Value::from("x"),
            Value::null(Type::Number),
            Value::unknown(Type::Number),
            Value::number(1).marked(Marks::EPHEMERAL),
            Value::from("1.5"),
        ] {
            assert!(count_of(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn maps_and_sets_of_strings_are_keys() {
        let set = Value::set(Type::String, vec!["a".into(), "b".into()]);
        let Ok(expansion) = each_of(&set) else {
            panic!("a set of strings")
        };
        let keys: Vec<String> = expansion
            .keys()
            .iter()
            .map(|k| k.as_ref().map(ToString::to_string).unwrap_or_default())
            .collect();
        assert_eq!(keys, ["[\"a\"]", "[\"b\"]"]);
        let secret = Value::object([("k", Value::from("v").marked(Marks::SENSITIVE))]);
        assert!(each_of(&secret).is_ok());
        for wrong in [
            Value::tuple(vec!["a".into()]),
            Value::set(Type::Number, vec![Value::number(1)]),
            Value::unknown(Type::map(Type::String)),
            secret.marked(Marks::SENSITIVE),
        ] {
            assert!(each_of(&wrong).is_err(), "{wrong:?}");
        }
    }
}
