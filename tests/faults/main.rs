//! Nothing is lost: the binary against an endpoint in a process of its own, killed, interrupted,
//! throttled, lied to and run out of disk. See README.md.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends where something goes wrong, and tells its figures"
)]

mod audit;
mod disk;
mod flows;
mod interrupts;
mod kill;
mod limits;
mod mixed;
mod model;
mod service;
mod several;
mod world;

/// A number in the environment: how long the long versions are.
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}
