//! `aws_secretsmanager_secret`: all that is decided without a request.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, NestedBlock, Nesting, PlanRequest, PlannedChange, Presence,
    ResourceType, Schema,
};

use super::is_no_policy;
use super::secret_objects::SecretObjects;
use crate::kms::same_key;
use crate::registry::ResourceEntry;
use crate::table::{
    boolean, conflicts, number, or_default, problem, same_or_blank, same_or_no, string, text,
    whole, with,
};
use crate::{name, policy, tags};

pub(super) const NAME: &str = "name";
pub(super) const NAME_PREFIX: &str = "name_prefix";
pub(super) const KEY: &str = "kms_key_id";
pub(super) const POLICY: &str = "policy";
pub(super) const REPLICA: &str = "replica";
pub(super) const WINDOW: &str = "recovery_window_in_days";
pub(super) const OVERWRITE: &str = "force_overwrite_replica_secret";
pub(super) const REGION: &str = "region";
/// What services tell of replicas that have the region's own key.
pub(super) const OWN_KEY: &str = "alias/aws/secretsmanager";

/// The resource type, for the registry.
pub(super) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Secret::new()),
        remote: Box::new(|client| Arc::new(SecretObjects::new(Arc::clone(client)))),
    }
}

/// The resource type.
pub(super) struct Secret {
    schema: Schema,
}

impl Secret {
    pub(super) fn new() -> Self {
        Self { schema: schema() }
    }

    /// The type of a `replica`.
    pub(super) fn replica(&self) -> Type {
        let nested = self.schema.block.nested(REPLICA);
        nested.map_or(Type::Any, |nested| nested.block.ty())
    }
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>
fn schema() -> Schema {
    use Presence::{Computed, Optional, OptionalComputed};
    let name = |most| {
        vec![
            Constraint::Length(1, most),
            Constraint::Pattern(r"[a-zA-Z0-9/_+=.@-]+"),
        ]
    };
    let mut attributes = vec![
        string("arn", Computed, "The ARN."),
        string("description", Optional, "What the secret is for.")
            .constraints(vec![Constraint::Length(0, 2048)]),
        boolean(
            OVERWRITE,
            Optional,
            "Whether secrets of the same name in the regions of replicas are overwritten.",
        )
        .not_returned(),
        string("id", Computed, "The ARN."),
        string(
            KEY,
            Optional,
            "The key that encrypts the values: its ARN, identifier or alias; `aws/secretsmanager` if \
             not set.",
        )
        .constraints(vec![Constraint::Length(1, 2048)]),
        string(
            NAME,
            OptionalComputed,
            "The name; made by flowctl if not set.",
        )
        .constraints(name(512))
        .replace(),
        string(
            NAME_PREFIX,
            OptionalComputed,
            "What the name begins with, if flowctl makes it.",
        )
        .constraints(name(512 - name::DIGITS))
        .replace(),
        string(
            POLICY,
            OptionalComputed,
            "Who may read the secret, as a JSON policy; `{}` takes it away. If not set, it is left to \
             `aws_secretsmanager_secret_policy`.",
        )
        .constraints(vec![Constraint::Length(1, 20_480)]),
        number(
            WINDOW,
            Optional,
            "For how many days a deleted secret can be restored: 7 to 30, or 0 for not at all; 30 if \
             not set.",
        )
        .constraints(vec![Constraint::Range(0, 30)])
        .not_returned(),
    ];
    attributes.extend(tags::attributes());
    let by_name = |one: &Attribute, other: &Attribute| one.name.cmp(other.name);
    attributes.sort_by(by_name);
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![NestedBlock {
                name: REPLICA,
                nesting: Nesting::Set,
                min: 0,
                max: None,
                block: replica(),
            }],
            doc: "A secret, without its value.",
            ..Block::default()
        },
    }
}

fn replica() -> Block {
    use Presence::{Computed, Optional, Required};
    Block {
        attributes: vec![
            string(
                KEY,
                Optional,
                "The key in that region; `aws/secretsmanager` if not set.",
            ),
            string(
                "last_accessed_date",
                Computed,
                "When the replica was last read.",
            ),
            string(REGION, Required, "The region."),
            string("status", Computed, "`InSync`, `InProgress` or `Failed`."),
            string("status_message", Computed, "What the status means."),
        ],
        doc: "A region that the secret is copied to.",
        ..Block::default()
    }
}

impl ResourceType for Secret {
    fn name(&self) -> &'static str {
        "aws_secretsmanager_secret"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let document = config.get(POLICY).filter(|policy| {
            let text = policy.as_str();
            !text.is_some_and(is_no_policy)
        });
        let mut problems: Vec<_> = policy::check(AttributePath::attribute(POLICY), document)
            .into_iter()
            .collect();
        let window: Option<i64> = whole(config, WINDOW);
        if window.is_some_and(|days| (1..7).contains(&days)) {
            let detail = format!("`{WINDOW}` is 0, or from 7 to 30.");
            let found = problem(WINDOW, "Invalid recovery window", detail);
            problems.push(found.with_help("0 deletes the secret at once and for good"));
        }
        problems.extend(conflicts(config, &[NAME, NAME_PREFIX]));
        problems.extend(twice(config));
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some(POLICY), Some(one), Some(other)) => policy::equivalent(one, other),
            // Nothing is there, and nothing is to be.
            (Some(POLICY), None, Some(other)) => prior.is_null() && is_no_policy(other),
            (Some(KEY), Some(one), Some(other)) => same_key(one, other),
            // The region's own key is not told.
            (Some(KEY), None, Some(other)) => prior.is_null() && same_key(other, OWN_KEY),
            (Some(KEY), Some(one), None) => proposed.is_null() && same_key(one, OWN_KEY),
            (Some("description"), ..) => same_or_blank(prior, proposed),
            (Some(OVERWRITE), ..) => same_or_no(prior, proposed),
            (Some("tags"), ..) => tags::are_none(prior, proposed),
            (Some(REPLICA), ..) => same_replicas(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let mut members = Vec::from(name::planned(&request, NAME, NAME_PREFIX));
        if request.prior.is_none() {
            let none = Value::null(Type::String);
            members.push((POLICY, or_default(&request, POLICY, none)));
        }
        members.push(("tags_all", tags::planned(&request)));
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
        name::created(object, NAME, NAME_PREFIX, token)
    }

    fn create_is_repeatable(&self) -> bool {
        false
    }

    fn is_made_with(&self, argument: &str) -> bool {
        !matches!(argument, POLICY | REPLICA)
    }
}

/// The regions of replicas, each with its key.
pub(super) fn replicas(object: &Value) -> Vec<(&str, Option<&str>)> {
    let blocks = object.get(REPLICA).and_then(Value::elements);
    let blocks = blocks.unwrap_or_default().iter();
    blocks
        .filter_map(|block| Some((text(block, REGION)?, text(block, KEY))))
        .collect()
}

/// Whether two sets of `replica` blocks ask for the same: the rest is told by the service.
fn same_replicas(prior: &Value, proposed: &Value) -> bool {
    let all_known = |set: &Value| {
        let blocks = set.elements();
        blocks.is_some_and(|blocks| {
            let known = |block: &Value, name| block.get(name).is_some_and(Value::is_known);
            let mut blocks = blocks.iter();
            blocks.all(|block| known(block, REGION) && known(block, KEY))
        })
    };
    if !all_known(prior) || !all_known(proposed) {
        return false;
    }
    let whole = |set: &Value| {
        let object = Value::object([(REPLICA, set.clone())]);
        let asked = replicas(&object).into_iter();
        let key = |key: &str| key.rsplit('/').next().unwrap_or(key).to_owned();
        asked
            .map(|(region, of)| (region.to_owned(), of.map(key)))
            .collect::<BTreeSet<_>>()
    };
    whole(prior) == whole(proposed)
}

/// An error if two replicas are in one region.
fn twice(config: &Value) -> Option<Problem> {
    let all = replicas(config);
    let mut seen = BTreeSet::new();
    let (region, _) = all.iter().find(|(region, _)| !seen.insert(*region))?;
    let detail = format!("A secret has one replica in a region; {region} is here twice.");
    Some(problem(REPLICA, "Duplicate replica", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(members: &[(&'static str, Value)]) -> Value {
        let secret = Secret::new();
        let attributes = secret.schema.block.attributes.iter();
        let null = attributes.map(|a| (a.name, Value::null(a.ty.clone())));
        with(&Value::object(null), members.iter().cloned())
    }

    fn regions(blocks: &[(&str, Option<&str>, Option<&str>)]) -> Value {
        let text = |text: Option<&str>| crate::table::text_value(text);
        let blocks = blocks.iter().map(|(region, key, status)| {
            Value::object([
                (KEY, text(*key)),
                ("last_accessed_date", text(None)),
                (REGION, text(Some(region))),
                ("status", text(*status)),
                ("status_message", text(None)),
            ])
        });
        Value::set(Secret::new().replica(), blocks.collect())
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        let found = |members: &[(&'static str, Value)]| -> Vec<String> {
            let problems = Secret::new().validate(&secret(members)).into_iter();
            problems.map(|problem| problem.path.to_string()).collect()
        };
        for days in [0, 7, 30] {
            assert!(found(&[(WINDOW, Value::number(days))]).is_empty());
        }
        assert_eq!(found(&[(WINDOW, Value::number(3))]), [WINDOW]);
        assert_eq!(found(&[(POLICY, "[]".into())]), [POLICY]);
        assert!(found(&[(POLICY, "{}".into())]).is_empty());
        let names = [(NAME, "a".into()), (NAME_PREFIX, "b".into())];
        assert_eq!(found(&names), [NAME_PREFIX]);
        let both = regions(&[("a-b-1", None, None), ("a-b-1", Some("k"), None)]);
        assert_eq!(found(&[(REPLICA, both)]), [REPLICA]);
    }

    #[test]
    fn a_replica_is_its_region_and_its_key() {
        let same = |one: &Value, other: &Value| {
            Secret::new().equivalent(&AttributePath::attribute(REPLICA), one, other)
        };
        let asked = regions(&[("a-b-1", None, None), ("c-d-1", Some("1-2"), None)]);
        let arn = "arn:aws:kms:c-d-1:123456789012:key/1-2";
        let told = regions(&[
            ("c-d-1", Some(arn), Some("InSync")),
            ("a-b-1", None, Some("Failed")),
        ]);
        assert!(same(&told, &asked));
        assert!(!same(&told, &regions(&[("a-b-1", None, None)])));
        assert!(!same(
            &told,
            &regions(&[("a-b-1", None, None), ("c-d-1", None, None)])
        ));
    }

    #[test]
    fn the_regions_own_key_is_none() {
        let path = AttributePath::attribute(KEY);
        let same = |one: Value, other: Value| Secret::new().equivalent(&path, &one, &other);
        let null = || Value::null(Type::String);
        let arn = "arn:aws:kms:eu-west-1:123456789012:alias/aws/secretsmanager";
        assert!(same(null(), arn.into()) && same(OWN_KEY.into(), null()));
        assert!(!same(null(), "alias/crm".into()) && !same("1-2".into(), null()));
        assert!(!same(arn.into(), Value::unknown(Type::String)));
    }

    #[test]
    fn a_policy_that_is_not_said_is_left_to_others() {
        let config = secret(&[(NAME, "a".into())]);
        let proposed = with(&config, [(POLICY, Value::unknown(Type::String))]);
        let request = |prior| PlanRequest {
            prior,
            config: &config,
            proposed: &proposed,
            changed: &[],
            provider: None,
        };
        let made = Secret::new().plan(request(None)).planned;
        assert!(made.get(POLICY).unwrap().is_null());
        let path = AttributePath::attribute(POLICY);
        let null = Value::null(Type::String);
        assert!(Secret::new().equivalent(&path, &null, &"{}".into()));
        assert!(!Secret::new().equivalent(&path, &null, &r#"{"Statement":[]}"#.into()));
    }
}
