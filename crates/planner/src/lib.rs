//! The heart of flowctl: configuration, state and live objects in, a plan out.
//!
//! - [`decode`]: a body becomes a value, as its schema says;
//! - [`graph`]: what depends on what, and names that are not declared;
//! - [`diff`]: prior object and configuration become the proposed object and its differences.
//!
//! Everything here is a function of its arguments: no file, clock, environment or network. This
//! crate must not know HTTP, SQLite or terminals.

pub mod decode;
pub mod diff;
pub mod graph;
