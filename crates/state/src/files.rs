//! Files and directories that only their owner can read, and no symbolic links.

use std::fmt::Write;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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
        other => {
            other.map_err(|error| StoreError::system(path, "the directory cannot be made", &error))
        }
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
        .map_err(|error| StoreError::system(path, "cannot be opened for writing", &error))
}

/// Takes others' access to a file away, if they have any.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::system(path, "cannot be kept from others", &error);
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode.trailing_zeros() >= 6 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o700)).map_err(failed)
}

/// Which file is at a path.
pub(crate) type Identity = (u64, u64);

/// Which file is at a path, if any.
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|found| identity_of(&found))
}

/// Which file metadata are of.
pub(crate) fn identity_of(found: &fs::Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// A file that SQLite keeps beside a database: `-wal`, `-shm`.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex<'a>(bytes: impl ExactSizeIterator<Item = &'a u8>) -> String {
    // Of its final size from the beginning: what grows leaves copies of itself behind.
    let text = String::with_capacity(2 * bytes.len());
    bytes.fold(text, |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hexadecimal digits as bytes; `None` if they are not exactly as many as fit.
pub(crate) fn unhex_into(text: &str, bytes: &mut [u8]) -> Option<()> {
    if text.len() != 2 * bytes.len() {
        return None;
    }
    let digit = |c: u8| {
        char::from(c)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some(())
}

/// Makes sure that a file that was put in place survives a power cut under its name.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| StoreError::system(directory, "cannot be written to the disk", &error))
}
