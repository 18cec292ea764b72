//! Data sources about the client itself: who asks, and where.

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::{Problem, Type, Value};
use flowctl_schema::{Attribute, Block, DataSource, Presence, ProviderError, RemoteData, Schema};
use futures::future::join_all;

use crate::arn::partition;
use crate::client::Client;
use crate::region;
use crate::registry::SourceEntry;
use crate::table::{conflicts, text};

/// Which data source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum About {
    CallerIdentity,
    Partition,
    Region,
}

impl About {
    pub(crate) const ALL: [Self; 3] = [Self::CallerIdentity, Self::Partition, Self::Region];

    /// The data source, for the registry.
    pub(crate) fn source(self) -> SourceEntry {
        SourceEntry {
            pure: Arc::new(AboutSource::new(self)),
            remote: Box::new(move |client| Arc::new(AboutData::new(self, Arc::clone(client)))),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CallerIdentity => "aws_caller_identity",
            Self::Partition => "aws_partition",
            Self::Region => "aws_region",
        }
    }

    /// Its attributes, and what it is for.
    fn table(self) -> (&'static [(&'static str, &'static str)], &'static str) {
        match self {
            Self::CallerIdentity => (
                &[
                    ("id", "The account."),
                    ("account_id", "The account."),
                    ("arn", "The ARN of the user or role."),
                    ("user_id", "The unique identifier of the user or role."),
                ],
                "Whose credentials are in use.",
            ),
            Self::Partition => (
                &[
                    ("id", "The partition."),
                    ("partition", "The partition: `aws`, `aws-cn` and so on."),
                    ("dns_suffix", "What host names of services end with."),
                    ("reverse_dns_prefix", "The same in reverse order."),
                ],
                "The partition of AWS that the region belongs to.",
            ),
            Self::Region => (
                &[
                    ("id", "The region."),
                    ("endpoint", "The host name of EC2 in the region."),
                ],
                "The region that the provider works in, or another one.",
            ),
        }
    }

    /// The attributes of the answer.
    async fn answer(
        self,
        client: &Client,
        config: &Value,
    ) -> Result<Vec<(&'static str, String)>, ProviderError> {
        let connection = client.connect(self.name()).await?;
        let chosen = ["region", "name"]
            .iter()
            .find_map(|name| text(config, name));
        let region = chosen.unwrap_or(&connection.region);
        let (partition, suffix) = partition(region);
        Ok(match self {
            Self::CallerIdentity => {
                let identity = client.identity(connection).await?;
                vec![
                    ("id", identity.account.clone()),
                    ("account_id", identity.account.clone()),
                    ("arn", identity.arn.clone()),
                    ("user_id", identity.user_id.clone()),
                ]
            }
            Self::Partition => {
                let reverse: Vec<_> = suffix.rsplit('.').collect();
                vec![
                    ("id", partition.to_owned()),
                    ("partition", partition.to_owned()),
                    ("dns_suffix", suffix.to_owned()),
                    ("reverse_dns_prefix", reverse.join(".")),
                ]
            }
            Self::Region => vec![
                ("id", region.to_owned()),
                ("name", region.to_owned()),
                ("region", region.to_owned()),
                ("endpoint", format!("ec2.{region}.{suffix}")),
            ],
        })
    }
}

/// The table of one of them.
pub(crate) struct AboutSource {
    about: About,
    schema: Schema,
}

impl AboutSource {
    pub(crate) fn new(about: About) -> Self {
        let (computed, doc) = about.table();
        let attribute = |(name, doc): &(&'static str, &'static str)| {
            Attribute::new(name, Type::String, Presence::Computed, doc)
        };
        let mut attributes: Vec<_> = computed.iter().map(attribute).collect();
        if about == About::Region {
            // `name` is what `region` was called before.
            let chosen = ["region", "name"].map(|name| {
                let doc = "The region to tell of; the provider's if not set.";
                Attribute::new(name, Type::String, Presence::OptionalComputed, doc)
            });
            attributes.extend(chosen);
        }
        let block = Block {
            attributes,
            blocks: Vec::new(),
            doc,
            ..Block::default()
        };
        Self {
            about,
            schema: Schema { version: 0, block },
        }
    }
}

impl DataSource for AboutSource {
    fn name(&self) -> &'static str {
        self.about.name()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let conflict = conflicts(config, &["region", "name"]);
        region::misnamed(config)
            .into_iter()
            .chain(conflict)
            .collect()
    }
}

/// Answers one of them.
pub(crate) struct AboutData {
    about: About,
    client: Arc<Client>,
}

impl AboutData {
    pub(crate) fn new(about: About, client: Arc<Client>) -> Self {
        Self { about, client }
    }
}

#[async_trait]
impl RemoteData for AboutData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let told = async |config: &Value| {
            let members = self.about.answer(&self.client, config).await?.into_iter();
            Ok(Value::object(
                members.map(|(name, text)| (name, Value::string(text))),
            ))
        };
        join_all(configs.iter().map(told)).await
    }
}
