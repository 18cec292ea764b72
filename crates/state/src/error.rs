//! What can go wrong with a store, in words for the person whose state it is.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::backup;
use crate::lock::Holder;

/// A failure of the store. The state on disk is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A file or directory could not be used.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file is no state store, or is damaged, or is gone.
    #[error("{path} cannot be used as a state store: {reason}{}", way_out(.backup.as_deref()))]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        reason: String,
        /// The newest copy, from which the state can be brought back.
        backup: Option<PathBuf>,
    },
    /// A newer flowctl wrote the store.
    #[error(
        "{path} was written by a newer flowctl (state schema {found}, this one knows up to \
         {known}): use that version, or restore a backup"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// Another process has the lock.
    #[error("the state is locked by {holder}")]
    Locked {
        /// Who, since when, doing what.
        holder: Box<Holder>,
    },
    /// The database refused a read or write.
    #[error("the state store {path} failed: {reason}")]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// A secret was about to be written down; nothing was.
    #[error("internal error: a sensitive value at {place} reached the state store and was refused")]
    Secret {
        /// Address and attribute.
        place: String,
    },
}

fn way_out(backup: Option<&Path>) -> String {
    backup.map_or_else(String::new, |newest| {
        format!("; the newest copy of the state is {}", newest.display())
    })
}

impl StoreError {
    pub(crate) fn file(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// What the system refused, with a way out where there is one: "cannot be read", and why.
    pub(crate) fn system(path: &Path, what: &str, error: &Error) -> Self {
        let way_out = match error.kind() {
            ErrorKind::PermissionDenied => "; run flowctl as the user whose state it is",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room, and run it again",
            ErrorKind::FileTooLarge => "; raise the limit on the size of files, and run it again",
            ErrorKind::ReadOnlyFilesystem => {
                "; keep the state where it can be written (`--state PATH`)"
            }
            _ => "",
        };
        Self::file(path, format!("{what}: {error}{way_out}"))
    }

    /// The state at `path` cannot be used; its newest copy is looked for.
    pub(crate) fn damaged(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
            backup: backup::newest(path),
        }
    }

    pub(crate) fn database(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly,
            SystemIoFailure,
        };
        let because = |reason: &str| Self::Database {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        match error.sqlite_error_code() {
            Some(NotADatabase) => Self::damaged(path, "it is no SQLite database, or is damaged"),
            Some(DatabaseCorrupt) => {
                Self::damaged(path, "it is damaged (truncated or partly overwritten)")
            }
            Some(DiskFull) => {
                because("the disk is full, and nothing was written: make room, and run it again")
            }
            Some(ReadOnly) => because(
                "the file or its directory is read-only: run flowctl as the user whose state it is, \
                 or keep the state where it can be written (`--state PATH`)",
            ),
            Some(CannotOpen) => because(
                "it cannot be opened: is the directory there, and may you write in it? (SQLite \
                 keeps its log beside the database)",
            ),
            Some(DatabaseBusy) => because("another program keeps the database busy"),
            Some(SystemIoFailure) => because(&format!(
                "the disk is full, failed, or a limit on the size of files was reached ({error}): \
                 make room, and run it again"
            )),
            _ => because(&error.to_string()),
        }
    }
}
