//! What people and tools read: plans, events and diagnostics as text. The modules beside this file
//! are not joined yet.
//!
//! This crate must not know AWS or SQLite.
