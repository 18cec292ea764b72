//! Killed while everything happens at once: replacements in both orders, `moved`, `removed` and
//! `import` blocks, dependencies, and objects in two regions, by providers and by arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::audit::{in_state, whole};
use crate::world::World;

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const TYPE: &str = "aws_appflow_connector_profile";
const APPLY: [&str; 2] = ["apply", "-auto-approve"];
const POINTS: [&str; 5] = [
    "before-intent",
    "after-intent",
    "after-send",
    "before-result",
    "after-result",
];

/// How it is said where a profile lives.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Said {
    /// By the default provider.
    Nothing,
    /// By the provider.
    Provider,
    /// By the argument `region`, of which this is the value.
    Argument(usize),
}

/// A profile as it is configured.
#[derive(Clone, Debug)]
struct Thing {
    label: String,
    name: String,
    url: usize,
    kms: usize,
    said: Said,
    /// Replaced by creating first.
    first: bool,
    /// The number of one that it depends on.
    after: Option<usize>,
}

impl Thing {
    fn region(&self) -> usize {
        match self.said {
            Said::Nothing => 0,
            Said::Provider => 1,
            Said::Argument(region) => region,
        }
    }

    /// Its identity in state.
    fn id(&self) -> String {
        match self.said {
            Said::Argument(region) => format!("{}@{}", self.name, REGIONS[region]),
            _ => self.name.clone(),
        }
    }
}

/// The profiles that are configured, by number, and what the configuration says of this round.
#[derive(Default)]
struct Things {
    by_number: BTreeMap<usize, Thing>,
    /// Those that were forgotten and are left in the service.
    left: Vec<Thing>,
    /// The `moved`, `removed` and `import` blocks.
    blocks: String,
    /// How many values there have been: none comes twice.
    made: usize,
}

impl Things {
    fn next(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    fn add(&mut self, random: &mut StdRng) {
        let number = self.next();
        let first = random.random_bool(0.4);
        let said = match random.random_range(0..4) {
            0 => Said::Nothing,
            1 => Said::Provider,
            _ => Said::Argument(random.random_range(0..2)),
        };
        // What is replaced by creating first asks the same of what it depends on.
        let suits = |other: &(&usize, &Thing)| other.1.first || !first;
        let after = self.by_number.iter().filter(suits).choose(random);
        let after = after.map(|(number, _)| *number);
        let thing = Thing {
            label: format!("r{number}"),
            name: format!("profile-{number}"),
            url: number,
            kms: number,
            said,
            first,
            after: after.filter(|_| random.random_bool(0.5)),
        };
        self.by_number.insert(number, thing);
    }

    /// Takes one out of the configuration.
    fn take(&mut self, number: usize) -> Option<Thing> {
        for other in self.by_number.values_mut() {
            other.after = other.after.filter(|after| *after != number);
        }
        self.by_number.remove(&number)
    }

    fn say(&mut self, block: &str) {
        self.blocks.push_str(block);
    }

    fn change(&mut self, random: &mut StdRng) {
        self.blocks.clear();
        let all: Vec<usize> = self.by_number.keys().copied().collect();
        for number in all {
            let new = self.next();
            let Some(thing) = self.by_number.get_mut(&number) else {
                continue;
            };
            if random.random_bool(0.2) {
                let old = std::mem::replace(&mut thing.label, format!("r{new}"));
                let block =
                    format!("moved {{\n  from = {TYPE}.{old}\n  to   = {TYPE}.r{new}\n}}\n");
                self.blocks.push_str(&block);
                if random.random_bool(0.5) {
                    thing.url = new;
                }
                continue;
            }
            match random.random_range(0..14) {
                0 => thing.url = new,
                1 if !thing.first => thing.kms = new,
                2 | 3 => thing.name = format!("profile-{new}"),
                4 => {
                    if let Said::Argument(region) = thing.said {
                        thing.said = Said::Argument(1 - region);
                        thing.name = format!("profile-{new}");
                    }
                }
                5 => {
                    let _ = self.take(number);
                }
                way @ (6 | 7) => {
                    let taken = self.take(number);
                    if let Some(taken) = taken {
                        let destroy = way == 6;
                        self.say(&format!(
                            "removed {{\n  from = {TYPE}.{}\n  lifecycle {{\n    destroy = \
                             {destroy}\n  }}\n}}\n",
                            taken.label
                        ));
                        if !destroy {
                            self.left.push(taken);
                        }
                    }
                }
                _ => {}
            }
        }
        // One that was forgotten before this round is taken over again.
        if random.random_bool(0.5) && !self.left.is_empty() && !self.blocks.contains("= false") {
            let number = self.next();
            let mut thing = self.left.remove(0);
            thing.label = format!("r{number}");
            self.say(&format!(
                "import {{\n  to = {TYPE}.{}\n  id = {:?}\n}}\n",
                thing.label,
                thing.id()
            ));
            self.by_number.insert(number, thing);
        }
        while self.by_number.len() < 12 || (self.by_number.len() < 18 && random.random_bool(0.4)) {
            self.add(random);
        }
    }

    fn configuration(&self) -> String {
        let mut text = format!(
            "provider \"aws\" {{\n  region = {:?}\n}}\nprovider \"aws\" {{\n  alias  = \"west\"\n  \
             region = {:?}\n}}\n",
            REGIONS[0], REGIONS[1]
        );
        for thing in self.by_number.values() {
            let place = match thing.said {
                Said::Nothing => String::new(),
                Said::Provider => "provider = aws.west".to_owned(),
                Said::Argument(region) => format!("region = {:?}", REGIONS[region]),
            };
            let after = thing.after.and_then(|number| self.by_number.get(&number));
            let after = after.map_or_else(String::new, |other| {
                format!("depends_on = [{TYPE}.{}]", other.label)
            });
            let _ = writeln!(
                text,
                r#"
resource "{TYPE}" "{}" {{
  name            = "{}"
  connector_type  = "Slack"
  connection_mode = "Public"
  kms_arn         = "arn:aws:kms:us-east-1:123456789012:key/{}"
  {place}
  {after}
  connector_profile_config {{
    connector_profile_credentials {{
      slack {{
        client_id     = "id"
        client_secret = "alpha"
        access_token  = "alpha"
      }}
    }}
    connector_profile_properties {{
      slack {{
        instance_url = "https://team-{}.slack.com"
      }}
    }}
  }}
  lifecycle {{
    create_before_destroy = {}
  }}
}}"#,
                thing.label, thing.name, thing.kms, thing.url, thing.first
            );
        }
        let names = self.by_number.values().map(|thing| &thing.label);
        let names: Vec<String> = names.map(|l| format!("{TYPE}.{l}.name")).collect();
        let _ = writeln!(
            text,
            "resource \"terraform_data\" \"all\" {{\n  input = [{}]\n}}\n{}",
            names.join(", "),
            self.blocks
        );
        text
    }
}

/// Follows what the endpoint did, from request to request: what is there, and by which token.
#[derive(Default)]
struct Log {
    sequence: u64,
    live: BTreeMap<(String, String), String>,
}

impl Log {
    fn follow(&mut self, world: &World, broken: &mut Vec<String>) {
        let log = world.emulator.requests();
        for request in log["requests"].as_array().expect("a log") {
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            let sequence = request["sequence"].as_u64().unwrap_or(0);
            if sequence <= self.sequence {
                continue;
            }
            self.sequence = sequence;
            let key = (text("region"), text("connectorProfileName"));
            let token = text("clientToken");
            match (text("operation").as_str(), request["status"].as_u64()) {
                ("CreateConnectorProfile", Some(200)) => {
                    let made = self.live.insert(key.clone(), token.clone());
                    if made.is_some_and(|by| by != token) {
                        broken.push(format!("{key:?} was made twice"));
                    }
                }
                ("CreateConnectorProfile", Some(409)) => {
                    broken.push(format!("{key:?} was to be made a second time"));
                }
                ("DeleteConnectorProfile", Some(200)) => {
                    self.live.remove(&key);
                }
                _ => {}
            }
        }
    }

    fn look(&mut self, world: &World, wanted: &Things) -> Vec<String> {
        let mut broken = Vec::new();
        self.follow(world, &mut broken);
        let place = |thing: &Thing| (REGIONS[thing.region()].to_owned(), thing.name.clone());
        let things = wanted.by_number.values();
        let expected: BTreeSet<_> = things.clone().chain(&wanted.left).map(place).collect();
        let live: BTreeSet<_> = self.live.keys().cloned().collect();
        for key in live.difference(&expected) {
            broken.push(format!("{key:?} is live and not wanted"));
        }
        for key in expected.difference(&live) {
            broken.push(format!("{key:?} is wanted and not live"));
        }
        let state = world.environment.path(".flowctl/state.db");
        let rows = things.map(|thing| (format!("{TYPE}.{}", thing.label), thing.id()));
        let rows: BTreeMap<_, _> = rows.collect();
        match in_state(&state) {
            Ok(mut found) => {
                found.retain(|address, _| address != "terraform_data.all");
                if found != rows {
                    broken.push(format!("in state is {found:?}, not {rows:?}"));
                }
            }
            Err(error) => broken.push(error.to_string()),
        }
        broken.extend(whole(&state));
        broken
    }
}

#[test]
fn killed_in_the_middle_of_everything_nothing_is_lost() {
    let kills = crate::number("FLOWCTL_MIXED_KILLS").unwrap_or(10);
    let seed = crate::number("FLOWCTL_SEED").unwrap_or(1) as u64;
    let mut random = StdRng::seed_from_u64(seed);
    // Answers are late, so that a killed run has sent what it never hears of.
    let world = World::new(&format!("seed={seed},*:late=20ms:0.5"));
    let (mut wanted, mut log) = (Things::default(), Log::default());
    let (mut killed, mut rounds, mut broken) = (0, 0, Vec::new());
    let mut usual = Duration::from_millis(700);
    while killed < kills && broken.is_empty() {
        rounds += 1;
        let verb = if random.random_bool(0.15) {
            wanted.blocks.clear();
            "destroy"
        } else {
            wanted.change(&mut random);
            "apply"
        };
        let configuration = wanted.configuration();
        world
            .environment
            .write(&format!("//- main.tf\n{configuration}"));
        let mut story = verb.to_owned();
        for verb in [verb, "apply"] {
            let mut command = world.environment.command(&[verb, "-auto-approve"]);
            let ended = if random.random_bool(0.5) {
                let point = POINTS[random.random_range(0..POINTS.len())];
                let fault = format!("{point}:{}", random.random_range(1..=8));
                command.env("FLOWCTL_FAULT", &fault);
                let _ = write!(story, ", {verb} killed at {fault}");
                world.start_command(&mut command).end()
            } else {
                let moment = usual.mul_f64(random.random_range(0.0..1.0));
                let _ = write!(story, ", {verb} killed after {moment:?}");
                world.start_command(&mut command).kill_at(moment)
            };
            killed += usize::from(ended.killed());
            std::thread::sleep(Duration::from_millis(40));
            if random.random_bool(0.7) {
                break;
            }
        }
        let next = world.start(&APPLY).end();
        usual = usual.mul_f64(0.7) + next.took.mul_f64(0.3);
        if next.code() != Some(0) {
            broken.push(format!("the next apply failed: {}", next.said()));
        }
        let plan = world.run(&["plan", "-detailed-exitcode"]);
        if plan.code != Some(0) {
            broken.push(format!("the plan is not empty: {plan}"));
        }
        broken.extend(log.look(&world, &wanted));
        for what in &mut broken {
            what.insert_str(0, &format!("round {rounds} ({story}): "));
        }
        if !broken.is_empty() {
            eprintln!("{configuration}");
        }
    }
    eprintln!("{killed} kills in {rounds} rounds over everything at once");
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
