//! What is wrong with a configuration, in terms of its source.

use crate::ast::Span;
use crate::exception::Exception;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The work goes on.
    Warning,
    /// The work stops before anything is changed.
    Error,
}

/// An error or a warning with its place. Never contains a sensitive value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One line, Terraform's where Terraform has one.
    pub summary: String,
    /// What was expected and what was found, in whole sentences; may be empty.
    pub detail: String,
    /// The very characters that are wrong.
    pub span: Option<Span>,
    /// Other places that matter, such as "first declared here".
    pub labels: Vec<(Span, String)>,
    /// What to write instead.
    pub help: Option<String>,
    /// The resource instance (or module, output, …) being worked on.
    pub address: Option<String>,
    /// Values of the references in the expression, as ("var.x", "is \"a\"").
    pub values: Vec<(String, String)>,
    /// A comment asks for it to be ignored: it is told, and stops nothing.
    pub ignored: Option<Ignored>,
}

/// That something that was found is to be ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ignored {
    /// Why, as the comment says.
    pub reason: String,
    /// How bad it would be.
    pub severity: Severity,
}

impl Diagnostic {
    /// An error with a place.
    pub fn error(span: Span, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            ..Self::error_without_place(summary, detail)
        }
    }
    /// An error that has no place in a file.
    pub fn error_without_place(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            span: None,
            labels: Vec::new(),
            help: None,
            address: None,
            values: Vec::new(),
            ignored: None,
        }
    }
    /// A warning with a place.
    pub fn warning(span: Span, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(span, summary, detail)
        }
    }
    /// The same with a suggestion.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// The same with another place that matters.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }
    /// The same for a resource instance.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
    /// The same, ignored for the reason that a comment gives.
    #[must_use]
    pub fn ignored_by(mut self, exception: &Exception) -> Self {
        self.ignored = Some(Ignored {
            reason: exception.reason.clone(),
            severity: self.severity,
        });
        self.severity = Severity::Warning;
        self.help = None;
        self.with_label(exception.comment, "ignored by this comment")
    }
    /// What it is called where it is told.
    pub fn word(&self) -> &'static str {
        match (&self.ignored, self.severity) {
            (Some(_), _) => "Ignored",
            (None, Severity::Warning) => "Warning",
            (None, Severity::Error) => "Error",
        }
    }
    /// The summary as a name, for machines: `reference-to-undeclared-resource`.
    pub fn rule(&self) -> String {
        let words = self.summary.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<_> = words
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        if words.is_empty() {
            "diagnostic".to_owned()
        } else {
            words.join("-")
        }
    }
    /// Whether this stops the work.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Diagnostic {
    /// As [`Self::with_help`], for errors on their way up through the parser.
    pub(crate) fn helped(mut self: Box<Self>, help: &str) -> Box<Self> {
        self.help = Some(help.to_owned());
        self
    }
    /// As [`Self::with_label`], for errors on their way up through the parser.
    pub(crate) fn labelled(mut self: Box<Self>, span: Span, text: &str) -> Box<Self> {
        self.labels.push((span, text.to_owned()));
        self
    }
}

/// The candidate that is most like `name`, if one is like it at all: what was probably meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
