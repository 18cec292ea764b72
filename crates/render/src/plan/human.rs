//! A plan for people, in the layout that Terraform users read at a glance.

use flowctl_model::plan::{
    Action, Change, CheckResult, CheckStatus, Counts, Drift, OutputChange, Plan, Reason,
};
use flowctl_model::problem::Severity;
use flowctl_model::{Address, Text, Value};
use flowctl_schema::{Block, Providers};

use super::diff::Objects;
use super::elements::{self, display_width, padded};
use super::page::{Mark, Page};
use crate::style::{Style, Styled, clean};
use crate::value::SENSITIVE;

/// The whole plan; the summary is the last line.
pub fn plan(plan: &Plan, providers: &Providers) -> Styled {
    let mut page = Page::default();
    drift(&mut page, &plan.drift, providers);
    let shown: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| is_shown(change))
        .collect();
    if !shown.is_empty() {
        legend(&mut page, &shown);
        for change in shown {
            resource(&mut page, change, providers);
            page.end();
        }
    }
    outputs(&mut page, plan);
    checks(&mut page, &plan.checks);
    page.out.append(&summary(plan));
    page.end();
    page.out
}

/// The line that says how much is to be done.
pub fn summary(plan: &Plan) -> Styled {
    let mut out = Styled::new();
    let counts = plan.counts();
    if plan.is_empty() {
        out.push(Style::Added, "No changes.");
        out.push(
            Style::Strong,
            " Your infrastructure matches the configuration.",
        );
        return out;
    }
    out.push(Style::Strong, "Plan:");
    out.plain(&format!(" {}.", count_words(counts)));
    out
}

/// `1 to add, 0 to change, 0 to destroy`, with imports in front and what is forgotten behind.
pub fn count_words(counts: Counts) -> String {
    let mut parts = Vec::new();
    if counts.import > 0 {
        parts.push(format!("{} to import", counts.import));
    }
    parts.push(format!("{} to add", counts.add));
    parts.push(format!("{} to change", counts.change));
    parts.push(format!("{} to destroy", counts.destroy));
    if counts.forget > 0 {
        parts.push(format!("{} to forget", counts.forget));
    }
    parts.join(", ")
}

/// An object as it is in state, for `show` and `state show`.
pub fn object(address: &Address, attributes: &Value, providers: &Providers) -> Styled {
    object_with_note(address, "", attributes, providers)
}

/// As [`object`], with a note behind the address, such as `(tainted)`.
pub fn object_with_note(
    address: &Address,
    note: &str,
    attributes: &Value,
    providers: &Providers,
) -> Styled {
    let mut page = Page::bare();
    let space = if note.is_empty() { "" } else { " " };
    let title = format!("# {address}:{space}{note}");
    page.out.push(Style::Strong, &clean(&title));
    page.end();
    page.text(&clean(&block_header(address)));
    page.end();
    let objects = Objects {
        block: block_of(address, providers),
        changed: None,
        replace: &[],
    };
    objects.write(&mut page, 2, None, Some(attributes));
    page.text("}");
    page.end();
    page.out
}

fn is_shown(change: &Change) -> bool {
    change.action != Action::NoOp || change.previous_address.is_some() || change.importing.is_some()
}

fn block_of<'a>(address: &Address, providers: &'a Providers) -> Option<&'a Block> {
    let name = &address.resource.type_name;
    let schema = match address.resource.mode {
        flowctl_model::Mode::Managed => providers.resource_type(name)?.schema(),
        flowctl_model::Mode::Data => providers.data_source(name)?.schema(),
    };
    Some(&schema.block)
}

fn block_header(address: &Address) -> String {
    let keyword = match address.resource.mode {
        flowctl_model::Mode::Managed => "resource",
        flowctl_model::Mode::Data => "data",
    };
    format!(
        "{keyword} \"{}\" \"{}\" {{",
        address.resource.type_name, address.resource.name
    )
}

fn legend(page: &mut Page, changes: &[&Change]) {
    let entries = [
        (Mark::Add, "create", Action::Create),
        (Mark::Change, "update in-place", Action::Update),
        (Mark::Remove, "destroy", Action::Delete),
        (
            Mark::DeleteThenCreate,
            "destroy and then create replacement",
            Action::DeleteThenCreate,
        ),
        (
            Mark::CreateThenDelete,
            "create replacement and then destroy",
            Action::CreateThenDelete,
        ),
        (Mark::Read, "read (data resources)", Action::Read),
        (
            Mark::Forget,
            "forget (leave the object alone)",
            Action::Forget,
        ),
    ];
    let used: Vec<_> = entries
        .into_iter()
        .filter(|(_, _, action)| changes.iter().any(|change| change.action == *action))
        .collect();
    if !used.is_empty() {
        page.text("Resource actions are indicated with the following symbols:\n");
        for (mark, words, _) in used {
            page.start(2, mark);
            page.text(words);
            page.end();
        }
        page.end();
    }
    page.text("flowctl will perform the following actions:\n\n");
}

fn resource(page: &mut Page, change: &Change, providers: &Providers) {
    header(page, change);
    let mark = match change.action {
        Action::NoOp => Mark::Keep,
        Action::Create => Mark::Add,
        Action::Read => Mark::Read,
        Action::Update => Mark::Change,
        Action::DeleteThenCreate => Mark::DeleteThenCreate,
        Action::CreateThenDelete => Mark::CreateThenDelete,
        Action::Delete => Mark::Remove,
        Action::Forget => Mark::Forget,
    };
    page.start(2, mark);
    page.text(&clean(&block_header(&change.address)));
    page.end();
    let objects = Objects {
        block: block_of(&change.address, providers),
        changed: Some(&change.changed_paths),
        replace: &change.replace_paths,
    };
    let (before, after) = match change.action {
        Action::Create | Action::Read => (None, change.after.as_ref()),
        Action::Delete => (change.before.as_ref(), None),
        Action::Forget | Action::NoOp => (change.before.as_ref(), change.before.as_ref()),
        Action::Update | Action::DeleteThenCreate | Action::CreateThenDelete => {
            (change.before.as_ref(), change.after.as_ref())
        }
    };
    objects.write(page, 6, before, after);
    page.close(2, "}");
    page.end();
}

fn header(page: &mut Page, change: &Change) {
    let address = clean(&change.address.to_string()).into_owned();
    let line = |page: &mut Page, words: &str, style: Style| {
        page.text("  # ");
        page.out.push(Style::Strong, &address);
        page.text(" ");
        page.out.push(style, words);
        page.end();
    };
    match change.action {
        Action::Create => line(page, "will be created", Style::Plain),
        Action::Update => line(page, "will be updated in-place", Style::Plain),
        Action::Read => line(page, "will be read during apply", Style::Plain),
        Action::Delete => line(page, "will be destroyed", Style::Removed),
        Action::Forget => {
            line(
                page,
                "will no longer be managed, but will not be destroyed",
                Style::Plain,
            );
        }
        Action::DeleteThenCreate | Action::CreateThenDelete => match &change.reason {
            Some(Reason::Tainted) => line(page, "is tainted, so must be replaced", Style::Removed),
            Some(Reason::ReplaceRequested) => {
                line(page, "will be replaced, as requested", Style::Removed);
            }
            Some(Reason::ReplaceTriggered(_)) => {
                line(
                    page,
                    "will be replaced due to changes in replace_triggered_by",
                    Style::Removed,
                );
            }
            _ => line(page, "must be replaced", Style::Removed),
        },
        Action::NoOp if change.importing.is_some() => line(page, "will be imported", Style::Plain),
        Action::NoOp => {}
    }
    if let Some(previous) = &change.previous_address {
        let previous = clean(&previous.to_string()).into_owned();
        if change.action == Action::NoOp && change.importing.is_none() {
            page.text("  # ");
            page.out.push(Style::Strong, &previous);
            page.text(" has moved to ");
            page.out.push(Style::Strong, &address);
            page.end();
        } else {
            page.remark(0, &format!("# (moved from {previous})"));
        }
    }
    if let (Some(id), false) = (&change.importing, change.action == Action::NoOp) {
        page.remark(0, &clean(&format!("# (imported from \"{id}\")")));
    }
    if let Some(deposed) = &change.deposed {
        page.remark(
            0,
            &clean(&format!(
                "# (the replaced object \"{deposed}\" is still to be destroyed)"
            )),
        );
    }
    if let Some(because) = change
        .reason
        .as_ref()
        .and_then(|reason| because(reason, change))
    {
        page.remark(0, &clean(&format!("# ({because})")));
    }
}

/// What is said below the header of why an action is taken, where the header does not say it all.
fn because(reason: &Reason, change: &Change) -> Option<String> {
    let resource = &change.address.resource;
    let key = change
        .address
        .key
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    Some(match reason {
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

fn drift(page: &mut Page, drift: &[Drift], providers: &Providers) {
    if drift.is_empty() {
        return;
    }
    page.out.push(Style::Strong, "Note:");
    page.text(" Objects have changed outside of flowctl\n\nflowctl detected the following changes made outside of flowctl since the last run:\n\n");
    for Drift {
        address,
        before,
        after,
    } in drift
    {
        page.text("  # ");
        page.out.push(Style::Strong, &clean(&address.to_string()));
        let (mark, words) = match after {
            Some(_) => (Mark::Change, " has changed"),
            None => (Mark::Remove, " has been deleted"),
        };
        page.text(words);
        page.end();
        page.start(2, mark);
        page.text(&clean(&block_header(address)));
        page.end();
        let objects = Objects {
            block: block_of(address, providers),
            changed: None,
            replace: &[],
        };
        objects.write(page, 6, Some(before), after.as_ref());
        page.close(2, "}");
        page.text("\n\n");
    }
}

fn outputs(page: &mut Page, plan: &Plan) {
    let changed: Vec<(&Text, &OutputChange)> = plan
        .outputs
        .iter()
        .filter(|(_, output)| output.changed)
        .collect();
    if changed.is_empty() {
        return;
    }
    page.text("Changes to Outputs:\n");
    let width = changed.iter().map(|(name, _)| display_width(name)).max();
    for (name, output) in changed {
        let change = elements::Change {
            before: output.before.as_ref(),
            after: output.after.as_ref(),
            changed: true,
            secret: output.sensitive,
            forces: false,
            scope: None,
        };
        let label = padded(clean(name).into_owned(), width.unwrap_or(0));
        change.write(page, 2, &label, "");
    }
    page.end();
    if plan.counts() == Counts::default() {
        page.text(
            "You can apply this plan to save these new output values to the state, without \
             changing any real infrastructure.\n\n",
        );
    }
}

fn checks(page: &mut Page, checks: &[CheckResult]) {
    let open: Vec<_> = checks
        .iter()
        .filter(|check| check.status != CheckStatus::Pass)
        .collect();
    if open.is_empty() {
        return;
    }
    page.text("Checks:\n");
    for check in open {
        let (style, word) = match (check.status, check.severity) {
            (CheckStatus::Fail, Severity::Error) => (Style::Error, "failed"),
            (CheckStatus::Fail, Severity::Warning) => (Style::Warning, "failed"),
            _ => (Style::Dim, "known after apply"),
        };
        page.text("  ");
        page.out.push(Style::Strong, &clean(&check.address));
        page.text(": ");
        page.out.push(style, word);
        for (index, line) in check.message.iter().flat_map(|m| m.lines()).enumerate() {
            page.text(if index == 0 { ": " } else { "\n    " });
            page.text(&clean(line));
        }
        page.end();
    }
    page.end();
}

/// The outputs of a state, for `output` and `show`.
pub fn outputs_in_state<'a>(
    outputs: impl IntoIterator<Item = (&'a Text, &'a Value, bool)>,
) -> Styled {
    let mut out = Styled::new();
    for (name, value, sensitive) in outputs {
        let text = if sensitive || value.is_sensitive() {
            SENSITIVE.replace(" value", "")
        } else {
            crate::value::display(value)
        };
        out.plain(&format!("{name} = {text}\n"));
    }
    out
}
