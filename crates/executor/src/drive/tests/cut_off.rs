//! Runs that are cut off: at every point of an operation, and at every time.

use super::*;

/// Ends the run when an operation comes by a point for the nth time.
pub(super) struct CutAt {
    point: FaultPoint,
    left: AtomicUsize,
    pub(super) reached: Notify,
}

impl CutAt {
    pub(super) fn new(point: FaultPoint, nth: usize) -> Self {
        Self {
            point,
            left: AtomicUsize::new(nth),
            reached: Notify::new(),
        }
    }
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
                let cut = CutAt::new(point, nth);
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
            world.journal.write(vec![put], Vec::new()).await.unwrap();
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
                let cut = CutAt::new(point, nth);
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
            let cut = CutAt::new(point, 2);
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
