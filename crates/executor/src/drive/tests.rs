//! Operations against a service made up for the purpose: order, failures, interrupts, the journal.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowctl_model::AttributePath;
use tokio::sync::Notify;

mod another_identity;
mod cut_off;
mod unsteady;

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
        let retry = RetryPolicy {
            attempts: 3,
            ..RetryPolicy::default()
        };
        self.apply_with(plan, faults, 2, retry).await
    }

    async fn apply_with(
        &self,
        plan: &Plan,
        faults: &dyn Faults,
        parallelism: usize,
        retry: RetryPolicy,
    ) -> (Outcome, Vec<Event>) {
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
                parallelism,
                retry,
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
        awaits: Vec::new(),
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
async fn an_object_that_is_not_ready_is_found_by_the_next_run() {
    let world = World::new();
    let faults = [Fault::IsNotReady];
    world.service.with(|s| s.fault("create", "a", &faults));
    let outcome = world.run(&THREE[..1]).await;
    // It is sent but once, and nobody says that it may not have been done.
    let [(_, Failure::Service(error))] = &outcome.failed[..] else {
        panic!("{:?}", outcome.failed)
    };
    assert_eq!((error.kind, &error.hint), (ErrorKind::Unready, &None));
    assert_eq!(world.journal.operations(), ["create a: unknown"]);
    assert_eq!((world.live(), world.in_state()), (names("a"), names("")));
    let outcome = world.run(&THREE[..1]).await;
    assert_eq!(outcome.summary.failed, 0);
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
async fn what_was_put_aside_outlives_a_replacement() {
    let world = World::new();
    world.run(&THREE[..1]).await;
    let mut state = world.journal.snapshot().resources[&address("a")].clone();
    state.deposed.push(("x".into(), state.attributes.clone()));
    let put = StateWrite::Put(address("a"), Box::new(state));
    world.journal.write(vec![put], Vec::new()).await.unwrap();
    let replaced = Change {
        after: Some(thing("a", "2")),
        ..change("a", Action::DeleteThenCreate)
    };
    let plan = of(vec![replaced], vec![vec![]]);
    let (outcome, _) = world.apply(&plan, &NoFaults).await;
    assert_eq!(outcome.failed.len(), 0);
    let state = &world.journal.snapshot().resources[&address("a")];
    let deposed: Vec<_> = state.deposed.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((state.id.as_str(), deposed), ("a", vec!["x"]));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_not_put_aside_for_the_one_made_in_its_place() {
    let world = World::new();
    world.run(&THREE[..1]).await;
    let mut state = world.journal.snapshot().resources[&address("a")].clone();
    let aside = (Text::from("x"), state.attributes.clone());
    state.deposed.push(aside);
    let put = StateWrite::Put(address("a"), Box::new(state));
    world.journal.write(vec![put], Vec::new()).await.unwrap();
    // Another one with an identity of its own, as services give it.
    let made = Change {
        after: Some(thing("a2", "1")),
        ..change("a", Action::Create)
    };
    let (outcome, _) = world.apply(&of(vec![made], vec![vec![]]), &NoFaults).await;
    assert_eq!(outcome.summary.added, 1);
    let state = &world.journal.snapshot().resources[&address("a")];
    let deposed: Vec<_> = state.deposed.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((state.id.as_str(), deposed), ("a2", vec!["x"]));
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
