//! The attributes and nested blocks of one object, before and after: only what changes, what
//! tells which object it is, and a count of what is not shown.

use flowctl_model::{AttributePath, Value};
use flowctl_schema::Block;

use super::compare::{related, same};
use super::elements::{Change, note_replacement};
use super::page::{Mark, Page};
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
        self.block(page, indent, self.block, &AttributePath::root(), before, after);
    }

    /// Writes everything that is not null, without marks.
    pub(super) fn write_state(&self, page: &mut Page, indent: usize, object: &Value) {
        let mut whole = Page::default();
        self.block(&mut whole, indent, self.block, &AttributePath::root(), None, Some(object));
        // The marks of a creation stand alone in their column.
        for line in whole.out.as_str().lines() {
            let text = line.trim_start_matches(' ');
            let depth = line.len() - text.len();
            let text = text.strip_prefix("+ ").map_or_else(
                || line.get(2..).unwrap_or_default().to_owned(),
                |text| format!("{:depth$}{text}", ""),
            );
            page.text(&text);
            page.end();
        }
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
            if let Some(new) = new.filter(|v| !v.is_known()) {
                separate(page, &mut first);
                let mark = if old.is_some() { Mark::Change } else { Mark::Add };
                page.start(indent, mark);
                let text = if new.is_sensitive() { "(sensitive value)" } else { "(known after apply)" };
                page.text(&format!("{} {text}", nested.name));
                page.end();
                continue;
            }
            let old = old.and_then(Value::elements).unwrap_or_default();
            let new = new.and_then(Value::elements).unwrap_or_default();
            for index in 0..old.len().max(new.len()) {
                let path = path.index(index);
                let (old, new) = (old.get(index), new.get(index));
                let mark = match (old, new) {
                    (None, _) => Mark::Add,
                    (_, None) => Mark::Remove,
                    _ if self.differs(&path, old, new) => Mark::Change,
                    _ => {
                        hidden += 1;
                        continue;
                    }
                };
                separate(page, &mut first);
                page.start(indent, mark);
                page.text(nested.name);
                page.text(" {");
                if mark != Mark::Change && self.forces(&path) {
                    note_replacement(page);
                }
                let empty = mark != Mark::Change && nested.block.is_empty();
                if empty {
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
                let members = [before, after].into_iter().flatten().filter_map(Value::members);
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
                let secret = schema.and_then(|s| s.attribute(name)).is_some_and(|a| a.secret);
                shown.push((name, path, old, new, changed, secret));
            } else {
                hidden += 1;
            }
        }
        let label = |name: &str| if is_identifier(name) { name.to_owned() } else { quote(name) };
        let width = shown.iter().map(|s| label(s.0).chars().count()).max().unwrap_or(0);
        let written = !shown.is_empty() || hidden > 0;
        for (name, path, old, new, changed, secret) in shown {
            let note = changed && before.is_some() && after.is_some() && self.forces(&path);
            let change = Change { before: old, after: new, changed, secret, forces: note };
            change.write(page, indent, &format!("{:width$} = ", label(name)), "");
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

/// A member that is not null.
fn present<'a>(object: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    object?.get(name).filter(|v| !v.is_null() || v.is_sensitive())
}
