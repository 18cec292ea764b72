//! Killed while flows are made, changed, started, stopped and deleted: a change of a flow is several
//! requests, between which it must not stay as no configuration says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::audit::{in_state, whole};
use crate::world::World;

const CONFIGURATION: &str = r#"
//- main.tf
variable "flows" {
  type = map(object({
    name   = string
    about  = string
    bucket = string
    status = string
    stage  = string
  }))
}

resource "aws_appflow_connector_profile" "slack" {
  name            = "slack"
  connector_type  = "Slack"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = "alpha"
        access_token  = "alpha"
      }
    }
    connector_profile_properties {
      slack {
        instance_url = "https://acme.slack.com"
      }
    }
  }
}

resource "aws_appflow_flow" "f" {
  for_each    = var.flows
  name        = each.value.name
  description = each.value.about
  flow_status = each.value.status
  tags        = { stage = each.value.stage }

  source_flow_config {
    connector_type         = "Slack"
    connector_profile_name = aws_appflow_connector_profile.slack.name
    source_connector_properties {
      slack {
        object = "conversations/C1"
      }
    }
  }
  destination_flow_config {
    connector_type = "S3"
    destination_connector_properties {
      s3 {
        bucket_name = each.value.bucket
      }
    }
  }
  task {
    task_type     = "Map"
    source_fields = ["Id"]
    destination_field = "id"
    connector_operator {
      slack = "NO_OP"
    }
  }
  trigger_config {
    trigger_type = "Scheduled"
    trigger_properties {
      scheduled {
        schedule_expression = "rate(1hours)"
      }
    }
  }
}
"#;

/// The points of an operation's course, as in `kill.rs`.
const POINTS: [&str; 4] = [
    "after-intent",
    "after-send",
    "before-result",
    "after-result",
];

/// A flow as it is configured.
#[derive(Clone, PartialEq, Debug)]
struct Flow {
    name: String,
    about: String,
    bucket: String,
    status: &'static str,
    stage: String,
}

/// The flows that are configured, by key, and how many values there have been: none comes twice.
struct Flows(BTreeMap<String, Flow>, usize);

impl Flows {
    fn add(&mut self, random: &mut StdRng) {
        self.1 += 1;
        let number = self.1;
        let flow = Flow {
            name: format!("flow-{number}"),
            about: format!("about {number}"),
            bucket: format!("bucket-{number}"),
            status: if random.random_bool(0.6) {
                "Active"
            } else {
                "Suspended"
            },
            stage: number.to_string(),
        };
        self.0.insert(format!("k{number}"), flow);
    }

    fn change(&mut self, random: &mut StdRng) {
        for _ in 0..random.random_range(2..=6) {
            self.1 += 1;
            let number = self.1;
            let Some(flow) = self.0.values_mut().choose(random) else {
                continue;
            };
            match random.random_range(0..5) {
                0 => flow.about = format!("about {number}"),
                1 => flow.bucket = format!("bucket-{number}"),
                2 => flow.stage = number.to_string(),
                3 => flow.name = format!("flow-{number}"),
                _ if flow.status == "Active" => flow.status = "Suspended",
                _ => flow.status = "Active",
            }
        }
        if self.0.len() > 6 {
            let gone = self.0.keys().choose(random).cloned();
            self.0.remove(&gone.unwrap_or_default());
        }
        self.add(random);
    }

    fn write(&self, world: &World) {
        let flows = self.0.iter().map(|(key, flow)| {
            let value = json!({
                "name": flow.name, "about": flow.about, "bucket": flow.bucket,
                "status": flow.status, "stage": flow.stage,
            });
            (key.clone(), value)
        });
        let variables = json!({"flows": flows.collect::<serde_json::Map<_, _>>()});
        let path = world.environment.path("terraform.tfvars.json");
        std::fs::write(path, variables.to_string()).expect("a file of the test");
    }
}

/// What the endpoint has.
fn live(world: &World) -> BTreeMap<String, Value> {
    let listed = world.post("list-flows", &json!({"maxResults": 100}));
    let flows = listed["flows"].as_array().cloned().unwrap_or_default();
    let named = flows.iter().map(|flow| {
        let name = flow["flowName"].as_str().expect("a name").to_owned();
        let whole = world.post("describe-flow", &json!({"flowName": name}));
        (name, whole)
    });
    named.collect()
}

/// Flows that were made while they were there already.
fn made_twice(world: &World) -> Vec<String> {
    let log = world.emulator.requests();
    let (mut there, mut twice) = (BTreeMap::new(), Vec::new());
    for request in log["requests"].as_array().into_iter().flatten() {
        let name = request["flowName"].as_str().unwrap_or_default();
        let token = request["clientToken"].as_str().unwrap_or_default();
        match (request["operation"].as_str(), request["status"].as_u64()) {
            (Some("CreateFlow"), Some(200)) => {
                let before = there.insert(name.to_owned(), token.to_owned());
                if before.is_some_and(|before| before != token) {
                    twice.push(format!("{name} was created twice"));
                }
            }
            (Some("CreateFlow"), Some(409)) => {
                twice.push(format!("a second creation of {name} was tried"));
            }
            (Some("DeleteFlow"), Some(200)) => drop(there.remove(name)),
            _ => {}
        }
    }
    twice
}

/// What is not as it is configured.
fn wrong(world: &World, wanted: &Flows) -> Vec<String> {
    let live = live(world);
    let mut wrong = made_twice(world);
    let names: BTreeSet<_> = wanted.0.values().map(|flow| &flow.name).collect();
    wrong.extend(
        live.keys()
            .filter(|name| !names.contains(name))
            .map(|name| format!("{name} is live and not configured")),
    );
    for flow in wanted.0.values() {
        let Some(found) = live.get(&flow.name) else {
            wrong.push(format!("{} is configured and not live", flow.name));
            continue;
        };
        let s3 = &found["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"];
        // A flow that never ran is stopped too.
        let status = match &found["flowStatus"] {
            Value::String(status) if status == "Draft" => json!("Suspended"),
            status => status.clone(),
        };
        let is = [
            (&found["description"], flow.about.as_str()),
            (&status, flow.status),
            (&found["tags"]["stage"], flow.stage.as_str()),
            (&s3["bucketName"], flow.bucket.as_str()),
        ];
        for (is, should) in is.iter().filter(|(is, should)| *is != should) {
            wrong.push(format!("{}: {is} where {should:?} is wanted", flow.name));
        }
    }
    let state = world.environment.path(".flowctl/state.db");
    let mut expected: BTreeMap<_, _> = wanted
        .0
        .iter()
        .map(|(key, flow)| (format!("aws_appflow_flow.f[\"{key}\"]"), flow.name.clone()))
        .collect();
    expected.insert("aws_appflow_connector_profile.slack".into(), "slack".into());
    match in_state(&state) {
        Ok(rows) if rows == expected => {}
        other => wrong.push(format!("in state is {other:?}, not {expected:?}")),
    }
    wrong.extend(whole(&state));
    wrong
}

#[test]
fn flows_are_left_in_no_state_that_nobody_asked_for() {
    let kills = crate::number("FLOWCTL_FLOW_KILLS").unwrap_or(12);
    let seed = crate::number("FLOWCTL_SEED").unwrap_or(1) as u64;
    let mut random = StdRng::seed_from_u64(seed);
    // Answers are late, so that a killed run has sent what it never hears of.
    let world = World::new(&format!("seed={seed},*:late=20ms:0.5")).with(CONFIGURATION);
    let mut wanted = Flows(BTreeMap::new(), 0);
    for _ in 0..5 {
        wanted.add(&mut random);
    }
    let (mut killed, mut rounds, mut broken) = (0, 0, Vec::new());
    let mut usual = Duration::from_millis(700);
    while killed < kills && broken.is_empty() {
        rounds += 1;
        wanted.write(&world);
        let apply = ["apply", "-auto-approve"];
        let mut command = world.environment.command(&apply);
        let (ended, how) = if random.random_bool(0.5) {
            let point = POINTS[random.random_range(0..POINTS.len())];
            let fault = format!("{point}:{}", random.random_range(1..=4));
            command.env("FLOWCTL_FAULT", &fault);
            (world.start_command(&mut command).end(), fault)
        } else {
            let moment = usual.mul_f64(random.random_range(0.0..1.0));
            let running = world.start_command(&mut command);
            (running.kill_at(moment), format!("{moment:?}"))
        };
        killed += usize::from(ended.killed());
        std::thread::sleep(Duration::from_millis(40));
        let next = world.start(&apply).end();
        usual = usual.mul_f64(0.7) + next.took.mul_f64(0.3);
        if next.code() != Some(0) {
            broken.push(format!("the next apply failed: {}", next.said()));
        }
        let plan = world.run(&["plan", "-detailed-exitcode"]);
        if plan.code != Some(0) {
            broken.push(format!("the plan is not empty: {plan}"));
        }
        broken.extend(wrong(&world, &wanted));
        for what in &mut broken {
            what.insert_str(0, &format!("round {rounds}, killed at {how}: "));
        }
        wanted.change(&mut random);
    }
    eprintln!(
        "{killed} kills in {rounds} rounds over flows; {} invariants broken",
        broken.len()
    );
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
