use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowctl_model::AttributePath;
use tokio::sync::Notify;

use super::*;
use crate::fault::{FaultPoint, NoFaults};
use crate::recover::{Recovered, recover};
use crate::testing::{
    Fault, Held, MemoryJournal, NOW, OnDisk, Service, address, digester, intent, services, thing,
};

/// What is wanted of one thing: name, size and the names of what it depends on.
type Wanted = (&'static str, &'static str, &'static [&'static str]);

/// A service, a journal and what runs leave in them.
struct World<J = MemoryJournal> {
    service: Arc<Service>,
    journal: J,
    cancel: watch::Sender<bool>,
}

impl World {
    fn new() -> Self {
        Self::with(MemoryJournal::default())
    }
}

impl<J: Held> World<J> {
    fn with(journal: J) -> Self {
        Self {
            service: Arc::default(),
            journal,
            cancel: watch::channel(false).0,
        }
    }

    /// Applies a plan; every event that was sent, and the outcome.
    async fn apply(&self, plan: &Plan, faults: &dyn Faults) -> (Outcome, Vec<Event>) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let run = Apply {
            plan,
            snapshot: &self.journal.snapshot(),
            services: &services(&self.service),
            journal: &self.journal,
            digester: &digester(),
            faults,
            events: sender,
            options: Options {
                parallelism: 2,
                retry: RetryPolicy {
                    attempts: 3,
                    ..RetryPolicy::default()
                },
                progress_every: Duration::from_secs(10),
                cancel: self.cancel.subscribe(),
            },
        };
        let outcome = apply(&run, &mut Planned::of(plan)).await.unwrap();
        drop(run);
        let mut events = Vec::new();
        while let Some(event) = receiver.recv().await {
            events.push(event);
        }
        (outcome, events)
    }

    async fn recover(&self, wanted: &[Wanted]) -> Recovered {
        let configured = |a: &Address| {
            let found = wanted.iter().find(|(name, ..)| address(name) == *a);
            found.map(|(name, size, _)| thing(name, size))
        };
        recover(
            &self.journal,
            &services(&self.service),
            &digester(),
            &self.journal.snapshot(),
            &configured,
            NOW + 10.0,
            &mpsc::unbounded_channel().0,
        )
        .await
        .unwrap()
    }

    /// Recovers, plans and applies, as the next run does.
    async fn run(&self, wanted: &[Wanted]) -> Outcome {
        let recovered = self.recover(wanted).await;
        assert!(recovered.errors.is_empty(), "{:?}", recovered.errors);
        let plan = plan(&self.journal.snapshot(), wanted, &recovered);
        self.apply(&plan, &NoFaults).await.0
    }

    fn live(&self) -> Vec<String> {
        self.service.with(|s| s.names())
    }

    fn in_state(&self) -> Vec<String> {
        self.journal
            .snapshot()
            .resources
            .values()
            .map(|r| r.id.to_string())
            .collect()
    }
}

/// Resolves to what was planned.
struct Planned(HashMap<Address, Value>, BTreeMap<Address, Option<Value>>);

impl Planned {
    fn of(plan: &Plan) -> Self {
        let after = |c: &Change| Some((c.address.clone(), c.after.clone()?));
        Self(
            plan.changes.iter().filter_map(after).collect(),
            BTreeMap::new(),
        )
    }
}

impl Resolve for Planned {
    fn resolve(&mut self, address: &Address) -> Result<Value, String> {
        self.0
            .get(address)
            .cloned()
            .ok_or_else(|| format!("{address} is not planned"))
    }
    fn record(&mut self, address: &Address, object: Option<Value>) {
        if let Some(object) = &object {
            assert!(object.is_wholly_known(), "{address}: {object:?}");
            assert_eq!(
                object.get("password").and_then(Value::as_str),
                Some("hunter2")
            );
        }
        self.1.insert(address.clone(), object);
    }
}

fn change(name: &str, action: Action) -> Change {
    Change {
        address: address(name),
        previous_address: None,
        provider: "test".into(),
        action,
        reason: None,
        id: (action != Action::Create).then(|| name.into()),
        before: None,
        after: Some(thing(name, "1")),
        replace_paths: Vec::new(),
        changed_paths: Vec::new(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        importing: None,
        resume_token: None,
        deposed: None,
    }
}

/// The smallest planner there is: by name and size.
fn plan(snapshot: &Snapshot, wanted: &[Wanted], recovered: &Recovered) -> Plan {
    let mut plan = Plan::default();
    let services = services(&Arc::default());
    let resource = &**services.resource_type("test_thing").unwrap();
    for (name, size, _) in wanted {
        let state = snapshot.resources.get(&address(name));
        let after = thing(name, size);
        let action = match state {
            None => Action::Create,
            Some(s) if object::is_same(resource, &digester(), &s.attributes, &after) => {
                Action::NoOp
            }
            Some(_) => Action::Update,
        };
        plan.changes.push(Change {
            before: state.map(|s| s.attributes.clone()),
            after: Some(after),
            resume_token: recovered.resume.get(&address(name)).cloned(),
            ..change(name, action)
        });
    }
    for (address, state) in &snapshot.resources {
        let name = address.resource.name.as_str();
        if !wanted.iter().any(|(wanted, ..)| *wanted == name) {
            let before = Some(state.attributes.clone());
            plan.changes.push(Change {
                before,
                after: None,
                ..change(name, Action::Delete)
            });
        }
    }
    let index = |name: &str| {
        plan.changes
            .iter()
            .position(|c| c.address == address(name))
            .unwrap()
    };
    let edges = |(_, _, needs): &Wanted| needs.iter().map(|n| index(n)).collect();
    plan.edges = wanted.iter().map(edges).collect();
    plan
}

fn of(changes: Vec<Change>, edges: Vec<Vec<usize>>) -> Plan {
    Plan {
        changes,
        edges,
        ..Plan::default()
    }
}

const THREE: &[Wanted] = &[("a", "1", &[]), ("b", "1", &["a"]), ("c", "1", &[])];

#[tokio::test(start_paused = true)]
async fn an_applied_plan_leads_to_an_empty_one_and_can_be_taken_down() {
    let world = World::new();
    let outcome = world.run(THREE).await;
    assert_eq!(
        outcome.summary,
        Summary {
            added: 3,
            ..Summary::default()
        }
    );
    assert_eq!(
        (world.live(), world.in_state()),
        (names("a b c"), names("a b c"))
    );
    let again = world.run(THREE).await;
    assert_eq!((again.done.len(), again.summary), (0, Summary::default()));
    let changed = world.run(&[("a", "2", &[]), ("b", "1", &["a"])]).await;
    assert_eq!(
        changed.summary,
        Summary {
            changed: 1,
            destroyed: 1,
            ..Summary::default()
        }
    );
    assert_eq!(world.service.with(|s| s.size("a")).as_deref(), Some("2"));
    world.run(&[]).await;
    assert_eq!((world.live(), world.in_state()), (names(""), names("")));
    assert!(
        world
            .journal
            .operations()
            .iter()
            .all(|line| line.ends_with("succeeded"))
    );
}

fn names(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_only_what_depends_on_it() {
    let world = World::new();
    world
        .service
        .with(|s| s.fault("create", "a", &[Fault::Refuses(ErrorKind::Validation)]));
    let plan = plan(&Snapshot::default(), THREE, &Recovered::default());
    let (outcome, events) = world.apply(&plan, &NoFaults).await;
    assert_eq!((world.live(), world.in_state()), (names("c"), names("c")));
    assert_eq!(
        outcome.summary,
        Summary {
            added: 1,
            failed: 1,
            skipped: 1,
            ..Summary::default()
        }
    );
    let because = &outcome.skipped[0].1;
    assert_eq!(*because, Skipped::DependencyFailed(address("a")));
    // A refusal is not sent again, and each operation that was planned ended once.
    assert_eq!(
        world.service.with(|s| s.calls()),
        names_of_calls(&["create a", "create c"])
    );
    let count = |what: fn(&Event) -> bool| events.iter().filter(|e| what(e)).count();
    assert_eq!(count(|e| matches!(e, Event::OperationPlanned(_))), 3);
    assert_eq!(count(|e| matches!(e, Event::OperationFinished { .. })), 1);
    assert_eq!(count(|e| matches!(e, Event::OperationFailed { .. })), 1);
    assert_eq!(count(|e| matches!(e, Event::OperationSkipped { .. })), 1);
    assert_eq!(events.last(), Some(&Event::Summary(outcome.summary)));
}

fn names_of_calls(calls: &[&str]) -> Vec<String> {
    calls.iter().map(|&c| c.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_throttling_are_waited_out_without_a_duplicate() {
    let world = World::new();
    world.service.with(|s| {
        s.fault(
            "create",
            "a",
            &[Fault::LosesAnswer, Fault::Refuses(ErrorKind::Throttled)],
        );
        s.fault("create", "b", &[Fault::Refuses(ErrorKind::Internal)]);
    });
    let outcome = world.run(THREE).await;
    assert_eq!(
        outcome.summary,
        Summary {
            added: 3,
            ..Summary::default()
        }
    );
    world
        .service
        .with(|s| s.fault("delete", "c", &[Fault::LosesAnswer; 3]));
    let outcome = world.run(&THREE[..2]).await;
    assert_eq!(
        outcome.summary,
        Summary {
            destroyed: 1,
            ..Summary::default()
        }
    );
    assert_eq!(
        (world.live(), world.in_state()),
        (names("a b"), names("a b"))
    );
    assert!(
        world
            .service
            .with(|s| ["a", "b", "c"].iter().all(|n| s.times_made(n) == 1))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_lost_for_good_is_found_by_the_next_run() {
    let world = World::new();
    world
        .service
        .with(|s| s.fault("create", "a", &[Fault::LosesAnswer; 3]));
    let outcome = world.run(&THREE[..1]).await;
    assert_eq!(outcome.summary.failed, 1);
    assert_eq!(world.journal.operations(), ["create a: unknown"]);
    assert_eq!((world.live(), world.in_state()), (names("a"), names("")));
    let outcome = world.run(&THREE[..1]).await;
    assert_eq!(
        outcome.summary,
        Summary {
            added: 1,
            ..Summary::default()
        }
    );
    assert_eq!(
        world.journal.operations(),
        ["create a: failed", "create a: succeeded"]
    );
    assert_eq!(world.service.with(|s| s.times_made("a")), 1);
    assert_eq!(world.in_state(), names("a"));
}

#[tokio::test(start_paused = true)]
async fn a_strangers_object_is_not_taken_over_by_a_resumed_creation() {
    let world = World::new();
    world.service.with(|s| s.put("a", "1"));
    world
        .journal
        .begin_now(intent(OperationAction::Create, "a", Some(&thing("a", "1"))));
    let outcome = world.run(&THREE[..1]).await;
    let [(_, Failure::Service(error))] = &outcome.failed[..] else {
        panic!("{:?}", outcome.failed)
    };
    assert!(
        error
            .hint
            .as_deref()
            .unwrap_or_default()
            .contains("flowctl import"),
        "{error:?}"
    );
    assert_eq!(world.in_state(), names(""));
}

#[tokio::test(start_paused = true)]
async fn cancellation_lets_what_is_in_flight_finish() {
    let world = World::new();
    let plan = plan(&Snapshot::default(), THREE, &Recovered::default());
    let stop = async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        world.cancel.send_replace(true);
    };
    let ((outcome, events), ()) = tokio::join!(world.apply(&plan, &NoFaults), stop);
    assert!(outcome.interrupted && outcome.failed.is_empty());
    assert_eq!(
        (world.live(), world.in_state()),
        (names("a c"), names("a c"))
    );
    assert_eq!(outcome.skipped[0].1, Skipped::Cancelled);
    assert!(events.contains(&Event::Cancelled { in_flight: 2 }));
    // Cancelled before it began, nothing is sent at all.
    let before = world.service.with(|s| s.calls().len());
    let (outcome, _) = world.apply(&plan, &NoFaults).await;
    assert_eq!(
        (
            outcome.skipped.len(),
            world.service.with(|s| s.calls().len())
        ),
        (3, before)
    );
}

#[tokio::test(start_paused = true)]
async fn parallelism_is_bounded_and_used() {
    let world = World::new();
    let many: Vec<Change> = (0..20)
        .map(|i| change(&format!("t{i}"), Action::Create))
        .collect();
    let many = many.into_iter().map(|c| Change {
        after: Some(thing(&c.address.resource.name, "1")),
        ..c
    });
    let (outcome, _) = world
        .apply(&of(many.collect(), vec![vec![]; 20]), &NoFaults)
        .await;
    assert_eq!(outcome.done.len(), 20);
    assert_eq!(world.service.with(|s| s.most_in_flight()), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_ends_the_run_and_is_said() {
    // Commits that work before the disk is full, and whether the object was made by then.
    for (commits, live) in [(0, ""), (1, "a")] {
        let world = World::new();
        world.journal.fail_after(commits);
        let plan = plan(&Snapshot::default(), &THREE[..2], &Recovered::default());
        let (outcome, _) = world.apply(&plan, &NoFaults).await;
        assert!(
            matches!(outcome.failed[..], [(_, Failure::Store(_))]),
            "{:?}",
            outcome.failed
        );
        assert_eq!((outcome.skipped.len(), outcome.interrupted), (1, false));
        assert_eq!(world.live(), names(live));
        world.journal.fail_after(usize::MAX);
        world.run(&THREE[..2]).await;
        assert_eq!(
            (world.live(), world.in_state()),
            (names("a b"), names("a b"))
        );
        assert_eq!(world.service.with(|s| s.times_made("a")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn replacements_in_both_orders() {
    let world = World::new();
    world.run(&THREE[..1]).await;
    let replaced = |action, name: &str| Change {
        before: Some(
            world.journal.snapshot().resources[&address("a")]
                .attributes
                .clone(),
        ),
        after: Some(thing(name, "2")),
        id: world
            .journal
            .snapshot()
            .resources
            .get(&address("a"))
            .map(|r| r.id.clone()),
        ..change("a", action)
    };
    world
        .service
        .with(|s| s.fault("delete", "a", &[Fault::Refuses(ErrorKind::Conflict)]));
    let plan = of(vec![replaced(Action::CreateThenDelete, "a2")], vec![vec![]]);
    let (outcome, _) = world.apply(&plan, &NoFaults).await;
    assert_eq!((outcome.summary.added, outcome.summary.failed), (1, 1));
    let state = &world.journal.snapshot().resources[&address("a")];
    assert_eq!(
        (state.id.as_str(), state.deposed[0].0.as_str()),
        ("a2", "a")
    );
    // The object put aside is deleted by a plan that says so, and nothing else is touched.
    let deposed = Change {
        before: Some(state.attributes.clone()),
        after: None,
        deposed: Some("a".into()),
        ..change("a", Action::Delete)
    };
    let (outcome, _) = world
        .apply(&of(vec![deposed], vec![vec![]]), &NoFaults)
        .await;
    assert_eq!(outcome.summary.destroyed, 1);
    assert_eq!((world.live(), world.in_state()), (names("a2"), names("a2")));
    let plan = of(vec![replaced(Action::DeleteThenCreate, "a3")], vec![vec![]]);
    let (outcome, _) = world.apply(&plan, &NoFaults).await;
    assert_eq!((outcome.summary.added, outcome.summary.destroyed), (1, 1));
    assert_eq!((world.live(), world.in_state()), (names("a3"), names("a3")));
    assert!(
        world.journal.snapshot().resources[&address("a")]
            .deposed
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn moves_imports_and_forgetting_change_state_alone() {
    let world = World::new();
    world
        .run(&[("a", "1", &[]), ("b", "1", &[]), ("f", "1", &[])])
        .await;
    world.service.with(|s| s.put("i", "1"));
    let state = world.journal.snapshot().resources;
    let existing = |name: &str| Some(state[&address(name)].attributes.clone());
    let moved = |to: &str, from: &str| Change {
        before: existing(from),
        previous_address: Some(address(from)),
        id: Some(from.into()),
        ..change(to, Action::NoOp)
    };
    // Two that change places, one that is forgotten, one that is taken over as it is.
    let found = Value::object([("name", Value::from("i")), ("size", "1".into())]);
    let import = Change {
        importing: Some("i".into()),
        before: Some(found),
        ..change("i", Action::NoOp)
    };
    let changes = vec![
        moved("b", "a"),
        moved("a", "b"),
        change("f", Action::Forget),
        import,
    ];
    let calls = world.service.with(|s| s.calls().len());
    let (outcome, _) = world.apply(&of(changes, vec![vec![]; 4]), &NoFaults).await;
    assert_eq!(
        outcome.summary,
        Summary {
            imported: 1,
            forgotten: 1,
            ..Summary::default()
        }
    );
    assert_eq!(world.service.with(|s| s.calls().len()), calls);
    let state = world.journal.snapshot().resources;
    let kept: Vec<String> = state
        .iter()
        .map(|(a, r)| format!("{}={}", a.resource.name, r.id))
        .collect();
    assert_eq!(kept, ["a=b", "b=a", "i=i"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_turns_out_to_change_nothing_is_not_sent() {
    let world = World::new();
    world.run(&THREE[..1]).await;
    let before = Some(
        world.journal.snapshot().resources[&address("a")]
            .attributes
            .clone(),
    );
    let open = thing("a", "1").map_at(&mut AttributePath::root(), &mut |path, _| {
        (*path == AttributePath::attribute("size"))
            .then(|| Value::unknown(flowctl_model::Type::String))
    });
    let plan = of(
        vec![Change {
            before,
            after: Some(open),
            ..change("a", Action::Update)
        }],
        vec![vec![]],
    );
    let mut resolve = Planned(
        HashMap::from([(address("a"), thing("a", "1"))]),
        BTreeMap::new(),
    );
    let run = Apply {
        plan: &plan,
        snapshot: &world.journal.snapshot(),
        services: &services(&world.service),
        journal: &world.journal,
        digester: &digester(),
        faults: &NoFaults,
        events: mpsc::unbounded_channel().0,
        options: Options {
            parallelism: 1,
            retry: RetryPolicy::default(),
            progress_every: Duration::from_secs(10),
            cancel: world.cancel.subscribe(),
        },
    };
    let outcome = apply(&run, &mut resolve).await.unwrap();
    assert_eq!(outcome.skipped[0].1, Skipped::NoDifference);
    assert!(outcome.summary.is_complete());
    assert_eq!(world.service.with(|s| s.calls()), ["create a"]);
    let recorded = resolve.1[&address("a")].as_ref().unwrap();
    assert_eq!(recorded.get("arn").and_then(Value::as_str), Some("arn:a"));
}

/// Ends the run when an operation comes by a point for the nth time.
struct CutAt {
    point: FaultPoint,
    left: AtomicUsize,
    reached: Notify,
}

impl Faults for CutAt {
    fn reach<'a>(&'a self, point: FaultPoint, _: &'a Operation) -> BoxFuture<'a, ()> {
        let here = point == self.point && self.left.fetch_sub(1, Ordering::Relaxed) == 1;
        Box::pin(async move {
            if here {
                self.reached.notify_one();
                std::future::pending::<()>().await;
            }
        })
    }
    fn watches(&self, point: FaultPoint) -> bool {
        point == self.point
    }
}

/// Cut off at every point of every operation, with creations, updates and deletions in flight, the
/// next run ends with everything as wanted, once, and the one after has nothing to do.
#[tokio::test(start_paused = true)]
async fn a_run_cut_off_anywhere_loses_nothing_and_makes_nothing_twice() {
    let first: &[Wanted] = &[
        ("a", "1", &[]),
        ("b", "1", &["a"]),
        ("c", "1", &[]),
        ("d", "1", &["c"]),
    ];
    let second: &[Wanted] = &[
        ("a", "2", &[]),
        ("b", "1", &["a"]),
        ("e", "1", &["a"]),
        ("f", "1", &[]),
    ];
    let mut cuts = 0;
    for (_, point) in FaultPoint::ALL {
        for nth in 1..=6 {
            for (start, wanted) in [(&[][..], first), (first, second), (first, &[][..])] {
                let world = World::new();
                world.run(start).await;
                let cut = CutAt {
                    point,
                    left: AtomicUsize::new(nth),
                    reached: Notify::new(),
                };
                let plan = plan(&world.journal.snapshot(), wanted, &Recovered::default());
                tokio::select! {
                    biased;
                    () = cut.reached.notified() => cuts += 1,
                    _ = world.apply(&plan, &cut) => {}
                }
                check_recovers(&world, wanted, &format!("{point:?} {nth} {wanted:?}")).await;
            }
        }
    }
    assert!(cuts > 60, "{cuts}");
}

/// Two operations on one instance do not undo each other's changes of state.
#[tokio::test(start_paused = true)]
async fn operations_on_one_instance_follow_each_other() {
    for (action, size, left) in [
        (Action::Update, Some("2"), vec!["a"]),
        (Action::Delete, None, vec![]),
    ] {
        for main_first in [true, false] {
            let world = World::new();
            world.run(&[("a", "1", &[])]).await;
            world.service.with(|s| {
                s.put("old", "1");
                s.put("older", "1");
            });
            let mut state = world.journal.snapshot().resources[&address("a")].clone();
            let before = state.attributes.clone();
            for id in ["old", "older"] {
                state.deposed.push((id.into(), before.clone()));
            }
            let put = StateWrite::Put(address("a"), Box::new(state));
            world.journal.write(vec![put]).await.unwrap();
            let mut plan = Plan::default();
            plan.changes.push(Change {
                before: Some(before.clone()),
                after: size.map(|size| thing("a", size)),
                ..change("a", action)
            });
            for id in ["old", "older"] {
                plan.changes.push(Change {
                    before: Some(before.clone()),
                    after: None,
                    deposed: Some(id.into()),
                    ..change("a", Action::Delete)
                });
            }
            if !main_first {
                plan.changes.reverse();
            }
            plan.edges = vec![Vec::new(); 3];
            let (outcome, _) = world.apply(&plan, &NoFaults).await;
            let what = format!("{action:?} {main_first}");
            assert!(
                outcome.summary.is_complete(),
                "{what}: {:?}",
                outcome.failed
            );
            assert_eq!(
                (world.live(), world.in_state()),
                (
                    left.iter().map(|n| (*n).to_owned()).collect(),
                    left.iter().map(|n| (*n).to_owned()).collect()
                ),
                "{what}"
            );
            for state in world.journal.snapshot().resources.values() {
                assert!(state.deposed.is_empty(), "{what}");
                let kept = state.attributes.get("size").and_then(Value::as_str);
                assert_eq!(kept, size, "{what}");
            }
        }
    }
}

/// The configuration is changed between the run that is cut off and the next: what was made with
/// another size is recognised all the same.
#[tokio::test(start_paused = true)]
async fn a_run_cut_off_before_the_configuration_changes_loses_nothing() {
    let first: &[Wanted] = &[("a", "1", &[]), ("b", "1", &[])];
    let second: &[Wanted] = &[("a", "2", &[]), ("c", "1", &["a"]), ("d", "1", &[])];
    let third: &[Wanted] = &[("b", "3", &[]), ("c", "3", &["b"]), ("d", "1", &[])];
    for (_, point) in FaultPoint::ALL {
        for nth in 1..=4 {
            for changed in [third, first] {
                let world = World::new();
                world.run(first).await;
                let cut = CutAt {
                    point,
                    left: AtomicUsize::new(nth),
                    reached: Notify::new(),
                };
                let plan = plan(&world.journal.snapshot(), second, &Recovered::default());
                tokio::select! {
                    biased;
                    () = cut.reached.notified() => {}
                    _ = world.apply(&plan, &cut) => {}
                }
                let outcome = world.run(changed).await;
                let what = format!("{point:?} {nth} {changed:?}");
                assert!(
                    outcome.summary.is_complete(),
                    "{what}: {:?}",
                    outcome.failed
                );
                let names: Vec<&str> = changed.iter().map(|(name, ..)| *name).collect();
                assert_eq!(
                    (world.live(), world.in_state()),
                    (
                        names.iter().map(|n| (*n).to_owned()).collect(),
                        names.iter().map(|n| (*n).to_owned()).collect()
                    ),
                    "{what}"
                );
                assert!(world.run(changed).await.done.is_empty(), "{what}");
            }
        }
    }
}

/// As above, at every millisecond.
#[tokio::test(start_paused = true)]
async fn a_run_cut_off_at_any_time_loses_nothing_and_makes_nothing_twice() {
    let wanted: &[Wanted] = &[("a", "2", &[]), ("c", "1", &["a"]), ("e", "1", &["a"])];
    for milliseconds in 0..45 {
        let world = World::new();
        world.run(THREE).await;
        let plan = plan(&world.journal.snapshot(), wanted, &Recovered::default());
        let limit = Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(limit, world.apply(&plan, &NoFaults)).await;
        check_recovers(&world, wanted, &format!("after {milliseconds} ms")).await;
    }
}

async fn check_recovers<J: Held>(world: &World<J>, wanted: &[Wanted], what: &str) {
    let outcome = world.run(wanted).await;
    assert!(
        outcome.summary.is_complete(),
        "{what}: {:?}",
        outcome.failed
    );
    let expected: BTreeSet<String> = wanted.iter().map(|(n, ..)| (*n).to_owned()).collect();
    let expected: Vec<String> = expected.into_iter().collect();
    assert_eq!(world.live(), expected, "{what}");
    assert_eq!(world.in_state(), expected, "{what}");
    for (name, size, _) in wanted {
        assert_eq!(
            world.service.with(|s| s.times_made(name)),
            1,
            "{what}: {name}"
        );
        assert_eq!(
            world.service.with(|s| s.size(name)).as_deref(),
            Some(*size),
            "{what}"
        );
    }
    let again = world.run(wanted).await;
    assert_eq!(
        (again.done.len(), again.summary),
        (0, Summary::default()),
        "{what}"
    );
}

/// The same with a store on disk: in real time, since its thread knows no other.
#[tokio::test]
async fn a_store_on_disk_brings_a_run_that_was_cut_off_to_its_end() {
    let first: &[Wanted] = &[("a", "1", &[]), ("b", "1", &["a"]), ("c", "1", &[])];
    let second: &[Wanted] = &[("a", "2", &[]), ("b", "1", &["a"]), ("e", "1", &["a"])];
    for (_, point) in FaultPoint::ALL {
        for (start, wanted) in [(&[][..], first), (first, second), (first, &[][..])] {
            let mut world = World::with(OnDisk::new().await);
            world.run(start).await;
            let cut = CutAt {
                point,
                left: AtomicUsize::new(2),
                reached: Notify::new(),
            };
            let plan = plan(&world.journal.snapshot(), wanted, &Recovered::default());
            tokio::select! {
                biased;
                () = cut.reached.notified() => {}
                _ = world.apply(&plan, &cut) => panic!("{point:?} was not reached twice"),
            }
            world.journal = world.journal.reopened().await;
            check_recovers(&world, wanted, &format!("{point:?} {wanted:?}")).await;
        }
    }
}
