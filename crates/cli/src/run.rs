//! The course of `plan` and of `apply`, which is a plan that is carried out.

use std::collections::BTreeMap;
use std::future::Future;

use flowctl_executor::{Recovered, recover, refresh};
use flowctl_model::{Address, Value};
use flowctl_parser::Diagnostic;
use flowctl_planner::{Mode, Planned, plan};
use tokio::sync::watch;

use crate::app::Context;
use crate::args::planning::{ModeArgs, Refresh, RunArgs, SelectionArgs};
use crate::error::CommandError;
use crate::failure;
use crate::policies;
use crate::project::Project;
use crate::report::Report;
use crate::session::{Facts, Session};
use crate::signals;
use crate::state::{Held, Known, now};

/// A run up to where its plan is made.
pub(crate) struct Course {
    pub(crate) session: Session,
    pub(crate) facts: Facts,
    pub(crate) stop: watch::Receiver<bool>,
    /// Whether what exists is looked at before planning.
    refresh: Refresh,
}

impl Course {
    /// Makes everything ready for requests.
    pub(crate) async fn begin(
        context: &Context,
        project: Project,
        known: Known,
        (mode, selection): (&ModeArgs, &SelectionArgs),
        run: &RunArgs,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, CommandError> {
        let mut project = project;
        let mut options = selection.options(mode)?;
        options.policies = policies::load(context, &mut project, &selection.policies)?;
        let mut session = Session::new(context, project, known, options);
        session.parallelism = run.parallelism;
        session.connect(context).await?;
        Ok(Self {
            session,
            facts: Facts::default(),
            stop,
            refresh: selection.refresh,
        })
    }

    /// Waits for something that may be given up when the person asks to stop, since nothing is
    /// changed by it.
    pub(crate) async fn unless_stopped<T>(
        stop: &watch::Receiver<bool>,
        work: impl Future<Output = Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        tokio::select! {
            biased;
            () = signals::asked(stop.clone()) => Err(CommandError::Interrupted),
            done = work => done,
        }
    }

    /// Looks into what an earlier run left unfinished; state is brought in line with it.
    pub(crate) async fn recover(
        &mut self,
        held: &Held,
        report: &mut Report<'_>,
    ) -> Result<(), CommandError> {
        let session = &self.session;
        let configuration = &session.project.configuration;
        let asked: BTreeMap<Address, Value> = plan(&session.input(&self.facts))
            .plan
            .changes
            .into_iter()
            .filter_map(|change| Some((change.address, change.after?)))
            .collect();
        let wanted = |address: &Address| asked.get(address).cloned();
        let recovered: Recovered = report
            .follow(async |events| {
                recover(
                    &held.store,
                    &session.services,
                    &session.digester,
                    &session.snapshot,
                    &wanted,
                    now(),
                    &events,
                )
                .await
            })
            .await
            .map_err(|error| CommandError::user("The state store failed", format!("{error}.")))?;
        if !recovered.errors.is_empty() {
            let refusals = recovered.errors.iter().map(|(address, error)| {
                let summary = format!("Cannot find out what became of {address}");
                failure::of_instance(&summary, error, address, configuration)
            });
            return Err(session.wrong(refusals.collect()));
        }
        self.facts.resume = recovered.resume;
        self.facts.interrupted = recovered.interrupted_updates;
        if recovered.changed {
            self.session.snapshot = held.store.snapshot().await?;
        }
        Ok(())
    }

    /// Makes the plan, reading whatever it needs, and hands it on: the plan borrows from here.
    pub(crate) async fn planned<T>(
        &mut self,
        report: &mut Report<'_>,
        then: impl AsyncFnOnce(
            &Session,
            &Facts,
            Planned<'_>,
            &mut Report<'_>,
        ) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let Self {
            session,
            facts,
            stop,
            refresh,
        } = self;
        if !session.project.has_its_variables() {
            let planned = plan(&session.input(facts));
            if planned.failed {
                return then(session, facts, planned, report).await;
            }
        }
        let looks = *refresh != Refresh::Nothing;
        if looks && !session.snapshot.resources.is_empty() {
            // Mistakes are told before the service is asked for anything.
            let found = session.with_validation(Vec::new());
            if found.iter().any(Diagnostic::is_error) {
                let mut planned = plan(&session.input(facts));
                let told = |one: &Diagnostic| planned.diagnostics.contains(one);
                let more: Vec<_> = found.into_iter().filter(|one| !told(one)).collect();
                planned.diagnostics.extend(more);
                return then(session, facts, planned, report).await;
            }
        }
        if *refresh == Refresh::All {
            let lookups = refresh::of_snapshot(&session.snapshot);
            let read = report.follow(async |events| session.refresh(lookups, facts, &events).await);
            Self::unless_stopped(stop, read).await?;
        }
        let mut planned = loop {
            let planned = plan(&session.input(facts));
            if planned.failed {
                break planned;
            }
            if !planned.needs.is_empty() {
                let needs = { planned }.needs;
                Self::unless_stopped(stop, session.read(needs, facts)).await?;
                continue;
            }
            let lookups = match *refresh {
                Refresh::Changed => session.not_looked_at(&planned.plan, facts),
                Refresh::All | Refresh::Nothing => Vec::new(),
            };
            if lookups.is_empty() {
                break planned;
            }
            // What is found may change more than the configuration does.
            drop(planned);
            let read = report.follow(async |events| session.refresh(lookups, facts, &events).await);
            Self::unless_stopped(stop, read).await?;
        };
        if *refresh == Refresh::Changed {
            planned.diagnostics.extend(session.partial_look(facts));
        }
        if looks && session.options.mode == Mode::Normal {
            let look =
                report.follow(async |events| session.find_taken(&planned.plan, &events).await);
            planned
                .diagnostics
                .extend(Self::unless_stopped(stop, look).await?);
        }
        then(session, facts, planned, report).await
    }
}
