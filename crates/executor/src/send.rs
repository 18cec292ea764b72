//! Sending one request until there is an answer, or no hope of one.

use std::sync::Mutex;

use flowctl_model::{Address, Text};
use flowctl_schema::ProviderError;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::retry::{Attempts, RetryPolicy, is_fate_unknown, waiting_for};

/// What an operation waits for, when it is not simply the answer.
#[derive(Default, Debug)]
pub(crate) struct Waiting(Mutex<Option<Text>>);

impl Waiting {
    pub(crate) fn now(&self) -> Option<Text> {
        self.0.lock().ok()?.clone()
    }

    fn set(&self, text: Option<Text>) {
        // Only who panicked can have left it locked, and then nobody asks any more.
        if let Ok(mut now) = self.0.lock() {
            *now = text;
        }
    }
}

/// The last failure of a request.
pub(crate) struct Failed {
    pub(crate) error: ProviderError,
    /// Whether any of its attempts may have done the work.
    pub(crate) fate_unknown: bool,
}

/// Sends a request until it is answered, fails for good, or is given up. When the run is cancelled,
/// an attempt under way is waited for, but no further one is made.
pub(crate) async fn send_until_answered<'a, T>(
    policy: RetryPolicy,
    mut cancel: watch::Receiver<bool>,
    waiting: &Waiting,
    address: &Address,
    send: impl Fn() -> BoxFuture<'a, Result<T, ProviderError>>,
) -> Result<T, Failed> {
    let (began, mut attempts, mut fate_unknown) = (Instant::now(), Attempts::default(), false);
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        fate_unknown |= is_fate_unknown(error.kind);
        let wait = policy.wait(&mut attempts, &error, began.elapsed(), rand::random());
        let Some(wait) = wait else {
            return Err(Failed {
                error,
                fate_unknown,
            });
        };
        let number = attempts.number() + 1;
        tracing::debug!(%address, number, kind = ?error.kind, "sending again in {wait:?}");
        let what = format!("{} (attempt {number})", waiting_for(error.kind));
        waiting.set(Some(what.into()));
        tokio::select! {
            biased;
            () = cancelled(&mut cancel) => {
                let error = error.with_hint("the run was stopped before it was sent again");
                return Err(Failed { error, fate_unknown });
            }
            () = tokio::time::sleep(wait) => {}
        }
        waiting.set(None);
    }
}

/// Ends when the run is cancelled.
async fn cancelled(cancel: &mut watch::Receiver<bool>) {
    if cancel.wait_for(|cancelled| *cancelled).await.is_err() {
        // Without a sender nobody can ask any more.
        std::future::pending::<()>().await;
    }
}
