//! Terraform's way of writing options, turned into clap's: `-auto-approve`, `-out=x`,
//! `-auto-approve=false`, and further arguments from `TF_CLI_ARGS`.
//!
//! Which options there are, and which take a value, is asked of the commands' own definition.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::error::CommandError;

/// The arguments (the program's name first) as clap reads them. `injected` gives further arguments
/// for a command, with the variable they come from.
pub(crate) fn normalise(
    root: &Command,
    arguments: Vec<OsString>,
    injected: impl Fn(&str) -> Vec<(&'static str, String)>,
) -> Result<Vec<OsString>, CommandError> {
    let mut walk = Walk {
        root,
        command: root,
        path: String::new(),
        out: Vec::new(),
        value_follows: false,
        verbatim: false,
    };
    let mut arguments = arguments.into_iter();
    walk.out.extend(arguments.next());
    for argument in arguments {
        let entered = walk.take(argument);
        // The command is complete with its first argument that is no further command.
        if entered && !walk.command.has_subcommands() {
            for (variable, text) in injected(&walk.path) {
                let words = shlex::split(&text).ok_or_else(|| {
                    CommandError::user(
                        format!("Invalid {variable}"),
                        "The quotes in this environment variable are not balanced.",
                    )
                })?;
                for word in words {
                    walk.take(word.into());
                }
            }
        }
    }
    Ok(walk.out)
}

struct Walk<'a> {
    root: &'a Command,
    /// The command entered so far.
    command: &'a Command,
    /// Its name, with those of the groups it is in.
    path: String,
    out: Vec<OsString>,
    /// The next argument is the value of the option before it.
    value_follows: bool,
    /// `--` was seen.
    verbatim: bool,
}

impl<'a> Walk<'a> {
    /// Takes an argument; whether it entered a command.
    fn take(&mut self, argument: OsString) -> bool {
        let text = argument.to_str().unwrap_or_default();
        if self.verbatim || std::mem::take(&mut self.value_follows) {
            self.out.push(argument);
        } else if text == "--" {
            self.verbatim = true;
            self.out.push(argument);
        } else if let Some(name) = text.strip_prefix('-').filter(|name| !name.is_empty()) {
            match self.option(name) {
                Reading::AsTyped => self.out.push(argument),
                Reading::As(text) => self.out.push(text.into()),
                Reading::Nothing => {}
            }
        } else {
            let entered = self.command.find_subcommand(text);
            self.out.push(argument);
            if let Some(entered) = entered {
                self.command = entered;
                if !self.path.is_empty() {
                    self.path.push(' ');
                }
                self.path.push_str(entered.get_name());
                return true;
            }
        }
        false
    }

    /// A word that begins with a dash, here without it.
    fn option(&mut self, word: &str) -> Reading {
        let long = word.strip_prefix('-').unwrap_or(word);
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let Some(definition) = self.definition(name) else {
            let first = word.chars().next();
            let short = self.arguments().find(|arg| arg.get_short() == first);
            // A short option, alone: what matters is whether a value follows.
            self.value_follows = word.len() == 1 && short.is_some_and(takes_value);
            // What begins with no short option is a long one that does not exist: clap's answer
            // is to name it whole.
            let wrong = short.is_none() && word.len() > 1 && first != Some('-');
            return if wrong {
                Reading::As(format!("--{word}"))
            } else {
                Reading::AsTyped
            };
        };
        let is_flag = matches!(
            definition.get_action(),
            ArgAction::SetTrue | ArgAction::Help | ArgAction::Version
        );
        match value {
            Some("true") if is_flag => Reading::As(format!("--{name}")),
            Some("false") if is_flag => Reading::Nothing,
            _ => {
                self.value_follows = value.is_none() && takes_value(definition);
                Reading::As(format!("--{long}"))
            }
        }
    }

    fn arguments(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        self.command
            .get_arguments()
            .chain(self.root.get_arguments())
    }

    fn definition(&self, name: &str) -> Option<&'a Arg> {
        let called = |arg: &&Arg| {
            arg.get_long() == Some(name)
                || arg
                    .get_all_aliases()
                    .is_some_and(|aliases| aliases.contains(&name))
        };
        self.arguments().find(called)
    }
}

/// How an option is read.
enum Reading {
    AsTyped,
    As(String),
    /// It says what is so anyway.
    Nothing,
}

/// Whether an option's value may be the next word.
fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::app::Cli;

    fn normalised(line: &str, injected: &[(&str, &str)]) -> String {
        let mut root = Cli::command();
        root.build();
        let arguments = std::iter::once("flowctl".to_owned())
            .chain(shlex::split(line).unwrap())
            .map(OsString::from)
            .collect();
        let of = |command: &str| {
            injected
                .iter()
                .filter(|(name, _)| *name == command)
                .map(|(_, text)| ("TF_CLI_ARGS", (*text).to_owned()))
                .collect()
        };
        let words = super::normalise(&root, arguments, of).unwrap();
        let words: Vec<_> = words.iter().skip(1).map(|w| w.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn single_dashes_become_double_ones() {
        for (typed, read) in [
            ("-chdir=x output -json", "--chdir=x output --json"),
            ("output -json -state=s.db a", "output --json --state=s.db a"),
            ("output -state -json", "output --state -json"),
            ("-C dir output", "-C dir output"),
            ("-C output output", "-C output output"),
            ("output -raw=true -json=false", "output --raw"),
            ("output --json=false", "output"),
            ("output -v -vv", "output -v -vv"),
            ("output -- -json", "output -- -json"),
            ("output -nonsense=1", "output --nonsense=1"),
            ("state list -id=a -no-color", "state list --id=a --no-color"),
            ("-version", "--version"),
            ("state -help", "state --help"),
        ] {
            assert_eq!(normalised(typed, &[]), read, "{typed}");
        }
    }

    #[test]
    fn arguments_of_the_environment_come_first() {
        let injected = [("state list", "-id='a b'"), ("output", "-json")];
        assert_eq!(
            normalised("-no-color state list x", &injected),
            "--no-color state list --id=a b x"
        );
        assert_eq!(normalised("output x", &injected), "output --json x");
    }
}
