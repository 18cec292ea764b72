//! The machine as functions of the language see it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flowctl_lang::World;
use flowctl_lang::world::FileError;
use sha2::{Digest as _, Sha256};

use crate::app::Context;
use crate::files::Bounds;

/// How deep directories are searched: a link to a directory above it is an end, not a hang.
const MAX_DEPTH: usize = 64;

/// The disk, the clock and randomness; clock and randomness only once the plan is being applied.
pub(crate) struct Machine {
    home: Option<String>,
    directory: PathBuf,
    began: SystemTime,
    applying: Cell<bool>,
    bounds: Bounds,
    /// What functions have looked at so far: the digest of each file, and of the names in each
    /// directory.
    seen: RefCell<BTreeMap<String, String>>,
}

impl Machine {
    /// The machine at the beginning of a run.
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            home: context.env.home.clone(),
            directory: context.env.directory.clone(),
            bounds: context.bounds.clone(),
            began: SystemTime::now(),
            applying: Cell::new(false),
            seen: RefCell::default(),
        }
    }

    /// What functions have looked at so far, by path, each with something that tells its content
    /// from another.
    pub(crate) fn seen(&self) -> BTreeMap<String, String> {
        self.seen.borrow().clone()
    }

    fn note(&self, path: String, content: &[u8]) {
        let digest = format!("{:x?}", Sha256::digest(content));
        self.seen.borrow_mut().insert(path, digest);
    }

    /// When the run began, in seconds since 1970.
    pub(crate) fn began(&self) -> f64 {
        let passed = self.began.duration_since(SystemTime::UNIX_EPOCH);
        passed.unwrap_or_default().as_secs_f64()
    }

    /// The run goes on from a plan that was made at this time.
    pub(crate) fn began_at(&mut self, time: SystemTime) {
        self.began = time;
    }

    fn check(&self, path: &Path) -> Result<(), FileError> {
        if self.bounds.allow(path) {
            Ok(())
        } else {
            Err(FileError::Outside)
        }
    }

    /// Every regular file below `directory`, with `prefix` in front of its name.
    fn list(
        &self,
        directory: &Path,
        prefix: &str,
        depth: usize,
        found: &mut Vec<String>,
    ) -> Result<(), FileError> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        for entry in fs::read_dir(directory).map_err(|error| reason(&error))? {
            let entry = entry.map_err(|error| reason(&error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = entry.path();
            if !self.bounds.allow(&path) {
                continue; // A link out of the directory.
            }
            let Ok(metadata) = fs::metadata(&path) else {
                continue; // A link to nowhere is no file.
            };
            let name = format!("{prefix}{name}");
            if metadata.is_file() {
                found.push(name);
            } else if metadata.is_dir() {
                self.list(&path, &format!("{name}/"), depth + 1, found)?;
            }
        }
        Ok(())
    }

    /// The plan is being applied from here on: what was to be known only then is known.
    pub(crate) fn begin_applying(&self) {
        self.applying.set(true);
    }
}

impl World for Machine {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.check(Path::new(path))?;
        let found = fs::metadata(path).map_err(|error| reason(&error))?;
        // A device or a pipe may have no end.
        if !found.is_file() {
            return Err(FileError::NotAFile);
        }
        let bytes = fs::read(path).map_err(|error| reason(&error))?;
        self.note(path.to_owned(), &bytes);
        Ok(bytes)
    }

    fn file_exists(&self, path: &str) -> Result<bool, FileError> {
        self.check(Path::new(path))?;
        match fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(true),
            Ok(_) => Err(FileError::NotAFile),
            Err(error) => match reason(&error) {
                FileError::NotFound => Ok(false),
                other => Err(other),
            },
        }
    }

    fn list_files(&self, directory: &str) -> Result<Vec<String>, FileError> {
        let directory = if directory.is_empty() { "." } else { directory };
        self.check(Path::new(directory))?;
        let mut found = Vec::new();
        self.list(Path::new(directory), "", 0, &mut found)?;
        found.sort();
        let directory = directory.trim_end_matches('/');
        self.note(format!("{directory}/"), found.join("\n").as_bytes());
        Ok(found)
    }

    fn now(&self) -> Option<SystemTime> {
        self.applying.get().then(SystemTime::now)
    }

    fn plan_timestamp(&self) -> SystemTime {
        self.began
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        let applying = self.applying.get();
        if applying {
            rand::fill(bytes);
        }
        applying
    }

    fn home(&self) -> Option<String> {
        self.home.clone()
    }

    fn working_directory(&self) -> String {
        self.directory.to_string_lossy().into_owned()
    }
}

fn reason(error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound => FileError::NotFound,
        io::ErrorKind::PermissionDenied => FileError::Denied,
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => FileError::NotAFile,
        _ => FileError::Other,
    }
}
