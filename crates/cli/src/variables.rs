//! Root module variables: where their values come from, and in which order they count.
//!
//! Defaults, then `TF_VAR_…`, `terraform.tfvars`, `terraform.tfvars.json`, `*.auto.tfvars` and
//! `*.auto.tfvars.json` in the order of their names, then `-var` and `-var-file` as given.

use std::path::Path;

use flowctl_parser::configuration::{Module, Variable};
use flowctl_parser::{Diagnostic, FileSystem, SourceMap, Span, parse_variable_file};
use flowctl_planner::variables::{Given, GivenValue, GivenVariables, Origin};
use flowctl_render::style::{Style, Styled, clean};

use crate::args::variables::{VariableArg, VariableArgs};
use crate::env::Env;
use crate::error::CommandError;
use crate::files;
use crate::ui::Ui;

/// What is given, by all ways.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) given: GivenVariables,
    /// What must not be seen beside an error: values that were typed or stand in the environment.
    pub(crate) secrets: Vec<Span>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Gathers everything that sets a variable of the root module.
pub(crate) fn gather(
    env: &Env,
    args: &VariableArgs,
    root: &Module,
    sources: &mut SourceMap,
    files: &dyn FileSystem,
) -> Gathered {
    let mut gathered = Gathered::default();
    for (name, value) in &env.variables {
        // The environment may hold the variables of other configurations.
        if root.variables.contains_key(name.as_str()) {
            gathered.text(name, value, Origin::Environment, sources);
        }
    }
    for name in automatic_files(files) {
        gathered.file(Path::new(&name), sources, files);
    }
    for one in &args.given {
        match one {
            VariableArg::File(path) => gathered.file(path, sources, files),
            VariableArg::Value(text) => match text.split_once('=') {
                Some((name, value)) => {
                    gathered.text(name.trim(), value, Origin::CommandLine, sources);
                }
                None => gathered.diagnostics.push(
                    Diagnostic::error_without_place(
                        "Invalid -var option",
                        "The value of -var is a variable's name and its value with an equals sign \
                         between them, and one of the values given has none.",
                    )
                    .with_help("write -var 'name=value'"),
                ),
            },
        }
    }
    gathered
}

/// The files that are read without being asked for, in the order in which they count.
pub(crate) fn automatic_files(files: &dyn FileSystem) -> Vec<String> {
    // A directory that cannot be read was reported when the configuration was loaded.
    let names = files.list(".").unwrap_or_default();
    let mut automatic: Vec<_> = names
        .iter()
        .filter(|name| name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json"))
        .cloned()
        .collect();
    automatic.sort();
    ["terraform.tfvars", "terraform.tfvars.json"]
        .into_iter()
        .filter(|name| names.iter().any(|found| found == name))
        .map(str::to_owned)
        .chain(automatic)
        .collect()
}

impl Gathered {
    /// A value as text.
    fn text(&mut self, name: &str, value: &str, origin: Origin, sources: &mut SourceMap) {
        let file = sources.add(format!("<value for var.{name}>"), value);
        self.secrets.push(Span {
            file,
            start: 0,
            end: u32::try_from(value.len()).unwrap_or(u32::MAX),
        });
        let value = GivenValue::Text(file, value.into());
        self.given.insert(name.into(), Given { value, origin });
    }

    /// All values of a file.
    fn file(&mut self, path: &Path, sources: &mut SourceMap, files: &dyn FileSystem) {
        let shown = path.to_string_lossy();
        let read = match path.to_str() {
            Some(path) => files.read(path),
            None => files::read(path),
        };
        let text = match read {
            Ok(text) => text,
            Err(reason) => {
                self.diagnostics.push(Diagnostic::error_without_place(
                    "Failed to read variables file",
                    format!("The file {shown} cannot be read: {reason}."),
                ));
                return;
            }
        };
        let file = sources.add(shown.clone(), text.as_str());
        let (values, found) = parse_variable_file(file, &text, shown.ends_with(".json"));
        self.diagnostics.extend(found);
        for (name, expr) in values {
            let origin = Origin::File(name.span);
            let value = GivenValue::Expr(expr);
            self.given.insert(name.text, Given { value, origin });
        }
    }

    /// Takes over what was typed when the same was asked before.
    pub(crate) fn keep_answers(
        &mut self,
        before: &GivenVariables,
        root: &Module,
        sources: &mut SourceMap,
    ) {
        for (name, given) in before {
            if let GivenValue::Text(_, text) = &given.value
                && root.variables.contains_key(name)
                && !self.given.contains_key(name)
            {
                self.text(name, text, given.origin, sources);
            }
        }
    }

    /// Takes what must be set and is not as something that nobody says.
    pub(crate) fn leave_unknown(&mut self, root: &Module) {
        for (name, variable) in &root.variables {
            if variable.default.is_none() && !self.given.contains_key(name) {
                let (value, origin) = (GivenValue::Unknown, Origin::Environment);
                self.given.insert(name.clone(), Given { value, origin });
            }
        }
    }

    /// Asks for what must be set and is not, if someone is there.
    pub(crate) fn ask_missing(
        &mut self,
        ui: &mut Ui,
        root: &Module,
        sources: &mut SourceMap,
    ) -> Result<(), CommandError> {
        for (name, variable) in &root.variables {
            if variable.default.is_some() || self.given.contains_key(name) || !ui.can_ask() {
                continue;
            }
            let Some(answer) = ui.ask(&question(variable), variable.sensitive)? else {
                return Err(CommandError::Interrupted);
            };
            self.text(name, &answer, Origin::CommandLine, sources);
        }
        Ok(())
    }
}

fn question(variable: &Variable) -> Styled {
    let mut question = Styled::new();
    question.push(Style::Strong, &format!("var.{}\n", variable.name.text));
    if let Some(description) = &variable.description {
        question.plain(&format!("  {}\n", clean(description).trim_end()));
    }
    question.push(Style::Strong, "  Enter a value: ");
    question
}
