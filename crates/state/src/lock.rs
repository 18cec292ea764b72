//! Exclusive use of a state by one process, by an operating-system lock: it is free the moment its
//! holder dies, whatever the holder left behind.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::StoreError;
use crate::files::{make_directory_of, private_file};

/// How often a busy lock is asked again.
const RETRY: Duration = Duration::from_millis(50);

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

/// Takes the lock, waiting for it up to `timeout`. `holder` is one line for others: who, since
/// when, doing what.
pub fn acquire(path: &Path, holder: &str, timeout: Duration) -> Result<Lock, StoreError> {
    let deadline = Instant::now() + timeout;
    make_directory_of(path)?;
    let mut file = private_file(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(RETRY),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // A holder that has not written its line yet is as good as unknown.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    known => known.to_owned(),
                };
                return Err(StoreError::Locked { holder });
            }
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::file(
                    path,
                    format!("cannot be locked ({error}): is it on a file system without locks?"),
                ));
            }
        }
    }
    let mut write = || {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(holder.as_bytes())
    };
    write().map_err(|error| StoreError::file(path, format!("cannot be written: {error}")))?;
    Ok(Lock { file })
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What remains in the file is only read while someone holds the lock.
        let _ = self.file.set_len(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_told_who_has_it_and_gets_it_afterwards() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = acquire(&path, "process 1: apply", Duration::ZERO).unwrap();
        let error = acquire(&path, "process 2: plan", Duration::from_millis(60)).unwrap_err();
        assert!(error.to_string().contains("process 1: apply"));
        drop(first);
        assert!(acquire(&path, "process 2: plan", Duration::ZERO).is_ok());
    }
}
