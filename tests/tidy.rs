//! The house rules that a compiler does not check: which crate may use which, and how files look.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each crate may use of ours in what is shipped. What tests need is not told here, but for
/// [`INDEPENDENT`].
const ARROWS: [(&str, &[&str]); 13] = [
    (
        "flowctl",
        &[
            "emulator",
            "executor",
            "lang",
            "model",
            "parser",
            "planner",
            "provider-aws",
            "provider-external",
            "render",
            "schema",
            "state",
        ],
    ),
    ("flowctl-render", &["lang", "model", "parser", "schema"]),
    ("flowctl-planner", &["lang", "model", "parser", "schema"]),
    ("flowctl-executor", &["model", "schema", "state"]),
    ("flowctl-provider-aws", &["model", "schema"]),
    ("flowctl-provider-external", &["model", "schema"]),
    ("flowctl-lang", &["model", "parser"]),
    ("flowctl-schema", &["model"]),
    ("flowctl-state", &["model"]),
    ("flowctl-parser", &[]),
    ("flowctl-model", &[]),
    ("flowctl-emulator", &[]),
    ("flowctl-testkit", &[]),
];

/// Crates that judge the others, or are the ground below them: their tests need nothing of ours
/// either.
const INDEPENDENT: [&str; 4] = [
    "flowctl-emulator",
    "flowctl-model",
    "flowctl-parser",
    "flowctl-testkit",
];

/// What the pure crates must not be able to do at all.
const IMPURE: [&str; 8] = [
    "tokio",
    "rusqlite",
    "hyper",
    "reqwest",
    "aws-config",
    "aws-sdk-appflow",
    "tempfile",
    "rand",
];

const PURE: [&str; 6] = [
    "flowctl-lang",
    "flowctl-model",
    "flowctl-parser",
    "flowctl-planner",
    "flowctl-render",
    "flowctl-schema",
];

/// A file that can be read in one sitting.
const MOST_LINES: usize = 700;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    here.canonicalize().unwrap()
}

/// The names of what each crate of the workspace depends on, by kind: `None` is what is shipped.
fn crates() -> BTreeMap<String, BTreeMap<Option<String>, BTreeSet<String>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    let told: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let mut kinds: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for dependency in package["dependencies"].as_array().unwrap() {
                let kind = dependency["kind"].as_str().map(str::to_owned);
                let name = dependency["name"].as_str().unwrap().to_owned();
                kinds.entry(kind).or_default().insert(name);
            }
            (package["name"].as_str().unwrap().to_owned(), kinds)
        })
        .collect()
}

fn ours(names: Option<&BTreeSet<String>>) -> BTreeSet<&str> {
    let names = names.into_iter().flatten();
    names
        .filter_map(|name| name.strip_prefix("flowctl-"))
        .collect()
}

#[test]
fn crates_use_what_they_may() {
    let crates = crates();
    let known: BTreeSet<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    let there: BTreeSet<_> = crates.keys().map(String::as_str).collect();
    assert_eq!(there, known, "every crate has its arrows, and no other");
    for (name, allowed) in ARROWS {
        let allowed: BTreeSet<_> = allowed.iter().copied().collect();
        let used = ours(crates[name].get(&None));
        let forbidden: Vec<_> = used.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "{name} must not use {forbidden:?}");
    }
    for name in INDEPENDENT {
        for (kind, names) in &crates[name] {
            let used = ours(Some(names));
            assert!(used.is_empty(), "{name} uses {used:?} for {kind:?}");
        }
    }
}

#[test]
fn pure_crates_cannot_do_anything_else() {
    let crates = crates();
    for name in PURE {
        let shipped = crates[name].get(&None).cloned().unwrap_or_default();
        let impure: Vec<_> = IMPURE.iter().filter(|i| shipped.contains(**i)).collect();
        assert!(impure.is_empty(), "{name} must not use {impure:?}");
    }
}

/// The files below a folder with one of these endings, without what is built.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                files(&path, endings, found);
            }
        } else if endings
            .iter()
            .any(|ending| path.extension().is_some_and(|e| e == *ending))
        {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["crates", "tests", "fuzz"] {
        files(&root().join(folder), &["rs"], &mut found);
    }
    assert!(found.len() > 100, "the sources are where they were");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(root()).unwrap().to_owned(), text)
    };
    found.into_iter().map(read).collect()
}

#[track_caller]
fn none(found: &[String], what: &str) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| {
            path.components().any(|c| c.as_os_str() == "src") && !text.starts_with("//!")
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    none(&silent, "these files do not start with `//!`");
}

#[test]
fn no_source_is_longer_than_one_sitting() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    none(&long, "split these files");
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut found = Vec::new();
    let endings = [
        "rs", "md", "toml", "tf", "tfvars", "sql", "py", "sh", "snap", "json", "jsonl", "txt",
        "yml", "yaml",
    ];
    files(&root(), &endings, &mut found);
    // In pieces, or this file would be found.
    let words = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/runner"]].map(|parts| parts.concat());
    let mut named = Vec::new();
    for path in found {
        let text = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&text);
        for (number, line) in (1..).zip(text.lines()) {
            // A directory of a URL or of something else is none of the machine.
            let machine = words.iter().any(|word| {
                line.match_indices(word.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || ".}_-".contains(c))
                })
            });
            if machine {
                named.push(format!("{}:{number}", path.display()));
            }
        }
    }
    none(&named, "these lines name a place on a machine");
}

#[test]
fn nothing_is_left_undone_in_the_sources() {
    let words = [["to", "do!("], ["unimple", "mented!("], ["db", "g!("]].map(|p| p.concat());
    let mut left = Vec::new();
    for (path, text) in sources() {
        for (number, line) in (1..).zip(text.lines()) {
            if words.iter().any(|word| line.contains(word.as_str())) {
                left.push(format!("{}:{number}", path.display()));
            }
        }
    }
    none(&left, "these lines are not finished");
}
