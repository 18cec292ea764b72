//! What people and tools read: plans, events and diagnostics as text.
//!
//! This crate must not know AWS or SQLite.

pub mod diagnostics;
pub mod events;
pub mod graph;
pub mod hcl;
mod json;
pub mod output;
pub mod plan;
pub mod schema;
pub mod style;
pub mod value;

#[cfg(test)]
mod samples;
