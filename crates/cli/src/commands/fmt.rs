//! `flowctl fmt`.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use flowctl_parser::{Diagnostic, SourceMap, format};
use similar::TextDiff;

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::files;

/// The files that have a layout.
const SUFFIXES: [&str; 4] = [".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl"];

/// Put configuration files into their canonical layout, that of `terraform fmt`
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(crate) struct FmtArgs {
    /// Files or directories, or - for stdin to stdout
    #[arg(value_name = "FILE", default_value = ".")]
    files: Vec<PathBuf>,

    /// Write nothing, and fail if a file's layout is not canonical
    #[arg(long)]
    check: bool,

    /// Show what changes
    #[arg(long)]
    diff: bool,

    /// Go into directories below
    #[arg(long)]
    recursive: bool,

    /// Name the files that change
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_value = "true", default_missing_value = "true", hide_possible_values = true,
        action = clap::ArgAction::Set)]
    list: bool,

    /// Write the files
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_value = "true", default_missing_value = "true", hide_possible_values = true,
        action = clap::ArgAction::Set)]
    write: bool,
}

/// What is wrong with the files so far, and whether one is not in its canonical layout.
#[derive(Default)]
struct Found {
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
    changed: bool,
}

pub(crate) fn run(app: &mut App, args: &FmtArgs) -> Result<Outcome, CommandError> {
    let mut found = Found::default();
    if args.files == [Path::new("-")] {
        standard_input(app, args, &mut found)?;
    } else {
        for path in &args.files {
            for file in chosen(path, args.recursive)? {
                one(app, args, &file, &mut found)?;
            }
        }
    }
    if !found.diagnostics.is_empty() {
        return Err(CommandError::Wrong(found.diagnostics, found.sources));
    }
    Ok(if args.check && found.changed {
        Outcome::Failed
    } else {
        Outcome::Done
    })
}

impl Found {
    /// The canonical form of a text, if it has one.
    fn formatted(&mut self, name: &str, text: &str) -> Option<String> {
        let file = self.sources.add(name, text);
        match format(file, text) {
            Ok(formatted) => {
                self.changed |= formatted != text;
                Some(formatted)
            }
            Err(found) => {
                self.diagnostics.extend(found);
                None
            }
        }
    }
}

fn standard_input(app: &mut App, args: &FmtArgs, found: &mut Found) -> Result<(), CommandError> {
    const NAME: &str = "<stdin>";
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| CommandError::user("Cannot read stdin", format!("{error}.")))?;
    let Some(formatted) = found.formatted(NAME, &text) else {
        return Ok(());
    };
    if args.diff {
        app.ui.print(&difference(NAME, &text, &formatted))
    } else if args.check {
        Ok(())
    } else {
        // As with Terraform, what is printed ends its last line, whatever the text did.
        let lines = formatted.strip_suffix('\n').unwrap_or(&formatted);
        app.ui.print(&format!("{lines}\n"))
    }
}

fn one(app: &mut App, args: &FmtArgs, path: &Path, found: &mut Found) -> Result<(), CommandError> {
    let name = path.strip_prefix(".").unwrap_or(path).to_string_lossy();
    let wrong = |what: &str, error: &dyn std::fmt::Display| {
        CommandError::user(format!("Cannot {what} {name}"), format!("{error}."))
    };
    let text = files::read(path).map_err(|reason| wrong("read", &reason))?;
    let Some(formatted) = found.formatted(&name, &text) else {
        return Ok(());
    };
    if formatted == text {
        return Ok(());
    }
    if args.list {
        app.ui.print(&format!("{name}\n"))?;
    }
    if args.diff {
        app.ui.print(&difference(&name, &text, &formatted))?;
    }
    if args.write && !args.check {
        files::replace(path, &formatted).map_err(|error| wrong("write", &error))?;
    }
    Ok(())
}

/// The files that a path on the command line means.
fn chosen(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, CommandError> {
    let has_layout = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
    };
    if path.is_file() {
        if has_layout(path) {
            return Ok(vec![path.to_owned()]);
        }
        return Err(CommandError::user(
            "Not a configuration file",
            format!(
                "Only .tf, .tfvars, .tftest.hcl and .tfmock.hcl files have a canonical layout, and {} is \
                 none.",
                path.display()
            ),
        ));
    }
    let mut files = Vec::new();
    let mut waiting = vec![path.to_owned()];
    while let Some(directory) = waiting.pop() {
        let entries = fs::read_dir(&directory).map_err(|error| {
            let place = directory.display();
            CommandError::user(format!("Cannot read {place}"), format!("{error}."))
        })?;
        let mut paths: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                // Links may lead around in circles, and hidden directories are not the user's.
                if recursive && !path.is_symlink() && !name.starts_with('.') {
                    waiting.push(path);
                }
            } else if has_layout(&path) && !name.starts_with('.') {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn difference(name: &str, old: &str, new: &str) -> String {
    let (from, to) = (format!("old/{name}"), format!("new/{name}"));
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&from, &to)
        .to_string()
}
