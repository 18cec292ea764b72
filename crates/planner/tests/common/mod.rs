//! Runs a configuration as a whole: load, plan, apply with the real executor and a real store.

#![allow(dead_code, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flowctl_executor::fault::NoFaults;
use flowctl_executor::{Apply, Outcome, Resolve, RetryPolicy, Services};
use flowctl_lang::World;
use flowctl_lang::world::FileError;
use flowctl_model::plan::{Action, Plan};
use flowctl_model::secret::withhold;
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Digester, Text, Value};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::{FileSystem, Loaded, SourceMap, load};
use flowctl_planner::{
    Evaluation, Given, GivenValue, GivenVariables, Input, Options, Origin, Planned,
};
use flowctl_schema::builtin::BuiltinProvider;
use flowctl_schema::{Providers, RemoteObject};
use flowctl_state::Store;

/// A directory on disk, as parser and functions see it.
pub(crate) struct Disk(pub(crate) PathBuf);

impl FileSystem for Disk {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let entries = std::fs::read_dir(self.0.join(directory)).map_err(|e| e.to_string())?;
        let files = entries
            .filter_map(Result::ok)
            .filter(|e| e.path().is_file());
        Ok(files
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect())
    }
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|e| e.to_string())
    }
}

impl World for Disk {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        std::fs::read(self.0.join(path)).map_err(|_| FileError::NotFound)
    }
    fn file_exists(&self, path: &str) -> Result<bool, FileError> {
        let path = self.0.join(path);
        if path.is_dir() {
            return Err(FileError::NotAFile);
        }
        Ok(path.is_file())
    }
    fn list_files(&self, directory: &str) -> Result<Vec<String>, FileError> {
        FileSystem::list(self, directory).map_err(|_| FileError::NotFound)
    }
    fn now(&self) -> Option<SystemTime> {
        None
    }
    fn plan_timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
    fn random(&self, _: &mut [u8]) -> bool {
        false
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn working_directory(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

/// A configuration with its state.
pub(crate) struct Project {
    pub(crate) disk: Disk,
    pub(crate) variables: GivenVariables,
    pub(crate) options: Options,
    pub(crate) providers: Providers,
    pub(crate) digester: Digester,
    pub(crate) sources: SourceMap,
    /// What was read of data sources and ephemeral resources.
    pub(crate) data: BTreeMap<Address, Value>,
    state: tempfile::TempDir,
    files: Option<tempfile::TempDir>,
}

impl Project {
    /// The configuration in a directory.
    pub(crate) fn at(directory: &Path) -> Self {
        Self {
            disk: Disk(directory.to_owned()),
            variables: GivenVariables::new(),
            options: Options::default(),
            providers: Providers::new(vec![Arc::new(BuiltinProvider::new())]),
            digester: Digester::new([9; 32]),
            sources: SourceMap::default(),
            data: BTreeMap::new(),
            state: tempfile::tempdir().unwrap(),
            files: None,
        }
    }

    /// Files in one text, each after a line `//- NAME`; text before the first is `main.tf`.
    pub(crate) fn new(fixture: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut project = Self::at(directory.path());
        project.files = Some(directory);
        project.write(fixture);
        project
    }

    /// Replaces the files.
    pub(crate) fn write(&self, fixture: &str) {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut name = "main.tf".to_owned();
        for line in fixture.lines() {
            match line.trim_start().strip_prefix("//- ") {
                Some(next) => next.trim().clone_into(&mut name),
                None => {
                    let file = files.entry(name.clone()).or_default();
                    file.push_str(line);
                    file.push('\n');
                }
            }
        }
        for (name, text) in files {
            let path = self.disk.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    pub(crate) fn set(&mut self, name: &str, text: &str, origin: Origin) {
        let file = self.sources.add(format!("<{name}>"), text);
        let value = GivenValue::Text(file, text.into());
        self.variables.insert(name.into(), Given { value, origin });
    }

    pub(crate) fn load(&self) -> Loaded {
        let mut loaded = load(".", &self.disk);
        let found = flowctl_planner::resolve_json(&mut loaded.configuration, &self.providers);
        loaded.diagnostics.extend(found);
        loaded
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        flowctl_state::read_snapshot(&self.state.path().join("state.db")).unwrap()
    }

    /// Plans, and hands the plan to `then`.
    pub(crate) fn plan<R>(&self, then: impl FnOnce(Planned<'_>, &Loaded) -> R) -> R {
        let loaded = self.load();
        let snapshot = self.snapshot();
        let live: BTreeMap<Address, Option<RemoteObject>> = BTreeMap::new();
        let mut imports = BTreeMap::new();
        loop {
            let input = Input {
                configuration: &loaded.configuration,
                variables: &self.variables,
                snapshot: &snapshot,
                live: &live,
                data: &self.data,
                imports: &imports,
                resume: &BTreeMap::new(),
                interrupted: &[],
                providers: &self.providers,
                digester: &self.digester,
                settings: &flowctl_planner::settings::NO_SETTINGS,
                key_changed: false,
                world: &self.disk,
                workspace: "default",
                options: &self.options,
            };
            let planned = flowctl_planner::plan(&input);
            let missing = planned.needs.imports.clone();
            if missing.is_empty() {
                return then(planned, &loaded);
            }
            for import in missing {
                imports.insert(
                    import.address,
                    RemoteObject {
                        id: import.id.clone(),
                        attributes: Value::object([("id", Value::string(import.id))]),
                        created_at: None,
                    },
                );
            }
        }
    }

    /// Plans and applies; the diagnostics of both.
    pub(crate) fn apply(&self) -> (Option<Outcome>, Vec<Diagnostic>) {
        let snapshot = self.snapshot();
        self.plan(|planned, loaded| {
            let mut found = loaded.diagnostics.clone();
            found.extend(planned.diagnostics);
            if found.iter().any(Diagnostic::is_error) {
                return (None, found);
            }
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            let outcome = runtime.block_on(self.carry_out(
                &planned.plan,
                &snapshot,
                planned.evaluation,
                &mut found,
            ));
            (Some(outcome), found)
        })
    }

    async fn carry_out(
        &self,
        plan: &Plan,
        snapshot: &Snapshot,
        evaluation: Evaluation<'_>,
        found: &mut Vec<Diagnostic>,
    ) -> Outcome {
        let mut services = Services {
            providers: self.providers.clone(),
            ..Services::default()
        };
        for provider in self.providers.iter() {
            let configured = provider.configure(None).unwrap();
            services
                .configured
                .insert(provider.name().into(), configured);
        }
        let path = self.state.path().join("state.db");
        let mut store = Store::open(&path, || 1.0).unwrap();
        store
            .begin_run(flowctl_state::Run {
                who: "test".into(),
                command: "apply".into(),
                version: "0".into(),
            })
            .await
            .unwrap();
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let (_cancel, cancelled) = tokio::sync::watch::channel(false);
        let run = Apply {
            plan,
            snapshot,
            services: &services,
            journal: &store,
            digester: &self.digester,
            faults: &NoFaults,
            events,
            options: flowctl_executor::Options {
                parallelism: 4,
                retry: RetryPolicy::default(),
                progress_every: Duration::from_secs(10),
                cancel: cancelled,
            },
        };
        let mut resolver = Resolver { evaluation, found };
        let outcome = flowctl_executor::apply(&run, &mut resolver).await.unwrap();
        let finished = resolver.evaluation.finish();
        found.extend(finished.diagnostics);
        let outputs = finished.outputs.into_iter().map(|(name, mut output)| {
            let digester = &self.digester;
            output.value = withhold(
                &output.value,
                &format!("output.{name}"),
                &|_| false,
                digester,
            );
            (name, output)
        });
        store.set_outputs(outputs.collect()).await.unwrap();
        outcome
    }

    /// Plans, and tells the actions in one line each.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.plan(|planned, loaded| {
            let mut lines: Vec<String> = loaded
                .diagnostics
                .iter()
                .chain(&planned.diagnostics)
                .map(|d| format!("{:?}: {}", d.severity, d.summary))
                .collect();
            for change in &planned.plan.changes {
                if change.action == Action::NoOp
                    && change.importing.is_none()
                    && change.previous_address.is_none()
                {
                    continue;
                }
                let reason = match &change.reason {
                    Some(reason) => format!(" ({reason:?})"),
                    None => String::new(),
                };
                let from = match &change.previous_address {
                    Some(old) => format!(" from {old}"),
                    None => String::new(),
                };
                lines.push(format!(
                    "{:?} {}{from}{reason}",
                    change.action, change.address
                ));
            }
            lines
        })
    }

    /// Applies, and requires that this goes well and that nothing is left to do.
    pub(crate) fn applied(&self) -> &Self {
        let (outcome, found) = self.apply();
        let errors: Vec<_> = found.iter().filter(|d| d.is_error()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let outcome = outcome.unwrap();
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        self.plan(|planned, _| assert!(planned.plan.is_empty(), "{:#?}", planned.plan));
        self
    }
}

struct Resolver<'a, 'f> {
    evaluation: Evaluation<'a>,
    found: &'f mut Vec<Diagnostic>,
}

impl Resolve for Resolver<'_, '_> {
    fn resolve(&mut self, address: &Address) -> Result<Value, String> {
        self.evaluation.resolve(address).map_err(|errors| {
            let text = errors.first().map(|d| d.summary.clone());
            self.found.extend(errors);
            text.unwrap_or_default()
        })
    }
    fn record(&mut self, address: &Address, object: Option<Value>) {
        self.evaluation.record(address, object);
    }
}

/// A name as the maps of values have it.
pub(crate) fn text(name: &str) -> Text {
    Text::from(name)
}
