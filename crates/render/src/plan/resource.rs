//! One resource instance of a plan: the line that says what happens to it and why, and its
//! differences.

use flowctl_model::Address;
use flowctl_model::plan::{Action, Change, Reason};
use flowctl_schema::Providers;

use super::diff::Objects;
use super::human::{Context, block_of};
use super::page::{Mark, Page};
use crate::style::{Style, clean};

/// What each mark of a resource means, in the order of the legend.
const LEGEND: [(Action, Mark, &str); 7] = [
    (Action::Create, Mark::Add, "create"),
    (Action::Update, Mark::Change, "update in-place"),
    (Action::Delete, Mark::Remove, "destroy"),
    (
        Action::DeleteThenCreate,
        Mark::DeleteThenCreate,
        "destroy and then create replacement",
    ),
    (
        Action::CreateThenDelete,
        Mark::CreateThenDelete,
        "create replacement and then destroy",
    ),
    (Action::Read, Mark::Read, "read (data resources)"),
    (
        Action::Forget,
        Mark::Forget,
        "forget (leave the object alone)",
    ),
];

/// Whether a plan says anything of the instance.
pub(super) fn is_shown(change: &Change) -> bool {
    change.action != Action::NoOp || change.previous_address.is_some() || change.importing.is_some()
}

/// The mark of an action.
pub(super) fn mark(action: Action) -> Mark {
    let entry = LEGEND.iter().find(|(known, ..)| *known == action);
    entry.map_or(Mark::Keep, |(_, mark, _)| *mark)
}

/// The block's first line.
pub(super) fn block_header(address: &Address) -> String {
    let keyword = address.resource.mode.keyword();
    format!(
        "{keyword} \"{}\" \"{}\" {{",
        address.resource.type_name, address.resource.name
    )
}

/// The marks that occur, and what they mean.
pub(super) fn legend(page: &mut Page, changes: &[&Change]) {
    let used: Vec<_> = LEGEND
        .iter()
        .filter(|(action, ..)| changes.iter().any(|change| change.action == *action))
        .collect();
    if !used.is_empty() {
        page.text("Resource actions are indicated with the following symbols:\n");
        for (_, mark, words) in used {
            page.start(2, *mark);
            page.text(words);
            page.end();
        }
        page.end();
    }
    page.text("flowctl will perform the following actions:\n\n");
}

/// The whole instance.
pub(super) fn write(page: &mut Page, change: &Change, providers: &Providers) {
    header(page, change);
    page.turn_to(&change.awaits);
    page.start(2, mark(change.action));
    page.text(&clean(&block_header(&change.address)));
    page.end();
    let objects = Objects {
        block: block_of(&change.address, providers),
        changed: Some(&change.changed_paths),
        replace: &change.replace_paths,
        adopted: change.importing.is_some(),
    };
    let (before, after) = match change.action {
        Action::Create | Action::Read => (None, change.after.as_ref()),
        Action::Delete => (change.before.as_ref(), None),
        Action::Forget | Action::NoOp => (change.before.as_ref(), change.before.as_ref()),
        Action::Update | Action::DeleteThenCreate | Action::CreateThenDelete => {
            (change.before.as_ref(), change.after.as_ref())
        }
    };
    // Of an object that is adopted as it is, all is news.
    let context = page.options.context;
    if change.importing.is_some() && change.action == Action::NoOp {
        page.options.context = Context::All;
    }
    objects.write(page, 6, before, after);
    page.options.context = context;
    page.turn_to(&[]);
    page.close(2, "}");
    page.end();
}

fn header(page: &mut Page, change: &Change) {
    page.text("  # ");
    let action = (change.action, &change.reason);
    if let (Action::NoOp, Some(previous), None) =
        (change.action, &change.previous_address, &change.importing)
    {
        name(page, previous);
        page.text(" has moved to ");
        name(page, &change.address);
        page.end();
    } else {
        name(page, &change.address);
        let (style, words) = verdict(change);
        page.text(" ");
        page.out.push(style, words);
        page.end();
        if let Some(previous) = &change.previous_address {
            page.remark(
                0,
                &format!("# (moved from {})", clean(&previous.to_string())),
            );
        }
    }
    if let (Some(id), true) = (&change.importing, action.0 != Action::NoOp) {
        page.remark(0, &format!("# (imported from \"{}\")", clean(id)));
    }
    if let Some(deposed) = &change.deposed {
        page.remark(
            0,
            &format!(
                "# (the replaced object \"{}\" is still to be destroyed)",
                clean(deposed)
            ),
        );
    }
    if let Some(because) = because(change) {
        page.remark(0, &format!("# ({})", clean(&because)));
    }
}

fn name(page: &mut Page, address: &Address) {
    page.out.push(Style::Strong, &clean(&address.to_string()));
}

/// What happens to the instance, in the words that follow its address.
pub(super) fn verdict(change: &Change) -> (Style, &'static str) {
    match (change.action, &change.reason) {
        (Action::Create, _) => (Style::Plain, "will be created"),
        (Action::Update, _) => (Style::Plain, "will be updated in-place"),
        (Action::Read, _) => (Style::Plain, "will be read during apply"),
        (Action::Delete, _) => (Style::Removed, "will be destroyed"),
        (Action::Forget, _) => (
            Style::Plain,
            "will no longer be managed, but will not be destroyed",
        ),
        (Action::NoOp, _) => (Style::Plain, "will be imported"),
        (_, Some(Reason::Tainted)) => (Style::Removed, "is tainted, so must be replaced"),
        (_, Some(Reason::ReplaceRequested)) => (Style::Removed, "will be replaced, as requested"),
        (_, Some(Reason::ReplaceTriggered(_))) => (
            Style::Removed,
            "will be replaced due to changes in replace_triggered_by",
        ),
        _ => (Style::Removed, "must be replaced"),
    }
}

/// `name forces replacement`, if attributes do.
pub(super) fn forcing(change: &Change) -> Option<String> {
    const MOST: usize = 3;
    let paths = &change.replace_paths;
    let shown: Vec<_> = paths.iter().take(MOST).map(ToString::to_string).collect();
    let force = if paths.len() == 1 { "forces" } else { "force" };
    let rest = match paths.len().saturating_sub(MOST) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    (!shown.is_empty()).then(|| format!("{}{rest} {force} replacement", shown.join(", ")))
}

/// Why an action is taken, where [`verdict`] does not say it all.
pub(super) fn because(change: &Change) -> Option<String> {
    let resource = &change.address.resource;
    let key = change
        .address
        .key
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    Some(match change.reason.as_ref()? {
        Reason::New
        | Reason::CannotUpdate
        | Reason::ReplaceRequested
        | Reason::Tainted
        | Reason::DestroyRequested => return None,
        Reason::DeletedOutside => "it was deleted outside of flowctl".to_owned(),
        Reason::ReplaceTriggered(by) => format!("because of {}", by.join(", ")),
        Reason::NoResourceConfig => format!("because {resource} is not in configuration"),
        Reason::NoModule => format!("because {} is not in configuration", resource.module),
        Reason::CountIndex => format!("because index {key} is out of range for count"),
        Reason::EachKey => format!("because key {key} is not in for_each map"),
        Reason::WrongRepetition => match change.address.key {
            Some(_) => "because resource does not use this kind of instance key".to_owned(),
            None => "because resource uses count or for_each".to_owned(),
        },
        Reason::SecretKeyChanged => {
            "the key of the secret digests is another one, so credentials are sent again".to_owned()
        }
        Reason::Interrupted => {
            "an interrupted run may or may not have changed it, so the change is sent again"
                .to_owned()
        }
        Reason::RemovedBlock => "because a removed block says so".to_owned(),
        Reason::ReadDependsOnUnknown => "config refers to values not yet known".to_owned(),
    })
}
