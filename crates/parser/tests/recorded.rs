//! What Terraform said about configurations that are wrong in syntax or structure, and about some
//! that are right: the parser alone has to say the same, at the same places.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use flowctl_parser::ast::Body;
use flowctl_parser::{Diagnostic, FileSystem, Loaded, Severity, SourceMap, Span, load};
use serde_json::Value;

/// Summaries of what only evaluation, a schema, other modules or a provider can tell: the planner's
/// part. Those that begin so.
const BEYOND_SYNTAX: &[&str] = &[
    "\"id\" attribute is read-only",
    "Call to unknown function",
    "Cycle:",
    "Duplicate import configuration",
    "Ephemeral output not allowed",
    "Ephemeral value not allowed",
    "Error in function call",
    "Inconsistent conditional result types",
    "Incorrect value type",
    "Invalid 'for' condition",
    "Invalid \"count\" attribute",
    "Invalid \"self\" reference",
    "Invalid count argument",
    "Invalid default value for",
    "Invalid for_each",
    "Invalid function argument",
    "Invalid import",
    "Invalid index",
    "Invalid reference in replace_triggered_by expression",
    "Invalid replace_triggered_by expression",
    "Invalid type specification",
    "Invalid use of ephemeral value",
    "Missing required provider",
    "Missing resource instance key",
    "Module not installed",
    "Not enough function arguments",
    "Output refers to sensitive values",
    "Provider configuration not present",
    "Redundant ignore_changes element",
    "Reference to undeclared",
    "Reference to \"",
    "Required variable not set",
    "Self-referencing local value",
    "Unexpected resource instance key",
    "Unknown variable",
    "Unsupported attribute",
    "Value not allowed in ephemeral output",
];

/// Summaries of what a schema or another module can tell, where they are about what it describes.
const BY_SCHEMA: &[&str] = &[
    "Extraneous JSON object property",
    "Missing required argument",
    "Unsupported argument",
    "Unsupported block type",
];

/// Files by name.
struct Files(BTreeMap<String, String>);

impl FileSystem for Files {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        let names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| match path.rsplit_once('/') {
                Some((parent, name)) => (parent == directory).then(|| name.to_owned()),
                None => (directory.is_empty() || directory == ".").then(|| path.clone()),
            })
            .collect();
        if names.is_empty() && !matches!(directory, "" | ".") {
            return Err("there is no such directory".to_owned());
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or("it is gone".to_owned())
    }
}

/// One line for a diagnostic, ours or recorded.
fn ours(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut line = format!("{severity}: {}", diagnostic.summary);
    if let Some(span) = diagnostic.span
        && let (Some(source), Some((start, end))) = (sources.get(span.file), sources.range(span))
    {
        // Where nothing stands, Terraform shows the column.
        let nothing = usize::from(start.byte == end.byte);
        write!(
            line,
            " {} {}:{}-{}:{}",
            source.path,
            start.line,
            start.column,
            end.line,
            end.column + nothing
        )
        .unwrap();
    }
    line
}

fn theirs(recorded: &Value) -> String {
    let text = |name: &str| recorded[name].as_str().unwrap_or_default();
    let mut line = format!("{}: {}", text("severity"), text("summary"));
    if recorded["line"].is_u64() {
        write!(
            line,
            " {} {}:{}-{}:{}",
            text("file"),
            recorded["line"],
            recorded["column"],
            recorded["end_line"],
            recorded["end_column"]
        )
        .unwrap();
    }
    line
}

/// Whether a recorded diagnostic is the planner's; `schema` are the places where only a schema or
/// another module can tell what is allowed.
fn beyond_syntax(recorded: &Value, schema: &[(String, usize, usize)]) -> bool {
    let summary = recorded["summary"].as_str().unwrap_or_default();
    if BY_SCHEMA.iter().any(|start| summary.starts_with(start)) {
        return schema.iter().any(|(file, line, column)| {
            recorded["file"] == file.as_str()
                && recorded["line"] == *line
                && recorded["column"] == *column
        });
    }
    BEYOND_SYNTAX.iter().any(|start| summary.starts_with(start))
}

/// The names of arguments and blocks of resources, and of arguments of module calls.
fn schema_places(loaded: &Loaded) -> Vec<(String, usize, usize)> {
    fn names(body: &Body, found: &mut Vec<Span>) {
        found.extend(body.attributes.iter().map(|a| a.name.span));
        for block in &body.blocks {
            found.push(block.block_type.span);
            found.extend(block.labels.iter().map(|label| label.span));
            names(&block.body, found);
        }
    }
    let mut found = Vec::new();
    let root = &loaded.configuration.root;
    root.resources
        .iter()
        .for_each(|resource| names(&resource.body, &mut found));
    for call in root.calls.values() {
        found.extend(call.arguments.iter().map(|a| a.name.span));
        found.extend(call.missing);
    }
    let place = |span: Span| {
        let path = loaded.sources.get(span.file)?.path.clone();
        let (start, _) = loaded.sources.range(span)?;
        Some((path, start.line, start.column))
    };
    found.into_iter().filter_map(place).collect()
}

/// Compares what is said about `files` with what was recorded; what is wrong goes to `report`.
fn compare(name: &str, files: BTreeMap<String, String>, recorded: &[Value], report: &mut String) {
    let mut shown = String::new();
    for (path, text) in &files {
        writeln!(shown, "--- {path}\n{text}").unwrap();
    }
    let loaded = load(".", &Files(files));
    let found: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|diagnostic| ours(diagnostic, &loaded.sources))
        .collect();
    let schema = schema_places(&loaded);
    let missing: Vec<String> = recorded
        .iter()
        .filter(|diagnostic| !beyond_syntax(diagnostic, &schema))
        .map(theirs)
        // Of some errors Terraform does not say where they are.
        .filter(|line| {
            if line.contains(".tf") {
                !found.contains(line)
            } else {
                !found.iter().any(|found| found.starts_with(line))
            }
        })
        .collect();
    let right = !recorded.iter().any(|d| d["severity"] == "error");
    let unexpected = right && loaded.diagnostics.iter().any(Diagnostic::is_error);
    if !missing.is_empty() || unexpected {
        writeln!(
            report,
            "== {name}\n{shown}missing: {missing:#?}\nfound: {found:#?}"
        )
        .unwrap();
    }
}

fn conformance() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

fn files_below(root: &Path, directory: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(root, &path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name = path.strip_prefix(root).unwrap();
            files.insert(name.to_str().unwrap().replace('\\', "/"), text);
        }
    }
}

#[test]
fn configurations_are_judged_as_recorded() {
    let mut report = String::new();
    let mut count = 0;
    for entry in std::fs::read_dir(conformance().join("configs")).unwrap() {
        let path = entry.unwrap().path();
        let mut files = BTreeMap::new();
        files_below(&path, &path, &mut files);
        let expected = files.remove("expected.json").unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let recorded = expected["validate"]["diagnostics"].as_array().cloned();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        compare(&name, files, &recorded.unwrap_or_default(), &mut report);
        count += 1;
    }
    assert!(count > 80, "only {count} configurations");
    assert!(report.is_empty(), "{report}");
}

#[test]
fn snippets_are_judged_as_recorded() {
    let mut report = String::new();
    for name in ["native", "json"] {
        let path = conformance().join(format!("structure/{name}.jsonl"));
        let lines = std::fs::read_to_string(path).unwrap();
        for (number, line) in lines.lines().enumerate() {
            let case: Value = serde_json::from_str(line).unwrap();
            let files = case["files"].as_object().unwrap().iter();
            let files = files
                .map(|(path, text)| (path.clone(), text.as_str().unwrap().to_owned()))
                .collect();
            let recorded = case["diagnostics"].as_array().unwrap();
            let name = format!("{name} line {}", number + 1);
            compare(&name, files, recorded, &mut report);
        }
    }
    let count = report.matches("\n== ").count() + 1;
    assert!(report.is_empty(), "{count} snippets:\n{report}");
}
