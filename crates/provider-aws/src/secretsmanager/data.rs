//! The data source `aws_secretsmanager_secret`: a secret without its value.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client as Secrets;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use flowctl_model::{Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, DataSource, ErrorKind, Presence, ProviderError, RemoteData, Schema,
};
use futures::StreamExt as _;

use super::{DESCRIBE, described, policy_of};
use crate::api::Reached;
use crate::client::Client;
use crate::registry::SourceEntry;
use crate::table::{conflicts, is_set, problem, string, text, text_value, with};

/// How many secrets are read at the same time.
const AT_ONCE: usize = 8;

/// The data source, for the registry.
pub(super) fn source() -> SourceEntry {
    SourceEntry {
        pure: Arc::new(SecretSource { schema: schema() }),
        remote: Box::new(|client| {
            Arc::new(SecretData {
                client: Arc::clone(client),
            })
        }),
    }
}

/// The table.
struct SecretSource {
    schema: Schema,
}

fn schema() -> Schema {
    use Presence::{Computed, OptionalComputed};
    let attributes = vec![
        string(
            "arn",
            OptionalComputed,
            "The ARN; this or `name` is needed.",
        ),
        string("created_date", Computed, "When the secret was made."),
        string("description", Computed, "What the secret is for."),
        string("id", Computed, "The ARN."),
        string(
            "kms_key_id",
            Computed,
            "The key that encrypts the values, if it is not AWS's own.",
        ),
        string(
            "last_changed_date",
            Computed,
            "When the secret was last changed.",
        ),
        string(
            "name",
            OptionalComputed,
            "The name; this or `arn` is needed.",
        ),
        string(
            "policy",
            Computed,
            "Who may read the secret, as a JSON policy.",
        ),
        Attribute::new("tags", Type::map(Type::String), Computed, "The tags."),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            doc: "A secret of Secrets Manager, without its value.",
            ..Block::default()
        },
    }
}

impl DataSource for SecretSource {
    fn name(&self) -> &'static str {
        "aws_secretsmanager_secret"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let arguments = ["name", "arn"];
        if arguments.iter().any(|argument| is_set(config, argument)) {
            return conflicts(config, &arguments).into_iter().collect();
        }
        let detail = "One of `name` and `arn` must say which secret is meant.";
        vec![problem("name", "Missing required argument", detail)]
    }
}

/// Answers it.
struct SecretData {
    client: Arc<Client>,
}

#[async_trait]
impl RemoteData for SecretData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let api = match self.client.api::<Secrets>(DESCRIBE).await {
            Ok(api) => api,
            Err(error) => return configs.iter().map(|_| Err(error.clone())).collect(),
        };
        futures::stream::iter(configs.iter().cloned())
            .map(|config| async move { secret(api, &config).await })
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

async fn secret(api: &Reached<Secrets>, config: &Value) -> Result<Value, ProviderError> {
    let id = text(config, "arn").or_else(|| text(config, "name"));
    let id = id.unwrap_or_default();
    let Some(found) = described(api, id).await? else {
        let message = format!(
            "there is no secret `{id}` in region {}, or it is scheduled for deletion",
            api.region
        );
        let error = ProviderError::local(ErrorKind::NotFound, DESCRIBE, message);
        return Err(error.with_hint("check the name, and the region"));
    };
    let policy = policy_of(api, id).await?;
    let time = |at: Option<&DateTime>| {
        let at = at.and_then(|at| at.fmt(Format::DateTime).ok());
        text_value(at.as_deref())
    };
    let tags = found.tags().iter();
    let tags = tags.filter_map(|tag| Some((Text::from(tag.key()?), Value::string(tag.value()?))));
    Ok(with(
        config,
        [
            ("arn", text_value(found.arn())),
            ("created_date", time(found.created_date())),
            ("description", text_value(found.description())),
            ("id", text_value(found.arn())),
            ("kms_key_id", text_value(found.kms_key_id())),
            ("last_changed_date", time(found.last_changed_date())),
            ("name", text_value(found.name())),
            ("policy", text_value(policy.as_deref())),
            ("tags", Value::map(Type::String, tags.collect())),
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_once() {
        let source = SecretSource { schema: schema() };
        let found = |members: &[(&'static str, Value)]| {
            source
                .validate(&Value::object(members.iter().cloned()))
                .len()
        };
        let (name, arn) = (("name", Value::from("a")), ("arn", Value::from("b")));
        assert_eq!(found(&[]), 1);
        assert_eq!(found(&[name.clone(), arn.clone()]), 1);
        assert!(found(&[name]) == 0 && found(&[arn]) == 0);
    }
}
