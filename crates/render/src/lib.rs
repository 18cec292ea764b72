//! What people and tools read: plans, events and diagnostics as text.
//!
//! This crate must not know AWS or SQLite.

pub mod plan;
pub mod style;
pub mod value;
