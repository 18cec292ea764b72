//! `flowctl init`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use flowctl_parser::FileSystem;

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::files::{self, Disk};

/// What is written, by name.
const STARTER: [(&str, &str); 3] = [
    ("main.tf", include_str!("../starter/main.tf")),
    ("variables.tf", include_str!("../starter/variables.tf")),
    (".gitignore", include_str!("../starter/gitignore")),
];

/// Write a commented starter configuration; never overwrites
///
/// In a directory with a configuration there is nothing to do: flowctl installs no plugins and
/// needs no initialisation.
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Where; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// Accepted for Terraform's sake
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    input: Option<String>,

    /// Accepted for Terraform's sake
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    backend: Option<String>,

    /// Accepted for Terraform's sake
    #[arg(long, hide = true)]
    upgrade: bool,

    /// Accepted for Terraform's sake
    #[arg(long, hide = true)]
    reconfigure: bool,
}

pub(crate) fn run(app: &mut App, args: &InitArgs) -> Result<Outcome, CommandError> {
    let directory = &args.directory;
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        CommandError::user(
            "Cannot write the starter configuration",
            format!("{}: {error}.", path.display()),
        )
    };
    fs::create_dir_all(directory).map_err(|error| wrong(directory, &error))?;
    let present = Disk::default()
        .list(&directory.to_string_lossy())
        .map_err(|reason| wrong(directory, &reason))?;
    let is_configuration = |name: &String| name.ends_with(".tf") || name.ends_with(".tf.json");
    if present.iter().any(is_configuration) {
        app.ui.print(
            "There is a configuration here already, and flowctl needs no initialisation: nothing \
             was written.\n",
        )?;
        return Ok(Outcome::Done);
    }
    let mut said = Vec::new();
    for (name, text) in STARTER {
        let path = directory.join(name);
        let path = path.strip_prefix(".").unwrap_or(&path);
        match files::create(path, text) {
            Ok(()) => said.push(format!("Wrote {}\n", path.display())),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                said.push(format!("Left {} as it is\n", path.display()));
            }
            Err(error) => return Err(wrong(path, &error)),
        }
    }
    let place = if directory == Path::new(".") {
        String::new()
    } else {
        format!("-C {} ", directory.display())
    };
    let said = said.concat();
    app.ui.print(&format!(
        "{said}\nChange it to your needs, then see what would be done:\n\n    flowctl {place}plan\n"
    ))?;
    Ok(Outcome::Done)
}
