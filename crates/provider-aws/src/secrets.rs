//! Secrets that are kept elsewhere: versions of secrets of Secrets Manager and parameters of
//! Systems Manager. Each is an ephemeral resource type and a data source with the same table.

use std::sync::Arc;

use async_trait::async_trait;
use aws_smithy_types::date_time::Format;
use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, DataSource, ErrorKind, Presence, ProviderError, Redactor, RemoteData, Schema,
};
use futures::StreamExt;
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::error::{Request, Service};

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

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|store| store.name() == name)
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

    fn service(self) -> Service {
        match self {
            Self::SecretVersion => Service::SECRETS_MANAGER,
            Self::Parameter => Service::SSM,
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
    api: OnceCell<Api>,
}

/// A client of the service, and its address if it is not the service's own.
struct Api {
    service: ServiceClient,
    endpoint: Option<String>,
    region: String,
}

enum ServiceClient {
    SecretsManager(aws_sdk_secretsmanager::Client),
    Ssm(aws_sdk_ssm::Client),
}

impl SecretData {
    pub(crate) fn new(store: Store, client: Arc<Client>) -> Self {
        Self {
            store,
            client,
            api: OnceCell::new(),
        }
    }

    async fn api(&self) -> Result<Api, ProviderError> {
        let (service, operation) = (self.store.service(), self.store.operation());
        let (sdk, endpoint) = self.client.for_secrets(service, operation).await?;
        let url = endpoint.clone();
        let service = match self.store {
            Store::SecretVersion => {
                let mut config = aws_sdk_secretsmanager::config::Builder::from(&sdk);
                config.set_endpoint_url(url);
                ServiceClient::SecretsManager(aws_sdk_secretsmanager::Client::from_conf(
                    config.build(),
                ))
            }
            Store::Parameter => {
                let mut config = aws_sdk_ssm::config::Builder::from(&sdk);
                config.set_endpoint_url(url);
                ServiceClient::Ssm(aws_sdk_ssm::Client::from_conf(config.build()))
            }
        };
        Ok(Api {
            service,
            endpoint,
            region: sdk.region().map(ToString::to_string).unwrap_or_default(),
        })
    }

    async fn read(&self, config: &Value) -> Result<Value, ProviderError> {
        let api = self.api.get_or_try_init(|| self.api()).await?;
        let found = match &api.service {
            ServiceClient::SecretsManager(client) => version(client, config, api).await,
            ServiceClient::Ssm(client) => parameter(client, config, api).await,
        };
        found.map_err(|mut error| {
            if let Some(hint) = self.store.hint(error.kind, &api.region) {
                error.hint = Some(hint);
            }
            error
        })
    }
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

fn request(store: Store, api: &Api) -> Request<'_> {
    const NOTHING: &Redactor = &Redactor::none();
    Request {
        service: store.service(),
        operation: store.operation(),
        writes: false,
        endpoint: api.endpoint.as_deref(),
        redactor: NOTHING,
    }
}

async fn version(
    client: &aws_sdk_secretsmanager::Client,
    config: &Value,
    api: &Api,
) -> Result<Value, ProviderError> {
    let answer = client
        .get_secret_value()
        .set_secret_id(text(config, "secret_id"))
        .set_version_id(text(config, "version_id"))
        .set_version_stage(text(config, "version_stage"))
        .send()
        .await
        .map_err(|error| request(Store::SecretVersion, api).failed(&error))?;
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
    client: &aws_sdk_ssm::Client,
    config: &Value,
    api: &Api,
) -> Result<Value, ProviderError> {
    let decrypts = config.get("with_decryption").and_then(Value::as_bool);
    let answer = client
        .get_parameter()
        .set_name(text(config, "name").or_else(|| text(config, "arn")))
        .with_decryption(decrypts.unwrap_or(true))
        .send()
        .await
        .map_err(|error| request(Store::Parameter, api).failed(&error))?;
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
        for store in Store::ALL {
            assert_eq!(Store::named(store.name()), Some(store));
        }
        assert_eq!(Store::named("aws_region"), None);
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
