//! Resource types and data sources of AWS: the table of `aws_appflow_connector_profile`, its
//! encoding to and decoding from the SDK's types, the rules between its arguments, the requests,
//! and the settings of `provider "aws"` with which the client is made at the first of them.
//!
//! This crate must not know HCL, SQLite or terminals.

mod arn;
mod client;
mod connector_profile;
mod data;
mod error;
mod secrets;
mod settings;
mod structure;

use std::sync::Arc;

use flowctl_model::{Problem, Value};
use flowctl_schema::{
    ConfiguredProvider, DataSource, Provider, ProviderError, RemoteData, RemoteObjects,
    ResourceType, Schema,
};

use client::Client;
pub use client::Environment;
use connector_profile::{
    CONNECTOR_PROFILE, ConnectorProfile, ProfileData, ProfileObjects, ProfileSource,
};
use data::{About, AboutData, AboutSource};
use secrets::{SecretData, SecretSource, Store};
use settings::Settings;

/// Beginnings of the targets under which the SDK and what it stands on log whole requests and
/// answers, credentials included.
const TELLTALES: &[&str] = &["aws_", "h2", "hyper", "reqwest", "rustls", "tower"];

/// Whether what is logged under a target may be shown at all, whatever a person asks for: the SDK
/// logs the bodies of requests at its finest level, and errors that echo them above it.
pub fn may_be_logged(target: &str) -> bool {
    !TELLTALES.iter().any(|start| target.starts_with(start))
}

/// The provider `aws`.
pub struct AwsProvider {
    environment: Environment,
    schema: Schema,
    types: [Arc<dyn ResourceType>; 1],
    sources: Vec<Arc<dyn DataSource>>,
    ephemerals: Vec<Arc<dyn DataSource>>,
}

impl AwsProvider {
    /// The provider, for requests to where `environment` says.
    pub fn new(environment: Environment) -> Self {
        let mut sources: Vec<Arc<dyn DataSource>> = vec![Arc::new(ProfileSource::new())];
        for about in About::ALL {
            sources.push(Arc::new(AboutSource::new(about)));
        }
        let ephemerals: Vec<Arc<dyn DataSource>> = Store::ALL
            .into_iter()
            .map(|store| Arc::new(SecretSource::new(store)) as Arc<dyn DataSource>)
            .collect();
        sources.extend(ephemerals.iter().cloned());
        Self {
            environment,
            schema: settings::schema(),
            types: [Arc::new(ConnectorProfile::new())],
            sources,
            ephemerals,
        }
    }
}

impl Provider for AwsProvider {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        settings::validate(config)
    }

    fn resource_types(&self) -> &[Arc<dyn ResourceType>] {
        &self.types
    }

    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &self.sources
    }

    fn ephemeral_resources(&self) -> &[Arc<dyn DataSource>] {
        &self.ephemerals
    }

    fn configure(
        &self,
        config: Option<&Value>,
    ) -> Result<Arc<dyn ConfiguredProvider>, ProviderError> {
        let settings = config.map(Settings::read).unwrap_or_default();
        let client = Arc::new(Client::new(self.environment.clone(), settings));
        Ok(Arc::new(ConfiguredAws { client }))
    }
}

struct ConfiguredAws {
    client: Arc<Client>,
}

impl ConfiguredProvider for ConfiguredAws {
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>> {
        let objects = || ProfileObjects::new(Arc::clone(&self.client));
        (type_name == CONNECTOR_PROFILE).then(|| Arc::new(objects()) as Arc<dyn RemoteObjects>)
    }

    fn data(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        let client = Arc::clone(&self.client);
        if name == CONNECTOR_PROFILE {
            return Some(Arc::new(ProfileData::new(client)));
        }
        if let Some(store) = Store::named(name) {
            return Some(Arc::new(SecretData::new(store, client)));
        }
        let about = About::ALL.into_iter().find(|about| about.name() == name)?;
        Some(Arc::new(AboutData::new(about, client)))
    }

    fn ephemeral(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        let store = Store::named(name)?;
        Some(Arc::new(SecretData::new(store, Arc::clone(&self.client))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_requests_is_not_logged() {
        assert!(may_be_logged("flowctl_provider_aws::connector_profile"));
        for target in [
            "aws_smithy_runtime::client::orchestrator",
            "aws_sigv4",
            "hyper::proto",
        ] {
            assert!(!may_be_logged(target), "{target}");
        }
    }
}
