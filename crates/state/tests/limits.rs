//! Limits of the system: no room, no permission. Each is met in a process of its own, which this
//! program starts from itself.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's expectations")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flowctl_model::journal::StateWrite;
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Value};
use flowctl_state::{Store, StoreError, backup, read_snapshot};
use futures::executor::block_on;

/// The state that the child is to work with, and where it finds what to do.
const STATE: &str = "FLOWCTL_TEST_STATE";
/// Nobody, where the tests run as root, whom no permission stops.
const NOBODY: u32 = 65_534;

fn put(store: &Store, name: &str) -> Result<(), StoreError> {
    let state = ResourceState {
        provider: "aws".into(),
        id: name.into(),
        attributes: Value::object([("text", Value::from("x".repeat(3_000).as_str()))]),
        dependencies: Vec::new(),
        schema_version: 0,
        create_before_destroy: false,
        tainted: false,
        deposed: Vec::new(),
    };
    let put = StateWrite::Put(Address::root("t", name), Box::new(state));
    block_on(store.write(vec![put]))
}

/// Writes until it is refused, and says how often it was not, and why it was.
#[test]
#[ignore = "started by the other tests"]
fn child_writes() {
    let path = PathBuf::from(std::env::var_os(STATE).unwrap());
    let (mut written, mut refused) = (0, String::new());
    match Store::open(&path, || 1.0) {
        Ok(store) => {
            while refused.is_empty() && written < 2_000 {
                match put(&store, &format!("more{written}")) {
                    Ok(()) => written += 1,
                    Err(error) => refused = error.to_string(),
                }
            }
        }
        Err(error) => refused = error.to_string(),
    }
    let read =
        read_snapshot(&path).map_or_else(|e| e.to_string(), |s| s.resources.len().to_string());
    eprintln!("\nwritten={written}\nrefused={refused}\nread={read}");
}

/// Runs the child under what `shell` sets, as somebody whom permissions stop.
fn child(path: &Path, shell: &str) -> Output {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "{shell}; exec \"$0\" --exact child_writes --ignored --nocapture"
        ))
        .arg(std::env::current_exe().unwrap())
        .env(STATE, path);
    if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().unwrap()
}

fn said(output: &Output, name: &str) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}=")));
    line.unwrap_or_else(|| panic!("the child did not end well: {text}"))
        .to_owned()
}

/// A directory that the child can work in, with a state of twenty resources.
fn made() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = Store::open(&path, || 1.0).unwrap();
    for i in 0..20 {
        put(&store, &format!("r{i}")).unwrap();
    }
    store.backup(&backup::directory(&path)).unwrap();
    drop(store);
    for path in [directory.path(), &path] {
        // Not permitted, and not needed, unless the tests run as root.
        let _ = chown(path, Some(NOBODY), Some(NOBODY));
    }
    (directory, path)
}

#[test]
fn a_limit_on_the_size_of_files_loses_nothing_that_was_answered() {
    let (_directory, path) = made();
    // Without the signal the write itself fails, as on a full disk.
    let output = child(&path, "trap '' XFSZ; ulimit -f 500");
    let (written, refused) = (said(&output, "written"), said(&output, "refused"));
    assert!(refused.contains("the disk is full"), "{refused}");
    let written: usize = written.parse().unwrap();
    assert!(written > 0, "{refused}");
    assert_eq!(said(&output, "read"), (20 + written).to_string());
    let store = Store::open(&path, || 1.0).unwrap();
    put(&store, "after").unwrap();
    drop(store);
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 21 + written);
}

#[test]
fn a_store_that_there_is_no_room_for_can_be_made_later() {
    let (directory, _) = made();
    let path = directory.path().join("new.db");
    let output = child(&path, "trap '' XFSZ; ulimit -f 8");
    assert!(said(&output, "refused").contains("the disk is full"));
    assert_eq!(said(&output, "read"), "0");
    let store = Store::open(&path, || 1.0).unwrap();
    put(&store, "a").unwrap();
}

#[test]
fn a_read_only_directory_can_be_read_and_says_why_it_cannot_be_written() {
    let (directory, path) = made();
    let before = fs::read(&path).unwrap();
    let set = |mode| {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o555);
    let output = child(&path, ":");
    set(0o755);
    let refused = said(&output, "refused");
    assert!(
        ["read-only", "may you write in it", "cannot be"]
            .iter()
            .any(|words| refused.contains(words)),
        "{refused}"
    );
    assert_eq!(said(&output, "read"), "20");
    assert_eq!(fs::read(&path).unwrap(), before);
}
