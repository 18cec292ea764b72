//! One operation from intent to result: the write-ahead rule lives here.

use std::sync::Arc;
use std::time::Duration;

use flowctl_model::event::{Operation, OperationAction};
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Digester, Value};
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects, ResourceType,
};
use tokio::sync::watch;

use crate::fault::{FaultPoint, Faults};
use crate::journal::{ChangedPath, Ending, Intent, Journal, JournalError, StateWrite};
use crate::object;
use crate::retry::{RetryPolicy, is_fate_unknown};
use crate::send::{Waiting, send_until_answered};

/// What an operation works with.
pub(crate) struct Context<'a> {
    pub(crate) journal: &'a dyn Journal,
    pub(crate) faults: &'a dyn Faults,
    pub(crate) digester: &'a Digester,
    pub(crate) retry: RetryPolicy,
    /// Becomes `true` when nothing is to be waited for any more that need not be.
    pub(crate) cancel: watch::Receiver<bool>,
}

/// One request and everything that is recorded about it.
pub(crate) struct Job<'a> {
    pub(crate) operation: Operation,
    pub(crate) remote: Arc<dyn RemoteObjects>,
    pub(crate) resource: &'a dyn ResourceType,
    pub(crate) provider: flowctl_model::Text,
    pub(crate) token: String,
    /// Whether an earlier run sent this very creation.
    pub(crate) resumed: bool,
    pub(crate) request: Request,
    /// What changes inside the object, for the history.
    pub(crate) changes: Vec<ChangedPath>,
    /// Where it is said what the operation waits for.
    pub(crate) waiting: Arc<Waiting>,
}

/// What is asked of the service.
pub(crate) enum Request {
    /// Makes `planned`; `state` is what will be kept, but for what only the answer tells, and
    /// `old` what the address has now.
    Create {
        planned: Value,
        state: Box<ResourceState>,
        old: Option<Box<ResourceState>>,
    },
    /// Changes the object in place.
    Update {
        before: Value,
        planned: Value,
        state: Box<ResourceState>,
    },
    /// Deletes the object of this id; `old` is what the address has now.
    Delete {
        before: Value,
        old: Option<Box<ResourceState>>,
    },
}

/// How an operation ended.
pub(crate) enum Finished {
    /// It was done: the whole object with its real secrets, and state as committed.
    Done {
        object: Option<Value>,
        state: Option<Box<ResourceState>>,
        id: flowctl_model::Text,
    },
    /// The service refused or did not answer.
    Refused(ProviderError),
    /// The result, or the intent, could not be committed.
    Lost(JournalError),
}

impl From<JournalError> for Finished {
    fn from(error: JournalError) -> Self {
        Self::Lost(error)
    }
}

/// Carries an operation out.
pub(crate) async fn perform(context: &Context<'_>, job: Job<'_>) -> Finished {
    match attempt(context, &job).await {
        Ok(finished) => finished,
        Err(lost) => Finished::Lost(lost),
    }
}

async fn attempt(context: &Context<'_>, job: &Job<'_>) -> Result<Finished, JournalError> {
    let reach = async |point| context.faults.reach(point, &job.operation).await;
    reach(FaultPoint::BeforeIntent).await;
    let started = context
        .journal
        .begin(job.intent(context.digester), job.changes.clone())
        .await?;
    reach(FaultPoint::AfterIntent).await;
    let answer = if context.faults.watches(FaultPoint::AfterSend) {
        // Long enough for the request to have been written, short enough to come before many an
        // answer: both are instants at which a run may die.
        let sent = tokio::time::timeout(Duration::from_millis(5), send(context, job));
        match sent.await {
            Ok(answer) => {
                reach(FaultPoint::AfterSend).await;
                answer
            }
            Err(_) => {
                reach(FaultPoint::AfterSend).await;
                send(context, job).await
            }
        }
    } else {
        send(context, job).await
    };
    reach(FaultPoint::BeforeResult).await;
    let finished = match answer {
        Ok(answer) => {
            let (object, state, id) = job.result(context.digester, answer);
            let address = job.operation.address.clone();
            let write = match &state {
                Some(state) => StateWrite::Put(address, state.clone()),
                None => StateWrite::Remove(address),
            };
            context
                .journal
                .end(started, Ending::Succeeded, vec![write])
                .await?;
            Finished::Done { object, state, id }
        }
        Err(error) => {
            let mut error = job.explained(error);
            job.redactor().redact_error(&mut error);
            let ending = if is_fate_unknown(error.kind) || error.kind == ErrorKind::Unready {
                Ending::Unknown(error.to_string())
            } else {
                Ending::Failed(error.to_string())
            };
            context.journal.end(started, ending, Vec::new()).await?;
            Finished::Refused(error)
        }
    };
    reach(FaultPoint::AfterResult).await;
    Ok(finished)
}

/// Sends the request, again if need be, always with the same token.
async fn send(context: &Context<'_>, job: &Job<'_>) -> Result<Option<RemoteObject>, ProviderError> {
    let sent = send_until_answered(
        context.retry,
        context.cancel.clone(),
        &job.waiting,
        &job.operation.address,
        || Box::pin(job.send_once()),
    );
    match sent.await {
        Ok(answer) => Ok(answer),
        Err(failed) => job.settle(failed.error, failed.fate_unknown).await,
    }
}

impl Job<'_> {
    fn address(&self) -> &Address {
        &self.operation.address
    }

    fn intent(&self, digester: &Digester) -> Intent {
        let (id, intended) = match &self.request {
            Request::Create {
                planned,
                state,
                old,
            } => {
                let mut state = object::beside(old.as_deref(), (**state).clone());
                state.attributes =
                    object::without_secrets(self.resource, digester, self.address(), planned);
                (
                    self.resource.identity_with(planned, &self.token),
                    Some(state),
                )
            }
            Request::Update { planned, state, .. } => {
                let mut state = (**state).clone();
                state.attributes =
                    object::without_secrets(self.resource, digester, self.address(), planned);
                (self.operation.id.clone(), Some(state))
            }
            Request::Delete { .. } => (self.operation.id.clone(), None),
        };
        Intent {
            address: self.address().clone(),
            action: self.operation.action,
            provider: self.provider.clone(),
            id,
            token: self.token.clone(),
            intended,
        }
    }

    /// Takes out of errors what the request carried.
    fn redactor(&self) -> Redactor {
        let sent = match &self.request {
            Request::Create { planned, .. } | Request::Update { planned, .. } => planned,
            Request::Delete { before, .. } => before,
        };
        Redactor::of(self.resource.schema(), sent)
    }

    fn id(&self) -> &str {
        self.operation.id.as_deref().unwrap_or_default()
    }

    async fn send_once(&self) -> Result<Option<RemoteObject>, ProviderError> {
        match &self.request {
            Request::Create { planned, .. } => {
                self.remote.create(planned, &self.token).await.map(Some)
            }
            Request::Update {
                before, planned, ..
            } => self
                .remote
                .update(self.id(), before, planned, &self.token)
                .await
                .map(Some),
            Request::Delete { before, .. } => match self.remote.delete(self.id(), before).await {
                Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
                other => other.map(|()| None),
            },
        }
    }

    /// What the last failure means when an earlier attempt may have done the work.
    async fn settle(
        &self,
        mut error: ProviderError,
        fate_unknown: bool,
    ) -> Result<Option<RemoteObject>, ProviderError> {
        // Who says that something is not ready yet knows that it is there.
        if !fate_unknown || error.kind == ErrorKind::Unready {
            return Err(error);
        }
        if matches!(self.request, Request::Delete { .. }) {
            let request = ReadRequest {
                id: self.id().into(),
                prior: None,
            };
            if let Ok(found) = self.remote.read_many(&[request]).await {
                if matches!(found.as_slice(), [None]) {
                    return Ok(None);
                }
                return Err(error);
            }
        }
        // A creation or a change is looked into by the next run, which has the token.
        error.kind = ErrorKind::Ambiguous;
        Err(error)
    }

    fn result(
        &self,
        digester: &Digester,
        answer: Option<RemoteObject>,
    ) -> (
        Option<Value>,
        Option<Box<ResourceState>>,
        flowctl_model::Text,
    ) {
        let kept = |planned: &Value, state: &ResourceState, answer: &RemoteObject| {
            let whole = object::after_request(self.resource, planned, answer);
            let mut state = state.clone();
            state.id = answer.id.clone();
            state.attributes =
                object::without_secrets(self.resource, digester, self.address(), &whole);
            (whole, state)
        };
        match (&self.request, answer) {
            (
                Request::Create {
                    planned,
                    state,
                    old,
                },
                Some(answer),
            ) => {
                let (whole, state) = kept(planned, state, &answer);
                let state = object::beside(old.as_deref(), state);
                (Some(whole), Some(Box::new(state)), answer.id)
            }
            (Request::Update { planned, state, .. }, Some(answer)) => {
                let (whole, state) = kept(planned, state, &answer);
                (Some(whole), Some(Box::new(state)), answer.id)
            }
            (Request::Create { old, .. } | Request::Delete { old, .. }, _) => {
                let state = old
                    .as_deref()
                    .and_then(|old| object::without_object(old, self.id()));
                (None, state.map(Box::new), self.id().into())
            }
            (Request::Update { state, .. }, None) => (None, Some(state.clone()), self.id().into()),
        }
    }

    /// The error with a way out, where the executor knows one that the provider cannot know.
    fn explained(&self, error: ProviderError) -> ProviderError {
        let address = self.address();
        let create = self.operation.action == OperationAction::Create;
        if create && self.resumed && error.kind == ErrorKind::Conflict {
            return error.with_hint(format!(
                "an interrupted run wanted to create this object, but the one that exists now was \
                 not made by that run; `flowctl import` adopts it as {address}"
            ));
        }
        if is_fate_unknown(error.kind) {
            return error.with_hint(
                "whether the service did this is not known; the next run will find out before it \
                 plans",
            );
        }
        error
    }
}
