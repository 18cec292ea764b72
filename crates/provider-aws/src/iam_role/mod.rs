//! `aws_iam_role`: a role that services such as AppFlow assume, with its policies. Its requests are
//! in [`objects`].

mod objects;

use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Step, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, NestedBlock, Nesting, PlanRequest, PlannedChange, Presence,
    ResourceType, Schema,
};

use crate::registry::ResourceEntry;
use crate::table::{
    boolean, conflicts, number, or_default, same_or_blank, same_or_no, string, strings, text, with,
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
            string(NAME, Required, "The name of the policy.").constraints(name(128)),
            string("policy", Required, "The policy, as JSON."),
        ],
        doc: "A policy that is part of the role. If there are such blocks, the role has no others.",
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
            policy::check(path.child("policy"), block.get("policy"))
        });
        let mut problems: Vec<_> = trust.into_iter().chain(inline).collect();
        problems.extend(conflicts(config, &[NAME, NAME_PREFIX]));
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some(TRUST | INLINE), Some(one), Some(other)) => policy::equivalent(one, other),
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
