//! The `flowctl` binary: reads what was typed, wires the crates together and decides what is said
//! where and with which exit code. No algorithm of its own; it alone reads the environment.

mod app;
mod args;
mod carry_out;
mod commands;
mod env;
mod error;
mod failure;
mod files;
mod forge;
mod generate;
mod git;
mod policies;
mod progress;
mod project;
mod report;
mod run;
mod runtime;
mod saved;
mod services;
mod session;
mod shown;
mod signals;
mod stale;
mod state;
mod ui;
mod variables;
mod world;

/// Plans are made of many small values, and making and freeing them is a third of the work with the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    app::main()
}
