//! Two runs at a time.

use std::process::Child;
use std::time::{Duration, Instant};

use flowctl_testkit::{Emulator, TestEnvironment};

use crate::{PROFILE, with};

/// An apply that goes on until the endpoint is asked to hurry.
struct Slow {
    environment: TestEnvironment,
    emulator: Emulator,
    url: String,
    apply: Child,
}

fn slow(seconds: u32) -> Slow {
    let environment = with(PROFILE)
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
        .with_variable("AWS_REGION", "us-east-1");
    let rules = format!("create:delay={seconds}s");
    let emulator = Emulator::start(&environment, &["--faults", &rules]);
    let url = emulator.url();
    let mut command = environment.command(&["--endpoint-url", &url, "apply", "-auto-approve"]);
    let apply = environment.start(&mut command);
    let deadline = Instant::now() + Duration::from_secs(20);
    // The run is under way once its request was committed to the journal.
    loop {
        let history = environment.flowctl(&["history", "1", "-json"]);
        if history.code == Some(0)
            && history.stdout.contains("started")
            && history.stdout.contains("\"create\"")
        {
            break;
        }
        assert!(Instant::now() < deadline, "{history}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Slow {
        environment,
        emulator,
        url,
        apply,
    }
}

#[test]
fn a_living_holder_is_named_and_a_plan_waits_for_nobody() {
    let Slow {
        environment,
        emulator: _emulator,
        url,
        apply,
    } = slow(4);
    // Wide enough that no number of a process breaks a line.
    let environment = environment.with_variable("COLUMNS", "200");
    let second = environment
        .flowctl(&["--endpoint-url", &url, "apply", "-auto-approve"])
        .code(1);
    insta::assert_snapshot!(second);
    let plan = environment
        .flowctl(&["--endpoint-url", &url, "plan"])
        .success();
    assert!(plan.stdout.contains("Plan: 1 to add"), "{plan}");
    let third = environment.flowctl(&[
        "--endpoint-url",
        &url,
        "apply",
        "-auto-approve",
        "-lock-timeout=30s",
    ]);
    assert!(third.success().stdout.contains("No changes"));
    assert!(apply.wait_with_output().unwrap().status.success());
}

#[test]
fn a_killed_holder_blocks_nobody_and_its_work_is_found() {
    let Slow {
        environment,
        emulator,
        url,
        mut apply,
    } = slow(2);
    apply.kill().unwrap();
    let _ = apply.wait();
    // The request was on its way: the profile may be made or not.
    std::thread::sleep(Duration::from_secs(3));
    emulator.set_faults("");
    let arguments = ["--endpoint-url", &url, "apply", "-auto-approve"];
    let _ = environment.flowctl(&arguments).success();
    let again = environment.flowctl(&["--endpoint-url", &url, "plan", "-detailed-exitcode"]);
    let _ = again.code(0);
}

#[test]
fn an_interrupted_apply_finishes_what_is_under_way() {
    let Slow {
        environment,
        emulator: _emulator,
        apply,
        ..
    } = slow(3);
    let killed = std::process::Command::new("kill")
        .args(["-INT", &apply.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let output = apply.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Creation complete"), "{said}");
    assert!(said.contains("Interrupted"), "{said}");
    assert_eq!(
        environment.flowctl(&["state", "list"]).out(),
        "aws_appflow_connector_profile.metrics\n"
    );
}
