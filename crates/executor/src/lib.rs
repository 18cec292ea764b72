//! Carrying out a plan: the order of operations, the journal around each request, recovery from
//! runs that were cut off, batched refresh.
//!
//! - [`schedule`]: which operation may begin when (pure);
//! - [`drive`]: applying a plan, an operation's course being intent, request, result;
//! - [`mod@recover`]: what became of operations without a result (a pure decision and its thin
//!   asynchronous part);
//! - [`mod@refresh`]: reading many resources in few requests;
//! - [`journal`]: what is needed of a state store;
//! - [`fn@redact`]: no error leaves with a secret;
//! - [`retry`], [`fault`], [`object`], [`service`]: the parts.
//!
//! This crate must not know the configuration language or the terminal: it sees a
//! [`Plan`](flowctl_model::plan::Plan), a journal, and objects behind a trait, and tells what
//! happens through [`Event`](flowctl_model::event::Event)s.

pub mod drive;
pub mod fault;
pub mod journal;
pub mod object;
mod operation;
pub mod recover;
mod redact;
pub mod refresh;
pub mod retry;
pub mod schedule;
mod send;
pub mod service;
#[cfg(test)]
mod testing;

pub use drive::{Apply, Failure, Options, Outcome, Resolve, apply};
pub use journal::Journal;
pub use recover::{Recovered, recover};
pub use redact::redact;
pub use refresh::{Found, Lookup, refresh};
pub use retry::RetryPolicy;
pub use service::Services;
