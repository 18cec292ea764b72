//! A provider: the resource types and data sources of one service, and its settings.

use std::sync::Arc;

use flowctl_model::{Problem, Value};

use crate::{DataSource, ProviderError, RemoteData, RemoteObjects, ResourceType, Schema};

/// The pure half of a provider: what it offers, by name.
pub trait Provider: Send + Sync {
    /// Its local name, with which its resource types begin: `aws`.
    fn name(&self) -> &'static str;

    /// The table of its `provider` block.
    fn schema(&self) -> &Schema;

    /// Rules across the arguments of its `provider` block.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Every resource type.
    fn resource_types(&self) -> &[Arc<dyn ResourceType>];

    /// Every data source.
    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &[]
    }

    /// Every ephemeral resource type: what it takes and what is read.
    fn ephemeral_resources(&self) -> &[Arc<dyn DataSource>] {
        &[]
    }

    /// The provider with the settings of one `provider` block: a value of the type of its schema
    /// without unknown parts, or `None` where there is no such block. Does no I/O: whatever is
    /// needed for requests is made at the first one.
    fn configure(
        &self,
        config: Option<&Value>,
    ) -> Result<Arc<dyn ConfiguredProvider>, ProviderError>;
}

/// A provider with its settings: the halves that do the requests, by name.
pub trait ConfiguredProvider: Send + Sync {
    /// Requests for the objects of a resource type.
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>>;

    /// Requests for a data source.
    fn data(&self, _name: &str) -> Option<Arc<dyn RemoteData>> {
        None
    }

    /// Requests for an ephemeral resource.
    fn ephemeral(&self, _name: &str) -> Option<Arc<dyn RemoteData>> {
        None
    }
}

/// All providers, looked up by name.
#[derive(Clone, Default)]
pub struct Providers(Vec<Arc<dyn Provider>>);

impl Providers {
    /// These providers.
    pub fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        Self(providers)
    }

    /// Each provider.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.0.iter()
    }

    /// The provider with this local name.
    pub fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.iter().find(|p| p.name() == name)
    }

    /// Every resource type of every provider.
    pub fn resource_types(&self) -> impl Iterator<Item = &Arc<dyn ResourceType>> {
        self.iter().flat_map(|p| p.resource_types())
    }

    /// The resource type called `name`.
    pub fn resource_type(&self, name: &str) -> Option<&Arc<dyn ResourceType>> {
        self.resource_types().find(|t| t.name() == name)
    }

    /// Every data source of every provider.
    pub fn data_sources(&self) -> impl Iterator<Item = &Arc<dyn DataSource>> {
        self.iter().flat_map(|p| p.data_sources())
    }

    /// The data source called `name`.
    pub fn data_source(&self, name: &str) -> Option<&Arc<dyn DataSource>> {
        self.data_sources().find(|d| d.name() == name)
    }

    /// Every ephemeral resource type of every provider.
    pub fn ephemeral_resources(&self) -> impl Iterator<Item = &Arc<dyn DataSource>> {
        self.iter().flat_map(|p| p.ephemeral_resources())
    }

    /// The ephemeral resource type called `name`.
    pub fn ephemeral_resource(&self, name: &str) -> Option<&Arc<dyn DataSource>> {
        self.ephemeral_resources().find(|e| e.name() == name)
    }
}
