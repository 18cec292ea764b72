//! Opening a store, reading it, and the writes of a run.

use std::path::{Path, PathBuf};

use flowctl_model::event::OperationAction;
use flowctl_model::journal::{Ending, Intent, OperationId, StateWrite, Unfinished};
use flowctl_model::snapshot::{OutputState, ResourceState, Snapshot};
use flowctl_model::{Digester, Text};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::files::{hex, make_directory_of, private_file, refuse_link};
use crate::row::{self, decode, encode};
use crate::writer::Writer;
use crate::{StoreError, backup};

/// The migrations, oldest first; a database's `user_version` counts those it has had.
const MIGRATIONS: [&str; 1] = [include_str!("../../../state/0001_initial.sql")];

/// Marks a SQLite file as a state of flowctl: "flow".
const APPLICATION_ID: i64 = 0x666c_6f77;

/// The actions by which an operation's row names them.
const ACTIONS: [OperationAction; 7] = [
    OperationAction::Create,
    OperationAction::Read,
    OperationAction::Update,
    OperationAction::Delete,
    OperationAction::Import,
    OperationAction::Forget,
    OperationAction::Record,
];

/// A state store open for writing.
pub struct Store {
    path: PathBuf,
    writer: Writer,
    run: Option<i64>,
    /// Seconds since 1970, for the journal.
    clock: fn() -> f64,
}

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
    /// How it ended.
    pub outcome: Option<String>,
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
    /// What the service said, redacted.
    pub error: Option<String>,
    /// When it began, in seconds since 1970.
    pub started_at: f64,
    /// When it ended.
    pub ended_at: Option<f64>,
}

/// What a store holds; the same before the first run, when there is no file.
pub fn read_snapshot(path: &Path) -> Result<Snapshot, StoreError> {
    match open_to_read(path)? {
        Some(connection) => snapshot(&connection, path),
        None => Ok(Snapshot::default()),
    }
}

fn open_to_read(path: &Path) -> Result<Option<Connection>, StoreError> {
    refuse_link(path)?;
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| StoreError::database(path, &error))?;
    if is_empty(&connection, path)? {
        refuse_emptied(path)?;
        return Ok(None);
    }
    check(&connection, path)?;
    Ok(Some(connection))
}

/// Whether nothing was ever committed to a database: its making was cut off.
fn is_empty(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    connection
        .query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))
        .map(|pages| pages == 0)
        .map_err(|error| StoreError::database(path, &error))
}

/// Whether a database is a state store of a schema known here, and whole.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pragma = |name: &str| {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(|error| StoreError::database(path, &error))
    };
    let version = pragma("user_version")?;
    if pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            reason: "it is a database of some other program".to_owned(),
        });
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found: version,
            known,
        });
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::database(path, &error))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            reason: verdict,
        });
    }
    Ok(())
}

impl Store {
    /// Opens a store for writing, making it and its directory (mode 0700) if need be. The caller
    /// has the lock. `clock` gives seconds since 1970.
    pub fn open(path: &Path, clock: fn() -> f64) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::database(path, &error);
        make_directory_of(path)?;
        let new = !path.exists();
        drop(private_file(path)?);
        let mut connection = Connection::open(path).map_err(failed)?;
        if is_empty(&connection, path)? {
            if !new {
                // A run that died while making the store left an empty file: nothing was in it.
                refuse_emptied(path)?;
            }
        } else {
            check(&connection, path)?;
        }
        // Before the log: the first migration makes the store in one transaction, or not at all.
        migrate(&mut connection, path)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(failed)?;
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(failed)?;
        let writer = Writer::start(path.to_owned(), connection);
        Ok(Self {
            path: path.to_owned(),
            writer,
            run: None,
            clock,
        })
    }

    /// What the store holds now.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| snapshot(connection, &path))
            .await
    }

    /// Copies the store to `directory` (see [`backup`]).
    pub fn backup(&self, directory: &Path) -> Result<PathBuf, StoreError> {
        let path = self.path.clone();
        // The copy is made from what is committed, by a connection of its own.
        let source = open_to_read(&path)?.ok_or_else(|| StoreError::file(&path, "is gone"))?;
        backup::make(&source, directory)
    }

    /// Notes that a run begins; operations are its own from here on.
    pub async fn begin_run(&mut self, run: Run) -> Result<i64, StoreError> {
        let (path, now) = (self.path.clone(), (self.clock)());
        let id = self
            .writer
            .write(move |connection| {
                connection
                    .execute(
                        "INSERT INTO runs (started_at, who, command, version) VALUES (?1, ?2, ?3, ?4)",
                        params![now, run.who, run.command, run.version],
                    )
                    .map_err(|error| StoreError::database(&path, &error))?;
                Ok(connection.last_insert_rowid())
            })
            .await?;
        self.run = Some(id);
        Ok(id)
    }

    /// Notes how the run ended.
    pub async fn end_run(&self, outcome: String) -> Result<(), StoreError> {
        let (path, now, run) = (self.path.clone(), (self.clock)(), self.run);
        self.writer
            .write(move |connection| {
                connection
                    .execute(
                        "UPDATE runs SET ended_at = ?1, outcome = ?2 WHERE id = ?3",
                        params![now, outcome, run],
                    )
                    .map_err(|error| StoreError::database(&path, &error))?;
                Ok(())
            })
            .await
    }

    /// Commits an intent (see the journal's rule). An unfinished operation with the same token is
    /// ended as superseded.
    pub async fn begin(&self, intent: Intent) -> Result<OperationId, StoreError> {
        let (path, now, run) = (self.path.clone(), (self.clock)(), self.run);
        self.writer
            .write(move |connection| {
                let place = intent.address.to_string();
                let intended = match &intent.intended {
                    Some(state) => Some(encode_state(state, &place)?),
                    None => None,
                };
                let insert = || {
                    connection.execute(
                        "UPDATE operations SET status = 'superseded', ended_at = ?1 \
                         WHERE token = ?2 AND status IN ('started', 'unknown')",
                        params![now, intent.token],
                    )?;
                    connection.execute(
                        "INSERT INTO operations (run, address, action, status, provider, \
                         object_id, token, intended, started_at) \
                         VALUES (?1, ?2, ?3, 'started', ?4, ?5, ?6, ?7, ?8)",
                        params![
                            run,
                            place,
                            intent.action.name(),
                            intent.provider.as_str(),
                            intent.id.as_ref().map(Text::as_str),
                            intent.token,
                            intended,
                            now
                        ],
                    )
                };
                insert().map_err(|error| StoreError::database(&path, &error))?;
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
                connection
                    .execute(
                        "UPDATE operations SET status = ?1, error = ?2, ended_at = ?3 WHERE id = ?4",
                        params![status, error, ended, operation],
                    )
                    .map_err(|error| StoreError::database(&path, &error))?;
                Ok(())
            })
            .await
    }

    /// Commits changes of state that need no request.
    pub async fn write(&self, writes: Vec<StateWrite>) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| apply(connection, &path, &writes))
            .await
    }

    /// Replaces the outputs.
    pub async fn set_outputs(&self, outputs: Vec<(Text, OutputState)>) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| {
                let failed = |error: rusqlite::Error| StoreError::database(&path, &error);
                connection
                    .execute("DELETE FROM outputs", [])
                    .map_err(failed)?;
                for (name, output) in &outputs {
                    let value = encode(&output.value, &format!("output.{name}"))?;
                    connection
                        .execute(
                            "INSERT INTO outputs VALUES (?1, ?2, ?3)",
                            params![name.as_str(), value, output.sensitive],
                        )
                        .map_err(failed)?;
                }
                next_serial(connection).map_err(failed)
            })
            .await
    }

    /// The operations without a result, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let path = self.path.clone();
        self.writer
            .write(move |connection| {
                let mut statement = connection
                    .prepare(
                        "SELECT id, address, action, provider, object_id, token, intended, \
                         started_at FROM operations WHERE status IN ('started', 'unknown') \
                         ORDER BY id",
                    )
                    .map_err(|error| StoreError::database(&path, &error))?;
                collect(&mut statement, &path, unfinished)
            })
            .await
    }

    /// Whether the secret digests were made with this key; remembers it if none was known.
    /// `false` means that another key made them, and that they tell nothing any more.
    pub async fn key_is_known(&self, digester: &Digester) -> Result<bool, StoreError> {
        let path = self.path.clone();
        let id = hex(&digester.key_id());
        self.writer
            .write(move |connection| {
                let failed = |error: rusqlite::Error| StoreError::database(&path, &error);
                let known = meta(connection, "key_id").map_err(failed)?;
                if known.as_ref() != Some(&id) {
                    set_meta(connection, "key_id", &id).map_err(failed)?;
                }
                Ok(known.is_none_or(|known| known == id))
            })
            .await
    }
}

/// Whether the secret digests in a store were made with this key, or by none yet. Writes nothing.
pub fn is_made_with(path: &Path, digester: &Digester) -> Result<bool, StoreError> {
    let Some(connection) = open_to_read(path)? else {
        return Ok(true);
    };
    let known = meta(&connection, "key_id").map_err(|error| StoreError::database(path, &error))?;
    Ok(known.is_none_or(|known| known == hex(&digester.key_id())))
}

/// The runs of a store, newest first.
pub fn history(path: &Path) -> Result<Vec<RunRecord>, StoreError> {
    let Some(connection) = open_to_read(path)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection
        .prepare(
            "SELECT id, started_at, ended_at, who, command, version, outcome FROM runs \
             ORDER BY id DESC",
        )
        .map_err(|error| StoreError::database(path, &error))?;
    collect(&mut statement, path, |row| {
        Ok(Some(RunRecord {
            id: row.get(0)?,
            started_at: row.get(1)?,
            ended_at: row.get(2)?,
            run: Run {
                who: row.get(3)?,
                command: row.get(4)?,
                version: row.get(5)?,
            },
            outcome: row.get(6)?,
        }))
    })
}

/// The operations of a run, in the order they began.
pub fn operations(path: &Path, run: i64) -> Result<Vec<OperationRecord>, StoreError> {
    let Some(connection) = open_to_read(path)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection
        .prepare(&format!(
            "SELECT address, action, status, error, started_at, ended_at FROM operations \
             WHERE run = {run} ORDER BY id"
        ))
        .map_err(|error| StoreError::database(path, &error))?;
    collect(&mut statement, path, |row| {
        Ok(Some(OperationRecord {
            address: row.get(0)?,
            action: row.get(1)?,
            status: row.get(2)?,
            error: row.get(3)?,
            started_at: row.get(4)?,
            ended_at: row.get(5)?,
        }))
    })
}

/// A store whose file was emptied must not be taken for a new one: everything would be created
/// again.
fn refuse_emptied(path: &Path) -> Result<(), StoreError> {
    match backup::list(&backup::directory(path))?.last() {
        None => Ok(()),
        Some(newest) => Err(StoreError::Damaged {
            path: path.to_owned(),
            reason: format!(
                "it is empty, but there was a state: see {}",
                newest.display()
            ),
        }),
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    let done = usize::try_from(version).unwrap_or(0);
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let transaction = connection.transaction().map_err(failed)?;
        transaction.execute_batch(migration).map_err(failed)?;
        if index == 0 {
            transaction
                .pragma_update(None, "application_id", APPLICATION_ID)
                .map_err(failed)?;
            let lineage: u128 = rand::random();
            set_meta(&transaction, "lineage", &format!("{lineage:032x}")).map_err(failed)?;
            set_meta(&transaction, "serial", "0").map_err(failed)?;
        }
        let next = i64::try_from(index + 1).unwrap_or(i64::MAX);
        transaction
            .pragma_update(None, "user_version", next)
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

fn meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
}

fn set_meta(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", [name, value])
        .map(|_| ())
}

fn next_serial(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'serial'",
            [],
        )
        .map(|_| ())
}

fn apply(connection: &Connection, path: &Path, writes: &[StateWrite]) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    for write in writes {
        match write {
            StateWrite::Put(address, state) => {
                let place = address.to_string();
                let values = params![
                    place,
                    state.provider.as_str(),
                    state.id.as_str(),
                    encode(&state.attributes, &place)?,
                    row::encode_dependencies(&state.dependencies),
                    i64::try_from(state.schema_version).unwrap_or(i64::MAX),
                    state.create_before_destroy,
                    state.tainted,
                    row::encode_deposed(&state.deposed, &place)?,
                ];
                connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO resources VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    )
                    .and_then(|mut statement| statement.execute(values))
                    .map_err(failed)?;
            }
            StateWrite::Remove(address) => {
                connection
                    .execute(
                        "DELETE FROM resources WHERE address = ?1",
                        [address.to_string()],
                    )
                    .map_err(failed)?;
            }
        }
    }
    if writes.is_empty() {
        Ok(())
    } else {
        next_serial(connection).map_err(failed)
    }
}

fn snapshot(connection: &Connection, path: &Path) -> Result<Snapshot, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    // One transaction, so that a run that goes on meanwhile is seen before or after a write.
    let transaction = connection.unchecked_transaction();
    let mut found = Snapshot {
        lineage: meta(connection, "lineage")
            .map_err(failed)?
            .unwrap_or_default(),
        serial: meta(connection, "serial")
            .map_err(failed)?
            .and_then(|serial| serial.parse().ok())
            .unwrap_or_default(),
        ..Snapshot::default()
    };
    let mut statement = connection
        .prepare("SELECT * FROM resources")
        .map_err(failed)?;
    let resources = collect(&mut statement, path, |row| {
        let address: String = row.get(0)?;
        let state = ResourceState {
            provider: row.get::<_, String>(1)?.into(),
            id: row.get::<_, String>(2)?.into(),
            attributes: match decode(row.get_ref(3)?.as_str()?) {
                Some(value) => value,
                None => return Ok(None),
            },
            dependencies: row::decode_dependencies(row.get_ref(4)?.as_str()?).unwrap_or_default(),
            schema_version: row.get::<_, i64>(5)?.try_into().unwrap_or_default(),
            create_before_destroy: row.get(6)?,
            tainted: row.get(7)?,
            deposed: match row::decode_deposed(row.get_ref(8)?.as_str()?) {
                Some(deposed) => deposed,
                None => return Ok(None),
            },
        };
        Ok(address.parse().ok().map(|address| (address, state)))
    })?;
    found.resources = resources.into_iter().collect();
    let mut statement = connection
        .prepare("SELECT * FROM outputs")
        .map_err(failed)?;
    let outputs = collect(&mut statement, path, |row| {
        let name: String = row.get(0)?;
        let sensitive = row.get(2)?;
        Ok(decode(row.get_ref(1)?.as_str()?)
            .map(|value| (Text::from(name), OutputState { value, sensitive })))
    })?;
    found.outputs = outputs.into_iter().collect();
    drop(transaction);
    Ok(found)
}

/// The rows of a statement; a row that `read` cannot make sense of means that the store is damaged.
fn collect<T>(
    statement: &mut rusqlite::Statement<'_>,
    path: &Path,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
) -> Result<Vec<T>, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let mut rows = statement.query([]).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let item = read(row)
            .map_err(failed)?
            .ok_or_else(|| StoreError::Damaged {
                path: path.to_owned(),
                reason: "a row cannot be read".to_owned(),
            })?;
        found.push(item);
    }
    Ok(found)
}

fn unfinished(row: &Row<'_>) -> rusqlite::Result<Option<Unfinished>> {
    let address: String = row.get(1)?;
    let action: String = row.get(2)?;
    let intended: Option<String> = row.get(6)?;
    let provider: String = row.get(3)?;
    let id: Option<String> = row.get(4)?;
    let intended = match intended {
        Some(text) => match decode_state(&text, &provider, id.as_deref()) {
            Some(state) => Some(state),
            None => return Ok(None),
        },
        None => None,
    };
    let Some(action) = ACTIONS.into_iter().find(|known| known.name() == action) else {
        return Ok(None);
    };
    let Ok(address) = address.parse() else {
        return Ok(None);
    };
    let intent = Intent {
        address,
        action,
        provider: provider.into(),
        id: id.map(Text::from),
        token: row.get(5)?,
        intended,
    };
    Ok(Some(Unfinished {
        operation: row.get(0)?,
        intent,
        started_at: row.get(7)?,
    }))
}

/// What an intent says that state will be: attributes, dependencies and flags as one JSON array.
fn encode_state(state: &ResourceState, place: &str) -> Result<String, StoreError> {
    let attributes = encode(&state.attributes, place)?;
    let dependencies = row::encode_dependencies(&state.dependencies);
    let deposed = row::encode_deposed(&state.deposed, place)?;
    let (version, first) = (state.schema_version, state.create_before_destroy);
    Ok(serde_json::json!([attributes, dependencies, deposed, version, first]).to_string())
}

fn decode_state(text: &str, provider: &str, id: Option<&str>) -> Option<ResourceState> {
    let (attributes, dependencies, deposed, schema_version, create_before_destroy) =
        serde_json::from_str::<(String, String, String, u64, bool)>(text).ok()?;
    Some(ResourceState {
        provider: provider.into(),
        id: id.unwrap_or_default().into(),
        attributes: decode(&attributes)?,
        dependencies: row::decode_dependencies(&dependencies)?,
        schema_version,
        create_before_destroy,
        tainted: false,
        deposed: row::decode_deposed(&deposed)?,
    })
}

#[cfg(test)]
mod tests;
