//! `flowctl apply`, and what is an apply with other words: `destroy` and `refresh`.

use std::path::{Path, PathBuf};

use clap::Args;
use flowctl_executor::fault::{Faults, NoFaults};
use flowctl_model::event::RunKind;
use flowctl_model::plan::Plan;
use flowctl_render::plan::human::HumanOptions;
use flowctl_render::style::{Style, Styled};
use flowctl_state::planfile::SavedPlan;
use tokio::sync::watch;

use crate::app::{App, Context};
use crate::args::LockArgs;
use crate::args::planning::{ModeArgs, RunArgs, SelectionArgs};
use crate::args::variables::VariableArgs;
use crate::carry_out::{Work, carry_out};
use crate::commands::plan::{show, told, variables};
use crate::env::Env;
use crate::error::{CommandError, Outcome};
use crate::project::Project;
use crate::report::Report;
use crate::run::Course;
use crate::state::{Held, Known, StateFiles};
use crate::{runtime, saved, signals};

/// Bring what exists to what is configured
///
/// Shows the plan and asks before anything is done.
#[derive(Args)]
pub(crate) struct ApplyArgs {
    /// A plan that `plan --out` saved: exactly what was approved is done, unasked
    #[arg(value_name = "PLANFILE", conflicts_with_all = ["destroy", "refresh_only", "replace",
        "target", "exclude"])]
    plan: Option<PathBuf>,

    /// Do not ask
    #[arg(long)]
    auto_approve: bool,

    #[command(flatten)]
    mode: ModeArgs,

    #[command(flatten)]
    options: ApplyOptions,
}

/// Delete everything that is in state; the same as apply --destroy
#[derive(Args)]
pub(crate) struct DestroyArgs {
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,

    #[command(flatten)]
    options: ApplyOptions,
}

/// Bring state up to date with what exists, unasked; see apply --refresh-only
#[derive(Args)]
pub(crate) struct RefreshArgs {
    /// Accepted for Terraform's sake
    #[arg(long, hide = true)]
    auto_approve: bool,

    #[command(flatten)]
    options: ApplyOptions,
}

/// What the three have in common.
#[derive(Args)]
struct ApplyOptions {
    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    run: RunArgs,

    #[command(flatten)]
    lock: LockArgs,
}

/// What was asked for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    mode: &'a ModeArgs,
    selection: &'a SelectionArgs,
    approved: bool,
    options: &'a ApplyOptions,
    /// What was approved before, if it was.
    saved: Option<&'a (SavedPlan, saved::Asked)>,
}

pub(crate) fn run(app: &mut App, args: &ApplyArgs) -> Result<Outcome, CommandError> {
    if let Some(path) = &args.plan {
        return apply_saved(app, args, path);
    }
    let asked = Asked {
        mode: &args.mode,
        selection: &args.options.selection,
        approved: args.auto_approve,
        options: &args.options,
        saved: None,
    };
    apply(app, asked)
}

fn apply_saved(app: &mut App, args: &ApplyArgs, path: &Path) -> Result<Outcome, CommandError> {
    let known = Known::to_read(&StateFiles::of(&app.context), &app.context.env)?;
    let saved = saved::read(path, &known.digester)?;
    let asked = Asked {
        mode: &saved.1.mode,
        selection: &saved.1.selection,
        approved: true,
        options: &args.options,
        saved: Some(&saved),
    };
    apply(app, asked)
}

pub(crate) fn destroy(app: &mut App, args: &DestroyArgs) -> Result<Outcome, CommandError> {
    let asked = Asked {
        mode: &ModeArgs::destroy(),
        selection: &args.options.selection,
        approved: args.auto_approve,
        options: &args.options,
        saved: None,
    };
    apply(app, asked)
}

pub(crate) fn refresh(app: &mut App, args: &RefreshArgs) -> Result<Outcome, CommandError> {
    let asked = Asked {
        mode: &ModeArgs::refresh_only(),
        selection: &args.options.selection,
        approved: true,
        options: &args.options,
        saved: None,
    };
    apply(app, asked)
}

fn apply(app: &mut App, asked: Asked<'_>) -> Result<Outcome, CommandError> {
    let options = asked.options;
    if options.run.json && !asked.approved {
        return Err(CommandError::user(
            "Nobody can be asked",
            "With --json the output is for machines, and a plan must be approved.",
        )
        .with_help("give --auto-approve too"));
    }
    let App { ui, context } = app;
    let mut report = Report::begin(ui, asked.mode.kind(), &options.run)?;
    let ended = begin(context, &mut report, asked);
    report.end(ended)
}

fn begin(
    context: &Context,
    report: &mut Report<'_>,
    asked: Asked<'_>,
) -> Result<Outcome, CommandError> {
    let mut variables = asked.options.variables.clone();
    if let Some((plan, _)) = asked.saved {
        variables = saved::variables(plan, &variables);
    }
    let project = Project::with_variables(report.ui, context, &variables)?;
    let runtime = runtime::full()?;
    let outcome = runtime.block_on(course(context, report, project, asked));
    // A question that nobody answered is still being read.
    runtime.shutdown_background();
    outcome
}

async fn course(
    context: &Context,
    report: &mut Report<'_>,
    project: Project,
    asked: Asked<'_>,
) -> Result<Outcome, CommandError> {
    let options = asked.options;
    let kind = asked.mode.kind();
    let faults = faults(&context.env)?;
    let stop = signals::watch()?;
    let command = kind.to_string();
    let taken = Held::wait(context, &options.lock, &command);
    let mut held = Course::unless_stopped(&stop, taken).await?;
    let known = held.known().await?;
    let what = (asked.mode, asked.selection);
    let begun = Course::begin(context, project, known, what, &options.run, stop.clone());
    let mut course = begun.await?;
    if let Some((plan, _)) = asked.saved {
        course.session.machine.began_at(saved::made_at(plan));
    }
    if !held.store.unfinished().await?.is_empty() {
        held.backup()?;
        course.recover(&held, report).await?;
    }
    course
        .planned(report, async |session, facts, mut planned, report| {
            if asked.approved {
                report.ui.keep_going();
            }
            if let Some(plan) = asked.saved {
                told(session, &planned, report)?;
                let values = variables(session, &planned.evaluation);
                planned.plan = saved::approved(plan, session, facts, &values, planned.plan)?;
                report.plan(&planned.plan)?;
            } else {
                report.plan(&planned.plan)?;
                let look = HumanOptions {
                    width: report.ui.width(),
                    ..HumanOptions::default()
                };
                show(session, &planned, report, &look)?;
                told(session, &planned, report)?;
            }
            let asks = !asked.approved && needs_approval(&planned.plan, kind);
            if asks && !approved(report, kind, &stop).await? {
                return Ok(Outcome::Declined);
            }
            let work = Work {
                held: &mut held,
                stop: stop.clone(),
                faults: &*faults,
            };
            carry_out(session, planned, report, work).await
        })
        .await
}

/// Whether there is something that a person should see first. What changed outside only has to be
/// agreed to where that is all that a run is for.
fn needs_approval(plan: &Plan, kind: RunKind) -> bool {
    !plan.is_empty() || (kind == RunKind::Refresh && !plan.drift.is_empty())
}

/// Asks whether the plan is to be carried out.
async fn approved(
    report: &mut Report<'_>,
    kind: RunKind,
    stop: &watch::Receiver<bool>,
) -> Result<bool, CommandError> {
    if !report.ui.can_ask() {
        return Err(CommandError::user(
            "Nobody is there to approve the plan",
            "The plan must be approved before it is carried out, and this is no terminal.",
        )
        .with_help("give --auto-approve to carry it out unasked"));
    }
    let (question, what, cancelled) = match kind {
        RunKind::Destroy => (
            "Do you really want to destroy all resources?",
            "flowctl will delete everything that is shown above. There is no undo.",
            "Destroy cancelled.",
        ),
        RunKind::Refresh => (
            "Would you like to update the state to reflect these detected changes?",
            "flowctl will write these changes to state, and change nothing that exists.",
            "Apply cancelled.",
        ),
        _ => (
            "Do you want to perform these actions?",
            "flowctl will perform the actions described above.",
            "Apply cancelled.",
        ),
    };
    let mut text = Styled::new();
    text.push(Style::Strong, &format!("\n{question}\n"));
    text.plain(&format!(
        "  {what}\n  Only 'yes' will be accepted to approve.\n\n"
    ));
    text.push(Style::Strong, "  Enter a value: ");
    let answer = Course::unless_stopped(stop, report.ui.ask_beside(&text)).await?;
    let yes = answer.is_some_and(|answer| *answer == "yes");
    if !yes {
        report.say(&format!("\n{cancelled}\n").into())?;
    }
    Ok(yes)
}

/// Where a fault test ends the process.
fn faults(env: &Env) -> Result<Box<dyn Faults>, CommandError> {
    #[cfg(any(debug_assertions, feature = "fault-points"))]
    if let Some(text) = &env.fault {
        let (rest, panics) = match text.strip_prefix("panic:") {
            Some(rest) => (rest, true),
            None => (text.as_str(), false),
        };
        let (point, nth) = rest.split_once(':').unwrap_or((rest, "1"));
        let wrong = || {
            CommandError::user(
                "Invalid FLOWCTL_FAULT",
                format!("{text:?} is not POINT or POINT:N, or either after \"panic:\"."),
            )
        };
        let point = point.parse().map_err(|_| wrong())?;
        let nth = nth.parse().map_err(|_| wrong())?;
        let end = flowctl_executor::fault::AbortAt::new(point, nth);
        return Ok(Box::new(if panics { end.panicking() } else { end }));
    }
    let _ = env;
    Ok(Box::new(NoFaults))
}
