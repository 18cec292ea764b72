//! `flowctl plan`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use flowctl_model::event::RunKind;
use flowctl_model::plan::{Action, Change};
use flowctl_model::{Text, Value};
use flowctl_parser::{Diagnostic, SourceMap, hcl};
use flowctl_planner::{Evaluation, Planned};
use flowctl_render::plan::human::{self, HumanOptions};
use flowctl_render::plan::{html, json, markdown};
use flowctl_render::style::Styled;

use crate::app::{App, Context};
use crate::args::LockArgs;
use crate::args::planning::{ModeArgs, RunArgs, SelectionArgs};
use crate::args::variables::VariableArgs;
use crate::error::{CommandError, Outcome};
use crate::project::Project;
use crate::report::{Report, timestamp};
use crate::run::Course;
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

    /// Where a plan in Markdown is to be read
    #[arg(long, value_name = "HOST", default_value = "github")]
    markdown_host: MarkdownHost,

    /// The most characters of a plan in Markdown, if the host's own limit is too much
    #[arg(long, value_name = "N")]
    max_length: Option<usize>,

    /// One line for each resource
    #[arg(long)]
    compact: bool,

    /// How many unchanged lines or elements are shown beside a change; `all` for everything
    #[arg(long, value_name = "N", default_value = "3", value_parser = lines)]
    context: human::Context,

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

/// Where comments on pull requests are read.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MarkdownHost {
    Github,
    Gitlab,
    Bitbucket,
}

impl From<MarkdownHost> for markdown::Host {
    fn from(host: MarkdownHost) -> Self {
        match host {
            MarkdownHost::Github => Self::GitHub,
            MarkdownHost::Gitlab => Self::GitLab,
            MarkdownHost::Bitbucket => Self::Bitbucket,
        }
    }
}

pub(crate) fn run(app: &mut App, args: &PlanArgs) -> Result<Outcome, CommandError> {
    let App { ui, context } = app;
    let mut report = Report::begin(ui, RunKind::Plan, &args.run)?;
    let ended = plan(context, &mut report, args);
    report.end(ended)
}

fn plan(
    context: &Context,
    report: &mut Report<'_>,
    args: &PlanArgs,
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
    let directory = std::env::current_dir().unwrap_or_default();
    let target = directory.file_name().unwrap_or_default().to_string_lossy();
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
            .planned(report, async |session, planned, report| {
                generate::complete(&planned)?;
                report.plan(&planned.plan)?;
                match written(session, &planned, args, &target) {
                    Some(text) => report.ui.print(&text)?,
                    None => {
                        let look = HumanOptions {
                            width: report.ui.width(),
                            context: args.context,
                            compact: args.compact,
                        };
                        show(session, &planned, report, &look)?;
                    }
                }
                if let Some(said) = &generated {
                    report.say(said)?;
                }
                told(session, &planned, report)?;
                if let Some(path) = &args.out {
                    saved::save(session, &planned.plan, asked, &args.variables, path)?;
                    report.say(&saved_to(path))?;
                }
                let changes = !planned.plan.is_empty() || !planned.plan.drift.is_empty();
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

/// How much is shown beside a change.
fn lines(text: &str) -> Result<human::Context, String> {
    if text == "all" {
        return Ok(human::Context::All);
    }
    let wrong = |_| "a whole number is needed, or `all`".to_owned();
    text.parse().map(human::Context::Lines).map_err(wrong)
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
    target: &str,
) -> Option<String> {
    let (plan, providers) = (&planned.plan, &session.providers);
    let (diagnostics, flowctl_version) = (&planned.diagnostics, env!("CARGO_PKG_VERSION"));
    let text = match args.format {
        PlanFormat::Human => return None,
        PlanFormat::Json => json::plan(&json::Input {
            plan,
            prior: &session.snapshot,
            configuration: &session.project.configuration,
            sources: &session.project.sources,
            variables: &variables(session, &planned.evaluation),
            providers,
            flowctl_version,
            timestamp: &timestamp(),
            errored: has_errors(planned),
        }),
        PlanFormat::Markdown => markdown::comment(
            &markdown::Input {
                plan,
                providers,
                diagnostics,
                sources: &session.project.shown_sources(),
                summary: None,
            },
            &markdown::Options {
                kind: markdown::Kind::Plan,
                target,
                host: args.markdown_host.into(),
                max_length: args.max_length,
                whole: None,
            },
        ),
        PlanFormat::Html => html::page(&html::Input {
            plan,
            providers,
            diagnostics,
            sources: &session.project.shown_sources(),
            target,
            flowctl_version,
            timestamp: Some(&timestamp()),
        }),
    };
    Some(text.trim_end().to_owned() + "\n")
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
    found.extend(planned.diagnostics.iter().cloned());
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
fn variables(session: &Session, evaluation: &Evaluation<'_>) -> BTreeMap<Text, Value> {
    let names = session.project.configuration.root.variables.keys();
    let value = |name: &std::sync::Arc<str>| {
        let text = format!("var.{name}");
        let file = SourceMap::default().add("", text.as_str());
        let expr = hcl::parse_expression(file, &text).ok()?;
        Some((Text::from(&**name), evaluation.evaluate(&expr).value))
    };
    names.filter_map(value).collect()
}
