//! Lines that are typed into the console: editing, history and completion.
//!
//! The history is in memory alone: what is typed may be a secret, and no secret is written to disk.

use flowctl_lang::functions;
use flowctl_parser::configuration::{Module, ResourceKind};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use crate::error::CommandError;

/// Names that are there in every module.
const ALWAYS: [&str; 6] = [
    "path.cwd",
    "path.module",
    "path.root",
    "terraform.workspace",
    "exit",
    "help",
];

/// Everything that can be referred to in a module, and every function.
pub(super) fn names(module: &Module) -> Vec<String> {
    let mut names: Vec<String> = ALWAYS.map(str::to_owned).into();
    names.extend(module.variables.keys().map(|name| format!("var.{name}")));
    names.extend(module.locals.keys().map(|name| format!("local.{name}")));
    names.extend(module.calls.keys().map(|name| format!("module.{name}")));
    for resource in &module.resources {
        let (kind, name) = (&resource.type_name.text, &resource.name.text);
        let prefix = match resource.kind {
            ResourceKind::Managed => "",
            ResourceKind::Data => "data.",
            ResourceKind::Ephemeral => "ephemeral.",
        };
        names.push(format!("{prefix}{kind}.{name}"));
    }
    names.extend(functions::all().map(|function| format!("{}(", function.name)));
    names.push("type(".to_owned());
    names.sort();
    names
}

/// The terminal.
pub(super) struct Lines {
    editor: Editor<Names, MemHistory>,
}

impl Lines {
    pub(super) fn new(names: Vec<String>) -> Result<Self, CommandError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .build();
        let editor = Editor::with_history(config.clone(), MemHistory::with_config(&config));
        let mut editor = editor.map_err(|error| unusable(&error))?;
        editor.set_helper(Some(Names(names)));
        Ok(Self { editor })
    }

    /// The next expression; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<String>, CommandError> {
        loop {
            match self.editor.readline("> ") {
                Ok(text) => {
                    if !text.trim().is_empty() {
                        // A history that takes nothing more is no reason to stop.
                        let _ = self.editor.add_history_entry(text.as_str());
                    }
                    return Ok(Some(text));
                }
                // Ctrl-C takes back what was typed.
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(None),
                Err(error) => return Err(unusable(&error)),
            }
        }
    }
}

fn unusable(error: &ReadlineError) -> CommandError {
    CommandError::user("Cannot read from the terminal", format!("{error}."))
}

/// What can be completed.
struct Names(Vec<String>);

impl Names {
    /// Where the name begins that ends at `end`, and every name that begins like it.
    fn beginning(&self, line: &str, end: usize) -> (usize, Vec<String>) {
        let before = line.get(..end).unwrap_or_default();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let start = before.trim_end_matches(is_part).len();
        let typed = before.get(start..).unwrap_or_default();
        let fitting = self.0.iter().filter(|name| name.starts_with(typed));
        (start, fitting.cloned().collect())
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        end: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.beginning(line, end))
    }
}

impl Validator for Names {
    fn validate(&self, typed: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = typed.input();
        // An empty line ends what cannot be ended otherwise.
        if is_open(text) && !text.ends_with('\n') {
            Ok(ValidationResult::Incomplete)
        } else {
            Ok(ValidationResult::Valid(None))
        }
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Helper for Names {}

/// Whether a bracket is open that a further line may close.
fn is_open(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => drop(letters.next()),
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_goes_on_while_a_bracket_is_open() {
        for (text, open) in [
            ("[1,", true),
            ("[1,\n2]", false),
            ("{a = \"}\"", true),
            ("\"[\"", false),
            ("\"\\\"[\"", false),
            ("1)", false),
        ] {
            assert_eq!(is_open(text), open, "{text}");
        }
    }

    #[test]
    fn names_are_completed_where_they_stand() {
        let names = Names(
            ["local.a", "var.region", "var.role"]
                .map(str::to_owned)
                .into(),
        );
        let found = |line: &str| names.beginning(line, line.len());
        assert_eq!(found("upper(var.re"), (6, vec!["var.region".to_owned()]));
        assert_eq!(found("var.").1.len(), 2);
        assert_eq!(found("").1.len(), 3);
        assert_eq!(found("[x").1.len(), 0);
    }
}
