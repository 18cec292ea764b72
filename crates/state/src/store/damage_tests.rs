//! Everything that can happen to the files of a state: each is an error that says what to do, and
//! nothing good is overwritten.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use flowctl_model::event::OperationAction;
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Value};
use futures::executor::block_on;
use tempfile::TempDir;

use super::*;
use crate::files::beside;
use crate::{expect_lineage, history, lineage, missing_but_known, read_snapshot};

fn state(id: &str) -> ResourceState {
    ResourceState {
        provider: "aws".into(),
        id: id.into(),
        attributes: Value::object([
            ("name", Value::from(id)),
            ("text", "x".repeat(500).as_str().into()),
        ]),
        dependencies: Vec::new(),
        schema_version: 1,
        create_before_destroy: false,
        tainted: false,
        deposed: Vec::new(),
    }
}

fn put(store: &Store, name: &str) -> Result<(), StoreError> {
    let put = StateWrite::Put(Address::root("t", name), Box::new(state(name)));
    block_on(store.write(vec![put]))
}

fn begin(store: &mut Store) {
    let run = Run {
        who: "ann@build-1".into(),
        command: "apply".into(),
        version: "1".into(),
    };
    block_on(store.begin_run(run)).unwrap();
}

/// A state of two hundred resources with one copy of itself, closed.
fn made() -> (TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let mut store = Store::open(&path, || 1.0).unwrap();
    begin(&mut store);
    for i in 0..200 {
        put(&store, &format!("r{i}")).unwrap();
    }
    let copy = store.backup(&backup::directory(&path)).unwrap();
    drop(store);
    assert!(!beside(&path, "-wal").exists());
    (directory, path, copy)
}

/// What reading and opening say; both must refuse, and name the copy.
fn refused(path: &Path, copy: &Path) -> String {
    let before = fs::read(path).ok();
    let errors = [
        read_snapshot(path).map(drop).unwrap_err(),
        history(path).map(drop).unwrap_err(),
        Store::open(path, || 1.0).map(drop).err().unwrap(),
    ];
    assert!(fs::read(path).ok() == before, "the file was changed");
    for error in &errors {
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(
            error.to_string().contains(&*copy.to_string_lossy()),
            "{error}"
        );
    }
    errors[2].to_string()
}

/// The state comes back from its copy.
fn brought_back(path: &Path, copy: &Path) {
    backup::restore(copy, path).unwrap();
    assert_eq!(read_snapshot(path).unwrap().resources.len(), 200);
    let store = Store::open(path, || 1.0).unwrap();
    put(&store, "after").unwrap();
}

#[test]
fn a_truncated_state() {
    let (_directory, path, copy) = made();
    let whole = fs::read(&path).unwrap();
    for length in [1, 100, 4096, 10_000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        refused(&path, &copy);
    }
    brought_back(&path, &copy);
}

/// What a full disk leaves: the log has all, and of its last page only a part came over.
#[test]
fn a_page_that_was_cut_is_read_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = Store::open(&path, || 1.0).unwrap();
    for i in 0..200 {
        put(&store, &format!("r{i}")).unwrap();
    }
    let left = tempfile::tempdir().unwrap();
    let cut = left.path().join("state.db");
    fs::copy(beside(&path, "-wal"), beside(&cut, "-wal")).unwrap();
    let mut pages = fs::read(&path).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > pages.len() + 4096);
    pages.extend_from_slice(&whole[pages.len()..][..1000]);
    fs::write(&cut, pages).unwrap();
    assert_eq!(read_snapshot(&cut).unwrap().resources.len(), 200);
    let store = Store::open(&cut, || 1.0).unwrap();
    put(&store, "after").unwrap();
    drop(store);
    assert_eq!(read_snapshot(&cut).unwrap().resources.len(), 201);
}

#[test]
fn an_emptied_state() {
    let (_directory, path, copy) = made();
    fs::write(&path, "").unwrap();
    assert!(refused(&path, &copy).contains("it is empty, but there was a state"));
    assert_eq!(missing_but_known(&path).unwrap().backup, Some(copy.clone()));
    brought_back(&path, &copy);
}

#[test]
fn garbage_and_damaged_pages() {
    let (_directory, path, copy) = made();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, vec![b'x'; 50_000]).unwrap();
    refused(&path, &copy);
    // A page that holds resources.
    let mut damaged = whole.clone();
    let needle = b"\"name\":\"r7\"";
    let at = whole
        .windows(needle.len())
        .position(|w| w == needle)
        .unwrap();
    damaged[at / 4096 * 4096..][..4096].fill(0);
    fs::write(&path, &damaged).unwrap();
    for error in [
        read_snapshot(&path).map(drop).unwrap_err(),
        Store::open(&path, || 1.0).map(drop).err().unwrap(),
    ] {
        assert!(
            matches!(
                error,
                StoreError::Damaged {
                    backup: Some(_),
                    ..
                }
            ),
            "{error}"
        );
    }
    // A value that is none.
    let mut damaged = whole;
    damaged[at] = b'[';
    fs::write(&path, &damaged).unwrap();
    assert!(
        read_snapshot(&path)
            .unwrap_err()
            .to_string()
            .contains("a row cannot be read")
    );
    brought_back(&path, &copy);
}

#[test]
fn one_row_among_thousands() {
    let (_directory, path, _) = made();
    let store = Store::open(&path, || 1.0).unwrap();
    let puts = (0..3_000).map(|i| {
        let name = format!("many{i}");
        StateWrite::Put(Address::root("t", name.as_str()), Box::new(state(&name)))
    });
    block_on(store.write(puts.collect())).unwrap();
    drop(store);
    let snapshot = read_snapshot(&path).unwrap();
    assert_eq!(snapshot.resources.len(), 3_200);
    for (address, resource) in &snapshot.resources {
        assert_eq!(address.resource.name, resource.id);
        let name = resource.attributes.get("name").and_then(Value::as_str);
        assert_eq!(name, Some(resource.id.as_str()));
    }
    Connection::open(&path)
        .unwrap()
        .execute(
            "UPDATE resources SET attributes = '{' WHERE id = 'many2222'",
            [],
        )
        .unwrap();
    let error = read_snapshot(&path).unwrap_err().to_string();
    assert!(error.contains("a row cannot be read"), "{error}");
}

/// Whatever is overwritten in whatever page, there is an error or a snapshot, and never a panic.
#[test]
fn pages_overwritten_one_after_the_other() {
    let (_directory, path, _) = made();
    let whole = fs::read(&path).unwrap();
    let (mut errors, mut answers) = (0, 0);
    for page in 0..whole.len() / 4096 {
        for (byte, from) in [(0, 0), (0xff, 0), (0x41, 2048)] {
            let mut damaged = whole.clone();
            damaged[page * 4096 + from..(page + 1) * 4096].fill(byte);
            fs::write(&path, &damaged).unwrap();
            match read_snapshot(&path) {
                Ok(_) => answers += 1,
                Err(_) => errors += 1,
            }
            drop(Store::open(&path, || 1.0));
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(beside(&path, suffix));
            }
        }
    }
    assert!(errors > answers, "{errors} errors, {answers} answers");
}

#[test]
fn a_database_of_another_program_and_the_state_of_another_project() {
    let (_directory, path, copy) = made();
    fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    assert!(refused(&path, &copy).contains("some other program"));
    let (_other, foreign, _) = made();
    let own = lineage(&copy).unwrap().unwrap();
    assert_ne!(lineage(&foreign).unwrap().unwrap(), own);
    expect_lineage(&copy, &own).unwrap();
    let error = expect_lineage(&foreign, &own).unwrap_err().to_string();
    assert!(error.contains("another project"), "{error}");
    assert_eq!(lineage(&path.with_file_name("none.db")).unwrap(), None);
}

#[test]
fn a_state_that_is_gone() {
    let (directory, path, copy) = made();
    let key = crate::key::path(&path);
    crate::key::load_or_create(&key).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(refused(&path, &copy).contains("it is gone, but there was a state"));
    assert!(!path.exists(), "nothing was put in its place");
    let missing = missing_but_known(&path).unwrap();
    assert!(missing.key && !missing.log);
    let told = missing.to_string();
    assert!(
        told.contains(&*copy.to_string_lossy()) && told.contains("key"),
        "{told}"
    );
    brought_back(&path, &copy);
    assert_eq!(missing_but_known(&path), None);
    // With the key alone there may have been a state; with nothing there was none.
    fs::remove_file(&path).unwrap();
    fs::remove_dir_all(backup::directory(&path)).unwrap();
    let missing = missing_but_known(&path).unwrap();
    assert_eq!((missing.backup, missing.key), (None, true));
    // The key may be that of another state in the directory.
    fs::write(directory.path().join("other.db.lock"), "").unwrap();
    assert_eq!(missing_but_known(&path), None);
    fs::remove_file(&key).unwrap();
    fs::remove_file(directory.path().join("other.db.lock")).unwrap();
    assert_eq!(missing_but_known(&path), None);
    drop(Store::open(&path, || 1.0).unwrap());
}

/// The state as a killed process leaves it: with what it wrote last in the log.
fn killed() -> (TempDir, PathBuf, PathBuf) {
    let (directory, path, _) = made();
    let mut store = Store::open(&path, || 1.0).unwrap();
    let copy = store.backup(&backup::directory(&path)).unwrap();
    begin(&mut store);
    put(&store, "late").unwrap();
    let left = directory.path().join("left");
    fs::create_dir(&left).unwrap();
    for suffix in ["", "-wal", "-mark"] {
        fs::copy(
            beside(&path, suffix),
            beside(&left.join("state.db"), suffix),
        )
        .unwrap();
    }
    drop(store);
    for suffix in ["", "-wal", "-mark"] {
        fs::rename(
            beside(&left.join("state.db"), suffix),
            beside(&path, suffix),
        )
        .unwrap();
    }
    (directory, path, copy)
}

#[test]
fn a_log_that_was_deleted_after_a_run_was_cut_off() {
    let (_directory, path, _copy) = killed();
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 201);
    let (_directory, path, copy) = killed();
    fs::remove_file(beside(&path, "-wal")).unwrap();
    let told = refused(&path, &copy);
    assert!(
        told.contains("a run was cut off, and what it wrote last is gone"),
        "{told}"
    );
    brought_back(&path, &copy);
    // A log without its database must not be thrown away either.
    let (_directory, path, copy) = killed();
    fs::remove_file(&path).unwrap();
    refused(&path, &copy);
    assert!(missing_but_known(&path).unwrap().log);
}

#[test]
fn another_program_may_open_a_state_whose_run_was_cut_off() {
    let (_directory, path, _copy) = killed();
    // It moves what is in the log into the database, and removes the log.
    let other = Connection::open(&path).unwrap();
    let count: i64 = other
        .query_row("SELECT count(*) FROM resources", [], |row| row.get(0))
        .unwrap();
    drop(other);
    assert!(count == 201 && !beside(&path, "-wal").exists());
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 201);
    drop(Store::open(&path, || 1.0).unwrap());
}

#[test]
fn an_older_file_in_place_of_the_state_is_noticed_after_a_run_was_cut_off() {
    let (_directory, path, copy) = killed();
    fs::remove_file(beside(&path, "-wal")).unwrap();
    fs::copy(&copy, &path).unwrap();
    let told = refused(&path, &copy);
    assert!(told.contains("an older file"), "{told}");
    // The way on that is named.
    fs::remove_file(beside(&path, "-mark")).unwrap();
    drop(Store::open(&path, || 1.0).unwrap());
}

#[test]
fn a_run_that_was_cut_off_is_noted_when_the_next_one_opens_the_store() {
    let (_directory, path, _copy) = killed();
    assert_eq!(history(&path).unwrap()[0].outcome, None);
    drop(Store::open(&path, || 1.0).unwrap());
    let run = &history(&path).unwrap()[0];
    assert_eq!(
        (run.outcome.as_deref(), run.ended_at),
        (Some("cut off"), None)
    );
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 201);
}

#[test]
fn files_deleted_or_replaced_while_in_use() {
    for (suffix, what) in [
        ("", "state.db: was deleted"),
        ("-wal", "the log of the state"),
    ] {
        for replace in [false, true] {
            let (_directory, path, copy) = made();
            let store = Store::open(&path, || 1.0).unwrap();
            put(&store, "before").unwrap();
            let file = beside(&path, suffix);
            let content = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            if replace {
                fs::write(&file, content).unwrap();
            }
            let error = put(&store, "after").unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
            let intent = Intent {
                address: Address::root("t", "a"),
                action: OperationAction::Create,
                provider: "aws".into(),
                id: None,
                token: "t".into(),
                intended: None,
            };
            assert!(
                block_on(store.begin(intent)).is_err(),
                "nothing more is begun"
            );
            drop(store);
            brought_back(&path, &copy);
        }
    }
}

#[test]
fn the_lock_file_deleted_while_in_use() {
    let (_directory, path, _) = made();
    let lock_path = crate::lock::path(&path);
    let held = crate::lock::acquire(&lock_path, "one", std::time::Duration::ZERO).unwrap();
    let store = Store::open(&path, || 1.0).unwrap();
    put(&store, "before").unwrap();
    fs::remove_file(&lock_path).unwrap();
    let _other = crate::lock::acquire(&lock_path, "two", std::time::Duration::ZERO).unwrap();
    let error = put(&store, "after").unwrap_err().to_string();
    assert!(
        error.contains("the lock of the state was deleted"),
        "{error}"
    );
    drop(held);
}

#[test]
fn a_run_that_goes_on_without_its_lock_file_is_not_joined_by_another() {
    let (_directory, path, _) = made();
    // Stands for the other process: its lock file was deleted.
    let mut other = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let name = |pid: u32| {
        let own = process::this().unwrap();
        let boot = own.split('/').next().unwrap().to_owned();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        format!("{boot}/{pid}/{}", fields[19])
    };
    Connection::open(&path)
        .unwrap()
        .execute(
            "INSERT INTO runs (started_at, who, command, version, process) \
             VALUES (1, 'ann@build-1', 'apply', '1', ?1)",
            [name(other.id())],
        )
        .unwrap();
    let error = Store::open(&path, || 1.0).err().unwrap();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("ann@build-1"), "{error}");
    other.kill().unwrap();
    other.wait().unwrap();
    drop(Store::open(&path, || 1.0).unwrap());
}

#[test]
fn a_full_disk_loses_nothing_that_was_answered() {
    let (_directory, path, _) = made();
    let store = Store::open(&path, || 1.0).unwrap();
    let limit = |pages: &'static str| {
        let limited = store.writer.write(move |connection| {
            connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
                .map_err(|error| StoreError::database(Path::new("state"), &error))
        });
        block_on(limited).unwrap();
    };
    limit("1");
    let mut written = 0;
    let error = loop {
        match put(&store, &format!("more{written}")) {
            Ok(()) => written += 1,
            Err(error) => break error.to_string(),
        }
        assert!(written < 1_000);
    };
    assert!(error.contains("the disk is full"), "{error}");
    let now = || read_snapshot(&path).unwrap().resources.len();
    assert_eq!(now(), 200 + written);
    // With room again it goes on.
    limit("100000");
    put(&store, "again").unwrap();
    assert_eq!(now(), 201 + written);
}

#[test]
fn copies_are_private_bounded_and_need_no_log() {
    let (directory, path, copy) = made();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&copy), 0o600);
    assert_eq!(mode(copy.parent().unwrap()), 0o700);
    read_snapshot(&copy).unwrap();
    let names: Vec<_> = fs::read_dir(copy.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    // A state that others can read is taken from them; so is what SQLite puts beside it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(&path, || 1.0).unwrap();
    put(&store, "a").unwrap();
    for suffix in ["", "-wal", "-shm", "-mark"] {
        assert_eq!(mode(&beside(&path, suffix)), 0o600, "{suffix}");
    }
    // What an interrupted copy left does not get in the way of the next.
    let copies = backup::directory(&path);
    fs::write(copies.join("unfinished.db"), "half").unwrap();
    fs::write(copies.join("unfinished.db-journal"), "half").unwrap();
    for _ in 0..2 * backup::KEPT {
        store.backup(&copies).unwrap();
    }
    assert_eq!(fs::read_dir(&copies).unwrap().count(), backup::KEPT);
    drop(store);
    assert!(directory.path().exists());
}

#[test]
fn symbolic_links_are_refused() {
    let (directory, path, copy) = made();
    let elsewhere = directory.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let moved = |from: &Path| {
        let to = elsewhere.join(from.file_name().unwrap());
        fs::rename(from, &to).unwrap();
        symlink(&to, from).unwrap();
    };
    moved(backup::directory(&path).as_path());
    let store = Store::open(&path, || 1.0).unwrap();
    let told = store
        .backup(&backup::directory(&path))
        .unwrap_err()
        .to_string();
    assert!(told.contains("symbolic link"), "{told}");
    drop(store);
    moved(&path);
    for told in [
        read_snapshot(&path).map(drop).unwrap_err(),
        Store::open(&path, || 1.0).map(drop).err().unwrap(),
        backup::restore(&copy, &path).unwrap_err(),
    ] {
        assert!(told.to_string().contains("symbolic link"), "{told}");
    }
    let linked = directory.path().join("linked");
    symlink(&elsewhere, &linked).unwrap();
    let told = Store::open(&linked.join("new.db"), || 1.0)
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("symbolic link"), "{told}");
}

#[test]
fn what_is_no_file_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let told = read_snapshot(directory.path()).unwrap_err().to_string();
    assert!(told.contains("is no file"), "{told}");
    let deep = directory.path().join("a/b/state.db");
    let told = Store::open(&deep, || 1.0).err().unwrap().to_string();
    assert!(told.contains("the directory cannot be made"), "{told}");
}
