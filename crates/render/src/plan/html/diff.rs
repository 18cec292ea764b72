//! The differences of one object as rows with a side before and a side after. The style of the
//! page decides whether the sides stand beside each other or one below the other.

use std::ops::Range;

use flowctl_model::Text;
use flowctl_model::plan::{Change, Drift, OutputChange};
use flowctl_schema::Providers;

use crate::plan::human::{Context, HumanOptions};
use crate::plan::lines::{ARROW, Line};
use crate::plan::markdown::push_html;
use crate::plan::objects;
use crate::style::clean;

/// A page is wide: values stand on one line, and only very long ones are cut.
const OPTIONS: HumanOptions = HumanOptions {
    width: 2000,
    context: Context::Lines(3),
    compact: false,
};

/// What happens to one instance.
pub(super) fn change(change: &Change, providers: &Providers) -> Vec<Line> {
    objects::change(change, providers, OPTIONS)
}

/// How one object changed outside.
pub(super) fn drift(drift: &Drift, providers: &Providers) -> Vec<Line> {
    objects::drift(drift, providers, OPTIONS)
}

/// How the outputs change.
pub(super) fn outputs(changed: &[(&Text, &OutputChange)]) -> Vec<Line> {
    objects::outputs(changed, OPTIONS)
}

/// Writes the rows.
pub(super) fn rows(out: &mut String, lines: &[Line]) {
    out.push_str("<div class=\"diff\">");
    let mut parts = Parts::default();
    for line in lines {
        let mark = parts.mark(line);
        let (before, after) = sides(line, mark);
        let same = before == after;
        out.push_str(match mark {
            '+' => "<div class=\"row add\">",
            '-' => "<div class=\"row del\">",
            // What is changed stands further below, or is a secret.
            '!' if same && opens(&line.text) => "<div class=\"row in\">",
            '!' if same => "<div class=\"row in set\">",
            _ if same => "<div class=\"row\">",
            _ => "<div class=\"row mod\">",
        });
        let parts = match (&before, &after) {
            (Some(before), Some(after)) if !same => differing(before, after),
            _ => None,
        };
        // The words for who does not see colours and sides.
        for (side, element, part) in [
            (before, "del", parts.as_ref().map(|parts| parts.0.clone())),
            (after, "ins", parts.as_ref().map(|parts| parts.1.clone())),
        ] {
            let element = if same { "span" } else { element };
            let Some(side) = side else {
                out.push_str("<span class=\"no\"></span>");
                continue;
            };
            out.push('<');
            out.push_str(element);
            out.push('>');
            match part {
                _ if side.is_empty() => out.push_str("&nbsp;"),
                Some(part) => {
                    push(out, &side[..part.start]);
                    out.push_str("<mark>");
                    push(out, &side[part.clone()]);
                    out.push_str("</mark>");
                    push(out, &side[part.end..]);
                }
                None => push(out, &side),
            }
            out.push_str("</");
            out.push_str(element);
            out.push('>');
        }
        out.push_str("</div>");
    }
    out.push_str("</div>\n");
}

/// Appends text of any origin.
fn push(out: &mut String, any: &str) {
    push_html(out, &clean(any));
}

/// Whether what follows is inside of what the line begins.
fn opens(line: &str) -> bool {
    let end = line.split(" # ").next().unwrap_or(line);
    let heredoc = end
        .rsplit_once("<<-")
        .is_some_and(|(_, word)| word.starts_with("EOT"));
    heredoc || end.ends_with(['[', '{', '('])
}

/// The parts of two sides of a line that are not the same, if what is the same is worth to be told
/// from them: the name in front alone is not, nor what is not known yet.
fn differing(before: &str, after: &str) -> Option<(Range<usize>, Range<usize>)> {
    /// Signs in common, beside the name, from which on the rest is pointed at.
    const LEAST: usize = 4;
    let value = label(before).len();
    if label(after).len() != value || after[value..].starts_with('(') {
        return None;
    }
    // What is said behind a value is not part of it.
    let bare = |side: &'_ str| {
        side.strip_suffix(" # forces replacement")
            .map_or(side.len(), str::len)
    };
    let (before, after) = (&before[..bare(before)], &after[..bare(after)]);
    let same = |(a, b): &(char, char)| a == b;
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(same).map(|(c, _)| c.len_utf8()).sum()
    };
    let start = value + common(&mut before[value..].chars().zip(after[value..].chars()));
    let (old, new) = (&before[start..], &after[start..]);
    let end = common(&mut old.chars().rev().zip(new.chars().rev()));
    if start + end < value + LEAST {
        return None;
    }
    Some((start..before.len() - end, start..after.len() - end))
}

/// The lists, objects and texts around a line that come or go as a whole, whose last lines have no
/// mark of their own: indentation and mark.
#[derive(Default)]
struct Parts(Vec<(usize, char)>);

impl Parts {
    /// The mark of a line, or else that of what it is inside of.
    fn mark(&mut self, line: &Line) -> char {
        let content = line.text.trim_start_matches(' ');
        let indent = line.text.len() - content.len();
        let closes = content.starts_with([']', '}', ')']) || content.starts_with("EOT");
        let mut mark = line.mark;
        while let Some(&(around, of)) = self.0.last() {
            if !content.is_empty() && indent <= around {
                self.0.pop();
                if indent == around && closes && line.mark == ' ' && line.arrow.is_none() {
                    mark = of;
                }
            } else {
                if mark == ' ' {
                    mark = of;
                }
                break;
            }
        }
        // The old value as a whole ends and the new one begins in one line.
        let opened = match (line.mark, line.arrow) {
            ('+' | '-', _) => line.mark,
            (_, Some(_)) => '+',
            _ => return mark,
        };
        if opens(content) {
            self.0.push((indent, opened));
        }
        mark
    }
}

/// A line before and after.
fn sides(line: &Line, mark: char) -> (Option<String>, Option<String>) {
    let whole = || Some(line.text.clone());
    let split = line.arrow.and_then(|at| {
        let (before, rest) = line.text.split_at_checked(at)?;
        Some((before, rest.strip_prefix(ARROW)?))
    });
    match (mark, split) {
        ('+', _) => (None, whole()),
        // What goes becomes null, which is said by the side that is empty.
        // So does the end of a list or an object that goes.
        ('-', Some((before, _))) | (' ', Some((before, "null"))) => (Some(before.to_owned()), None),
        ('-', None) => (whole(), None),
        (_, Some((before, after))) => {
            let after = format!("{}{after}", label(before));
            (Some(before.to_owned()), Some(after))
        }
        (_, None) => (whole(), whole()),
    }
}

/// The indentation and name in front of a value: `    "a = b" = `.
fn label(text: &str) -> &str {
    let trimmed = text.trim_start_matches(' ');
    let indent = text.len() - trimmed.len();
    let name = if let Some(quoted) = trimmed.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        end.map_or(0, |end| end + 2)
    } else {
        trimmed.find(" = ").unwrap_or(0)
    };
    let behind = trimmed.get(name..).unwrap_or_default();
    let spaces = behind.len() - behind.trim_start_matches(' ').len();
    match behind.get(spaces..) {
        Some(rest) if name > 0 && rest.starts_with("= ") => &text[..indent + name + spaces + 2],
        _ => &text[..indent],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mark: char, text: &str) -> Line {
        Line {
            mark,
            text: text.to_owned(),
            arrow: text.rfind(ARROW),
        }
    }

    #[test]
    fn a_line_has_two_sides() {
        let of = |mark, text: &str| sides(&line(mark, text), mark);
        let side = |text: &str| Some(text.to_owned());
        assert_eq!(
            of('!', "  a   = 1 -> 2"),
            (side("  a   = 1"), side("  a   = 2"))
        );
        assert_eq!(
            of('!', "  \"1\" -> \"2\","),
            (side("  \"1\""), side("  \"2\","))
        );
        assert_eq!(
            of('!', "\"a = \\\"b\" = \"x\" -> null"),
            (side("\"a = \\\"b\" = \"x\""), side("\"a = \\\"b\" = null"))
        );
        assert_eq!(of('-', "a = 1 -> null"), (side("a = 1"), None));
        assert_eq!(of('+', "a = 1"), (None, side("a = 1")));
        assert_eq!(of(' ', "}"), (side("}"), side("}")));
        assert_eq!(of(' ', "] -> null"), (side("]"), None));
    }

    #[test]
    fn what_differs_in_a_line_is_pointed_at() {
        let of = |before: &str, after: &str| {
            let (old, new) = differing(before, after)?;
            Some((before[old].to_owned(), after[new].to_owned()))
        };
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            of("url = \"https://a.example\"", "url = \"https://b.example\""),
            pair("a", "b")
        );
        assert_eq!(of("a = \"x-y-z\"", "a = \"x-y-y-z\""), pair("", "y-"));
        assert_eq!(of("a = \"東京都\"", "a = \"東大都\""), pair("京", "大"));
        assert_eq!(
            of("name = \"old\"", "name = \"old-2\" # forces replacement"),
            pair("", "-2")
        );
        assert_eq!(of("a = 1", "a = 2"), None);
        assert_eq!(of("a = \"x\"", "a = (known after apply)"), None);
        assert_eq!(of("    \"one\",", "    \"two\","), None);
    }

    #[test]
    fn the_end_of_what_comes_or_goes_has_its_mark() {
        let lines = [
            ('!', "a = [", '!'),
            ('+', "    {", '+'),
            ('+', "        b = <<-EOT", '+'),
            (' ', "            - x", '+'),
            (' ', "        EOT", '+'),
            (' ', "    },", '+'),
            ('-', "    \"[\",", '-'),
            ('!', "    1 -> 2,", '!'),
            (' ', "]", ' '),
            ('!', "c = {", '!'),
            ('-', "    d = 1", '-'),
            (' ', "} -> [", ' '),
            ('+', "    1,", '+'),
            (' ', "]", '+'),
            (' ', "e = 1", ' '),
        ];
        let mut parts = Parts::default();
        for (mark, text, expected) in lines {
            assert_eq!(parts.mark(&line(mark, text)), expected, "{text}");
        }
    }
}
