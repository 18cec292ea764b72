//! The providers of a run: the pure and the asynchronous halves of resource types, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::Text;
use flowctl_schema::{
    Block, ConfiguredProvider, ErrorKind, ProviderError, Providers, RemoteData, RemoteObjects,
    ResourceType, Schema,
};

/// The providers of a run, with their settings.
#[derive(Clone, Default)]
pub struct Services {
    /// The pure halves.
    pub providers: Providers,
    /// Each provider configuration by its key, as in `Change::provider` (`aws`, `aws.west`).
    pub configured: BTreeMap<Text, Arc<dyn ConfiguredProvider>>,
}

impl Services {
    /// The pure half of a resource type.
    pub fn resource_type(&self, name: &str) -> Result<&Arc<dyn ResourceType>, ProviderError> {
        self.providers
            .resource_type(name)
            .ok_or_else(|| missing("resource type", name))
    }

    /// The half of a resource type that does requests.
    pub fn remote(
        &self,
        provider: &str,
        type_name: &str,
    ) -> Result<Arc<dyn RemoteObjects>, ProviderError> {
        self.provider(provider)?
            .remote(type_name)
            .ok_or_else(|| missing("resource type", type_name))
    }

    /// The half of a data source that does requests.
    pub fn data(&self, provider: &str, name: &str) -> Result<Arc<dyn RemoteData>, ProviderError> {
        self.provider(provider)?
            .data(name)
            .ok_or_else(|| missing("data source", name))
    }

    /// The half of an ephemeral resource type that does requests.
    pub fn ephemeral(
        &self,
        provider: &str,
        name: &str,
    ) -> Result<Arc<dyn RemoteData>, ProviderError> {
        self.provider(provider)?
            .ephemeral(name)
            .ok_or_else(|| missing("ephemeral resource type", name))
    }

    /// The table of a data source; an empty one if there is no such data source.
    pub(crate) fn data_schema(&self, name: &str) -> Schema {
        let found = self.providers.data_source(name);
        let nothing = || Schema {
            version: 0,
            block: Block::default(),
        };
        found.map_or_else(nothing, |source| source.schema().clone())
    }

    fn provider(&self, key: &str) -> Result<&Arc<dyn ConfiguredProvider>, ProviderError> {
        self.configured
            .get(key)
            .ok_or_else(|| missing("provider configuration", key))
    }
}

fn missing(what: &str, name: &str) -> ProviderError {
    ProviderError::local(
        ErrorKind::NotConfigured,
        "Configure",
        format!("there is no {what} `{name}` in this run"),
    )
}
