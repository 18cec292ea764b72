//! What the executor needs of a state store: intents and results, each in one transaction.
//!
//! The rule: nothing is asked of the service before the intent is committed, and a result and the
//! change of state it means are committed together. What is between is found again by
//! [`mod@crate::recover`].

use async_trait::async_trait;
use flowctl_state::{Store, StoreError};

pub use flowctl_model::journal::{
    ChangedPath, Ending, Intent, Note, OperationId, StateWrite, Unfinished,
};

/// The store failed: nothing more can be begun, since it could not be recorded.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// The state store, as the executor sees it. Calls may come concurrently and may share a
/// transaction; each returns when its own is on disk.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Commits an intent, and what is going to change inside the object. An unfinished operation
    /// that has the same token is ended as superseded in the same transaction.
    async fn begin(
        &self,
        intent: Intent,
        changes: Vec<ChangedPath>,
    ) -> Result<OperationId, JournalError>;

    /// Commits the result of an operation together with what it changes in state.
    async fn end(
        &self,
        operation: OperationId,
        ending: Ending,
        writes: Vec<StateWrite>,
    ) -> Result<(), JournalError>;

    /// Commits changes of state that need no request, and what they mean.
    async fn write(&self, writes: Vec<StateWrite>, notes: Vec<Note>) -> Result<(), JournalError>;

    /// The operations without a result, oldest first.
    async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError>;
}

#[async_trait]
impl Journal for Store {
    async fn begin(
        &self,
        intent: Intent,
        changes: Vec<ChangedPath>,
    ) -> Result<OperationId, JournalError> {
        Ok(self.begin_changing(intent, changes).await?)
    }
    async fn end(
        &self,
        operation: OperationId,
        ending: Ending,
        writes: Vec<StateWrite>,
    ) -> Result<(), JournalError> {
        Ok(Self::end(self, operation, ending, writes).await?)
    }
    async fn write(&self, writes: Vec<StateWrite>, notes: Vec<Note>) -> Result<(), JournalError> {
        Ok(self.write_noted(writes, notes).await?)
    }
    async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError> {
        Ok(Self::unfinished(self).await?)
    }
}
