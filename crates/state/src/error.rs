//! What can go wrong with a store, in words for the person whose state it is.

use std::path::{Path, PathBuf};

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
    /// The file is no state store, or is damaged.
    #[error("{path} cannot be used as a state store: {reason}")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        reason: String,
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
        holder: String,
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

impl StoreError {
    pub(crate) fn file(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn database(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure,
        };
        let path = path.to_owned();
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(NotADatabase | DatabaseCorrupt) => Self::Damaged { path, reason },
            Some(DiskFull) => Self::Database {
                path,
                reason: "the disk is full".into(),
            },
            Some(ReadOnly) => Self::Database {
                path,
                reason: "the file or its directory is read-only".into(),
            },
            Some(SystemIoFailure) => Self::Database {
                path,
                reason: format!("the disk failed or is full ({reason})"),
            },
            _ => Self::Database { path, reason },
        }
    }
}
