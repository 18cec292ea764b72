//! Saved plans come back as they were, and damaged ones are refused.

use flowctl_model::plan::{Awaited, OutputChange, Reason};
use flowctl_model::secret::withhold;
use flowctl_model::{AttributePath, Digester, Marks, Type};

use super::*;

fn digester() -> Digester {
    Digester::new([3; 32])
}

fn object(name: &str, password: &str) -> Value {
    let object = Value::object([
        ("name", Value::from(name)),
        ("password", Value::from(password).marked(Marks::SENSITIVE)),
        ("arn", Value::unknown(Type::String)),
        ("tags", Value::list(Type::String, vec!["a".into()])),
    ]);
    withhold(&object, "t.a", &|_| false, &digester())
}

fn change(action: Action, before: Option<Value>, after: Option<Value>) -> Change {
    Change {
        address: "module.m[\"k\"].t.a[1]".parse().unwrap(),
        previous_address: None,
        provider: "aws.west".into(),
        action,
        reason: Some(Reason::ReplaceTriggered(vec!["t.b".into()])),
        id: Some("a".into()),
        before,
        after,
        replace_paths: vec![AttributePath::attribute("tags").index(0).key("x")],
        changed_paths: vec![AttributePath::attribute("name")],
        dependencies: vec!["t.b".parse::<Address>().unwrap().resource],
        create_before_destroy: true,
        importing: None,
        resume_token: None,
        deposed: None,
        awaits: vec![Awaited {
            path: AttributePath::attribute("tags").key("x"),
            on: vec!["t.b.id".into()],
        }],
    }
}

fn saved(after: Value) -> SavedPlan {
    let output = OutputChange {
        before: None,
        after: Some(Value::from("x")),
        sensitive: false,
        changed: true,
        awaits: Vec::new(),
    };
    SavedPlan {
        version: "1".into(),
        created_at: 2.5,
        basis: Basis {
            files: [("main.tf".to_owned(), "ab".to_owned())].into(),
            ..Basis::default()
        },
        lineage: "l".into(),
        serial: 7,
        arguments: vec!["-destroy".into()],
        variables: [("v".to_owned(), "1".to_owned())].into(),
        values: [
            ("v".into(), Value::from("1")),
            ("n".into(), Value::null(Type::String)),
        ]
        .into(),
        configuration: "{\"root_module\":{}}".into(),
        plan: Plan {
            changes: vec![change(Action::Update, Some(object("a", "s1")), Some(after))],
            edges: vec![vec![]],
            outputs: [("o".into(), output)].into(),
            ..Plan::default()
        },
    }
}

#[test]
fn a_plan_comes_back_as_it_was_saved_and_holds_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan");
    let plan = saved(object("b", "hunter-two"));
    plan.write(&path, &digester()).unwrap();
    let read = SavedPlan::read(&path, Some(&digester())).unwrap();
    assert!(differences(&plan.plan, &read.plan, true).is_empty());
    assert_eq!(
        read.plan.changes[0].dependencies,
        plan.plan.changes[0].dependencies
    );
    assert_eq!(
        read.plan.changes[0].replace_paths,
        plan.plan.changes[0].replace_paths
    );
    assert_eq!(
        (read.serial, &read.basis, &read.arguments, &read.values),
        (7, &plan.basis, &plan.arguments, &plan.values)
    );
    assert_eq!(read.configuration, plan.configuration);
    let text = form::encode(&plan).unwrap();
    assert!(!text.contains("hunter"), "{text}");
    assert!(SavedPlan::is_one(&path));
}

#[test]
fn any_altered_byte_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan");
    saved(object("b", "s")).write(&path, &digester()).unwrap();
    let good = std::fs::read(&path).unwrap();
    for index in 0..good.len() {
        let mut bytes = good.clone();
        bytes[index] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        // Some bytes of the packing mean nothing: then the plan is the one that was saved.
        if let Ok(read) = SavedPlan::read(&path, Some(&digester())) {
            assert_eq!(
                form::encode(&read),
                form::encode(&saved(object("b", "s"))),
                "{index}"
            );
        }
    }
    std::fs::write(&path, &good).unwrap();
    let other = Digester::new([4; 32]);
    let error = SavedPlan::read(&path, Some(&other)).unwrap_err();
    assert!(matches!(error, PlanFileError::OtherKey { .. }));
    std::fs::write(&path, "{}").unwrap();
    let error = SavedPlan::read(&path, None).unwrap_err();
    assert!(matches!(error, PlanFileError::NotAPlan { .. }));
}

#[test]
fn what_changed_since_is_named() {
    let approved = saved(object("b", "s2")).plan;
    let said = |now: &Plan| {
        let found = differences(&approved, now, false).into_iter();
        found.map(|one| one.text).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(said(&saved(object("b", "s2")).plan), "");
    let secret = saved(object("b", "s3")).plan;
    assert_eq!(
        said(&secret),
        "module.m[\"k\"].t.a[1]: the secret `password` would become another"
    );
    let name = saved(object("c", "s2")).plan;
    assert!(said(&name).contains("`name` would become another"));
    let mut done = saved(object("b", "s2")).plan;
    done.changes[0].action = Action::NoOp;
    assert!(said(&done).contains("would update it, now it would leave it as it is"));
}

#[test]
fn only_what_was_approved_is_left_in_a_plan() {
    let approved = saved(object("b", "s2")).plan;
    let mut now = approved.clone();
    let mut unrelated = change(Action::Create, None, Some(object("z", "s")));
    unrelated.address = "t.z".parse().unwrap();
    now.changes.push(unrelated);
    now.edges.push(vec![]);
    let reduced = approved_only(&approved, now);
    assert_eq!(reduced.changes[0].action, Action::Update);
    assert_eq!(reduced.changes[1].action, Action::NoOp);
}

#[test]
fn what_changed_outside_since_is_left_for_the_next_plan() {
    let drift = |address: &str, after: &str| Drift {
        address: address.parse().unwrap(),
        before: object("a", "s"),
        after: Some(object(after, "s")),
    };
    let quiet = |address: &str, name: &str| Change {
        address: address.parse().unwrap(),
        ..change(
            Action::NoOp,
            Some(object(name, "s")),
            Some(object(name, "s")),
        )
    };
    let plan = |names: [&str; 2], drift: Vec<Drift>| Plan {
        changes: vec![quiet("t.a", names[0]), quiet("t.b", names[1])],
        edges: vec![vec![]; 2],
        drift,
        ..Plan::default()
    };
    let approved = plan(["b", "a"], vec![drift("t.a", "b")]);
    let now = plan(["b", "c"], vec![drift("t.a", "b"), drift("t.b", "c")]);
    assert!(differences(&approved, &now, true).is_empty());
    let reduced = approved_only(&approved, now);
    assert_eq!(reduced.changes[0].after, Some(object("b", "s")));
    assert_eq!(reduced.changes[1].after, Some(object("a", "s")));
    assert_eq!(reduced.drift, approved.drift);
    // Approved to be taken in, and another by now.
    let other = plan(["d", "a"], vec![drift("t.a", "d")]);
    let found = differences(&approved, &other, true);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, "t.a: `name` is now another");
    let back = plan(["a", "a"], Vec::new());
    let found = differences(&approved, &back, true);
    assert_eq!(found[0].text, "t.a: it is again as it was before");
    assert!(differences(&approved, &back, false).is_empty());
}

#[test]
fn a_basis_tells_what_became_of_its_parts() {
    let map = |parts: &[(&str, &str)]| -> BTreeMap<String, String> {
        let digest = |name: &str, text: &str| Basis::digest(&digester(), name, &text.into());
        let parts = parts.iter();
        parts
            .map(|(name, text)| ((*name).into(), digest(name, text)))
            .collect()
    };
    let old = map(&[("a", "1"), ("b", "1"), ("c", "1")]);
    let new = map(&[("a", "1"), ("b", "2"), ("d", "1")]);
    let found: Vec<_> = Basis::compare(&old, &new).into_iter().collect();
    assert_eq!(
        found,
        [
            ("b", Became::Changed),
            ("c", Became::Gone),
            ("d", Became::New)
        ]
    );
    // Nothing that can be tried without the key.
    let other = Basis::digest(&Digester::new([4; 32]), "a", &"1".into());
    assert_ne!(old["a"], other);
}
