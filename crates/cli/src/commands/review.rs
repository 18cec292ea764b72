//! `flowctl review`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use flowctl_lang::World;
use flowctl_model::Digester;
use flowctl_model::plan::Plan;
use flowctl_model::secret::KEY_LENGTH;
use flowctl_model::snapshot::Snapshot;
use flowctl_parser::{Diagnostic, FileSystem, SourceMap};
use flowctl_planner::{ASSERTED_LATER, Input, Options, Planned, Policies, plan, review};
use flowctl_render::plan::human::{self, HumanOptions};
use flowctl_render::plan::{html, json, markdown};
use flowctl_render::style::{Style, Styled, clean};
use flowctl_schema::Providers;
use zeroize::Zeroizing;

use crate::app::{App, Context};
use crate::args::look::{LookArgs, MarkdownArgs};
use crate::args::policy::PolicyArgs;
use crate::args::variables::{VariableArg, VariableArgs};
use crate::commands::plan::PlanFormat;
use crate::error::{CommandError, Outcome};
use crate::files::Disk;
use crate::git::{self, At, Repository, Revision};
use crate::policies;
use crate::project::{Project, ROOT};
use crate::report::timestamp;
use crate::services::{Endpoint, providers};
use crate::session::{Facts, WORKSPACE};
use crate::ui::Ui;
use crate::variables::automatic_files;
use crate::world::Machine;

/// Show what a change of the configuration changes, without state, credentials or network
///
/// The configuration at a git revision and the one in the working tree are both evaluated, and what
/// they ask for is compared: layout is no difference, and a changed local value shows at each
/// resource it reaches. Nothing is checked out. Variables come from the variable files of each
/// side, and from files that git ignores, the environment and the options for both; one that is
/// not set is not known. To compare with where a branch began, give the merge base:
///
///     flowctl review --base "$(git merge-base origin/main HEAD)"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ReviewArgs {
    /// The git revision to compare with
    #[arg(long, value_name = "REV")]
    base: String,

    /// The git revision that is looked at, instead of the working tree
    #[arg(long, value_name = "REV")]
    head: Option<String>,

    /// How the difference is written
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: PlanFormat,

    #[command(flatten)]
    markdown: MarkdownArgs,

    #[command(flatten)]
    look: LookArgs,

    /// Exit with 2 if there are differences
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    policies: PolicyArgs,

    #[command(flatten)]
    variables: VariableArgs,
}

pub(crate) fn run(app: &mut App, args: &ReviewArgs) -> Result<Outcome, CommandError> {
    let App { ui, context } = app;
    let disk = Disk::within(&context.bounds);
    let repository = Repository::open(&disk)?;
    let base = repository.revision(&args.base)?;
    let head = args.head.as_deref();
    let head = head.map(|name| repository.revision(name)).transpose()?;
    let machine = Machine::new(context);
    let at_base = At {
        revision: &base,
        machine: &machine,
    };
    let at_head = head.as_ref().map(|revision| At {
        revision,
        machine: &machine,
    });
    let ignored = ignored(&base, &args.variables, &disk)?;
    let mut old = Side::new(Some(&base), (&disk, &ignored), &at_base);
    let mut new = match &at_head {
        Some(world) => Side::new(head.as_ref(), (&disk, &ignored), world),
        None => Side::new(None, (&disk, &ignored), &machine),
    };
    if old.is_empty() {
        // A directory that is new is empty before.
        old.found.clear();
    } else if new.is_empty() {
        new.found.clear();
    }
    let given = (
        old.given(&new, &args.variables),
        new.given(&old, &args.variables),
    );
    old.give(context, &given.0);
    new.give(context, &given.1);
    let policies = policies::load(context, &mut new.project, &args.policies)?;
    let compared = Compared {
        policies,
        providers: providers(Endpoint::default()),
        digester: digester(),
        whole: args.markdown.whole(&context.env, &command(args)),
    };
    compared.compare(ui, (&old, &new), args)
}

/// The command that shows all of the difference.
fn command(args: &ReviewArgs) -> String {
    let head = args.head.iter().map(|head| format!(" --head {head}"));
    format!(
        "flowctl review --base {}{}",
        args.base,
        head.collect::<String>()
    )
}

/// The variable files that git is told to ignore: nobody reviews them, and they hold for every
/// revision.
fn ignored(
    base: &Revision,
    args: &VariableArgs,
    disk: &Disk,
) -> Result<BTreeSet<String>, CommandError> {
    let mut files = automatic_files(disk);
    files.extend(args.given.iter().filter_map(|one| match one {
        VariableArg::File(path) => path.to_str().map(str::to_owned),
        VariableArg::Value(_) => None,
    }));
    files.retain(|path| base.is_inside(path));
    Ok(git::ignored(&files)?.into_iter().collect())
}

/// A digester with a key that nobody has: it is needed for the one comparison.
fn digester() -> Digester {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    rand::fill(&mut key[..]);
    Digester::from_key(&key)
}

/// One of the two configurations.
struct Side<'a> {
    /// `None` for the working tree.
    revision: Option<&'a Revision>,
    files: Files<'a>,
    world: &'a dyn World,
    project: Project,
    found: Vec<Diagnostic>,
}

/// The files of one side.
struct Files<'a> {
    disk: &'a Disk,
    revision: Option<&'a Revision>,
    ignored: &'a BTreeSet<String>,
}

impl FileSystem for Files<'_> {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let Some(revision) = self.revision else {
            return self.disk.list(directory);
        };
        let mut names = revision.list(directory)?;
        if directory == ROOT {
            let more = self.ignored.iter().filter(|name| !name.contains('/'));
            let more: Vec<_> = more.filter(|name| !names.contains(name)).cloned().collect();
            names.extend(more);
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        match self.revision {
            Some(revision) if revision.has_file(path) || !self.ignored.contains(path) => {
                revision.read(path)
            }
            _ => self.disk.read(path),
        }
    }
}

impl<'a> Side<'a> {
    fn new(
        revision: Option<&'a Revision>,
        (disk, ignored): (&'a Disk, &'a BTreeSet<String>),
        world: &'a dyn World,
    ) -> Self {
        let files = Files {
            disk,
            revision,
            ignored,
        };
        let (project, found) = Project::load_from(&files);
        Self {
            revision,
            files,
            world,
            project,
            found,
        }
    }

    /// Whether there is no configuration at all, not even one that cannot be read.
    fn is_empty(&self) -> bool {
        self.project.sources.iter().next().is_none()
    }

    fn name(&self) -> String {
        match self.revision {
            Some(revision) => clean(revision.name()).into_owned(),
            None => "the working tree".to_owned(),
        }
    }

    fn has(&self, argument: &VariableArg) -> bool {
        match argument {
            VariableArg::File(path) => path.to_str().is_some_and(|path| {
                let on_disk = || self.files.disk.read(path).is_ok();
                match self.revision {
                    Some(revision) if revision.is_inside(path) => {
                        revision.has_file(path) || self.files.ignored.contains(path) && on_disk()
                    }
                    _ => on_disk(),
                }
            }),
            VariableArg::Value(text) => {
                let name = text.split('=').next().unwrap_or_default().trim();
                self.project.configuration.root.variables.contains_key(name)
            }
        }
    }

    /// The options that concern this side: a variable or a file may be new, or gone.
    fn given(&self, other: &Self, args: &VariableArgs) -> VariableArgs {
        let concerns = |one: &&VariableArg| self.has(one) || !other.has(one);
        VariableArgs {
            given: args.given.iter().filter(concerns).cloned().collect(),
            input: false,
        }
    }

    fn give(&mut self, context: &Context, args: &VariableArgs) {
        let found = self.project.give_variables(&context.env, args, &self.files);
        self.found.extend(found);
    }

    /// What was found, with the revision it was found at.
    fn told(&self, found: Vec<Diagnostic>) -> (Vec<Diagnostic>, SourceMap) {
        let (mut found, sources) = self.project.shown(found);
        let Some(revision) = self.revision else {
            return (found, sources);
        };
        let mut named = SourceMap::default();
        for source in sources.iter() {
            // As git itself writes it.
            named.add(
                format!("{}:{}", revision.name(), source.path),
                source.text.clone(),
            );
        }
        for diagnostic in &mut found {
            if diagnostic.span.is_none() {
                let place = format!("\n(at {})", revision.name());
                diagnostic.detail.push_str(&place);
            }
        }
        (found, named)
    }
}

/// Whether the new configuration does not meet a policy.
fn violated(found: &[Diagnostic]) -> bool {
    found.iter().any(Diagnostic::is_error)
}

/// What the comparison is made with.
struct Compared {
    /// What the new configuration has to meet.
    policies: Policies,
    providers: Providers,
    digester: Digester,
    /// Where all of the difference can be read.
    whole: String,
}

impl Compared {
    fn compare(
        &self,
        ui: &mut Ui,
        (old, new): (&Side<'_>, &Side<'_>),
        args: &ReviewArgs,
    ) -> Result<Outcome, CommandError> {
        let (snapshot, facts) = (Snapshot::default(), Facts::default());
        let options = Options {
            policies: self.policies.clone(),
            ..Options::default()
        };
        let planned = |side: &'_ Side<'_>, options| -> (Plan, Vec<Diagnostic>, bool) {
            let mut found = side.found.clone();
            // What could not be read would be reported a second time as missing.
            if found.iter().any(Diagnostic::is_error) {
                return (Plan::default(), found, true);
            }
            let input = self.input(side, &snapshot, &facts, options);
            let Planned {
                plan,
                diagnostics,
                failed,
                ..
            } = plan(&input);
            // Of two configurations nothing is applied later.
            found.extend(
                diagnostics
                    .into_iter()
                    .filter(|d| d.summary != ASSERTED_LATER),
            );
            (plan, found, failed)
        };
        let unbound = Options::default();
        let (base, wrong, old_failed) = planned(old, &unbound);
        let (head, mut found, new_failed) = planned(new, &options);
        if old_failed {
            // Warnings about what is to be replaced help nobody.
            let wrong = wrong.into_iter().filter(Diagnostic::is_error).collect();
            let (wrong, sources) = old.told(wrong);
            ui.diagnostics(&wrong, &sources);
        }
        if old_failed || new_failed {
            let (found, sources) = new.told(found);
            ui.diagnostics(&found, &sources);
            return Err(CommandError::Told);
        }
        let plan = review::review(
            review::Side {
                configuration: &old.project.configuration,
                plan: &base,
            },
            review::Side {
                configuration: &new.project.configuration,
                plan: &head,
            },
            &self.providers,
            &self.digester,
        );
        let (providers, digester) = (&self.providers, &self.digester);
        let configuration = &new.project.configuration;
        found.extend(review::renames(&plan, configuration, providers, digester));
        let (found, sources) = new.told(found);
        let names = (old.name(), new.name());
        match self.written(&plan, new, (&found, &sources), args) {
            Some(text) => ui.print(&(text.trim_end().to_owned() + "\n"))?,
            None => {
                let text = self.shown(&plan, &names, &args.look.options(ui.width()));
                ui.print_styled(&text)?;
                ui.diagnostics(&found, &sources);
            }
        }
        if violated(&found) {
            // The difference is shown all the same: that is where to look.
            return Ok(Outcome::Failed);
        }
        Ok(if args.detailed_exitcode && !plan.is_empty() {
            Outcome::ChangesPresent
        } else {
            Outcome::Done
        })
    }

    fn input<'a>(
        &'a self,
        side: &'a Side<'_>,
        snapshot: &'a Snapshot,
        facts: &'a Facts,
        options: &'a Options,
    ) -> Input<'a> {
        Input {
            configuration: &side.project.configuration,
            variables: &side.project.variables,
            snapshot,
            live: &facts.live,
            data: &facts.data,
            imports: &facts.imports,
            resume: &facts.resume,
            interrupted: &facts.interrupted,
            providers: &self.providers,
            digester: &self.digester,
            settings: &flowctl_planner::settings::NO_SETTINGS,
            key_changed: false,
            world: side.world,
            workspace: WORKSPACE,
            options,
        }
    }

    /// The difference for people.
    fn shown(&self, plan: &Plan, (old, new): &(String, String), options: &HumanOptions) -> Styled {
        let mut text = Styled::new();
        if plan.is_empty() {
            text.push(Style::Strong, "No differences.");
            text.plain(&format!(" What {old} and {new} ask for is the same.\n"));
            return text;
        }
        text.push(
            Style::Strong,
            &format!("What {new} asks for, compared with {old}:\n\n"),
        );
        text.append(&human::plan(plan, &self.providers, options));
        text
    }

    /// The difference in a format for other readers.
    fn written(
        &self,
        plan: &Plan,
        new: &Side<'_>,
        (diagnostics, sources): (&[Diagnostic], &SourceMap),
        args: &ReviewArgs,
    ) -> Option<String> {
        let (providers, flowctl_version) = (&self.providers, env!("CARGO_PKG_VERSION"));
        // The same whatever is compared, so that a comment is found again.
        let target = format!("{} (review)", args.markdown.target());
        Some(match args.format {
            PlanFormat::Human => return None,
            PlanFormat::Json => json::plan(&json::Input {
                plan,
                prior: &Snapshot::default(),
                configuration: json::Source::Loaded(
                    &new.project.configuration,
                    &new.project.sources,
                ),
                variables: &BTreeMap::new(),
                providers,
                flowctl_version,
                timestamp: &timestamp(),
                errored: violated(diagnostics),
            }),
            PlanFormat::Markdown => markdown::comment(
                &markdown::Input {
                    plan,
                    providers,
                    diagnostics,
                    sources,
                    summary: None,
                },
                &args.markdown.options(&target, &self.whole),
            ),
            PlanFormat::Html => html::page(&html::Input {
                plan,
                providers,
                diagnostics,
                sources,
                target: &target,
                flowctl_version,
                timestamp: Some(&timestamp()),
            }),
        })
    }
}
