//! Diagnostics for people: what is wrong, where in the source, and what to write instead.

use std::fmt;
use std::ops::Range;

use flowctl_parser::{Diagnostic, Severity, SourceMap, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::excerpt::Excerpt;
use crate::style::clean;

/// How diagnostics are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// With line-drawing characters, or ASCII only.
    pub unicode: bool,
}

/// Lines between two places in one file that are shown in one excerpt.
const NEAR: usize = 4;

/// All diagnostics, warnings first so that errors are what is read last, each followed by an
/// empty line. Sources are shown as they are: hide their secrets first, with
/// [`masked`](super::mask::masked).
pub fn human(diagnostics: &[Diagnostic], sources: &SourceMap, look: &Look) -> String {
    let mut sorted: Vec<_> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let handler = handler(look);
    let mut out = String::new();
    for diagnostic in sorted {
        let mut shown = String::new();
        for report in reports(diagnostic, sources, look) {
            let before = shown.len();
            if handler.render_report(&mut shown, &report).is_err() {
                // Without the excerpt, the words are still there.
                shown.truncate(before);
                shown.push_str(&report.text);
                shown.push('\n');
            }
        }
        for line in shown.lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn handler(look: &Look) -> GraphicalReportHandler {
    let theme = match (look.unicode, look.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, color) => GraphicalTheme {
            styles: if color {
                GraphicalTheme::ascii().styles
            } else {
                GraphicalTheme::none().styles
            },
            ..GraphicalTheme::ascii()
        },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(look.width.clamp(40, 1000))
        .with_links(false)
        .without_syntax_highlighting()
        .with_break_words(false)
        // Names and times are to be copied in one piece.
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// What miette draws as one: a text, an excerpt, help.
#[derive(Debug)]
struct Report {
    severity: miette::Severity,
    text: String,
    excerpt: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
}

/// The diagnostic and the places that belong to it elsewhere.
fn reports(diagnostic: &Diagnostic, sources: &SourceMap, look: &Look) -> Vec<Report> {
    let severity = match diagnostic.severity {
        Severity::Warning => miette::Severity::Warning,
        Severity::Error => miette::Severity::Error,
    };
    let primary = diagnostic
        .span
        .filter(|span| sources.get(span.file).is_some());
    let known = |(span, _): &&(Span, String)| sources.get(span.file).is_some();
    let (near, far): (Vec<_>, Vec<_>) = diagnostic
        .labels
        .iter()
        .filter(known)
        .partition(|(span, _)| primary.is_some_and(|primary| are_near(sources, primary, *span)));
    let mut first = Report {
        severity,
        text: text(diagnostic),
        excerpt: None,
        labels: Vec::new(),
        help: None,
    };
    if let Some(primary) = primary {
        let near = near.iter().map(|(span, label)| (*span, label.as_str()));
        first.locate(primary, near, sources, look);
    }
    let mut out = vec![first];
    for (span, label) in far {
        let mut note = Report {
            severity: miette::Severity::Advice,
            text: clean(label).into_owned(),
            excerpt: None,
            labels: Vec::new(),
            help: None,
        };
        note.locate(*span, std::iter::empty(), sources, look);
        out.push(note);
    }
    if let (Some(help), Some(last)) = (&diagnostic.help, out.last_mut()) {
        last.help = Some(clean(help).into_owned());
    }
    out
}

impl Report {
    /// Shows a place, and others near it with what they are.
    fn locate<'a>(
        &mut self,
        primary: Span,
        near: impl Iterator<Item = (Span, &'a str)>,
        sources: &SourceMap,
        look: &Look,
    ) {
        let Some(source) = sources.get(primary.file) else {
            return;
        };
        let near: Vec<_> = near.collect();
        let spans: Vec<_> = std::iter::once(primary)
            .chain(near.iter().map(|(span, _)| *span))
            .map(range)
            .collect();
        let excerpt = Excerpt::new(source, &spans, look);
        let labels = std::iter::once(None).chain(near.iter().map(|(_, label)| Some(*label)));
        for (number, (span, label)) in excerpt.spans.iter().zip(labels).enumerate() {
            let label = label.map(|label| clean(label).into_owned());
            self.labels.push(if number == 0 {
                LabeledSpan::new_primary_with_span(label, span.clone())
            } else {
                LabeledSpan::new_with_span(label, span.clone())
            });
        }
        self.excerpt = Some(excerpt);
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

fn are_near(sources: &SourceMap, a: Span, b: Span) -> bool {
    let line = |span| sources.range(span).map(|(start, _)| start.line);
    a.file == b.file && matches!((line(a), line(b)), (Some(a), Some(b)) if a.abs_diff(b) <= NEAR)
}

/// Everything that is said in words above the excerpt.
fn text(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{}: {}", diagnostic.word(), diagnostic.summary);
    if !diagnostic.detail.is_empty() {
        text.push_str("\n\n");
        text.push_str(diagnostic.detail.trim_end());
    }
    if let Some(ignored) = &diagnostic.ignored {
        text.push_str("\n\nReason: ");
        text.push_str(&ignored.reason);
    }
    let mut facts = Vec::new();
    facts.extend(
        diagnostic
            .address
            .iter()
            .map(|address| format!("with {address}")),
    );
    facts.extend(
        diagnostic
            .values
            .iter()
            .map(|(name, value)| format!("{name} {value}")),
    );
    if !facts.is_empty() {
        text.push_str("\n\n");
        text.push_str(&facts.join("\n"));
    }
    // An empty line is not wrapped and so would break the bar beside the text.
    clean(&text).replace("\n\n", "\n\u{a0}\n")
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Excerpt(…)")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt
            .as_ref()
            .map(|excerpt| excerpt as &dyn SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as _)
    }
}

#[cfg(test)]
mod tests {
    use flowctl_parser::FileId;

    use super::*;
    use crate::diagnostics::mask::{Names, masked};
    use crate::samples::CANARY;

    const LOOK: Look = Look {
        color: false,
        width: 80,
        unicode: true,
    };

    const MAIN: &str = "\u{feff}variable \"region\" {\r\n  type = string\r\n}\r\n\r\nresource \"aws_appflow_connector_profile\" \"crm\" {\r\n\tname = \"東京\" + instnace_url # 🚀\r\n  pasword = \"CANARY-1\"\r\n  connector_type = var.type == \"\u{1b}[31m\" ? 1 : nothing\r\n}\r\n";

    fn sources() -> (SourceMap, FileId, FileId) {
        let mut sources = SourceMap::default();
        let main = sources.add("main.tf", MAIN);
        let text = format!(
            "variable \"region\" {{}}\nlocals {{\n  long = [{}nothing, {}]\n}}",
            "\"a\", ".repeat(40),
            "\"b\", ".repeat(40)
        );
        let other = sources.add("variables.tf", text);
        let names = Names {
            secret: ["password".to_owned()].into(),
            ..Names::default()
        };
        (masked(&sources, &names, &[]), main, other)
    }

    fn find(sources: &SourceMap, file: FileId, text: &str) -> Span {
        let start = sources.get(file).unwrap().text.find(text).unwrap();
        let offset = |at: usize| u32::try_from(at).unwrap();
        Span {
            file,
            start: offset(start),
            end: offset(start + text.len()),
        }
    }

    fn samples() -> (Vec<Diagnostic>, SourceMap) {
        let (sources, main, other) = sources();
        let place = |file, text| find(&sources, file, text);
        let everything = Span {
            file: main,
            start: 3,
            end: 200,
        };
        let mut all = vec![
            Diagnostic::error(
                place(main, "instnace_url"),
                "Reference to undeclared resource",
                "A managed resource \"instnace_url\" has not been declared in the root module.",
            )
            .with_help("Did you mean \"instance_url\"?")
            .with_address("aws_appflow_connector_profile.crm"),
            Diagnostic::warning(
                place(main, "variable \"region\""),
                "Duplicate variable declaration",
                "A variable named \"region\" was already declared in another file.",
            )
            .with_label(place(other, "variable \"region\""), "first declared here"),
            Diagnostic::error(
                place(main, "pasword"),
                "Unsupported argument",
                "An argument named \"pasword\" is not expected here. Did you mean \"password\"?",
            ),
            Diagnostic::error(place(main, "var.type"), "Invalid condition", "")
                .with_label(place(main, "nothing"), "this side is the problem"),
            Diagnostic::error(
                place(other, "nothing"),
                "Invalid reference",
                "A reference to a resource type must be followed by at least one attribute access, specifying the resource name.",
            ),
            Diagnostic::error(
                everything,
                "Everything is wrong",
                "From the first line to the last.",
            ),
            Diagnostic::error(
                place(main, "{\r\n  type = string\r\n}"),
                "Invalid block",
                "First paragraph.\n\nSecond paragraph with \u{1b}[31mcolour.",
            ),
            Diagnostic::error_without_place(
                "No configuration files",
                "There are no .tf files here.",
            ),
        ];
        let end = u32::try_from(MAIN.len()).unwrap();
        let span = Span {
            file: main,
            start: end,
            end,
        };
        all.push(Diagnostic::error(
            span,
            "Unclosed configuration block",
            "The file ends before it is closed.",
        ));
        all[3].values = vec![
            ("var.type".into(), "is \"Salesforce\"".into()),
            ("local.x".into(), "is (sensitive value)".into()),
        ];
        (all, sources)
    }

    #[test]
    fn every_diagnostic_is_drawn() {
        let (all, sources) = samples();
        insta::assert_snapshot!("diagnostics", human(&all, &sources, &LOOK));
        let ascii = Look {
            unicode: false,
            ..LOOK
        };
        insta::assert_snapshot!("diagnostics_ascii", human(&all, &sources, &ascii));
    }

    #[test]
    fn colours_are_all_that_colour_adds() {
        let (all, sources) = samples();
        let plain = human(&all, &sources, &LOOK);
        let color = human(
            &all,
            &sources,
            &Look {
                color: true,
                ..LOOK
            },
        );
        assert!(!plain.contains('\u{1b}') && !plain.contains(CANARY) && !color.contains(CANARY));
        assert!(color.contains("\u{1b}[31m"), "errors are red");
        // The source's own escape sequence is not among them.
        assert!(!color.contains("\"\u{1b}[31m\""));
    }

    #[test]
    fn no_span_whatever_breaks_it() {
        let text = "\u{feff}a\r\n\n\tb = \"é\u{1b}\"\r\n";
        let mut sources = SourceMap::default();
        let file = sources.add("x.tf", text);
        let empty = sources.add("empty.tf", "");
        let length = u32::try_from(text.len()).unwrap();
        let looks = [
            LOOK,
            Look {
                width: 0,
                unicode: false,
                color: true,
            },
        ];
        for (file, length) in [(file, length), (empty, 0), (FileId(9), 3)] {
            for start in 0..=length + 1 {
                for end in start.saturating_sub(1)..=length + 2 {
                    let span = Span { file, start, end };
                    let label = Span {
                        file,
                        start: end,
                        end: end + 1,
                    };
                    let diagnostic =
                        Diagnostic::error(span, "Summary", "").with_label(label, "label");
                    for look in looks {
                        let text = human(std::slice::from_ref(&diagnostic), &sources, &look);
                        assert!(text.contains("Error: Summary"), "{start}..{end}");
                    }
                }
            }
        }
    }
}
