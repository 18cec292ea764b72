//! Requests about one cluster, and waiting for what they lead to.

use std::future::Future;
use std::time::Duration;

use aws_sdk_redshift::Client as Redshift;
use aws_sdk_redshift::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_redshift::types::Cluster as Live;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use flowctl_schema::{ErrorKind, ProviderError, Redactor};
use tokio::time::Instant;

use super::status::Status;
use crate::api::Reached;
use crate::error::Request;
use crate::wait::Waiting;

pub(super) const READ: &str = "DescribeClusters";
/// The service takes no change of a cluster that something else is being done to.
const BUSY: &str = "InvalidClusterState";

/// The first pause between two looks at a cluster, which doubles with each further one, and the
/// longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// How long a change may take to be seen, and a state to pass that a change may bring to an end.
const VISIBLE: Duration = Duration::from_mins(2);
/// How long a cluster that is waited for may be out of reach.
const UNREADABLE: Duration = Duration::from_mins(5);

/// The requests about one cluster.
pub(super) struct Calls<'a> {
    pub(super) api: &'a Reached<Redshift>,
    pub(super) id: &'a str,
    /// What requests carry that must not be shown.
    pub(super) carried: Redactor,
}

/// What a cluster that is waited for looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// As it should be.
    Done,
    /// Not yet so, but nothing seems to be under way: a change may not be seen yet.
    Still,
    /// Something is under way.
    Busy,
    /// In a state that passes only when the cluster is changed like this.
    Ailing(&'static str),
    /// In a state that does not pass by itself.
    Stuck(&'static str),
    /// It is being deleted.
    Leaving,
}

impl From<Status> for Look {
    fn from(status: Status) -> Self {
        match status {
            Status::Ready | Status::Paused => Self::Done,
            Status::Busy => Self::Busy,
            Status::Ailing(why) => Self::Ailing(why),
            Status::Stuck(why) => Self::Stuck(why),
            Status::Leaving => Self::Leaving,
        }
    }
}

/// How long an operation may wait, and how long it did already.
pub(super) struct Patience {
    /// Of the SDK: `CreateCluster`.
    pub(super) operation: &'static str,
    /// Of the block `timeouts`: `create`.
    timeout: &'static str,
    limit: Duration,
    waiting: Waiting,
}

impl Patience {
    pub(super) fn new(operation: &'static str, timeout: &'static str, limit: Duration) -> Self {
        Self {
            operation,
            timeout,
            limit,
            waiting: Waiting::new(PAUSES.0, PAUSES.1),
        }
    }

    /// Pauses; an error if there is no time left. `state` is what the cluster is in.
    async fn pause(&mut self, id: &str, state: &str) -> Result<(), ProviderError> {
        if self.waiting.pause(self.limit).await {
            return Ok(());
        }
        let message = format!(
            "the cluster `{id}` is still in the state `{state}` after {}",
            in_words(self.limit)
        );
        let hint = format!(
            "the next apply goes on from there; to wait longer, set `timeouts {{ {} = \"2h\" }}`",
            self.timeout
        );
        Err(self.unready(message).with_hint(hint))
    }

    pub(super) fn unready(&self, message: impl Into<String>) -> ProviderError {
        ProviderError::local(ErrorKind::Unready, self.operation, message)
    }
}

impl Calls<'_> {
    pub(super) fn writing(&self, operation: &'static str) -> Request<'_> {
        self.api.request(operation, true, &self.carried)
    }

    /// The cluster, if there is one of the name.
    pub(super) async fn find(&self) -> Result<Option<Live>, ProviderError> {
        let request = self.api.sdk.describe_clusters();
        let answer = Box::pin(request.cluster_identifier(self.id).send()).await;
        match answer.map_err(|error| self.api.reading(READ).failed(&error)) {
            Ok(answer) => Ok(answer.clusters.unwrap_or_default().into_iter().next()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request, again as long as something else is being done to the cluster.
    pub(super) async fn send<T, E, F>(
        &self,
        operation: &'static str,
        patience: &mut Patience,
        send: impl Fn() -> F,
    ) -> Result<T, ProviderError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        loop {
            let error = match Box::pin(send()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.writing(operation).failed(&error),
            };
            if error.code.as_deref() != Some(BUSY) {
                return Err(error);
            }
            let status = self.find().await?;
            match status.as_ref().map(Status::of) {
                None | Some(Status::Ready | Status::Busy) => {}
                Some(Status::Paused) => {
                    return Err(error.with_hint("the cluster is paused: resume it first"));
                }
                Some(Status::Leaving) => return Err(error),
                Some(Status::Ailing(why) | Status::Stuck(why)) => return Err(error.with_hint(why)),
            }
            let state = status.as_ref().and_then(|live| live.cluster_status());
            patience.pause(self.id, state.unwrap_or("absent")).await?;
        }
    }

    /// Waits until the cluster looks as it should.
    pub(super) async fn wait(
        &self,
        patience: &mut Patience,
        tolerates: bool,
        look: impl Fn(&Live) -> Look,
    ) -> Result<Live, ProviderError> {
        let (mut unread, mut still) = (None::<Instant>, None::<Instant>);
        let lasts = |since: &mut Option<Instant>, limit| {
            since.get_or_insert_with(Instant::now).elapsed() >= limit
        };
        loop {
            let mut state = "unknown".to_owned();
            match self.find().await {
                Ok(Some(live)) => {
                    unread = None;
                    live.cluster_status()
                        .unwrap_or_default()
                        .clone_into(&mut state);
                    tracing::debug!(id = self.id, state, "waiting for the cluster");
                    match look(&live) {
                        Look::Done => return Ok(live),
                        Look::Busy => still = None,
                        Look::Still if lasts(&mut still, VISIBLE) => return Ok(live),
                        Look::Ailing(_) | Look::Stuck(_)
                            if tolerates && !lasts(&mut still, VISIBLE) => {}
                        Look::Still => {}
                        Look::Ailing(why) | Look::Stuck(why) => {
                            return Err(self.stuck(patience, &state, why));
                        }
                        Look::Leaving => {
                            let message = format!("somebody is deleting the cluster `{}`", self.id);
                            return Err(patience.unready(message));
                        }
                    }
                }
                Ok(None) if lasts(&mut unread, VISIBLE) => {
                    let message = format!("there is no cluster `{}` any more", self.id);
                    return Err(patience.unready(message));
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(kind = ?error.kind, "cannot read the cluster");
                    if !may_pass(error.kind) || lasts(&mut unread, UNREADABLE) {
                        return Err(ProviderError {
                            kind: ErrorKind::Unready,
                            ..error
                        });
                    }
                }
            }
            patience.pause(self.id, &state).await?;
        }
    }

    /// Waits until there is no cluster of the name.
    pub(super) async fn wait_until_gone(
        &self,
        patience: &mut Patience,
    ) -> Result<(), ProviderError> {
        loop {
            let mut state = "unknown".to_owned();
            match self.find().await {
                Ok(None) => return Ok(()),
                Ok(Some(live)) => live
                    .cluster_status()
                    .unwrap_or_default()
                    .clone_into(&mut state),
                Err(error) if may_pass(error.kind) => {}
                Err(error) => {
                    return Err(ProviderError {
                        kind: ErrorKind::Unready,
                        ..error
                    });
                }
            }
            patience.pause(self.id, &state).await?;
        }
    }

    pub(super) fn stuck(&self, patience: &Patience, state: &str, why: &str) -> ProviderError {
        let message = format!("the cluster `{}` is stuck in the state `{state}`", self.id);
        patience.unready(message).with_hint(format!(
            "{why}; the next apply looks at it again, and `-replace` makes it anew"
        ))
    }
}

/// Whether a question may have an answer later.
fn may_pass(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Throttled | ErrorKind::Internal | ErrorKind::Ambiguous | ErrorKind::Unreachable
    )
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} milliseconds", time.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}
