//! The attributes and nested blocks of one object, before and after: only what changes, what
//! tells which object it is, and a count of what is not shown.

use flowctl_model::{AttributePath, Value};
use flowctl_parser::is_name;
use flowctl_schema::{Attribute, Block, NestedBlock, Nesting};

use super::collections::{aligned, is_identifying};
use super::compare::{related, same, settled};
use super::elements::{Change, Note, display_width, padded};
use super::page::{Mark, Page};
use crate::style::clean;
use crate::value::{SENSITIVE, UNKNOWN, key};

/// Two states of an object and what is known of their difference.
pub(super) struct Objects<'a> {
    /// The schema; without one, everything is shown as an attribute.
    pub(super) block: Option<&'a Block>,
    /// Where the states differ by meaning; `None` if that is to be found by comparing.
    pub(super) changed: Option<&'a [AttributePath]>,
    /// What forces a replacement.
    pub(super) replace: &'a [AttributePath],
    /// The object was not made by an apply, so nothing is known of what the service keeps to
    /// itself.
    pub(super) adopted: bool,
}

/// A part of the object before and after, and where it is.
#[derive(Clone, Copy)]
struct Part<'a> {
    path: &'a AttributePath,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

impl Part<'_> {
    fn mark(&self) -> Mark {
        match (self.before, self.after) {
            (None, _) => Mark::Add,
            (_, None) => Mark::Remove,
            _ => Mark::Change,
        }
    }

    fn is_whole(&self) -> bool {
        self.before.is_none() || self.after.is_none()
    }
}

impl Objects<'_> {
    /// Writes the content of the outermost block.
    pub(super) fn write(
        &self,
        page: &mut Page,
        indent: usize,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        let path = &AttributePath::root();
        let part = Part {
            path,
            before,
            after,
        };
        self.block(page, indent, self.block, part);
    }

    fn differs(&self, part: Part<'_>) -> bool {
        match (self.changed, part.before, part.after) {
            (_, None, None) => false,
            (Some(changed), Some(before), Some(after)) => changed.iter().any(|c| {
                // Of what changes as a whole, parts may be as they were.
                c.starts_with(part.path) || (part.path.starts_with(c) && !same(before, after))
            }),
            (None, Some(before), Some(after)) => !same(before, after),
            _ => true,
        }
    }

    /// Whether the value at `path`, what is in it, or its parent as a whole forces a replacement.
    fn forces(&self, path: &AttributePath) -> bool {
        self.replace.iter().any(|forcing| related(path, forcing))
    }

    fn block(&self, page: &mut Page, indent: usize, schema: Option<&Block>, part: Part<'_>) {
        let written = self.attributes(page, indent, schema, part);
        let Some(schema) = schema else { return };
        let mut first = !written;
        let mut hidden = Hidden::default();
        let mut blocks: Vec<_> = schema.blocks.iter().collect();
        blocks.sort_by_key(|nested| nested.name);
        for nested in blocks {
            let path = part.path.child(nested.name);
            let (before, after) = (
                present(part.before, nested.name),
                present(part.after, nested.name),
            );
            let part = Part {
                path: &path,
                before,
                after,
            };
            match withheld([before, after]) {
                Some(what) if self.differs(part) || page.shows_all() => {
                    separate(page, &mut first);
                    page.start(indent, part.mark());
                    page.text(nested.name);
                    page.text(" {");
                    page.end();
                    page.go_to(&path);
                    let origin = page.origin().filter(|_| what == UNKNOWN);
                    let from = origin.map_or(String::new(), |origin| format!(" # {origin}"));
                    page.remark(indent + 4, &format!("# {what}{from}"));
                    page.close(indent, "}");
                    page.end();
                }
                Some(_) => hidden.add(nested, self.adopted),
                None => self.occurrences(page, indent, nested, part, &mut first, &mut hidden),
            }
        }
        if hidden.count > 0 {
            separate(page, &mut first);
            hidden.write(page, indent);
        }
    }

    /// The blocks of one type.
    fn occurrences(
        &self,
        page: &mut Page,
        indent: usize,
        nested: &NestedBlock,
        part: Part<'_>,
        first: &mut bool,
        hidden: &mut Hidden,
    ) {
        let old = part.before.and_then(Value::elements).unwrap_or_default();
        let new = part.after.and_then(Value::elements).unwrap_or_default();
        for (index, before, after) in pairs(nested.nesting, old, new) {
            let path = part.path.index(index);
            let part = Part {
                path: &path,
                before,
                after,
            };
            // In a set, what is in both is the same.
            let same = !part.is_whole() && (nested.nesting == Nesting::Set || !self.differs(part));
            if same && !page.shows_all() {
                hidden.add(nested, self.adopted);
                continue;
            }
            separate(page, first);
            page.start(indent, if same { Mark::Keep } else { part.mark() });
            page.text(nested.name);
            page.text(" {");
            if part.is_whole() && self.forces(&path) {
                Note::Forces.write(page);
            }
            if nested.block.is_empty() {
                page.text("}");
            } else {
                page.end();
                self.block(page, indent + 4, Some(&nested.block), part);
                page.close(indent, "}");
            }
            page.end();
        }
    }

    /// Writes the attributes; whether anything was written.
    fn attributes(
        &self,
        page: &mut Page,
        indent: usize,
        schema: Option<&Block>,
        part: Part<'_>,
    ) -> bool {
        let mut hidden = 0;
        let mut shown = Vec::new();
        for name in names(schema, part) {
            let path = part.path.child(name);
            let (before, after) = (present(part.before, name), present(part.after, name));
            if before.is_none() && after.is_none() {
                continue;
            }
            let inner = Part {
                path: &path,
                before,
                after,
            };
            let changed = part.is_whole() || self.differs(inner);
            if changed || page.shows_all() || is_identifying(name) {
                let attribute = schema.and_then(|block| block.attribute(name));
                let after = match (before, after, self.changed) {
                    (Some(before), Some(after), Some(changed)) => {
                        Some(settled(before, after, &path, changed))
                    }
                    _ => after.cloned(),
                };
                let note = self.note(page, &path, attribute, part, changed);
                shown.push((name, before, after, changed, attribute, note));
            } else {
                hidden += 1;
            }
        }
        let label = |name: &str| clean(&key(name, is_name(name))).into_owned();
        let widths = shown.iter().map(|(name, ..)| display_width(&label(name)));
        let width = widths.max().unwrap_or(0);
        let written = !shown.is_empty() || hidden > 0;
        for (name, before, after, changed, attribute, note) in shown {
            page.go_to(&part.path.child(name));
            let change = Change {
                before,
                after: after.as_ref(),
                changed,
                secret: attribute.is_some_and(|a| a.secret),
                note,
            };
            change.write(page, indent, &padded(label(name), width), "");
        }
        page.hidden(indent, hidden, "attribute");
        written
    }

    fn note(
        &self,
        page: &Page,
        path: &AttributePath,
        attribute: Option<&Attribute>,
        part: Part<'_>,
        changed: bool,
    ) -> Note {
        if changed && !part.is_whole() && self.forces(path) {
            Note::Forces
        } else if !changed
            && !page.is_bare()
            && !self.adopted
            && attribute.is_some_and(|a| !a.returned)
        {
            Note::NotReturned
        } else {
            Note::None
        }
    }
}

/// Blocks that are not shown.
#[derive(Default)]
struct Hidden {
    count: usize,
    /// One of them holds only what the service does not return.
    kept_to_itself: bool,
}

impl Hidden {
    fn add(&mut self, nested: &NestedBlock, adopted: bool) {
        self.count += 1;
        self.kept_to_itself |= !adopted && !nested.block.is_empty() && !nested.block.returned();
    }

    fn write(&self, page: &mut Page, indent: usize) {
        if self.kept_to_itself {
            let plural = if self.count == 1 { "" } else { "s" };
            page.remark(
                indent,
                &format!(
                    "# ({} block{plural} hidden, unchanged since the last apply: the service does \
                     not return credentials)",
                    self.count
                ),
            );
        } else {
            page.hidden(indent, self.count, "block");
        }
    }
}

/// The names of the attributes, sorted.
fn names<'a>(schema: Option<&'a Block>, part: Part<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = match schema {
        Some(block) => block.attributes.iter().map(|a| a.name).collect(),
        None => {
            let objects = [part.before, part.after].into_iter().flatten();
            let members = objects.filter_map(Value::members);
            members.flat_map(|m| m.keys().map(|name| &**name)).collect()
        }
    };
    names.sort_unstable();
    names.dedup();
    names
}

/// A blank line between what was written and a block.
fn separate(page: &mut Page, first: &mut bool) {
    if !std::mem::take(first) {
        page.end();
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
        Some(SENSITIVE)
    } else if any(|blocks| !blocks.is_known()) {
        Some(UNKNOWN)
    } else {
        None
    }
}

/// Occurrences of a block before and after that belong together, with their place: by position
/// in a list of the same length. In a set, those that are the same, then those that go, then those
/// that come.
fn pairs<'a>(
    nesting: Nesting,
    old: &'a [Value],
    new: &'a [Value],
) -> Vec<(usize, Option<&'a Value>, Option<&'a Value>)> {
    if nesting == Nesting::List {
        let pairs = if old.len() == new.len() {
            old.iter().map(Some).zip(new.iter().map(Some)).collect()
        } else {
            aligned(old, new)
        };
        return pairs
            .into_iter()
            .enumerate()
            .map(|(place, (old, new))| (place, old, new))
            .collect();
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
