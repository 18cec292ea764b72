//! The service tells another identity of an object than state has: somebody put another object in
//! its place.

use super::cut_off::CutAt;
use super::*;

/// What state knows of an instance: the present object first, then what was put aside.
fn known<J: Held>(world: &World<J>) -> Vec<String> {
    let of_state = |state: &ResourceState| {
        let deposed = state.deposed.iter().map(|(id, _)| id.to_string());
        let all = std::iter::once(state.id.to_string()).chain(deposed);
        all.collect::<Vec<_>>()
    };
    let snapshot = world.journal.snapshot();
    snapshot.resources.values().flat_map(of_state).collect()
}

/// State has `a`, the service has `b` in its place, and a plan was made of what the service told.
async fn planned(action: Action) -> (World, Plan) {
    let world = World::new();
    world.run(&THREE[..1]).await;
    world.service.with(|s| {
        s.remove("a");
        s.put("b", "1");
    });
    let before = thing("b", "1").map_at(&mut AttributePath::root(), &mut |_, value| {
        (!value.is_known()).then(|| Value::from("arn:b"))
    });
    let changed = Change {
        id: Some("b".into()),
        before: Some(before),
        after: match action {
            Action::Delete => None,
            Action::Update => Some(thing("b", "2")),
            _ => Some(thing("c", "2")),
        },
        ..change("a", action)
    };
    (world, of(vec![changed], vec![vec![]]))
}

const ACTIONS: [(Action, &[&str]); 4] = [
    (Action::Update, &["b"]),
    (Action::Delete, &[]),
    (Action::DeleteThenCreate, &["c"]),
    (Action::CreateThenDelete, &["c"]),
];

#[tokio::test(start_paused = true)]
async fn what_is_changed_is_what_the_service_told() {
    for (action, left) in ACTIONS {
        let (world, plan) = planned(action).await;
        let (outcome, _) = world.apply(&plan, &NoFaults).await;
        assert!(outcome.summary.is_complete(), "{action:?}");
        assert_eq!(world.live(), left, "{action:?}");
        assert_eq!(known(&world), left, "{action:?}");
    }
}

/// Whatever a run that is cut off leaves in the service is known to the next, and nothing else is.
#[tokio::test(start_paused = true)]
async fn a_run_cut_off_knows_the_object_that_the_service_told() {
    let mut cuts = 0;
    for (action, _) in ACTIONS {
        for (_, point) in FaultPoint::ALL {
            for nth in 1..=2 {
                let (world, plan) = planned(action).await;
                let cut = CutAt::new(point, nth);
                tokio::select! {
                    biased;
                    () = cut.reached.notified() => cuts += 1,
                    _ = world.apply(&plan, &cut) => {}
                }
                let recovered = world.recover(&[]).await;
                assert!(recovered.errors.is_empty(), "{:?}", recovered.errors);
                let mut known = known(&world);
                known.sort();
                assert_eq!(known, world.live(), "{action:?} {point:?} {nth}");
            }
        }
    }
    assert_eq!(cuts, 30);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_fails_is_one_of_the_object_that_the_service_told() {
    for (action, left) in [
        (Action::Delete, &["b"][..]),
        (Action::DeleteThenCreate, &["b"]),
        (Action::CreateThenDelete, &["c", "b"]),
    ] {
        let (world, plan) = planned(action).await;
        world
            .service
            .with(|s| s.fault("delete", "b", &[Fault::Refuses(ErrorKind::Conflict)]));
        let (outcome, _) = world.apply(&plan, &NoFaults).await;
        assert_eq!(outcome.summary.failed, 1, "{action:?}");
        assert_eq!(known(&world), left, "{action:?}");
    }
}
