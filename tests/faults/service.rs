//! A service that throttles, fails, resets connections, loses answers, lags behind, or refuses.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::audit::{in_state, whole};
use crate::world::World;

/// What a service on a bad day does; half of the lost answers are to work that was done.
const BAD_DAY: &str = "*:throttle:0.3,*:500:0.05,*:reset:0.03,*:lost:0.05";

/// The time of an answer on any day.
const LATENCY: &str = "*:delay=50ms";

/// `count` profiles that do not depend on each other.
pub(crate) fn profiles(count: usize) -> String {
    format!(
        r#"
resource "aws_appflow_connector_profile" "p" {{
  count           = {count}
  name            = "p-${{count.index}}"
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {{
    connector_profile_credentials {{
      slack {{
        client_id     = "id"
        client_secret = "secret"
        access_token  = "token-${{count.index}}"
      }}
    }}
    connector_profile_properties {{
      slack {{
        instance_url = "https://x.slack.com"
      }}
    }}
  }}
}}

output "names" {{
  value = aws_appflow_connector_profile.p[*].name
}}
"#
    )
}

/// The tokens with which a name was asked to be made: more than one is more than one creation.
fn tokens(world: &World, name: &str) -> BTreeSet<String> {
    let log = world.emulator.requests();
    let requests = log["requests"].as_array().expect("a log").iter();
    requests
        .filter(|r| r["operation"] == "CreateConnectorProfile" && r["connectorProfileName"] == name)
        .filter_map(|r| Some(r["clientToken"].as_str()?.to_owned()))
        .collect()
}

/// Every profile is live and in state, and none was made twice.
#[track_caller]
pub(crate) fn assert_complete(world: &World, count: usize) {
    let state = world.environment.path(".flowctl/state.db");
    let rows = in_state(&state).expect("a state");
    let expected: BTreeSet<String> = (0..count).map(|n| format!("p-{n}")).collect();
    let live: BTreeSet<String> = world.live().into_keys().collect();
    assert_eq!(live, expected);
    assert_eq!(rows.into_values().collect::<BTreeSet<_>>(), expected);
    assert_eq!(whole(&state), Vec::<String>::new());
    let log = world.emulator.requests();
    let mut tokens = std::collections::BTreeMap::<&str, BTreeSet<&str>>::new();
    for request in log["requests"].as_array().expect("a log") {
        assert_ne!(request["status"], 409, "{request}");
        if request["operation"] == "CreateConnectorProfile"
            && let (Some(name), Some(token)) = (
                request["connectorProfileName"].as_str(),
                request["clientToken"].as_str(),
            )
        {
            tokens.entry(name).or_default().insert(token);
        }
    }
    for (name, tokens) in tokens {
        assert_eq!(tokens.len(), 1, "{name} was created with {tokens:?}");
    }
}

#[test]
fn a_bad_day_costs_time_and_nothing_else() {
    let count = crate::number("FLOWCTL_PROFILES").unwrap_or(100);
    let timed = |rules: &str| {
        let world = World::new(rules).with(&profiles(count));
        let started = Instant::now();
        let ran = world.apply().success();
        let took = started.elapsed();
        assert!(ran.stdout.contains(&format!("{count} added")), "{ran}");
        (world, took)
    };
    let (_, clean) = timed(LATENCY);
    let (world, bad) = timed(&format!("seed=11,{BAD_DAY},{LATENCY}"));
    let log = world.emulator.requests();
    let faults: usize = log["requests"]
        .as_array()
        .expect("a log")
        .iter()
        .filter(|request| {
            let fired = request["faults"].as_array().into_iter().flatten();
            fired.filter_map(Value::as_str).any(|rule| rule != LATENCY)
        })
        .count();
    let factor = bad.as_secs_f64() / clean.as_secs_f64();
    eprintln!(
        "{count} profiles: {clean:.1?} on a good day, {bad:.1?} on a bad one ({factor:.1} times), \
         {faults} of {} requests spoiled, 0 resources lost",
        log["total"]
    );
    assert!(faults > count / 2, "{faults}");
    world.assert_settled();
    world.emulator.set_faults("");
    assert_complete(&world, count);
    assert!(factor < 20.0, "{factor}");
    world.emulator.set_faults(&format!("seed=12,{BAD_DAY}"));
    let _ = world.run(&["destroy", "-auto-approve"]).success();
    world.emulator.set_faults("");
    assert_eq!(world.live().len(), 0);
}

#[test]
fn answers_lost_on_the_way_make_nothing_twice() {
    let world = World::new("seed=5,create:lost:0.5,*:reset:0.2").with(&profiles(30));
    let _ = world.apply().success();
    world.emulator.set_faults("");
    world.assert_settled();
    assert_complete(&world, 30);
}

#[test]
fn a_refusal_is_final() {
    for (kind, error) in [
        ("denied", "AccessDeniedException"),
        ("validation", "ValidationException"),
        ("conflict", "ConflictException"),
        ("auth", "ConnectorAuthenticationException"),
        ("quota", "ServiceQuotaExceededException"),
    ] {
        for operation in ["create", "update", "delete"] {
            let world = World::new("").with(&profiles(1));
            if operation != "create" {
                let _ = world.apply().success();
                let changed = profiles(usize::from(operation == "update"));
                world
                    .environment
                    .write(&changed.replace("https://x.", "https://y."));
            }
            world.emulator.set_faults(&format!("{operation}:{kind}"));
            let ran = world.apply().code(1);
            let what = format!("{operation} {kind}: {ran}");
            assert!(ran.stderr.contains(error), "{what}");
            assert!(
                ran.stderr.contains("aws_appflow_connector_profile.p[0]"),
                "{what}"
            );
            let name = match operation {
                "create" => "CreateConnectorProfile",
                "update" => "UpdateConnectorProfile",
                _ => "DeleteConnectorProfile",
            };
            assert_eq!(world.count(name), 1, "{what}");
            // Nothing is taken for done, and nothing is left open.
            let plan = world.run(&["plan", "-detailed-exitcode"]).code(2);
            assert!(plan.stdout.contains("Plan: "), "{plan}");
            let state = world.environment.path(".flowctl/state.db");
            assert_eq!(whole(&state), Vec::<String>::new(), "{what}");
            world.emulator.set_faults("");
            let _ = world.apply().success();
            world.assert_settled();
        }
    }
}

#[test]
fn what_becomes_visible_late_is_waited_for() {
    let world =
        World::new("create:stale=700ms,update:stale=700ms,delete:stale=700ms").with(&profiles(5));
    let _ = world.apply().success();
    world.assert_settled();
    world
        .environment
        .write(&profiles(5).replace("https://x.", "https://y."));
    let _ = world.apply().success();
    world.assert_settled();
    // Replaced under the same name: the old one is still seen for a while.
    let started = Instant::now();
    let _ = world
        .run(&[
            "apply",
            "-auto-approve",
            "-replace=aws_appflow_connector_profile.p[0]",
        ])
        .success();
    world.assert_settled();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(world.live().len(), 5);
}

#[test]
fn one_of_ten_fails_and_the_next_plan_shows_it_and_what_depends_on_it() {
    let mut configuration = String::new();
    for n in 0..10 {
        let block = profiles(1)
            .replace("\"p\"", &format!("\"p{n}\""))
            .replace("p-${count.index}", &format!("p-{n}"))
            .replace("token-${count.index}", "token")
            .replace("  count           = 1\n", "");
        let block = block.split("output").next().unwrap_or_default().to_owned();
        configuration.push_str(&block);
        let _ = write!(
            configuration,
            "resource \"terraform_data\" \"of_p{n}\" {{\n  input = \
             aws_appflow_connector_profile.p{n}.arn\n}}\n"
        );
    }
    let world = World::new("create:denied:nth=4").with(&configuration);
    let ran = world.apply().code(1);
    assert_eq!(world.live().len(), 9, "{ran}");
    let rows = in_state(&world.environment.path(".flowctl/state.db")).expect("a state");
    assert_eq!(rows.len(), 18, "{rows:?}");
    let plan = world.run(&["plan", "-detailed-exitcode"]).code(2);
    assert!(
        plan.stdout
            .contains("Plan: 2 to add, 0 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = world.apply().success();
    world.assert_settled();
    for n in 0..10 {
        // The one that was denied was asked for again: another request, another token.
        assert!(tokens(&world, &format!("p-{n}")).len() <= 2);
    }
}
