//! Real processes, killed: whatever the instant, nothing is lost and nothing is made twice.
//!
//! The child is this program again: it takes the lock, opens the store, recovers, plans, applies.
//! It dies at a named point of an operation, or is killed from outside at a time left to chance.

#![expect(clippy::unwrap_used, reason = "a test's expectations")]

mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use flowctl_executor::fault::{FaultPoint, Faults, NoFaults};
use flowctl_executor::{
    Apply, Options, Outcome, Recovered, Resolve, RetryPolicy, apply, object, recover,
};
use flowctl_model::event::Operation;
use flowctl_model::plan::{Action, Change, Plan};
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Digester, Value};
use flowctl_state::{Run, Store, backup, key, lock, read_snapshot};
use futures::future::BoxFuture;
use rusqlite::Connection;
use service::{SECRET, connect, now, services, thing};
use tokio::sync::{mpsc, watch};

/// The directory that a child works in, what it wants, and where it dies.
const WORLD: &str = "FLOWCTL_TEST_WORLD";
const WANTED: &str = "FLOWCTL_TEST_WANTED";
const FAULT: &str = "FLOWCTL_TEST_FAULT";

/// Names and sizes.
type Wanted = BTreeMap<String, String>;

fn address(name: &str) -> Address {
    Address::root("test_thing", name)
}

/// The process dies at once when an operation comes by a point for the nth time.
struct DieAt(FaultPoint, std::sync::atomic::AtomicUsize);

impl Faults for DieAt {
    fn reach<'a>(&'a self, point: FaultPoint, _: &'a Operation) -> BoxFuture<'a, ()> {
        use std::sync::atomic::Ordering::Relaxed;
        if point == self.0 && self.1.fetch_sub(1, Relaxed) == 1 {
            std::process::abort();
        }
        Box::pin(std::future::ready(()))
    }
    fn watches(&self, point: FaultPoint) -> bool {
        point == self.0
    }
}

/// Resolves to what was planned.
struct Planned(BTreeMap<Address, Value>);

impl Resolve for Planned {
    fn resolve(&mut self, address: &Address) -> Result<Value, String> {
        let planned = self.0.get(address).cloned();
        planned.ok_or_else(|| format!("{address} is not planned"))
    }
    fn record(&mut self, _: &Address, _: Option<Value>) {}
}

/// The smallest planner there is: by name and size. Every third thing depends on the first.
fn plan(snapshot: &Snapshot, wanted: &Wanted, recovered: &Recovered, digester: &Digester) -> Plan {
    let services = services(Path::new("none"));
    let resource = &**services.resource_type("test_thing").unwrap();
    let mut plan = Plan::default();
    let change = |name: &str, action| Change {
        address: address(name),
        previous_address: None,
        provider: "test".into(),
        action,
        reason: None,
        id: (action != Action::Create).then(|| name.into()),
        before: snapshot
            .resources
            .get(&address(name))
            .map(|s| s.attributes.clone()),
        after: None,
        replace_paths: Vec::new(),
        changed_paths: Vec::new(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        importing: None,
        resume_token: recovered.resume.get(&address(name)).cloned(),
        deposed: None,
        awaits: Vec::new(),
    };
    for (i, (name, size)) in wanted.iter().enumerate() {
        let after = thing(name, size);
        let action = match snapshot.resources.get(&address(name)) {
            None => Action::Create,
            Some(s) if object::is_same(resource, digester, &s.attributes, &after) => Action::NoOp,
            Some(_) => Action::Update,
        };
        plan.changes.push(Change {
            after: Some(after),
            ..change(name, action)
        });
        plan.edges
            .push(if i > 0 && i % 3 == 0 { vec![0] } else { vec![] });
    }
    for address in snapshot.resources.keys() {
        let name = address.resource.name.as_str();
        if !wanted.contains_key(name) {
            plan.changes.push(change(name, Action::Delete));
            plan.edges.push(vec![]);
        }
    }
    plan
}

/// What `flowctl apply` does.
async fn run(directory: &Path, wanted: &Wanted, faults: &dyn Faults) -> Outcome {
    let state = directory.join("state.db");
    let _lock = lock::acquire(&lock::path(&state), "child", Duration::from_secs(20)).unwrap();
    let mut store = Store::open(&state, now).unwrap();
    let digester = key::load_or_create(&key::path(&state)).unwrap();
    let services = services(&directory.join("service.db"));
    let (events, _) = mpsc::unbounded_channel();
    let snapshot = store.snapshot().await.unwrap();
    let is_wanted = |a: &Address| {
        let name = a.resource.name.as_str();
        wanted.get(name).map(|size| thing(name, size))
    };
    let recovered = recover(
        &store,
        &services,
        &digester,
        &snapshot,
        &is_wanted,
        now(),
        &events,
    );
    let recovered = recovered.await.unwrap();
    assert!(recovered.errors.is_empty(), "{:?}", recovered.errors);
    let snapshot = store.snapshot().await.unwrap();
    let plan = plan(&snapshot, wanted, &recovered, &digester);
    store.backup(&backup::directory(&state)).unwrap();
    let begun = Run {
        who: "test".into(),
        command: "apply".into(),
        version: "0".into(),
    };
    store.begin_run(begun).await.unwrap();
    let (_cancel, cancelled) = watch::channel(false);
    let after = |c: &Change| Some((c.address.clone(), c.after.clone()?));
    let mut resolve = Planned(plan.changes.iter().filter_map(after).collect());
    let work = Apply {
        plan: &plan,
        snapshot: &snapshot,
        services: &services,
        journal: &store,
        digester: &digester,
        faults,
        events,
        options: Options {
            parallelism: 4,
            retry: RetryPolicy::default(),
            progress_every: Duration::from_secs(10),
            cancel: cancelled,
        },
    };
    let outcome = apply(&work, &mut resolve).await.unwrap();
    store
        .finish_run("done".into(), outcome.summary)
        .await
        .unwrap();
    outcome
}

#[test]
#[ignore = "started by the other tests"]
fn child() {
    let directory = PathBuf::from(std::env::var_os(WORLD).unwrap());
    let wanted: Wanted = std::env::var(WANTED)
        .unwrap()
        .split_whitespace()
        .map(|pair| pair.split_once(':').unwrap())
        .map(|(name, size)| (name.to_owned(), size.to_owned()))
        .collect();
    let faults: Box<dyn Faults> = match std::env::var(FAULT).unwrap().split_once(':') {
        Some((point, nth)) => Box::new(DieAt(
            point.parse().unwrap(),
            nth.parse::<usize>().unwrap().into(),
        )),
        None => Box::new(NoFaults),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = runtime.block_on(run(&directory, &wanted, &*faults));
    assert!(outcome.summary.is_complete(), "{:?}", outcome.failed);
    std::fs::write(directory.join("done"), outcome.done.len().to_string()).unwrap();
}

struct World(tempfile::TempDir);

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a child to its end, or until it is killed.
    fn run(&self, wanted: &Wanted, fault: &str, kill_after: Option<Duration>) -> ExitStatus {
        let pairs: Vec<String> = wanted.iter().map(|(n, s)| format!("{n}:{s}")).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(WORLD, self.0.path())
            .env(WANTED, pairs.join(" "))
            .env(FAULT, fault)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.path("said")).unwrap())
            .spawn()
            .unwrap();
        if let Some(after) = kill_after {
            std::thread::sleep(after);
            child.kill().unwrap();
        }
        child.wait().unwrap()
    }

    /// The next run ends with everything as wanted, once; the one after that has nothing to do.
    fn check(&self, wanted: &Wanted, what: &str) {
        let integrity: String = Connection::open(self.path("state.db"))
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(integrity, "ok", "{what}");
        for expected in [None, Some("0")] {
            let status = self.run(wanted, "", None);
            let said = std::fs::read_to_string(self.path("said")).unwrap();
            assert!(status.success(), "{what}: {said}");
            let done = std::fs::read_to_string(self.path("done")).unwrap();
            assert!(
                expected.is_none_or(|expected| done == expected),
                "{what}: {done} operations"
            );
        }
        let service = connect(&self.path("service.db"));
        let live: Wanted = service
            .prepare("SELECT name, size FROM things")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(live, *wanted, "{what}");
        let snapshot = read_snapshot(&self.path("state.db")).unwrap();
        let kept: Wanted = snapshot
            .resources
            .values()
            .map(|r| {
                (
                    r.id.to_string(),
                    r.attributes
                        .get("size")
                        .unwrap()
                        .as_str()
                        .unwrap()
                        .to_owned(),
                )
            })
            .collect();
        assert_eq!(kept, *wanted, "{what}");
        // Between two deletions each was made at most once.
        let log: Vec<(String, String)> = service
            .prepare("SELECT verb, name FROM log ORDER BY id")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut there = BTreeSet::new();
        for (verb, name) in log {
            match verb.as_str() {
                "create" => assert!(there.insert(name.clone()), "{what}: {name} was made twice"),
                "delete" => assert!(there.remove(&name), "{what}: {name} was deleted twice"),
                _ => assert!(there.contains(&name), "{what}"),
            }
        }
        let open: i64 = Connection::open(self.path("state.db"))
            .unwrap()
            .query_row(
                "SELECT count(*) FROM operations WHERE status IN ('started', 'unknown')",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(open, 0, "{what}");
        // And nowhere is the secret.
        for entry in std::fs::read_dir(self.0.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(SECRET), "{what}: {}", path.display());
            }
        }
    }
}

/// What is wanted in a round: things come, change and go.
fn wanted(round: u64) -> Wanted {
    let names = (0..9).filter(|i| !(round + i).is_multiple_of(4));
    names
        .map(|i| (format!("t{i}"), ((round / 2 + i) % 3).to_string()))
        .collect()
}

#[test]
fn processes_that_die_at_a_point_of_an_operation() {
    let world = World(tempfile::tempdir().unwrap());
    let (mut round, mut died) = (0, 0);
    for nth in [1, 3, 4] {
        for (name, _) in FaultPoint::ALL {
            round += 1;
            let fault = format!("{name}:{nth}");
            let status = world.run(&wanted(round), &fault, None);
            died += u32::from(!status.success());
            world.check(&wanted(round), &format!("round {round}, {fault}"));
        }
    }
    assert!(died >= 13, "only {died} of {round} died");
}

#[test]
fn processes_that_are_killed_at_any_time() {
    let world = World(tempfile::tempdir().unwrap());
    world.check(&wanted(0), "at first");
    // The instants of death lie within what a run takes on this machine.
    let begun = std::time::Instant::now();
    world.run(&wanted(0), "", None);
    let usual = begun.elapsed().max(Duration::from_millis(20));
    let span = u64::try_from(usual.as_micros()).unwrap();
    let mut chance = 20_261_125_u64;
    let mut killed = 0;
    for round in 1..=30 {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let after = Duration::from_micros((chance >> 33) % span);
        let status = world.run(&wanted(round), "", Some(after));
        killed += u32::from(!status.success());
        // Sometimes the one that is to mend it is killed too.
        if round % 3 == 0 {
            world.run(&wanted(round), "", Some(after / 2));
        }
        world.check(
            &wanted(round),
            &format!("round {round}, killed after {after:?}"),
        );
    }
    assert!(killed >= 10, "only {killed} were killed in time");
}
