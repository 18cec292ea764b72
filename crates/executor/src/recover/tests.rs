//! What is made of operations that an earlier run left open.

use std::sync::Arc;

use flowctl_model::{AttributePath, Type};

use super::*;
use crate::testing::{
    Fault, Held, MemoryJournal, NOW, Service, address, digester, intent, services, thing,
};

fn live(name: &str, size: &str, created_at: Option<f64>) -> RemoteObject {
    let attributes = Value::object([
        ("name", Value::from(name)),
        ("size", Value::from(size)),
        ("password", Value::null(Type::String)),
        ("arn", Value::from("arn")),
    ]);
    RemoteObject {
        id: name.into(),
        attributes,
        created_at,
    }
}

#[test]
fn decisions() {
    use OperationAction::{Create, Delete, Update};
    use RecoveryFinding::{
        Adopted, Deleted, NeverHappened, NotOurs, StillThere, WillResume, WillUpdateAgain,
    };
    let same = |after: f64| Some(live("a", "1", Some(NOW + after)));
    let hours = |h: f64| h * 3600.0;
    let services = services(&Arc::default());
    let resource = &**services.resource_type("test_thing").unwrap();
    // Action, what is live, whether it is still wanted, how long ago, finding.
    for (action, live, wanted, age, finding) in [
        (Create, None, true, 1.0, WillResume),
        (Create, None, true, 120.0, NeverHappened),
        (Create, None, true, hours(-1.0), WillResume),
        (Create, None, false, hours(-1.0), NeverHappened),
        (Create, None, false, 1.0, NeverHappened),
        (Create, None, false, hours(9.0), NeverHappened),
        (Create, same(0.0), true, 1.0, WillResume),
        (Create, same(-1e6), true, 1.0, WillResume),
        (Create, same(0.0), true, hours(8.0), Adopted),
        (Create, same(0.0), true, -5.0, Adopted),
        (Create, same(hours(-1.0)), true, hours(-1.0), WillResume),
        (Create, same(hours(-1.0)), false, hours(-1.0), NotOurs),
        (Create, same(0.0), false, 1.0, Adopted),
        (Create, same(-60.0), false, 1.0, Adopted),
        (Create, same(-61.0), false, 1.0, NotOurs),
        (Create, same(120.0), false, 1.0, Adopted),
        (Create, same(121.0), false, 1.0, NotOurs),
        (Create, Some(live("a", "1", None)), false, 1.0, NotOurs),
        (Create, Some(live("a", "2", Some(NOW))), false, 1.0, NotOurs),
        (Update, same(0.0), true, 1.0, WillUpdateAgain),
        (Update, None, true, 1.0, WillUpdateAgain),
        (Delete, None, true, 1.0, Deleted),
        (Delete, same(0.0), false, 1.0, StillThere),
    ] {
        let unfinished = Unfinished {
            operation: 1,
            intent: intent(action, "a", Some(&thing("a", "1"))),
            started_at: NOW,
        };
        let facts = Facts {
            live: live.as_ref(),
            wanted,
            now: NOW + age,
        };
        let what = format!("{action:?} {live:?} {wanted} {age}");
        assert_eq!(decide(&unfinished, facts, resource), finding, "{what}");
    }
}

/// A type whose objects are dated only when they are ready, if at all.
struct Slow<'a>(&'a dyn ResourceType);

impl ResourceType for Slow<'_> {
    fn name(&self) -> &'static str {
        "test_slow"
    }
    fn schema(&self) -> &flowctl_schema::Schema {
        self.0.schema()
    }
    fn create_is_repeatable(&self) -> bool {
        false
    }
    fn is_undated(&self) -> bool {
        true
    }
    fn is_made_within(&self) -> std::time::Duration {
        std::time::Duration::from_hours(1)
    }
}

#[test]
fn an_object_that_takes_long_to_be_made_may_be_dated_late() {
    let services = services(&Arc::default());
    let slow = Slow(&**services.resource_type("test_thing").unwrap());
    let unfinished = Unfinished {
        operation: 1,
        intent: intent(OperationAction::Create, "a", Some(&thing("a", "1"))),
        started_at: NOW,
    };
    for (size, made, finding) in [
        ("1", Some(3600.0), RecoveryFinding::Adopted),
        ("1", Some(3601.0), RecoveryFinding::NotOurs),
        // Without a time what it is counts alone.
        ("1", None, RecoveryFinding::Adopted),
        ("2", None, RecoveryFinding::NotOurs),
    ] {
        let live = live("a", size, made.map(|made| NOW + made));
        let facts = Facts {
            live: Some(&live),
            wanted: true,
            now: NOW + 4000.0,
        };
        assert_eq!(
            decide(&unfinished, facts, &slow),
            finding,
            "{size} {made:?}"
        );
    }
    // Who cannot be asked with the same token is not, whatever the clock says.
    let live = live("a", "1", Some(NOW - 4000.0));
    let facts = Facts {
        live: Some(&live),
        wanted: true,
        now: NOW - 4000.0,
    };
    let finding = decide(&unfinished, facts, &slow);
    assert_eq!(finding, RecoveryFinding::NotOurs);
}

async fn recovered(
    journal: &MemoryJournal,
    service: &Arc<Service>,
    wanted: Option<Value>,
) -> Recovered {
    recover(
        journal,
        &services(service),
        &digester(),
        &journal.snapshot(),
        &move |_| wanted.clone(),
        NOW + 5.0,
        &mpsc::unbounded_channel().0,
    )
    .await
    .unwrap()
}

fn withheld(name: &str) -> Value {
    let services = services(&Arc::default());
    let resource = &**services.resource_type("test_thing").unwrap();
    object::without_secrets(resource, &digester(), &address(name), &thing(name, "1"))
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_no_longer_configured_is_adopted_and_its_secrets_forgotten() {
    let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
    service.with(|s| s.put("a", "1"));
    journal.begin_now(intent(OperationAction::Create, "a", Some(&withheld("a"))));
    let recovered = recovered(&journal, &service, None).await;
    assert!(recovered.changed && recovered.resume.is_empty());
    assert_eq!(recovered.notes[0].finding, RecoveryFinding::Adopted);
    let state = &journal.snapshot().resources[&address("a")];
    assert_eq!(state.id, "a");
    assert_eq!(
        state.attributes.get("arn").and_then(Value::as_str),
        Some("arn:a")
    );
    assert!(state.attributes.get("password").unwrap().digest().is_none());
    assert_eq!(journal.operations(), ["create a: succeeded"]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_to_be_resumed_stays_unfinished_and_gives_its_token() {
    let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
    service.with(|s| s.put("a", "1"));
    journal.begin_now(intent(OperationAction::Create, "a", Some(&withheld("a"))));
    for _ in 0..2 {
        let recovered = recovered(&journal, &service, Some(thing("a", "1"))).await;
        assert_eq!(recovered.resume[&address("a")], "token-a");
        assert!(!recovered.changed);
        assert_eq!(journal.operations(), ["create a: started"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_no_longer_wanted_like_that_is_adopted() {
    let mut other_secret = thing("a", "1");
    other_secret = other_secret.map_at(&mut AttributePath::root(), &mut |_, value| {
        (value.as_str() == Some("hunter2")).then(|| Value::from("hunter3"))
    });
    for changed in [thing("a", "2"), other_secret, thing("b", "1")] {
        let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
        service.with(|s| s.put("a", "1"));
        journal.begin_now(intent(OperationAction::Create, "a", Some(&withheld("a"))));
        let recovered = recovered(&journal, &service, Some(changed)).await;
        assert_eq!(recovered.notes[0].finding, RecoveryFinding::Adopted);
        assert_eq!(journal.snapshot().resources[&address("a")].id, "a");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_to_replace_an_object_that_is_wanted_again_is_put_aside() {
    for (wanted, current, aside) in [
        ("old", "old", "new"),
        ("third", "old", "new"),
        ("new", "new", "old"),
    ] {
        let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
        service.with(|s| {
            s.put("old", "1");
            s.put("new", "1");
        });
        let address = address("new");
        let old = intent(OperationAction::Create, "old", Some(&withheld("old")));
        let old = old.intended.unwrap();
        let put = StateWrite::Put(address.clone(), Box::new(old.clone()));
        journal.write(vec![put], Vec::new()).await.unwrap();
        let mut creation = intent(OperationAction::Create, "new", Some(&withheld("new")));
        // As the executor writes it: the new object in front of the old one.
        let intended = creation.intended.as_mut().unwrap();
        intended.deposed.push((old.id, old.attributes));
        journal.begin_now(creation);
        let recovered = recovered(&journal, &service, Some(thing(wanted, "2"))).await;
        assert_eq!(recovered.notes[0].finding, RecoveryFinding::Adopted);
        let state = &journal.snapshot().resources[&address];
        let deposed: Vec<&str> = state.deposed.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(
            (state.id.as_str(), deposed),
            (current, vec![aside]),
            "{wanted}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_made_for_an_object_that_was_gone_takes_its_place() {
    let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
    service.with(|s| s.put("new", "1"));
    let gone = intent(OperationAction::Create, "gone", Some(&withheld("gone")));
    let put = StateWrite::Put(address("new"), Box::new(gone.intended.unwrap()));
    journal.write(vec![put], Vec::new()).await.unwrap();
    // As the executor writes it: nothing is put aside.
    journal.begin_now(intent(
        OperationAction::Create,
        "new",
        Some(&withheld("new")),
    ));
    let recovered = recovered(&journal, &service, Some(thing("new", "2"))).await;
    assert_eq!(recovered.notes[0].finding, RecoveryFinding::Adopted);
    let state = &journal.snapshot().resources[&address("new")];
    assert_eq!((state.id.as_str(), state.deposed.len()), ("new", 0));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_update_keeps_the_object_without_its_digests() {
    let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
    service.with(|s| s.put("a", "1"));
    let intent = intent(OperationAction::Update, "a", Some(&withheld("a")));
    let state = Box::new(intent.intended.clone().unwrap());
    assert!(state.attributes.get("password").unwrap().digest().is_some());
    journal
        .write(vec![StateWrite::Put(address("a"), state)], Vec::new())
        .await
        .unwrap();
    journal.begin_now(intent);
    let recovered = recovered(&journal, &service, Some(thing("a", "1"))).await;
    assert_eq!(recovered.interrupted_updates, [address("a")]);
    let state = &journal.snapshot().resources[&address("a")];
    let password = state.attributes.get("password").unwrap();
    assert!(password.digest().is_none() && !password.is_known() && password.is_sensitive());
    assert_eq!(journal.operations(), ["update a: failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_asked_leaves_everything_as_it_is() {
    let (service, journal) = (Arc::<Service>::default(), MemoryJournal::default());
    service.with(|s| {
        s.fault(
            "read",
            "a",
            &[Fault::Refuses(flowctl_schema::ErrorKind::Unreachable)],
        );
    });
    journal.begin_now(intent(OperationAction::Delete, "a", None));
    let recovered = recovered(&journal, &service, Some(thing("a", "1"))).await;
    assert_eq!((recovered.errors.len(), recovered.notes.len()), (1, 0));
    assert_eq!(journal.operations(), ["delete a: started"]);
}
