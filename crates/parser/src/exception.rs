//! Comments that ask for what is found to be ignored: `# flowctl:ignore RULE REASON`.
//!
//! Such a comment stands at the end of a line, or on a line of its own right above what it is about:
//! an argument, or a block as a whole. Whether it counts is for whoever finds something to say.

use crate::ast::{Body, FileId, Name, Span};
use crate::diagnostic::Diagnostic;
use crate::hcl::scan::{TokenKind, scan};

/// What such a comment begins with.
const WORD: &str = "flowctl:ignore";

/// A comment that asks for what is found to be ignored.
#[derive(Clone, PartialEq, Debug)]
pub struct Exception {
    /// What is to be ignored: the name of a policy, of its rule, or of a finding as in SARIF.
    pub rule: Name,
    /// Why; empty if the comment does not say.
    pub reason: String,
    /// The comment.
    pub comment: Span,
    /// What it is about; `None` if there is nothing below it.
    pub covers: Option<Span>,
}

impl Exception {
    /// Whether it is about a place.
    pub fn is_about(&self, place: Span) -> bool {
        self.covers.is_some_and(|covers| {
            covers.file == place.file && covers.start <= place.start && place.end <= covers.end
        })
    }
}

/// Ignores the warnings that comments ask to ignore by their names; errors are for nobody to ignore.
pub fn excuse(exceptions: &[Exception], found: &mut [Diagnostic]) {
    if exceptions.is_empty() {
        return;
    }
    let open = |one: &&mut Diagnostic| !one.is_error() && one.ignored.is_none();
    for one in found.iter_mut().filter(open) {
        let rule = one.rule();
        let asks = |exception: &&Exception| {
            let about = one.span.is_some_and(|span| exception.is_about(span));
            about && *exception.rule.text == *rule && !exception.reason.is_empty()
        };
        if let Some(exception) = exceptions.iter().find(asks) {
            *one = one.clone().ignored_by(exception);
        }
    }
}

/// The comments of a file.
pub(crate) fn exceptions(file: FileId, text: &str, body: &Body) -> Vec<Exception> {
    if !text.contains(WORD) {
        return Vec::new();
    }
    let mut items = Vec::new();
    spans(body, &mut items);
    let about = |start: usize| {
        let item = items.iter().find(|item| item.start as usize == start);
        item.copied().or_else(|| line(file, text, start))
    };
    let mut found: Vec<Exception> = Vec::new();
    // From here on they wait for the line that they are about.
    let mut waiting = 0;
    for token in scan(text) {
        let begin = text[..token.start].rfind('\n').map_or(0, |end| end + 1);
        let before = text[begin..token.start].trim_start_matches('\u{feff}');
        let is_first = before.trim().is_empty();
        match token.kind {
            TokenKind::Comment => {
                let Some(mut one) = read(file, text, token.start, token.end) else {
                    continue;
                };
                if is_first {
                    found.push(one);
                } else {
                    one.covers = about(token.start - before.trim_start().len());
                    found.insert(waiting, one);
                    waiting += 1;
                }
            }
            TokenKind::Newline if is_first => waiting = found.len(),
            TokenKind::Newline => {}
            _ => {
                for one in found.iter_mut().skip(waiting) {
                    one.covers = about(token.start);
                }
                waiting = found.len();
            }
        }
    }
    found
}

/// Every argument and block, outer ones first.
fn spans(body: &Body, out: &mut Vec<Span>) {
    out.extend(body.attributes.iter().map(|attribute| attribute.span));
    for block in &body.blocks {
        out.push(block.span);
        spans(&block.body, out);
    }
}

/// A line from where its text begins.
fn line(file: FileId, text: &str, start: usize) -> Option<Span> {
    let length = text[start..].find('\n').unwrap_or(text.len() - start);
    span(file, start, start + length)
}

fn span(file: FileId, start: usize, end: usize) -> Option<Span> {
    Some(Span {
        file,
        start: u32::try_from(start).ok()?,
        end: u32::try_from(end).ok()?,
    })
}

/// What a comment asks for, if it is one of these.
fn read(file: FileId, text: &str, start: usize, end: usize) -> Option<Exception> {
    let whole = text[start..end].trim_end();
    let inner = whole
        .strip_prefix("/*")
        .map(|inner| inner.trim_end_matches("*/"));
    let inner = inner.or_else(|| whole.strip_prefix("//"));
    let inner = inner.or_else(|| whole.strip_prefix('#'))?.trim();
    let rest = inner.strip_prefix(WORD)?;
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let (rule, reason) = rest
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or((rest.trim(), ""));
    let comment = span(file, start, start + whole.len())?;
    Some(Exception {
        rule: Name {
            text: rule.into(),
            span: comment,
        },
        reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
        comment,
        covers: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SourceMap, hcl};

    #[test]
    fn comments_are_about_the_line_they_are_on_or_what_is_right_below() {
        let text = "# flowctl:ignore a whole block\n\
                    // flowctl:ignore b and\tthis  too\n\
                    resource \"x\" \"y\" {\n\
                    \x20 /* flowctl:ignore c an argument */\n\
                    \x20 tags = {\n    k = \"v\" # flowctl:ignore d this line\n  }\n\
                    \x20 text = <<-EOT\n    # flowctl:ignore e no comment\n  EOT\n\
                    \x20 # flowctl:ignore f above a block\n\
                    \x20 nested { # flowctl:ignore g its first line\n  }\n\
                    }\n\
                    # flowctl:ignore h nothing below\n\n\
                    locals {}\n\
                    # flowctl:ignored i another word\n\
                    # flowctl:ignore\n";
        let mut sources = SourceMap::default();
        let file = sources.add("main.tf", text);
        let (body, _) = hcl::parse_body(file, text);
        let found = exceptions(file, text, &body);
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                let covers = one.covers.map(|span| sources.text(span));
                let first = covers.map(|text| text.lines().next().unwrap_or_default());
                let lines = covers.map_or(0, |text| text.lines().count());
                (&*one.rule.text, &*one.reason, first, lines)
            })
            .collect();
        let resource = Some("resource \"x\" \"y\" {");
        let expected = [
            ("a", "whole block", resource, 12),
            ("b", "and this too", resource, 12),
            ("c", "an argument", Some("tags = {"), 3),
            (
                "d",
                "this line",
                Some("k = \"v\" # flowctl:ignore d this line"),
                1,
            ),
            (
                "f",
                "above a block",
                Some("nested { # flowctl:ignore g its first line"),
                2,
            ),
            (
                "g",
                "its first line",
                Some("nested { # flowctl:ignore g its first line"),
                2,
            ),
            ("h", "nothing below", None, 0),
            ("", "", None, 0),
        ];
        for (told, expected) in told.iter().zip(&expected) {
            assert_eq!(told, expected);
        }
        assert_eq!(told.len(), expected.len());
    }
}
