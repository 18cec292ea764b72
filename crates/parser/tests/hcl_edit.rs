//! hcl-edit as an independent judge: what both parsers accept has the same arguments, blocks and
//! labels in the same places.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use flowctl_parser::FileId;
use flowctl_parser::ast::Body;
use hcl_edit::Span;

/// Names with the bytes they stand at, one a line: first the arguments of a body, then its blocks.
fn ours(body: &Body, depth: usize, out: &mut String) {
    for attribute in &body.attributes {
        let span = attribute.name.span;
        writeln!(
            out,
            "{depth} {} = {}..{}",
            attribute.name.text, span.start, span.end
        )
        .unwrap();
    }
    for block in &body.blocks {
        let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
        let span = block.block_type.span;
        let name = &block.block_type.text;
        writeln!(
            out,
            "{depth} {name} {labels:?} {}..{}",
            span.start, span.end
        )
        .unwrap();
        ours(&block.body, depth + 1, out);
    }
}

fn theirs(body: &hcl_edit::structure::Body, depth: usize, out: &mut String) {
    for attribute in body.attributes() {
        let span = attribute.key.span().unwrap();
        writeln!(
            out,
            "{depth} {} = {}..{}",
            attribute.key.as_str(),
            span.start,
            span.end
        )
        .unwrap();
    }
    for block in body.blocks() {
        let labels: Vec<&str> = block
            .labels
            .iter()
            .map(hcl_edit::structure::BlockLabel::as_str)
            .collect();
        let span = block.ident.span().unwrap();
        let name = block.ident.as_str();
        writeln!(
            out,
            "{depth} {name} {labels:?} {}..{}",
            span.start, span.end
        )
        .unwrap();
        theirs(&block.body, depth + 1, out);
    }
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            found.push(path);
        }
    }
}

/// Compares the two readings of a text; nothing if hcl-edit refuses it.
fn compare(name: &str, text: &str) -> Option<()> {
    let (body, diagnostics) = flowctl_parser::hcl::parse_body(FileId(0), text);
    let parsed: Result<hcl_edit::structure::Body, _> = hcl_edit::parser::parse_body(text);
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(_) if diagnostics.is_empty() => return None,
        Err(_) => return Some(()),
    };
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let (mut left, mut right) = (String::new(), String::new());
    ours(&body, 0, &mut left);
    theirs(&parsed, 0, &mut right);
    assert_eq!(left, right, "{name}");
    Some(())
}

#[test]
fn both_parsers_see_the_same_blocks_and_arguments() {
    let mut paths = Vec::new();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/configs");
    files(&root, &mut paths);
    assert!(paths.len() > 50, "only {} files", paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        assert!(
            compare(&name, &text).is_some(),
            "{name} is refused by hcl-edit"
        );
    }
}

#[test]
fn both_parsers_see_the_same_in_formatted_snippets() {
    let path = "../../tests/conformance/fmt/snippets.jsonl";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let lines = std::fs::read_to_string(path).unwrap();
    let mut refused = Vec::new();
    for line in lines.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(text) = case["output"].as_str() else {
            continue;
        };
        if compare(text, text).is_none() {
            refused.push(text.to_owned());
        }
    }
    // What Terraform reads and hcl-edit does not.
    assert!(refused.len() < 10, "{}: {refused:#?}", refused.len());
}
