//! Files and directories that only their owner can read, and no symbolic links.

use std::fmt::Write;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::StoreError;

/// Refuses a symbolic link: state and key must be where they seem to be.
pub(crate) fn refuse_link(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_symlink() => Err(StoreError::file(
            path,
            "is a symbolic link, which is refused for state and key files",
        )),
        _ => Ok(()),
    }
}

/// Makes a directory with mode 0700 unless it is there.
pub(crate) fn private_directory(path: &Path) -> Result<(), StoreError> {
    refuse_link(path)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other.map_err(|error| {
            StoreError::file(path, format!("the directory cannot be made: {error}"))
        }),
    }
}

/// Makes the directory that a file is to be in, with mode 0700, unless it is there.
pub fn make_directory_of(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => private_directory(directory),
        _ => Ok(()),
    }
}

/// Opens a file for reading and writing, making it with mode 0600 if it is not there.
pub(crate) fn private_file(path: &Path) -> Result<File, StoreError> {
    refuse_link(path)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::file(path, format!("cannot be opened for writing: {error}")))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes sure that a file that was put in place survives a power cut under its name.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| StoreError::file(directory, error))
}
