//! The runtimes, made only by commands that wait for something.

use tokio::runtime::{Builder, Runtime};

use crate::error::CommandError;

/// For commands that only write to the state store: this thread alone.
pub(crate) fn small() -> Result<Runtime, CommandError> {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(failed)
}

/// For commands that talk to a service.
pub(crate) fn full() -> Result<Runtime, CommandError> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn failed(error: std::io::Error) -> CommandError {
    CommandError::user(
        "Cannot start",
        format!("The system refuses threads: {error}."),
    )
}
