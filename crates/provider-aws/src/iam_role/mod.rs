//! `aws_iam_role`: a role that services such as AppFlow assume, with its policies. Its requests are
//! in [`objects`].

mod objects;

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Step, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, NestedBlock, Nesting, PlanRequest, PlannedChange, Presence,
    ResourceType, Schema,
};

use crate::registry::ResourceEntry;
use crate::table::{
    boolean, conflicts, is_set, number, or_default, owned, same_or_blank, same_or_no, string,
    strings, text, with,
};
use crate::{name, policy, tags};
use objects::RoleObjects;

const ROLE: &str = "aws_iam_role";
/// The document that says who may assume the role.
const TRUST: &str = "assume_role_policy";
const INLINE: &str = "inline_policy";
const MANAGED: &str = "managed_policy_arns";
const NAME: &str = "name";
const NAME_PREFIX: &str = "name_prefix";
/// How long a session lasts at most, unless the configuration says it, in seconds.
const SESSION: i64 = 3600;

/// The resource type, for the registry.
pub(crate) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Role::new()),
        remote: Box::new(|client| Arc::new(RoleObjects::new(Arc::clone(client)))),
    }
}

/// The resource type: all that is decided without a request.
struct Role {
    schema: Schema,
}

impl Role {
    fn new() -> Self {
        Self { schema: schema() }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
fn schema() -> Schema {
    use Presence::{Computed, Optional, OptionalComputed, Required};
    let name = |most| {
        vec![
            Constraint::Length(1, most),
            Constraint::Pattern(r"[\w+=,.@-]+"),
        ]
    };
    let inline = Block {
        attributes: vec![
            string(NAME, Optional, "The name of the policy.").constraints(name(128)),
            string("policy", Optional, "The policy, as JSON."),
        ],
        doc: "A policy that is part of the role. If there are such blocks, the role has no others; an \
              empty one stands for none.",
        ..Block::default()
    };
    let mut attributes = vec![
        string("arn", Computed, "The ARN."),
        string(
            TRUST,
            Required,
            "Who may assume the role, as a JSON policy.",
        ),
        string("create_date", Computed, "When the role was made."),
        string("description", Optional, "What the role is for.")
            .constraints(vec![Constraint::Length(0, 1000)]),
        boolean(
            "force_detach_policies",
            Optional,
            "Whether policies that others attached are detached when the role is deleted.",
        )
        .not_returned(),
        string("id", Computed, "The name."),
        strings(
            MANAGED,
            OptionalComputed,
            "The ARNs of the policies attached to the role. If set, no others stay attached.",
        ),
        number(
            "max_session_duration",
            OptionalComputed,
            "How long a session lasts at most, in seconds; 3600 if not set.",
        )
        .constraints(vec![Constraint::Range(SESSION, 43_200)]),
        string(
            NAME,
            OptionalComputed,
            "The name; made by flowctl if not set.",
        )
        .constraints(name(64))
        .replace(),
        string(
            NAME_PREFIX,
            OptionalComputed,
            "What the name begins with, if flowctl makes it.",
        )
        .constraints(name(64 - name::DIGITS))
        .replace(),
        string("path", OptionalComputed, "The path; `/` if not set.")
            .constraints(vec![
                Constraint::Length(1, 512),
                Constraint::Pattern(r"/|/[\x21-\x7e]+/"),
            ])
            .replace(),
        string(
            "permissions_boundary",
            Optional,
            "The ARN of the policy that bounds what the role may do.",
        ),
        string(
            "unique_id",
            Computed,
            "The identifier that no other role will ever have.",
        ),
    ];
    attributes.extend(tags::attributes());
    let by_name = |one: &Attribute, other: &Attribute| one.name.cmp(other.name);
    attributes.sort_by(by_name);
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![NestedBlock {
                name: INLINE,
                nesting: Nesting::Set,
                min: 0,
                max: None,
                block: inline,
            }],
            doc: "A role that services assume.",
            ..Block::default()
        },
    }
}

/// Documents of inline policies, by name. An empty block stands for none.
fn inline_of(blocks: Option<&Value>) -> BTreeMap<String, String> {
    let blocks = blocks.and_then(Value::elements).unwrap_or_default().iter();
    blocks
        .filter_map(|block| Some((owned(block, NAME)?, owned(block, "policy")?)))
        .collect()
}

/// Whether there are blocks of inline policies, so that the role has no others.
fn is_exclusive(blocks: Option<&Value>) -> bool {
    let blocks = blocks.and_then(Value::elements);
    blocks.is_some_and(|blocks| !blocks.is_empty())
}

/// Whether the inline policies that were said to be there are those that are asked for.
fn same_inline(prior: &Value, proposed: &Value) -> bool {
    if !prior.is_wholly_known() || !proposed.is_wholly_known() {
        return false;
    }
    let (before, after) = (inline_of(Some(prior)), inline_of(Some(proposed)));
    // Nothing says that no other policies are there until a block does.
    let is_said = is_exclusive(Some(prior)) || !is_exclusive(Some(proposed));
    is_said
        && before.len() == after.len()
        && after.iter().all(|(name, document)| {
            let same = |old: &String| policy::equivalent(old, document);
            before.get(name).is_some_and(same)
        })
}

impl ResourceType for Role {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let trust = policy::check(AttributePath::attribute(TRUST), config.get(TRUST));
        let inline = config.get(INLINE).and_then(Value::elements);
        let inline = inline.unwrap_or_default().iter().enumerate();
        let inline = inline.filter_map(|(at, block)| {
            let path = AttributePath::attribute(INLINE).with(Step::Index(at));
            let half = match (is_set(block, NAME), is_set(block, "policy")) {
                (true, false) => Some("policy"),
                (false, true) => Some(NAME),
                _ => None,
            };
            match half {
                Some(missing) => {
                    let detail = format!(
                        "The argument `{missing}` is required, unless the block is empty, which stands \
                         for no inline policies at all."
                    );
                    Some(Problem::error(path, "Missing required argument", detail))
                }
                None => policy::check(path.child("policy"), block.get("policy")),
            }
        });
        let mut problems: Vec<_> = trust.into_iter().chain(inline).collect();
        problems.extend(conflicts(config, &[NAME, NAME_PREFIX]));
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some(TRUST | INLINE), Some(one), Some(other)) => policy::equivalent(one, other),
            (Some(INLINE), ..) if path.names().nth(1).is_none() => same_inline(prior, proposed),
            (Some("description"), ..) => same_or_blank(prior, proposed),
            (Some("force_detach_policies"), ..) => same_or_no(prior, proposed),
            (Some("tags"), ..) => tags::are_none(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let replaced = request.prior.is_none()
            || request.changed.iter().any(|path| {
                let attribute = self.schema.block.attribute_at(path);
                attribute.is_some_and(|attribute| attribute.replace)
            });
        let unknown = || Value::unknown(Type::String);
        let mut members = Vec::from(name::planned(&request, NAME, NAME_PREFIX));
        members.extend([
            ("path", or_default(&request, "path", "/".into())),
            (
                "max_session_duration",
                or_default(&request, "max_session_duration", Value::number(SESSION)),
            ),
            ("tags_all", tags::planned(&request)),
        ]);
        if replaced {
            let id = request.proposed.get(NAME).cloned().unwrap_or_else(unknown);
            members.extend([
                ("id", id),
                ("arn", unknown()),
                ("create_date", unknown()),
                ("unique_id", unknown()),
            ]);
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
        name::created(object, NAME, NAME_PREFIX, token)
    }

    fn create_is_repeatable(&self) -> bool {
        false
    }

    fn is_made_with(&self, argument: &str) -> bool {
        !matches!(argument, INLINE | MANAGED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

    fn role(members: &[(&'static str, Value)]) -> Value {
        let role = Role::new();
        let empty = role.schema.block.ty();
        let Type::Object(object) = empty else {
            return Value::null(empty);
        };
        let null = object
            .attributes
            .iter()
            .map(|(name, ty)| (name.clone(), Value::null(ty.clone())));
        with(&Value::object(null), members.iter().cloned())
    }

    #[test]
    fn documents_and_names_are_checked_where_they_stand() {
        let found = |members: &[(&'static str, Value)]| -> Vec<String> {
            let problems = Role::new().validate(&role(members)).into_iter();
            problems
                .map(|problem| format!("{} {}", problem.path, problem.summary))
                .collect()
        };
        assert!(found(&[(TRUST, DOCUMENT.into())]).is_empty());
        assert_eq!(
            found(&[
                (TRUST, "{".into()),
                (NAME, "a".into()),
                (NAME_PREFIX, "b".into())
            ]),
            [
                "assume_role_policy Invalid policy document",
                "name_prefix Conflicting arguments"
            ]
        );
        assert!(found(&[(TRUST, Value::unknown(Type::String))]).is_empty());
    }

    #[test]
    fn an_empty_block_stands_for_no_inline_policies() {
        let null = || Value::null(Type::String);
        let block = |name: Value, policy: Value| Value::object([(NAME, name), ("policy", policy)]);
        let set = |blocks: Vec<Value>| Value::set(block(null(), null()).ty(), blocks);
        let (empty, full) = (block(null(), null()), block("a".into(), DOCUMENT.into()));
        let unsaid = set(Vec::new());
        let none = set(vec![empty.clone()]);
        let one = set(vec![full.clone()]);
        for (prior, proposed, same) in [
            (&unsaid, &none, false),
            (&none, &unsaid, true),
            (&none, &none, true),
            (&one, &none, false),
            (&one, &unsaid, false),
            (&one, &set(vec![full, empty]), true),
        ] {
            assert_eq!(same_inline(prior, proposed), same, "{prior:?} {proposed:?}");
        }
        let half = set(vec![block("a".into(), null())]);
        let problems = Role::new().validate(&role(&[(TRUST, DOCUMENT.into()), (INLINE, half)]));
        assert_eq!(problems[0].path.to_string(), "inline_policy[0]");
    }

    #[test]
    fn what_is_not_said_has_the_services_defaults() {
        let config = role(&[(TRUST, DOCUMENT.into()), (NAME_PREFIX, "crm-".into())]);
        let proposed = with(&config, [(NAME, Value::unknown(Type::String))]);
        let planned = Role::new().plan(PlanRequest {
            prior: None,
            config: &config,
            proposed: &proposed,
            changed: &[],
            provider: None,
        });
        let planned = planned.planned;
        assert_eq!(text(&planned, "path"), Some("/"));
        assert_eq!(text(&planned, NAME_PREFIX), Some("crm-"));
        for unknown in ["arn", "id", NAME, "unique_id"] {
            assert!(!planned.get(unknown).unwrap().is_known(), "{unknown}");
        }
        let made = Role::new().identity_with(&planned, "token").unwrap();
        assert!(made.starts_with("crm-"), "{made:?}");
        assert_eq!(Role::new().identity(&planned), None);
    }
}
