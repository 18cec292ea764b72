//! Something wrong with a resource's configuration, addressed by attribute path.
//!
//! Resource types know no syntax: they name the attribute, and the planner finds its place in
//! the source.

use crate::AttributePath;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The work goes on.
    Warning,
    /// The work stops before anything is changed.
    Error,
}

/// A fault found in the value of a resource; never contains the value of a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// The attribute or block that is wrong; the root for the whole resource.
    pub path: AttributePath,
    /// One line, without a period.
    pub summary: String,
    /// What was expected and what was found, in whole sentences.
    pub detail: String,
    /// What to write instead, if that can be said.
    pub help: Option<String>,
}

impl Problem {
    /// An error at `path`.
    pub fn error(
        path: AttributePath,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            path,
            summary: summary.into(),
            detail: detail.into(),
            help: None,
        }
    }
    /// A warning at `path`.
    pub fn warning(
        path: AttributePath,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, summary, detail)
        }
    }
    /// The same problem with a suggestion.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
