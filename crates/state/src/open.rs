//! Opening a store: what it must be, what may be left of one, and bringing an older one up to date.

use std::fmt::{self, Write as _};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::files::{beside, make_directory_of, make_private, private_file, refuse_link};
use crate::lock::Holder;
use crate::{StoreError, backup, key, lock, mark, process};

/// The migrations, oldest first; a database's `user_version` counts those it has had.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../../state/0001_initial.sql"),
    include_str!("../../../state/0002_history.sql"),
];

/// Marks a SQLite file as a state of flowctl: "flow".
pub(crate) const APPLICATION_ID: i64 = 0x666c_6f77;

/// The outcome of a run that ended without saying how.
const CUT_OFF: &str = "cut off";

/// What is left of a state that is not there (or is there and empty).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Where the state should be.
    pub path: PathBuf,
    /// Its newest copy.
    pub backup: Option<PathBuf>,
    /// Whether the log is there, with what was written last.
    pub log: bool,
    /// Whether the key is there, which is made with the first state.
    pub key: bool,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = [
            (self.log, "its log is still there"),
            (self.key, "its key is still there"),
        ];
        let left = left.iter().filter(|(is_left, _)| *is_left);
        let mut left: Vec<String> = left.map(|(_, what)| (*what).to_owned()).collect();
        if let Some(newest) = &self.backup {
            left.insert(0, format!("its newest copy is {}", newest.display()));
        }
        write!(f, "there was a state, and it is gone ({})", left.join(", "))
    }
}

/// What is left of a state, if there was one and it is not there now: planning without it would
/// create everything again.
pub fn missing_but_known(path: &Path) -> Option<Missing> {
    if fs::metadata(path).is_ok_and(|found| found.len() > 0) {
        return None;
    }
    let missing = Missing {
        path: path.to_owned(),
        backup: backup::newest(path),
        log: has_log(path),
        key: key::path(path).exists() && !shares_directory(path),
    };
    (missing.backup.is_some() || missing.log || missing.key).then_some(missing)
}

/// Whether another state has been in the same directory, so that the key may be from that one.
fn shares_directory(path: &Path) -> bool {
    let own = lock::path(path);
    let entries = own
        .parent()
        .and_then(|directory| fs::read_dir(directory).ok());
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let is_lock = name == "lock" || name.as_bytes().ends_with(b".lock");
        is_lock && Some(name.as_os_str()) != own.file_name()
    })
}

/// Refuses to take a state that is gone or was emptied for a new one.
fn refuse_missing(path: &Path) -> Result<(), StoreError> {
    match missing_but_known(path).filter(|left| left.backup.is_some() || left.log) {
        Some(missing) => Err(StoreError::Damaged {
            path: path.to_owned(),
            reason: if path.exists() {
                "it is empty, but there was a state".to_owned()
            } else {
                "it is gone, but there was a state".to_owned()
            },
            backup: missing.backup,
        }),
        None => Ok(()),
    }
}

/// Refuses a database without a page, unless it is the empty file of a run that died while making
/// the store.
fn refuse_emptied(path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).is_ok_and(|found| found.len() > 0) {
        return Err(StoreError::damaged(path, "it is damaged (truncated)"));
    }
    refuse_missing(path)
}

/// Whether the log of a database has anything in it.
fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Whether there is a file.
fn is_there(path: &Path) -> Result<bool, StoreError> {
    refuse_link(path)?;
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(StoreError::file(path, "is no file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::system(path, "cannot be looked at", &error)),
    }
}

/// A connection for reading, in a transaction: everything read through it is of one moment, and a
/// run that goes on meanwhile neither waits nor is waited for. `None` if nothing was written yet.
pub(crate) fn to_read(path: &Path) -> Result<Option<Connection>, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    if !is_there(path)? {
        refuse_missing(path)?;
        return Ok(None);
    }
    let said = mark::read(path);
    let connection = read_only(path)?;
    connection.execute_batch("BEGIN").map_err(failed)?;
    if is_empty(&connection).map_err(failed)? {
        refuse_emptied(path)?;
        return Ok(None);
    }
    if check_kind(&connection, path)? == MIGRATIONS.len() {
        mark::check(&connection, path, said)?;
        return Ok(Some(connection));
    }
    migrated(&connection).map(Some).map_err(failed)
}

pub(crate) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let open = |name: &Path, flags| {
        let connection =
            Connection::open_with_flags(name, OpenFlags::SQLITE_OPEN_READ_ONLY | flags)?;
        // SQLite opens a file when it is first asked for something.
        is_empty(&connection)?;
        Ok(connection)
    };
    match open(path, OpenFlags::empty()) {
        // Where SQLite cannot keep what readers and writers share beside the database, nobody can
        // write either: it is read as it is, if nothing is waiting in a log.
        Err(error) if is_read_only_place(&error) && !beside(path, "-wal").exists() => {
            open(&immutable(path), OpenFlags::SQLITE_OPEN_URI).map_err(failed)
        }
        other => other.map_err(failed),
    }
}

fn is_read_only_place(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

/// The address of a database in a place where it cannot change.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(uri, "%{byte:02x}");
            }
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

/// A copy in memory, of the newest schema.
fn migrated(connection: &Connection) -> rusqlite::Result<Connection> {
    let mut memory = Connection::open_in_memory()?;
    Backup::new(connection, &mut memory)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    migrate(&mut memory)?;
    Ok(memory)
}

/// A connection for writing, to a store that is made if need be. The caller has the lock.
pub(crate) fn to_write(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    make_directory_of(path)?;
    if is_there(path)? {
        make_private(path)?;
    } else {
        refuse_missing(path)?;
        drop(private_file(path)?);
    }
    let said = mark::read(path);
    let mut connection = Connection::open(path).map_err(failed)?;
    let version = if is_empty(&connection).map_err(failed)? {
        refuse_emptied(path)?;
        0
    } else {
        let version = check(&connection, path)?;
        mark::check(&connection, path, said)?;
        version
    };
    if version > 0 && version < MIGRATIONS.len() {
        backup::make(&connection, &backup::directory(path))?;
    }
    // Before the log: the first migration makes the store in one transaction, or not at all.
    migrate(&mut connection).map_err(failed)?;
    for (name, value) in [("journal_mode", "WAL"), ("synchronous", "FULL")] {
        connection
            .pragma_update(None, name, value)
            .map_err(failed)?;
    }
    // What is deleted is overwritten: a digest of a secret that changed is not to stay in the file.
    for name in ["foreign_keys", "secure_delete"] {
        connection.pragma_update(None, name, true).map_err(failed)?;
    }
    refuse_running(&connection, path)?;
    note_cut_off_runs(&connection).map_err(failed)?;
    let known = meta(&connection, "key_id").map_err(failed)?;
    key::finish_next(&key::path(path), known.as_deref())?;
    Ok(connection)
}

/// Whether nothing was ever committed to a database: its making was cut off.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))
        .map(|pages| pages == 0)
}

/// Whether a database is a state store of a schema known here, and which.
fn check_kind(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let pragma = |name: &str| {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(|error| StoreError::database(path, &error))
    };
    let version = pragma("user_version")?;
    // SQLite finds out that whole pages are missing; of one that is cut it takes the rest as zeros.
    // While there is a log the page may have been cut by a full disk, and is read from the log.
    let page = u64::try_from(pragma("page_size")?).unwrap_or(1).max(1);
    if fs::metadata(path).is_ok_and(|found| found.len() % page != 0) && !has_log(path) {
        return Err(StoreError::damaged(path, "it is damaged (truncated)"));
    }
    if pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::damaged(
            path,
            "it is a database of some other program",
        ));
    }
    let known = MIGRATIONS.len();
    match usize::try_from(version) {
        Ok(version) if (1..=known).contains(&version) => Ok(version),
        Ok(version) if version > known => Err(StoreError::Newer {
            path: path.to_owned(),
            found: i64::try_from(version).unwrap_or(i64::MAX),
            known: i64::try_from(known).unwrap_or(i64::MAX),
        }),
        _ => Err(StoreError::damaged(path, "it says nothing of its schema")),
    }
}

/// The same, and whether the database is whole.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let version = check_kind(connection, path)?;
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::database(path, &error))?;
    if verdict == "ok" {
        Ok(version)
    } else {
        Err(StoreError::damaged(
            path,
            format!("it is damaged ({verdict})"),
        ))
    }
}

/// Refuses a store in which a run goes on in another process. That process must have had the lock,
/// so the lock's file was deleted.
fn refuse_running(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let mut statement = connection
        .prepare(
            "SELECT process, command, who FROM runs WHERE outcome IS NULL AND process IS NOT NULL",
        )
        .map_err(failed)?;
    let runs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let runs: Vec<(String, String, String)> = runs.and_then(Iterator::collect).map_err(failed)?;
    let going_on = runs
        .into_iter()
        .find(|(process, ..)| process::is_another_alive(process));
    match going_on {
        None => Ok(()),
        Some((_, command, who)) => Err(StoreError::Locked {
            holder: Box::new(Holder::Other(format!(
                "a run of {who} that still goes on (`{command}`), although its lock file is gone"
            ))),
        }),
    }
}

/// Notes of every run without an outcome that it was cut off.
pub(crate) fn note_cut_off_runs(connection: &Connection) -> rusqlite::Result<()> {
    let open: i64 = connection.query_row(
        "SELECT count(*) FROM runs WHERE outcome IS NULL",
        [],
        |row| row.get(0),
    )?;
    if open > 0 {
        connection.execute(
            "UPDATE runs SET outcome = ?1 WHERE outcome IS NULL",
            [CUT_OFF],
        )?;
    }
    Ok(())
}

/// Moves what the log holds into the database and empties it, as far as readers let it. If it
/// cannot be done, nothing is lost by that.
pub(crate) fn checkpoint(path: &Path) {
    if let Ok(connection) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(0);
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        if index == 0 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            let lineage: u128 = rand::random();
            set_meta(&transaction, "lineage", &format!("{lineage:032x}"))?;
            set_meta(&transaction, "serial", "0")?;
        }
        let next = i64::try_from(index + 1).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The lineage of a store: what it has in common with its copies and with no other. `None` if
/// there is no store.
pub fn lineage(path: &Path) -> Result<Option<String>, StoreError> {
    match to_read(path)? {
        Some(connection) => {
            meta(&connection, "lineage").map_err(|error| StoreError::database(path, &error))
        }
        None => Ok(None),
    }
}

/// Refuses a store of another lineage: another project's state.
pub fn expect_lineage(path: &Path, expected: &str) -> Result<(), StoreError> {
    match lineage(path)? {
        Some(found) if found != expected => Err(StoreError::damaged(
            path,
            format!(
                "it is the state of another project (lineage {found}, where {expected} was \
                 expected)"
            ),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
}

pub(crate) fn set_meta(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", [name, value])
        .map(|_| ())
}
