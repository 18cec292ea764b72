//! The journal of a state store as data: what is about to be asked of the service, and how it
//! ended.

use crate::event::OperationAction;
use crate::snapshot::ResourceState;
use crate::{Address, Text};

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

/// Something inside an object that an operation changes; its values are told nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangedPath {
    /// Where, as an attribute path is written.
    pub path: String,
    /// Whether it is a secret, of which only the change itself may be said.
    pub secret: bool,
}

/// Something that was done to an instance without a request: taken over, forgotten, moved.
#[derive(Clone, PartialEq, Debug)]
pub struct Note {
    /// The instance.
    pub address: Address,
    /// What was done.
    pub action: OperationAction,
    /// Provider configuration: `aws`, or `aws.alias`.
    pub provider: Text,
    /// Identity in the service.
    pub id: Option<Text>,
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
