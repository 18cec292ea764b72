//! The two halves of a resource type: [`ResourceType`] is pure and all that the planner sees;
//! [`RemoteObjects`] does the requests and is all that the executor sees.

use std::time::Duration;

use async_trait::async_trait;
use flowctl_model::{AttributePath, Problem, Text, Value};

use crate::table::Schema;

/// What planning a change of one object starts from.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest<'a> {
    /// The object as it is now, secrets withheld; `None` if it is to be created.
    pub prior: Option<&'a Value>,
    /// The configuration: what is not set is null.
    pub config: &'a Value,
    /// The configuration, and for computed attributes that are not set their prior value
    /// (unknown for an object to be created).
    pub proposed: &'a Value,
    /// The paths at which `prior` and `proposed` differ by meaning, secrets included.
    pub changed: &'a [AttributePath],
    /// The settings of the provider configuration that the object belongs to, of the type of the
    /// provider's schema; `None` where there is no such block or its settings are not known.
    pub provider: Option<&'a Value>,
}

/// What a resource type makes of a [`PlanRequest`].
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// The object as it will be; unknown where that is not known yet.
    pub planned: Value,
    /// Further paths that force a replacement, beside the attributes whose schema says so.
    pub replace: Vec<AttributePath>,
    /// Paths whose change does not replace this object although their schema says so: what the
    /// service does not tell of an object that was adopted cannot be known to differ.
    pub in_place: Vec<AttributePath>,
}

/// The pure half.
pub trait ResourceType: Send + Sync {
    /// The type's name: `aws_appflow_connector_profile`.
    fn name(&self) -> &'static str;

    /// Its table.
    fn schema(&self) -> &Schema;

    /// Rules across arguments. `config` may have unknown parts, about which nothing is said.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// Whether two different known values at a path mean the same to the service.
    fn equivalent(&self, _path: &AttributePath, _prior: &Value, _proposed: &Value) -> bool {
        false
    }

    /// Completes the proposed object.
    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        PlannedChange {
            planned: request.proposed.clone(),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    /// What is wrong with a change, though the configuration by itself is right: what only a
    /// creation needs (then `prior` is `None`), or what an object that is there cannot become.
    /// `proposed` is the object as it is planned.
    fn check_change(&self, _request: &PlanRequest<'_>) -> Vec<Problem> {
        Vec::new()
    }

    /// The name under which the object is found in the service, which is unique there; `None`
    /// if it is not known yet or the type has none.
    fn identity(&self, _object: &Value) -> Option<Text> {
        None
    }

    /// The name that an object gets when it is created with this token: as [`Self::identity`], but
    /// also for objects of which a configuration gives only the beginning of the name. It is
    /// written down before the request is sent, so that the object is found if the answer is lost.
    fn identity_with(&self, object: &Value, _token: &str) -> Option<Text> {
        self.identity(object)
    }

    /// The argument that gives the object its identity, at which errors about it point.
    fn identity_argument(&self) -> &'static str {
        "name"
    }

    /// Whether a creation that is sent once more with the same token neither makes a second object
    /// nor fails. Where it is not so, an object that an interrupted creation made is recognised by
    /// its time and its attributes.
    fn create_is_repeatable(&self) -> bool {
        true
    }

    /// Whether objects have no time at which they were made, because they are something that another
    /// object says of itself. One that is as an interrupted creation intended it is as good as made
    /// by it.
    fn is_undated(&self) -> bool {
        false
    }

    /// Whether an object has an argument from its first moment. What further requests give it may be
    /// missing of an object whose creation was interrupted.
    fn is_made_with(&self, _argument: &str) -> bool {
        true
    }

    /// How long after the request for it an object may say that it was made: some say so only when
    /// they are ready.
    fn is_made_within(&self) -> Duration {
        Duration::from_mins(2)
    }
}

/// The pure half of a data source.
pub trait DataSource: Send + Sync {
    /// Its name: `aws_appflow_connector_profile`.
    fn name(&self) -> &'static str;

    /// Its table: what to look for, and what is found.
    fn schema(&self) -> &Schema;

    /// Rules across arguments.
    fn validate(&self, _config: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// The whole object, if it follows from a configuration without unknown parts alone and nobody
    /// has to be asked.
    fn answer(&self, _config: &Value) -> Option<Value> {
        None
    }
}

/// The half of a data source that does the requests.
#[async_trait]
pub trait RemoteData: Send + Sync {
    /// The whole object for each configuration, in order, in as few requests as possible.
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>>;
}

/// An object as the service has it. What the service does not return (secrets above all) is null.
#[derive(Clone, PartialEq, Debug)]
pub struct RemoteObject {
    /// Its identity, with which it is read, changed and deleted.
    pub id: Text,
    /// Its attributes.
    pub attributes: Value,
    /// When it was made, in seconds since 1970, if the service says.
    pub created_at: Option<f64>,
}

/// Which object to read.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadRequest {
    /// Its identity.
    pub id: Text,
    /// What state knows of it, for types without a service; `None` when it is only looked up.
    pub prior: Option<Value>,
}

/// The half that does the requests. Errors never contain a secret.
#[async_trait]
pub trait RemoteObjects: Send + Sync {
    /// Reads many objects in as few requests as possible; the answers are in the order of the
    /// requests, `None` for an object that does not exist.
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError>;

    /// Makes an object. The same token makes it only once.
    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError>;

    /// Changes an object in place.
    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        token: &str,
    ) -> Result<RemoteObject, ProviderError>;

    /// Deletes an object; one that does not exist is deleted already.
    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError>;

    /// Reads the object that a person names in an import: an identity or an ARN.
    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError>;
}

/// What kind of failure a request had.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorKind {
    /// The object does not exist.
    NotFound,
    /// It exists already, or is in use.
    Conflict,
    /// The caller may not do this.
    AccessDenied,
    /// The service refuses the arguments.
    Validation,
    /// The connector refuses the credentials.
    Authentication,
    /// Too many requests, after all retries.
    Throttled,
    /// A quota is used up.
    Quota,
    /// The service failed.
    Internal,
    /// No connection, or none in time.
    Unreachable,
    /// The connection was lost after the request was sent: it may or may not have been done.
    Ambiguous,
    /// The work was taken on and is not done, or the object is not fit for use: the next run looks
    /// what became of it.
    Unready,
    /// No credentials or no region for the service.
    NotConfigured,
    /// Anything else.
    Other,
}

/// A failed request, fit to be shown: redacted of every secret it carried.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The operation: `CreateConnectorProfile`.
    pub operation: String,
    /// The service's own words.
    pub message: String,
    /// The service's error code: `ConflictException`.
    pub code: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// What can be done about it.
    pub hint: Option<String>,
}

impl ProviderError {
    /// A failure that did not come from the service.
    pub fn local(kind: ErrorKind, operation: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            operation: operation.to_owned(),
            message: message.into(),
            code: None,
            status: None,
            request_id: None,
            hint: None,
        }
    }
    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
