//! Errors: [`Error`] for setting the endpoint up, [`ServiceError`] for what goes over the wire.

use std::path::PathBuf;

/// Why the endpoint could not be set up or kept running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address could not be listened on.
    #[error("cannot listen on the address: {0}")]
    Listen(#[source] std::io::Error),
    /// The data file could not be opened, created or read.
    #[error("cannot open the data file {path}: {reason}", path = path.display())]
    Open {
        /// The file that was asked for.
        path: PathBuf,
        /// What the operating system or SQLite said.
        reason: String,
    },
    /// The data file was written by a later version.
    #[error("the data file {path} has format {found}; this version reads up to {supported}", path = path.display())]
    Newer {
        /// The file that was asked for.
        path: PathBuf,
        /// The format number found in it.
        found: i64,
        /// The newest format number that this version knows.
        supported: i64,
    },
    /// The in-memory store could not be set up.
    #[error("cannot set the store up: {0}")]
    Store(String),
    /// An option has a value that cannot be served.
    #[error("invalid option: {0}")]
    Option(String),
}

/// The error types of the protocol, each with one name and one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Validation,
    Serialization,
    ConnectorServer,
    UnsupportedOperation,
    ConnectorAuthentication,
    QuotaExceeded,
    AccessDenied,
    NotFound,
    UnknownOperation,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    Throttling,
    Internal,
    Unavailable,
}

impl ErrorKind {
    /// What `x-amzn-ErrorType` says.
    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn status(self) -> u16 {
        self.row().1
    }

    fn row(self) -> (&'static str, u16) {
        match self {
            Self::Validation => ("ValidationException", 400),
            Self::Serialization => ("SerializationException", 400),
            Self::ConnectorServer => ("ConnectorServerException", 400),
            Self::UnsupportedOperation => ("UnsupportedOperationException", 400),
            Self::ConnectorAuthentication => ("ConnectorAuthenticationException", 401),
            Self::QuotaExceeded => ("ServiceQuotaExceededException", 402),
            Self::AccessDenied => ("AccessDeniedException", 403),
            Self::NotFound => ("ResourceNotFoundException", 404),
            Self::UnknownOperation => ("UnknownOperationException", 404),
            Self::MethodNotAllowed => ("MethodNotAllowedException", 405),
            Self::Conflict => ("ConflictException", 409),
            Self::TooLarge => ("RequestEntityTooLargeException", 413),
            Self::UnsupportedMediaType => ("UnsupportedMediaTypeException", 415),
            Self::Throttling => ("ThrottlingException", 429),
            Self::Internal => ("InternalServerException", 500),
            Self::Unavailable => ("ServiceUnavailableException", 503),
        }
    }
}

/// An error answer of the service. The message never holds a credential, but for the
/// fault that is about just this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl ServiceError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// A rule that the shapes do not express, in the words the service opens such answers with.
    pub(crate) fn rule(message: impl AsRef<str>) -> Self {
        Self::new(
            ErrorKind::Validation,
            format!("Validation exception: {}", message.as_ref()),
        )
    }
}

impl From<rusqlite::Error> for ServiceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(
            ErrorKind::Internal,
            format!("The endpoint's store failed: {error}"),
        )
    }
}
