//! What tests of the `flowctl` binary need: a directory and an environment of their own, files from
//! one text, an endpoint to talk to, and output that is the same at each run.
//!
//! For tests only: what goes wrong here is a panic.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends where something goes wrong"
)]

mod emulator;
mod environment;
mod filter;
mod fixture;
mod moto;

pub use emulator::Emulator;
pub use environment::{Ran, TestEnvironment};
pub use filter::filtered;
pub use fixture::files;
pub use moto::Moto;
