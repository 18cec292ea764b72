//! What functions may see of the machine.

use std::time::SystemTime;

/// Why a file could not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileError {
    /// There is no such file or directory.
    NotFound,
    /// It is a directory where a file was expected, or a device, or the like.
    NotAFile,
    /// Access is denied.
    Denied,
    /// It is outside of what an untrusted configuration may read.
    Outside,
    /// Anything else.
    Other,
}

/// The outside world, as far as functions reach. Relative paths are relative to the directory of
/// the configuration.
pub trait World {
    /// The bytes of a file.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// Whether `path` is a regular file; an error when it is there but something else.
    fn file_exists(&self, path: &str) -> Result<bool, FileError>;
    /// Every regular file below a directory (links followed), relative to it, with `/` between
    /// names, in any order.
    fn list_files(&self, directory: &str) -> Result<Vec<String>, FileError>;
    /// The time, or `None` while planning, when it is not known yet.
    fn now(&self) -> Option<SystemTime>;
    /// The time the plan was begun, the same throughout a run and its apply.
    fn plan_timestamp(&self) -> SystemTime;
    /// Fills `bytes` at random; `false` while planning, when the outcome is not known yet.
    fn random(&self, bytes: &mut [u8]) -> bool;
    /// The home directory, for `pathexpand`.
    fn home(&self) -> Option<String>;
    /// The working directory, absolute, with `/` between names.
    fn working_directory(&self) -> String;
}
