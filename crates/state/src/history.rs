//! What earlier runs did.

use std::collections::BTreeMap;
use std::path::Path;

use flowctl_model::event::Summary;
use flowctl_model::journal::ChangedPath;
use rusqlite::Connection;

use crate::StoreError;
use crate::open::to_read;
use crate::read::{ACTIONS, collect};

/// A run that writes, for the history.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// Person and machine.
    pub who: String,
    /// The command.
    pub command: String,
    /// flowctl's version.
    pub version: String,
}

/// A run as the history shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct RunRecord {
    /// Its number.
    pub id: i64,
    /// When it began, in seconds since 1970.
    pub started_at: f64,
    /// When it ended; `None` if it was cut off or still goes on.
    pub ended_at: Option<f64>,
    /// Who ran what.
    pub run: Run,
    /// How it ended; `None` if it goes on, or was cut off and nobody has written since.
    pub outcome: Option<String>,
    /// What it did so far.
    pub counts: Summary,
}

/// An operation as the history shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct OperationRecord {
    /// The instance's address.
    pub address: String,
    /// `create`, `update`, ….
    pub action: String,
    /// `succeeded`, `failed`, ….
    pub status: String,
    /// The object's identity in the service, if it was known before.
    pub id: Option<String>,
    /// What was to change in the object; empty where that is all or nothing of it.
    pub changes: Vec<ChangedPath>,
    /// What the service said, redacted.
    pub error: Option<String>,
    /// When it began, in seconds since 1970.
    pub started_at: f64,
    /// When it ended.
    pub ended_at: Option<f64>,
}

impl OperationRecord {
    /// How long it took, in seconds; `None` if it has not ended.
    pub fn duration(&self) -> Option<f64> {
        self.ended_at
            .map(|ended| (ended - self.started_at).max(0.0))
    }
}

/// The runs of a store, newest first.
pub fn history(path: &Path) -> Result<Vec<RunRecord>, StoreError> {
    let Some(connection) = to_read(path)? else {
        return Ok(Vec::new());
    };
    let counts = counts(&connection, path)?;
    let mut statement = connection
        .prepare(
            "SELECT id, started_at, ended_at, who, command, version, outcome, failed, skipped \
             FROM runs ORDER BY id DESC",
        )
        .map_err(|error| StoreError::database(path, &error))?;
    collect(&mut statement, path, |row| {
        let id = row.get(0)?;
        let outcome: Option<String> = row.get(6)?;
        let mut counts = counts.get(&id).copied().unwrap_or_default();
        if let Some(failed) = row.get::<_, Option<i64>>(7)? {
            counts.failed = usize::try_from(failed).unwrap_or_default();
        }
        if let Some(skipped) = row.get::<_, Option<i64>>(8)? {
            counts.skipped = usize::try_from(skipped).unwrap_or_default();
        }
        counts.interrupted = outcome.as_deref() == Some("interrupted");
        Ok(Some(RunRecord {
            id,
            started_at: row.get(1)?,
            ended_at: row.get(2)?,
            run: Run {
                who: row.get(3)?,
                command: row.get(4)?,
                version: row.get(5)?,
            },
            outcome,
            counts,
        }))
    })
}

/// What each run did, by the operations it began.
fn counts(connection: &Connection, path: &Path) -> Result<BTreeMap<i64, Summary>, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let mut statement = connection
        .prepare(
            "SELECT run, action, status, count(*) FROM operations GROUP BY run, action, status",
        )
        .map_err(failed)?;
    let rows = collect(&mut statement, path, |row| {
        let (run, action): (i64, String) = (row.get(0)?, row.get(1)?);
        let (status, number): (String, i64) = (row.get(2)?, row.get(3)?);
        let action = ACTIONS.into_iter().find(|known| known.name() == action);
        Ok(action.map(|action| (run, action, status, number)))
    })?;
    let mut counts = BTreeMap::<i64, Summary>::new();
    for (run, action, status, number) in rows {
        let counts = counts.entry(run).or_default();
        match status.as_str() {
            "succeeded" => (0..number).for_each(|_| counts.count(action)),
            "failed" | "unknown" => counts.failed += usize::try_from(number).unwrap_or_default(),
            _ => {}
        }
    }
    Ok(counts)
}

/// The operations of a run, in the order they began.
pub fn operations(path: &Path, run: i64) -> Result<Vec<OperationRecord>, StoreError> {
    let Some(connection) = to_read(path)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection
        .prepare(&format!(
            "SELECT address, action, status, object_id, changes, error, started_at, ended_at \
             FROM operations WHERE run = {run} ORDER BY id"
        ))
        .map_err(|error| StoreError::database(path, &error))?;
    collect(&mut statement, path, |row| {
        let changes = match row.get::<_, Option<String>>(4)? {
            None => Some(Vec::new()),
            Some(text) => decode_changes(&text),
        };
        let Some(changes) = changes else {
            return Ok(None);
        };
        Ok(Some(OperationRecord {
            address: row.get(0)?,
            action: row.get(1)?,
            status: row.get(2)?,
            id: row.get(3)?,
            changes,
            error: row.get(5)?,
            started_at: row.get(6)?,
            ended_at: row.get(7)?,
        }))
    })
}

/// Changed paths as JSON pairs; nothing if there are none.
pub(crate) fn encode_changes(changes: &[ChangedPath]) -> Option<String> {
    let pairs = changes
        .iter()
        .map(|changed| serde_json::json!([changed.path, changed.secret]));
    (!changes.is_empty()).then(|| pairs.collect::<serde_json::Value>().to_string())
}

fn decode_changes(text: &str) -> Option<Vec<ChangedPath>> {
    let pairs: Vec<(String, bool)> = serde_json::from_str(text).ok()?;
    let changed = |(path, secret)| ChangedPath { path, secret };
    Some(pairs.into_iter().map(changed).collect())
}
