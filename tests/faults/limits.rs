//! Files that may not grow beyond a size: the first bytes of the small ones, whole pages of the
//! state, pages and frames of its log that are cut anywhere. `sweep.py` tries every size.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::audit::{in_state, whole};
use crate::service::{assert_complete, profiles};
use crate::world::World;

const COUNT: usize = 4;
/// How large a file may be, in bytes, and the arguments of flowctl, one a line.
const CHILD: [&str; 2] = ["FLOWCTL_TEST_LIMIT", "FLOWCTL_TEST_ARGUMENTS"];
/// Of a page, and of a page in the log; the log begins with a header of 32 bytes.
const PAGE: u64 = 4096;
const FRAME: u64 = 24 + PAGE;
/// With some the log is cut, with some the state itself when the log is moved into it.
const SIZES: [u64; 12] = [
    0,
    40,
    PAGE - 1,
    32 + 2 * FRAME + 12,
    8 * PAGE,
    11 * PAGE + 1,
    12 * PAGE + 344,
    13 * PAGE + 1344,
    14 * PAGE + 392,
    15 * PAGE + 404,
    18 * PAGE + 464,
    25 * PAGE + 512,
];

/// Limits itself, and becomes flowctl.
#[test]
#[ignore = "started by the other tests"]
fn child() {
    let [Ok(limit), Ok(arguments)] = CHILD.map(std::env::var) else {
        return;
    };
    let limit = Rlimit {
        current: limit.parse().ok(),
        maximum: None,
    };
    setrlimit(Resource::Fsize, limit).expect("a limit of its own");
    let error = Command::new(env!("CARGO_BIN_EXE_flowctl"))
        .args(arguments.lines())
        .exec();
    panic!("{error}");
}

/// Runs a command whose files may have at most that many bytes; whether it was done.
#[track_caller]
fn run(world: &World, limit: u64, arguments: &[&str]) -> bool {
    let flowctl = world.environment.command(&[]);
    let variables = flowctl.get_envs().filter_map(|(n, v)| Some((n, v?)));
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child
        .args(["--exact", "limits::child", "--ignored", "--nocapture"])
        .env_clear()
        .envs(variables)
        .env(CHILD[0], limit.to_string())
        .env(CHILD[1], arguments.join("\n"))
        .current_dir(world.environment.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = world.start_command(&mut child).end();
    let said = format!("{arguments:?} with {limit} bytes: {}", ended.said());
    assert!(!said.contains("panicked"), "{said}");
    assert!(!said.contains("internal error"), "{said}");
    match ended.code() {
        Some(0) => true,
        Some(1) => {
            let stderr = ended.stderr();
            assert!(stderr.contains(".flowctl"), "{said}");
            let ways_out = ["make room", "raise the limit", "the next run finds out"];
            assert!(ways_out.iter().any(|way| stderr.contains(way)), "{said}");
            // What there is can be read.
            let plan = world.run(&["plan"]);
            assert_eq!(plan.code, Some(0), "{said}: {plan}");
            false
        }
        _ => panic!("{said}"),
    }
}

/// How many sizes were too small for a command, each in a world of its own.
fn sweep(prepare: impl Fn() -> World, arguments: &[&str], after: impl Fn(&World, bool)) -> usize {
    let refused = SIZES.iter().filter(|&&limit| {
        let world = prepare();
        let done = run(&world, limit, arguments);
        after(&world, done);
        !done
    });
    refused.count()
}

fn applied() -> World {
    let world = World::new("").with(&profiles(COUNT - 1));
    let _ = world.apply().success();
    world.environment.write(&profiles(COUNT));
    let _ = world.apply().success();
    world
}

/// The next run does the rest, and makes nothing twice.
fn goes_on(world: &World, _: bool) {
    let _ = world.apply().success();
    world.assert_settled();
    assert_complete(world, COUNT);
}

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

#[test]
fn of_any_size_a_first_apply_is_completed_by_the_next() {
    let fresh = || World::new("").with(&profiles(COUNT));
    assert!(sweep(fresh, &APPLY, goes_on) >= 8);
}

#[test]
fn of_any_size_a_change_is_completed_by_the_next_apply() {
    let changed = || {
        let world = applied();
        let other = profiles(COUNT).replace("https://x.", "https://y.");
        world.environment.write(&other);
        world
    };
    assert!(sweep(changed, &APPLY, goes_on) >= 8);
}

#[test]
fn of_any_size_a_destruction_is_completed_by_the_next() {
    let destroy = ["destroy", "-auto-approve"];
    let refused = sweep(applied, &destroy, |world, _| {
        let _ = world.run(&destroy).success();
        assert_eq!(world.live().len(), 0);
        let state = world.environment.path(".flowctl/state.db");
        assert_eq!(in_state(&state).expect("a state").len(), 0);
        assert_eq!(whole(&state), Vec::<String>::new());
    });
    assert!(refused >= 8);
}

#[test]
fn of_any_size_commands_on_the_state_are_done_or_not_at_all() {
    let address = |n: usize| format!("aws_appflow_connector_profile.p[{n}]");
    let (from, to) = (address(0), address(9));
    let refused = sweep(applied, &["state", "mv", &from, &to], |world, done| {
        let back = world.run(&["state", "mv", &to, &from]);
        assert_eq!(back.code == Some(0), done, "{back}");
        goes_on(world, done);
    });
    assert!(refused >= 6);
    let refused = sweep(applied, &["state", "rekey"], goes_on);
    assert!(refused >= 6);
    // The copy of a state that did not have the last one yet.
    let refused = sweep(applied, &["state", "restore", "2"], |world, done| {
        let last = COUNT - 1;
        let state = world.environment.path(".flowctl/state.db");
        let rows = in_state(&state).expect("a state");
        assert!(
            rows.len() == last || (rows.len() == COUNT && !done),
            "{rows:?}"
        );
        if rows.len() == last {
            let name = format!("p-{last}");
            let _ = world.run(&["import", &address(last), &name]).success();
        }
        goes_on(world, done);
    });
    assert!(refused >= 6);
}
