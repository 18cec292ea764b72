//! Configuration that is written for objects which have none: for `import`, and for the `import`
//! blocks of a plan with `--generate-config-out`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use flowctl_model::{Address, Value};
use flowctl_parser::{Diagnostic, FileSystem};
use flowctl_planner::{ImportRead, Needs, Planned, plan};
use flowctl_render::hcl::{self as written, Generated};
use flowctl_render::style::Styled;

use crate::app::Context;
use crate::args::variables::VariableArgs;
use crate::error::{CommandError, sentence};
use crate::files::{self, Disk};
use crate::report::Report;
use crate::run::Course;
use crate::session::Session;

/// Refuses a file that is there already, or that would not be read as what it is.
pub(crate) fn check(path: &Path) -> Result<(), CommandError> {
    if path.symlink_metadata().is_ok() {
        return Err(CommandError::user(
            "Target generated file already exists",
            format!(
                "Configuration is written to a new file only, and {} is there already.",
                path.display()
            ),
        )
        .with_help("name another file, or move what is in this one to where it belongs"));
    }
    if path.extension().is_some_and(|ending| ending == "json") {
        return Err(CommandError::user(
            "Invalid name for generated configuration",
            format!(
                "Configuration is written in native syntax, and {} would be read as JSON.",
                path.display()
            ),
        )
        .with_help("end the name in .tf"));
    }
    Ok(())
}

/// Writes the configuration of what `import` blocks name and nothing configures, and takes it into
/// the course; what is to be said of it. With a mistake in the configuration nothing is written:
/// the plan tells it.
pub(crate) async fn of_imports(
    course: &mut Course,
    report: &mut Report<'_>,
    (context, variables): (&Context, &VariableArgs),
    path: &Path,
) -> Result<Option<Styled>, CommandError> {
    let Course {
        session,
        facts,
        stop,
        ..
    } = course;
    session.options.generate_config = true;
    let unconfigured = loop {
        let planned = plan(&session.input(facts));
        if planned.diagnostics.iter().any(Diagnostic::is_error) {
            // The plan tells it.
            return Ok(None);
        }
        let needs = planned.needs;
        if needs.is_empty() {
            break planned.unconfigured;
        }
        Course::unless_stopped(stop, session.read(needs, facts)).await?;
    };
    session.options.generate_config = false;
    if unconfigured.is_empty() {
        return Ok(None);
    }
    let needs = Needs {
        imports: unconfigured.clone(),
        ..Needs::default()
    };
    Course::unless_stopped(stop, session.read(needs, facts)).await?;
    let declared = session.project.configuration.root.variables.keys();
    let mut taken: BTreeSet<String> = declared.map(ToString::to_string).collect();
    let mut text = String::from(
        "# Written by flowctl from what exists. Review it, and move it to where it belongs.\n",
    );
    let mut names = Vec::new();
    for ImportRead {
        address,
        provider,
        id,
    } in &unconfigured
    {
        let Some(object) = facts.imports.get(address) else {
            continue;
        };
        let generated = configuration(session, address, provider, &object.attributes, &taken)?;
        // A quoted text has no line break that could end the comment.
        let _ = write!(text, "\n# From {:?}.\n{}", &**id, generated.resource);
        if !generated.variables.is_empty() {
            let _ = write!(text, "\n{}", generated.variables);
        }
        taken.extend(generated.names.iter().cloned());
        names.extend(generated.names);
    }
    create(path, &text)?;
    let files = With {
        disk: &Disk::within(&context.bounds),
        name: &path.to_string_lossy(),
        text: &text,
    };
    let again = session
        .project
        .again(report.ui, context, variables, &files)?;
    session.project = again;
    Ok(Some(said(path, &names)))
}

/// Refuses a plan that leaves out what configuration should have been written for: what stood in the
/// way before anything was read is gone now.
pub(crate) fn complete(planned: &Planned<'_>) -> Result<(), CommandError> {
    let Some(left_out) = planned.unconfigured.first() else {
        return Ok(());
    };
    if planned.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(());
    }
    let detail = format!(
        "{} is not configured, and the plan leaves it out.",
        left_out.address
    );
    Err(CommandError::user("Configuration was not written", detail)
        .with_help("run `flowctl refresh` first, then plan again"))
}

fn said(path: &Path, names: &[String]) -> Styled {
    let mut text = Styled::new();
    text.plain(&format!(
        "\nWrote configuration to {}. Review it before it is applied.\n",
        path.display()
    ));
    text.plain(&wanted(names));
    text
}

/// What is said of variables in generated configuration.
pub(crate) fn wanted(names: &[String]) -> String {
    let mut said = String::new();
    if !names.is_empty() {
        said.push_str(
            "The service does not tell credentials. Give values to these variables before the \
             next plan:\n",
        );
        said.extend(names.iter().flat_map(|name| ["  ", name, "\n"]));
    }
    said
}

/// The configuration of an object; `taken` are the names of variables that are there already.
pub(crate) fn configuration(
    session: &Session,
    address: &Address,
    provider: &str,
    object: &Value,
    taken: &BTreeSet<String>,
) -> Result<Generated, CommandError> {
    let resource = session
        .services
        .resource_type(&address.resource.type_name)
        .map_err(|error| failed(&error))?;
    let own = Some(provider).filter(|key| key.contains('.'));
    written::resource(address, own, object, resource.schema(), taken)
        .map_err(|error| failed(&error))
}

fn failed(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::user(
        "Configuration cannot be written",
        sentence(&error.to_string()),
    )
}

/// Writes a file that is not there yet.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), CommandError> {
    let created = files::create(path, text);
    created.map_err(|error| failed(&format!("{}: {error}", path.display())))
}

/// The disk, and one file in the root module wherever it is on disk.
struct With<'a> {
    disk: &'a dyn FileSystem,
    name: &'a str,
    text: &'a str,
}

impl With<'_> {
    /// Whether it is found on disk as part of the root module.
    fn is_there(&self, names: &[String]) -> bool {
        let plain = self.name.strip_prefix("./").unwrap_or(self.name);
        plain.ends_with(".tf") && names.iter().any(|name| name == plain)
    }

    /// Its name in the root module otherwise; no file can be called so.
    fn inside(&self) -> String {
        format!("{}.tf", self.name)
    }
}

impl FileSystem for With<'_> {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let mut names = self.disk.list(directory)?;
        let is_root = directory.is_empty() || directory == ".";
        if is_root && !self.is_there(&names) {
            names.push(self.inside());
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        if path == self.inside() {
            return Ok(self.text.to_owned());
        }
        self.disk.read(path)
    }
}
