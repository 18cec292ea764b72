//! `aws_kms_alias`: all that is decided without a request.

use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, PlanRequest, PlannedChange, Presence, ResourceType, Schema,
};

use super::alias_objects::AliasObjects;
use super::same_key;
use crate::name;
use crate::registry::ResourceEntry;
use crate::table::{conflicts, is_set, problem, string, text, with};

pub(super) const NAME: &str = "name";
pub(super) const NAME_PREFIX: &str = "name_prefix";
pub(super) const TARGET: &str = "target_key_id";
pub(super) const TARGET_ARN: &str = "target_key_arn";
/// What every alias begins with.
pub(super) const ALIAS: &str = "alias/";
/// What those of AWS itself begin with.
const RESERVED: &str = "alias/aws/";
const PATTERN: &str = r"alias/[a-zA-Z0-9/_-]+";

/// The resource type, for the registry.
pub(super) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Alias::new()),
        remote: Box::new(|client| Arc::new(AliasObjects::new(Arc::clone(client)))),
    }
}

/// The resource type.
pub(super) struct Alias {
    schema: Schema,
}

impl Alias {
    pub(super) fn new() -> Self {
        Self { schema: schema() }
    }
}

/// The name of an alias that is created with this token.
pub(super) fn created(object: &Value, token: &str) -> Option<Text> {
    if text(object, NAME).is_none() && !is_set(object, NAME_PREFIX) {
        return Some(name::generated(ALIAS, token).into());
    }
    name::created(object, NAME, NAME_PREFIX, token)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
fn schema() -> Schema {
    use Presence::{Computed, OptionalComputed, Required};
    let name = |most| vec![Constraint::Length(1, most), Constraint::Pattern(PATTERN)];
    let attributes: Vec<Attribute> = vec![
        string("arn", Computed, "The ARN."),
        string("id", Computed, "The name."),
        string(
            NAME,
            OptionalComputed,
            "The name, which begins with `alias/`; made by flowctl if not set.",
        )
        .constraints(name(256))
        .replace(),
        string(
            NAME_PREFIX,
            OptionalComputed,
            "What the name begins with, if flowctl makes it: `alias/` and more.",
        )
        .constraints(vec![
            Constraint::Length(1, 256 - name::DIGITS),
            Constraint::Pattern(r"alias/[a-zA-Z0-9/_-]*"),
        ])
        .replace(),
        string(TARGET_ARN, Computed, "The ARN of the key."),
        string(TARGET, Required, "The key, by its identifier or its ARN."),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            doc: "A name for a key.",
            ..Block::default()
        },
    }
}

impl ResourceType for Alias {
    fn name(&self) -> &'static str {
        "aws_kms_alias"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let reserved = [NAME, NAME_PREFIX].into_iter().filter(|argument| {
            text(config, argument).is_some_and(|text| text.starts_with(RESERVED))
        });
        let reserved = reserved.map(|argument| {
            let detail = format!("Names that begin with `{RESERVED}` are those of AWS itself.");
            problem(argument, "Reserved name of an alias", detail)
                .with_help("begin the name with `alias/` and a word of your own")
        });
        let mut problems: Vec<_> = reserved.collect();
        problems.extend(conflicts(config, &[NAME, NAME_PREFIX]));
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        match (
            path.names().next().map(Text::as_str),
            prior.as_str(),
            proposed.as_str(),
        ) {
            (Some(TARGET), Some(one), Some(other)) => same_key(one, other),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let mut members = Vec::from(name::planned(&request, NAME, NAME_PREFIX));
        let is_target = |path: &AttributePath| *path == AttributePath::attribute(TARGET);
        if request.changed.iter().any(is_target) {
            members.push((TARGET_ARN, Value::unknown(Type::String)));
        }
        PlannedChange {
            planned: with(request.proposed, members),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        text(object, NAME).map(Text::from)
    }

    fn identity_with(&self, object: &Value, token: &str) -> Option<Text> {
        created(object, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(members: &[(&'static str, Value)]) -> Value {
        let alias = Alias::new();
        let attributes = alias.schema.block.attributes.iter();
        let null = attributes.map(|a| (a.name, Value::null(a.ty.clone())));
        with(&Value::object(null), members.iter().cloned())
    }

    #[test]
    fn a_name_begins_as_names_of_aliases_do() {
        let made = |members: &[(&'static str, Value)]| created(&alias(members), "token").unwrap();
        assert_eq!(&*made(&[(NAME, "alias/a".into())]), "alias/a");
        let unknown = (NAME, Value::unknown(Type::String));
        assert!(made(&[unknown.clone(), (NAME_PREFIX, "alias/b-".into())]).starts_with("alias/b-"));
        assert_eq!(made(&[unknown]).len(), ALIAS.len() + name::DIGITS);
    }

    #[test]
    fn names_of_aws_are_refused() {
        let found = |name: &str| Alias::new().validate(&alias(&[(NAME, name.into())])).len();
        assert_eq!((found("alias/aws/s3"), found("alias/awsome")), (1, 0));
        let both = alias(&[(NAME, "alias/a".into()), (NAME_PREFIX, "alias/b".into())]);
        let found = Alias::new().validate(&both);
        assert_eq!(found[0].path.to_string(), NAME_PREFIX);
    }

    #[test]
    fn another_key_is_another_arn_and_another_spelling_is_none() {
        let path = AttributePath::attribute(TARGET);
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1-2";
        let same = |other: &str| Alias::new().equivalent(&path, &arn.into(), &other.into());
        assert!(same("1-2") && !same("1-3"));
        let prior = alias(&[(NAME, "alias/a".into()), (TARGET, "1-2".into())]);
        let next = with(&prior, [(TARGET, "1-3".into())]);
        let planned = Alias::new().plan(PlanRequest {
            prior: Some(&prior),
            config: &next,
            proposed: &next,
            changed: &[path],
            provider: None,
        });
        assert!(!planned.planned.get(TARGET_ARN).unwrap().is_known());
    }
}
