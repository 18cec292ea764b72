//! Killed at any instant: `apply`, `destroy` and `import`, at random moments and at every named
//! point of an operation's course, with everything in flight at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::audit::{Audit, in_state};
use crate::model::{CONFIGURATION, Profiles};
use crate::world::{Ended, World};

/// The points of `flowctl_executor::fault::FaultPoint`.
const POINTS: [&str; 5] = [
    "before-intent",
    "after-intent",
    "after-send",
    "before-result",
    "after-result",
];

/// Work that is begun late goes on without its sender; an answer that is late is one that a killed
/// run never hears.
const SLOWNESS: &str = "*:delay=15ms:0.5,create:delay=120ms:0.1,*:late=40ms:0.5";

/// The longest time after which nothing of a killed run can still be under way at the endpoint.
const SETTLED: Duration = Duration::from_millis(150);

/// How often each kind of kill came, by name, and what was found.
#[derive(Default)]
struct Figures {
    kills: BTreeMap<String, usize>,
    too_late: usize,
    /// Deletions of dead runs that the endpoint got round to after the next run was done.
    overtaken: usize,
    rounds: usize,
    broken: Vec<String>,
}

impl Figures {
    fn total(&self) -> usize {
        self.kills.values().sum()
    }

    fn add(&mut self, other: Self) {
        for (kind, count) in other.kills {
            *self.kills.entry(kind).or_default() += count;
        }
        self.too_late += other.too_late;
        self.overtaken += other.overtaken;
        self.rounds += other.rounds;
        self.broken.extend(other.broken);
    }
}

/// One world that is killed again and again.
struct Lane {
    world: World,
    audit: Audit,
    wanted: Profiles,
    random: StdRng,
    /// How long each command usually takes.
    usual: BTreeMap<&'static str, Duration>,
    figures: Figures,
}

impl Lane {
    fn new(seed: u64) -> Self {
        let world = World::new("");
        let audit = Audit::begin(&world);
        let mut random = StdRng::seed_from_u64(seed);
        let wanted = Profiles::random(25, &mut random);
        world
            .emulator
            .set_faults(&format!("seed={seed},{SLOWNESS}"));
        world.environment.write(CONFIGURATION);
        let guess = Duration::from_millis(700);
        let lane = Self {
            world,
            audit,
            wanted,
            random,
            usual: [("apply", guess), ("destroy", guess), ("import", guess / 4)].into(),
            figures: Figures::default(),
        };
        lane.write();
        lane
    }

    fn write(&self) {
        let path = self.world.environment.path("terraform.tfvars.json");
        std::fs::write(path, self.wanted.variables()).expect("a file of the test");
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    /// Runs a command that is killed, at a random moment or at a point.
    fn kill(&mut self, command: &'static str, arguments: &[&str]) -> Ended {
        let mut process = self.world.environment.command(arguments);
        let ended = if command != "import" && self.one_in(2) {
            let point = POINTS[self.random.random_range(0..POINTS.len())];
            let nth = self.random.random_range(1..=12);
            process.env("FLOWCTL_FAULT", format!("{point}:{nth}"));
            let ended = self.world.start_command(&mut process).end();
            self.count(&ended, &format!("{command} {point}"));
            ended
        } else {
            let usual = self.usual[command].as_secs_f64();
            let moment = Duration::from_secs_f64(self.random.random_range(0.0..usual));
            let ended = self.world.start_command(&mut process).kill_at(moment);
            self.count(&ended, &format!("{command} at random"));
            ended
        };
        if !ended.killed() {
            self.learn(command, ended.took);
        }
        ended
    }

    fn count(&mut self, ended: &Ended, kind: &str) {
        if ended.killed() {
            *self.figures.kills.entry(kind.to_owned()).or_default() += 1;
        } else {
            self.figures.too_late += 1;
        }
    }

    fn learn(&mut self, command: &'static str, took: Duration) {
        let usual = self.usual.entry(command).or_default();
        *usual = usual.mul_f64(0.7) + took.mul_f64(0.3);
    }

    /// Makes work, kills what does it, recovers, and looks at what is left.
    fn round(&mut self) {
        self.figures.rounds += 1;
        let before = self.wanted.clone();
        let story = match self.random.random_range(0..10) {
            0 | 1 => {
                let _ = self.kill("destroy", &["destroy", "-auto-approve"]);
                "destroy"
            }
            2 => {
                self.import();
                "import"
            }
            _ => {
                self.wanted.change(&mut self.random);
                self.write();
                let _ = self.kill("apply", &["apply", "-auto-approve"]);
                "apply"
            }
        };
        let mut story = story.to_owned();
        if self.one_in(3) {
            let _ = self.kill("apply", &["apply", "-auto-approve"]);
            story.push_str(", its recovery");
        }
        if self.one_in(4) {
            std::thread::sleep(SETTLED);
            if self.one_in(2) {
                self.wanted.go_back_to(before);
                story.push_str(", the configuration before");
            } else {
                self.wanted.change(&mut self.random);
                story.push_str(", another configuration");
            }
            self.write();
        }
        self.recover(&story);
    }

    /// Somebody else's profile is taken over.
    fn import(&mut self) {
        let key = self.wanted.add_plain(&mut self.random);
        self.write();
        let profile = self.wanted.by_key[&key].clone();
        let _ = self
            .world
            .post("create-connector-profile", &profile.creation());
        let address = profile.address(&key);
        let arguments = ["import", &address, &profile.name];
        let _ = self.kill("import", &arguments);
        let state = self.world.environment.path(".flowctl/state.db");
        let is_there = || in_state(&state).is_ok_and(|rows| rows.contains_key(&address));
        if !is_there() {
            let again = self.world.run(&arguments);
            if again.code != Some(0) {
                self.broken("import", &format!("the next import failed: {again}"));
            }
        }
    }

    fn recover(&mut self, story: &str) {
        let ended = self.world.start(&["apply", "-auto-approve"]).end();
        let took = ended.took;
        if ended.code() != Some(0) {
            let said = ended.said();
            self.broken(story, &format!("the next apply failed: {said}"));
            return;
        }
        self.learn("apply", took);
        if Audit::was_overtaken(&self.world, &self.wanted) {
            self.figures.overtaken += 1;
            let again = self.world.apply();
            if again.code != Some(0) {
                self.broken(story, &format!("the apply after the next failed: {again}"));
            }
        }
        let plan = self.world.run(&["plan", "-detailed-exitcode"]);
        if plan.code != Some(0) {
            self.broken(story, &format!("the plan is not empty: {plan}"));
        }
        let found = self.audit.look(&self.world, &self.wanted);
        for broken in found {
            self.broken(story, &broken);
        }
    }

    fn broken(&mut self, story: &str, what: &str) {
        let round = self.figures.rounds;
        self.figures
            .broken
            .push(format!("round {round} ({story}): {what}"));
    }
}

/// Makes `kills` kills in one world, or in several where an invariant broke.
fn kills(kills: usize, seed: u64) -> Figures {
    let mut total = Figures::default();
    let mut next = seed;
    while total.total() < kills {
        let mut lane = Lane::new(next);
        // Everything is first made by a run that is killed too.
        let _ = lane.kill("apply", &["apply", "-auto-approve"]);
        lane.recover("the first apply");
        while lane.figures.broken.is_empty() && total.total() + lane.figures.total() < kills {
            lane.round();
        }
        total.add(lane.figures);
        next += 1000;
        // Enough to see what is wrong.
        if total.broken.len() > 20 {
            break;
        }
    }
    total
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_made_twice() {
    let wanted: usize = crate::number("FLOWCTL_KILLS").unwrap_or(25);
    let seed = crate::number("FLOWCTL_SEED").unwrap_or(1) as u64;
    let started = Instant::now();
    let lanes: Vec<_> = (0_u64..2)
        .map(|lane| {
            let share = if lane == 0 {
                wanted / 2
            } else {
                wanted - wanted / 2
            };
            std::thread::spawn(move || kills(share, seed + lane))
        })
        .collect();
    let mut figures = Figures::default();
    for lane in lanes {
        figures.add(lane.join().expect("a lane"));
    }
    eprintln!(
        "{} kills in {} rounds and {:.0?} ({} came too late, {} deletions were carried out later than \
         what followed them); {} invariants broken",
        figures.total(),
        figures.rounds,
        started.elapsed(),
        figures.too_late,
        figures.overtaken,
        figures.broken.len()
    );
    for (kind, count) in &figures.kills {
        eprintln!("  {count:>4}  {kind}");
    }
    assert!(figures.broken.is_empty(), "{}", figures.broken.join("\n\n"));
    assert!(figures.overtaken <= 1 + wanted / 100);
    assert!(figures.total() >= wanted);
}
