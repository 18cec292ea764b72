//! No room, no permission, and a state that is not what it was.

use std::fs;
use std::path::Path;
use std::process::Command;

use flowctl_testkit::Ran;

use crate::audit::whole;
use crate::service::{assert_complete, profiles};
use crate::world::World;

const COUNT: usize = 6;

fn applied() -> World {
    let world = World::new("").with(&profiles(COUNT));
    let _ = world.apply().success();
    world
}

/// A second run, so that the newest copy holds what is there.
fn applied_twice() -> World {
    let world = applied();
    let changed = profiles(COUNT).replace("https://x.", "https://y.");
    world.environment.write(&changed);
    let _ = world.apply().success();
    world
}

/// It failed, without a crash, and said what to do.
#[track_caller]
fn assert_told(ran: Ran, ways_out: &[&str]) {
    let ran = ran.code(1);
    assert!(!ran.stderr.contains("internal error"), "{ran}");
    assert!(!ran.stderr.contains("panicked"), "{ran}");
    let told = ways_out.iter().any(|way| ran.stderr.contains(way));
    assert!(told, "none of {ways_out:?} in {ran}");
}

/// The newest copy that can be put back.
fn restore(world: &World) {
    let copies = world.run(&["state", "restore"]).success().stdout;
    let newest = copies
        .lines()
        .find(|line| line.contains("serial"))
        .unwrap_or_else(|| panic!("no copy in {copies}"));
    let number = newest.split_whitespace().next().expect("a number");
    let _ = world.run(&["state", "restore", number]).success();
}

#[test]
fn a_file_that_may_not_grow_is_an_error_and_nothing_is_lost() {
    // In blocks of 512 bytes: too small for the first page, for the log, for a few results.
    for blocks in [0, 8, 40, 100, 160, 240] {
        let world = World::new("").with(&profiles(COUNT));
        let limit = format!("ulimit -f {blocks};");
        let ended = world.shell(&limit, "apply -auto-approve").end();
        let said = ended.said();
        assert!(!ended.killed(), "{blocks} blocks: {said}");
        assert!(!said.contains("internal error"), "{blocks} blocks: {said}");
        if ended.code() == Some(0) {
            assert_complete(&world, COUNT);
            continue;
        }
        assert_eq!(ended.code(), Some(1), "{blocks} blocks: {said}");
        assert!(said.contains(".flowctl"), "{blocks} blocks: {said}");
        let _ = world.apply().success();
        world.assert_settled();
        assert_complete(&world, COUNT);
    }
}

#[test]
fn commands_on_the_state_are_not_killed_by_it_either() {
    let world = applied();
    let address = "aws_appflow_connector_profile.p";
    for arguments in [
        format!("state mv '{address}[0]' '{address}[9]'"),
        format!("state rm '{address}[0]'"),
        "state restore 1".to_owned(),
        "state rekey".to_owned(),
        "plan -out=saved.plan".to_owned(),
        "init new".to_owned(),
    ] {
        let ended = world.shell("ulimit -f 0;", &arguments).end();
        let said = ended.said();
        assert!(!ended.killed(), "{arguments}: {said}");
        assert!(!said.contains("internal error"), "{arguments}: {said}");
        assert_eq!(ended.code(), Some(1), "{arguments}: {said}");
    }
    assert!(!world.environment.path("saved.plan").exists());
    assert!(!world.environment.path("new/main.tf").exists());
    world.assert_settled();
    assert_complete(&world, COUNT);
}

/// A small file system of its own, where that may be made.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(at: &'a Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).expect("a directory");
        let options = format!("size={size},mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "none"])
            .arg(at)
            .output();
        if mounted.is_ok_and(|done| done.status.success()) {
            return Some(Self(at));
        }
        eprintln!("no file system may be mounted here: a full disk is not tested");
        None
    }

    fn again(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = Command::new("mount")
            .args(["-o", &options])
            .arg(self.0)
            .output();
        assert!(done.is_ok_and(|done| done.status.success()), "{options}");
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_lost() {
    let mut failed = 0;
    for size in ["16k", "48k", "64k", "96k", "128k", "160k", "256k"] {
        let world = World::new("").with(&profiles(COUNT));
        let directory = world.environment.path(".flowctl");
        let Some(disk) = Small::mount(&directory, size) else {
            return;
        };
        let ran = world.apply();
        if ran.code != Some(0) {
            failed += 1;
            assert_told(ran, &[".flowctl"]);
            // Reading needs no room.
            let list = world.run(&["state", "list"]);
            assert!(!list.stderr.contains("internal error"), "{list}");
        }
        disk.again("size=8m");
        let _ = world.apply().success();
        world.assert_settled();
        assert_complete(&world, COUNT);
    }
    assert!(failed >= 2, "{failed}");
}

#[test]
fn a_directory_that_may_not_be_written_is_an_error_before_any_request() {
    let world = applied();
    let kept = fs::read(world.environment.path(".flowctl/state.db")).expect("a state");
    let directory = world.environment.path("read-only");
    let Some(disk) = Small::mount(&directory, "8m") else {
        return;
    };
    let made = world.count("CreateConnectorProfile");
    disk.again("ro");
    let arguments = ["--state=read-only/state.db", "apply", "-auto-approve"];
    assert_told(world.run(&arguments), &["read-only"]);
    disk.again("rw");
    fs::write(directory.join("state.db"), kept).expect("a copy");
    fs::copy(
        world.environment.path(".flowctl/key"),
        directory.join("key"),
    )
    .expect("a copy");
    disk.again("ro");
    assert_told(world.run(&arguments), &["read-only"]);
    assert_eq!(world.count("CreateConnectorProfile"), made);
    // What only reads can be read, or says why not.
    for command in ["show", "plan"] {
        let ran = world.run(&["--state=read-only/state.db", command]);
        let fine = ran.code == Some(0) || ran.stderr.contains("read-only");
        assert!(fine && !ran.stderr.contains("internal error"), "{ran}");
    }
}

/// What happens to the bytes of a state.
type Damage = fn(Vec<u8>) -> Vec<u8>;

#[test]
fn a_damaged_state_is_named_and_a_copy_brings_it_back() {
    let commands: [&[&str]; 6] = [
        &["plan"],
        &["apply", "-auto-approve"],
        &["destroy", "-auto-approve"],
        &["state", "list"],
        &["show"],
        &["output"],
    ];
    let damages: [(&str, Damage); 6] = [
        ("cut in half", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("cut off in a page", |bytes| {
            bytes[..bytes.len() - 5000].to_vec()
        }),
        ("emptied", |_| Vec::new()),
        ("its beginning only", |bytes| bytes[..100].to_vec()),
        ("overwritten", |mut bytes| {
            for byte in &mut bytes[4096..] {
                *byte ^= 0x5a;
            }
            bytes
        }),
        ("no database", |bytes| vec![b'x'; bytes.len()]),
    ];
    for (what, damage) in damages {
        let world = applied_twice();
        let changes = |world: &World| {
            ["Create", "Update", "Delete"]
                .map(|verb| world.count(&format!("{verb}ConnectorProfile")))
        };
        let before = changes(&world);
        let state = world.environment.path(".flowctl/state.db");
        let bytes = fs::read(&state).expect("a state");
        fs::write(&state, damage(bytes)).expect("a damaged state");
        for command in commands {
            let ran = world.run(command);
            assert_eq!(ran.code, Some(1), "{what}: {ran}");
            assert_told(ran, &["state restore"]);
        }
        assert_eq!(changes(&world), before, "{what}");
        restore(&world);
        let _ = world.apply().success();
        world.assert_settled();
        assert_complete(&world, COUNT);
    }
}

#[test]
fn a_missing_state_is_not_a_reason_to_make_everything_again() {
    let world = applied();
    fs::remove_dir_all(world.environment.path(".flowctl")).expect("a directory");
    for command in [&["plan"][..], &["apply", "-auto-approve"]] {
        assert_told(world.run(command), &["flowctl import"]);
    }
    assert_eq!(world.count("CreateConnectorProfile"), COUNT as u64);
}

#[test]
fn the_state_of_another_project_changes_nothing_unasked() {
    let world = applied();
    let other = World::new("").with(&profiles(3).replace("\"p-", "\"other-"));
    let _ = other.apply().success();
    let state = |world: &World| world.environment.path(".flowctl/state.db");
    fs::copy(state(&other), state(&world)).expect("a copy");
    let deletions = world.count("DeleteConnectorProfile");
    // The profiles of the project are there, and not in this state.
    assert_told(world.apply(), &["flowctl import", "state restore"]);
    assert_eq!(world.count("DeleteConnectorProfile"), deletions);
    assert_eq!(world.live().len(), COUNT);
    // A database of some other program.
    let path = state(&world);
    fs::remove_file(&path).expect("a file");
    let database = rusqlite::Connection::open(&path).expect("a database");
    database
        .execute_batch("CREATE TABLE resources (a); INSERT INTO resources VALUES (1);")
        .expect("a table");
    drop(database);
    for command in [
        &["plan"][..],
        &["apply", "-auto-approve"],
        &["state", "list"],
    ] {
        assert_told(world.run(command), &["state restore"]);
    }
}

#[test]
fn a_state_that_disappears_under_a_run_is_an_error() {
    for replaced in [false, true] {
        let world = applied_twice();
        world.environment.write(&profiles(20));
        world.emulator.set_faults("create:late=200ms");
        let made = world.count("CreateConnectorProfile");
        let running = world.start(&["apply", "-auto-approve", "-parallelism=2"]);
        World::until("a creation", || {
            world.count("CreateConnectorProfile") > made
        });
        let state = world.environment.path(".flowctl/state.db");
        let copy = world.environment.path("copy.db");
        if replaced {
            fs::copy(&state, &copy).expect("a copy");
            fs::rename(&copy, &state).expect("a file");
        } else {
            fs::remove_file(&state).expect("a file");
        }
        let ended = running.end().with_code(1);
        let said = ended.said();
        assert!(said.contains("deleted or replaced"), "{said}");
        // No further work was begun: it could not have been recorded.
        let live = world.live().len();
        assert!(live < 20, "{live}: {said}");
        restore(&world);
        assert_eq!(whole(&state), Vec::<String>::new());
        let list = world.run(&["state", "list"]).success();
        assert_eq!(list.stdout.lines().count(), COUNT, "{list}");
        // What was made meanwhile is nobody's, and can be taken over.
        world.emulator.set_faults("");
        for name in world.live().into_keys() {
            let number = name.trim_start_matches("p-");
            let address = format!("aws_appflow_connector_profile.p[{number}]");
            if !list.stdout.contains(&address) {
                let _ = world.run(&["import", &address, &name]).success();
            }
        }
        let _ = world.apply().success();
        world.assert_settled();
        assert_eq!(world.live().len(), 20);
    }
}
