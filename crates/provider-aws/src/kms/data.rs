//! The data sources `aws_kms_key` and `aws_kms_alias`.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::types::{
    ExpirationModelType, KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType, OriginType,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use flowctl_model::Value;
use flowctl_schema::{
    Attribute, Block, Constraint, DataSource, ErrorKind, Presence, ProviderError, RemoteData,
    Schema,
};
use futures::StreamExt as _;

use super::{aliases, described, target_arn};
use crate::api::Reached;
use crate::client::Client;
use crate::registry::SourceEntry;
use crate::table::{boolean, number, string, text, text_value, whole_value, with};

/// How many keys are read at the same time.
const AT_ONCE: usize = 8;

/// What is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Looked {
    Key,
    Alias,
}

impl Looked {
    pub(super) const ALL: [Self; 2] = [Self::Key, Self::Alias];

    /// The data source, for the registry.
    pub(super) fn source(self) -> SourceEntry {
        let schema = Schema {
            version: 0,
            block: self.block(),
        };
        SourceEntry {
            pure: Arc::new(KmsSource { of: self, schema }),
            remote: Box::new(move |client| {
                Arc::new(KmsData {
                    of: self,
                    client: Arc::clone(client),
                })
            }),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Key => "aws_kms_key",
            Self::Alias => "aws_kms_alias",
        }
    }

    fn block(self) -> Block {
        let (attributes, doc) = match self {
            Self::Key => (of_key(), "A key of KMS."),
            Self::Alias => (of_alias(), "A name of a key of KMS."),
        };
        Block {
            attributes,
            doc,
            ..Block::default()
        }
    }
}

fn of_key() -> Vec<Attribute> {
    use Presence::{Computed, Required};
    vec![
        string(
            "key_id",
            Required,
            "The key, by its identifier, its ARN, an alias or the ARN of an alias.",
        ),
        string("arn", Computed, "The ARN."),
        string(
            "aws_account_id",
            Computed,
            "The account that the key is in.",
        ),
        string(
            "cloud_hsm_cluster_id",
            Computed,
            "The cluster of the key's store.",
        ),
        string("creation_date", Computed, "When the key was made."),
        string(
            "custom_key_store_id",
            Computed,
            "The store that the key is in.",
        ),
        string("customer_master_key_spec", Computed, "The kind of key."),
        string("deletion_date", Computed, "When the key will be gone."),
        string("description", Computed, "What the key is for."),
        boolean("enabled", Computed, "Whether the key may be used."),
        string(
            "expiration_model",
            Computed,
            "Whether the key's material expires.",
        ),
        string("id", Computed, "The identifier."),
        string("key_manager", Computed, "`AWS` or `CUSTOMER`."),
        string("key_spec", Computed, "The kind of key."),
        string(
            "key_state",
            Computed,
            "`Enabled`, `Disabled`, `PendingDeletion` and so on.",
        ),
        string("key_usage", Computed, "What the key is used for."),
        boolean(
            "multi_region",
            Computed,
            "Whether the key may have replicas.",
        ),
        string("origin", Computed, "Where the key's material comes from."),
        number(
            "pending_deletion_window_in_days",
            Computed,
            "How long a key with replicas waits before it is deleted.",
        ),
        string("valid_to", Computed, "When the key's material expires."),
    ]
}

fn of_alias() -> Vec<Attribute> {
    use Presence::{Computed, Required};
    vec![
        string("name", Required, "The name, which begins with `alias/`.")
            .constraints(vec![Constraint::Pattern(r"alias/[a-zA-Z0-9/_-]+")]),
        string("arn", Computed, "The ARN."),
        string("id", Computed, "The ARN."),
        string("target_key_arn", Computed, "The ARN of the key."),
        string("target_key_id", Computed, "The identifier of the key."),
    ]
}

/// The table of one of them.
struct KmsSource {
    of: Looked,
    schema: Schema,
}

impl DataSource for KmsSource {
    fn name(&self) -> &'static str {
        self.of.name()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }
}

/// Answers one of them.
struct KmsData {
    of: Looked,
    client: Arc<Client>,
}

#[async_trait]
impl RemoteData for KmsData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let api = match self.client.api::<Kms>("DescribeKey").await {
            Ok(api) => api,
            Err(error) => return configs.iter().map(|_| Err(error.clone())).collect(),
        };
        match self.of {
            Looked::Key => {
                futures::stream::iter(configs.iter().cloned())
                    .map(|config| async move { key(api, &config).await })
                    .buffered(AT_ONCE)
                    .collect()
                    .await
            }
            Looked::Alias => named(api, configs).await,
        }
    }
}

async fn key(api: &Reached<Kms>, config: &Value) -> Result<Value, ProviderError> {
    let id = text(config, "key_id").unwrap_or_default();
    let Some(key) = described(api, id).await? else {
        let message = format!("there is no key `{id}` in region {}", api.region);
        let error = ProviderError::local(ErrorKind::NotFound, "DescribeKey", message);
        return Err(error.with_hint(
            "give the identifier of a key of this region, its ARN, or an alias as `alias/NAME`",
        ));
    };
    Ok(with(config, told(&key)))
}

fn told(key: &KeyMetadata) -> Vec<(&'static str, Value)> {
    let time = |at: Option<&DateTime>| {
        let at = at.and_then(|at| at.fmt(Format::DateTime).ok());
        text_value(at.as_deref())
    };
    let spec = || text_value(key.key_spec().map(KeySpec::as_str));
    vec![
        ("arn", text_value(key.arn())),
        ("aws_account_id", text_value(key.aws_account_id())),
        (
            "cloud_hsm_cluster_id",
            text_value(key.cloud_hsm_cluster_id()),
        ),
        ("creation_date", time(key.creation_date())),
        ("custom_key_store_id", text_value(key.custom_key_store_id())),
        ("customer_master_key_spec", spec()),
        ("deletion_date", time(key.deletion_date())),
        ("description", text_value(key.description())),
        ("enabled", Value::bool(key.enabled())),
        (
            "expiration_model",
            text_value(key.expiration_model().map(ExpirationModelType::as_str)),
        ),
        ("id", text_value(Some(key.key_id()))),
        (
            "key_manager",
            text_value(key.key_manager().map(KeyManagerType::as_str)),
        ),
        ("key_spec", spec()),
        (
            "key_state",
            text_value(key.key_state().map(KeyState::as_str)),
        ),
        (
            "key_usage",
            text_value(key.key_usage().map(KeyUsageType::as_str)),
        ),
        (
            "multi_region",
            Value::bool(key.multi_region().unwrap_or_default()),
        ),
        ("origin", text_value(key.origin().map(OriginType::as_str))),
        (
            "pending_deletion_window_in_days",
            whole_value(key.pending_deletion_window_in_days()),
        ),
        ("valid_to", time(key.valid_to())),
    ]
}

/// Aliases, of which one request tells many.
async fn named(api: &Reached<Kms>, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
    let all = aliases(api).await;
    let answer = |config: &Value| {
        let name = text(config, "name").unwrap_or_default();
        let all = all.as_ref().map_err(Clone::clone)?;
        let alias = all.iter().find(|alias| alias.alias_name() == Some(name));
        let Some(alias) = alias else {
            let message = format!("there is no alias `{name}` in region {}", api.region);
            let error = ProviderError::local(ErrorKind::NotFound, "ListAliases", message);
            return Err(error.with_hint("check the name, and the region"));
        };
        let arn = || text_value(alias.alias_arn());
        Ok(with(
            config,
            [
                ("arn", arn()),
                ("id", arn()),
                ("target_key_arn", text_value(target_arn(alias).as_deref())),
                ("target_key_id", text_value(alias.target_key_id())),
            ],
        ))
    };
    configs.iter().map(answer).collect()
}
