//! Diagnostics as `terraform validate -json` writes them.
//!
//! The excerpts are of the sources as they are given here: a caller who must not show literal
//! secrets gives sources in which they are masked.

use std::collections::HashMap;

use flowctl_parser::ast::FileId;
use flowctl_parser::{Diagnostic, Severity, SourceMap, Span, hcl};
use serde::Serialize;

use crate::json::pretty;

/// The document that says whether a configuration is valid, and why not.
pub fn validate(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let mut excerpts = Excerpts::new(sources);
    pretty(&ValidateJson {
        format_version: "1.0",
        valid: errors == 0,
        error_count: errors,
        warning_count: diagnostics.len() - errors,
        diagnostics: diagnostics.iter().map(|d| excerpts.write(d)).collect(),
    })
}

#[derive(Serialize)]
struct ValidateJson<'a> {
    format_version: &'static str,
    valid: bool,
    error_count: usize,
    warning_count: usize,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

/// One diagnostic.
#[derive(Serialize)]
pub(crate) struct DiagnosticJson<'a> {
    pub(crate) severity: &'static str,
    pub(crate) summary: &'a str,
    pub(crate) detail: String,
    /// Why it is ignored, if a comment asks for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ignored: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<RangeJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snippet: Option<SnippetJson<'a>>,
}

#[derive(Serialize)]
pub(crate) struct RangeJson<'a> {
    pub(crate) filename: &'a str,
    pub(crate) start: PositionJson,
    pub(crate) end: PositionJson,
}

#[derive(Serialize, Clone, Copy)]
pub(crate) struct PositionJson {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) byte: usize,
}

#[derive(Serialize)]
pub(crate) struct SnippetJson<'a> {
    context: Option<String>,
    pub(crate) code: &'a str,
    start_line: usize,
    highlight_start_offset: usize,
    highlight_end_offset: usize,
    values: Vec<ValueJson<'a>>,
}

#[derive(Serialize)]
struct ValueJson<'a> {
    traversal: &'a str,
    statement: &'a str,
}

/// Writes diagnostics of one set of sources; remembers which blocks a file has.
pub(crate) struct Excerpts<'a> {
    sources: &'a SourceMap,
    blocks: HashMap<FileId, Vec<(Span, String)>>,
}

impl<'a> Excerpts<'a> {
    pub(crate) fn new(sources: &'a SourceMap) -> Self {
        Self {
            sources,
            blocks: HashMap::new(),
        }
    }

    pub(crate) fn write(&mut self, diagnostic: &'a Diagnostic) -> DiagnosticJson<'a> {
        let range = diagnostic.span.and_then(|span| range(self.sources, span));
        let snippet = diagnostic
            .span
            .and_then(|span| self.snippet(span, &diagnostic.values));
        DiagnosticJson {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            summary: &diagnostic.summary,
            detail: detail(diagnostic, self.sources),
            ignored: diagnostic.ignored.as_ref().map(|i| &*i.reason),
            address: diagnostic.address.as_deref(),
            range,
            snippet,
        }
    }

    fn snippet(&mut self, span: Span, values: &'a [(String, String)]) -> Option<SnippetJson<'a>> {
        let source = self.sources.get(span.file)?;
        let text: &'a str = &source.text;
        let (start, end) = (span.start as usize, (span.end as usize).min(text.len()));
        let before = text.get(..start)?;
        let from = before.rfind('\n').map_or(0, |i| i + 1);
        // The last line is the one of the last character of the span.
        let last = end.saturating_sub(1).max(start);
        let to = text.get(last..).and_then(|rest| rest.find('\n'));
        let code = text.get(from..to.map_or(text.len(), |i| last + i))?;
        let code = code.strip_suffix('\r').unwrap_or(code);
        // What has no extent is shown as one character.
        let (start_offset, end_offset) = (start - from, end.max(start + 1) - from);
        Some(SnippetJson {
            context: self.context(span),
            code,
            start_line: source.position(span.start).line,
            highlight_start_offset: start_offset.min(code.len()),
            highlight_end_offset: end_offset.min(code.len()),
            values: values
                .iter()
                .map(|(traversal, statement)| ValueJson {
                    traversal,
                    statement,
                })
                .collect(),
        })
    }

    /// The header of the outermost block that the character before the span is in.
    fn context(&mut self, span: Span) -> Option<String> {
        let sources = self.sources;
        let blocks = self.blocks.entry(span.file).or_insert_with(|| {
            let Some(source) = sources
                .get(span.file)
                .filter(|s| !s.path.ends_with(".json"))
            else {
                return Vec::new();
            };
            let (body, _) = hcl::parse_body(span.file, &source.text);
            let header = |block: &flowctl_parser::ast::Block| {
                block
                    .labels
                    .iter()
                    .fold(block.block_type.text.to_string(), |header, label| {
                        format!("{header} {:?}", &*label.text)
                    })
            };
            let mut blocks: Vec<_> = body.blocks.iter().map(|b| (b.span, header(b))).collect();
            blocks.sort_by_key(|(span, _)| span.start);
            blocks
        });
        let before = span.start.checked_sub(1)?;
        let next = blocks.partition_point(|(block, _)| block.start <= before);
        let (block, header) = blocks.get(next.checked_sub(1)?)?;
        (before < block.end).then(|| header.clone())
    }
}

/// Where a span is; what has no extent is taken as one character.
pub(crate) fn range(sources: &SourceMap, span: Span) -> Option<RangeJson<'_>> {
    let (start, mut end) = sources.range(span)?;
    if span.start >= span.end {
        end = start;
        end.byte += 1;
        end.column += 1;
    }
    let position = |at: flowctl_parser::Position| PositionJson {
        line: at.line,
        column: at.column,
        byte: at.byte,
    };
    Some(RangeJson {
        filename: &sources.get(span.file)?.path,
        start: position(start),
        end: position(end),
    })
}

/// The detail, and behind it what the format has no member for: the suggestion and other places.
pub(crate) fn detail(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut paragraphs = Vec::new();
    if !diagnostic.detail.is_empty() {
        paragraphs.push(diagnostic.detail.clone());
    }
    if let Some(ignored) = &diagnostic.ignored {
        paragraphs.push(format!("Ignored: {}", ignored.reason));
    }
    for (span, text) in &diagnostic.labels {
        let place = sources.get(span.file).map(|source| {
            let at = source.position(span.start);
            format!(" ({}:{}:{})", source.path, at.line, at.column)
        });
        paragraphs.push(format!("{text}{}", place.unwrap_or_default()));
    }
    paragraphs.extend(diagnostic.help.clone());
    paragraphs.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str =
        "variable \"x\" {}\n\nresource \"terraform_data\" \"a\" {\n  input = vra.x\n}\n";

    fn at(sources: &mut SourceMap, text: &str, what: &str) -> Span {
        let file = sources.add("main.tf", text);
        let start = u32::try_from(text.find(what).unwrap()).unwrap();
        let end = start + u32::try_from(what.len()).unwrap();
        Span { file, start, end }
    }

    #[test]
    fn a_document_is_terraforms() {
        let mut sources = SourceMap::default();
        let span = at(&mut sources, MAIN, "vra.x");
        let mut diagnostic = Diagnostic::error(
            span,
            "Reference to undeclared resource",
            "A managed resource \"vra\" \"x\" has not been declared in the root module.",
        )
        .with_help("Did you mean var.x?")
        .with_address("terraform_data.a");
        diagnostic.values = vec![("var.x".into(), "is \"a\"".into())];
        insta::assert_snapshot!("diagnostics_json", validate(&[diagnostic], &sources));
    }

    #[test]
    fn a_span_over_lines_or_without_extent_is_shown_whole() {
        let mut sources = SourceMap::default();
        let mut span = at(&mut sources, MAIN, "{\n  input = vra.x\n}");
        let diagnostic = Diagnostic::warning(span, "s", "");
        let json = Excerpts::new(&sources).write(&diagnostic).snippet.unwrap();
        assert_eq!(json.code, &MAIN[17..MAIN.len() - 1]);
        assert_eq!(json.start_line, 3);
        assert_eq!(
            &json.code[json.highlight_start_offset..json.highlight_end_offset],
            &MAIN[47..MAIN.len() - 1]
        );
        span.start = u32::try_from(MAIN.len()).unwrap();
        span.end = span.start;
        let diagnostic = Diagnostic::warning(span, "s", "");
        let json = Excerpts::new(&sources).write(&diagnostic);
        assert_eq!(json.snippet.unwrap().code, "");
        assert_eq!(json.range.unwrap().end.column, 2);
        // The header of a block is in no block.
        let span = at(&mut sources, MAIN, "resource");
        let diagnostic = Diagnostic::warning(span, "s", "");
        let json = Excerpts::new(&sources).write(&diagnostic).snippet.unwrap();
        assert_eq!(json.context, None);
    }
}
