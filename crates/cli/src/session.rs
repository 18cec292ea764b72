//! What a run works with from its beginning to its end, and what it finds out on the way.
//!
//! Planning is a function of a [`Session`] and [`Facts`]; everything here only fetches for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use flowctl_executor::{Lookup, Services, redact, refresh};
use flowctl_model::event::Event;
use flowctl_model::plan::{Action, Plan};
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Digester, Mode, Text, Value};
use flowctl_parser::Diagnostic;
use flowctl_parser::diagnostic::Severity;
use flowctl_planner::settings::ProviderSettings;
use flowctl_planner::{
    DataRead, Input, Needs, Options, Policies, creations, exists_already, settings, validate,
};
use flowctl_schema::{ErrorKind, ProviderError, Providers, RemoteObject};
use flowctl_state::{RunRecord, history, operations, read_snapshot};
use tokio::sync::mpsc::UnboundedSender;

use crate::app::Context;
use crate::error::CommandError;
use crate::failure;
use crate::project::Project;
use crate::services::{self, Endpoint};
use crate::state::{Known, StateFiles};
use crate::world::Machine;

/// In how many runs an operation without a result is looked for: the next run that changes
/// anything finds out what became of it.
const RECENT_RUNS: usize = 20;

/// There is only one workspace.
pub(crate) const WORKSPACE: &str = "default";

/// What stays the same throughout a run.
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) snapshot: Snapshot,
    pub(crate) digester: Digester,
    /// The key is not the one that state was written with.
    pub(crate) key_changed: bool,
    pub(crate) providers: Providers,
    pub(crate) services: Services,
    /// Of each provider configuration.
    settings: BTreeMap<Text, ProviderSettings>,
    pub(crate) machine: Machine,
    pub(crate) options: Options,
    pub(crate) parallelism: usize,
    state: PathBuf,
}

/// What is found out before planning.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) live: BTreeMap<Address, Option<RemoteObject>>,
    pub(crate) data: BTreeMap<Address, Value>,
    pub(crate) imports: BTreeMap<Address, RemoteObject>,
    pub(crate) resume: BTreeMap<Address, Text>,
    pub(crate) interrupted: Vec<Address>,
}

impl Session {
    /// A session that can plan; no request can be made in it yet.
    pub(crate) fn new(context: &Context, project: Project, known: Known, options: Options) -> Self {
        Self {
            project,
            snapshot: known.snapshot,
            digester: known.digester,
            key_changed: known.key_changed,
            providers: services::providers(Endpoint::unused(context)),
            services: Services::default(),
            settings: BTreeMap::new(),
            machine: Machine::new(context),
            options,
            parallelism: 10,
            state: StateFiles::of(context).state,
        }
    }

    /// Evaluates the providers' settings and makes everything ready for requests.
    pub(crate) async fn connect(&mut self, context: &Context) -> Result<(), CommandError> {
        self.providers = services::providers(Endpoint::open(context).await?);
        let mut facts = Facts::default();
        loop {
            let (settings, needs, found) = settings(&self.input(&facts));
            if found.iter().any(Diagnostic::is_error) {
                return Err(self.wrong(self.with_validation(found)));
            }
            self.services = services::configured(&self.providers, &settings)?;
            self.settings = settings;
            if needs.is_empty() {
                // Planning does not look at these settings again.
                self.project.warnings.extend(found);
                return Ok(());
            }
            // Settings that come from one provider's ephemeral resources configure another.
            self.read(needs, &mut facts).await?;
        }
    }

    /// What was found so early that nothing else was looked at, among all that a validation finds:
    /// every mistake is told in one run.
    pub(crate) fn with_validation(&self, early: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let configuration = &self.project.configuration;
        let mut found = validate(
            configuration,
            &self.providers,
            &self.machine,
            WORKSPACE,
            // They are looked at when all is known.
            &Policies::default(),
        );
        for diagnostic in early {
            let is_told = |told: &Diagnostic| {
                (told.span, &told.summary) == (diagnostic.span, &diagnostic.summary)
            };
            if !found.iter().any(is_told) {
                found.push(diagnostic);
            }
        }
        found
    }

    /// What planning looks at.
    pub(crate) fn input<'a>(&'a self, facts: &'a Facts) -> Input<'a> {
        Input {
            configuration: &self.project.configuration,
            variables: &self.project.variables,
            snapshot: &self.snapshot,
            live: &facts.live,
            data: &facts.data,
            imports: &facts.imports,
            resume: &facts.resume,
            interrupted: &facts.interrupted,
            providers: &self.providers,
            settings: &self.settings,
            digester: &self.digester,
            key_changed: self.key_changed,
            world: &self.machine,
            workspace: WORKSPACE,
            options: &self.options,
        }
    }

    /// Reads objects that are in state.
    pub(crate) async fn refresh(
        &self,
        lookups: Vec<Lookup>,
        facts: &mut Facts,
        events: &UnboundedSender<Event>,
    ) -> Result<(), CommandError> {
        let found = self.lookup(lookups, events).await?;
        facts.live.extend(found);
        Ok(())
    }

    /// The objects in state that a plan changes and that were not read yet.
    pub(crate) fn not_looked_at(&self, plan: &Plan, facts: &Facts) -> Vec<Lookup> {
        let changes = plan
            .changes
            .iter()
            .filter(|change| change.action != Action::NoOp);
        let changed: BTreeSet<&Address> = changes
            .map(|change| change.previous_address.as_ref().unwrap_or(&change.address))
            .collect();
        let mut lookups = refresh::of_snapshot(&self.snapshot);
        lookups.retain(|lookup| {
            changed.contains(&lookup.address) && !facts.live.contains_key(&lookup.address)
        });
        lookups
    }

    /// Says that a plan was made without looking at everything, if it was.
    pub(crate) fn partial_look(&self, facts: &Facts) -> Option<Diagnostic> {
        let (read, all) = (facts.live.len(), self.snapshot.resources.len());
        (read < all).then(|| {
            let detail = format!(
                "Of {all} objects in state, {read} were read: those that the configuration changes. \
                 What was done to the others elsewhere is not part of this plan."
            );
            let warning = Diagnostic {
                severity: Severity::Warning,
                ..Diagnostic::error_without_place("Not everything was looked at", detail)
            };
            warning.with_help("leave `--refresh=changed` out to look at everything")
        })
    }

    async fn lookup(
        &self,
        lookups: Vec<Lookup>,
        events: &UnboundedSender<Event>,
    ) -> Result<BTreeMap<Address, Option<RemoteObject>>, CommandError> {
        let found = refresh::refresh(lookups, &self.services, self.parallelism, events).await;
        if found.errors.is_empty() {
            return Ok(found.objects);
        }
        Err(self.unread(&found.errors))
    }

    /// Objects that could not be read.
    fn unread<'a>(
        &self,
        errors: impl IntoIterator<Item = &'a (Address, ProviderError)>,
    ) -> CommandError {
        let refusals = errors.into_iter().map(|(address, error)| {
            let summary = format!("Cannot read {address}");
            failure::of_instance(&summary, error, address, &self.project.configuration)
        });
        self.wrong(refusals.collect())
    }

    /// Reads what a plan needs to be complete.
    pub(crate) async fn read(&self, needs: Needs, facts: &mut Facts) -> Result<(), CommandError> {
        let mut refusals = Vec::new();
        let configuration = &self.project.configuration;
        let mut groups: BTreeMap<(Text, Mode, Text), Vec<DataRead>> = BTreeMap::new();
        for read in needs.data {
            let resource = &read.address.resource;
            let kind = (resource.mode, resource.type_name.clone());
            groups
                .entry((read.provider.clone(), kind.0, kind.1))
                .or_default()
                .push(read);
        }
        for ((provider, mode, type_name), reads) in groups {
            let configs: Vec<_> = reads.iter().map(|read| read.config.clone()).collect();
            let source = match mode {
                Mode::Ephemeral => self.services.ephemeral(&provider, &type_name),
                Mode::Managed | Mode::Data => self.services.data(&provider, &type_name),
            };
            let answers = match source {
                Ok(data) => data.read_many(&configs).await,
                Err(error) => vec![Err(error); reads.len()],
            };
            let providers = &self.services.providers;
            let table = match mode {
                Mode::Ephemeral => providers.ephemeral_resource(&type_name),
                Mode::Managed | Mode::Data => providers.data_source(&type_name),
            };
            for (read, answer) in reads.into_iter().zip(answers) {
                match answer {
                    Ok(object) => drop(facts.data.insert(read.address, object)),
                    Err(mut error) => {
                        // What it was looked up with may be sensitive.
                        if let Some(table) = table {
                            redact(&mut error, &read.config, table.schema());
                        }
                        let summary = format!("Cannot read {}", read.address);
                        refusals.push(failure::of_instance(
                            &summary,
                            &error,
                            &read.address,
                            configuration,
                        ));
                    }
                }
            }
        }
        for read in needs.imports {
            let type_name = &read.address.resource.type_name;
            let answer = match self.services.remote(&read.provider, type_name) {
                Ok(remote) => remote.import(&read.id).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(object) => drop(facts.imports.insert(read.address, object)),
                Err(error) => {
                    let summary = format!("Cannot import {}", read.address);
                    let address = &read.address;
                    refusals.push(failure::of_instance(
                        &summary,
                        &error,
                        address,
                        configuration,
                    ));
                }
            }
        }
        if refusals.is_empty() {
            Ok(())
        } else {
            Err(self.wrong(refusals))
        }
    }

    /// Looks for objects that a plan would make and that are there already: somebody else's.
    pub(crate) async fn find_taken(
        &self,
        plan: &Plan,
        events: &UnboundedSender<Event>,
    ) -> Result<Vec<Diagnostic>, CommandError> {
        let creations = creations(plan, &self.providers);
        let lookups = creations.iter().map(|(address, provider, name)| Lookup {
            address: address.clone(),
            provider: provider.clone(),
            id: name.clone(),
            prior: None,
        });
        let lookups = lookups.collect();
        let found = refresh::refresh(lookups, &self.services, self.parallelism, events).await;
        // Where only some of the services fail, the others need not wait for them: what cannot be
        // looked at most likely cannot be made either, which is told at its place.
        let others_answer = !found.objects.is_empty() || !self.snapshot.resources.is_empty();
        let fails = [
            ErrorKind::AccessDenied,
            ErrorKind::Internal,
            ErrorKind::Throttled,
            ErrorKind::Unreachable,
        ];
        let (failing, refused): (Vec<_>, Vec<_>) = found
            .errors
            .iter()
            .partition(|(_, error)| others_answer && fails.contains(&error.kind));
        if !refused.is_empty() {
            return Err(self.unread(refused));
        }
        let mut taken: Vec<_> = creations
            .iter()
            .filter(|(address, ..)| matches!(found.objects.get(address), Some(Some(_))))
            .collect();
        if !taken.is_empty() {
            let ours = self.made_here()?;
            taken.retain(|(address, ..)| !ours.contains(&address.to_string()));
        }
        let taken = taken
            .into_iter()
            .map(|(address, _, name)| exists_already(&self.project.configuration, address, name));
        let unknown = failing.into_iter().map(|(address, error)| {
            let summary = format!("Cannot tell whether {address} exists already");
            let configuration = &self.project.configuration;
            Diagnostic {
                severity: Severity::Warning,
                ..failure::of_instance(&summary, error, address, configuration)
            }
        });
        Ok(taken.chain(unknown).collect())
    }

    /// The instances that a run on this state has made since it was read, is making, or left in the
    /// making: a plan waits for nobody, and what it finds of theirs is nobody else's.
    fn made_here(&self) -> Result<BTreeSet<String>, CommandError> {
        let mut made = BTreeSet::new();
        for run in history(&self.state)?.iter().take(RECENT_RUNS) {
            let open = operations(&self.state, run.id)?.into_iter().filter(|made| {
                made.action == "create" && ["started", "unknown"].contains(&made.status.as_str())
            });
            made.extend(open.map(|operation| operation.address));
        }
        // After the journal: what was open there and is done now is found here.
        let resources = read_snapshot(&self.state)?.resources;
        made.extend(resources.keys().map(ToString::to_string));
        Ok(made)
    }

    /// Every file that the configuration was read from, and what tells its content from another:
    /// the text, or a digest for those that functions read.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let sources = self.project.sources.iter();
        let files = sources.filter(|source| Path::new(&source.path).is_file());
        let mut all: BTreeMap<_, _> = files
            .map(|source| (source.path.clone(), source.text.to_string()))
            .collect();
        for (path, content) in self.machine.seen() {
            let path = path.strip_prefix("./").unwrap_or(&path);
            all.entry(path.to_owned()).or_insert(content);
        }
        all
    }

    /// The last run that wrote to state after a time (seconds since 1970).
    pub(crate) fn last_run_since(&self, time: f64) -> Result<Option<RunRecord>, CommandError> {
        let last = history(&self.state)?.into_iter().next();
        Ok(last.filter(|run| run.started_at > time))
    }

    /// What ends a run, with the files it is about.
    pub(crate) fn wrong(&self, mut found: Vec<Diagnostic>) -> CommandError {
        found.splice(..0, self.project.warnings.iter().cloned());
        self.project.wrong(found)
    }
}
