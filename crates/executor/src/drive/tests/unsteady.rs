//! Runs while the service is unsteady, and what is told and written down of them.

use super::*;
use crate::testing::Weather;

fn creations(count: usize) -> Plan {
    let changes = (0..count).map(|i| {
        let name = format!("t{i:03}");
        Change {
            after: Some(thing(&name, "1")),
            ..change(&name, Action::Create)
        }
    });
    of(changes.collect(), vec![vec![]; count])
}

/// How long it takes until nine of ten of 500 creations are done: how long the last one waits is
/// left to chance.
async fn creating(throttled: u64, internal: u64, lost: u64) -> f64 {
    let world = World::new();
    let latency = Duration::from_millis(300);
    world.service.with(|s| {
        s.set_weather(Weather {
            chance: 7,
            throttled,
            internal,
            lost,
            latency,
        });
    });
    let started = Instant::now();
    let plan = creations(500);
    let mut nine_of_ten = None;
    let mut run = Box::pin(world.apply_with(&plan, &NoFaults, 10, RetryPolicy::default()));
    let (outcome, _) = loop {
        tokio::select! {
            done = &mut run => break done,
            () = tokio::time::sleep(latency), if nine_of_ten.is_none() => {
                if world.in_state().len() >= 450 {
                    nine_of_ten = Some(started.elapsed());
                }
            }
        }
    };
    assert!(outcome.summary.is_complete(), "{:?}", outcome.failed);
    assert_eq!(outcome.summary.added, 500);
    for name in world.live() {
        assert_eq!(world.service.with(|s| s.times_made(&name)), 1, "{name}");
    }
    assert_eq!((world.live().len(), world.in_state().len()), (500, 500));
    nine_of_ten.unwrap().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_are_made_once_each_whatever_the_service_does() {
    let (calm, rough) = (creating(0, 0, 0).await, creating(30, 5, 3).await);
    assert!(rough < 4.0 * calm, "{rough} s against {calm} s");
}

#[tokio::test(start_paused = true)]
async fn what_an_operation_waits_for_is_told() {
    let world = World::new();
    let refused = [Fault::Refuses(ErrorKind::Throttled); 12];
    world.service.with(|s| s.fault("create", "a", &refused));
    let plan = plan(&Snapshot::default(), &THREE[..1], &Recovered::default());
    let (outcome, events) = world.apply(&plan, &NoFaults).await;
    assert!(outcome.summary.is_complete(), "{:?}", outcome.failed);
    let waits: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::OperationStillGoing { waiting_for, .. } => waiting_for.as_ref(),
            _ => None,
        })
        .map(ToString::to_string)
        .collect();
    assert!(waits.len() > 3, "{events:?}");
    assert!(
        waits
            .iter()
            .all(|w| w.starts_with("the service to take more requests (attempt ")),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_operation_is_mentioned_by_its_own_clock() {
    let world = World::new();
    for name in ["a", "b"] {
        let refused = [Fault::Refuses(ErrorKind::Throttled); 12];
        world.service.with(|s| s.fault("create", name, &refused));
    }
    // The second one begins when the first is done.
    let plan = plan(&Snapshot::default(), &THREE[..2], &Recovered::default());
    let (outcome, events) = world.apply(&plan, &NoFaults).await;
    assert!(outcome.summary.is_complete(), "{:?}", outcome.failed);
    let mut mentions = std::collections::BTreeMap::<String, Vec<f64>>::new();
    for event in &events {
        if let Event::OperationStillGoing {
            operation, elapsed, ..
        } = event
        {
            let address = operation.address.to_string();
            mentions
                .entry(address)
                .or_default()
                .push(elapsed.as_secs_f64());
        }
    }
    assert_eq!(mentions.len(), 2, "{mentions:?}");
    for (at, elapsed) in mentions.values().flat_map(|all| all.iter().enumerate()) {
        let due = 10.0 * f64::from(u32::try_from(at).unwrap() + 1);
        assert!((due..due + 0.6).contains(elapsed), "{mentions:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_ends_the_wait_for_another_attempt() {
    for (kind, ending) in [
        (ErrorKind::Throttled, "create a: failed"),
        (ErrorKind::Internal, "create a: unknown"),
    ] {
        let world = World::new();
        world
            .service
            .with(|s| s.fault("create", "a", &[Fault::Refuses(kind); 50]));
        let plan = plan(&Snapshot::default(), THREE, &Recovered::default());
        let retry = RetryPolicy {
            first_wait: Duration::from_mins(1),
            longest_wait: Duration::from_mins(1),
            ..RetryPolicy::default()
        };
        let stop = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            world.cancel.send_replace(true);
        };
        let started = Instant::now();
        let ((outcome, _), ()) = tokio::join!(world.apply_with(&plan, &NoFaults, 2, retry), stop);
        assert!(started.elapsed() < Duration::from_secs(6), "{kind:?}");
        assert!(outcome.interrupted, "{kind:?}");
        assert_eq!(outcome.failed.len(), 1, "{:?}", outcome.failed);
        assert!(world.journal.operations().contains(&ending.to_owned()));
        // The next run ends what this one left.
        world.service.with(|s| s.fault("create", "a", &[]));
        world.cancel.send_replace(false);
        world.run(THREE).await;
        assert_eq!(
            (world.live(), world.in_state()),
            (names("a b c"), names("a b c"))
        );
        assert_eq!(world.service.with(|s| s.times_made("a")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_ends_the_waits_of_others() {
    let world = World::new();
    world
        .service
        .with(|s| s.fault("create", "a", &[Fault::Refuses(ErrorKind::Throttled); 500]));
    // The intents of both are committed, and nothing after.
    world.journal.fail_after(2);
    let plan = plan(&Snapshot::default(), THREE, &Recovered::default());
    let started = Instant::now();
    let (outcome, _) = world.apply(&plan, &NoFaults).await;
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!((outcome.failed.len(), outcome.skipped.len()), (2, 1));
    assert!(!outcome.interrupted);
}

#[tokio::test(start_paused = true)]
async fn what_a_service_repeats_of_a_secret_reaches_neither_people_nor_the_journal() {
    let world = World::new();
    world
        .service
        .with(|s| s.fault("create", "a", &[Fault::Echoes]));
    let plan = plan(&Snapshot::default(), &THREE[..1], &Recovered::default());
    let (outcome, events) = world.apply(&plan, &NoFaults).await;
    let told = format!(
        "{:?} {events:?} {:?}",
        outcome.failed,
        world.journal.errors()
    );
    assert!(
        told.contains("no such user with (sensitive value)"),
        "{told}"
    );
    for secret in ["hunter2", "aHVudGVyMg"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_history_is_told_which_paths_change() {
    let world = World::new();
    world.run(&THREE[..1]).await;
    let path = |name: &str| AttributePath::attribute(name);
    let update = Change {
        before: Some(
            world.journal.snapshot().resources[&address("a")]
                .attributes
                .clone(),
        ),
        after: Some(thing("a", "2")),
        changed_paths: vec![path("size"), path("password")],
        ..change("a", Action::Update)
    };
    let (outcome, _) = world
        .apply(&of(vec![update], vec![vec![]]), &NoFaults)
        .await;
    assert!(outcome.summary.is_complete());
    let changes = world.journal.changes(&address("a"));
    let told: Vec<_> = changes
        .iter()
        .map(|c| (c.path.as_str(), c.secret))
        .collect();
    assert_eq!(told, [("size", false), ("password", true)]);
}

#[tokio::test(start_paused = true)]
async fn what_needs_no_request_is_noted() {
    let world = World::new();
    world.run(&[("a", "1", &[]), ("f", "1", &[])]).await;
    world.service.with(|s| s.put("i", "1"));
    let state = world.journal.snapshot().resources;
    let moved = Change {
        before: Some(state[&address("a")].attributes.clone()),
        previous_address: Some(address("a")),
        id: Some("a".into()),
        ..change("b", Action::NoOp)
    };
    let import = Change {
        importing: Some("i".into()),
        before: Some(Value::object([
            ("name", Value::from("i")),
            ("size", "1".into()),
        ])),
        ..change("i", Action::NoOp)
    };
    let changes = vec![moved, change("f", Action::Forget), import];
    world.apply(&of(changes, vec![vec![]; 3]), &NoFaults).await;
    let mut notes = world.journal.notes();
    notes.sort();
    assert_eq!(notes, ["forget f", "import i", "record b"]);
}

#[tokio::test(start_paused = true)]
async fn many_unfinished_operations_are_looked_into_together() {
    let world = World::new();
    let names: Vec<String> = (0..250).map(|i| format!("t{i:03}")).collect();
    for (i, name) in names.iter().enumerate() {
        let action = [OperationAction::Create, OperationAction::Delete][i % 2];
        world
            .journal
            .begin_now(intent(action, name, Some(&thing(name, "1"))));
    }
    let throttled = [Fault::Refuses(ErrorKind::Throttled); 3];
    world.service.with(|s| s.fault("read", "t000", &throttled));
    let recovered = world.recover(&[]).await;
    assert!(recovered.errors.is_empty(), "{:?}", recovered.errors);
    assert_eq!(recovered.notes.len(), 250);
    // Three batches, and the attempts that were throttled.
    assert_eq!(world.service.with(|s| s.calls().len()), 6);
    assert!(world.journal.unfinished().await.unwrap().is_empty());
}
