//! `flowctl apply`.

use flowctl_testkit::Emulator;

use crate::{DATA, PROFILE, applied, with};

#[test]
fn what_a_first_apply_says() {
    let environment = with(PROFILE);
    insta::assert_snapshot!(environment.flowctl(&["--emulator", "apply", "-auto-approve"]));
    let again = environment.flowctl(&["--emulator", "apply", "-auto-approve"]);
    insta::assert_snapshot!("again", again.success());
}

#[test]
fn nobody_there_to_approve() {
    let environment = with(DATA);
    let ran = environment.flowctl_reading("yes\n", &["apply"]).code(1);
    insta::assert_snapshot!(ran.stderr);
    assert!(ran.stdout.contains("Plan: 3 to add"), "{ran}");
    let list = environment.flowctl(&["state", "list"]);
    assert_eq!(list.out(), "");
}

#[test]
fn nothing_to_do_needs_no_approval() {
    let environment = applied(DATA);
    let _ = environment.flowctl(&["apply"]).success();
    assert_eq!(
        environment
            .flowctl(&["history", "-json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn files_are_private_and_hold_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let environment = applied(PROFILE);
    let mode = |name: &str| {
        let found = std::fs::metadata(environment.path(name)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(".flowctl"), 0o700);
    assert_eq!(mode(".flowctl/backups"), 0o700);
    for name in environment.list(".flowctl") {
        let path = format!(".flowctl/{name}");
        if environment.path(&path).is_file() {
            assert_eq!(mode(&path), 0o600, "{path}");
            let bytes = std::fs::read(environment.path(&path)).unwrap();
            assert!(
                !String::from_utf8_lossy(&bytes).contains("CANARY"),
                "{path}"
            );
        }
    }
}

#[test]
fn independent_branches_are_finished_and_failures_explained() {
    let environment = with(PROFILE);
    environment.write("//- more.tf\nresource \"terraform_data\" \"free\" {}\nresource \"terraform_data\" \"bound\" {\n  input = aws_appflow_connector_profile.metrics.arn\n}\n");
    let emulator = Emulator::start(&environment, &["--faults", "create:auth"]);
    let url = emulator.url();
    let arguments = ["--endpoint-url", &url, "apply", "-auto-approve"];
    let environment = environment
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
        .with_variable("AWS_REGION", "us-east-1");
    let ran = environment.flowctl(&arguments).code(1);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    let lines: Vec<_> = ran.stdout.lines().filter(|l| l.contains("free")).collect();
    assert!(
        lines.iter().any(|l| l.contains("Creation complete")),
        "{ran}"
    );
    insta::assert_snapshot!(ran.stderr_filtered());
    assert_eq!(
        environment.flowctl(&["state", "list"]).out(),
        "terraform_data.free\n"
    );
    emulator.set_faults("");
    let _ = environment.flowctl(&arguments).success();
    assert_eq!(
        emulator.requests()["counts"]["CreateConnectorProfile"]["total"],
        2
    );
}

#[test]
fn a_profile_of_somebody_else_is_left_alone() {
    let environment = applied(PROFILE);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(environment.path(&format!(".flowctl/{name}")));
    }
    std::fs::remove_dir_all(environment.path(".flowctl/backups")).unwrap();
    let ran = environment
        .flowctl(&["--emulator", "apply", "-auto-approve"])
        .code(1);
    insta::assert_snapshot!(ran.stderr);
    assert_eq!(
        environment.flowctl(&["history"]).out(),
        "No run has changed this state yet.\n"
    );
}

#[test]
fn a_refresh_takes_in_what_changed_outside() {
    let environment = applied(PROFILE);
    std::fs::remove_file(environment.path(".flowctl/emulator.db")).unwrap();
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(environment.path(&format!(".flowctl/emulator.db{side}")));
    }
    let plan = environment.flowctl(&["--emulator", "plan", "-refresh-only", "-detailed-exitcode"]);
    insta::assert_snapshot!("drift", plan.code(2));
    insta::assert_snapshot!(
        "refresh",
        environment.flowctl(&["--emulator", "refresh"]).success()
    );
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
}

#[test]
fn machine_readable_events_and_their_order() {
    let environment = with(DATA);
    let ran = environment.flowctl(&["apply", "-json", "-auto-approve", "-parallelism=1"]);
    let types: Vec<String> = ran
        .out()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types.first().map(String::as_str), Some("version"));
    assert_eq!(types.last().map(String::as_str), Some("outputs"));
    let count = |wanted: &str| types.iter().filter(|t| *t == wanted).count();
    assert_eq!((count("apply_start"), count("apply_complete")), (3, 3));
    assert_eq!(count("change_summary"), 2);
    let refused = with(DATA).flowctl(&["apply", "-json"]).code(1);
    assert_eq!(refused.stdout, "");
}
