//! A world in which there is nothing, for expressions that must be literals.

use std::time::SystemTime;

use flowctl_lang::World;
use flowctl_lang::world::FileError;

/// No files, no clock, no randomness.
pub(crate) struct Nowhere;

impl World for Nowhere {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
    fn file_exists(&self, _: &str) -> Result<bool, FileError> {
        Ok(false)
    }
    fn list_files(&self, _: &str) -> Result<Vec<String>, FileError> {
        Err(FileError::NotFound)
    }
    fn now(&self) -> Option<SystemTime> {
        None
    }
    fn plan_timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn random(&self, _: &mut [u8]) -> bool {
        false
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn working_directory(&self) -> String {
        String::new()
    }
}
