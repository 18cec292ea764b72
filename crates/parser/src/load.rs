//! Reads a directory of configuration, and the local modules that it calls.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::Span;
use crate::blocks::{self, Files};
use crate::configuration::{Configuration, Module};
use crate::diagnostic::Diagnostic;
use crate::exception::{Exception, exceptions, excuse};
use crate::source::SourceMap;
use crate::{handed, hcl, json, overrides};

/// The error for a root module without any file, which does not matter to everyone.
pub const NO_CONFIGURATION: &str = "No configuration files";

/// How deep modules may call modules: a cycle of directories is an error, not a hang.
const MAX_MODULE_DEPTH: usize = 32;

/// Where files come from: the disk, a git revision, or a test's map.
pub trait FileSystem {
    /// Names of the files directly in a directory.
    fn list(&self, directory: &str) -> Result<Vec<String>, String>;
    /// The text of a file.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// A configuration, its files and all that is wrong with it.
#[derive(Clone, Default, Debug)]
pub struct Loaded {
    /// All that could be understood.
    pub configuration: Configuration,
    /// The files that were read.
    pub sources: SourceMap,
    /// Errors and warnings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads the root module in `directory`.
pub fn load(directory: &str, files: &dyn FileSystem) -> Loaded {
    let mut loader = Loader {
        files,
        sources: SourceMap::default(),
        modules: HashMap::new(),
        stack: Vec::new(),
        exceptions: Vec::new(),
    };
    let mut diagnostics = Vec::new();
    let root = loader.directory(directory, None, &mut diagnostics);
    handed::check(&root, &mut diagnostics);
    excuse(&loader.exceptions, &mut diagnostics);
    let root = Arc::try_unwrap(root).unwrap_or_else(|shared| (*shared).clone());
    Loaded {
        configuration: Configuration {
            root,
            exceptions: loader.exceptions,
        },
        sources: loader.sources,
        diagnostics,
    }
}

struct Loader<'a> {
    files: &'a dyn FileSystem,
    sources: SourceMap,
    /// Modules by directory: one that is called several times is read once.
    modules: HashMap<String, Arc<Module>>,
    /// Directories being loaded, outermost first.
    stack: Vec<String>,
    /// Comments of the files so far.
    exceptions: Vec<Exception>,
}

impl Loader<'_> {
    fn directory(
        &mut self,
        directory: &str,
        called_from: Option<Span>,
        out: &mut Vec<Diagnostic>,
    ) -> Arc<Module> {
        if let Some(module) = self.modules.get(directory) {
            return module.clone();
        }
        let problem = |summary: &str, detail: String| match called_from {
            Some(span) => Diagnostic::error(span, summary, detail),
            None => Diagnostic::error_without_place(summary, detail),
        };
        let names = match self.files.list(directory) {
            Ok(names) => names,
            Err(reason) => {
                let summary = match called_from {
                    Some(_) => "Unreadable module directory",
                    None => "Failed to read module directory",
                };
                let shown = shown(directory);
                out.push(problem(
                    summary,
                    format!("{shown} cannot be read: {reason}."),
                ));
                return Arc::default();
            }
        };
        let mut bodies = Vec::new();
        let mut overrides = Vec::new();
        for name in &configuration_files(names) {
            let path = join(directory, name);
            let text = match self.files.read(&path) {
                Ok(text) => text,
                Err(reason) => {
                    out.push(problem(
                        "Failed to read file",
                        format!("The file {path} cannot be read: {reason}."),
                    ));
                    continue;
                }
            };
            if u32::try_from(text.len()).is_err() {
                out.push(problem(
                    "File too large",
                    format!("The file {path} has more than four gigabytes."),
                ));
                continue;
            }
            let file = self.sources.add(path, text.as_str());
            let (body, diagnostics) = if name.ends_with(".json") {
                json::parse_configuration(file, &text)
            } else {
                hcl::parse_body(file, &text)
            };
            out.extend(diagnostics);
            if !body.json {
                self.exceptions.extend(exceptions(file, &text, &body));
            }
            if is_override(name) {
                overrides.push(body);
            } else {
                bodies.push(body);
            }
        }
        if bodies.is_empty() && overrides.is_empty() {
            let shown = shown(directory);
            if called_from.is_some() {
                out.push(problem(
                    "Module directory has no configuration",
                    format!("{shown} holds no .tf file."),
                ));
            } else {
                out.push(
                    problem(
                        NO_CONFIGURATION,
                        format!("{shown} holds no .tf and no .tf.json file."),
                    )
                    .with_help("go to the right directory with -C DIR, or write a main.tf"),
                );
            }
        }
        for body in overrides {
            overrides::merge(&mut bodies, body, out);
        }
        self.stack.push(directory.to_owned());
        let module = Arc::new(blocks::module(directory, bodies, self, out));
        if called_from.is_some() {
            let errors = module.imports.iter().map(|import| {
                Diagnostic::error(
                    import.header,
                    "Invalid import configuration",
                    "Only the root module imports, also what belongs into another module.",
                )
                .with_help("write it in the root module, with `to = module.NAME.…`")
            });
            out.extend(errors);
        }
        self.stack.pop();
        self.modules.insert(directory.to_owned(), module.clone());
        module
    }
}

impl Files for Loader<'_> {
    fn called(&mut self, source: &str, span: Span, out: &mut Vec<Diagnostic>) -> Arc<Module> {
        if !(source.starts_with("./") || source.starts_with("../")) {
            out.push(
                Diagnostic::error(
                    span,
                    "Module source is not a local path",
                    format!(
                        "flowctl reads local modules only, and {source:?} does not begin with \
                         \"./\" or \"../\"."
                    ),
                )
                .with_help("copy the module into the project and use its relative path"),
            );
            return Arc::default();
        }
        let directory = join(self.stack.last().map_or(".", String::as_str), source);
        if self.stack.contains(&directory) || self.stack.len() >= MAX_MODULE_DEPTH {
            out.push(Diagnostic::error(
                span,
                "Module cycle",
                format!(
                    "The module in {directory:?} would call itself, directly or through others."
                ),
            ));
            return Arc::default();
        }
        self.directory(&directory, Some(span), out)
    }
}

/// The files of a module in the order they are read: by name, override files last.
fn configuration_files(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| {
        (name.ends_with(".tf") || name.ends_with(".tf.json"))
            && !name.starts_with('.')
            && !name.ends_with('~')
            && !(name.starts_with('#') && name.ends_with('#'))
    });
    names.sort_by_key(|name| (is_override(name), name.clone()));
    names
}

fn is_override(name: &str) -> bool {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let stem = stem.strip_suffix(".tf").unwrap_or(stem);
    stem == "override" || stem.ends_with("_override")
}

/// A relative path below a directory, without `.` and with `..` resolved where possible.
pub fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    let absolute = directory.starts_with('/');
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute {
        format!("/{joined}")
    } else {
        joined
    }
}

fn shown(directory: &str) -> String {
    if directory.is_empty() || directory == "." {
        "The working directory".to_owned()
    } else {
        format!("The directory {directory}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_without_detours() {
        for (directory, path, joined) in [
            (".", "main.tf", "main.tf"),
            ("", "./m", "m"),
            ("a/b", "../c", "a/c"),
            (".", "../x", "../x"),
            ("/a", "./b", "/a/b"),
        ] {
            assert_eq!(join(directory, path), joined);
        }
    }
}
