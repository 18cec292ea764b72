//! Resource types and data sources of AWS: the table of `aws_appflow_connector_profile`, its
//! encoding to and decoding from the SDK's types, the rules between its arguments, the requests,
//! and the settings of `provider "aws"` with which the client is made at the first of them.
//!
//! This crate must not know HCL, SQLite or terminals.

// Futures of the SDK are deeply nested, and ours are around them.
#![recursion_limit = "512"]

mod api;
mod arn;
mod client;
mod connector_profile;
mod data;
mod error;
mod flow;
mod iam_policy;
mod iam_policy_document;
mod iam_role;
mod imported;
mod kms;
mod limits;
mod name;
mod ours;
mod place;
mod policy;
mod redshift_cluster;
mod region;
mod registry;
mod s3_bucket;
mod s3_bucket_policy;
mod secrets;
mod secretsmanager;
mod settings;
mod structure;
mod table;
mod tags;
mod values;
mod wait;

use std::sync::Arc;

use flowctl_model::{Problem, Value};
use flowctl_schema::{
    ConfiguredProvider, DataSource, Provider, ProviderError, RemoteData, RemoteObjects,
    ResourceType, Schema,
};

use client::Client;
pub use client::Environment;
use registry::{ResourceEntry, SourceEntry};
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
    types: Vec<Arc<dyn ResourceType>>,
    sources: Vec<Arc<dyn DataSource>>,
    ephemerals: Vec<Arc<dyn DataSource>>,
    offers: Arc<Offers>,
}

/// What the provider offers, both halves of each.
struct Offers {
    resources: Vec<ResourceEntry>,
    sources: Vec<SourceEntry>,
    ephemerals: Vec<SourceEntry>,
}

impl AwsProvider {
    /// The provider, for requests to where `environment` says.
    pub fn new(environment: Environment) -> Self {
        let ambient = environment.ambient_region.as_deref();
        let resources = registry::resources().into_iter();
        let sources = registry::sources().into_iter();
        let ephemerals = registry::ephemerals().into_iter();
        let offers = Offers {
            resources: resources
                .map(|entry| region::resource(entry, ambient))
                .collect(),
            sources: sources.map(region::source).collect(),
            ephemerals: ephemerals.map(region::source).collect(),
        };
        let pure = |entries: &[SourceEntry]| {
            let pure = entries.iter().map(|entry| Arc::clone(&entry.pure));
            pure.collect()
        };
        let types = offers.resources.iter().map(|entry| &entry.pure);
        Self {
            environment,
            schema: settings::schema(),
            types: types.cloned().collect(),
            sources: pure(&offers.sources),
            ephemerals: pure(&offers.ephemerals),
            offers: Arc::new(offers),
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
        let mut problems = settings::validate(config);
        if self.environment.emulator {
            problems.extend(settings::emulated(config));
        }
        if self.environment.untrusted {
            problems.extend(settings::untrusted(config));
        }
        problems
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
        Ok(Arc::new(ConfiguredAws {
            client: Arc::new(Client::new(self.environment.clone(), settings)),
            offers: Arc::clone(&self.offers),
        }))
    }
}

struct ConfiguredAws {
    client: Arc<Client>,
    offers: Arc<Offers>,
}

impl ConfiguredAws {
    fn source(&self, entries: &[SourceEntry], name: &str) -> Option<Arc<dyn RemoteData>> {
        let entry = entries.iter().find(|entry| entry.pure.name() == name)?;
        Some((entry.remote)(&self.client))
    }
}

impl ConfiguredProvider for ConfiguredAws {
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>> {
        let mut entries = self.offers.resources.iter();
        let entry = entries.find(|entry| entry.pure.name() == type_name)?;
        Some((entry.remote)(&self.client))
    }

    fn data(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        self.source(&self.offers.sources, name)
    }

    fn ephemeral(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        self.source(&self.offers.ephemerals, name)
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
