//! Text that may come from anybody, put where Markdown or HTML cannot take it for more than text.
//!
//! Outside of code a renderer would act upon mentions, references and links, so whatever is not a
//! word of ours stands in a code span, in a fence or in a `<code>` element.

use std::borrow::Cow;

use crate::style::clean;

/// Longest text that is kept whole in a line; what is longer loses its middle.
const LONGEST: usize = 200;

/// Text on one line without anything active, of bounded length.
fn plain(text: &str) -> String {
    let line = clean(text).replace(['\n', '\t'], " ");
    shortened(&line, LONGEST).into_owned()
}

/// Text as a code span: between more backticks than it has in a row.
pub(super) fn code(text: &str) -> String {
    let text = plain(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    if text.trim().is_empty() {
        return "`(empty)`".to_owned();
    }
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// An address of the web as a link that says itself, and anything else as a code span.
pub(super) fn address(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let is_web = ["https://", "http://"].iter().any(|s| text.starts_with(s));
    if is_web && text.chars().all(harmless) {
        format!("<{text}>")
    } else {
        code(text)
    }
}

/// Text as an HTML `<code>` element.
pub(super) fn html_code(text: &str) -> String {
    format!("<code>{}</code>", html(&plain(text)))
}

/// Text inside an HTML element or attribute.
pub(in crate::plan) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    push_html(&mut out, text);
    out
}

/// Appends text inside an HTML element or attribute.
pub(in crate::plan) fn push_html(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        out.push_str(match behind.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            _ => "&#39;",
        });
        rest = behind.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Lines as a fenced block, with a fence longer than any run of backticks inside.
pub(super) fn fenced(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max();
    let fence = "`".repeat(longest.map_or(3, |longest| (longest + 1).max(3)));
    let mut out = format!("{fence}{language}\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Text of at most so many bytes: the middle is left out.
pub(super) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let half = most.saturating_sub('…'.len_utf8()) / 2;
    let head = text.floor_char_boundary(half);
    let tail = text.ceil_char_boundary(text.len() - half);
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_become_links() {
        let run = "https://forge.example/org/repo/actions/runs/1";
        assert_eq!(address(run), format!("<{run}>"));
        assert_eq!(address("flowctl show p"), "`flowctl show p`");
        assert_eq!(address("https://a> <b"), "`https://a> <b`");
        assert_eq!(address("javascript:alert(1)"), "`javascript:alert(1)`");
    }

    #[test]
    fn code_spans_are_longer_than_what_is_inside() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`@org"), "`` `@org ``");
        assert_eq!(code("a\nb\u{1b}"), "`a b\\u{1b}`");
        assert_eq!(code(""), "`(empty)`");
    }

    #[test]
    fn html_is_text() {
        assert_eq!(
            html_code("</details>&'\""),
            "<code>&lt;/details&gt;&amp;&#39;&quot;</code>"
        );
    }

    #[test]
    fn fences_are_longer_than_what_is_inside() {
        let lines = ["+ ````".to_owned(), "x".to_owned()];
        assert_eq!(fenced("diff", &lines), "`````diff\n+ ````\nx\n`````\n");
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(shortened("abcdefghij", 9), "abc…hij");
        assert_eq!(shortened("ééééé", 9), "é…é");
        assert_eq!(shortened("abc", 3), "abc");
    }
}
