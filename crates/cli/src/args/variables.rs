//! `-var` and `-var-file`, which count in the order in which they were given.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use zeroize::Zeroizing;

/// Values of root module variables.
#[derive(Clone, Default)]
pub(crate) struct VariableArgs {
    /// In the order given; later ones win.
    pub(crate) given: Vec<VariableArg>,
    /// Whether values that are missing may be asked for.
    pub(crate) input: bool,
}

/// One of the two options.
#[derive(Clone)]
pub(crate) enum VariableArg {
    /// `NAME=VALUE`.
    Value(Zeroizing<String>),
    /// A file.
    File(PathBuf),
}

const HEADING: &str = "Variables";

impl Args for VariableArgs {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new("var")
                    .long("var")
                    .value_name("NAME=VALUE")
                    .action(ArgAction::Append)
                    .allow_hyphen_values(true)
                    .help_heading(HEADING)
                    .help("Set a variable of the root module"),
            )
            .arg(
                Arg::new("var_file")
                    .long("var-file")
                    .value_name("FILE")
                    .action(ArgAction::Append)
                    .value_parser(value_parser!(PathBuf))
                    .help_heading(HEADING)
                    .help("Read variables from a file, after terraform.tfvars and *.auto.tfvars"),
            )
            .arg(
                Arg::new("input")
                    .long("input")
                    .value_name("BOOL")
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_value("true")
                    .default_missing_value("true")
                    .value_parser(value_parser!(bool))
                    .hide_default_value(true)
                    .hide_possible_values(true)
                    .help_heading(HEADING)
                    .help("Ask for variables that are not set, when on a terminal"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for VariableArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, VariableArg)> = Vec::new();
        let values = matches.get_many::<String>("var").unwrap_or_default();
        let places = matches.indices_of("var").unwrap_or_default();
        given.extend(
            places.zip(values.map(|text| VariableArg::Value(Zeroizing::new(text.clone())))),
        );
        let files = matches.get_many::<PathBuf>("var_file").unwrap_or_default();
        let places = matches.indices_of("var_file").unwrap_or_default();
        given.extend(places.zip(files.cloned().map(VariableArg::File)));
        given.sort_by_key(|(place, _)| *place);
        Ok(Self {
            given: given.into_iter().map(|(_, one)| one).collect(),
            input: matches.get_one("input").copied().unwrap_or(true),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
