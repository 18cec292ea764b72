//! The key of the secret digests: 256 random bits beside the state, readable by the owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flowctl_model::Digester;
use flowctl_model::secret::KEY_LENGTH;
use rand::Rng;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::files::{hex, refuse_link, sync_directory, unhex_into};

/// The key's file of a state: `key` beside `state.db`, one of its own for a state of another name, as
/// with the lock: who has the lock may make it.
pub fn path(state: &Path) -> PathBuf {
    match state.file_name().and_then(|name| name.to_str()) {
        Some("state.db") | None => state.with_file_name("key"),
        Some(name) => state.with_file_name(format!("{name}.key")),
    }
}

/// The digester of the key file, or `None` if there is no such file.
pub fn load(path: &Path) -> Result<Option<Digester>, StoreError> {
    refuse_link(path)?;
    let unreadable = |error| StoreError::system(path, "cannot be read", &error);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(StoreError::file(
            path,
            format!(
                "others can read this key (mode {:o}): set it to 600 with chmod",
                mode & 0o777
            ),
        ));
    }
    // Room for all of it at once: what grows leaves copies of itself behind.
    let mut text = Zeroizing::new(String::with_capacity(4 * KEY_LENGTH));
    let read = (&mut file)
        .take(3 * KEY_LENGTH as u64)
        .read_to_string(&mut text);
    match read {
        Err(error) if error.kind() != ErrorKind::InvalidData => Err(unreadable(error)),
        _ => parse(text.trim()).map(Some).ok_or_else(|| {
            StoreError::file(path, "is no key: 64 hexadecimal digits were expected")
        }),
    }
}

/// The digester of the key file, which is made if it is not there.
pub fn load_or_create(path: &Path) -> Result<Digester, StoreError> {
    if let Some(digester) = load(path)? {
        return Ok(digester);
    }
    make(path)
}

/// A key as hexadecimal digits, as in the file and in `FLOWCTL_STATE_KEY`.
pub fn parse(text: &str) -> Option<Digester> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    unhex_into(text, &mut *key)?;
    Some(Digester::from_key(&key))
}

/// Makes a new key at `path`, in place of the one that may be there. It appears under its name
/// whole or not at all; the caller has the state's lock.
fn make(path: &Path) -> Result<Digester, StoreError> {
    refuse_link(path)?;
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    rand::rng().fill_bytes(&mut *key);
    let text = Zeroizing::new(hex(key.iter()));
    // A file under the other name is what a killed process left.
    let unfinished = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&unfinished);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&unfinished);
        StoreError::system(path, "the key cannot be written", &error)
    })?;
    sync_directory(path)?;
    Ok(Digester::from_key(&key))
}

/// Where a key waits for the store to be told of it.
fn waiting(path: &Path) -> PathBuf {
    path.with_extension("next")
}

/// Makes a key that is to take the place of the one at `path`, beside it.
pub(crate) fn prepare_next(path: &Path) -> Result<Digester, StoreError> {
    refuse_link(path)?;
    make(&waiting(path))
}

/// Puts the prepared key in place of the one at `path`.
pub(crate) fn put_next(path: &Path) -> Result<(), StoreError> {
    fs::rename(waiting(path), path)
        .map_err(|error| StoreError::system(path, "the key cannot be replaced", &error))?;
    sync_directory(path)
}

/// Ends a change of keys that was cut off: the prepared key takes its place if the store was told
/// of it (`known` is the id of the key that the store was last written with), and is removed
/// otherwise: nothing was made with it.
pub(crate) fn finish_next(path: &Path, known: Option<&str>) -> Result<(), StoreError> {
    let prepared = waiting(path);
    if !prepared.exists() {
        return Ok(());
    }
    match load(&prepared)? {
        Some(next) if known == Some(hex(next.key_id().iter()).as_str()) => put_next(path),
        _ => {
            // One that cannot be removed is in nobody's way.
            let _ = fs::remove_file(&prepared);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        assert!(load(&path).unwrap().is_none());
        let made = load_or_create(&path).unwrap().key_id();
        assert_eq!(load_or_create(&path).unwrap().key_id(), made);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("chmod"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for wrong in [&b"short"[..], b"", b"\xff\xfe", &[b'0'; 65], &[b'+'; 64]] {
            fs::write(&path, wrong).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{error}");
        }
    }

    #[test]
    fn what_a_killed_process_left_behind_does_not_block_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(path.with_extension("new"), "half a k").unwrap();
        let made = load_or_create(&path).unwrap().key_id();
        assert_eq!(load(&path).unwrap().unwrap().key_id(), made);
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_key_behind_a_link_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("elsewhere");
        load_or_create(&target).unwrap();
        let link = directory.path().join("key");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        for refused in [load(&link).map(|_| ()), prepare_next(&link).map(|_| ())] {
            assert!(refused.unwrap_err().to_string().contains("symbolic link"));
        }
    }

    #[test]
    fn a_prepared_key_takes_its_place_only_if_the_store_knows_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let old = load_or_create(&path).unwrap().key_id();
        for known in [None, Some(false), Some(true)] {
            let next = prepare_next(&path).unwrap().key_id();
            let (told, expected) = match known {
                None => (None, old),
                Some(false) => (Some(old), old),
                Some(true) => (Some(next), next),
            };
            let told = told.map(|id| hex(id.iter()));
            finish_next(&path, told.as_deref()).unwrap();
            assert_eq!(load(&path).unwrap().unwrap().key_id(), expected);
            assert!(!waiting(&path).exists());
        }
    }
}
