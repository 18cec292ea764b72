//! Several runs at once on one state.

use std::time::{Duration, Instant};

use crate::audit::in_state;
use crate::service::{assert_complete, profiles};
use crate::world::{Running, World};

const COUNT: usize = 24;

/// An apply that takes a few seconds.
fn slow() -> (World, Running) {
    let world = World::new("create:late=400ms").with(&profiles(COUNT));
    let running = world.start(&["apply", "-auto-approve", "-parallelism=3"]);
    World::until("the first creation", || {
        world.count("CreateConnectorProfile") > 0
    });
    (world, running)
}

#[test]
fn the_second_apply_is_told_who_has_the_lock_or_waits_for_it() {
    let (world, running) = slow();
    let id = running.id().to_string();
    for command in [
        &["apply", "-auto-approve"][..],
        &["destroy", "-auto-approve"],
        &["refresh"],
    ] {
        let refused = world.run(command).code(1);
        let said = &refused.stderr;
        for part in [id.as_str(), "apply", "tester", "since 20", "-lock-timeout"] {
            assert!(said.contains(part), "{part}: {refused}");
        }
    }
    let impatient = world.run(&["apply", "-auto-approve", "-lock-timeout=300ms"]);
    assert!(impatient.code(1).stderr.contains(&id));
    let patient = world.run(&["apply", "-auto-approve", "-lock-timeout=60s"]);
    assert!(patient.success().stdout.contains("No changes"));
    let _ = running.end().with_code(0);
    assert_complete(&world, COUNT);
}

#[test]
fn a_killed_holder_has_no_lock() {
    let (world, running) = slow();
    let ended = running.kill_at(Duration::ZERO);
    assert!(ended.killed());
    world.emulator.set_faults("");
    let _ = world.apply().success();
    world.assert_settled();
    assert_complete(&world, COUNT);
}

#[test]
fn who_only_reads_waits_for_nobody_and_sees_a_whole_state() {
    let (world, mut running) = slow();
    let commands: [&[&str]; 6] = [
        &["state", "list"],
        &["show"],
        &["output", "-json"],
        &["history"],
        &["plan"],
        &["plan", "-refresh=false"],
    ];
    let mut before = 0;
    let mut looks = 0;
    let mut longest = Duration::ZERO;
    while running.goes_on() {
        for command in commands {
            let started = Instant::now();
            let ran = world.run(command).success();
            longest = longest.max(started.elapsed());
            looks += 1;
            if command[0] == "state" {
                let now = ran.stdout.lines().count();
                assert!(now >= before, "{now} of {before}");
                before = now;
            }
            if command == ["plan", "-refresh=false"] {
                let words = ran.stdout.split("Plan: ").nth(1);
                let left = words.and_then(|text| text.split(' ').next()?.parse::<usize>().ok());
                assert!(left.unwrap_or(0) <= COUNT - before, "{before}: {ran}");
            }
            if command == ["output", "-json"] {
                let _: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
            }
        }
    }
    let _ = running.end().with_code(0);
    // Beside the time that the same takes when nobody writes, on a machine as busy as this one is.
    let alone = commands.map(|command| {
        let started = Instant::now();
        let _ = world.run(command).success();
        started.elapsed()
    });
    let alone = alone.into_iter().max().unwrap_or_default();
    eprintln!("{looks} looks during an apply, the longest {longest:.1?}, alone {alone:.1?}");
    let patience = Duration::from_secs(3).max(alone * 5);
    assert!(longest < patience, "{longest:?} against {alone:?}");
    assert!(looks >= 6);
    assert_complete(&world, COUNT);
}

#[test]
fn many_that_begin_at_once_do_the_work_once() {
    let world = World::new("create:late=50ms").with(&profiles(COUNT));
    let arguments = ["apply", "-auto-approve", "-lock-timeout=60s"];
    let runs: Vec<_> = (0..6).map(|_| world.start(&arguments)).collect();
    let plans: Vec<_> = (0..4).map(|_| world.start(&["plan"])).collect();
    for run in runs.into_iter().chain(plans) {
        let _ = run.end().with_code(0);
    }
    assert_eq!(world.count("CreateConnectorProfile"), COUNT as u64);
    assert_complete(&world, COUNT);
    world.assert_settled();
}

#[test]
fn two_states_of_one_directory_share_nothing() {
    for _ in 0..5 {
        let world = World::new("").with(&profiles(4).replace("\"p-", "\"${var.who}-"));
        world
            .environment
            .write("//- variables.tf\nvariable \"who\" {}\n");
        let arguments = |who: &str, verb: &str| {
            let mut all = vec![format!("--state=.flowctl/{who}.db"), verb.to_owned()];
            all.push(format!("-var=who={who}"));
            match verb {
                "plan" => all.push("-detailed-exitcode".to_owned()),
                _ => all.push("-auto-approve".to_owned()),
            }
            all
        };
        let start = |who: &str, verb: &str| {
            let all = arguments(who, verb);
            world.start(&all.iter().map(String::as_str).collect::<Vec<_>>())
        };
        for run in [start("a", "apply"), start("b", "apply")] {
            let _ = run.end().with_code(0);
        }
        for run in [start("a", "plan"), start("b", "plan")] {
            let _ = run.end().with_code(0);
        }
        assert_eq!(world.live().len(), 8);
        for who in ["a", "b"] {
            let state = world.environment.path(&format!(".flowctl/{who}.db"));
            assert_eq!(in_state(&state).expect("a state").len(), 4);
        }
    }
}
