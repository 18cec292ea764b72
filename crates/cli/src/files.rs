//! Files on disk: the configuration's, for the parser, and those that flowctl writes.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flowctl_parser::FileSystem;

use crate::error::CommandError;

/// The directory outside of which nothing is read on behalf of a configuration; none if it is
/// trusted.
#[derive(Clone, Default, Debug)]
pub(crate) struct Bounds(Option<PathBuf>);

impl Bounds {
    /// Nothing but what is in this directory.
    pub(crate) fn of(directory: Option<&Path>) -> Result<Self, CommandError> {
        let found = directory.map(Path::canonicalize).transpose();
        found.map(Self).map_err(|error| {
            let directory = directory.unwrap_or(Path::new(".")).display();
            CommandError::user(
                "Cannot use the directory of --untrusted",
                format!("{directory}: {}.", reason(error)),
            )
        })
    }

    /// Whether a path may be looked at, links followed. Of one that does not exist, the part that
    /// does counts: nobody learns what there is elsewhere.
    pub(crate) fn allow(&self, path: &Path) -> bool {
        let Some(root) = &self.0 else {
            return true;
        };
        path.ancestors()
            .map(|path| {
                if path.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    path
                }
            })
            .find_map(|path| path.canonicalize().ok())
            .is_some_and(|real| real.starts_with(root))
    }
}

/// The disk; relative paths are relative to the working directory.
#[derive(Clone, Default, Debug)]
pub(crate) struct Disk {
    bounds: Bounds,
}

impl Disk {
    /// The disk as far as it may be looked at.
    pub(crate) fn within(bounds: &Bounds) -> Self {
        Self {
            bounds: bounds.clone(),
        }
    }

    fn check(&self, path: &Path) -> Result<(), String> {
        if self.bounds.allow(path) {
            return Ok(());
        }
        Err(
            "it leads out of the directory beyond which an untrusted configuration may read \
             nothing"
                .to_owned(),
        )
    }
}

impl FileSystem for Disk {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let directory = if directory.is_empty() { "." } else { directory };
        self.check(Path::new(directory))?;
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).map_err(reason)? {
            let entry = entry.map_err(reason)?;
            // What is no text is no name of a configuration file either.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // A link counts as what it leads to; one that leads nowhere is read, and fails there.
            // A pipe or a device may have no end.
            let path = entry.path();
            if fs::metadata(&path).map_or(true, |found| found.is_file()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        self.check(Path::new(path))?;
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

/// Makes a file with a text; whatever happens, it is there whole or not at all. One that is there
/// already is left as it is, and an error.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    let file = beside(path, text, Permissions::from_mode(0o666))?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Puts a text in place of a file's, so that whatever happens one of the two is there.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // The file itself and not a link to it.
    let path = path.canonicalize()?;
    let permissions = fs::metadata(&path)?.permissions();
    let file = beside(&path, text, permissions.clone())?;
    // The mask of the process does not count for a file that was there.
    file.as_file().set_permissions(permissions)?;
    file.persist(&path)?;
    Ok(())
}

/// Makes a file with a text, or puts the text in place of what is there.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    match create(path, text) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => replace(path, text),
        other => other,
    }
}

/// A file in the same directory with a text, which is on disk.
fn beside(
    path: &Path,
    text: &str,
    permissions: Permissions,
) -> io::Result<tempfile::NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".flowctl-")
        .permissions(permissions)
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_bounds_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let (inside, outside) = (directory.path().join("in"), directory.path().join("out"));
        for path in [&inside, &outside] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("file"), "").unwrap();
        }
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink("file", inside.join("fine")).unwrap();
        let bounds = Bounds::of(Some(&inside)).unwrap();
        for (path, allowed) in [
            (inside.join("file"), true),
            (inside.join("fine"), true),
            (inside.join("nothing"), true),
            (inside.join("nothing/below"), true),
            (inside.join("link/file"), false),
            (inside.join("link"), false),
            (inside.join("../out/file"), false),
            (inside.join("../out/nothing"), false),
            (PathBuf::from("/proc/self/environ"), false),
        ] {
            assert_eq!(bounds.allow(&path), allowed, "{}", path.display());
            assert!(Bounds::default().allow(&path));
        }
    }

    #[test]
    fn files_are_whole_or_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.tf");
        create(&path, "one").unwrap();
        let taken = create(&path, "two").unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
