//! Carrying out a plan: what the executor needs, and what is said and kept of what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use flowctl_executor::fault::Faults;
use flowctl_executor::{Apply, Failure, Options, Outcome as Came, Resolve, RetryPolicy, apply};
use flowctl_model::event::{Operation, OperationAction};
use flowctl_model::plan::Plan;
use flowctl_model::secret::withhold;
use flowctl_model::snapshot::OutputState;
use flowctl_model::{Address, Text, Value};
use flowctl_parser::Diagnostic;
use flowctl_planner::{Evaluation, Finished, Planned, place_of};
use tokio::sync::watch;

use crate::error::{CommandError, Outcome, sentence};
use crate::failure;
use crate::report::Report;
use crate::session::Session;
use crate::state::Held;

/// How often an operation under way is mentioned where nothing moves.
const MENTION: Duration = Duration::from_secs(10);

/// What carrying out needs beside the plan.
pub(crate) struct Work<'a> {
    pub(crate) held: &'a mut Held,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) faults: &'a dyn Faults,
}

/// Carries out a plan that was approved, as far as can be.
pub(crate) async fn carry_out(
    session: &Session,
    planned: Planned<'_>,
    report: &mut Report<'_>,
    work: Work<'_>,
) -> Result<Outcome, CommandError> {
    let Work { held, .. } = work;
    report.ui.keep_going();
    let plan = planned.plan;
    // Facts that only bring state up to date need no run of their own.
    let changes = !plan.is_empty() || !plan.drift.is_empty();
    if changes {
        held.begin().await?;
        held.store.key_is_known(&session.digester).await?;
    }
    if !plan.is_empty() {
        report.say(&"\n".to_owned().into())?;
    }
    session.machine.begin_applying();
    let mut resolver = Resolver {
        evaluation: planned.evaluation,
        found: BTreeMap::new(),
    };
    let came = report
        .follow(async |events| {
            let run = Apply {
                plan: &plan,
                snapshot: &session.snapshot,
                services: &session.services,
                journal: &held.store,
                digester: &session.digester,
                faults: work.faults,
                events,
                options: Options {
                    parallelism: session.parallelism,
                    retry: RetryPolicy::default(),
                    progress_every: MENTION,
                    cancel: work.stop.clone(),
                },
            };
            apply(&run, &mut resolver).await
        })
        .await
        .map_err(|_| CommandError::user("Internal error", "The plan has a cycle."))?;
    let finished = resolver.evaluation.finish();
    let mut found = failures(session, &came, &mut resolver.found);
    found.extend(finished.diagnostics.iter().cloned());
    let complete = came.summary.is_complete() && !found.iter().any(Diagnostic::is_error);
    let outputs = kept_outputs(session, &plan, &finished, complete);
    if outputs != session.snapshot.outputs {
        let outputs = outputs.clone().into_iter().collect();
        held.store.set_outputs(outputs).await?;
    }
    let outcome = match (came.interrupted, complete) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Failed,
    };
    if changes {
        let word = match outcome {
            Outcome::Done => "done",
            Outcome::Interrupted => "interrupted",
            _ => "failed",
        };
        held.store.finish_run(word.to_owned(), came.summary).await?;
    }
    if !found.is_empty() {
        let (found, sources) = session.project.shown(found);
        report.diagnostics(&found, &sources);
    }
    report.summary()?;
    report.outputs(&outputs)?;
    Ok(outcome)
}

/// Evaluation for the executor, which knows no diagnostics.
struct Resolver<'a> {
    evaluation: Evaluation<'a>,
    /// What went wrong, with its places.
    found: BTreeMap<Address, Vec<Diagnostic>>,
}

impl Resolve for Resolver<'_> {
    fn resolve(&mut self, address: &Address) -> Result<Value, String> {
        self.evaluation.resolve(address).map_err(|found| {
            let first = found.first().map(|diagnostic| diagnostic.summary.clone());
            self.found.insert(address.clone(), found);
            first.unwrap_or_default()
        })
    }

    fn record(&mut self, address: &Address, object: Option<Value>) {
        self.evaluation.record(address, object);
    }
}

fn failures(
    session: &Session,
    came: &Came,
    evaluated: &mut BTreeMap<Address, Vec<Diagnostic>>,
) -> Vec<Diagnostic> {
    let configuration = &session.project.configuration;
    let mut found = Vec::new();
    for (operation, failure) in &came.failed {
        let address = &operation.address;
        let summary = format!("Cannot {} {address}", verb(operation));
        match failure {
            Failure::Service(error) => {
                found.push(failure::of_instance(
                    &summary,
                    error,
                    address,
                    configuration,
                ));
            }
            Failure::Evaluation(message) => match evaluated.remove(address) {
                Some(of_evaluation) => found.extend(of_evaluation),
                None => found.push(Diagnostic {
                    span: place_of(configuration, address),
                    ..Diagnostic::error_without_place(summary, sentence(message))
                        .with_address(address.to_string())
                }),
            },
            Failure::Store(error) => {
                let detail = sentence(&format!("the state could not be written: {error}"));
                let error = Diagnostic::error_without_place(summary, detail)
                    .with_address(address.to_string())
                    .with_help(
                        "nothing is lost: the next run finds out what the service did and \
                         records it",
                    );
                found.push(error);
            }
        }
    }
    found
}

fn verb(operation: &Operation) -> &'static str {
    match operation.action {
        OperationAction::Create => "create",
        OperationAction::Read => "read",
        OperationAction::Update => "change",
        OperationAction::Delete => "delete",
        OperationAction::Import => "import",
        OperationAction::Forget => "forget",
        OperationAction::Record => "record",
    }
}

/// The outputs as state keeps them: sensitive values withheld. What an incomplete run could not
/// compute stays as it was.
fn kept_outputs(
    session: &Session,
    plan: &Plan,
    finished: &Finished,
    complete: bool,
) -> BTreeMap<Text, OutputState> {
    let goes = |name: &str| plan.outputs.get(name).is_some_and(|o| o.after.is_none());
    let mut kept = BTreeMap::new();
    if !complete {
        kept.clone_from(&session.snapshot.outputs);
    }
    for (name, output) in finished.outputs.iter().filter(|(name, _)| !goes(name)) {
        let place = format!("output.{name}");
        let output = OutputState {
            value: withhold(
                &output.value,
                &place,
                &|_| output.sensitive,
                &session.digester,
            ),
            sensitive: output.sensitive,
        };
        kept.insert(name.clone(), output);
    }
    kept
}
