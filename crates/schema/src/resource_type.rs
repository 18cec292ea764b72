//! The two halves of a resource type and of a provider: the pure one, which is all that the
//! planner sees, and the asynchronous one, which is all that the executor sees.

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::{AttributePath, Problem, Text, Value};

use crate::{ProviderError, Schema, change};

/// The pure half of a resource type: shape, rules and how a change is made.
///
/// Values have the type of [`Schema::ty`]. They may hold unknown values anywhere, and sensitive
/// ones; neither may reach a message.
pub trait ResourceType: Send + Sync {
    /// `aws_appflow_connector_profile`.
    fn name(&self) -> &'static str;

    /// The shape.
    fn schema(&self) -> &Schema;

    /// Rules across arguments, in addition to [`crate::validate()`]; all faults in one go.
    fn validate(&self, config: &Value) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// Whether two values at `path` mean the same to the service, so that one in place of the
    /// other is neither a change nor drift.
    fn equivalent(&self, path: &AttributePath, a: &Value, b: &Value) -> bool {
        change::equivalent(self.schema(), path, a, b)
    }

    /// The object after the change, and what forces a new object.
    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        change::plan(self.schema(), request)
    }

    /// The name under which the service will know the object, when that is known: for finding
    /// duplicates and objects that exist already.
    fn identity(&self, object: &Value) -> Option<Text> {
        let _ = object;
        None
    }

    /// The identifier for `flowctl import` of the object that has this identity, for messages.
    fn import_hint(&self, identity: &str) -> Option<String> {
        Some(identity.to_owned())
    }

    /// Whether `RemoteObjects` reaches a service, so that objects can be refreshed, and looked up
    /// before they are made. `false` for types that live in state alone.
    fn is_remote(&self) -> bool {
        true
    }
}

/// What [`ResourceType::plan`] has to go on.
pub struct PlanRequest<'a> {
    /// The object as it is. Withheld secrets that are known to be unchanged must have been put
    /// back by the caller (from `config`), so that what differs is a change.
    pub prior: Option<&'a Value>,
    /// What was configured, with nulls where nothing was.
    pub config: &'a Value,
}

/// What [`ResourceType::plan`] decides.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// The object after the change; equal to the prior one if nothing changes.
    pub planned: Value,
    /// The attributes whose change forces a new object; empty if it changes in place.
    pub replace: Vec<AttributePath>,
}

/// An object as the service tells it.
#[derive(Clone, Debug)]
pub struct RemoteObject {
    /// How the service knows it from now on.
    pub id: Text,
    /// The object, of the type of [`Schema::ty`]: what the service does not tell is taken from
    /// what was planned or was there before, or is null.
    pub attributes: Value,
}

/// One object to be read.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// How the service knows it.
    pub id: Text,
    /// The object as last known; gives what the service does not tell.
    pub prior: Option<Value>,
}

/// The asynchronous half of a resource type: requests to the service.
///
/// Everything may be called concurrently, and implementations gather reads into batches.
#[async_trait]
pub trait RemoteObjects: Send + Sync {
    /// Reads objects, in the order of the requests; `None` for those that are not there.
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError>;

    /// Makes an object. The service takes the same token for the same request once.
    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError>;

    /// Changes an object in place.
    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        token: &str,
    ) -> Result<RemoteObject, ProviderError>;

    /// Removes an object; one that is not there counts as removed.
    async fn delete(&self, id: &str, prior: &Value, token: &str) -> Result<(), ProviderError>;

    /// Reads the object that a person names for adoption.
    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError>;

    /// Looks for the object that creating `planned` would make, or has made.
    async fn find(&self, planned: &Value) -> Result<Option<RemoteObject>, ProviderError>;
}

/// The pure half of a data source.
pub trait DataSource: Send + Sync {
    /// `aws_appflow_connector_profile`.
    fn name(&self) -> &'static str;

    /// The shape: arguments to look for, attributes that were found.
    fn schema(&self) -> &Schema;

    /// Rules across arguments.
    fn validate(&self, config: &Value) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }
}

/// The asynchronous half of a data source.
#[async_trait]
pub trait RemoteData: Send + Sync {
    /// The whole object for each configuration, in order; one answer per configuration.
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>>;
}

/// The pure half of a provider: what it offers, by name.
pub trait Provider: Send + Sync {
    /// The local name of the provider, which resource types begin with: `aws`.
    fn name(&self) -> &'static str;

    /// The shape of the `provider` block.
    fn schema(&self) -> &Schema;

    /// Rules across the arguments of the `provider` block.
    fn validate(&self, config: &Value) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// Every resource type.
    fn resource_types(&self) -> &[Arc<dyn ResourceType>];

    /// Every data source.
    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &[]
    }

    /// The provider with the settings of one `provider` block (of the type of its schema, wholly
    /// known; without such a block an object of nulls). Does no I/O: connections are made at the
    /// first request.
    fn configure(&self, config: &Value) -> Result<Arc<dyn ConfiguredProvider>, ProviderError>;

    /// The resource type called `name`.
    fn resource_type(&self, name: &str) -> Option<&Arc<dyn ResourceType>> {
        self.resource_types().iter().find(|t| t.name() == name)
    }

    /// The data source called `name`.
    fn data_source(&self, name: &str) -> Option<&Arc<dyn DataSource>> {
        self.data_sources().iter().find(|d| d.name() == name)
    }
}

/// A provider with its settings: the asynchronous halves, by name.
pub trait ConfiguredProvider: Send + Sync {
    /// Requests for objects of a resource type.
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>>;

    /// Requests for a data source.
    fn data(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        let _ = name;
        None
    }
}

/// All providers, by name.
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
        self.0.iter().find(|p| p.name() == name)
    }
    /// A resource type of any provider.
    pub fn resource_type(&self, name: &str) -> Option<&Arc<dyn ResourceType>> {
        self.0.iter().find_map(|p| p.resource_type(name))
    }
    /// A data source of any provider.
    pub fn data_source(&self, name: &str) -> Option<&Arc<dyn DataSource>> {
        self.0.iter().find_map(|p| p.data_source(name))
    }
    /// The local name of the provider that a resource type belongs to.
    pub fn provider_of_type(&self, name: &str) -> Option<&'static str> {
        self.0
            .iter()
            .find(|p| p.resource_type(name).is_some())
            .map(|p| p.name())
    }
    /// The local name of the provider that a data source belongs to.
    pub fn provider_of_data(&self, name: &str) -> Option<&'static str> {
        self.0
            .iter()
            .find(|p| p.data_source(name).is_some())
            .map(|p| p.name())
    }
}
