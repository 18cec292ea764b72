//! How far a store has come, in a file of its own while it is open for writing, and after its
//! process was killed. A database that has not come as far has lost what was written last: its log
//! was deleted, or an older file was put in its place.
//!
//! The file is written after each commit and never waited for: a power cut can only make it say
//! less than there is.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::StoreError;
use crate::files::{beside, private_file};

/// How far a store has come: its serial, its last operation and its last run.
pub(crate) type Progress = [i64; 3];

fn path_of(database: &Path) -> PathBuf {
    beside(database, "-mark")
}

/// How far a database has come.
pub(crate) fn progress(connection: &Connection) -> rusqlite::Result<Progress> {
    connection
        .prepare_cached(
            "SELECT (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'serial'), \
             (SELECT ifnull(max(id), 0) FROM operations), (SELECT ifnull(max(id), 0) FROM runs)",
        )?
        .query_row([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))
}

/// How far the store was said to have come. To be asked before its database is read: what is
/// committed meanwhile is then in both, or in the database alone.
pub(crate) fn read(database: &Path) -> Option<Progress> {
    let text = fs::read_to_string(path_of(database)).ok()?;
    let numbers: Vec<i64> = text
        .split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect();
    numbers.try_into().ok()
}

/// Refuses a database that has not come as far as it was said.
pub(crate) fn check(
    connection: &Connection,
    database: &Path,
    said: Option<Progress>,
) -> Result<(), StoreError> {
    let Some(said) = said else {
        return Ok(());
    };
    let found = progress(connection).map_err(|error| StoreError::database(database, &error))?;
    if found.iter().zip(&said).all(|(found, said)| found >= said) {
        return Ok(());
    }
    Err(StoreError::damaged(
        database,
        format!(
            "a run was cut off, and what it wrote last is gone: the log beside the database was \
             deleted, or an older file was put in its place (to go on with it all the same, \
             delete {})",
            path_of(database).display()
        ),
    ))
}

/// The file while a store is open. It is a help and no condition: what cannot be written is left.
pub(crate) struct Mark {
    database: PathBuf,
    file: Option<File>,
}

impl Mark {
    pub(crate) fn of(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            file: private_file(&path_of(database)).ok(),
        }
    }

    /// Says how far the store has come.
    pub(crate) fn set(&self, connection: &Connection) {
        if let (Some(file), Ok([serial, operation, run])) = (&self.file, progress(connection)) {
            // Always of one length, so that it is overwritten whole.
            let text = format!("{serial:020} {operation:020} {run:020}\n");
            let _ = file.write_all_at(text.as_bytes(), 0);
        }
    }

    /// The store was closed: everything is in the database.
    pub(crate) fn remove(self) {
        forget(&self.database);
    }
}

/// Removes what was said of a database that is replaced.
pub(crate) fn forget(database: &Path) {
    let _ = fs::remove_file(path_of(database));
}
