//! A state of every schema there ever was opens for ever: as it is for reading, brought up to date
//! for writing. The fixtures were written by the versions they are named after.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's expectations")]

use std::fs;
use std::path::{Path, PathBuf};

use flowctl_model::event::OperationAction;
use flowctl_model::journal::{Ending, StateWrite};
use flowctl_model::{Address, Digester, Text, Type, Value};
use flowctl_state::{Run, Store, backup, history, key, operations, read_snapshot};
use futures::executor::block_on;
use tempfile::TempDir;

/// The key with which the fixtures' digests were made.
const KEY: &str = "85057039a71b64e46c4cbe3b49b1ca0d368af5499bc1d8cdec93b8bc096aa47c";

fn fixtures() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "db"))
        .collect();
    found.sort();
    found
}

fn copy_of(fixture: &Path) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    fs::copy(fixture, &path).unwrap();
    (directory, path)
}

fn profile() -> Address {
    "aws_appflow_connector_profile.warehouse".parse().unwrap()
}

fn check_content(path: &Path, digester: &Digester) {
    let snapshot = read_snapshot(path).unwrap();
    assert_eq!(snapshot.lineage.len(), 32);
    assert_eq!(snapshot.resources.len(), 2);
    let profile = &snapshot.resources[&profile()];
    assert_eq!(
        (profile.provider.as_str(), profile.id.as_str()),
        ("aws", "warehouse")
    );
    let mut secrets = Vec::new();
    profile
        .attributes
        .visit(&mut |path: &flowctl_model::AttributePath, value: &Value| {
            secrets.extend(value.digest().map(|digest| (path.to_string(), *digest)));
            true
        });
    let [(place, digest)] = &secrets[..] else {
        panic!("{secrets:?}")
    };
    assert!(place.ends_with("redshift[0].password"), "{place}");
    assert!(digester.matches(digest, &"CANARY-hunter2".into()));
    let note: Address = "terraform_data.note".parse().unwrap();
    let note = &snapshot.resources[&note];
    assert_eq!(note.dependencies, [profile_resource()]);
    let input = note.attributes.get("input").unwrap();
    assert_eq!(
        input
            .get("number")
            .unwrap()
            .as_number()
            .unwrap()
            .to_string(),
        "1.25"
    );
    let names = &snapshot.outputs[&Text::from("names")];
    assert_eq!(names.value.ty(), Type::list(Type::String));
    let secret = &snapshot.outputs[&Text::from("secret")];
    assert!(
        secret.sensitive
            && digester.matches(secret.value.digest().unwrap(), &"CANARY-hunter2".into())
    );
    let runs = history(path).unwrap();
    assert_eq!((runs.len(), runs[1].counts.added), (2, 2));
    assert_eq!(runs[1].outcome.as_deref(), Some("done"));
    let last = operations(path, runs[0].id).unwrap();
    assert_eq!((last.len(), last[0].status.as_str()), (1, "started"));
}

fn profile_resource() -> flowctl_model::ResourceAddress {
    profile().resource
}

#[test]
fn there_is_a_fixture_of_every_schema() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../state");
    let migrations = fs::read_dir(migrations)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let count = migrations
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .count();
    assert_eq!(fixtures().len(), count);
}

#[test]
fn every_schema_is_read_without_being_changed() {
    let digester = key::parse(KEY).unwrap();
    for fixture in fixtures() {
        let (directory, path) = copy_of(&fixture);
        let before = fs::read(&path).unwrap();
        check_content(&path, &digester);
        assert_eq!(fs::read(&path).unwrap(), before, "{}", fixture.display());
        drop(directory);
    }
}

#[test]
fn every_schema_is_brought_up_to_date_for_writing_and_kept_as_a_copy() {
    let digester = key::parse(KEY).unwrap();
    for (index, fixture) in fixtures().iter().enumerate() {
        let (directory, path) = copy_of(fixture);
        let mut store = Store::open(&path, || 1.8e9).unwrap();
        check_content(&path, &digester);
        let copies = backup::list(&backup::directory(&path)).unwrap();
        let newest = index + 1 == fixtures().len();
        assert_eq!(copies.len(), usize::from(!newest), "{}", fixture.display());
        for copy in &copies {
            check_content(copy, &digester);
        }
        let open = block_on(store.unfinished()).unwrap();
        let [unfinished] = &open[..] else {
            panic!("{open:?}")
        };
        assert_eq!(unfinished.intent.action, OperationAction::Create);
        let intended = unfinished.intent.intended.clone().unwrap();
        assert_eq!(
            intended.attributes.get("input").and_then(Value::as_str),
            Some("x")
        );
        let run = Run {
            who: "ann@build-1".into(),
            command: "apply".into(),
            version: "1".into(),
        };
        block_on(store.begin_run(run)).unwrap();
        let put = StateWrite::Put(unfinished.intent.address.clone(), Box::new(intended));
        block_on(store.end(unfinished.operation, Ending::Succeeded, vec![put])).unwrap();
        block_on(store.end_run("done".into())).unwrap();
        drop(store);
        assert_eq!(read_snapshot(&path).unwrap().resources.len(), 3);
        assert_eq!(history(&path).unwrap()[0].outcome.as_deref(), Some("done"));
        assert_eq!(
            history(&path).unwrap()[1].outcome.as_deref(),
            Some("cut off")
        );
        drop(directory);
    }
}
