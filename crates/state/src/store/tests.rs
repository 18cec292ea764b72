//! The store over its life: runs, the journal, damage, other versions.

use std::os::unix::fs::PermissionsExt;

use flowctl_model::event::OperationAction;
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Marks, Type, Value};
use futures::executor::block_on;
use futures::future::join_all;

use super::*;
use crate::open::APPLICATION_ID;
use crate::read::ACTIONS;
use crate::row::decode;
use crate::{history, is_made_with, operations, read_snapshot};

fn state(id: &str) -> ResourceState {
    ResourceState {
        provider: "aws".into(),
        id: id.into(),
        attributes: Value::object([("name", Value::from(id))]),
        dependencies: vec![Address::root("t", "other").resource],
        schema_version: 1,
        create_before_destroy: false,
        tainted: false,
        deposed: vec![("old".into(), Value::object([("name", Value::from("old"))]))],
    }
}

fn intent(name: &str) -> Intent {
    Intent {
        address: Address::root("t", name),
        action: OperationAction::Create,
        provider: "aws".into(),
        id: Some(name.into()),
        token: format!("token-{name}"),
        intended: Some(state(name)),
    }
}

fn open(path: &Path) -> Store {
    let mut store = Store::open(path, || 1.5).unwrap();
    let run = Run {
        who: "me".into(),
        command: "apply".into(),
        version: "1".into(),
    };
    block_on(store.begin_run(run)).unwrap();
    store
}

#[test]
fn what_is_written_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".flowctl/state.db");
    assert_eq!(read_snapshot(&path).unwrap().serial, 0);
    assert!(!path.exists(), "reading makes no file");
    let store = open(&path);
    let operation = block_on(store.begin(intent("a"))).unwrap();
    let open_operations = block_on(store.unfinished()).unwrap();
    assert_eq!(open_operations.len(), 1);
    assert_eq!(open_operations[0].intent, intent("a"));
    let put = StateWrite::Put(Address::root("t", "a"), Box::new(state("a")));
    block_on(store.end(operation, Ending::Succeeded, vec![put])).unwrap();
    assert!(block_on(store.unfinished()).unwrap().is_empty());
    let output = OutputState {
        value: "x".into(),
        sensitive: false,
    };
    block_on(store.set_outputs(vec![("o".into(), output)])).unwrap();
    drop(store);
    let snapshot = read_snapshot(&path).unwrap();
    assert_eq!(snapshot.resources[&Address::root("t", "a")], state("a"));
    assert_eq!(snapshot.outputs.len(), 1);
    assert_eq!(snapshot.serial, 2);
    assert_eq!(history(&path).unwrap()[0].run.command, "apply");
    assert_eq!(operations(&path, 1).unwrap()[0].status, "succeeded");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn an_intent_with_the_same_token_takes_the_place_of_the_open_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("state.db"));
    block_on(store.begin(intent("a"))).unwrap();
    let second = block_on(store.begin(intent("a"))).unwrap();
    let open_operations = block_on(store.unfinished()).unwrap();
    assert_eq!(
        open_operations
            .iter()
            .map(|o| o.operation)
            .collect::<Vec<_>>(),
        [second]
    );
}

#[test]
fn a_secret_is_refused_and_the_writes_beside_it_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = open(&path);
    let mut leaking = state("b");
    leaking.attributes = Value::object([("p", Value::from("hunter2").marked(Marks::SENSITIVE))]);
    let put = |name: &str, state| {
        store.write(vec![StateWrite::Put(
            Address::root("t", name),
            Box::new(state),
        )])
    };
    let (good, bad) = block_on(async { futures::join!(put("a", state("a")), put("b", leaking)) });
    good.unwrap();
    assert!(matches!(bad.unwrap_err(), StoreError::Secret { .. }));
    drop(store);
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 1);
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn many_writes_share_transactions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = open(&path);
    let writes = (0..500).map(|i| {
        let address = Address::root("t", format!("r{i}"));
        store.write(vec![StateWrite::Put(address, Box::new(state("x")))])
    });
    assert!(
        block_on(join_all(writes))
            .into_iter()
            .all(|done| done.is_ok())
    );
    // The first may be alone, and the queue holds half of them.
    let commits = store.commits();
    assert!((2..=20).contains(&commits), "{commits} transactions");
    drop(store);
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 500);
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    std::fs::write(&path, "not a database at all, not even nearly").unwrap();
    assert!(matches!(
        read_snapshot(&path),
        Err(StoreError::Damaged { .. })
    ));
    assert!(Store::open(&path, || 0.0).is_err());
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("not a database")
    );
    std::fs::remove_file(&path).unwrap();
    drop(open(&path));
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(
        read_snapshot(&path),
        Err(StoreError::Newer { found: 99, .. })
    ));
    let foreign = directory.path().join("other.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    assert!(matches!(
        Store::open(&foreign, || 0.0),
        Err(StoreError::Damaged { .. })
    ));
}

#[test]
fn backups_are_bounded_and_bring_a_state_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let backups = directory.path().join("backups");
    let store = open(&path);
    for i in 0..(backup::KEPT + 3) {
        let put = StateWrite::Put(Address::root("t", format!("r{i}")), Box::new(state("x")));
        block_on(store.write(vec![put])).unwrap();
        store.backup(&backups).unwrap();
    }
    drop(store);
    let kept = backup::list(&backups).unwrap();
    assert_eq!(kept.len(), backup::KEPT);
    backup::restore(&kept[0], &path).unwrap();
    assert_eq!(read_snapshot(&path).unwrap().resources.len(), 4);
    std::fs::write(&path, "").unwrap();
    let error = Store::open(&path, || 0.0).err().unwrap().to_string();
    assert!(error.contains("backups"), "{error}");
}

#[test]
fn another_key_is_noticed_until_every_secret_was_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = open(&path);
    let (first, second) = (Digester::new([1; 32]), Digester::new([2; 32]));
    let known = |digester: &Digester| block_on(store.key_is_known(digester)).unwrap();
    assert!(known(&first) && known(&second), "there are no secrets yet");
    let put = |name: &str, digester: &Digester| {
        let digest = digester.digest(name, &"hunter2".into());
        let mut state = state(name);
        state.attributes = Value::object([("p", Value::withheld(Type::String, digest))]);
        let put = StateWrite::Put(Address::root("t", name), Box::new(state));
        block_on(store.write(vec![put])).unwrap();
    };
    put("a", &first);
    put("b", &first);
    for _ in 0..2 {
        assert!(known(&first) && !known(&second));
    }
    put("a", &second);
    assert!(!known(&first) && !known(&second), "one was sent again");
    put("b", &second);
    assert!(!known(&first) && known(&second));
    assert!(is_made_with(&path, &second).unwrap() && !is_made_with(&path, &first).unwrap());
}

#[test]
fn types_of_empty_collections_do_not_matter() {
    let value = Value::list(Type::Any, Vec::new());
    assert_eq!(decode(&encode(&value, "a").unwrap()).unwrap(), value);
}

#[test]
fn a_backup_after_a_restore_neither_vanishes_nor_overwrites_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let backups = directory.path().join("backups");
    let first = directory.path().join("first.db");
    let store = open(&path);
    for i in 0..backup::KEPT + 3 {
        let put = StateWrite::Put(Address::root("t", format!("r{i}")), Box::new(state("x")));
        block_on(store.write(vec![put])).unwrap();
        let made = store.backup(&backups).unwrap();
        if i == 0 {
            std::fs::copy(made, &first).unwrap();
        }
    }
    drop(store);
    let newest = backup::list(&backups).unwrap().pop().unwrap();
    let before = std::fs::read(&newest).unwrap();
    // Older than every copy that is still kept, so its serial is lower than all of theirs.
    backup::restore(&first, &path).unwrap();
    let store = open(&path);
    let made = store.backup(&backups).unwrap();
    assert!(made.exists(), "the copy just made is kept");
    assert_eq!(
        std::fs::read(&newest).unwrap(),
        before,
        "other copies are left alone"
    );
}

#[test]
fn writing_to_a_deleted_or_replaced_state_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = open(&path);
    std::fs::remove_file(&path).unwrap();
    let put = || StateWrite::Put(Address::root("t", "a"), Box::new(state("x")));
    let error = block_on(store.write(vec![put()])).unwrap_err().to_string();
    assert!(error.contains("deleted or replaced"), "{error}");
    std::fs::write(&path, "another file").unwrap();
    assert!(block_on(store.write(vec![put()])).is_err());
}

#[test]
fn a_store_whose_making_was_cut_off_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    std::fs::write(&path, "").unwrap();
    assert_eq!(read_snapshot(&path).unwrap().serial, 0);
    drop(open(&path));
    let id: i64 = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .unwrap();
    assert_eq!(id, APPLICATION_ID);
}

#[test]
fn an_intent_of_any_action_with_unknown_parts_is_read_as_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("state.db"));
    let mut all = Vec::new();
    for (i, action) in ACTIONS.into_iter().enumerate() {
        let mut intent = Intent {
            action,
            ..intent(&format!("r{i}"))
        };
        if let Some(state) = &mut intent.intended {
            state.attributes = Value::object([("arn", Value::unknown(Type::String))]);
        }
        block_on(store.begin(intent.clone())).unwrap();
        all.push(intent);
    }
    let found = block_on(store.unfinished()).unwrap();
    assert_eq!(found.into_iter().map(|o| o.intent).collect::<Vec<_>>(), all);
}

#[test]
fn the_history_tells_what_a_run_did() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = open(&path);
    let changes = vec![
        ChangedPath {
            path: "size".into(),
            secret: false,
        },
        ChangedPath {
            path: "config[0].password".into(),
            secret: true,
        },
    ];
    let update = Intent {
        action: OperationAction::Update,
        ..intent("a")
    };
    let operation = block_on(store.begin_changing(update, changes.clone())).unwrap();
    block_on(store.end(operation, Ending::Succeeded, vec![])).unwrap();
    let refused = block_on(store.begin(intent("b"))).unwrap();
    block_on(store.end(refused, Ending::Failed("no".into()), vec![])).unwrap();
    let note = Note {
        address: Address::root("t", "c"),
        action: OperationAction::Forget,
        provider: "aws".into(),
        id: Some("c".into()),
    };
    block_on(store.write_noted(vec![StateWrite::Remove(note.address.clone())], vec![note]))
        .unwrap();
    let counts = Summary {
        changed: 1,
        forgotten: 1,
        failed: 1,
        ..Summary::default()
    };
    let run = history(&path).unwrap().remove(0);
    assert_eq!(
        (run.outcome, run.counts),
        (None, counts),
        "while it goes on"
    );
    let said = Summary {
        failed: 2,
        skipped: 3,
        ..counts
    };
    block_on(store.finish_run("failed".into(), said)).unwrap();
    drop(store);
    let run = history(&path).unwrap().remove(0);
    assert_eq!((run.outcome.as_deref(), run.counts), (Some("failed"), said));
    let operations = operations(&path, run.id).unwrap();
    assert_eq!(operations[0].changes, changes);
    assert_eq!(operations[0].duration(), Some(0.0));
    let told: Vec<_> = operations
        .iter()
        .map(|o| {
            (
                o.action.as_str(),
                o.status.as_str(),
                o.error.as_deref(),
                o.id.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("update", "succeeded", None, Some("a")),
            ("create", "failed", Some("no"), Some("b")),
            ("forget", "succeeded", None, Some("c")),
        ]
    );
}

#[test]
fn what_was_intended_is_dropped_with_the_end_of_an_operation() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = open(&path);
    let done = block_on(store.begin(intent("a"))).unwrap();
    block_on(store.end(done, Ending::Succeeded, vec![])).unwrap();
    let open = block_on(store.begin(intent("b"))).unwrap();
    block_on(store.end(open, Ending::Unknown("lost".into()), vec![])).unwrap();
    let left: i64 = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT count(*) FROM operations WHERE intended IS NOT NULL",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(left, 1);
    assert_eq!(block_on(store.unfinished()).unwrap()[0].intent, intent("b"));
}

#[test]
fn reading_neither_waits_for_a_run_nor_sees_half_of_a_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let store = std::sync::Arc::new(open(&path));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = {
        let (store, stop) = (store.clone(), stop.clone());
        std::thread::spawn(move || {
            // Two resources that are always written together.
            for i in 0_u64.. {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let put = |name: &str| {
                    let state = ResourceState {
                        schema_version: i,
                        ..state("x")
                    };
                    StateWrite::Put(Address::root("t", name), Box::new(state))
                };
                block_on(store.write(vec![put("a"), put("b")])).unwrap();
            }
        })
    };
    let mut versions = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let snapshot = read_snapshot(&path).unwrap();
        let versions_now: Vec<u64> = snapshot
            .resources
            .values()
            .map(|r| r.schema_version)
            .collect();
        assert!(matches!(versions_now[..], [] | [_, _]));
        if let [a, b] = versions_now[..] {
            assert_eq!((a, snapshot.serial), (b, a + 1));
            versions.insert(a);
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    assert!(versions.len() > 3, "{versions:?}");
}

/// Every digest of every file under a directory.
fn digests_in(directory: &Path, digests: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(digests_in(&path, digests));
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let here = digests
            .iter()
            .filter(|digest| text.contains(digest.as_str()));
        found.extend(here.map(|_| path.display().to_string()));
    }
    found
}

#[test]
fn a_new_key_leaves_nothing_that_the_old_one_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let key = crate::key::path(&path);
    let old = crate::key::load_or_create(&key).unwrap();
    let store = open(&path);
    let mut digests = Vec::new();
    let mut withheld = |place: &str| {
        let digest = old.digest(place, &"hunter2".into());
        digests.push(hex(digest.mac.iter()));
        Value::withheld(Type::String, digest)
    };
    let mut kept = state("a");
    kept.attributes = Value::object([("p", withheld("a"))]);
    kept.deposed = vec![("old".into(), withheld("deposed"))];
    let mut earlier = kept.clone();
    earlier.attributes = Value::object([("p", withheld("earlier"))]);
    let unfinished = Intent {
        intended: Some(ResourceState {
            attributes: Value::object([("p", withheld("intended"))]),
            ..state("b")
        }),
        ..intent("b")
    };
    let output = OutputState {
        value: withheld("output"),
        sensitive: true,
    };
    let put = |state: &ResourceState| {
        vec![StateWrite::Put(
            Address::root("t", "a"),
            Box::new(state.clone()),
        )]
    };
    block_on(store.write(put(&earlier))).unwrap();
    block_on(store.set_outputs(vec![("o".into(), output)])).unwrap();
    store.backup(&backup::directory(&path)).unwrap();
    block_on(store.write(put(&kept))).unwrap();
    block_on(store.begin(unfinished)).unwrap();
    assert!(is_made_with(&path, &old).unwrap());
    assert!(!digests_in(directory.path(), &digests).is_empty());

    let rekeyed = block_on(rekey::rekey(&store, &key)).unwrap();
    assert_eq!((rekeyed.forgotten, rekeyed.copies), (4, 1));
    assert_eq!(digests_in(directory.path(), &digests), Vec::<String>::new());
    let new = crate::key::load(&key).unwrap().unwrap();
    assert_eq!(new.key_id(), rekeyed.digester.key_id());
    assert_ne!(new.key_id(), old.key_id());
    for digester in [&old, &new] {
        assert!(
            !block_on(store.key_is_known(digester)).unwrap(),
            "secrets are to be sent again"
        );
    }
    drop(store);
    let snapshot = read_snapshot(&path).unwrap();
    let secret = snapshot.resources[&Address::root("t", "a")]
        .attributes
        .get("p")
        .unwrap()
        .clone();
    assert!(secret.is_sensitive() && !secret.is_known());
    assert!(!new.matches(secret.digest().unwrap(), &"hunter2".into()));
    let copy = backup::newest(&path).unwrap();
    assert_eq!(read_snapshot(&copy).unwrap().resources.len(), 1);
}

#[test]
fn a_change_of_keys_that_is_cut_off_ends_with_key_and_store_agreeing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let key = crate::key::path(&path);
    let old = crate::key::load_or_create(&key).unwrap();
    let put = |store: &Store| {
        let mut state = state("a");
        let digest = old.digest("a", &"hunter2".into());
        state.attributes = Value::object([("p", Value::withheld(Type::String, digest))]);
        let put = StateWrite::Put(Address::root("t", "a"), Box::new(state));
        block_on(store.write(vec![put])).unwrap();
    };
    let loaded = || crate::key::load(&key).unwrap().unwrap();
    // Before the commit: the old key is there and its digests tell what they told.
    let store = open(&path);
    put(&store);
    crate::key::prepare_next(&key).unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(loaded().key_id(), old.key_id());
    assert!(block_on(store.key_is_known(&loaded())).unwrap());
    // After the commit, before the new key has its name: opening the store gives it.
    let next = crate::key::prepare_next(&key).unwrap();
    block_on(rekey::rekey_to(&store, &next)).unwrap();
    drop(store);
    assert_eq!(loaded().key_id(), old.key_id());
    drop(open(&path));
    assert_eq!(loaded().key_id(), next.key_id());
    assert!(!is_made_with(&path, &next).unwrap());
}
