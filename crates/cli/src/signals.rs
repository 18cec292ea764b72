//! Ctrl-C and SIGTERM: the first asks to stop, the second ends the process. A file that has reached
//! the size it may have (SIGXFSZ) is an error like any other, and no reason to be killed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::CommandError;

/// Completes at the first signal.
pub(crate) fn first() -> Result<impl Future<Output = ()> + Send, CommandError> {
    let (mut interrupt, mut terminate) = listen()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Becomes `true` at the first signal; at the second the process ends with 130. What was done is
/// in state by then, and what was under way is in the journal. Needs the runtime of requests.
pub(crate) fn watch() -> Result<watch::Receiver<bool>, CommandError> {
    let (mut interrupt, mut terminate) = listen()?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if sender.send_replace(true) {
                #[expect(clippy::exit, reason = "the person asked twice")]
                std::process::exit(130);
            }
        }
    });
    Ok(receiver)
}

/// Completes when `stop` has become true.
pub(crate) async fn asked(mut stop: watch::Receiver<bool>) {
    // The sender lives as long as the process.
    let _ = stop.wait_for(|asked| *asked).await;
}

/// Takes care that a write beyond the size that a file may have fails, instead of ending the process.
pub(crate) fn outlive_full_disks() -> Result<(), CommandError> {
    let noted = Arc::new(AtomicBool::new(false));
    let heard = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted);
    heard.map(drop).map_err(|error| deaf(&error))
}

fn deaf(error: &std::io::Error) -> CommandError {
    CommandError::user("Cannot start", format!("Signals cannot be heard: {error}."))
}

fn listen() -> Result<(Signal, Signal), CommandError> {
    let listen = |kind| signal(kind).map_err(|error| deaf(&error));
    Ok((
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    ))
}
