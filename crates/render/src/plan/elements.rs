//! One value before and after, on the line of its name and below: scalars, lists by element, maps
//! by key, long text by line and JSON by what it says.

use std::collections::{BTreeSet, HashMap};

use flowctl_model::{Kind, Marks, Value};
use similar::{Algorithm, DiffOp, TextDiff, capture_diff_slices};

use super::compare::{parse_json, same};
use super::page::{Mark, Page};
use crate::style::{Style, clean};
use crate::value::{SENSITIVE, is_identifier, quote, scalar};

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
    /// The change forces a replacement.
    pub(super) forces: bool,
}

pub(super) fn note_replacement(page: &mut Page) {
    page.out.push(Style::Removed, " # forces replacement");
}

impl<'a> Change<'a> {
    fn of(before: Option<&'a Value>, after: Option<&'a Value>, changed: bool) -> Self {
        Self {
            before,
            after,
            changed,
            secret: false,
            forces: false,
        }
    }

    fn mark(&self) -> Mark {
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
        let hide = self.secret
            || [self.before, self.after]
                .into_iter()
                .flatten()
                .any(Value::is_sensitive);
        if hide {
            page.text(match mark {
                Mark::Change => "(sensitive value, changed)",
                _ => SENSITIVE,
            });
            if mark == Mark::Remove {
                page.arrow();
                page.text("null");
            }
            self.finish(page, tail);
            return;
        }
        match (self.before, self.after) {
            (Some(before), Some(after)) if self.changed => {
                self.both(page, indent, before, after);
                page.text(tail);
                page.end();
            }
            (_, Some(after)) => {
                whole(page, indent, mark, after, self.forces);
                page.text(tail);
                page.end();
            }
            (Some(before), None) => {
                whole(page, indent, mark, before, self.forces);
                // Inside a collection the missing element says it all.
                if tail.is_empty() {
                    page.arrow();
                    page.text("null");
                }
                page.text(tail);
                page.end();
            }
            (None, None) => page.end(),
        }
    }

    fn finish(&self, page: &mut Page, tail: &str) {
        page.text(tail);
        if self.forces {
            note_replacement(page);
        }
        page.end();
    }

    fn note(&self, page: &mut Page) {
        if self.forces {
            note_replacement(page);
        }
    }

    fn both(&self, page: &mut Page, indent: usize, before: &Value, after: &Value) {
        match (before.kind(), after.kind()) {
            (Kind::String(old), Kind::String(new)) => {
                if let (Some(old), Some(new)) = (parse_json(old), parse_json(new)) {
                    page.text("jsonencode(");
                    self.note(page);
                    if same(&old, &new) {
                        page.out.push(Style::Dim, " # whitespace changes");
                    }
                    page.end();
                    let unchanged = same(&old, &new);
                    Change::of(Some(&old), Some(&new), !unchanged).write(page, indent + 4, "", "");
                    page.close(indent, ")");
                } else if old.contains('\n') || new.contains('\n') {
                    self.lines(page, indent, old, new);
                } else {
                    self.replaced(page, indent, before, after);
                }
            }
            (Kind::Set(..), Kind::Set(..)) => {
                self.open(page, "[");
                set_elements(
                    page,
                    indent + 4,
                    before.elements().unwrap_or_default(),
                    after.elements().unwrap_or_default(),
                );
                page.close(indent, "]");
            }
            (Kind::List(..) | Kind::Tuple(_), Kind::List(..) | Kind::Tuple(_)) => {
                self.open(page, "[");
                list_elements(
                    page,
                    indent + 4,
                    before.elements().unwrap_or_default(),
                    after.elements().unwrap_or_default(),
                );
                page.close(indent, "]");
            }
            (Kind::Map(..) | Kind::Object(_), Kind::Map(..) | Kind::Object(_)) => {
                self.open(page, "{");
                members(page, indent + 4, before, after);
                page.close(indent, "}");
            }
            _ => self.replaced(page, indent, before, after),
        }
    }

    fn open(&self, page: &mut Page, bracket: &str) {
        page.text(bracket);
        self.note(page);
        page.end();
    }

    fn replaced(&self, page: &mut Page, indent: usize, before: &Value, after: &Value) {
        whole(page, indent, Mark::Remove, before, false);
        page.arrow();
        whole(page, indent, Mark::Add, after, false);
        self.note(page);
    }

    /// Text line by line.
    fn lines(&self, page: &mut Page, indent: usize, old: &str, new: &str) {
        let mark = end_mark(&[old, new]);
        page.text("<<-");
        page.text(&mark);
        self.note(page);
        page.end();
        let diff = TextDiff::from_lines(old, new);
        for group in diff.grouped_ops(3) {
            for op in group {
                for change in diff.iter_changes(&op) {
                    let mark = match change.tag() {
                        similar::ChangeTag::Equal => Mark::Keep,
                        similar::ChangeTag::Delete => Mark::Remove,
                        similar::ChangeTag::Insert => Mark::Add,
                    };
                    page.start(indent + 4, mark);
                    page.text(&clean(change.value().trim_end_matches('\n')));
                    page.end();
                }
            }
        }
        page.close(indent, &mark);
    }
}

/// A value as a whole, continuing the current line; `mark` stands before what is inside.
fn whole(page: &mut Page, indent: usize, mark: Mark, value: &Value, forces: bool) {
    let note = |page: &mut Page| {
        if forces {
            note_replacement(page);
        }
    };
    if !value.is_sensitive()
        && let Kind::String(text) = value.kind()
    {
        if let Some(json) = parse_json(text) {
            page.text("jsonencode(");
            note(page);
            page.end();
            page.start(indent + 4, Mark::Keep);
            whole(page, indent + 4, mark, &json, false);
            page.end();
            return page.close(indent, ")");
        }
        if text.trim_end_matches('\n').contains('\n') {
            let end = end_mark(&[text]);
            page.text("<<-");
            page.text(&end);
            note(page);
            page.end();
            for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                page.start(indent + 4, Mark::Keep);
                page.text(&clean(line));
                page.end();
            }
            return page.close(indent, &end);
        }
    }
    if let Some(text) = scalar(value) {
        page.text(&text);
        return note(page);
    }
    let inside = |value| match mark {
        Mark::Remove => Change::of(Some(value), None, true),
        Mark::Add => Change::of(None, Some(value), true),
        _ => Change::of(Some(value), Some(value), false),
    };
    if let Some(elements) = value.elements() {
        if elements.is_empty() {
            page.text("[]");
            return note(page);
        }
        page.text("[");
        note(page);
        page.end();
        for element in elements {
            inside(element).write(page, indent + 4, "", ",");
        }
        page.close(indent, "]");
    } else if let Some(entries) = value.members() {
        if entries.is_empty() {
            page.text("{}");
            return note(page);
        }
        page.text("{");
        note(page);
        page.end();
        let shown: Vec<_> = entries.iter().collect();
        let width = key_width(value, shown.iter().map(|(name, _)| &***name));
        for (name, member) in shown {
            let change = inside(member);
            // The whole goes, so that each member becomes null need not be said.
            let label = format!("{:width$} = ", key(value, name));
            if mark == Mark::Remove && !member.is_sensitive() {
                page.start(indent + 4, mark);
                page.text(&label);
                whole(page, indent + 4, mark, member, false);
                page.end();
            } else {
                change.write(page, indent + 4, &label, "");
            }
        }
        page.close(indent, "}");
    }
}

/// Elements of a list: those that stay, go and come, in order.
fn list_elements(page: &mut Page, indent: usize, before: &[Value], after: &[Value]) {
    let mut ids = HashMap::new();
    let old = identify(&mut ids, before);
    let new = identify(&mut ids, after);
    let mut hidden = 0;
    let write = |page: &mut Page, change: Change| change.write(page, indent, "", ",");
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { old_index, len, .. } = op {
            // Neighbours of a change are shown, the rest is counted.
            let ends = [old_index > 0, old_index + len < before.len()];
            for (i, element) in before.iter().enumerate().skip(old_index).take(len) {
                let near = (ends[0] && i == old_index) || (ends[1] && i + 1 == old_index + len);
                if near && element.members().is_none() {
                    page.hidden(indent, std::mem::take(&mut hidden), "element");
                    write(page, Change::of(Some(element), Some(element), false));
                } else {
                    hidden += 1;
                }
            }
            continue;
        }
        page.hidden(indent, std::mem::take(&mut hidden), "element");
        let (gone, came) = (&before[op.old_range()], &after[op.new_range()]);
        // Objects in the same place are taken to be one object that changed.
        let paired = gone.iter().zip(came).take_while(|(a, b)| {
            !a.is_sensitive() && !b.is_sensitive() && a.members().is_some() && b.members().is_some()
        });
        let paired: Vec<_> = paired.collect();
        for (old, new) in &paired {
            write(page, Change::of(Some(old), Some(new), true));
        }
        for old in gone.iter().skip(paired.len()) {
            write(page, Change::of(Some(old), None, true));
        }
        for new in came.iter().skip(paired.len()) {
            write(page, Change::of(None, Some(new), true));
        }
    }
    page.hidden(indent, hidden, "element");
}

/// Elements of a set: those that go and come, the others counted.
fn set_elements(page: &mut Page, indent: usize, before: &[Value], after: &[Value]) {
    let mut ids = HashMap::new();
    let old = identify(&mut ids, before);
    let new = identify(&mut ids, after);
    let kept: BTreeSet<_> = new.iter().filter(|id| old.contains(id)).collect();
    for (id, element) in old.iter().zip(before) {
        if !kept.contains(id) {
            Change::of(Some(element), None, true).write(page, indent, "", ",");
        }
    }
    for (id, element) in new.iter().zip(after) {
        if !kept.contains(id) {
            Change::of(None, Some(element), true).write(page, indent, "", ",");
        }
    }
    page.hidden(indent, kept.len(), "element");
}

/// A number for each element, the same for those that are the same.
fn identify(ids: &mut HashMap<Value, usize>, elements: &[Value]) -> Vec<usize> {
    let number = |element: &Value, ids: &mut HashMap<Value, usize>| {
        let next = ids.len();
        *ids.entry(element.unmarked_deep(Marks::SENSITIVE))
            .or_insert(next)
    };
    elements
        .iter()
        .map(|element| number(element, ids))
        .collect()
}

/// Members of a map or object: those that differ, the others counted.
fn members(page: &mut Page, indent: usize, before: &Value, after: &Value) {
    let names = |value: &Value| -> Vec<_> {
        value
            .members()
            .map(|m| m.keys().cloned().collect())
            .unwrap_or_default()
    };
    let all: BTreeSet<_> = names(before).into_iter().chain(names(after)).collect();
    let mut hidden = 0;
    let mut shown = Vec::new();
    for name in &all {
        let (old, new) = (before.get(name), after.get(name));
        let changed = !matches!((old, new), (Some(old), Some(new)) if same(old, new));
        if changed || matches!(&**name, "id" | "name" | "key") {
            shown.push((name, Change::of(old, new, changed)));
        } else {
            hidden += 1;
        }
    }
    let width = key_width(after, shown.iter().map(|(name, _)| &***name));
    for (name, change) in shown {
        change.write(page, indent, &format!("{:width$} = ", key(after, name)), "");
    }
    page.hidden(
        indent,
        hidden,
        match after.kind() {
            Kind::Map(..) => "element",
            _ => "attribute",
        },
    );
}

fn key(container: &Value, name: &str) -> String {
    if is_identifier(name) && !matches!(container.kind(), Kind::Map(..)) {
        name.to_owned()
    } else {
        quote(name)
    }
}

fn key_width<'a>(container: &Value, names: impl Iterator<Item = &'a str>) -> usize {
    names
        .map(|name| key(container, name).chars().count())
        .max()
        .unwrap_or(0)
}

/// The end mark of a heredoc: one that no line of the texts is.
fn end_mark(texts: &[&str]) -> String {
    let mut mark = "EOT".to_owned();
    while texts
        .iter()
        .any(|text| text.lines().any(|line| line.trim() == mark))
    {
        mark.push('_');
    }
    mark
}
