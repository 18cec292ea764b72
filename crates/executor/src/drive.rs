//! Applying a plan: the schedule's commands become requests, their results become state.
//!
//! All operations run as futures of one task. Evaluation between them is synchronous, so it needs
//! no lock; the work is waiting for the service.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use flowctl_model::event::{Event, Operation, OperationAction, Skipped, Summary};
use flowctl_model::plan::{Action, Change, Plan};
use flowctl_model::snapshot::{ResourceState, Snapshot};
use flowctl_model::{Address, Digester, Text, Value};
use flowctl_schema::{ErrorKind, ProviderError};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::fault::Faults;
use crate::journal::{Journal, JournalError, Note, StateWrite};
use crate::object::{self, Keeping};
use crate::operation::{Context, Finished, Job, Request, perform};
use crate::redact::redact;
use crate::retry::RetryPolicy;
use crate::schedule::{Command, Cycle, Input, Part, Schedule, Shape, Step};
use crate::send::{Waiting, send_until_answered};
use crate::service::Services;

mod change;
mod running;

use change::{changes, known, note, operation, shape};
use running::Running;

/// Evaluation while the plan is carried out: what was unknown becomes known.
pub trait Resolve {
    /// The object that an instance is to become (for a data source: its configuration), with
    /// everything that was done so far taken into account. An error is a message for people.
    fn resolve(&mut self, address: &Address) -> Result<Value, String>;

    /// Takes in what an instance became; `None` when it is gone.
    fn record(&mut self, address: &Address, object: Option<Value>);
}

/// Everything that applying a plan needs.
pub struct Apply<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// State as it was when the plan was made.
    pub snapshot: &'a Snapshot,
    /// The providers.
    pub services: &'a Services,
    /// The state store.
    pub journal: &'a dyn Journal,
    /// Makes and compares the digests of secrets.
    pub digester: &'a Digester,
    /// For fault tests; [`crate::fault::NoFaults`] otherwise.
    pub faults: &'a dyn Faults,
    /// Where events go; it does not matter whether anybody listens.
    pub events: mpsc::UnboundedSender<Event>,
    /// How.
    pub options: Options,
}

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many operations may be in flight at a time.
    pub parallelism: usize,
    /// When requests are sent again.
    pub retry: RetryPolicy,
    /// How often an operation in flight is mentioned.
    pub progress_every: Duration,
    /// Becomes `true` when the user asks to stop.
    pub cancel: watch::Receiver<bool>,
}

/// What came of it. Every operation of the plan is in exactly one of the three lists.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done.
    pub done: Vec<Operation>,
    /// What failed.
    pub failed: Vec<(Operation, Failure)>,
    /// What was not begun.
    pub skipped: Vec<(Operation, Skipped)>,
    /// Whether the user asked to stop.
    pub interrupted: bool,
    /// The counts.
    pub summary: Summary,
}

/// Why an operation failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The service refused, or was not reached.
    #[error(transparent)]
    Service(#[from] ProviderError),
    /// The configuration could not be evaluated with what became known.
    #[error("{0}")]
    Evaluation(String),
    /// The state store failed; nothing further was begun.
    #[error("the state could not be written: {0}")]
    Store(#[from] JournalError),
}

/// Carries the plan out, as far as can be.
pub async fn apply(run: &Apply<'_>, resolve: &mut dyn Resolve) -> Result<Outcome, Cycle> {
    let shapes: Vec<Shape> = run.plan.changes.iter().map(shape).collect();
    let schedule = Schedule::new(&shapes, &run.plan.edges, run.options.parallelism)?;
    let (stop, stopped) = watch::channel(false);
    let mut driver = Driver {
        run,
        resolve,
        schedule,
        context: Arc::new(Context {
            journal: run.journal,
            faults: run.faults,
            digester: run.digester,
            retry: run.options.retry,
            cancel: stopped,
        }),
        stop,
        state: HashMap::new(),
        writes: Vec::new(),
        notes: Vec::new(),
        in_flight: FuturesUnordered::new(),
        running: BTreeMap::new(),
        held_back: Vec::new(),
        outcome: Outcome::default(),
    };
    driver.go(&shapes).await;
    Ok(driver.outcome)
}

/// What the future of an operation ends with.
enum Answer {
    Request(Finished),
    Data(Result<Value, ProviderError>),
}

type InFlight<'a> = BoxFuture<'a, (Step, Answer)>;

struct Driver<'a, 'r> {
    run: &'a Apply<'a>,
    resolve: &'r mut dyn Resolve,
    schedule: Schedule,
    context: Arc<Context<'a>>,
    /// State of the instances that this run changed.
    state: HashMap<Address, Option<Box<ResourceState>>>,
    /// Changes of state that need no request, to be committed together.
    writes: Vec<StateWrite>,
    /// What they mean, for the history.
    notes: Vec<Note>,
    /// Tells operations that wait to be sent again that they are not to be.
    stop: watch::Sender<bool>,
    in_flight: FuturesUnordered<InFlight<'a>>,
    running: BTreeMap<Step, Running>,
    /// Steps that wait for another operation on the same instance: each builds on the state that
    /// the one before it leaves.
    held_back: Vec<Step>,
    outcome: Outcome,
}

impl<'a> Driver<'a, '_> {
    async fn go(&mut self, shapes: &[Shape]) {
        self.move_resources();
        self.follow_identities();
        for (change, shape) in self.run.plan.changes.iter().zip(shapes) {
            let parts: &[Part] = match shape {
                Shape::Pass => &[],
                Shape::Forward | Shape::Backward => &[Part::Only],
                Shape::DeleteThenCreate => &[Part::Delete, Part::Create],
                Shape::CreateThenDelete => &[Part::Create, Part::Delete],
            };
            for &part in parts {
                self.tell(Event::OperationPlanned(operation(change, part)));
            }
        }
        let mut cancel = self.run.options.cancel.clone();
        let mut can_cancel = true;
        // Each operation is mentioned by its own clock, and not when another began.
        let often = self.run.options.progress_every / 20;
        let mut tick = tokio::time::interval_at(Instant::now() + often, often);
        let stop = *cancel.borrow();
        let mut finished = self
            .input(if stop { Input::Cancel } else { Input::Begin })
            .await;
        while !finished {
            tokio::select! {
                biased;
                changed = cancel.changed(), if can_cancel => {
                    // Without a sender nobody can ask any more.
                    can_cancel = changed.is_ok();
                    if *cancel.borrow() {
                        can_cancel = false;
                        finished = self.input(Input::Cancel).await;
                    }
                }
                Some((step, answer)) = self.in_flight.next() => {
                    let input = self.take(step, answer);
                    finished = self.input(input).await;
                    if self.store_failed() {
                        finished |= self.input(Input::Cancel).await;
                    }
                }
                _ = tick.tick() => self.mention_progress(),
            }
        }
        self.finish_summary();
    }

    /// Feeds the schedule and carries out what it says, until it waits; whether all is over.
    async fn input(&mut self, input: Input) -> bool {
        let mut inputs = VecDeque::from([input]);
        let mut finished = false;
        while let Some(input) = inputs.pop_front() {
            if input == Input::Cancel {
                self.stop.send_replace(true);
            }
            if input == Input::Cancel && !self.store_failed() && !self.outcome.interrupted {
                self.outcome.interrupted = true;
                self.tell(Event::Cancelled {
                    in_flight: self.running.len(),
                });
            }
            for command in self.schedule.on(input) {
                match command {
                    Command::Start(step) => inputs.extend(self.start(step)),
                    Command::Pass(node) => self.pass(node),
                    Command::Skip(step, cause) => self.skip(step, cause),
                    Command::Finish => finished = true,
                }
            }
            for step in std::mem::take(&mut self.held_back) {
                inputs.extend(self.resume(step));
            }
            // What needs no request is on disk before anything that depends on it is begun.
            let writes = std::mem::take(&mut self.writes);
            let notes = std::mem::take(&mut self.notes);
            if !writes.is_empty()
                && let Err(error) = self.run.journal.write(writes, notes).await
            {
                self.fail_record(error);
                inputs.push_back(Input::Cancel);
            }
        }
        finished
    }

    fn change(&self, step: Step) -> Option<&'a Change> {
        self.run.plan.changes.get(step.node)
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop working.
        let _ = self.run.events.send(event);
    }

    fn state_of(&self, address: &Address) -> Option<&ResourceState> {
        match self.state.get(address) {
            Some(state) => state.as_deref(),
            None => self.run.snapshot.resources.get(address),
        }
    }

    /// Gives instances their new addresses, all at once: they may have changed places.
    fn move_resources(&mut self) {
        let mut moved = Vec::new();
        for change in &self.run.plan.changes {
            let Some(from) = change
                .previous_address
                .as_ref()
                .filter(|a| **a != change.address)
            else {
                continue;
            };
            if let Some(state) = self.run.snapshot.resources.get(from) {
                self.writes.push(StateWrite::Remove(from.clone()));
                self.state.entry(from.clone()).or_insert(None);
                self.notes.push(note(change, OperationAction::Record));
                moved.push((change.address.clone(), Box::new(state.clone())));
            }
        }
        for (address, state) in moved {
            self.state.insert(address.clone(), Some(state.clone()));
            self.writes.push(StateWrite::Put(address, state));
        }
    }

    /// Where the service told another identity than state has, state knows it before anything is
    /// begun: by it the object is then put aside, deleted, and looked for if this run is cut off.
    fn follow_identities(&mut self) {
        for change in &self.run.plan.changes {
            if !change.action.is_replace()
                && !matches!(change.action, Action::Update | Action::Delete)
            {
                continue;
            }
            let type_name = &change.address.resource.type_name;
            let (Some(id), Some(before), None, Some(old), Ok(resource)) = (
                &change.id,
                &change.before,
                &change.deposed,
                self.state_of(&change.address),
                self.run.services.resource_type(type_name),
            ) else {
                continue;
            };
            if old.id == *id {
                continue;
            }
            let (digester, address) = (self.run.digester, &change.address);
            let state = ResourceState {
                id: id.clone(),
                attributes: object::without_secrets(&**resource, digester, address, before),
                ..old.clone()
            };
            self.put(address, Some(Box::new(state)));
        }
    }

    fn keeping(change: &'a Change) -> Keeping<'a> {
        Keeping {
            address: &change.address,
            provider: &change.provider,
            dependencies: &change.dependencies,
            create_before_destroy: change.create_before_destroy,
        }
    }

    /// Records what a change without a request means: an adoption, or facts that were refreshed.
    fn pass(&mut self, node: usize) {
        let Some(change) = self.run.plan.changes.get(node) else {
            return;
        };
        let written = self.record_existing(change);
        if written && change.importing.is_some() {
            self.finish_import(change);
        }
    }

    /// Brings the state of an object that exists up to what the plan found; whether it changed.
    fn record_existing(&mut self, change: &'a Change) -> bool {
        let (Some(before), Some(id)) = (&change.before, &change.id) else {
            return false;
        };
        let Ok(resource) = self
            .run
            .services
            .resource_type(&change.address.resource.type_name)
        else {
            return false;
        };
        let old = self.state_of(&change.address);
        let mut state =
            Self::keeping(change).state(&**resource, self.run.digester, id.clone(), before);
        if let Some(old) = old {
            state.deposed.clone_from(&old.deposed);
            state.tainted = old.tainted;
            if *old == state {
                return false;
            }
        }
        self.put(&change.address, Some(Box::new(state)));
        true
    }

    fn put(&mut self, address: &Address, state: Option<Box<ResourceState>>) {
        self.state.insert(address.clone(), state.clone());
        self.writes.push(match state {
            Some(state) => StateWrite::Put(address.clone(), state),
            None => StateWrite::Remove(address.clone()),
        });
    }

    fn finish_import(&mut self, change: &Change) {
        self.notes.push(note(change, OperationAction::Import));
        let operation = Operation {
            address: change.address.clone(),
            action: OperationAction::Import,
            id: change.id.clone(),
            deposed: false,
        };
        self.tell(Event::OperationStarted(operation.clone()));
        self.finished(operation, Duration::ZERO);
    }

    fn finished(&mut self, operation: Operation, elapsed: Duration) {
        self.outcome.summary.count(operation.action);
        self.tell(Event::OperationFinished {
            operation: operation.clone(),
            elapsed,
        });
        self.outcome.done.push(operation);
    }

    fn failed(&mut self, operation: Operation, elapsed: Duration, failure: Failure) {
        let message = Text::from(failure.to_string());
        self.tell(Event::OperationFailed {
            operation: operation.clone(),
            elapsed,
            message,
        });
        self.outcome.failed.push((operation, failure));
    }

    fn skip(&mut self, step: Step, cause: Option<usize>) {
        let Some(change) = self.change(step) else {
            return;
        };
        let cause = cause.and_then(|node| self.run.plan.changes.get(node));
        let because = cause.map_or(Skipped::Cancelled, |cause| {
            Skipped::DependencyFailed(cause.address.clone())
        });
        self.leave_out(operation(change, step.part), because);
    }

    fn leave_out(&mut self, operation: Operation, because: Skipped) {
        let event = Event::OperationSkipped {
            operation: operation.clone(),
            because: because.clone(),
        };
        self.tell(event);
        self.outcome.skipped.push((operation, because));
    }

    /// A write of state alone failed: there is no operation to blame.
    fn fail_record(&mut self, error: JournalError) {
        let Some(change) = self.run.plan.changes.first() else {
            return;
        };
        let operation = Operation {
            action: OperationAction::Record,
            ..operation(change, Part::Only)
        };
        self.failed(operation, Duration::ZERO, error.into());
    }

    fn store_failed(&self) -> bool {
        self.outcome
            .failed
            .iter()
            .any(|(_, failure)| matches!(failure, Failure::Store(_)))
    }

    /// Begins a step that was held back, unless nothing is begun any more.
    fn resume(&mut self, step: Step) -> Option<Input> {
        if !self.outcome.interrupted && !self.store_failed() {
            return self.start(step);
        }
        self.skip(step, None);
        Some(Input::Failed(step))
    }

    /// Begins a step, or holds it back. What is over at once is answered as the input that says so.
    fn start(&mut self, step: Step) -> Option<Input> {
        let change = self.change(step)?;
        let mut running = self.running.values();
        if running.any(|running| running.operation.address == change.address) {
            self.held_back.push(step);
            return None;
        }
        let mut operation = operation(change, step.part);
        if operation.action == OperationAction::Delete && operation.id.is_none() {
            operation.id = self.state_of(&change.address).map(|state| state.id.clone());
        }
        let waiting = Arc::<Waiting>::default();
        let begun = match self.prepare(step, change, &operation, &waiting) {
            Ok(Some(future)) => future,
            Ok(None) => return Some(Input::Done(step)),
            Err(failure) => {
                self.failed(operation, Duration::ZERO, failure);
                return Some(Input::Failed(step));
            }
        };
        self.tell(Event::OperationStarted(operation.clone()));
        let running = Running::new(operation, waiting);
        self.running.insert(step, running);
        self.in_flight.push(begun);
        None
    }

    /// The future of a step; `None` if nothing was left to do.
    fn prepare(
        &mut self,
        step: Step,
        change: &'a Change,
        operation: &Operation,
        waiting: &Arc<Waiting>,
    ) -> Result<Option<InFlight<'a>>, Failure> {
        let type_name = &change.address.resource.type_name;
        if operation.action == OperationAction::Forget {
            self.put(&change.address, None);
            self.notes.push(note(change, OperationAction::Forget));
            self.tell(Event::OperationStarted(operation.clone()));
            self.finished(operation.clone(), Duration::ZERO);
            self.resolve.record(&change.address, None);
            return Ok(None);
        }
        if operation.action == OperationAction::Read {
            let config = self.final_value(change)?;
            let data = self.run.services.data(&change.provider, type_name)?;
            let schema = self.run.services.data_schema(type_name);
            let (retry, cancel) = (self.context.retry, self.context.cancel.clone());
            let (waiting, address) = (Arc::clone(waiting), change.address.clone());
            return Ok(Some(Box::pin(async move {
                let (data, configs) = (&data, std::slice::from_ref(&config));
                let read = || -> BoxFuture<'_, Result<Value, ProviderError>> {
                    Box::pin(async move {
                        let mut answers = data.read_many(configs).await;
                        answers.pop().unwrap_or_else(|| Err(no_answer()))
                    })
                };
                let sent = send_until_answered(retry, cancel, &waiting, &address, read).await;
                let answer = sent.map_err(|failed| {
                    let mut error = failed.error;
                    redact(&mut error, &config, &schema);
                    error
                });
                (step, Answer::Data(answer))
            })));
        }
        let resource = &**self.run.services.resource_type(type_name)?;
        let remote = self.run.services.remote(&change.provider, type_name)?;
        let old = self.state_of(&change.address).cloned().map(Box::new);
        let request = match operation.action {
            OperationAction::Delete => Request::Delete {
                before: self.deleted_object(change, operation),
                old,
            },
            OperationAction::Update => {
                let planned = self.final_value(change)?;
                let before = change.before.clone().unwrap_or(Value::null(planned.ty()));
                if change.importing.is_some() && self.record_existing(change) {
                    self.finish_import(change);
                }
                let was_open = change.after.as_ref().is_some_and(|a| !a.is_wholly_known());
                if was_open && object::is_same(resource, self.run.digester, &before, &planned) {
                    self.record_existing(change);
                    self.resolve
                        .record(&change.address, Some(known(&before, &planned)));
                    self.leave_out(operation.clone(), Skipped::NoDifference);
                    return Ok(None);
                }
                let id = change.id.clone().unwrap_or_default();
                let mut state =
                    Self::keeping(change).state(resource, self.run.digester, id, &planned);
                if let Some(old) = self.state_of(&change.address) {
                    state.deposed.clone_from(&old.deposed);
                }
                Request::Update {
                    before: object::with_kept_secrets(self.run.digester, &before, &planned),
                    planned,
                    state: Box::new(state),
                }
            }
            _ => {
                let planned = self.final_value(change)?;
                let id = Text::default();
                let mut state =
                    Self::keeping(change).state(resource, self.run.digester, id, &planned);
                let old = match change.action {
                    // What the address had is gone from the service; what was put aside is not.
                    Action::Create => {
                        state.deposed = old.map(|old| old.deposed).unwrap_or_default();
                        None
                    }
                    // What is left of the address was put aside earlier and is still there.
                    _ => old,
                };
                Request::Create {
                    planned,
                    state: Box::new(state),
                    old,
                }
            }
        };
        let resume = change
            .resume_token
            .as_ref()
            .filter(|_| operation.action == OperationAction::Create);
        let job = Job {
            operation: operation.clone(),
            remote,
            resource,
            provider: change.provider.clone(),
            token: resume.map_or_else(|| uuid::Uuid::new_v4().to_string(), ToString::to_string),
            resumed: resume.is_some(),
            request,
            changes: changes(change, operation, resource),
            waiting: Arc::clone(waiting),
        };
        let context = Arc::clone(&self.context);
        Ok(Some(Box::pin(async move {
            (step, Answer::Request(perform(&context, job).await))
        })))
    }

    /// The planned object with nothing left open but what only the service knows.
    fn final_value(&mut self, change: &Change) -> Result<Value, Failure> {
        self.resolve
            .resolve(&change.address)
            .map_err(Failure::Evaluation)
    }

    fn deleted_object(&self, change: &Change, operation: &Operation) -> Value {
        let deposed = self.state_of(&change.address).and_then(|state| {
            let found = state
                .deposed
                .iter()
                .find(|(id, _)| Some(id) == operation.id.as_ref())?;
            Some(found.1.clone())
        });
        deposed
            .filter(|_| operation.deposed)
            .or_else(|| change.before.clone())
            .unwrap_or_else(|| Value::null(flowctl_model::Type::Any))
    }

    /// Takes in the end of an operation.
    fn take(&mut self, step: Step, answer: Answer) -> Input {
        let Some(Running {
            mut operation,
            started,
            ..
        }) = self.running.remove(&step)
        else {
            return Input::Failed(step);
        };
        let elapsed = started.elapsed();
        let failure = match answer {
            Answer::Data(Ok(object)) => {
                self.resolve.record(&operation.address, Some(object));
                self.finished(operation, elapsed);
                return Input::Done(step);
            }
            Answer::Request(Finished::Done { object, state, id }) => {
                if operation.action != OperationAction::Delete || !operation.deposed {
                    self.resolve.record(&operation.address, object);
                }
                self.state.insert(operation.address.clone(), state);
                operation.id = Some(id);
                self.finished(operation, elapsed);
                return Input::Done(step);
            }
            Answer::Data(Err(error)) | Answer::Request(Finished::Refused(error)) => error.into(),
            Answer::Request(Finished::Lost(error)) => error.into(),
        };
        self.failed(operation, elapsed, failure);
        Input::Failed(step)
    }

    fn mention_progress(&mut self) {
        let every = self.run.options.progress_every;
        for running in self.running.values_mut() {
            if let Some(event) = running.mention(every) {
                // Nobody listening is no reason to stop working.
                let _ = self.run.events.send(event);
            }
        }
    }

    fn finish_summary(&mut self) {
        let no_difference = |because: &Skipped| *because == Skipped::NoDifference;
        let skipped = self
            .outcome
            .skipped
            .iter()
            .filter(|(_, b)| !no_difference(b))
            .count();
        self.outcome.summary.failed = self.outcome.failed.len();
        self.outcome.summary.skipped = skipped;
        self.outcome.summary.interrupted = self.outcome.interrupted;
        self.tell(Event::Summary(self.outcome.summary));
    }
}

fn no_answer() -> ProviderError {
    ProviderError::local(ErrorKind::Other, "Read", "the provider gave no answer")
}

#[cfg(test)]
mod tests;
