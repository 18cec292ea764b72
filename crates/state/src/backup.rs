//! Consistent copies of the database, made before each run that writes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::files::{beside, private_directory, private_file, refuse_link, sync_directory};
use crate::{StoreError, mark, open};

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

/// The newest copy of a state, if there is one.
pub fn newest(state: &Path) -> Option<PathBuf> {
    list(&directory(state)).ok()?.pop()
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
    put_copy(connection, &path, |_| Ok(()))?;
    let surplus = list(directory)?.into_iter().rev().skip(KEPT);
    for old in surplus {
        fs::remove_file(&old)
            .map_err(|error| StoreError::system(&old, "cannot be removed", &error))?;
    }
    Ok(path)
}

/// Puts a copy of `connection`, as `change` leaves it, in place of what is at `path`: whole, or not
/// at all.
pub(crate) fn put_copy(
    connection: &Connection,
    path: &Path,
    change: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let unfinished = unfinished(path.parent().unwrap_or(Path::new("")));
    clear(&unfinished);
    let put = || {
        let made = copy(connection, &unfinished)?;
        change(&made)?;
        made.close()
            .map_err(|(_, error)| StoreError::database(&unfinished, &error))?;
        put_in_place(&unfinished, path)
    };
    put().inspect_err(|_| clear(&unfinished))
}

/// What a copy is called in its directory before it is whole.
fn unfinished(directory: &Path) -> PathBuf {
    directory.join("unfinished.db")
}

/// Removes what an interrupted copy left behind: it is of no use to anyone.
fn clear(unfinished: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(unfinished, suffix));
    }
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
    refuse_link(directory)?;
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::system(directory, "cannot be read", &error)),
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
    stage(from, to)?.put()
}

/// A copy that is about to be put in place of a database, beside it; removed if it is not.
#[derive(Debug)]
pub struct Staged {
    file: PathBuf,
    database: PathBuf,
}

/// Where a copy waits to take the place of a database.
fn staging(database: &Path) -> PathBuf {
    database.with_extension("restoring")
}

/// Copies `from` to where it can take the place of the database `to`.
pub fn stage(from: &Path, to: &Path) -> Result<Staged, StoreError> {
    refuse_link(from)?;
    refuse_link(to)?;
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| StoreError::database(from, &error))?;
    open::check(&source, from)?;
    let staged = Staged {
        file: staging(to),
        database: to.to_owned(),
    };
    clear(&staged.file);
    copy(&source, &staged.file)?
        .close()
        .map_err(|(_, error)| StoreError::database(&staged.file, &error))?;
    Ok(staged)
}

impl Staged {
    /// Takes the place of the database, which nobody may have open.
    pub fn put(self) -> Result<(), StoreError> {
        let to = &self.database;
        // What the log holds goes into the database, so that nothing is lost if this is cut off
        // before the rename. A state that cannot be opened any more has nothing to give.
        open::checkpoint(to);
        for suffix in ["-wal", "-shm"] {
            // A log of the replaced database must not be applied to the restored one.
            let _ = fs::remove_file(beside(to, suffix));
        }
        mark::forget(to);
        put_in_place(&self.file, to)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        clear(&self.file);
    }
}

/// Removes what copies of a state left behind that were cut off. The caller has the lock.
pub fn clear_leftovers(state: &Path) {
    clear(&unfinished(&directory(state)));
    clear(&staging(state));
}

/// Gives a finished file its name, so that it survives a power cut under it.
fn put_in_place(finished: &Path, path: &Path) -> Result<(), StoreError> {
    File::open(finished)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(finished, path))
        .map_err(|error| StoreError::system(path, "cannot be put in place", &error))?;
    sync_directory(path)
}

/// A copy in a file of its own. It needs no log, and no run goes on in it.
fn copy(connection: &Connection, to: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(to, &error);
    drop(private_file(to)?);
    let mut target = Connection::open(to).map_err(failed)?;
    Backup::new(connection, &mut target)
        .and_then(|backup| backup.run_to_completion(1024, Duration::ZERO, None))
        .map_err(failed)?;
    // It goes by its name alone, so nothing of it may be in a log.
    let mode: String = target
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .map_err(failed)?;
    if mode != "delete" {
        let reason = "the copy cannot be written without a log beside it";
        return Err(StoreError::file(to, reason));
    }
    open::note_cut_off_runs(&target).map_err(failed)?;
    Ok(target)
}
