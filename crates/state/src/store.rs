//! A store open for writing: the writes of a run.

use std::path::{Path, PathBuf};

use flowctl_model::event::Summary;
use flowctl_model::journal::{
    ChangedPath, Ending, Intent, Note, OperationId, StateWrite, Unfinished,
};
use flowctl_model::snapshot::{OutputState, Snapshot};
use flowctl_model::{Digester, Text};
use rusqlite::{Connection, Params, params};

use crate::files::hex;
use crate::history::{Run, encode_changes};
use crate::open::{self, set_meta};
use crate::read::{self, encode_state};
use crate::row::{self, encode};
use crate::writer::Writer;
use crate::{StoreError, backup, process, rekey};

/// A state store open for writing.
pub struct Store {
    path: PathBuf,
    writer: Writer,
    run: Option<i64>,
    /// Seconds since 1970, for the journal.
    clock: fn() -> f64,
}

impl Store {
    /// Opens a store for writing, making it and its directory (mode 0700) if need be. The caller
    /// has the lock. `clock` gives seconds since 1970.
    pub fn open(path: &Path, clock: fn() -> f64) -> Result<Self, StoreError> {
        let connection = open::to_write(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Writer::start(path.to_owned(), connection),
            run: None,
            clock,
        })
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many transactions were committed since the store was opened: many writes share one.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// What the store holds now.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| read::snapshot(connection, &path))
            .await
    }

    /// Copies the store to `directory` (see [`backup`]).
    pub fn backup(&self, directory: &Path) -> Result<PathBuf, StoreError> {
        // The copy is made from what is committed, by a connection of its own.
        let source =
            open::to_read(&self.path)?.ok_or_else(|| StoreError::file(&self.path, "is gone"))?;
        backup::make(&source, directory)
    }

    /// Notes that a run begins; operations are its own from here on.
    pub async fn begin_run(&mut self, run: Run) -> Result<i64, StoreError> {
        let (path, now) = (self.path.clone(), (self.clock)());
        let id = self
            .writer
            .write(move |connection| {
                let process = process::this();
                execute(
                    connection,
                    &path,
                    "INSERT INTO runs (started_at, who, command, version, process) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![now, run.who, run.command, run.version, process],
                )?;
                Ok(connection.last_insert_rowid())
            })
            .await?;
        self.run = Some(id);
        Ok(id)
    }

    /// Notes how the run ended.
    pub async fn end_run(&self, outcome: String) -> Result<(), StoreError> {
        self.finish(outcome, None).await
    }

    /// The same, with what came of it.
    pub async fn finish_run(&self, outcome: String, summary: Summary) -> Result<(), StoreError> {
        self.finish(outcome, Some(summary)).await
    }

    async fn finish(&self, outcome: String, summary: Option<Summary>) -> Result<(), StoreError> {
        let (path, now, run) = (self.path.clone(), (self.clock)(), self.run);
        let count = |of: fn(&Summary) -> usize| {
            summary.map(|summary| i64::try_from(of(&summary)).unwrap_or(i64::MAX))
        };
        let (failed, skipped) = (count(|s| s.failed), count(|s| s.skipped));
        self.writer
            .write(move |connection| {
                execute(
                    connection,
                    &path,
                    "UPDATE runs SET ended_at = ?1, outcome = ?2, failed = ?3, skipped = ?4 \
                     WHERE id = ?5",
                    params![now, outcome, failed, skipped, run],
                )
            })
            .await
    }

    /// Commits an intent (see the journal's rule). An unfinished operation with the same token is
    /// ended as superseded.
    pub async fn begin(&self, intent: Intent) -> Result<OperationId, StoreError> {
        self.begin_changing(intent, Vec::new()).await
    }

    /// The same, with what is going to change inside the object, for the history.
    pub async fn begin_changing(
        &self,
        intent: Intent,
        changes: Vec<ChangedPath>,
    ) -> Result<OperationId, StoreError> {
        let (path, now, run) = (self.path.clone(), (self.clock)(), self.run);
        self.writer
            .write(move |connection| {
                let place = intent.address.to_string();
                let intended = match &intent.intended {
                    Some(state) => Some(encode_state(state, &place)?),
                    None => None,
                };
                execute(
                    connection,
                    &path,
                    "UPDATE operations SET status = 'superseded', ended_at = ?1, intended = NULL \
                     WHERE token = ?2 AND status IN ('started', 'unknown')",
                    params![now, intent.token],
                )?;
                execute(
                    connection,
                    &path,
                    "INSERT INTO operations (run, address, action, status, provider, object_id, \
                     token, intended, started_at, changes) \
                     VALUES (?1, ?2, ?3, 'started', ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        run,
                        place,
                        intent.action.name(),
                        intent.provider.as_str(),
                        intent.id.as_ref().map(Text::as_str),
                        intent.token,
                        intended,
                        now,
                        encode_changes(&changes)
                    ],
                )?;
                Ok(connection.last_insert_rowid())
            })
            .await
    }

    /// Commits the result of an operation together with what it changes in state.
    pub async fn end(
        &self,
        operation: OperationId,
        ending: Ending,
        writes: Vec<StateWrite>,
    ) -> Result<(), StoreError> {
        let (path, now) = (self.path.clone(), (self.clock)());
        self.writer
            .write(move |connection| {
                apply(connection, &path, &writes)?;
                let (status, error, ended) = match ending {
                    Ending::Succeeded => ("succeeded", None, Some(now)),
                    Ending::Failed(error) => ("failed", Some(error), Some(now)),
                    Ending::Unknown(error) => ("unknown", Some(error), None),
                };
                // What was intended is of use only as long as the result is not known.
                execute(
                    connection,
                    &path,
                    "UPDATE operations SET status = ?1, error = ?2, ended_at = ?3, \
                     intended = CASE WHEN ?3 IS NULL THEN intended END WHERE id = ?4",
                    params![status, error, ended, operation],
                )
            })
            .await
    }

    /// Commits changes of state that need no request.
    pub async fn write(&self, writes: Vec<StateWrite>) -> Result<(), StoreError> {
        self.write_noted(writes, Vec::new()).await
    }

    /// The same, with what they mean, for the history.
    pub async fn write_noted(
        &self,
        writes: Vec<StateWrite>,
        notes: Vec<Note>,
    ) -> Result<(), StoreError> {
        let (path, now, run) = (self.path.clone(), (self.clock)(), self.run);
        self.writer
            .write(move |connection| {
                apply(connection, &path, &writes)?;
                for note in &notes {
                    execute(
                        connection,
                        &path,
                        "INSERT INTO operations (run, address, action, status, provider, \
                         object_id, token, started_at, ended_at) \
                         VALUES (?1, ?2, ?3, 'succeeded', ?4, ?5, '', ?6, ?6)",
                        params![
                            run,
                            note.address.to_string(),
                            note.action.name(),
                            note.provider.as_str(),
                            note.id.as_ref().map(Text::as_str),
                            now
                        ],
                    )?;
                }
                Ok(())
            })
            .await
    }

    /// Replaces the outputs.
    pub async fn set_outputs(&self, outputs: Vec<(Text, OutputState)>) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| {
                execute(connection, &path, "DELETE FROM outputs", [])?;
                for (name, output) in &outputs {
                    let value = row::encode_output(&output.value, &format!("output.{name}"))?;
                    execute(
                        connection,
                        &path,
                        "INSERT INTO outputs VALUES (?1, ?2, ?3)",
                        params![name.as_str(), value, output.sensitive],
                    )?;
                }
                next_serial(connection, &path)
            })
            .await
    }

    /// The operations without a result, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| read::unfinished(connection, &path))
            .await
    }

    /// Whether the secret digests were made with this key. `false` means that some were made with
    /// another, or were dropped, and tell nothing any more: as long as a run has not sent those
    /// secrets again.
    pub async fn key_is_known(&self, digester: &Digester) -> Result<bool, StoreError> {
        let path = self.path.clone();
        let digester = digester.clone();
        self.writer
            .write(move |connection| {
                let snapshot = read::snapshot(connection, &path)?;
                let made = read::made_with(&snapshot, &digester);
                if made {
                    set_meta(connection, "key_id", &hex(digester.key_id().iter()))
                        .map_err(|error| StoreError::database(&path, &error))?;
                }
                Ok(made)
            })
            .await
    }

    /// Drops every digest and remembers the key that is used from now on; how many there were.
    pub(crate) async fn forget_digests(&self, digester: &Digester) -> Result<usize, StoreError> {
        let (path, digester) = (self.path.clone(), digester.clone());
        let forgotten = self
            .writer
            .write(move |connection| {
                let forgotten = rekey::forget_and_remember(connection, &path, &digester)?;
                next_serial(connection, &path)?;
                Ok(forgotten)
            })
            .await?;
        // The log has them too.
        open::checkpoint(&self.path);
        Ok(forgotten)
    }
}

fn execute(
    connection: &Connection,
    path: &Path,
    sql: &str,
    values: impl Params,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map(|_| ())
        .map_err(|error| StoreError::database(path, &error))
}

fn next_serial(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    execute(
        connection,
        path,
        "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'serial'",
        [],
    )
}

fn apply(connection: &Connection, path: &Path, writes: &[StateWrite]) -> Result<(), StoreError> {
    for write in writes {
        match write {
            StateWrite::Put(address, state) => {
                let place = address.to_string();
                execute(
                    connection,
                    path,
                    "INSERT OR REPLACE INTO resources VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        place,
                        state.provider.as_str(),
                        state.id.as_str(),
                        encode(&state.attributes, &place)?,
                        row::encode_dependencies(&state.dependencies),
                        i64::try_from(state.schema_version).unwrap_or(i64::MAX),
                        state.create_before_destroy,
                        state.tainted,
                        row::encode_deposed(&state.deposed, &place)?,
                    ],
                )?;
            }
            StateWrite::Remove(address) => execute(
                connection,
                path,
                "DELETE FROM resources WHERE address = ?1",
                [address.to_string()],
            )?,
        }
    }
    if writes.is_empty() {
        Ok(())
    } else {
        next_serial(connection, path)
    }
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
