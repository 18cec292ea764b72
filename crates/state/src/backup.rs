//! Consistent copies of the database, made before each run that writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::files::{private_directory, private_file, refuse_link, sync_directory};

/// How many copies are kept.
pub const KEPT: usize = 10;

/// Where the copies of a state are: `backups` beside `state.db`, a directory of its own for a state
/// of another name.
pub fn directory(state: &Path) -> PathBuf {
    match state.file_name().and_then(|name| name.to_str()) {
        Some("state.db") | None => state.with_file_name("backups"),
        Some(name) => state.with_file_name(format!("{name}.backups")),
    }
}

/// Copies `connection` into `directory` under the next number, and deletes the oldest copies beyond
/// [`KEPT`]. The number only grows: the state's serial goes back when a copy is restored.
pub fn make(connection: &Connection, directory: &Path) -> Result<PathBuf, StoreError> {
    private_directory(directory)?;
    let number = list(directory)?
        .iter()
        .filter_map(|path| number(path))
        .max()
        .unwrap_or(0)
        + 1;
    let path = directory.join(format!("state-{number:010}.db"));
    let unfinished = directory.join("unfinished.db");
    // What an interrupted copy left behind is no use to anyone.
    let _ = fs::remove_file(&unfinished);
    copy(connection, &unfinished)?;
    fs::rename(&unfinished, &path).map_err(|error| StoreError::file(&path, error))?;
    let surplus = list(directory)?.into_iter().rev().skip(KEPT);
    for old in surplus {
        fs::remove_file(&old).map_err(|error| StoreError::file(&old, error))?;
    }
    Ok(path)
}

/// The number in the name of a copy.
fn number(path: &Path) -> Option<u64> {
    path.file_stem()?
        .to_str()?
        .strip_prefix("state-")?
        .parse()
        .ok()
}

/// The copies in a directory, oldest first; empty if there is no such directory.
pub fn list(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::file(directory, error)),
    };
    let is_copy = |path: &PathBuf| {
        number(path).is_some() && path.extension().is_some_and(|extension| extension == "db")
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_copy)
        .collect();
    paths.sort();
    Ok(paths)
}

/// Puts the copy `from` in place of the database `to`, which nobody may have open.
pub fn restore(from: &Path, to: &Path) -> Result<(), StoreError> {
    refuse_link(from)?;
    refuse_link(to)?;
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| StoreError::database(from, &error))?;
    crate::store::check(&source, from)?;
    let unfinished = to.with_extension("restoring");
    let _ = fs::remove_file(&unfinished);
    copy(&source, &unfinished)?;
    // What the log holds goes into the database, so that nothing is lost if this is cut off before
    // the rename. A state that cannot be opened any more has nothing to give.
    if let Ok(replaced) = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let _ = replaced.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
    for suffix in ["-wal", "-shm"] {
        let mut side = to.as_os_str().to_owned();
        side.push(suffix);
        // A log of the replaced database must not be applied to the restored one.
        let _ = fs::remove_file(PathBuf::from(side));
    }
    fs::rename(&unfinished, to).map_err(|error| StoreError::file(to, error))?;
    sync_directory(to)
}

fn copy(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(to, &error);
    drop(private_file(to)?);
    let mut target = Connection::open(to).map_err(failed)?;
    Backup::new(connection, &mut target)
        .and_then(|backup| backup.run_to_completion(1024, Duration::ZERO, None))
        .map_err(failed)
}
