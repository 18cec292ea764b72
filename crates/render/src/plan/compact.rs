//! A plan with one line per resource instance: mark, address, and which attributes change.

use std::collections::BTreeSet;

use flowctl_model::AttributePath;
use flowctl_model::plan::{Action, Change};
use flowctl_schema::Providers;

use super::human::block_of;
use super::page::Page;
use super::resource::{because, mark};
use crate::style::{Style, clean};

/// The line of one instance.
pub(super) fn resource(page: &mut Page, change: &Change, providers: &Providers) {
    page.start(2, mark(change.action));
    if let (Action::NoOp, Some(previous)) = (change.action, &change.previous_address) {
        page.out.push(Style::Strong, &clean(&previous.to_string()));
        page.text(" has moved to ");
    }
    page.out
        .push(Style::Strong, &clean(&change.address.to_string()));
    let mut notes = Vec::new();
    if change.importing.is_some() {
        notes.push("import".to_owned());
    }
    if let (Some(previous), false) = (&change.previous_address, change.action == Action::NoOp) {
        notes.push(format!("moved from {previous}"));
    }
    let forcing = names(&change.replace_paths, change, providers);
    if !forcing.is_empty() {
        notes.push(format!("{} forces replacement", forcing.join(", ")));
    } else if matches!(change.action, Action::Update) {
        notes.push(changed_names(change, providers).join(", "));
    }
    notes.extend(because(change));
    notes.retain(|note| !note.is_empty());
    if !notes.is_empty() {
        page.text(" ");
        page.out
            .push(Style::Dim, &clean(&format!("({})", notes.join("; "))));
    }
    page.end();
}

/// The attributes that change, by name.
pub(super) fn changed_names(change: &Change, providers: &Providers) -> Vec<String> {
    names(&change.changed_paths, change, providers)
}

/// The attributes that paths lead to, by their own names if that says which are meant.
fn names(paths: &[AttributePath], change: &Change, providers: &Providers) -> Vec<String> {
    let block = block_of(&change.address, providers);
    let last = |path: &AttributePath| {
        // A block that holds nothing but other blocks is no name for what changes in it.
        let names: Vec<_> = path.names().collect();
        match block.and_then(|block| block.attribute_at(path)) {
            Some(attribute) => attribute.name.to_owned(),
            None => names.last().map_or(String::new(), ToString::to_string),
        }
    };
    // What the service decides anew follows from the rest.
    let asked = |path: &&AttributePath| {
        let attribute = block.and_then(|block| block.attribute_at(path));
        attribute.is_none_or(|attribute| attribute.presence.is_configurable())
    };
    let mut unique: BTreeSet<_> = paths.iter().filter(asked).map(last).collect();
    if unique.is_empty() {
        unique = paths.iter().map(last).collect();
    }
    unique.into_iter().collect()
}
