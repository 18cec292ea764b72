//! What can end a command, and the exit code that follows.

use std::process::ExitCode;

use flowctl_parser::{Diagnostic, SourceMap};
use flowctl_state::StoreError;

/// How a command ended that did what it was to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// All is done.
    Done,
    /// There are changes, and `--detailed-exitcode` asks to say so.
    ChangesPresent,
    /// A check found something (`fmt --check`), or part of the work failed; it was all said.
    Failed,
    /// The person said no.
    Declined,
    /// The person interrupted it; what is left was said.
    Interrupted,
}

/// What ends a command early.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// Something is wrong with what was given: the configuration, the state, an argument, the
    /// service. Everything that is to be said about it.
    Wrong(Vec<Diagnostic>, SourceMap),
    /// The same, and it was said already.
    Told,
    /// The arguments were refused; that was said.
    Usage,
    /// Nobody reads the output any more, which is no failure.
    BrokenPipe,
    /// The person interrupted it before anything was changed.
    Interrupted,
    /// flowctl itself failed; that was said.
    Internal,
}

impl CommandError {
    /// Something that has no place in a file.
    pub(crate) fn user(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic::error_without_place(summary, detail).into()
    }

    /// The same with a suggestion.
    pub(crate) fn with_help(mut self, help: &str) -> Self {
        if let Self::Wrong(diagnostics, _) = &mut self
            && let Some(last) = diagnostics.last_mut()
        {
            last.help = Some(help.to_owned());
        }
        self
    }
}

impl From<Diagnostic> for CommandError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(vec![diagnostic], SourceMap::default())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let (summary, help) = match &error {
            StoreError::File { .. } => ("Cannot use a state file", None),
            StoreError::Damaged { .. } => (
                "The state is damaged",
                Some("list the backups with `flowctl state restore`, and put one back"),
            ),
            StoreError::Newer { .. } => ("The state is too new", None),
            StoreError::Locked { .. } => (
                "Error acquiring the state lock",
                Some("wait for it to end, or give it time with --lock-timeout=30s"),
            ),
            StoreError::Database { .. } => ("The state store failed", None),
            StoreError::Secret { .. } => ("Internal error", None),
        };
        let text = error.to_string();
        let made = match &error {
            // It begins with a path, which is not spelled differently.
            StoreError::File { .. } | StoreError::Damaged { .. } => {
                Self::user(summary, format!("{}.", text.trim_end_matches('.')))
            }
            _ => Self::user(summary, sentence(&text)),
        };
        match help {
            Some(help) => made.with_help(help),
            None => made,
        }
    }
}

/// An error's message as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| {
        // A path is not spelled differently.
        if text
            .split(':')
            .next()
            .is_some_and(|word| word.contains(['/', '.']))
        {
            first.to_string()
        } else {
            first.to_uppercase().to_string()
        }
    });
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}

/// The exit code of a command.
pub(crate) fn exit_code(ended: &Result<Outcome, CommandError>) -> ExitCode {
    ExitCode::from(match ended {
        Ok(Outcome::Done) | Err(CommandError::BrokenPipe) => 0,
        Ok(Outcome::Failed | Outcome::Declined)
        | Err(
            CommandError::Wrong(..)
            | CommandError::Told
            | CommandError::Usage
            | CommandError::Internal,
        ) => 1,
        Ok(Outcome::ChangesPresent) => 2,
        Ok(Outcome::Interrupted) | Err(CommandError::Interrupted) => 130,
    })
}
