//! The key of the secret digests: 256 random bits beside the state, readable by the owner alone.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use flowctl_model::Digester;
use flowctl_model::secret::KEY_LENGTH;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::files::{hex, refuse_link, sync_directory};

/// The digester of the key file, or `None` if there is no such file.
pub fn load(path: &Path) -> Result<Option<Digester>, StoreError> {
    refuse_link(path)?;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(path, format!("cannot be read: {error}"))),
    };
    let mode = fs::metadata(path).map_or(0, |found| found.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(StoreError::file(
            path,
            format!(
                "others can read this key (mode {:o}): set it to 600 with chmod",
                mode & 0o777
            ),
        ));
    }
    parse(text.trim())
        .map(Some)
        .ok_or_else(|| StoreError::file(path, "is no key: 64 hexadecimal digits were expected"))
}

/// The digester of the key file, which is made if it is not there.
pub fn load_or_create(path: &Path) -> Result<Digester, StoreError> {
    if let Some(digester) = load(path)? {
        return Ok(digester);
    }
    let key: [u8; KEY_LENGTH] = rand::random();
    let text = Zeroizing::new(hex(&key));
    // The key appears under its name whole or not at all; the caller has the state's lock, so a
    // file under the other name is what a killed process left.
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
    write()
        .map_err(|error| StoreError::file(path, format!("the key cannot be written: {error}")))?;
    sync_directory(path)?;
    Ok(Digester::new(key))
}

/// A key as hexadecimal digits, as in the file and in `FLOWCTL_STATE_KEY`.
pub fn parse(text: &str) -> Option<Digester> {
    if text.len() != 2 * KEY_LENGTH || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY_LENGTH];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(Digester::new(key))
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
        fs::write(&path, "short").unwrap();
        assert!(load(&path).is_err());
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
        assert!(
            load(&link)
                .unwrap_err()
                .to_string()
                .contains("symbolic link")
        );
    }
}
