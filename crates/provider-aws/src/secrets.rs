//! Secrets that are kept elsewhere: versions of secrets of Secrets Manager and parameters of
//! Systems Manager. Each is an ephemeral resource type and a data source with the same table.

use std::sync::Arc;

use async_trait::async_trait;
use aws_smithy_types::date_time::Format;
use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, DataSource, ErrorKind, Presence, ProviderError, RemoteData, Schema,
};
use futures::StreamExt;

use crate::api::Reached;
use crate::client::Client;
use crate::registry::SourceEntry;

/// How many secrets are read at the same time.
const CONCURRENT: usize = 8;

/// Where a secret is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Store {
    SecretVersion,
    Parameter,
}

impl Store {
    pub(crate) const ALL: [Self; 2] = [Self::SecretVersion, Self::Parameter];

    /// The data source or ephemeral resource type, for the registry.
    pub(crate) fn source(self) -> SourceEntry {
        SourceEntry {
            pure: Arc::new(SecretSource::new(self)),
            remote: Box::new(move |client| Arc::new(SecretData::new(self, Arc::clone(client)))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SecretVersion => "aws_secretsmanager_secret_version",
            Self::Parameter => "aws_ssm_parameter",
        }
    }

    fn block(self) -> Block {
        use Presence::{Computed, Optional, OptionalComputed, Required};
        let string = |name, presence, doc| Attribute::new(name, Type::String, presence, doc);
        let secret = |name, doc| Attribute {
            secret: true,
            ..string(name, Computed, doc)
        };
        let (attributes, doc) = match self {
            Self::SecretVersion => (
                vec![
                    string("secret_id", Required, "The name or the ARN of the secret."),
                    string(
                        "version_id",
                        OptionalComputed,
                        "Which version, by its identifier.",
                    ),
                    string(
                        "version_stage",
                        OptionalComputed,
                        "Which version, by its label; `AWSCURRENT` if nothing is set.",
                    ),
                    string("arn", Computed, "The ARN of the secret."),
                    string(
                        "id",
                        Computed,
                        "The secret and its version, as `secret_id|version_id`.",
                    ),
                    string("created_date", Computed, "When the version was made."),
                    secret("secret_string", "The secret, if it is a text."),
                    secret("secret_binary", "The secret in base64, if it is binary."),
                    Attribute::new(
                        "version_stages",
                        Type::set(Type::String),
                        Computed,
                        "Every label of the version.",
                    ),
                ],
                "A version of a secret in Secrets Manager.",
            ),
            Self::Parameter => (
                vec![
                    string(
                        "name",
                        OptionalComputed,
                        "The name of the parameter; this or `arn` is needed.",
                    ),
                    string("arn", OptionalComputed, "The ARN of the parameter."),
                    Attribute::new(
                        "with_decryption",
                        Type::Bool,
                        Optional,
                        "Whether a `SecureString` is decrypted; true if not set.",
                    ),
                    string("id", Computed, "The name of the parameter."),
                    string(
                        "type",
                        Computed,
                        "`String`, `StringList` or `SecureString`.",
                    ),
                    secret("value", "The value."),
                    Attribute::new(
                        "version",
                        Type::Number,
                        Computed,
                        "The version of the parameter.",
                    ),
                ],
                "A parameter of Systems Manager's Parameter Store.",
            ),
        };
        Block {
            attributes,
            doc,
            ..Block::default()
        }
    }

    fn operation(self) -> &'static str {
        match self {
            Self::SecretVersion => "GetSecretValue",
            Self::Parameter => "GetParameter",
        }
    }

    /// What can be done when a secret cannot be had.
    fn hint(self, kind: ErrorKind, region: &str) -> Option<String> {
        let hint = match (self, kind) {
            (Self::SecretVersion, ErrorKind::AccessDenied) => {
                "the credentials in use need `secretsmanager:GetSecretValue` for the secret, and \
                 `kms:Decrypt` for its key if it has one of its own; the policy of the secret may \
                 forbid it as well"
                    .to_owned()
            }
            (Self::SecretVersion, ErrorKind::NotFound) => format!(
                "check `secret_id` (a name or an ARN), that the secret is in region {region}, and \
                 that the version asked for has a value"
            ),
            (Self::Parameter, ErrorKind::AccessDenied) => {
                "the credentials in use need `ssm:GetParameter` for the parameter, and \
                 `kms:Decrypt` for its key if it is a `SecureString`"
                    .to_owned()
            }
            (Self::Parameter, ErrorKind::NotFound) => format!(
                "check the name, with every slash (`/team/crm/password`), and that the parameter \
                 is in region {region}"
            ),
            _ => return None,
        };
        Some(hint)
    }
}

/// The table of one of them.
pub(crate) struct SecretSource {
    store: Store,
    schema: Schema,
}

impl SecretSource {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            schema: Schema {
                version: 0,
                block: store.block(),
            },
        }
    }
}

impl DataSource for SecretSource {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let is_set = |name| config.get(name).is_some_and(|value| !value.is_null());
        let error = |name: &str, summary: &str, detail: &str| {
            Problem::error(AttributePath::attribute(name), summary, detail)
        };
        match self.store {
            Store::Parameter if is_set("name") && is_set("arn") => vec![error(
                "arn",
                "Conflicting arguments",
                "Only one of \"name\" and \"arn\" says which parameter is meant.",
            )],
            Store::Parameter if !is_set("name") && !is_set("arn") => vec![error(
                "name",
                "Missing required argument",
                "One of \"name\" and \"arn\" must say which parameter is meant.",
            )],
            _ => Vec::new(),
        }
    }
}

/// Reads one of them.
pub(crate) struct SecretData {
    store: Store,
    client: Arc<Client>,
}

impl SecretData {
    pub(crate) fn new(store: Store, client: Arc<Client>) -> Self {
        Self { store, client }
    }

    async fn read(&self, config: &Value) -> Result<Value, ProviderError> {
        let operation = self.store.operation();
        check_trust(&self.client, operation)?;
        let hinted = |mut error: ProviderError, region: &str| {
            if let Some(hint) = self.store.hint(error.kind, region) {
                error.hint = Some(hint);
            }
            error
        };
        match self.store {
            Store::SecretVersion => {
                let api = self.client.api(operation).await?;
                let found = version(api, config).await;
                found.map_err(|error| hinted(error, &api.region))
            }
            Store::Parameter => {
                let api = self.client.api(operation).await?;
                let found = parameter(api, config).await;
                found.map_err(|error| hinted(error, &api.region))
            }
        }
    }
}

/// Refuses to read a secret for the configuration of a stranger.
pub(crate) fn check_trust(client: &Client, operation: &str) -> Result<(), ProviderError> {
    if !client.is_untrusted() {
        return Ok(());
    }
    let message = "an untrusted configuration may not read secrets";
    let error = ProviderError::local(ErrorKind::AccessDenied, operation, message);
    Err(error.with_hint(
        "plan it without `--untrusted` once it was reviewed, or with `review`, which reads nothing",
    ))
}

#[async_trait]
impl RemoteData for SecretData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let reads: Vec<_> = configs.iter().map(|config| self.read(config)).collect();
        futures::stream::iter(reads)
            .buffered(CONCURRENT)
            .collect()
            .await
    }
}

async fn version(
    api: &Reached<aws_sdk_secretsmanager::Client>,
    config: &Value,
) -> Result<Value, ProviderError> {
    let call = api.reading(Store::SecretVersion.operation());
    let answer = api
        .sdk
        .get_secret_value()
        .set_secret_id(text(config, "secret_id"))
        .set_version_id(text(config, "version_id"))
        .set_version_stage(text(config, "version_stage"))
        .send()
        .await
        .map_err(|error| call.failed(&error))?;
    let stages = answer.version_stages();
    let stage = text(config, "version_stage").or_else(|| {
        let current = stages.iter().find(|stage| *stage == "AWSCURRENT");
        current.or(stages.first()).cloned()
    });
    let created = answer
        .created_date
        .and_then(|at| at.fmt(Format::DateTime).ok());
    let binary = answer.secret_binary.as_ref();
    let id = answer.version_id.as_ref().map(|version| {
        let secret = text(config, "secret_id").unwrap_or_default();
        format!("{secret}|{version}")
    });
    let labels = stages.iter().map(|stage| Value::from(stage.as_str()));
    let labels = Value::set(Type::String, labels.collect());
    Ok(with(
        config,
        [
            ("version_stage", string(stage)),
            ("version_stages", labels),
            ("created_date", string(created)),
            (
                "secret_binary",
                string(binary.map(aws_smithy_types::base64::encode)),
            ),
            ("secret_string", string(answer.secret_string)),
            ("arn", string(answer.arn)),
            ("id", string(id)),
            ("version_id", string(answer.version_id)),
        ],
    ))
}

async fn parameter(
    api: &Reached<aws_sdk_ssm::Client>,
    config: &Value,
) -> Result<Value, ProviderError> {
    let call = api.reading(Store::Parameter.operation());
    let decrypts = config.get("with_decryption").and_then(Value::as_bool);
    let answer = api
        .sdk
        .get_parameter()
        .set_name(text(config, "name").or_else(|| text(config, "arn")))
        .with_decryption(decrypts.unwrap_or(true))
        .send()
        .await
        .map_err(|error| call.failed(&error))?;
    let Some(found) = answer.parameter else {
        let message = "the service answered without a parameter";
        let operation = Store::Parameter.operation();
        return Err(ProviderError::local(ErrorKind::Other, operation, message));
    };
    let kind = found.r#type.as_ref().map(|kind| kind.as_str().to_owned());
    Ok(with(
        config,
        [
            // What was asked for may name a version or a label too.
            ("name", string(text(config, "name").or(found.name.clone()))),
            ("id", string(found.name)),
            ("arn", string(text(config, "arn").or(found.arn))),
            ("type", string(kind)),
            ("value", string(found.value)),
            ("version", Value::number(found.version)),
        ],
    ))
}

/// The configuration with what the service told.
fn with(config: &Value, told: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut members = config.members().cloned().unwrap_or_default();
    let told = told
        .into_iter()
        .map(|(name, value)| (Text::from(name), value));
    members.extend(told);
    Value::object(members)
}

fn text(object: &Value, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

fn string(text: Option<String>) -> Value {
    text.map_or(Value::null(Type::String), Value::string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_what_the_tables_say() {
        let secret = |store: Store| -> Vec<&str> {
            let block = store.block();
            let secret = block.attributes.iter().filter(|a| a.secret);
            secret.map(|a| a.name).collect()
        };
        assert_eq!(
            secret(Store::SecretVersion),
            ["secret_string", "secret_binary"]
        );
        assert_eq!(secret(Store::Parameter), ["value"]);
    }

    #[test]
    fn a_parameter_is_named_once() {
        let source = SecretSource::new(Store::Parameter);
        let found = |members: &[(&'static str, Value)]| -> Vec<String> {
            let config = Value::object(members.iter().cloned());
            let problems = source.validate(&config).into_iter();
            problems.map(|problem| problem.summary).collect()
        };
        let name = ("name", Value::from("/a"));
        let arn = ("arn", Value::unknown(Type::String));
        assert_eq!(found(&[]), ["Missing required argument"]);
        assert_eq!(
            found(&[name.clone(), arn.clone()]),
            ["Conflicting arguments"]
        );
        assert!(found(&[name]).is_empty() && found(&[arn]).is_empty());
    }

    #[test]
    fn what_cannot_be_had_has_a_hint_of_its_own() {
        for store in Store::ALL {
            for kind in [ErrorKind::AccessDenied, ErrorKind::NotFound] {
                assert!(store.hint(kind, "eu-west-1").is_some());
            }
            assert!(store.hint(ErrorKind::Throttled, "eu-west-1").is_none());
        }
    }
}
