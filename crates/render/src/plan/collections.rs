//! Lists, sets, maps and objects: which elements go, come and change, what tells which element is
//! meant, and a count of the others.

use std::collections::{BTreeSet, HashMap};

use flowctl_model::{Kind, Marks, Step, Text, Value};
use flowctl_parser::is_name;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::compare::same;
use super::elements::{Change, display_width, padded};
use super::page::{Mark, Page};
use crate::value::key;

/// An element before and after.
type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Whether an unchanged member of this name is shown all the same, because a reader knows the
/// object by it.
pub(super) fn is_identifying(name: &str) -> bool {
    ["id", "name", "key", "sid"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a collection has no element.
pub(super) fn is_empty(value: &Value) -> bool {
    value.elements().is_none_or(<[Value]>::is_empty)
        && value
            .members()
            .is_none_or(std::collections::BTreeMap::is_empty)
}

/// A collection in few words; `None` for what is short anyway.
pub(super) fn short(value: &Value) -> Option<String> {
    if is_empty(value) {
        return None;
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let what = match value.kind() {
        Kind::Object(_) => "attribute",
        _ => "element",
    };
    let words = |count: usize| format!("({count} {what}{})", plural(count));
    let elements = value.elements().map(|e| words(e.len()));
    elements.or_else(|| value.members().map(|m| words(m.len())))
}

/// Everything in a collection, each element with the mark.
pub(super) fn inside(page: &mut Page, indent: usize, mark: Mark, value: &Value) {
    let change = |element| match mark {
        Mark::Remove => Change::of(Some(element), None, true),
        Mark::Add => Change::of(None, Some(element), true),
        _ => Change::of(Some(element), Some(element), false),
    };
    for (index, element) in value.elements().unwrap_or_default().iter().enumerate() {
        page.inside(
            || Step::Index(index),
            |page| change(element).write(page, indent, "", ","),
        );
    }
    let Some(members) = value.members() else {
        return;
    };
    let width = label_width(value, members.keys());
    for (name, member) in members {
        let label = padded(label(value, name), width);
        if mark == Mark::Remove {
            // The whole goes, so that each member becomes null need not be said.
            page.start(indent, mark);
            page.text(&label);
            super::elements::whole(page, indent, mark, member, super::elements::Note::None);
            page.end();
        } else {
            page.inside(
                || Step::Attribute(name.clone()),
                |page| change(member).write(page, indent, &label, ""),
            );
        }
    }
}

/// Elements of a list: those that stay, go, come and change, in order.
pub(super) fn list(page: &mut Page, indent: usize, before: &Value, after: &Value) {
    let before = before.elements().unwrap_or_default();
    let after = after.elements().unwrap_or_default();
    if before.len() == after.len() && before.iter().any(|old| !old.is_known()) {
        // Nothing but the place tells apart what was not known before either.
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            page.inside(
                || Step::Index(index),
                |page| {
                    let change = Change::of(Some(old), Some(new), !same(old, new));
                    change.write(page, indent, "", ",");
                },
            );
        }
        return;
    }
    let mut ids = HashMap::new();
    let (old, new) = (identify(&mut ids, before), identify(&mut ids, after));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for (number, op) in ops.iter().enumerate() {
        let old = &before[op.old_range()];
        let new = &after[op.new_range()];
        if matches!(op, DiffOp::Equal { .. }) {
            let hidden = unchanged(page, old, number > 0, number + 1 < ops.len());
            for (index, element) in old.iter().enumerate() {
                if !hidden.contains(&index) {
                    Change::of(Some(element), Some(element), false).write(page, indent, "", ",");
                } else if index == hidden.start {
                    page.hidden(indent, hidden.len(), "element");
                }
            }
        } else {
            let mut index = op.new_range().start;
            for (old, new) in pairs(old, new) {
                page.inside(
                    || Step::Index(index),
                    |page| Change::of(old, new, true).write(page, indent, "", ","),
                );
                index += usize::from(new.is_some());
            }
        }
    }
}

/// Elements before and after that belong together, in order.
pub(super) fn aligned<'a>(before: &'a [Value], after: &'a [Value]) -> Vec<Pair<'a>> {
    let mut ids = HashMap::new();
    let (old, new) = (identify(&mut ids, before), identify(&mut ids, after));
    capture_diff_slices(Algorithm::Myers, &old, &new)
        .iter()
        .flat_map(|op| {
            let (old, new) = (&before[op.old_range()], &after[op.new_range()]);
            match op {
                DiffOp::Equal { .. } => old.iter().map(Some).zip(new.iter().map(Some)).collect(),
                _ => pairs(old, new),
            }
        })
        .collect()
}

/// Which of the elements of a run without change are only counted: the neighbours of a change
/// are shown if they are short.
fn unchanged(
    page: &Page,
    elements: &[Value],
    after_a_change: bool,
    before_a_change: bool,
) -> std::ops::Range<usize> {
    if elements.iter().any(|e| e.members().is_some()) && !page.shows_all() {
        return 0..elements.len();
    }
    page.context(elements.len(), after_a_change, before_a_change)
}

/// Elements that go and elements that come in the same place: which is the same one, changed.
/// Objects are known by what identifies them, if all have it, and else by their place.
fn pairs<'a>(old: &'a [Value], new: &'a [Value]) -> Vec<(Option<&'a Value>, Option<&'a Value>)> {
    let names =
        |elements: &'a [Value]| -> Option<Vec<String>> { elements.iter().map(identity).collect() };
    if let (Some(old_names), Some(new_names)) = (names(old), names(new)) {
        let ops = capture_diff_slices(Algorithm::Myers, &old_names, &new_names);
        return ops
            .iter()
            .flat_map(|op| {
                let old = old[op.old_range()].iter().map(Some);
                let new = new[op.new_range()].iter().map(Some);
                let pairs: Vec<_> = match op {
                    DiffOp::Equal { .. } => old.zip(new).collect(),
                    _ => old
                        .map(|o| (o, None))
                        .chain(new.map(|n| (None, n)))
                        .collect(),
                };
                pairs
            })
            .collect();
    }
    let count = old.len().max(new.len());
    let mut out = Vec::with_capacity(count);
    for index in 0..count {
        match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) if !alike(old, new) => {
                out.extend([(Some(old), None), (None, Some(new))]);
            }
            pair => out.push(pair),
        }
    }
    out
}

/// Whether one may be shown as a change of the other.
fn alike(old: &Value, new: &Value) -> bool {
    std::mem::discriminant(old.kind()) == std::mem::discriminant(new.kind())
        || !new.is_known()
        || !old.is_known()
}

/// By what an object is known among others.
fn identity(object: &Value) -> Option<String> {
    let members = object.members().filter(|_| !object.is_sensitive())?;
    let named = |(name, value): (&Text, &Value)| {
        let text = value.as_str().filter(|_| !value.is_sensitive())?;
        is_identifying(name).then(|| format!("{name}={text}"))
    };
    members.iter().find_map(named)
}

/// Elements of a set: those that go and come, the others counted.
pub(super) fn set(page: &mut Page, indent: usize, before: &Value, after: &Value) {
    let before = before.elements().unwrap_or_default();
    let after = after.elements().unwrap_or_default();
    let mut ids = HashMap::new();
    let (old, new) = (identify(&mut ids, before), identify(&mut ids, after));
    let kept: BTreeSet<_> = old.iter().filter(|id| new.contains(id)).collect();
    for (id, element) in old.iter().zip(before) {
        if !kept.contains(id) {
            Change::of(Some(element), None, true).write(page, indent, "", ",");
        } else if page.shows_all() {
            Change::of(Some(element), Some(element), false).write(page, indent, "", ",");
        }
    }
    for (id, element) in new.iter().zip(after) {
        if !kept.contains(id) {
            Change::of(None, Some(element), true).write(page, indent, "", ",");
        }
    }
    if !page.shows_all() {
        page.hidden(indent, kept.len(), "element");
    }
}

/// A number for each element, the same for those that are the same.
fn identify(ids: &mut HashMap<Value, usize>, elements: &[Value]) -> Vec<usize> {
    let mut number = |element: &Value| {
        let next = ids.len();
        *ids.entry(element.unmarked_deep(Marks::SENSITIVE))
            .or_insert(next)
    };
    elements.iter().map(&mut number).collect()
}

/// Members of a map or object: those that differ, the others counted.
pub(super) fn members(page: &mut Page, indent: usize, before: &Value, after: &Value) {
    let names = [before, after].into_iter().filter_map(Value::members);
    let names: BTreeSet<&Text> = names.flat_map(|m| m.keys()).collect();
    let is_map = matches!(after.kind(), Kind::Map(..));
    let mut hidden = 0;
    let mut shown = Vec::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        let changed = !matches!((old, new), (Some(old), Some(new)) if same(old, new));
        if changed || page.shows_all() || (!is_map && is_identifying(name)) {
            shown.push((name, Change::of(old, new, changed)));
        } else {
            hidden += 1;
        }
    }
    let width = label_width(after, shown.iter().map(|(name, _)| *name));
    for (name, change) in shown {
        let label = padded(label(after, name), width);
        page.inside(
            || Step::Attribute(name.clone()),
            |page| change.write(page, indent, &label, ""),
        );
    }
    page.hidden(indent, hidden, if is_map { "element" } else { "attribute" });
}

fn label(container: &Value, name: &str) -> String {
    key(
        name,
        is_name(name) && !matches!(container.kind(), Kind::Map(..)),
    )
}

fn label_width<'a>(container: &Value, names: impl Iterator<Item = &'a Text>) -> usize {
    let widths = names.map(|name| display_width(&label(container, name)));
    widths.max().unwrap_or(0)
}
