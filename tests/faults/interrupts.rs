//! Asked to stop: by hand, by a supervisor, by CI, and by a reader that goes away.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::audit::in_state;
use crate::service::{assert_complete, profiles};
use crate::world::{Running, World};

const COUNT: usize = 30;
const IN_FLIGHT: usize = 4;
const ADDRESS: &str = "aws_appflow_connector_profile.p[0]";

/// An apply with everything in flight that may be.
fn under_way(rules: &str) -> (World, Running) {
    let world = World::new(rules).with(&profiles(COUNT));
    let running = world.start(&[
        "apply",
        "-auto-approve",
        &format!("-parallelism={IN_FLIGHT}"),
    ]);
    World::until("the first creations", || {
        world.count("CreateConnectorProfile") >= IN_FLIGHT as u64
    });
    (world, running)
}

/// The next run does the rest.
#[track_caller]
fn assert_goes_on(world: &World) {
    world.emulator.set_faults("");
    let _ = world.apply().success();
    world.assert_settled();
    assert_complete(world, COUNT);
}

#[test]
fn the_first_signal_lets_finish_what_is_in_flight() {
    for signal in [Signal::INT, Signal::TERM] {
        let (world, running) = under_way("create:late=500ms");
        let before = world.count("CreateConnectorProfile");
        running.signal(signal);
        World::until("the interrupt", || running.has_said("Interrupted."));
        let heard = world.count("CreateConnectorProfile");
        let ended = running.end().with_code(130);
        let said = ended.said();
        let made = world.live().len();
        let [before, heard] = [before, heard].map(|n| usize::try_from(n).expect("a count"));
        // What is in flight may not have arrived yet.
        assert!(
            (before..=heard + IN_FLIGHT).contains(&made) && made < COUNT,
            "{made}: {said}"
        );
        // All that was made was recorded, and is said to be.
        let rows = in_state(&world.environment.path(".flowctl/state.db"));
        assert_eq!(rows.expect("a state").len(), made, "{said}");
        assert_eq!(said.matches("Creation complete").count(), made, "{said}");
        // So is what is left.
        assert!(said.contains("Interrupted"), "{said}");
        assert!(said.contains(&(COUNT - made).to_string()), "{said}");
        let plan = world.run(&["plan"]).success();
        let left = format!("Plan: {} to add", COUNT - made);
        assert!(plan.stdout.contains(&left), "{plan}");
        assert_goes_on(&world);
    }
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let (world, running) = under_way("create:late=30s:after=3");
    running.signal(Signal::INT);
    // Two signals that nobody has heard of yet are one.
    World::until("the interrupt", || running.has_said("Interrupted."));
    let asked = Instant::now();
    running.signal(Signal::INT);
    let ended = running.end().with_code(130);
    assert!(asked.elapsed() < Duration::from_secs(1), "{}", ended.said());
    assert_goes_on(&world);
}

#[test]
fn the_way_ci_cancels_leaves_no_lock_and_nothing_unknown() {
    // One run that ends by itself in the time it is given, and one that has to be stopped.
    for (late, by_itself) in [("1500ms", true), ("60s", false)] {
        let (world, mut running) = under_way(&format!("create:late={late}:after=3"));
        let begun = Instant::now();
        running.signal(Signal::INT);
        while running.goes_on() && begun.elapsed() < Duration::from_millis(7500) {
            sleep(Duration::from_millis(20));
        }
        assert_eq!(running.goes_on(), !by_itself, "{late}");
        running.signal(Signal::TERM);
        let asked = Instant::now();
        while running.goes_on() && asked.elapsed() < Duration::from_millis(2500) {
            sleep(Duration::from_millis(20));
        }
        running.signal(Signal::KILL);
        let ended = running.end().with_code(130);
        assert!(ended.took < Duration::from_secs(12));
        assert_goes_on(&world);
    }
}

#[test]
fn an_interrupted_question_and_an_interrupted_plan_change_nothing() {
    let world = World::new("describe:delay=30s").with(&profiles(2));
    for arguments in [
        &["plan"][..],
        &["apply", "-auto-approve"],
        &["import", "p-0", ADDRESS],
    ] {
        let running = world.start(arguments);
        running.until_it_listens();
        sleep(Duration::from_millis(200));
        let asked = Instant::now();
        running.signal(Signal::INT);
        let ended = running.end().with_code(130);
        assert!(asked.elapsed() < Duration::from_secs(3), "{}", ended.said());
    }
    assert_eq!(world.count("CreateConnectorProfile"), 0);
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let world = World::new("").with(&profiles(200));
    for command in ["plan", "plan -json", "plan -no-color --format json"] {
        let ended = world.shell("", &format!("{command} | head -1")).end();
        assert_eq!(ended.stdout().lines().count(), 1, "{}", ended.said());
        assert_eq!(ended.stderr(), "", "{command}");
    }
    for closed in [">&-", "2>&-", ">&- 2>&-", "> /dev/full"] {
        let ended = world.shell("", &format!("plan {closed}")).end();
        assert!(
            !ended.killed() && !ended.said().contains("internal error"),
            "{}",
            ended.said()
        );
    }
}

#[test]
fn an_apply_that_nobody_listens_to_finishes_its_work() {
    let world = World::new("create:late=20ms").with(&profiles(COUNT));
    let ended = world
        .shell("", "apply -auto-approve 2>err | head -1; cat err >&2")
        .end();
    assert!(!ended.said().contains("internal error"), "{}", ended.said());
    // The shell waits for `head` alone.
    World::until("the end of the apply", || {
        let list = world.run(&["history"]);
        !list.stdout.contains("running") && list.code == Some(0)
    });
    assert_complete(&world, COUNT);
    world.assert_settled();
}
