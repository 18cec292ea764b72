//! A directory's configuration as commands begin with it: read, and with its variables.

use flowctl_parser::{
    Configuration, Diagnostic, FileSystem, NO_CONFIGURATION, SourceMap, Span, load,
};
use flowctl_planner::policy::literal_credentials;
use flowctl_planner::{GivenVariables, declarations, resolve_json};
use flowctl_render::diagnostics::mask;
use flowctl_schema::Redactor;

use crate::app::Context;
use crate::args::variables::VariableArgs;
use crate::env::Env;
use crate::error::CommandError;
use crate::files::Disk;
use crate::services::{Endpoint, providers};
use crate::ui::Ui;
use crate::variables;
use crate::world::Machine;

/// The root module's directory: the working directory, after `--chdir`.
pub(crate) const ROOT: &str = ".";

/// Shorter texts are no secrets worth the name, but parts of many a word.
const TELLING: usize = 4;

/// Words of the language are none either, wherever they stand.
const WORDS: [&str; 3] = ["null", "true", "false"];

/// A configuration without errors in its syntax and structure.
#[derive(Default)]
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
    pub(crate) fn read(context: &Context) -> Result<Self, CommandError> {
        let (project, found) = Self::load(context);
        project.checked(found)
    }

    /// Reads what can be read of the configuration, with all that is wrong with it.
    pub(crate) fn load(context: &Context) -> (Self, Vec<Diagnostic>) {
        let (project, mut found) = Self::load_from(&Disk::within(&context.bounds));
        // Otherwise they are found where all is evaluated.
        if found.iter().any(Diagnostic::is_error) {
            let machine = Machine::new(context);
            found.extend(declarations(&project.configuration, &machine));
        }
        (project, found)
    }

    /// The same of a directory that need not be on disk.
    pub(crate) fn load_from(files: &dyn FileSystem) -> (Self, Vec<Diagnostic>) {
        let mut loaded = load(ROOT, files);
        let providers = providers(Endpoint::default());
        let found = resolve_json(&mut loaded.configuration, &providers);
        loaded.diagnostics.extend(found);
        let project = Self {
            configuration: loaded.configuration,
            sources: loaded.sources,
            ..Self::default()
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
        let (project, found) = Self::load(context);
        project
            .checked(found)?
            .given(ui, context, args, &GivenVariables::new())
    }

    /// Reads it again after a file was added, without asking what was answered before.
    pub(crate) fn again(
        &self,
        ui: &mut Ui,
        context: &Context,
        args: &VariableArgs,
        files: &dyn FileSystem,
    ) -> Result<Self, CommandError> {
        let (project, found) = Self::load_from(files);
        project
            .checked(found)?
            .given(ui, context, args, &self.variables)
    }

    /// The same where there may be no configuration yet.
    pub(crate) fn with_variables_if_any(
        ui: &mut Ui,
        context: &Context,
        args: &VariableArgs,
    ) -> Result<Self, CommandError> {
        let (project, mut found) = Self::load(context);
        found.retain(|diagnostic| diagnostic.summary != NO_CONFIGURATION);
        project
            .checked(found)?
            .given(ui, context, args, &GivenVariables::new())
    }

    fn given(
        self,
        ui: &mut Ui,
        context: &Context,
        args: &VariableArgs,
        answers: &GivenVariables,
    ) -> Result<Self, CommandError> {
        let mut project = self;
        let (root, sources) = (&project.configuration.root, &mut project.sources);
        let mut gathered = {
            let disk = Disk::within(&context.bounds);
            variables::gather(&context.env, args, root, sources, &disk)
        };
        gathered.keep_answers(answers, root, sources);
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

    /// Reads everything that sets variables; those that must be set and are not are unknown.
    pub(crate) fn give_variables(
        &mut self,
        env: &Env,
        args: &VariableArgs,
        files: &dyn FileSystem,
    ) -> Vec<Diagnostic> {
        let (root, sources) = (&self.configuration.root, &mut self.sources);
        let mut gathered = variables::gather(env, args, root, sources, files);
        gathered.leave_unknown(root);
        self.variables = gathered.given;
        self.secrets = gathered.secrets;
        gathered.diagnostics
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
        let (found, sources) = self.shown(found);
        CommandError::Wrong(found, sources)
    }

    /// Diagnostics and the sources they are about, as they may be shown: secrets that are written in
    /// the sources are covered there, and taken out of the messages.
    pub(crate) fn shown(&self, mut found: Vec<Diagnostic>) -> (Vec<Diagnostic>, SourceMap) {
        if found.is_empty() {
            return (found, SourceMap::default());
        }
        let sources = self.shown_sources();
        let covered = mask::covered(&self.sources, &sources);
        let telling = covered
            .into_iter()
            .filter(|text| text.len() >= TELLING && !WORDS.contains(&&**text));
        let redactor = Redactor::new(telling);
        for diagnostic in &mut found {
            let Diagnostic {
                summary,
                detail,
                labels,
                help,
                values,
                ignored,
                ..
            } = diagnostic;
            let reason = ignored.iter_mut().map(|ignored| &mut ignored.reason);
            let labels = labels.iter_mut().map(|(_, text)| text);
            let values = values.iter_mut().map(|(_, text)| text);
            let texts = [summary, detail].into_iter().chain(labels).chain(values);
            for text in texts.chain(help).chain(reason) {
                *text = redactor.redact(text);
            }
        }
        (found, sources)
    }

    /// What is between the quotes of a text, since they tell nothing.
    fn without_quotes(&self, span: Span) -> Span {
        let text = self.sources.text(span);
        if text.len() > 1 && text.starts_with('"') && text.ends_with('"') {
            Span {
                start: span.start + 1,
                end: span.end - 1,
                ..span
            }
        } else {
            span
        }
    }

    /// The sources as they may be shown: secrets that are written in them are covered.
    pub(crate) fn shown_sources(&self) -> SourceMap {
        let providers = providers(Endpoint::default());
        let names = mask::Names::of(&providers, &self.configuration);
        let mut spans = mask::secret_spans(&self.configuration);
        spans.extend(&self.secrets);
        // A credential may be written under a name that tells nothing.
        let literals = literal_credentials(&self.configuration, &providers);
        spans.extend(literals.into_iter().map(|span| self.without_quotes(span)));
        mask::masked(&self.sources, &names, &spans)
    }
}
