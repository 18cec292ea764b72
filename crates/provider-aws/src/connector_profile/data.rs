//! The requests of the data source `aws_appflow_connector_profile`.

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::Value;
use flowctl_schema::{ErrorKind, ProviderError, RemoteData};

use super::objects::describe;
use super::profile::decode_data;
use crate::client::Client;
use crate::imported::PROFILE;
use crate::table::text;

/// Looks profiles up by name.
pub(crate) struct ProfileData {
    client: Arc<Client>,
}

impl ProfileData {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }
}

#[async_trait]
impl RemoteData for ProfileData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        const OPERATION: &str = "DescribeConnectorProfiles";
        let names: Vec<&str> = configs
            .iter()
            .map(|config| PROFILE.name_of(text(config, "name").unwrap_or_default()))
            .collect();
        let answer = async {
            let connection = self.client.connect(OPERATION).await?;
            let found = describe(connection, &names).await?;
            Ok((connection.region.as_str(), found))
        };
        let (region, found) = match answer.await {
            Ok(answer) => answer,
            Err(error) => {
                return names
                    .iter()
                    .map(|_| Err(ProviderError::clone(&error)))
                    .collect();
            }
        };
        let read = |name: &&str| {
            found.get(*name).map(decode_data).ok_or_else(|| {
                let message = format!(
                    "there is no connector profile `{name}` in region {region} of the account"
                );
                ProviderError::local(ErrorKind::NotFound, OPERATION, message)
                    .with_hint("check the name, the region and whose credentials are in use")
            })
        };
        names.iter().map(read).collect()
    }
}
