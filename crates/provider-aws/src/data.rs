//! Data sources about the client itself: who asks, and where.

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::{Type, Value};
use flowctl_schema::{
    Attribute, Block, DataSource, ErrorKind, Presence, ProviderError, RemoteData, Schema,
};

use crate::arn::partition;
use crate::client::Client;
use crate::registry::SourceEntry;

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
                    ("region", "The region."),
                    ("endpoint", "The host name of EC2 in the region."),
                ],
                "The region that the provider works in.",
            ),
        }
    }

    /// The attributes of the answer.
    async fn answer(self, client: &Client) -> Result<Vec<(&'static str, String)>, ProviderError> {
        let connection = client.connect(self.name()).await?;
        let region = &connection.region;
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
                ("id", region.clone()),
                ("name", region.clone()),
                ("region", region.clone()),
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
            attributes.push(Attribute::new(
                "name",
                Type::String,
                Presence::OptionalComputed,
                "The region; if set, it must be the provider's.",
            ));
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
        let answer = self.about.answer(&self.client).await;
        let told = |config: &Value| {
            let members = answer.clone()?;
            if let Some(wanted) = config.get("name").and_then(Value::as_str)
                && let Some((_, ours)) = members.iter().find(|(name, _)| *name == "name")
                && ours != wanted
            {
                let message = format!("the provider works in region {ours}, not in {wanted}");
                let error = ProviderError::local(ErrorKind::Validation, self.about.name(), message);
                return Err(error.with_hint(
                    "use a provider configuration with that region, or leave `name` out",
                ));
            }
            Ok(Value::object(
                members
                    .into_iter()
                    .map(|(name, text)| (name, Value::string(text))),
            ))
        };
        configs.iter().map(told).collect()
    }
}
