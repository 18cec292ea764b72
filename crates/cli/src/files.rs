//! The configuration's files on disk, for the parser.

use std::fs;
use std::io;
use std::path::Path;

use flowctl_parser::FileSystem;

/// The disk; relative paths are relative to the working directory.
pub(crate) struct Disk;

impl FileSystem for Disk {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let directory = if directory.is_empty() { "." } else { directory };
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).map_err(reason)? {
            let entry = entry.map_err(reason)?;
            // What is no text is no name of a configuration file either.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // A link counts as what it leads to; one that leads nowhere is read, and fails there.
            if !entry.path().is_dir() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        read(Path::new(path))
    }
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(reason)?;
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        format!("it is not UTF-8 text (byte {place})")
    })
}

/// Why, in words that fit after a colon.
#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn reason(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "it is not a directory".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
