//! What the executor needs of a state store: intents and results, each in one transaction.
//!
//! The rule: nothing is asked of the service before the intent is committed, and a result and the
//! change of state it means are committed together. What is between is found again by
//! [`crate::recover`].

use async_trait::async_trait;
use flowctl_model::event::OperationAction;
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Text};

/// Identifies an operation in the journal.
pub type OperationId = i64;

/// What is about to be asked of the service.
#[derive(Clone, PartialEq, Debug)]
pub struct Intent {
    /// The instance.
    pub address: Address,
    /// Create, update or delete.
    pub action: OperationAction,
    /// Provider configuration: `aws`, or `aws.alias`.
    pub provider: Text,
    /// Identity in the service: the object's own, or for a creation the one it will have, if the
    /// type has names.
    pub id: Option<Text>,
    /// Idempotency token of the request.
    pub token: String,
    /// What state will say when the operation has succeeded, secrets withheld, as far as it is
    /// known before; `None` for a deletion.
    pub intended: Option<ResourceState>,
}

/// An intent without a result: the run that wrote it was cut off, or lost the answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Unfinished {
    /// Which operation.
    pub operation: OperationId,
    /// What was intended.
    pub intent: Intent,
    /// When, in seconds since 1970.
    pub started_at: f64,
}

/// A change of state.
#[derive(Clone, PartialEq, Debug)]
pub enum StateWrite {
    /// The instance is now this.
    Put(Address, Box<ResourceState>),
    /// The instance is no longer in state.
    Remove(Address),
}

/// How an operation ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Ending {
    /// It was done.
    Succeeded,
    /// It was not done, and why not (redacted).
    Failed(String),
    /// Whether it was done is not known; it stays unfinished, with what was heard last (redacted).
    Unknown(String),
}

/// The store failed: nothing more can be begun, since it could not be recorded.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// The state store, as the executor sees it. Calls may come concurrently and may share a
/// transaction; each returns when its own is on disk.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Commits an intent. An unfinished operation that has the same token is ended as superseded
    /// in the same transaction.
    async fn begin(&self, intent: Intent) -> Result<OperationId, JournalError>;

    /// Commits the result of an operation together with what it changes in state.
    async fn end(
        &self,
        operation: OperationId,
        ending: Ending,
        writes: Vec<StateWrite>,
    ) -> Result<(), JournalError>;

    /// Commits changes of state that need no request.
    async fn write(&self, writes: Vec<StateWrite>) -> Result<(), JournalError>;

    /// The operations without a result, oldest first.
    async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError>;
}
