//! A directory's configuration as commands begin with it: read, and with its variables.

use flowctl_parser::{Configuration, Diagnostic, SourceMap, Span, load};
use flowctl_planner::{GivenVariables, resolve_json};
use flowctl_render::diagnostics::mask;

use crate::app::Context;
use crate::args::variables::VariableArgs;
use crate::error::CommandError;
use crate::files::Disk;
use crate::services::{Endpoint, providers};
use crate::ui::Ui;
use crate::variables;

/// The root module's directory: the working directory, after `--chdir`.
pub(crate) const ROOT: &str = ".";

/// A configuration without errors in its syntax and structure.
pub(crate) struct Project {
    pub(crate) configuration: Configuration,
    pub(crate) sources: SourceMap,
    /// Values of the root module's variables; none where nobody asked for them.
    pub(crate) variables: GivenVariables,
    /// Warnings so far.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Places of the sources that are not to be seen.
    secrets: Vec<Span>,
}

impl Project {
    /// Reads the configuration alone.
    pub(crate) fn read() -> Result<Self, CommandError> {
        let (project, found) = Self::load();
        project.checked(found)
    }

    /// Reads what can be read of the configuration, with all that is wrong with it.
    pub(crate) fn load() -> (Self, Vec<Diagnostic>) {
        let mut loaded = load(ROOT, &Disk);
        let providers = providers(Endpoint::default());
        let found = resolve_json(&mut loaded.configuration, &providers);
        loaded.diagnostics.extend(found);
        let project = Self {
            configuration: loaded.configuration,
            sources: loaded.sources,
            variables: GivenVariables::new(),
            warnings: Vec::new(),
            secrets: Vec::new(),
        };
        (project, loaded.diagnostics)
    }

    /// Reads the configuration and everything that sets its variables, and asks for what is
    /// missing if someone is there.
    pub(crate) fn with_variables(
        ui: &mut Ui,
        context: &Context,
        args: &VariableArgs,
    ) -> Result<Self, CommandError> {
        let mut project = Self::read()?;
        let (root, sources) = (&project.configuration.root, &mut project.sources);
        let mut gathered = variables::gather(&context.env, args, root, sources);
        if !args.input {
            ui.ask_nothing();
        }
        if !gathered.diagnostics.iter().any(Diagnostic::is_error) {
            gathered.ask_missing(ui, root, sources)?;
        }
        project.variables = gathered.given;
        project.secrets = gathered.secrets;
        project.checked(gathered.diagnostics)
    }

    /// Whether every variable is declared, and every one that must be set is. If not, a plan says
    /// so, before anything is asked of a service.
    pub(crate) fn has_its_variables(&self) -> bool {
        let declared = &self.configuration.root.variables;
        let given = &self.variables;
        given.keys().all(|name| declared.contains_key(name))
            && declared
                .iter()
                .all(|(name, variable)| variable.default.is_some() || given.contains_key(name))
    }

    /// The project with some more that was found; the end of the command if there is an error.
    fn checked(mut self, found: Vec<Diagnostic>) -> Result<Self, CommandError> {
        self.warnings.extend(found);
        if self.warnings.iter().any(Diagnostic::is_error) {
            let found = std::mem::take(&mut self.warnings);
            return Err(self.wrong(found));
        }
        Ok(self)
    }

    /// What ends a command, with the sources it is about.
    pub(crate) fn wrong(&self, found: Vec<Diagnostic>) -> CommandError {
        CommandError::Wrong(found, self.shown_sources())
    }

    /// The sources as they may be shown: secrets that are written in them are covered.
    pub(crate) fn shown_sources(&self) -> SourceMap {
        let providers = providers(Endpoint::default());
        let names = mask::secret_names(&providers, &self.configuration);
        let mut spans = mask::secret_spans(&self.configuration);
        spans.extend(&self.secrets);
        mask::masked(&self.sources, names.iter().map(String::as_str), &spans)
    }
}
