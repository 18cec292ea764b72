//! The configurations recorded from Terraform, through the binary: verdicts, what is said where,
//! outputs, addresses, and an empty second plan.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use flowctl_testkit::TestEnvironment;
use serde_json::Value;

use crate::empty;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

#[test]
fn recorded_configurations_have_the_recorded_verdicts() {
    let list = fs::read_to_string(folder().join("configs_known_differences.txt")).unwrap();
    let known: BTreeSet<&str> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut all: Vec<PathBuf> = fs::read_dir(folder().join("configs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    let misses = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in all.chunks(all.len().div_ceil(threads)) {
            let (misses, known) = (&misses, &known);
            scope.spawn(move || {
                for directory in part {
                    let name = directory.file_name().unwrap().to_str().unwrap();
                    let said = match (compare(directory), known.contains(name)) {
                        (Ok(()), false) | (Err(_), true) => continue,
                        (Ok(()), true) => "is listed as different, and is not".to_owned(),
                        (Err(miss), false) => miss,
                    };
                    misses.lock().unwrap().push(format!("{name}: {said}"));
                }
            });
        }
    });
    let mut misses = misses.into_inner().unwrap();
    misses.sort();
    let passed = all.len() - misses.len() - known.len();
    println!(
        "recorded configurations through the binary: {passed} of {} as Terraform, {} differ on purpose",
        all.len(),
        known.len()
    );
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.file_name().unwrap() != "expected.json" {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn compare(directory: &Path) -> Result<(), String> {
    let expected = fs::read_to_string(directory.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let mut environment = empty();
    copy(directory, &environment.path(""));
    for (name, value) in expected["env"].as_object().unwrap() {
        environment = environment.with_variable(name, value.as_str().unwrap());
    }
    let checked = environment.flowctl(&["validate", "--format", "json"]);
    let verdict: Value = serde_json::from_str(&checked.stdout)
        .map_err(|error| format!("validate prints no JSON ({error}): {checked}"))?;
    let valid = verdict["valid"].as_bool().unwrap();
    if checked.code != Some(i32::from(!valid)) {
        return Err(format!("validate: valid is {valid}, but {checked}"));
    }
    if expected.get("init_error").is_some() {
        return if valid {
            Err("is valid".to_owned())
        } else {
            Ok(())
        };
    }
    let found = verdict["diagnostics"].as_array().unwrap();
    same_verdict("validate", &expected["validate"], "valid", valid, found)?;

    let given: Vec<&str> = expected["args"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let with = |more: &[&'static str]| [more, &given].concat();
    let ran = environment.flowctl(&with(&["apply", "-auto-approve", "-json"]));
    let lines = ran.stdout.lines().map(|line| {
        serde_json::from_str::<Value>(line).map_err(|error| format!("{error}: {line}"))
    });
    let lines: Vec<Value> = lines.collect::<Result<_, _>>()?;
    let found: Vec<Value> = lines
        .iter()
        .filter(|line| line["type"] == "diagnostic")
        .map(|line| line["diagnostic"].clone())
        .collect();
    let ok = ran.code == Some(0);
    if !ok && ran.code != Some(1) {
        return Err(format!("apply: {ran}"));
    }
    same_verdict("apply", &expected["apply"], "ok", ok, &found)?;
    if ok {
        outcome(&environment, &expected, &with)
    } else {
        Ok(())
    }
}

/// Every diagnostic of Terraform's is among what is said; flowctl may say more at once.
fn same_verdict(
    what: &str,
    expected: &Value,
    member: &str,
    verdict: bool,
    found: &[Value],
) -> Result<(), String> {
    let said = || Value::from(found.to_vec()).to_string();
    if expected[member] != verdict {
        return Err(format!("{what}: {member} is {verdict}: {}", said()));
    }
    if verdict == found.iter().any(|d| d["severity"] == "error") {
        return Err(format!("{what}: {member} is {verdict}, but: {}", said()));
    }
    for wanted in expected["diagnostics"].as_array().unwrap() {
        let is_it = |found: &&Value| {
            let range = &found["range"];
            let place = |member: &str| match member {
                "file" => &range["filename"],
                "line" => &range["start"]["line"],
                "column" => &range["start"]["column"],
                "end_line" => &range["end"]["line"],
                _ => &range["end"]["column"],
            };
            let places = ["file", "line", "column", "end_line", "end_column"];
            found["severity"] == wanted["severity"]
                && found["summary"] == wanted["summary"]
                && places
                    .iter()
                    .all(|m| wanted.get(m).is_none_or(|w| w.is_null() || w == place(m)))
        };
        if !found.iter().any(|d| is_it(&d)) {
            return Err(format!("{what}: no {wanted} in {}", said()));
        }
    }
    Ok(())
}

/// What a successful apply leaves.
fn outcome<'a>(
    environment: &TestEnvironment,
    expected: &Value,
    with: &dyn Fn(&[&'static str]) -> Vec<&'a str>,
) -> Result<(), String> {
    let Some(outputs) = expected.get("outputs").and_then(Value::as_object) else {
        return Ok(());
    };
    let ran = environment.flowctl(&["output", "-json"]);
    let have: Value = serde_json::from_str(&ran.stdout).map_err(|e| format!("{e}: {ran}"))?;
    let have = have.as_object().unwrap();
    if !have.keys().eq(outputs.keys())
        && have.keys().collect::<BTreeSet<_>>() != outputs.keys().collect()
    {
        return Err(format!("outputs are {:?}", have.keys()));
    }
    for (name, wanted) in outputs {
        for member in ["sensitive", "type", "value"] {
            // flowctl keeps no secret, so that there is none to show.
            let secret = wanted["sensitive"] == true && member == "value";
            let wanted = if secret {
                &Value::Null
            } else {
                &wanted[member]
            };
            if have[name][member] != *wanted {
                let have = &have[name][member];
                return Err(format!("output {name}: {member} is {have}, not {wanted}"));
            }
        }
    }
    let list = environment.flowctl(&["state", "list"]);
    let addresses: BTreeSet<&str> = list.stdout.lines().collect();
    let wanted = expected["resources"].as_array().into_iter().flatten();
    let wanted: BTreeSet<&str> = wanted.filter_map(Value::as_str).collect();
    if addresses != wanted {
        return Err(format!("in state: {list}"));
    }
    if expected["second_plan_empty"] == true {
        let plan = environment.flowctl(&with(&["plan", "-detailed-exitcode"]));
        if plan.code != Some(0) {
            return Err(format!("second plan: {plan}"));
        }
    }
    Ok(())
}

/// Of what has no value to tell it by, the type is known all the same after a reload.
#[test]
fn types_of_nulls_and_secrets_are_kept() {
    let environment = empty().with(
        r#"
//- main.tf
variable "none" {
  type    = map(number)
  default = null
}
output "inside" {
  value = { a = var.none }
}
output "secret" {
  value     = tolist(["CANARY"])
  sensitive = true
}
"#,
    );
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    let outputs = environment.flowctl(&["output", "-json"]).json();
    let map = serde_json::json!(["map", "number"]);
    assert_eq!(
        outputs["inside"]["type"],
        serde_json::json!(["object", { "a": map }])
    );
    assert_eq!(
        outputs["secret"]["type"],
        serde_json::json!(["list", "string"])
    );
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
}
