//! What happens during a run, told while it happens: pure data, sent by the executor to whoever
//! listens (a terminal, a stream of JSON lines, a test).
//!
//! No event holds a value of a resource, so none can hold a secret: addresses, ids in the service
//! and messages that were redacted where they were made.

use std::fmt;
use std::time::Duration;

use crate::{Address, Text};

/// One thing that happened. Every operation that is [planned](Self::OperationPlanned) ends in
/// exactly one of finished, failed and skipped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The run began: it holds the state's lock and is about to look at the service.
    RunStarted {
        /// What the run was asked to do.
        kind: RunKind,
    },
    /// An operation that an earlier run left unfinished was looked into.
    Recovered(RecoveryNote),
    /// Resources are about to be read.
    RefreshStarted {
        /// How many.
        total: usize,
    },
    /// A batch of resources was read.
    RefreshProgress {
        /// What was found in this batch.
        batch: Vec<Refreshed>,
        /// How many were read so far, this batch included.
        done: usize,
        /// How many there are in all.
        total: usize,
    },
    /// All resources were read, or as many as could be.
    RefreshDone {
        /// How many are still there.
        found: usize,
        /// How many are gone from the service.
        gone: usize,
        /// How long reading took.
        elapsed: Duration,
    },
    /// An operation will be carried out unless something before it fails.
    OperationPlanned(Operation),
    /// An operation began.
    OperationStarted(Operation),
    /// An operation is still going on: sent every few seconds.
    OperationStillGoing {
        /// Which one.
        operation: Operation,
        /// How long it has been going on.
        elapsed: Duration,
        /// What it waits for, when it is not simply the answer (a retry, an eventual state).
        waiting_for: Option<Text>,
    },
    /// An operation was done, and its result is in state.
    OperationFinished {
        /// Which one, with the id that the service gave it.
        operation: Operation,
        /// How long it took.
        elapsed: Duration,
    },
    /// An operation failed.
    OperationFailed {
        /// Which one.
        operation: Operation,
        /// How long it took.
        elapsed: Duration,
        /// Why, redacted.
        message: Text,
    },
    /// An operation was never begun.
    OperationSkipped {
        /// Which one.
        operation: Operation,
        /// Why not.
        because: Skipped,
    },
    /// The user asked to stop: nothing new is begun, what is in flight is waited for.
    Cancelled {
        /// How many operations are in flight.
        in_flight: usize,
    },
    /// The run is over.
    Summary(Summary),
}

/// What a run was asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RunKind {
    /// Only to say what would be done.
    Plan,
    /// To bring the service to the configuration.
    Apply,
    /// To delete everything.
    Destroy,
    /// To take over what exists already.
    Import,
    /// To bring state up to date with the service.
    Refresh,
}

impl fmt::Display for RunKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Import => "import",
            Self::Refresh => "refresh",
        })
    }
}

/// One operation on one resource instance. A replacement is two: a delete and a create.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The instance.
    pub address: Address,
    /// What is done to it.
    pub action: OperationAction,
    /// Its id in the service, where it has one already.
    pub id: Option<Text>,
    /// Whether the object is what an earlier or the same run put aside to be deleted, not the
    /// instance's present object.
    pub deposed: bool,
}

/// What an operation does. Smaller than a plan's action: a replacement is taken apart here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OperationAction {
    /// Makes the object.
    Create,
    /// Reads a data source.
    Read,
    /// Changes the object in place.
    Update,
    /// Deletes the object.
    Delete,
    /// Takes over an object that exists already.
    Import,
    /// Drops the object from state and leaves it in the service.
    Forget,
    /// Changes only what state says (a new address, dependencies).
    Record,
}

impl OperationAction {
    /// The word in machine-readable output and in the history: `create`, `read`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Forget => "forget",
            Self::Record => "record",
        }
    }
}

/// A resource that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refreshed {
    /// The instance.
    pub address: Address,
    /// Its id in the service.
    pub id: Text,
    /// Whether the service still has it.
    pub found: bool,
}

/// Why an operation was not begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Skipped {
    /// It needed something that failed.
    DependencyFailed(Address),
    /// The user asked to stop.
    Cancelled,
    /// The values that were still unknown turned out to make no difference.
    NoDifference,
}

/// What became of an operation that an earlier run left unfinished.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecoveryNote {
    /// The operation.
    pub operation: Operation,
    /// What was found out, and what follows from it.
    pub finding: RecoveryFinding,
}

/// What was found out about an unfinished operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RecoveryFinding {
    /// The request was never carried out; nothing is to be done.
    NeverHappened,
    /// The object exists; the same request is sent again, with the same token, to learn whether
    /// this configuration made it.
    WillResume,
    /// The object exists and was made by the unfinished run: it is in state now.
    Adopted,
    /// An object of that name exists, and that the unfinished run made it cannot be shown: it is
    /// left alone.
    NotOurs,
    /// An update may or may not have been carried out: it is planned again.
    WillUpdateAgain,
    /// The object is gone, as the unfinished run wanted: it was removed from state.
    Deleted,
    /// The object that was to be deleted is still there: its deletion is planned again.
    StillThere,
}

/// How a run ended, in counts of operations; a replacement counts as one added and one destroyed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    /// Objects made.
    pub added: usize,
    /// Objects changed in place.
    pub changed: usize,
    /// Objects deleted.
    pub destroyed: usize,
    /// Objects taken over.
    pub imported: usize,
    /// Objects dropped from state only.
    pub forgotten: usize,
    /// Operations that failed.
    pub failed: usize,
    /// Operations that were not begun because something failed or the user asked to stop.
    pub skipped: usize,
    /// Whether the user asked to stop.
    pub interrupted: bool,
}

impl Summary {
    /// Counts an operation that was done.
    pub fn count(&mut self, action: OperationAction) {
        match action {
            OperationAction::Create => self.added += 1,
            OperationAction::Update => self.changed += 1,
            OperationAction::Delete => self.destroyed += 1,
            OperationAction::Import => self.imported += 1,
            OperationAction::Forget => self.forgotten += 1,
            OperationAction::Read | OperationAction::Record => {}
        }
    }

    /// Whether everything that was planned was done.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.skipped == 0 && !self.interrupted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_counts_as_one_added_and_one_destroyed() {
        let mut summary = Summary::default();
        summary.count(OperationAction::Delete);
        summary.count(OperationAction::Create);
        assert_eq!(
            summary,
            Summary {
                added: 1,
                destroyed: 1,
                ..Summary::default()
            }
        );
        assert!(summary.is_complete());
        assert!(
            !Summary {
                skipped: 1,
                ..summary
            }
            .is_complete()
        );
        assert!(
            !Summary {
                interrupted: true,
                ..summary
            }
            .is_complete()
        );
    }
}
