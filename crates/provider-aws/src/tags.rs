//! Tags: `tags` of a configuration, the `default_tags` of its provider, and `tags_all`, which is what
//! an object has in the end.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging>

use std::collections::BTreeMap;

use flowctl_model::{Text, Type, Value};
use flowctl_schema::{Attribute, Constraint, PlanRequest, Presence};

use crate::settings::Settings;

/// The two attributes of an object that can have tags.
pub(crate) fn attributes() -> [Attribute; 2] {
    let limits = || {
        vec![
            Constraint::Entries(0, 50),
            Constraint::Keys(vec![Constraint::Length(1, 128)]),
            Constraint::Values(vec![Constraint::Length(0, 256)]),
        ]
    };
    let map = |name, presence, doc| Attribute::new(name, Type::map(Type::String), presence, doc);
    [
        map("tags", Presence::Optional, "Tags of the object.").constraints(limits()),
        Attribute {
            // Terraform's provider lets it be set, and configurations ignore it beside `tags`.
            ignorable: true,
            ..map(
                "tags_all",
                Presence::Computed,
                "The tags of the object together with the `default_tags` of the provider.",
            )
        },
    ]
}

/// What `tags_all` is to be: the provider's default tags, and over them those of the object.
pub(crate) fn planned(request: &PlanRequest<'_>) -> Value {
    let null = || Value::null(Type::map(Type::String));
    let own = request.config.get("tags").cloned().unwrap_or_else(null);
    let defaults = request
        .provider
        .and_then(|settings| settings.get("default_tags"))
        .and_then(Value::elements)
        .and_then(<[Value]>::first)
        .and_then(|block| block.get("tags"))
        .cloned()
        .unwrap_or_else(null);
    let marks = own.marks().union(defaults.marks());
    if !own.is_known() || !defaults.is_known() {
        return Value::unknown(Type::map(Type::String)).marked(marks);
    }
    let mut all = BTreeMap::<Text, Value>::new();
    for tags in [&defaults, &own] {
        let members = tags.members().into_iter().flatten();
        all.extend(members.map(|(key, value)| (key.clone(), value.clone())));
    }
    Value::map(Type::String, all).marked(marks)
}

/// The tags that an object is to have, for a request.
pub(crate) fn wanted(planned: &Value) -> BTreeMap<String, String> {
    let members = planned.get("tags_all").and_then(Value::members);
    members
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str().to_owned(), value.as_str()?.to_owned())))
        .collect()
}

/// What to do so that an object with the tags of `prior` has those of `planned`: tags to set, and
/// keys to remove.
pub(crate) fn changes(prior: &Value, planned: &Value) -> (BTreeMap<String, String>, Vec<String>) {
    let (before, mut after) = (wanted(prior), wanted(planned));
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    let removed = removed.cloned().collect();
    after.retain(|key, value| before.get(key) != Some(value));
    (after, removed)
}

/// Whether two values of `tags` are both of no tags.
pub(crate) fn are_none(one: &Value, other: &Value) -> bool {
    let none = |tags: &Value| tags.is_null() || tags.members().is_some_and(BTreeMap::is_empty);
    none(one) && none(other)
}

/// `tags` and `tags_all` of an object that has these tags in the service. `prior` is what state
/// knows of it: a default tag counts as one of the object's own only if it was before.
pub(crate) fn told(
    live: impl IntoIterator<Item = (String, String)>,
    prior: Option<&Value>,
    settings: &Settings,
) -> [(&'static str, Value); 2] {
    let own_before = prior.and_then(|prior| prior.get("tags"));
    let members = own_before.and_then(Value::members);
    let was_own = |key: &str| members.is_some_and(|members| members.contains_key(key));
    // Those of AWS itself cannot be set.
    let live = live
        .into_iter()
        .filter(|(key, _)| !key.starts_with("aws:") && !settings.ignores_tag(key));
    let (mut own, mut all) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in live {
        let is_default = settings.default_tags.get(&key) == Some(&value);
        let (key, value) = (Text::from(key.as_str()), Value::string(value.as_str()));
        if !is_default || was_own(&key) {
            own.insert(key.clone(), value.clone());
        }
        all.insert(key, value);
    }
    // No tags and an empty map are the same to the service.
    let own = if own.is_empty() && members.is_none() {
        Value::null(Type::map(Type::String))
    } else {
        Value::map(Type::String, own)
    };
    [("tags", own), ("tags_all", Value::map(Type::String, all))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Value {
        let members = pairs.iter().map(|(k, v)| (Text::from(*k), Value::from(*v)));
        Value::map(Type::String, members.collect::<BTreeMap<_, _>>())
    }

    fn settings(pairs: &[(&str, &str)]) -> Value {
        let block = Value::object([("tags", map(pairs))]);
        Value::object([("default_tags", Value::list(block.ty(), vec![block]))])
    }

    fn all(own: Value, provider: Option<&Value>) -> Value {
        let config = Value::object([("tags", own)]);
        planned(&PlanRequest {
            prior: None,
            config: &config,
            proposed: &config,
            changed: &[],
            provider,
        })
    }

    #[test]
    fn an_objects_own_tags_come_before_the_defaults() {
        let provider = settings(&[("team", "crm"), ("cost", "1")]);
        let own = map(&[("team", "erp")]);
        let expected = map(&[("team", "erp"), ("cost", "1")]);
        assert_eq!(all(own.clone(), Some(&provider)), expected);
        assert_eq!(all(own.clone(), None), own);
        let null = Value::null(Type::map(Type::String));
        assert_eq!(
            all(null, Some(&provider)),
            map(&[("team", "crm"), ("cost", "1")])
        );
        assert!(!all(Value::unknown(Type::map(Type::String)), Some(&provider)).is_known());
    }

    #[test]
    fn only_differences_are_sent() {
        let object = |pairs: &[(&str, &str)]| Value::object([("tags_all", map(pairs))]);
        let (set, removed) = changes(
            &object(&[("a", "1"), ("b", "1"), ("c", "1")]),
            &object(&[("a", "1"), ("b", "2"), ("d", "1")]),
        );
        assert_eq!(
            set.into_iter().collect::<Vec<_>>(),
            [
                ("b".to_owned(), "2".to_owned()),
                ("d".to_owned(), "1".to_owned())
            ]
        );
        assert_eq!(removed, ["c"]);
    }

    #[test]
    fn default_tags_are_not_an_objects_own_unless_it_says_so() {
        let mut ours = Settings::default();
        ours.default_tags
            .insert("team".to_owned(), "crm".to_owned());
        let live = || {
            [("team", "crm"), ("a", "1"), ("aws:made-by", "x")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
        };
        let [(_, own), (_, everything)] = told(live(), None, &ours);
        assert_eq!(own, map(&[("a", "1")]));
        assert_eq!(everything, map(&[("a", "1"), ("team", "crm")]));
        let prior = Value::object([("tags", map(&[("team", "crm")]))]);
        let [(_, own), _] = told(live(), Some(&prior), &ours);
        assert_eq!(own, map(&[("a", "1"), ("team", "crm")]));
        assert!(told([], None, &ours)[0].1.is_null());
        assert_eq!(told([], Some(&prior), &ours)[0].1, map(&[]));
    }
}
