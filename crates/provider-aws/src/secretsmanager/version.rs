//! `aws_secretsmanager_secret_version`: the value of a secret. All that is decided without a request.
//!
//! An object whose version has the label `AWSCURRENT` stands for the value that is current: a value
//! that somebody else put in its place is read as a change of this one. Of the value state keeps no
//! more than a digest.

use std::sync::Arc;

use aws_smithy_types::base64;
use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, PlanRequest, PlannedChange, Presence, ResourceType, Schema,
};

use super::same_secret;
use super::version_objects::VersionObjects;
use crate::registry::ResourceEntry;
use crate::table::{
    boolean, conflicts, is_set, number, problem, same_or_no, string, strings, text, with,
};

pub(super) const SECRET: &str = "secret_id";
pub(super) const STRING: &str = "secret_string";
pub(super) const BINARY: &str = "secret_binary";
pub(super) const WRITE_ONLY: &str = "secret_string_wo";
pub(super) const REVISION: &str = "secret_string_wo_version";
pub(super) const HAS_WRITE_ONLY: &str = "has_secret_string_wo";
pub(super) const STAGES: &str = "version_stages";
pub(super) const VERSION: &str = "version_id";
/// The label of the version that is read when nobody asks for another.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// What there can be the value in, of which there is one.
const VALUES: [&str; 3] = [STRING, WRITE_ONLY, BINARY];
/// The most bytes of a value.
const LONGEST: usize = 65_536;

/// The resource type, for the registry.
pub(super) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Version::new()),
        remote: Box::new(|client| Arc::new(VersionObjects::new(Arc::clone(client)))),
    }
}

/// The resource type.
pub(super) struct Version {
    schema: Schema,
}

impl Version {
    pub(super) fn new() -> Self {
        Self { schema: schema() }
    }
}

/// The identity of a version.
pub(super) fn identity(secret: &str, version: &str) -> Text {
    format!("{secret}|{version}").into()
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
fn schema() -> Schema {
    use Presence::{Computed, Optional, OptionalComputed, Required};
    let secret = |name, presence, doc| Attribute {
        secret: true,
        replace: true,
        ..string(name, presence, doc)
    };
    let attributes = vec![
        string("arn", Computed, "The ARN of the secret."),
        boolean(
            HAS_WRITE_ONLY,
            Computed,
            "Whether the value came from `secret_string_wo`.",
        )
        .not_returned(),
        string(
            "id",
            Computed,
            "The secret and its version, as `secret_id|version_id`.",
        ),
        // If it is not set, an object that exists keeps what it has.
        secret(
            BINARY,
            OptionalComputed,
            "The value in base64, if it is binary.",
        ),
        string(SECRET, Required, "The ARN or the name of the secret.")
            .constraints(vec![Constraint::Length(1, 2048)])
            .replace(),
        secret(STRING, OptionalComputed, "The value, if it is a text.")
            .constraints(vec![Constraint::Length(1, LONGEST)]),
        Attribute {
            replace: false,
            ..secret(
                WRITE_ONLY,
                Optional,
                "The value, if it is a text of which not even a digest is kept.",
            )
        }
        .constraints(vec![Constraint::Length(1, LONGEST)]),
        number(
            REVISION,
            Optional,
            "Another number sends `secret_string_wo` again.",
        )
        .not_returned()
        .replace(),
        string(VERSION, Computed, "The identifier of the version."),
        strings(
            STAGES,
            OptionalComputed,
            "The labels of the version; `AWSCURRENT` if not set.",
        )
        .constraints(vec![
            Constraint::Entries(1, 20),
            Constraint::Values(vec![Constraint::Length(1, 256)]),
        ]),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            doc: "The value of a secret.",
            ..Block::default()
        },
    }
}

impl ResourceType for Version {
    fn name(&self) -> &'static str {
        "aws_secretsmanager_secret_version"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<_> = conflicts(config, &VALUES).into_iter().collect();
        if !VALUES.iter().any(|name| is_set(config, name)) {
            // It is asked for only of an object that is to be made: one that exists has a value.
            let detail = format!(
                "One of `{STRING}`, `{WRITE_ONLY}` and `{BINARY}` must hold the value of the secret."
            );
            problems.push(problem(HAS_WRITE_ONLY, "Missing required argument", detail));
        }
        if is_set(config, REVISION) && !is_set(config, WRITE_ONLY) {
            let detail = format!("`{REVISION}` says nothing without `{WRITE_ONLY}`.");
            problems.push(problem(REVISION, "Missing value of a secret", detail));
        }
        let binary = text(config, BINARY);
        if binary.is_some_and(|text| bytes(text).is_none()) {
            let detail = format!("`{BINARY}` is not in base64, with padding.");
            let found = problem(BINARY, "Invalid base64", detail);
            problems.push(found.with_help("use `filebase64(\"FILE\")` or `base64encode(TEXT)`"));
        }
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some(SECRET), Some(one), Some(other)) => same_secret(one, other),
            (Some(HAS_WRITE_ONLY), ..) => same_or_no(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let null = || Value::null(Type::String);
        let said = VALUES.iter().any(|name| is_set(request.config, name));
        let mut members = vec![(
            HAS_WRITE_ONLY,
            Value::bool(is_set(request.config, WRITE_ONLY)),
        )];
        // There is one value: what is said takes the place of what was.
        for name in [STRING, BINARY] {
            if !is_set(request.config, name) && (said || request.prior.is_none()) {
                members.push((name, null()));
            }
        }
        if request.prior.is_some() {
            // It is sent when the version is made, and never again.
            members.push((WRITE_ONLY, null()));
        }
        PlannedChange {
            planned: with(request.proposed, members),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        Some(identity(text(object, SECRET)?, text(object, VERSION)?))
    }

    fn identity_with(&self, object: &Value, token: &str) -> Option<Text> {
        // The token of the request is the identifier of the version.
        Some(identity(text(object, SECRET)?, token))
    }

    fn identity_argument(&self) -> &'static str {
        SECRET
    }
}

/// The bytes that a text in base64 stands for, if there is but one way to write them.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let bytes = base64::decode(text).ok()?;
    (base64::encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(members: &[(&'static str, Value)]) -> Value {
        let version = Version::new();
        let attributes = version.schema.block.attributes.iter();
        let null = attributes.map(|a| (a.name, Value::null(a.ty.clone())));
        with(&Value::object(null), members.iter().cloned())
    }

    #[test]
    fn there_is_one_value() {
        let found = |members: &[(&'static str, Value)]| -> Vec<String> {
            let problems = Version::new().validate(&version(members)).into_iter();
            problems.map(|problem| problem.path.to_string()).collect()
        };
        assert!(found(&[(STRING, "s".into())]).is_empty());
        assert!(found(&[(WRITE_ONLY, Value::unknown(Type::String))]).is_empty());
        assert_eq!(found(&[]), [HAS_WRITE_ONLY]);
        assert_eq!(
            found(&[(STRING, "s".into()), (BINARY, "cw==".into())]),
            [BINARY]
        );
        for odd in ["cw", "c w=", "s!", "cx=="] {
            assert_eq!(found(&[(BINARY, odd.into())]), [BINARY], "{odd}");
        }
        let revision = (REVISION, Value::number(1));
        assert_eq!(found(&[(STRING, "s".into()), revision]), [REVISION]);
    }

    #[test]
    fn values_are_secret_and_replace_the_version() {
        let version = Version::new();
        let secret = |name| version.schema.block.attribute(name).unwrap().secret;
        assert!(VALUES.into_iter().all(secret));
        let replaces = |name: &str| version.schema.block.attribute(name).unwrap().replace;
        assert!(replaces(STRING) && replaces(REVISION) && !replaces(WRITE_ONLY));
        assert!(!replaces(STAGES));
    }

    fn plan(prior: Option<&Value>, config: &Value, proposed: &Value) -> Value {
        let request = PlanRequest {
            prior,
            config,
            proposed,
            changed: &[],
            provider: None,
        };
        Version::new().plan(request).planned
    }

    #[test]
    fn what_is_written_only_is_not_compared() {
        let config = version(&[(SECRET, "a".into()), (WRITE_ONLY, "s".into())]);
        let unknown = || Value::unknown(Type::String);
        let proposed = with(&config, [(STRING, unknown()), (BINARY, unknown())]);
        let made = plan(None, &config, &proposed);
        assert_eq!(text(&made, WRITE_ONLY), Some("s"));
        assert!(made.get(STRING).unwrap().is_null());
        assert_eq!(made.get(HAS_WRITE_ONLY), Some(&Value::bool(true)));
        let prior = with(&made, [(WRITE_ONLY, Value::null(Type::String))]);
        let next = plan(
            Some(&prior),
            &config,
            &with(&prior, [(WRITE_ONLY, "t".into())]),
        );
        assert!(next.get(WRITE_ONLY).unwrap().is_null());
    }

    #[test]
    fn an_object_whose_value_is_not_said_keeps_it() {
        let config = version(&[(SECRET, "a".into())]);
        let prior = version(&[(SECRET, "a".into()), (STRING, "s".into())]);
        assert_eq!(
            text(&plan(Some(&prior), &config, &prior), STRING),
            Some("s")
        );
        // Another kind of value takes its place.
        let config = version(&[(SECRET, "a".into()), (BINARY, "cw==".into())]);
        let proposed = with(&prior, [(BINARY, "cw==".into())]);
        assert!(
            plan(Some(&prior), &config, &proposed)
                .get(STRING)
                .unwrap()
                .is_null()
        );
    }

    #[test]
    fn a_version_is_found_by_the_token_that_made_it() {
        let version = version(&[(SECRET, "a".into())]);
        assert_eq!(Version::new().identity(&version), None);
        let id = Version::new().identity_with(&version, "token");
        assert_eq!(id.as_deref(), Some("a|token"));
    }
}
