//! Carrying out a plan: the order of operations, the journal around each request, recovery from
//! runs that were cut off, batched refresh.
//!
//! - [`schedule`]: which operation may begin when (pure).
//!
//! This crate must not know the configuration language or the terminal: it sees a
//! [`Plan`](flowctl_model::plan::Plan), a store, and objects behind
//! a trait, and tells what happens through [`Event`](flowctl_model::event::Event)s.

pub mod schedule;
