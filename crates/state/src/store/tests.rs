use std::os::unix::fs::PermissionsExt;

use flowctl_model::{Address, Marks, Type, Value};
use futures::executor::block_on;
use futures::future::join_all;

use super::*;

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
fn another_key_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("state.db"));
    let (first, second) = (Digester::new([1; 32]), Digester::new([2; 32]));
    assert!(block_on(store.key_is_known(&first)).unwrap());
    assert!(block_on(store.key_is_known(&first)).unwrap());
    assert!(!block_on(store.key_is_known(&second)).unwrap());
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
