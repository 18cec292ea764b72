//! `flowctl plan`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use flowctl_model::event::RunKind;
use flowctl_model::plan::{Action, Change, Plan};
use flowctl_model::{Text, Value};
use flowctl_parser::{Diagnostic, SourceMap, hcl};
use flowctl_planner::{Evaluation, Planned};
use flowctl_render::plan::human::{self, HumanOptions};
use flowctl_render::plan::{html, json, markdown};
use flowctl_render::style::Styled;
use flowctl_schema::Providers;

use crate::app::{App, Context};
use crate::args::LockArgs;
use crate::args::look::{LookArgs, MarkdownArgs, showing};
use crate::args::planning::{ModeArgs, RunArgs, SelectionArgs};
use crate::args::variables::VariableArgs;
use crate::error::{CommandError, Outcome};
use crate::project::Project;
use crate::report::{Report, time_of, timestamp};
use crate::run::Course;
use crate::services::{Endpoint, providers};
use crate::session::Session;
use crate::state::{Known, StateFiles};
use crate::{generate, runtime, saved, signals};

/// Show what would be done, and why
///
/// Waits for nobody and writes nothing: it may run beside an apply.
#[derive(Args)]
pub(crate) struct PlanArgs {
    /// How the plan is written
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        conflicts_with = "json"
    )]
    format: PlanFormat,

    #[command(flatten)]
    markdown: MarkdownArgs,

    #[command(flatten)]
    look: LookArgs,

    /// Exit with 2 if there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    /// Save the plan to this file, for `flowctl apply FILE`; it holds no secret
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write the configuration of what `import` blocks name and no resource block configures to
    /// this file, which must not be there yet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["destroy", "refresh_only"])]
    generate_config_out: Option<PathBuf>,

    #[command(flatten)]
    mode: ModeArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    run: RunArgs,

    #[command(flatten)]
    variables: VariableArgs,

    // Terraform locks for a plan too; scripts give these.
    #[command(flatten)]
    lock: LockArgs,
}

/// How a plan is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PlanFormat {
    /// For a terminal
    Human,
    /// Terraform's representation, for the tools that read it
    Json,
    /// A comment on a pull request
    Markdown,
    /// A page of its own
    Html,
}

pub(crate) fn run(app: &mut App, args: &PlanArgs) -> Result<Outcome, CommandError> {
    let App { ui, context } = app;
    let mut report = Report::begin(ui, RunKind::Plan, &args.run)?;
    let mut answered = false;
    let ended = plan(context, &mut report, args, &mut answered);
    // Whoever reads a comment or a page is told of a failure where a plan was expected.
    if let (Err(CommandError::Wrong(found, sources)), false) = (&ended, answered) {
        let providers = providers(Endpoint::default());
        let place = Place::of(context, args);
        let nothing = Plan::default();
        let text = document(args, &nothing, &providers, (found, sources), &place);
        if let Some(text) = text {
            report.ui.print(&text)?;
        }
    }
    report.end(ended)
}

/// What a plan is of, where all of it can be read, and when it was made.
#[derive(Clone)]
struct Place {
    target: String,
    whole: String,
    time: String,
}

impl Place {
    fn of(context: &Context, args: &PlanArgs) -> Self {
        let command = showing(args.out.as_deref());
        Self {
            target: args.markdown.target(),
            whole: args.markdown.whole(&context.env, &command),
            time: timestamp(),
        }
    }
}

fn plan(
    context: &Context,
    report: &mut Report<'_>,
    args: &PlanArgs,
    answered: &mut bool,
) -> Result<Outcome, CommandError> {
    if let Some(path) = &args.generate_config_out {
        generate::check(path)?;
    }
    let project = Project::with_variables(report.ui, context, &args.variables)?;
    if args.out.is_some() {
        // The seal of a saved plan needs a key that is still there when it is applied.
        Known::make_key(context, &args.lock)?;
    }
    let known = Known::to_read(&StateFiles::of(context), &context.env)?;
    let asked = (&args.mode, &args.selection);
    let place = Place::of(context, args);
    let runtime = runtime::full()?;
    let outcome = runtime.block_on(async {
        let stop = signals::watch()?;
        let begun = Course::begin(context, project, known, asked, &args.run, stop);
        let mut course = begun.await?;
        let given = (context, &args.variables);
        let generated = match &args.generate_config_out {
            Some(path) => generate::of_imports(&mut course, report, given, path).await?,
            None => None,
        };
        course
            .planned(report, async |session, facts, planned, report| {
                generate::complete(&planned)?;
                report.plan(&planned.plan)?;
                *answered = true;
                match written(session, &planned, args, &place) {
                    Some(text) => report.ui.print(&text)?,
                    None => {
                        let look = args.look.options(report.ui.width());
                        show(session, &planned, report, &look)?;
                    }
                }
                if let Some(said) = &generated {
                    beside(report, args.format, said)?;
                }
                told(session, &planned, report)?;
                if let Some(path) = &args.out {
                    let made = saved::Made {
                        plan: &planned.plan,
                        facts,
                        values: &variables(session, &planned.evaluation),
                        given: &args.variables,
                        asked,
                    };
                    saved::save(session, &made, path)?;
                    beside(report, args.format, &saved_to(path))?;
                }
                // What others changed is no change to make, unless it is all that was asked for.
                let found = args.mode.refresh_only && !planned.plan.drift.is_empty();
                let changes = found || !planned.plan.is_empty();
                Ok(if args.detailed_exitcode && changes {
                    Outcome::ChangesPresent
                } else {
                    Outcome::Done
                })
            })
            .await
    });
    runtime.shutdown_background();
    outcome
}

/// Writes the plan as a result for people.
pub(crate) fn show(
    session: &Session,
    planned: &Planned<'_>,
    report: &mut Report<'_>,
    options: &HumanOptions,
) -> Result<(), CommandError> {
    // "No changes" would be wrong after an error, and outputs alone could not be applied.
    let nothing = |change: &Change| matches!(change.action, Action::NoOp | Action::Read);
    if has_errors(planned) && planned.plan.changes.iter().all(nothing) {
        return Ok(());
    }
    report.say(&human::plan(&planned.plan, &session.providers, options))
}

/// The plan in a format for other readers.
fn written(
    session: &Session,
    planned: &Planned<'_>,
    args: &PlanArgs,
    place: &Place,
) -> Option<String> {
    let (plan, providers) = (&planned.plan, &session.providers);
    let began = time_of(session.machine.began());
    if args.format != PlanFormat::Json {
        let (found, sources) = session.project.shown(planned.diagnostics.clone());
        let found = (&found[..], &sources);
        let place = &Place {
            time: began,
            ..place.clone()
        };
        return document(args, plan, providers, found, place);
    }
    let mut text = json::plan(&json::Input {
        plan,
        prior: &session.snapshot,
        configuration: json::Source::Loaded(
            &session.project.configuration,
            &session.project.sources,
        ),
        variables: &variables(session, &planned.evaluation),
        providers,
        flowctl_version: env!("CARGO_PKG_VERSION"),
        timestamp: &began,
        errored: has_errors(planned),
    });
    text.truncate(text.trim_end().len());
    text.push('\n');
    Some(text)
}

/// The plan, or what there is instead of one, as a comment or a page.
fn document(
    args: &PlanArgs,
    plan: &Plan,
    providers: &Providers,
    (diagnostics, sources): (&[Diagnostic], &SourceMap),
    place: &Place,
) -> Option<String> {
    let text = match args.format {
        PlanFormat::Human | PlanFormat::Json => return None,
        PlanFormat::Markdown => markdown::comment(
            &markdown::Input {
                plan,
                providers,
                diagnostics,
                sources,
                summary: None,
            },
            &args.markdown.options(&place.target, &place.whole),
        ),
        PlanFormat::Html => html::page(&html::Input {
            plan,
            providers,
            diagnostics,
            sources,
            target: &place.target,
            flowctl_version: env!("CARGO_PKG_VERSION"),
            timestamp: Some(&place.time),
        }),
    };
    Some(text.trim_end().to_owned() + "\n")
}

/// Tells something that is no part of the plan: where the plan is for tools or for a comment, what
/// reads it must find nothing else.
fn beside(report: &mut Report<'_>, format: PlanFormat, text: &Styled) -> Result<(), CommandError> {
    if format == PlanFormat::Human {
        return report.say(text);
    }
    report.ui.note(text.as_str().trim());
    Ok(())
}

/// What is said of a plan that was saved.
fn saved_to(path: &Path) -> Styled {
    let mut text = Styled::new();
    let path = path.display();
    text.plain(&format!(
        "\nSaved the plan to: {path}\n\nTo perform exactly these actions, run:\n    flowctl apply \
         {path}\n"
    ));
    text
}

fn has_errors(planned: &Planned<'_>) -> bool {
    planned.diagnostics.iter().any(Diagnostic::is_error)
}

/// Tells what was found while planning; the end of the run if there is an error.
pub(crate) fn told(
    session: &Session,
    planned: &Planned<'_>,
    report: &mut Report<'_>,
) -> Result<(), CommandError> {
    let mut found = session.project.warnings.clone();
    for diagnostic in &planned.diagnostics {
        if !found.contains(diagnostic) {
            found.push(diagnostic.clone());
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let (found, sources) = session.project.shown(found);
    report.diagnostics(&found, &sources);
    if found.iter().any(Diagnostic::is_error) {
        return Err(CommandError::Told);
    }
    Ok(())
}

/// The values of the root module's variables.
pub(crate) fn variables(session: &Session, evaluation: &Evaluation<'_>) -> BTreeMap<Text, Value> {
    let names = session.project.configuration.root.variables.keys();
    let value = |name: &std::sync::Arc<str>| {
        let text = format!("var.{name}");
        let file = SourceMap::default().add("", text.as_str());
        let expr = hcl::parse_expression(file, &text).ok()?;
        Some((Text::from(&**name), evaluation.evaluate(&expr).value))
    };
    names.filter_map(value).collect()
}
