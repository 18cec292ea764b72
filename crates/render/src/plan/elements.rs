//! One value before and after, on the line of its name and below: scalars, text by line, JSON and
//! YAML by what they say. Collections are in [`super::collections`].

use flowctl_model::{Kind, Value};
use similar::{ChangeTag, DiffOp, TextDiff};
use unicode_width::UnicodeWidthStr;

use super::collections;
use super::compare::{parse_json, parse_yaml, same};
use super::page::{Mark, Page};
use crate::style::{Style, clean};
use crate::value::{SENSITIVE, heredoc_mark, is_text, quote, scalar};

/// What stands in place of a secret that changes.
const SENSITIVE_CHANGED: &str = "(sensitive value, changed)";
/// What stands in place of a value that was not known before and is not known now, and is another.
const UNKNOWN_CHANGED: &str = "(known after apply, changed)";
/// Lines of a new text that are shown before the rest is counted.
const LONG_TEXT: usize = 60;
/// Lines of changed layout that are shown; more are only counted.
const LAYOUT_LINES: usize = 20;
/// Characters shown in front of the place where two long strings begin to differ.
const LEAD: usize = 24;

/// A value's change.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// Before; `None` for no value.
    pub(super) before: Option<&'a Value>,
    /// After; `None` for no value.
    pub(super) after: Option<&'a Value>,
    /// Whether it changes at all.
    pub(super) changed: bool,
    /// Never shown, whatever its marks are.
    pub(super) secret: bool,
    /// What is said behind it.
    pub(super) note: Note,
}

/// What is said behind a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// Nothing.
    None,
    /// That its change forces a replacement.
    Forces,
    /// That the service keeps it to itself.
    NotReturned,
}

impl Note {
    pub(super) fn write(self, page: &mut Page) {
        match self {
            Self::None => {}
            Self::Forces => page.out.push(Style::Removed, " # forces replacement"),
            Self::NotReturned => page.out.push(
                Style::Dim,
                " # the service does not return it; unchanged since the last apply",
            ),
        }
    }
}

/// Columns that `text` takes on a terminal.
pub(super) fn display_width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `label = `, with the equals sign behind `width` columns.
pub(super) fn padded(label: String, width: usize) -> String {
    let missing = width.saturating_sub(display_width(&label));
    label + &" ".repeat(missing) + " = "
}

impl<'a> Change<'a> {
    /// A change without anything special.
    pub(super) fn of(before: Option<&'a Value>, after: Option<&'a Value>, changed: bool) -> Self {
        Self {
            before,
            after,
            changed,
            secret: false,
            note: Note::None,
        }
    }

    pub(super) fn mark(&self) -> Mark {
        match (self.before, self.after) {
            _ if !self.changed => Mark::Keep,
            (None, _) => Mark::Add,
            (_, None) => Mark::Remove,
            _ => Mark::Change,
        }
    }

    /// Writes `label`, the change, and `tail` (a comma in lists), as whole lines.
    pub(super) fn write(&self, page: &mut Page, indent: usize, label: &str, tail: &str) {
        let mark = self.mark();
        page.start(indent, mark);
        page.text(label);
        let values = [self.before, self.after].into_iter().flatten();
        if self.secret || values.clone().any(Value::is_sensitive) {
            page.text(match mark {
                Mark::Change => SENSITIVE_CHANGED,
                _ => SENSITIVE,
            });
            if mark == Mark::Remove && tail.is_empty() {
                page.arrow();
                page.text("null");
            }
            page.text(tail);
            self.note.write(page);
            self.origin(page);
            return page.end();
        }
        match (self.before, self.after) {
            (Some(before), Some(after))
                if self.changed && !before.is_known() && !after.is_known() =>
            {
                page.text(UNKNOWN_CHANGED);
                self.note.write(page);
            }
            (Some(before), Some(after)) if self.changed => self.both(page, indent, before, after),
            (_, Some(after)) => whole(page, indent, mark, after, self.note),
            (Some(before), None) => {
                whole(page, indent, mark, before, self.note);
                // Inside a list the missing element says it all.
                if tail.is_empty() {
                    page.arrow();
                    page.text("null");
                }
            }
            (None, None) => {}
        }
        page.text(tail);
        self.origin(page);
        page.end();
    }

    /// Says what a value waits for that is not known yet.
    fn origin(&self, page: &mut Page) {
        if self.after.is_some_and(|after| !after.is_known())
            && let Some(origin) = page.origin()
        {
            let sign = if self.note == Note::None { " #" } else { ";" };
            page.out.push(Style::Dim, &format!("{sign} {origin}"));
        }
    }

    fn both(&self, page: &mut Page, indent: usize, before: &Value, after: &Value) {
        match (before.kind(), after.kind()) {
            (Kind::String(old), Kind::String(new)) => {
                if let (Some(old), Some(new)) = (parse_json(old), parse_json(new)) {
                    let differs = !same(&old, &new);
                    let note = (!differs).then_some("# whitespace changes");
                    self.document(page, indent, "jsonencode(", note, (&old, &new));
                } else if let (Some(was), Some(is)) = (parse_yaml(old), parse_yaml(new)) {
                    if same(&was, &is) {
                        self.layout(page, indent, old, new);
                    } else {
                        self.document(page, indent, "yamlencode(", None, (&was, &is));
                    }
                } else if is_text(old) || is_text(new) {
                    self.lines(page, indent, old, new);
                } else {
                    let (old, new) = excerpts(old, new, page.limit());
                    self.short(page, &old, &new);
                }
            }
            (Kind::Set(..), Kind::Set(..)) => {
                self.open(page, "[");
                collections::set(page, indent + 4, before, after);
                page.close(indent, "]");
            }
            (Kind::List(..) | Kind::Tuple(_), Kind::List(..) | Kind::Tuple(_)) => {
                self.open(page, "[");
                collections::list(page, indent + 4, before, after);
                page.close(indent, "]");
            }
            (Kind::Map(..) | Kind::Object(_), Kind::Map(..) | Kind::Object(_)) => {
                self.open(page, "{");
                collections::members(page, indent + 4, before, after);
                page.close(indent, "}");
            }
            _ => self.replaced(page, indent, before, after),
        }
    }

    /// A document by what it says, within the function that writes one.
    fn document(
        &self,
        page: &mut Page,
        indent: usize,
        function: &str,
        note: Option<&str>,
        (old, new): (&Value, &Value),
    ) {
        page.text(function);
        self.note.write(page);
        if let Some(note) = note {
            page.out.push(Style::Dim, " ");
            page.out.push(Style::Dim, note);
        }
        page.end();
        Change::of(Some(old), Some(new), note.is_none()).write(page, indent + 4, "", "");
        page.close(indent, ")");
    }

    /// YAML that says the same: whoever cares for comments and layout reads them by line, as long
    /// as they are few.
    fn layout(&self, page: &mut Page, indent: usize, old: &str, new: &str) {
        let diff = TextDiff::from_lines(old, new);
        let changed = diff.iter_all_changes();
        let changed = changed.filter(|line| line.tag() != ChangeTag::Equal);
        let many = changed.count() > LAYOUT_LINES && !page.shows_all();
        let end = heredoc_mark(&[old, new]);
        page.text("<<-");
        page.text(&end);
        self.note.write(page);
        page.out.push(
            Style::Dim,
            " # only layout and comments change: the same YAML",
        );
        page.end();
        if many {
            let count = new.lines().count();
            page.remark(indent + 4, &format!("# ({count} lines hidden)"));
        } else {
            lines(page, indent + 4, &diff);
        }
        page.close(indent, &end);
    }

    fn open(&self, page: &mut Page, bracket: &str) {
        page.text(bracket);
        self.note.write(page);
        page.end();
    }

    /// Two values of one line each, one below the other if they are long.
    fn short(&self, page: &mut Page, old: &str, new: &str) {
        let start = page.column();
        page.text(old);
        if start + display_width(old) + 4 + display_width(new) > page.options.width {
            page.end();
            page.spaces(start.saturating_sub(3));
            page.out.push(Style::Changed, "-> ");
        } else {
            page.arrow();
        }
        page.text(new);
        self.note.write(page);
    }

    fn replaced(&self, page: &mut Page, indent: usize, before: &Value, after: &Value) {
        // What is not known yet needs no comparison with all of what was there.
        let short = brief(before).filter(|_| !after.is_known() && !page.shows_all());
        let line = |value| line(value, page.limit());
        if let (Some(old), Some(new)) = (short.or_else(|| line(before)), line(after)) {
            return self.short(page, &old, &new);
        }
        whole(page, indent, Mark::Remove, before, Note::None);
        page.arrow();
        whole(page, indent, Mark::Add, after, Note::None);
        self.note.write(page);
    }

    /// Text line by line.
    fn lines(&self, page: &mut Page, indent: usize, old: &str, new: &str) {
        let mark = heredoc_mark(&[old, new]);
        page.text("<<-");
        page.text(&mark);
        self.note.write(page);
        page.end();
        lines(page, indent + 4, &TextDiff::from_lines(old, new));
        match (old.ends_with('\n'), new.ends_with('\n')) {
            (true, false) => page.remark(indent + 4, "# (without the line break at the end)"),
            (false, true) => page.remark(indent + 4, "# (with a line break at the end)"),
            _ => {}
        }
        page.close(indent, &mark);
    }
}

/// The lines of a text that go and come, with a few of the others.
fn lines(page: &mut Page, indent: usize, diff: &TextDiff<'_, '_, str>) {
    let ops = diff.ops();
    for (number, op) in ops.iter().enumerate() {
        let hidden = match op {
            DiffOp::Equal { len, .. } => page.context(*len, number > 0, number + 1 < ops.len()),
            _ => 0..0,
        };
        for (line, change) in diff.iter_changes(op).enumerate() {
            if hidden.contains(&line) {
                if line == hidden.start {
                    page.hidden(indent, hidden.len(), "line");
                }
                continue;
            }
            page.start(
                indent,
                match change.tag() {
                    ChangeTag::Equal => Mark::Keep,
                    ChangeTag::Delete => Mark::Remove,
                    ChangeTag::Insert => Mark::Add,
                },
            );
            page.text(&clean(change.value().trim_end_matches('\n')));
            page.end();
        }
    }
}

/// A value as a whole, continuing the current line; `mark` stands before what is inside.
pub(super) fn whole(page: &mut Page, indent: usize, mark: Mark, value: &Value, note: Note) {
    if value.is_sensitive() {
        page.text(SENSITIVE);
        return note.write(page);
    }
    if let Kind::String(text) = value.kind() {
        return string(page, indent, mark, text, note);
    }
    if let Some(text) = scalar(value) {
        page.text(&text);
        return note.write(page);
    }
    let (open, close) = match value.elements() {
        Some(_) => ("[", "]"),
        None => ("{", "}"),
    };
    page.text(open);
    if collections::is_empty(value) {
        page.text(close);
        return note.write(page);
    }
    note.write(page);
    page.end();
    collections::inside(page, indent + 4, mark, value);
    page.close(indent, close);
}

fn string(page: &mut Page, indent: usize, mark: Mark, text: &str, note: Note) {
    if let Some(json) = parse_json(text) {
        page.text("jsonencode(");
        note.write(page);
        page.end();
        page.start(indent + 4, Mark::Keep);
        whole(page, indent + 4, mark, &json, Note::None);
        page.end();
        return page.close(indent, ")");
    }
    if !is_text(text) {
        page.text(&excerpt(text, 0, page.limit()));
        return note.write(page);
    }
    let end = heredoc_mark(&[text]);
    page.text("<<-");
    page.text(&end);
    note.write(page);
    page.end();
    let lines: Vec<_> = text
        .strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .collect();
    let hidden = if lines.len() > LONG_TEXT && !page.shows_all() {
        LONG_TEXT / 2..lines.len() - 5
    } else {
        0..0
    };
    for (number, line) in lines.iter().enumerate() {
        if hidden.contains(&number) {
            if number == hidden.start {
                page.remark(
                    indent + 4,
                    &format!("# ({} more lines hidden)", hidden.len()),
                );
            }
            continue;
        }
        page.start(indent + 4, Mark::Keep);
        page.text(&clean(line));
        page.end();
    }
    page.close(indent, &end);
}

/// A collection, a document or a text of several lines in few words; `None` for what is short.
fn brief(value: &Value) -> Option<String> {
    let Some(text) = value.as_str() else {
        return collections::short(value);
    };
    if let Some(document) = parse_json(text) {
        let short = collections::short(&document)?;
        return Some(format!("(JSON, {}", short.trim_start_matches('(')));
    }
    let lines = text.lines().count();
    is_text(text).then(|| format!("({lines} lines)"))
}

/// A value that takes one line.
fn line(value: &Value, limit: usize) -> Option<String> {
    match value.kind() {
        Kind::String(text) if is_text(text) || parse_json(text).is_some() => None,
        Kind::String(text) => Some(excerpt(text, 0, limit)),
        _ => scalar(value),
    }
}

/// `text` in quotes; if it is longer than `limit`, only the part from the character `from` on,
/// and how long it is.
fn excerpt(text: &str, from: usize, limit: usize) -> String {
    let whole = quote(text);
    if display_width(&whole) <= limit {
        return whole;
    }
    let count = text.chars().count();
    let mut part = String::new();
    let mut width = 0;
    let mut taken = 0;
    for c in text.chars().skip(from) {
        width += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if width > limit {
            break;
        }
        part.push(c);
        taken += 1;
    }
    let quoted = quote(&part);
    let inner = quoted
        .strip_prefix('"')
        .and_then(|q| q.strip_suffix('"'))
        .unwrap_or(&quoted);
    let before = if from > 0 { "…" } else { "" };
    let after = if from + taken < count { "…" } else { "" };
    format!("\"{before}{inner}{after}\" ({count} characters)")
}

/// Both strings in quotes; long ones from shortly before they begin to differ.
fn excerpts(old: &str, new: &str, limit: usize) -> (String, String) {
    let common = old
        .chars()
        .zip(new.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let long = |text: &str| display_width(&quote(text)) > limit;
    let from = if long(old) || long(new) {
        common.saturating_sub(LEAD)
    } else {
        0
    };
    (excerpt(old, from, limit), excerpt(new, from, limit))
}
