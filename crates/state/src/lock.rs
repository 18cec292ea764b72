//! Exclusive use of a state by one process, by an operating-system lock: it is free the moment its
//! holder dies, whatever the holder left behind.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::StoreError;
use crate::files::{identity, identity_of, make_directory_of, make_private, private_file};

/// How often a busy lock is asked again.
const RETRY: Duration = Duration::from_millis(50);
/// How long a holder may take to write its name, and how often it is looked for.
const NAMING: (u32, Duration) = (5, Duration::from_millis(10));
/// How often in a row the file may be replaced while it is being locked.
const REPLACED: u32 = 100;

/// Who holds a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holder {
    /// A process that said who it is.
    Known(Process),
    /// What the lock's file says, if it is nothing that this flowctl wrote; it may be empty.
    Other(String),
}

/// A process that holds a lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub process: u32,
    /// Whose it is.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// What it does: `flowctl apply`.
    pub command: String,
    /// Since when, in whole seconds since 1970.
    pub since: i64,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            process,
            user,
            host,
            command,
            since,
        } = self;
        write!(f, "process {process} of {user} on {host}: `{command}`")?;
        let since = OffsetDateTime::from_unix_timestamp(*since).ok();
        match since.and_then(|since| since.format(&Rfc3339).ok()) {
            Some(since) => write!(f, ", since {since}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(process) => process.fmt(f),
            Self::Other(text) if text.trim().is_empty() => f.write_str("another process"),
            // It goes to a terminal, and anybody may have written it.
            Self::Other(text) => text.trim().chars().try_for_each(|c| {
                let shown = if c.is_control() { ' ' } else { c };
                write!(f, "{shown}")
            }),
        }
    }
}

impl From<Process> for Holder {
    fn from(process: Process) -> Self {
        Self::Known(process)
    }
}

impl<T: AsRef<str> + ?Sized> From<&T> for Holder {
    fn from(text: &T) -> Self {
        Self::read(text.as_ref())
    }
}

impl Holder {
    /// The holder that a lock's file names.
    fn read(text: &str) -> Self {
        serde_json::from_str(text).map_or_else(|_| Self::Other(text.to_owned()), Self::Known)
    }

    fn written(&self) -> String {
        match self {
            // A plain record of texts and numbers can always be written.
            Self::Known(process) => serde_json::to_string(process).unwrap_or_default(),
            Self::Other(text) => text.clone(),
        }
    }
}

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The lock's file of a state: `lock` beside `state.db`, one of its own for a state of another name.
pub fn path(state: &Path) -> PathBuf {
    match state.file_name().and_then(|name| name.to_str()) {
        Some("state.db") | None => state.with_file_name("lock"),
        Some(name) => state.with_file_name(format!("{name}.lock")),
    }
}

/// Takes the lock, waiting for it up to `timeout`. `holder` tells others who has it.
pub fn acquire(
    path: &Path,
    holder: impl Into<Holder>,
    timeout: Duration,
) -> Result<Lock, StoreError> {
    // Without a deadline if it is beyond what a clock can say.
    let deadline = Instant::now().checked_add(timeout);
    let (mut naming, mut replaced) = (NAMING.0, REPLACED);
    make_directory_of(path)?;
    loop {
        let mut file = private_file(path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return hold(path, file, &holder.into()),
            // Deleted or replaced since it was opened: others lock the file that is there now.
            Ok(()) => {
                replaced -= 1;
                if replaced == 0 {
                    return Err(StoreError::file(path, "is replaced again and again"));
                }
            }
            Err(TryLockError::WouldBlock) => {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                if left.is_none_or(|left| !left.is_zero()) {
                    sleep(left.map_or(RETRY, |left| left.min(RETRY)));
                    continue;
                }
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                if text.trim().is_empty() && naming > 0 {
                    naming -= 1;
                    sleep(NAMING.1);
                    continue;
                }
                let holder = Box::new(Holder::read(&text));
                return Err(StoreError::Locked { holder });
            }
            Err(TryLockError::Error(error)) => return Err(cannot_lock(path, &error)),
        }
    }
}

/// Who holds the lock now; `None` if nobody does. Nothing is made, and nobody is kept waiting.
pub fn holder(path: &Path) -> Option<Holder> {
    let mut file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            Some(Holder::read(&text))
        }
        // Freed with the file.
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let locked = file.metadata().ok().map(|found| identity_of(&found));
    locked.is_some() && locked == identity(path)
}

fn hold(path: &Path, mut file: File, holder: &Holder) -> Result<Lock, StoreError> {
    make_private(path)?;
    let mut write = || {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(holder.written().as_bytes())
    };
    write().map_err(|error| StoreError::system(path, "cannot be written", &error))?;
    Ok(Lock { file })
}

/// What `flock` answers on a file system without locks (`ENOLCK`; others have an error kind).
const NO_LOCKS: i32 = 37;

fn cannot_lock(path: &Path, error: &std::io::Error) -> StoreError {
    let without = error.kind() == ErrorKind::Unsupported || error.raw_os_error() == Some(NO_LOCKS);
    let reason = if without {
        "cannot be locked, because its file system has no locks: keep the state on another one \
         (`--state PATH`)"
            .to_owned()
    } else {
        format!("cannot be locked: {error}")
    };
    StoreError::file(path, reason)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What remains in the file is only read while someone holds the lock.
        let _ = self.file.set_len(0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn process(number: u32) -> Process {
        Process {
            process: number,
            user: "ann".into(),
            host: "build-1".into(),
            command: "flowctl apply".into(),
            since: 1_790_000_000,
        }
    }

    #[test]
    fn a_second_holder_is_told_who_has_it_and_gets_it_afterwards() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        assert_eq!(holder(&path), None);
        let first = acquire(&path, process(1), Duration::ZERO).unwrap();
        assert_eq!(holder(&path), Some(process(1).into()));
        let error = acquire(&path, process(2), Duration::from_millis(60)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the state is locked by process 1 of ann on build-1: `flowctl apply`, since \
             2026-09-21T14:13:20Z"
        );
        assert_eq!(
            error,
            StoreError::Locked {
                holder: Box::new(process(1).into())
            }
        );
        drop(first);
        assert_eq!(holder(&path), None);
        assert!(acquire(&path, process(2), Duration::ZERO).is_ok());
    }

    #[test]
    fn a_waiting_process_gets_the_lock_when_it_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = acquire(&path, process(1), Duration::ZERO).unwrap();
        let of_thread = path.clone();
        let second =
            std::thread::spawn(move || acquire(&of_thread, process(2), Duration::MAX).unwrap());
        sleep(Duration::from_millis(120));
        assert!(!second.is_finished());
        drop(first);
        let second = second.join().unwrap();
        assert_eq!(holder(&path), Some(process(2).into()));
        drop(second);
    }

    #[test]
    fn a_holder_that_cannot_be_understood_is_shown_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let _first = acquire(&path, "pid 7:\u{1b}[31m apply", Duration::ZERO).unwrap();
        let error = acquire(&path, process(2), Duration::ZERO).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the state is locked by pid 7: [31m apply"
        );
        fs::write(&path, "").unwrap();
        let error = acquire(&path, process(2), Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "the state is locked by another process");
    }

    #[test]
    fn a_lock_on_a_file_that_was_deleted_meanwhile_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = acquire(&path, process(1), Duration::ZERO).unwrap();
        let of_thread = path.clone();
        let second = std::thread::spawn(move || {
            acquire(&of_thread, process(2), Duration::from_secs(20)).unwrap()
        });
        sleep(Duration::from_millis(20));
        // The second waits for a file that is then replaced by one that a third process has.
        fs::remove_file(&path).unwrap();
        let third = acquire(&path, process(3), Duration::ZERO).unwrap();
        drop(first);
        sleep(Duration::from_millis(150));
        assert!(!second.is_finished(), "two processes have the lock");
        drop(third);
        assert!(is_at(&second.join().unwrap().file, &path));
    }

    #[test]
    fn a_file_system_without_locks_is_named_as_the_reason() {
        let error = std::io::Error::from_raw_os_error(NO_LOCKS);
        let told = cannot_lock(Path::new("lock"), &error).to_string();
        assert!(told.contains("has no locks"), "{told}");
    }

    #[test]
    fn a_lock_behind_a_link_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        fs::write(directory.path().join("elsewhere"), "x").unwrap();
        std::os::unix::fs::symlink(directory.path().join("elsewhere"), &path).unwrap();
        let error = acquire(&path, process(1), Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(
            fs::read_to_string(directory.path().join("elsewhere")).unwrap(),
            "x"
        );
    }
}
