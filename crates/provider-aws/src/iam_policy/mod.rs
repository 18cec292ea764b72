//! The data source `aws_iam_policy`: a managed policy, looked up by its ARN or by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::Client as Iam;
use aws_sdk_iam::types::Policy;
use flowctl_model::{Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, DataSource, ErrorKind, Presence, ProviderError, RemoteData,
    Schema, nearest,
};
use futures::StreamExt as _;

use crate::api::Reached;
use crate::client::Client;
use crate::policy;
use crate::registry::SourceEntry;
use crate::table::{
    conflicts, is_set, number, owned, problem, string, text, text_value, whole_value,
};

const NAME: &str = "aws_iam_policy";
/// How many policies are read at the same time.
const AT_ONCE: usize = 8;
/// The most that one answer lists.
const PAGE: i32 = 1000;
const LIST: &str = "ListPolicies";
const READ: &str = "GetPolicy";

/// The data source, for the registry.
pub(crate) fn source() -> SourceEntry {
    SourceEntry {
        pure: Arc::new(PolicySource { schema: schema() }),
        remote: Box::new(|client| Arc::new(PolicyData(Arc::clone(client)))),
    }
}

fn schema() -> Schema {
    use Presence::{Computed, Optional, OptionalComputed};
    let attributes = vec![
        string("arn", OptionalComputed, "The ARN of the policy."),
        number(
            "attachment_count",
            Computed,
            "How many users, groups and roles it is attached to.",
        ),
        string("description", Computed, "What the policy is for."),
        string("id", Computed, "The ARN."),
        string("name", OptionalComputed, "The name of the policy."),
        string("path", Computed, "The path of the policy."),
        string(
            "path_prefix",
            Optional,
            "What the path begins with, of policies that are looked up by name.",
        )
        .constraints(vec![
            Constraint::Length(1, 512),
            Constraint::Pattern(r"/([\x21-\x7e]+/)?"),
        ]),
        string("policy", Computed, "The document, as JSON."),
        string(
            "policy_id",
            Computed,
            "The identifier that no other policy will ever have.",
        ),
        Attribute::new(
            "tags",
            Type::map(Type::String),
            Computed,
            "Tags of the policy.",
        ),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            doc: "A managed policy.",
            ..Block::default()
        },
    }
}

/// The table.
struct PolicySource {
    schema: Schema,
}

impl DataSource for PolicySource {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(conflicts(config, &["arn", "name"]));
        problems.extend(conflicts(config, &["arn", "path_prefix"]));
        if ["arn", "name", "path_prefix"]
            .iter()
            .all(|name| !is_set(config, name))
        {
            let detail = "One of `arn`, `name` and `path_prefix` must say which policy is meant.";
            problems.push(problem("name", "Missing required argument", detail));
        }
        problems
    }
}

/// Reads policies.
struct PolicyData(Arc<Client>);

/// The policies below a path, or why they cannot be had.
type Listed = BTreeMap<Option<String>, Result<Vec<Policy>, ProviderError>>;

#[async_trait]
impl RemoteData for PolicyData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let api = match self.0.api::<Iam>(READ).await {
            Ok(api) => api,
            Err(error) => return vec![Err(error); configs.len()],
        };
        // Policies are listed once for all that are looked up below the same path.
        let by_name = configs.iter().filter(|config| !is_set(config, "arn"));
        let prefixes: BTreeSet<_> = by_name.map(|config| owned(config, "path_prefix")).collect();
        let mut listed = Listed::new();
        for prefix in prefixes {
            let found = list(api, prefix.as_deref()).await;
            listed.insert(prefix, found);
        }
        let listed = &listed;
        let read = |config: Value| async move {
            let arn = match owned(&config, "arn") {
                Some(arn) => arn,
                None => chosen(&config, listed)?,
            };
            self::read(api, &config, &arn).await
        };
        futures::stream::iter(configs.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

async fn list(api: &Reached<Iam>, prefix: Option<&str>) -> Result<Vec<Policy>, ProviderError> {
    let request = api.sdk.list_policies().max_items(PAGE);
    let request = request.set_path_prefix(prefix.map(str::to_owned));
    let mut pages = request.into_paginator().items().send();
    let mut policies = Vec::new();
    while let Some(policy) = pages.next().await {
        policies.push(policy.map_err(|error| api.reading(LIST).failed(&error))?);
    }
    Ok(policies)
}

/// The ARN of the one policy that a configuration describes.
fn chosen(config: &Value, listed: &Listed) -> Result<String, ProviderError> {
    let prefix = owned(config, "path_prefix");
    let policies = match listed.get(&prefix) {
        Some(Ok(policies)) => policies.as_slice(),
        Some(Err(error)) => return Err(error.clone()),
        None => &[],
    };
    let name = text(config, "name");
    let is_meant = |policy: &&Policy| name.is_none_or(|name| policy.policy_name() == Some(name));
    let mut found = policies.iter().filter(is_meant).filter_map(Policy::arn);
    let below = prefix.map_or_else(String::new, |path| format!(" below the path {path:?}"));
    let called = name.map_or_else(String::new, |name| format!(" called {name:?}"));
    let refused =
        |kind, message, hint: &str| Err(ProviderError::local(kind, LIST, message).with_hint(hint));
    match (found.next(), found.next()) {
        (Some(arn), None) => Ok(arn.to_owned()),
        (None, _) => {
            let names = policies.iter().filter_map(Policy::policy_name);
            let near = name.and_then(|name| nearest(name, names));
            let hint = near.map_or_else(
                || "check the name, capitals included, and the path".to_owned(),
                |near| format!("did you mean {near:?}?"),
            );
            refused(
                ErrorKind::NotFound,
                format!("there is no policy{called}{below}"),
                &hint,
            )
        }
        (Some(one), Some(other)) => refused(
            ErrorKind::Validation,
            format!("there are several policies{called}{below}: {one}, {other}"),
            "say which one is meant with its `arn`",
        ),
    }
}

async fn read(api: &Reached<Iam>, config: &Value, arn: &str) -> Result<Value, ProviderError> {
    let answer = api.sdk.get_policy().policy_arn(arn).send().await;
    let answer = answer.map_err(|error| api.reading(READ).failed(&error))?;
    let Some(policy) = answer.policy else {
        let message = format!("there is no policy {arn}");
        return Err(ProviderError::local(ErrorKind::NotFound, READ, message));
    };
    let request = api.sdk.get_policy_version().policy_arn(arn);
    let request = request.set_version_id(policy.default_version_id.clone());
    let version = request.send().await;
    let version = version.map_err(|error| api.reading("GetPolicyVersion").failed(&error))?;
    let document = version.policy_version.and_then(|version| version.document);
    let document = document.as_deref().map(policy::decoded);
    let tags = policy.tags().iter();
    let tags = tags.map(|tag| (Text::from(tag.key()), Value::string(tag.value())));
    Ok(Value::object([
        ("arn", text_value(policy.arn())),
        ("attachment_count", whole_value(policy.attachment_count())),
        ("description", text_value(policy.description())),
        ("id", text_value(policy.arn())),
        ("name", text_value(policy.policy_name())),
        ("path", text_value(policy.path())),
        ("path_prefix", text_value(text(config, "path_prefix"))),
        ("policy", text_value(document.as_deref())),
        ("policy_id", text_value(policy.policy_id())),
        (
            "tags",
            Value::map(Type::String, tags.collect::<BTreeMap<_, _>>()),
        ),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(members: &[(&'static str, &str)]) -> Value {
        Value::object(
            members
                .iter()
                .map(|(name, text)| (*name, Value::from(*text))),
        )
    }

    #[test]
    fn one_of_several_ways_says_which_policy_is_meant() {
        let source = PolicySource { schema: schema() };
        let found = |members: &[(&'static str, &str)]| -> Vec<String> {
            let problems = source.validate(&config(members)).into_iter();
            problems.map(|problem| problem.path.to_string()).collect()
        };
        assert!(found(&[("name", "a"), ("path_prefix", "/b/")]).is_empty());
        assert!(found(&[("arn", "a")]).is_empty());
        assert_eq!(found(&[]), ["name"]);
        assert_eq!(
            found(&[("arn", "a"), ("path_prefix", "/")]),
            ["path_prefix"]
        );
    }

    #[test]
    fn a_name_stands_for_one_policy_or_is_refused() {
        let policy = |name: &str, arn: &str| Policy::builder().policy_name(name).arn(arn).build();
        let all = vec![policy("a", "1"), policy("b", "2"), policy("b", "3")];
        let listed = Listed::from([(None, Ok(all))]);
        let chosen = |name: &str| chosen(&config(&[("name", name)]), &listed);
        assert_eq!(chosen("a").as_deref(), Ok("1"));
        let none = chosen("c").unwrap_err();
        assert_eq!(
            (none.kind, &*none.message),
            (ErrorKind::NotFound, "there is no policy called \"c\"")
        );
        let several = chosen("b").unwrap_err();
        assert!(several.message.ends_with("called \"b\": 2, 3"), "{several}");
    }
}
