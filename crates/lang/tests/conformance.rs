//! Runs the expressions of `tests/conformance/*.jsonl`, whose results were recorded from Terraform.
//! Every miss must be in `known_differences.txt`, one `ID reason` a line.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use flowctl_lang::json::NoJson;
use flowctl_lang::world::FileError;
use flowctl_lang::{Evaluator, PathKind, Reference, Resolved, Scope, Subject, World};
use flowctl_model::{Kind, Type, Value};
use flowctl_parser::ast::FileId;
use flowctl_parser::diagnostic::Diagnostic;

/// A configuration that is empty but for a few local values of which nothing more is known yet.
struct Empty;

impl Scope for Empty {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        match &reference.subject {
            Subject::Path(PathKind::Module | PathKind::Root) => Ok(Resolved::Whole(".".into())),
            Subject::Path(PathKind::Cwd) => Ok(Resolved::Whole("/project".into())),
            Subject::Workspace => Ok(Resolved::Whole("default".into())),
            Subject::Local(name) => Ok(Resolved::Whole(match &**name {
                "us" => Value::unknown_not_null(Type::String),
                "ub" => Value::unknown_not_null(Type::Bool),
                "un" => Value::unknown_not_null(Type::Number),
                "ul" => Value::unknown_not_null(Type::list(Type::String)),
                "um" | "any" => Value::unknown(Type::Any),
                _ => return Err(reference.undeclared([])),
            })),
            _ => Err(reference.undeclared([])),
        }
    }
}

/// The files that the recorded expressions read.
const FILES: &[(&str, &[u8])] = &[
    (".dot", b"d"),
    (".h/q.txt", b"q"),
    ("[x].txt", b"1"),
    ("a.txt", "hello é\n".as_bytes()),
    ("b.bin", b"\xff\xfe"),
    ("ba r.txt", b"s"),
    ("bad.tftpl", b"${"),
    ("bom.txt", "\u{feff}x".as_bytes()),
    ("d/s/t/w.txt", b"w"),
    ("d/s/z.txt", b"z"),
    ("d/x.txt", b"x"),
    ("d/y.md", b"y"),
    ("e", b""),
    ("fn.tftpl", b"${upper(\"a\")}${file(\"a.txt\")}"),
    ("n.tftpl", b"${num}"),
    ("nested.tftpl", b"%{ if c }yes%{ else }no%{ endif ~}\n tail"),
    ("rec.tftpl", b"${templatefile(\"t.tftpl\",{})}"),
    ("t.tftpl", b"Hi ${n}%{ for i in l } ${i}%{ endfor }"),
];

/// A directory of [`FILES`].
struct Folder {
    /// Neither the time nor what is random is known yet.
    planning: bool,
}

/// The path without `.` and `..`; empty for the directory itself.
fn cleaned(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

impl World for Folder {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path = cleaned(path);
        match FILES.iter().find(|(name, _)| *name == path) {
            Some((_, content)) => Ok(content.to_vec()),
            None if self.list_files(&path).is_ok() => Err(FileError::NotAFile),
            None => Err(FileError::NotFound),
        }
    }
    fn file_exists(&self, path: &str) -> Result<bool, FileError> {
        match self.read_file(path) {
            Ok(_) => Ok(true),
            Err(FileError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
    fn list_files(&self, directory: &str) -> Result<Vec<String>, FileError> {
        let mut below = cleaned(directory);
        if !below.is_empty() {
            below.push('/');
        }
        let names = FILES
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(&*below));
        let names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() {
            return Err(FileError::NotFound);
        }
        Ok(names)
    }
    fn now(&self) -> Option<SystemTime> {
        (!self.planning).then(|| self.plan_timestamp())
    }
    fn plan_timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
    fn random(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(7);
        !self.planning
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn working_directory(&self) -> String {
        "/project".into()
    }
}

/// The right-hand side of `locals { e = EXPR }`: value and type as text, or the first error.
fn evaluate(expr: &str) -> Result<(String, String), String> {
    let source = format!("locals {{\n  e = {expr}\n}}\n");
    let (body, diagnostics) = flowctl_parser::hcl::parse_body(FileId(0), &source);
    if let Some(error) = diagnostics.iter().find(|d| d.is_error()) {
        return Err(error.summary.clone());
    }
    let attribute = body
        .blocks
        .first()
        .and_then(|block| block.body.attribute("e"))
        .ok_or("no attribute")?;
    let evaluated = Evaluator::new(&Empty, &Folder { planning: false }).evaluate(&attribute.expr);
    if let Some(error) = evaluated.diagnostics.iter().find(|d| d.is_error()) {
        return Err(error.summary.clone());
    }
    // The recorded values are what `jsonencode` made of them.
    let json = flowctl_lang::json::encode(&evaluated.value).map_err(|error| match error {
        NoJson::NotKnown => "not known",
        NoJson::Infinite => "Error in function call",
    })?;
    Ok((json, fold(&flowctl_lang::show::type_of(&evaluated.value))))
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The recorded value as JSON text as `jsonencode` writes it.
fn canonical(value: &serde_json::Value, out: &mut String) {
    use serde_json::Value as Json;
    match value {
        Json::Object(members) if members.len() == 1 && members.contains_key("$number") => {
            out.push_str(members["$number"].as_str().unwrap());
        }
        Json::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            out.push('{');
            for (i, (name, member)) in sorted.into_iter().enumerate() {
                let _ = write!(
                    out,
                    "{}{}:",
                    if i > 0 { "," } else { "" },
                    Json::from(name.as_str())
                );
                canonical(member, out);
            }
            out.push('}');
        }
        Json::Array(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                canonical(element, out);
            }
            out.push(']');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// Our JSON in the same form; the numbers keep their digits because they are cut out as text.
fn recode(json: &str) -> String {
    // Only escapes differ: serde writes fewer of them.
    let mut out = String::new();
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        out.push_str(&rest[..start]);
        let mut end = start + 1;
        let bytes = rest.as_bytes();
        while bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let text: String = serde_json::from_str(&rest[start..=end]).unwrap();
        let _ = write!(out, "{}", serde_json::Value::from(text));
        rest = &rest[end + 1..];
    }
    out + rest
}

fn data(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    std::fs::read_to_string(path.join(name)).unwrap()
}

#[test]
fn expressions_have_the_recorded_results() {
    let known: HashMap<String, String> = data("known_differences.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (id, reason) = line.split_once(' ').unwrap();
            (id.to_owned(), reason.to_owned())
        })
        .collect();
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut misses = Vec::new();
    let mut met = Vec::new();
    let recorded = data("expressions.jsonl") + &data("functions.jsonl");
    for line in recorded.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let actual = evaluate(&text("expr")).map(|(json, ty)| (recode(&json), ty));
        let wanted = if case.get("error").is_some() {
            Err(text("error"))
        } else {
            let mut json = String::new();
            canonical(&case["value"], &mut json);
            Ok((json, text("type")))
        };
        let count = groups.entry(text("group")).or_default();
        count.1 += 1;
        if actual == wanted {
            count.0 += 1;
            met.push(text("id"));
        } else if !known.contains_key(&text("id")) {
            misses.push(format!(
                "{} {} {}\n    wanted {wanted:?}\n    got    {actual:?}",
                text("id"),
                text("group"),
                text("expr")
            ));
        }
    }
    for (group, (passed, all)) in &groups {
        println!("{group:20} {passed:4} of {all:4}");
    }
    let passed: usize = groups.values().map(|g| g.0).sum();
    let all: usize = groups.values().map(|g| g.1).sum();
    println!(
        "{:20} {passed:4} of {all:4}, {} known differences",
        "all",
        known.len()
    );
    assert!(
        misses.is_empty(),
        "{} misses:\n{}",
        misses.len(),
        misses.join("\n")
    );
    let outdated: Vec<_> = met.iter().filter(|id| known.contains_key(*id)).collect();
    assert!(outdated.is_empty(), "no longer different: {outdated:?}");
}

/// A value as JSON, with a question mark for what is not known.
fn sketch(value: &Value) -> String {
    match value.kind() {
        Kind::Unknown(_) => "?".to_owned(),
        Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) => {
            let elements = value.elements().unwrap_or_default();
            let elements: Vec<_> = elements.iter().map(sketch).collect();
            format!("[{}]", elements.join(","))
        }
        Kind::Map(..) | Kind::Object(_) => {
            let members = value.members().into_iter().flatten();
            let members: Vec<_> = members
                .map(|(name, member)| format!("{:?}:{}", name.as_str(), sketch(member)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        _ => flowctl_lang::json::encode(value).unwrap(),
    }
}

#[test]
fn as_much_is_known_while_planning_as_was_recorded() {
    let mut misses = Vec::new();
    let recorded = data("unknowns.jsonl");
    for line in recorded.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let expr = case["expr"].as_str().unwrap();
        let parsed = flowctl_parser::hcl::parse_expression(FileId(0), expr).unwrap();
        let evaluated = Evaluator::new(&Empty, &Folder { planning: true }).evaluate(&parsed);
        let wanted = case["value"]
            .to_string()
            .replace("{\"$unknown\":true}", "?");
        let actual = match evaluated.diagnostics.first() {
            Some(diagnostic) => diagnostic.summary.clone(),
            None => sketch(&evaluated.value),
        };
        if actual != wanted {
            misses.push(format!("{expr}\n    wanted {wanted}\n    got    {actual}"));
        }
    }
    assert!(
        misses.is_empty(),
        "{} misses of {}:\n{}",
        misses.len(),
        recorded.lines().count(),
        misses.join("\n")
    );
}
