//! What went wrong between a provider and its service.

use std::fmt;

/// An error of a provider, ready to be shown: no secret is in any of its parts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct ProviderError {
    /// What sort of error, for decisions.
    pub kind: ErrorKind,
    /// The operation of the service: `CreateConnectorProfile`.
    pub operation: &'static str,
    /// The service's own words, or ours where it did not answer.
    pub message: String,
    /// The service's error code: `ConnectorAuthenticationException`.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// How the service's support finds the request.
    pub request_id: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Sorts of [`ProviderError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorKind {
    /// The object is not there.
    NotFound,
    /// The name is taken, or the object is in use.
    Conflict,
    /// The caller may not do this.
    AccessDenied,
    /// The service refused the request's content.
    Validation,
    /// The connector's own service refused the credentials.
    Authentication,
    /// Too many requests, for longer than was waited.
    Throttled,
    /// A quota of the account is used up.
    Quota,
    /// The service failed.
    Internal,
    /// No answer: address, network or time.
    Unreachable,
    /// No credentials or no region to make requests with.
    NoCredentials,
    /// Anything else.
    Other,
}

impl ProviderError {
    /// An error about which only this is known.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            message: message.into(),
            code: None,
            status: None,
            request_id: None,
            hint: None,
        }
    }
    /// The same error with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// Whether it is unknown if the service did the work: the request may have arrived.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Internal)
    }
}

/// One line: operation, status, code, message and request id. The hint is left to the renderer.
impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(status) = self.status {
            write!(f, ", HTTP {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}
