//! An operation in flight, and when it is to be said that it goes on.

use std::sync::Arc;
use std::time::Duration;

use flowctl_model::event::{Event, Operation};
use tokio::time::Instant;

use crate::send::Waiting;

/// An operation in flight.
pub(super) struct Running {
    pub(super) operation: Operation,
    pub(super) started: Instant,
    waiting: Arc<Waiting>,
    /// How often it was said that it goes on.
    mentions: u128,
}

impl Running {
    /// It begins now.
    pub(super) fn new(operation: Operation, waiting: Arc<Waiting>) -> Self {
        Self {
            operation,
            started: Instant::now(),
            waiting,
            mentions: 0,
        }
    }

    /// That it goes on, if that is to be said again.
    pub(super) fn mention(&mut self, every: Duration) -> Option<Event> {
        let elapsed = self.started.elapsed();
        let due = elapsed.as_millis() / every.as_millis().max(1);
        if due <= self.mentions {
            return None;
        }
        self.mentions = due;
        Some(Event::OperationStillGoing {
            operation: self.operation.clone(),
            elapsed,
            waiting_for: self.waiting.now(),
        })
    }
}
