//! The attributes and nested blocks of one object, before and after: only what changes, what
//! tells which object it is, and a count of what is not shown.

use flowctl_model::{AttributePath, Value};
use flowctl_schema::{Block, Nesting};

use super::compare::{related, same};
use super::elements::{Change, Scope, display_width, note_replacement, padded};
use super::page::{Mark, Page};
use crate::style::clean;
use crate::value::{is_identifier, quote};

/// Unchanged attributes that are shown all the same, because a reader knows the object by them.
const IDENTIFYING: [&str; 2] = ["id", "name"];

/// Two states of an object and what is known of their difference.
pub(super) struct Objects<'a> {
    /// The schema; without one, everything is shown as an attribute.
    pub(super) block: Option<&'a Block>,
    /// Where the states differ by meaning; `None` if that is to be found by comparing.
    pub(super) changed: Option<&'a [AttributePath]>,
    /// What forces a replacement.
    pub(super) replace: &'a [AttributePath],
}

impl Objects<'_> {
    fn differs(&self, path: &AttributePath, before: Option<&Value>, after: Option<&Value>) -> bool {
        match (self.changed, before, after) {
            (_, None, None) => false,
            (Some(changed), _, _) => changed.iter().any(|c| related(c, path)),
            (None, Some(before), Some(after)) => !same(before, after),
            (None, _, _) => true,
        }
    }

    /// Whether the value at `path` itself, or its parent as a whole, forces a replacement.
    fn forces(&self, path: &AttributePath) -> bool {
        self.replace.iter().any(|r| path.starts_with(r))
    }

    /// Writes the content of the outermost block.
    pub(super) fn write(
        &self,
        page: &mut Page,
        indent: usize,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        self.block(
            page,
            indent,
            self.block,
            &AttributePath::root(),
            before,
            after,
        );
    }

    fn block(
        &self,
        page: &mut Page,
        indent: usize,
        schema: Option<&Block>,
        path: &AttributePath,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        let written = self.attributes(page, indent, schema, path, before, after);
        let Some(schema) = schema else { return };
        let mut first = !written;
        let mut hidden = 0;
        let mut names: Vec<_> = schema.blocks.iter().collect();
        names.sort_by_key(|nested| nested.name);
        for nested in names {
            let path = path.child(nested.name);
            let old = present(before, nested.name);
            let new = present(after, nested.name);
            if let Some(what) = withheld([old, new]) {
                if !self.differs(&path, old, new) {
                    hidden += 1;
                    continue;
                }
                separate(page, &mut first);
                page.start(indent, mark_of(old, new));
                page.text(&format!("{} {{", nested.name));
                page.end();
                page.remark(indent + 4, what);
                page.close(indent, "}");
                page.end();
                continue;
            }
            let old = old.and_then(Value::elements).unwrap_or_default();
            let new = new.and_then(Value::elements).unwrap_or_default();
            for (index, old, new) in pairs(nested.nesting, old, new) {
                let path = path.index(index);
                let mark = match (old, new) {
                    (Some(_), Some(_)) if nested.nesting == Nesting::Set => Mark::Keep,
                    (Some(_), Some(_)) if !self.differs(&path, old, new) => Mark::Keep,
                    (old, new) => mark_of(old, new),
                };
                if mark == Mark::Keep {
                    hidden += 1;
                    continue;
                }
                separate(page, &mut first);
                page.start(indent, mark);
                page.text(nested.name);
                page.text(" {");
                if mark != Mark::Change && self.forces(&path) {
                    note_replacement(page);
                }
                if mark != Mark::Change && nested.block.is_empty() {
                    page.text("}");
                } else {
                    page.end();
                    self.block(page, indent + 4, Some(&nested.block), &path, old, new);
                    page.close(indent, "}");
                }
                page.end();
            }
        }
        if hidden > 0 {
            separate(page, &mut first);
            page.hidden(indent, hidden, "block");
        }
    }

    /// Writes the attributes; whether anything was written.
    fn attributes(
        &self,
        page: &mut Page,
        indent: usize,
        schema: Option<&Block>,
        path: &AttributePath,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> bool {
        let mut names: Vec<&str> = match schema {
            Some(block) => block.attributes.iter().map(|a| a.name).collect(),
            None => {
                let members = [before, after]
                    .into_iter()
                    .flatten()
                    .filter_map(Value::members);
                members.flat_map(|m| m.keys().map(|name| &**name)).collect()
            }
        };
        names.sort_unstable();
        names.dedup();
        let mut hidden = 0;
        let mut shown = Vec::new();
        for name in names {
            let path = path.child(name);
            let (old, new) = (present(before, name), present(after, name));
            if old.is_none() && new.is_none() {
                continue;
            }
            let changed = before.is_none() || after.is_none() || self.differs(&path, old, new);
            if changed || IDENTIFYING.contains(&name) {
                let secret = schema
                    .and_then(|s| s.attribute(name))
                    .is_some_and(|a| a.secret);
                shown.push((name, path, old, new, changed, secret));
            } else {
                hidden += 1;
            }
        }
        let label = |name: &str| {
            if is_identifier(name) {
                clean(name).into_owned()
            } else {
                quote(name)
            }
        };
        let width = shown
            .iter()
            .map(|s| display_width(&label(s.0)))
            .max()
            .unwrap_or(0);
        let written = !shown.is_empty() || hidden > 0;
        for (name, path, old, new, changed, secret) in shown {
            let change = Change {
                before: old,
                after: new,
                changed,
                secret,
                forces: changed && before.is_some() && after.is_some() && self.forces(&path),
                scope: self.changed.map(|changed| Scope { changed, path }),
            };
            change.write(page, indent, &padded(label(name), width), "");
        }
        page.hidden(indent, hidden, "attribute");
        written
    }
}

/// A blank line between what was written and a block.
fn separate(page: &mut Page, first: &mut bool) {
    if !std::mem::take(first) {
        page.end();
    }
}

fn mark_of(old: Option<&Value>, new: Option<&Value>) -> Mark {
    match (old, new) {
        (None, _) => Mark::Add,
        (_, None) => Mark::Remove,
        _ => Mark::Change,
    }
}

/// What is said in place of all blocks of a type, if they cannot be shown one by one.
fn withheld(blocks: [Option<&Value>; 2]) -> Option<&'static str> {
    let any = |check: fn(&Value) -> bool| blocks.into_iter().flatten().any(check);
    let sensitive = |blocks: &Value| {
        let elements = blocks.elements().unwrap_or_default();
        blocks.is_sensitive() || elements.iter().any(Value::is_sensitive)
    };
    if any(sensitive) {
        Some("# (sensitive value)")
    } else if any(|blocks| !blocks.is_known()) {
        Some("# (known after apply)")
    } else {
        None
    }
}

/// Occurrences of a block before and after that belong together, with their place: by position
/// in a list. In a set, those that are the same, then those that go, then those that come.
fn pairs<'a>(
    nesting: Nesting,
    old: &'a [Value],
    new: &'a [Value],
) -> Vec<(usize, Option<&'a Value>, Option<&'a Value>)> {
    if nesting == Nesting::List {
        let count = old.len().max(new.len());
        return (0..count).map(|i| (i, old.get(i), new.get(i))).collect();
    }
    let mut come: Vec<_> = new.iter().enumerate().collect();
    let mut kept = Vec::new();
    let mut gone = Vec::new();
    for (index, old) in old.iter().enumerate() {
        match come.iter().position(|(_, new)| same(old, new)) {
            Some(at) => kept.push((index, Some(old), Some(come.remove(at).1))),
            None => gone.push((index, Some(old), None)),
        }
    }
    kept.extend(gone);
    kept.extend(
        come.into_iter()
            .map(|(index, new)| (index, None, Some(new))),
    );
    kept
}

/// A member that is not null.
fn present<'a>(object: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    object?
        .get(name)
        .filter(|v| !v.is_null() || v.is_sensitive())
}
