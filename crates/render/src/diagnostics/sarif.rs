//! Diagnostics as SARIF 2.1.0, for code scanning services.

use std::fmt::Write as _;

use flowctl_parser::ast::FileId;
use flowctl_parser::{Diagnostic, Severity, Source, SourceMap, Span};
use serde::Serialize;

use crate::json::pretty;

/// The log of one run.
pub fn sarif(diagnostics: &[Diagnostic], sources: &SourceMap, flowctl_version: &str) -> String {
    let mut rules: Vec<RuleJson> = Vec::new();
    let mut results = Vec::new();
    for diagnostic in diagnostics {
        let id = diagnostic.rule();
        let index = rules.iter().position(|rule| rule.id == id);
        let index = index.unwrap_or_else(|| {
            rules.push(RuleJson {
                id: id.clone(),
                short_description: TextJson::new(&diagnostic.summary),
            });
            rules.len() - 1
        });
        results.push(result(diagnostic, sources, id, index));
    }
    pretty(&LogJson {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [RunJson {
            tool: ToolJson {
                driver: DriverJson {
                    name: "flowctl",
                    semantic_version: flowctl_version,
                    information_uri: "https://github.com/flowctl/flowctl",
                    rules,
                },
            },
            column_kind: "unicodeCodePoints",
            results,
        }],
    })
}

fn result(
    diagnostic: &Diagnostic,
    sources: &SourceMap,
    rule_id: String,
    rule_index: usize,
) -> ResultJson {
    let mut message = diagnostic.summary.clone();
    for part in [Some(&diagnostic.detail), diagnostic.help.as_ref()] {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            message.push_str("\n\n");
            message.push_str(part);
        }
    }
    let logical = diagnostic.address.iter().map(|address| LogicalJson {
        fully_qualified_name: address.clone(),
    });
    let location = physical(sources, diagnostic.span).map(|physical_location| LocationJson {
        physical_location,
        logical_locations: logical.collect(),
        message: None,
    });
    let related = diagnostic.labels.iter().filter_map(|(span, text)| {
        Some(LocationJson {
            physical_location: physical(sources, Some(*span))?,
            logical_locations: Vec::new(),
            message: Some(TextJson::new(text)),
        })
    });
    ResultJson {
        rule_id,
        rule_index,
        level: match diagnostic
            .ignored
            .as_ref()
            .map_or(diagnostic.severity, |i| i.severity)
        {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: TextJson { text: message },
        locations: location.into_iter().collect(),
        related_locations: related.collect(),
        suppressions: diagnostic
            .ignored
            .iter()
            .map(|ignored| SuppressionJson {
                kind: "inSource",
                justification: ignored.reason.clone(),
            })
            .collect(),
    }
}

/// The place of a span. What has no place gets the beginning of the first file, since services
/// refuse a result without one.
fn physical(sources: &SourceMap, span: Option<Span>) -> Option<PhysicalJson> {
    let span = span.unwrap_or(Span {
        file: FileId(0),
        start: 0,
        end: 0,
    });
    let source = sources.get(span.file)?;
    let (start_line, start_column) = position(source, span.start);
    let (end_line, end_column) = position(source, span.end.max(span.start));
    Some(PhysicalJson {
        artifact_location: ArtifactJson {
            uri: uri(&source.path),
            uri_base_id: "%SRCROOT%",
        },
        region: RegionJson {
            start_line,
            start_column,
            end_line,
            end_column,
        },
    })
}

/// Line and column, counted in code points from one.
fn position(source: &Source, offset: u32) -> (usize, usize) {
    let at = source.position(offset);
    let before = source.text.get(..at.byte).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
    (at.line, line.chars().count() + 1)
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            b'\\' => out.push('/'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[derive(Serialize)]
struct LogJson<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunJson<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunJson<'a> {
    tool: ToolJson<'a>,
    column_kind: &'static str,
    results: Vec<ResultJson>,
}

#[derive(Serialize)]
struct ToolJson<'a> {
    driver: DriverJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DriverJson<'a> {
    name: &'static str,
    semantic_version: &'a str,
    information_uri: &'static str,
    rules: Vec<RuleJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson {
    id: String,
    short_description: TextJson,
}

#[derive(Serialize)]
struct TextJson {
    text: String,
}

impl TextJson {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultJson {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: TextJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<LocationJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<LocationJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<SuppressionJson>,
}

/// A comment asks for it to be ignored.
#[derive(Serialize)]
struct SuppressionJson {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationJson {
    physical_location: PhysicalJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<TextJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalJson {
    fully_qualified_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalJson {
    artifact_location: ArtifactJson,
    region: RegionJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactJson {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegionJson {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_rules_results_and_places() {
        let mut sources = SourceMap::default();
        let file = sources.add("./mod ules/main.tf", "a\ne\u{301}x = 1\n");
        let span = Span {
            file,
            start: 5,
            end: 6,
        };
        let first = Span {
            start: 0,
            end: 1,
            ..span
        };
        let found = [
            Diagnostic::error(span, "Duplicate \"x\"", "Twice.")
                .with_label(first, "first declared here")
                .with_help("Remove one.")
                .with_address("terraform_data.a"),
            Diagnostic::warning(first, "Odd", ""),
            Diagnostic::error_without_place("Duplicate \"x\"", "Somewhere."),
        ];
        let text = sarif(&found, &sources, "0.1.0");
        let log: serde_json::Value = serde_json::from_str(&text).unwrap();
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 2);
        assert_eq!(run["results"].as_array().unwrap().len(), 3);
        insta::assert_snapshot!("sarif", text);
    }
}
