//! Nothing leaks: every secret that a configuration can have is a recognisable one, every command is
//! run in every format at the highest level of the log, in success and in failure, and everything
//! that was written is searched.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test ends where something goes wrong, and tells its figures"
)]

mod canary;
mod connectors;
mod failures;
mod ground;
mod rest;
mod values;
