//! Runs the configurations of `tests/conformance/configs`, whose verdicts were recorded from
//! Terraform: validate, apply, outputs, addresses in state, and whether a second plan is empty.
//!
//! flowctl may report more errors than Terraform in one run; each of Terraform's must be among
//! them, with the same summary at the same place.

#![allow(clippy::unwrap_used, reason = "the helpers of tests")]

mod common;

use std::path::{Path, PathBuf};

use common::Project;
use flowctl_model::Address;
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::{FileSystem, Loaded, SourceMap, parse_variable_file};
use flowctl_planner::{Given, GivenValue, Origin};
use serde_json::Value as Json;

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/configs")
}

#[test]
fn every_recorded_configuration_has_the_recorded_verdict() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(configs())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let known = known_differences();
    let mut misses = Vec::new();
    let mut different = 0;
    for directory in &names {
        let name = directory
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let expected = known.contains(&name);
        match run(directory) {
            Err(_) if expected => different += 1,
            Err(miss) => misses.push(format!("{name}: {miss}")),
            Ok(()) if expected => misses.push(format!("{name}: no longer different")),
            Ok(()) => {}
        }
    }
    let (passed, all) = (names.len() - misses.len() - different, names.len());
    println!("recorded configurations: {passed} of {all} pass");
    assert!(
        misses.is_empty(),
        "{} misses:\n{}",
        misses.len(),
        misses.join("\n")
    );
}

#[test]
fn the_first_error_of_an_expression_is_at_the_recorded_place() {
    let directory = tempfile::tempdir().unwrap();
    copy(&configs().join("../surroundings"), directory.path());
    let known = listed(include_str!(
        "../../../tests/conformance/known_differences.txt"
    ));
    let recorded = include_str!("../../../tests/conformance/places.jsonl");
    let mut misses = Vec::new();
    let mut outdated = Vec::new();
    for line in recorded.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let text = |name: &str| case[name].as_str().unwrap();
        // What needs to be kept is an error of its own.
        let file = format!(
            "locals {{\n  e = {}\n}}\nresource \"terraform_data\" \"r\" {{\n  input = local.e\n}}\n",
            text("expr")
        );
        std::fs::write(directory.path().join("e.tf"), file).unwrap();
        let project = Project::at(directory.path());
        let wanted = format!("{} at {}", text("error"), case["place"]);
        let found = project.plan(|planned, loaded| {
            let found = loaded.diagnostics.iter().chain(&planned.diagnostics);
            let place = |d: &Diagnostic| {
                let range = loaded.sources.range(d.span?)?;
                let (start, end) = range;
                let place = [start.line, start.column, end.line, end.column];
                Some(format!("{} at {}", d.summary, Json::from(place.to_vec())))
            };
            found.filter_map(place).collect::<Vec<_>>()
        });
        let is_known = known.iter().any(|id| id == text("id"));
        match found.contains(&wanted) {
            true if is_known => outdated.push(text("id").to_owned()),
            false if !is_known => misses.push(format!(
                "{} {}\n    wanted {wanted}\n    got    {}",
                text("id"),
                text("expr"),
                found.join("; ")
            )),
            _ => {}
        }
    }
    println!("recorded places: {}", recorded.lines().count());
    assert!(
        misses.is_empty(),
        "{} misses:\n{}",
        misses.len(),
        misses.join("\n")
    );
    assert!(outdated.is_empty(), "no longer different: {outdated:?}");
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Configurations that flowctl judges differently on purpose.
fn known_differences() -> Vec<String> {
    listed(include_str!(
        "../../../tests/conformance/configs_known_differences.txt"
    ))
}

/// What a list of known differences names.
fn listed(list: &str) -> Vec<String> {
    let lines = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn run(directory: &Path) -> Result<(), String> {
    let expected = std::fs::read_to_string(directory.join("expected.json")).unwrap();
    let expected: Json = serde_json::from_str(&expected).unwrap();
    let mut project = Project::at(directory);
    let mut sources = SourceMap::default();
    let early = variables(&mut project, &mut sources, directory, &expected);
    let loaded = project.load();
    let validated = validate(&project, &loaded);
    if let Some(said) = expected.get("init_error") {
        let text = said.to_string();
        let known = validated.iter().any(Diagnostic::is_error);
        return if known {
            Ok(())
        } else {
            Err(format!("init says {text}, nothing found"))
        };
    }
    compare(
        "validate",
        &expected["validate"],
        "valid",
        &validated,
        &loaded,
        &sources,
    )?;
    let (outcome, mut found) = project.apply();
    found.extend(early);
    compare("apply", &expected["apply"], "ok", &found, &loaded, &sources)?;
    let Some(outcome) = outcome else {
        return Ok(());
    };
    if !outcome.failed.is_empty() {
        return Err(format!("failed: {:?}", outcome.failed));
    }
    outputs(&project, &expected)?;
    if let Some(addresses) = expected.get("resources").and_then(Json::as_array) {
        let snapshot = project.snapshot();
        let have: Vec<String> = snapshot.resources.keys().map(Address::to_string).collect();
        let mut want: Vec<&str> = addresses.iter().filter_map(Json::as_str).collect();
        want.sort_unstable();
        let mut sorted: Vec<&str> = have.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        if sorted != want {
            return Err(format!("state has {have:?}, not {want:?}"));
        }
    }
    if expected.get("second_plan_empty") == Some(&Json::Bool(true)) {
        let left = project
            .plan(|planned, _| (!planned.plan.is_empty()).then(|| format!("{:?}", planned.plan)));
        if let Some(plan) = left {
            return Err(format!("the second plan is not empty: {plan}"));
        }
    }
    Ok(())
}

fn validate(project: &Project, loaded: &Loaded) -> Vec<Diagnostic> {
    let mut found = loaded.diagnostics.clone();
    let configuration = &loaded.configuration;
    let checked = flowctl_planner::validate(
        configuration,
        &project.providers,
        &project.disk,
        "default",
        &flowctl_planner::Policies::default(),
    );
    found.extend(checked);
    found
}

/// Sets variables from the arguments, the environment and the files of a run.
fn variables(
    project: &mut Project,
    sources: &mut SourceMap,
    directory: &Path,
    expected: &Json,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, value) in expected["env"].as_object().unwrap() {
        if let Some(name) = name.strip_prefix("TF_VAR_") {
            project.set(name, value.as_str().unwrap(), Origin::Environment);
        }
    }
    let mut files = FileSystem::list(&project.disk, ".").unwrap();
    files.sort_by_key(|name| (!name.starts_with("terraform.tfvars"), name.clone()));
    let arguments: Vec<&str> = expected["args"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    let automatic = |name: &str| {
        name == "terraform.tfvars"
            || name == "terraform.tfvars.json"
            || name.ends_with(".auto.tfvars")
            || name.ends_with(".auto.tfvars.json")
    };
    for name in files.iter().filter(|name| automatic(name)) {
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        let file = sources.add(name.as_str(), text.as_str());
        let (values, errors) = parse_variable_file(file, &text, name.ends_with(".json"));
        found.extend(errors);
        for (name, expr) in values {
            let origin = Origin::File(name.span);
            let value = GivenValue::Expr(expr);
            project.variables.insert(name.text, Given { value, origin });
        }
    }
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        assert_eq!(argument, "-var", "an argument that this test does not know");
        let (name, value) = arguments.next().unwrap().split_once('=').unwrap();
        project.set(name, value, Origin::CommandLine);
    }
    found
}

fn compare(
    what: &str,
    expected: &Json,
    verdict: &str,
    found: &[Diagnostic],
    loaded: &Loaded,
    others: &SourceMap,
) -> Result<(), String> {
    let ok = expected[verdict].as_bool().unwrap();
    let have_error = found.iter().any(Diagnostic::is_error);
    let said = || {
        let place = |d: &Diagnostic| {
            let range = d.span.and_then(|span| loaded.sources.range(span));
            range.map(|(s, e)| format!("{}:{}-{}:{}", s.line, s.column, e.line, e.column))
        };
        let each = found
            .iter()
            .map(|d| format!("{} ({}) at {:?}", d.summary, d.detail, place(d)));
        each.collect::<Vec<_>>().join("; ")
    };
    if ok == have_error {
        return Err(format!(
            "{what}: {verdict} should be {ok}, found: {}",
            said()
        ));
    }
    for diagnostic in expected["diagnostics"].as_array().unwrap() {
        let summary = diagnostic["summary"].as_str().unwrap();
        let same = |d: &&Diagnostic| {
            d.summary == summary && d.is_error() == (diagnostic["severity"] == "error")
        };
        let candidates: Vec<_> = found.iter().filter(same).collect();
        if candidates.is_empty() {
            return Err(format!("{what}: no {summary:?}, found: {}", said()));
        }
        let number = |name: &str| diagnostic.get(name).and_then(Json::as_u64);
        let Some(line) = number("line") else { continue };
        let at_place = candidates.iter().any(|d| {
            let range = d.span.and_then(|span| {
                let (start, end) = loaded.sources.range(span).or_else(|| others.range(span))?;
                // A place without extent is shown as one character.
                let extent = usize::from(span.start == span.end);
                Some((start.line, start.column, end.line, end.column + extent))
            });
            let wanted = ["column", "end_line", "end_column"].map(|name| number(name).unwrap());
            range.is_some_and(|(l, c, el, ec)| {
                [l as u64, c as u64, el as u64, ec as u64]
                    == [line, wanted[0], wanted[1], wanted[2]]
            })
        });
        if !at_place {
            return Err(format!(
                "{what}: {summary:?} is not at line {line}: {diagnostic}; found: {}",
                said()
            ));
        }
    }
    Ok(())
}

fn outputs(project: &Project, expected: &Json) -> Result<(), String> {
    let Some(outputs) = expected.get("outputs").and_then(Json::as_object) else {
        return Ok(());
    };
    let snapshot = project.snapshot();
    for (name, output) in outputs {
        let Some(have) = snapshot.outputs.get(&common::text(name)) else {
            return Err(format!("output {name} is not there"));
        };
        let sensitive = output["sensitive"].as_bool().unwrap();
        if have.sensitive != sensitive {
            return Err(format!("output {name}: sensitive should be {sensitive}"));
        }
        // A secret is not kept, so there is nothing to compare.
        if sensitive {
            continue;
        }
        let json = flowctl_lang::json::encode(&have.value).map_err(|_| "not known")?;
        let json: Json = serde_json::from_str(&json).unwrap();
        if json != output["value"] {
            return Err(format!("output {name} is {json}, not {}", output["value"]));
        }
    }
    if snapshot.outputs.len() != outputs.len() {
        let have: Vec<_> = snapshot.outputs.keys().collect();
        return Err(format!("outputs are {have:?}"));
    }
    Ok(())
}
