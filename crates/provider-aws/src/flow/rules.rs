//! What must hold between the arguments of a flow, beyond what the table says of each: checked before
//! any request. Nothing is said about what is not known yet.
//!
//! What AppFlow is known to refuse is an error. What its documentation asks for, but its model does
//! not demand, is a warning: the service has the last word.

use aws_sdk_appflow::types::{DestinationConnectorProperties, SourceConnectorProperties};
use aws_smithy_types::DateTime;
use flowctl_model::{AttributePath, Problem, Value};
use flowctl_schema::Block;

use super::connectors::{has_profiles, name_of};
use super::schema::{ACTIVE, DESTINATION, SOURCE, STATUS, SUSPENDED, TASK, TRIGGER};
use crate::place::{Found, Place};
use crate::structure::{Leaf as _, Structure as _};

const MISSING: &str = "Missing required argument";

/// Everything that is wrong across arguments.
pub(super) fn check(config: &Value) -> Vec<Problem> {
    let mut out = Vec::new();
    let root = Place::root(config);
    let mut from = None;
    if let Found::Is(source) = root.block(SOURCE) {
        from = end(&source, &SOURCE_SIDE, &mut out);
    }
    for destination in root.each(DESTINATION) {
        end(&destination, &DESTINATION_SIDE, &mut out);
        writing(&destination, &mut out);
    }
    for place in root.each(TASK) {
        task(&place, from, &mut out);
    }
    if let Found::Is(config) = root.block(TRIGGER) {
        trigger(&root, &config, &mut out);
    }
    out
}

/// One side of a flow.
struct Side {
    noun: &'static str,
    properties: &'static str,
    table: fn() -> Block,
}

const SOURCE_SIDE: Side = Side {
    noun: "source",
    properties: "source_connector_properties",
    table: SourceConnectorProperties::block,
};
const DESTINATION_SIDE: Side = Side {
    noun: "destination",
    properties: "destination_connector_properties",
    table: DestinationConnectorProperties::block,
};

/// A source or destination: its connector, the block for it and its profile. What the connector is
/// called, if that is known.
fn end(place: &Place<'_>, side: &Side, out: &mut Vec<Problem>) -> Option<&'static str> {
    const PROFILE: &str = "connector_profile_name";
    let Found::Is(kind) = place.text("connector_type") else {
        return None;
    };
    // The table says what is no connector at all.
    let name = name_of(kind)?;
    let (noun, path) = (side.noun, place.path.child("connector_type"));
    let table = (side.table)();
    if table.nested(name).is_none() {
        let known = table.names().collect::<Vec<_>>().join("`, `");
        let detail = format!("AppFlow cannot use {kind} as the {noun} of a flow.");
        let summary = format!("Connector that cannot be a {noun}");
        let help = format!("Those that can have one of the blocks `{known}`.");
        out.push(Problem::error(path, summary, detail).with_help(help));
        return None;
    }
    if let Found::Is(properties) = place.block(side.properties) {
        only_block(&properties, kind, name, noun, out);
    }
    match place.argument(PROFILE) {
        Found::Unset if has_profiles(kind) => {
            let detail = format!("`connector_type = \"{kind}\"` needs `{PROFILE}`.");
            out.push(
                Problem::error(place.path.clone(), MISSING, detail).with_help(format!(
                    "Set `{PROFILE}` to the name of a connector profile of {kind}, such as \
                 `aws_appflow_connector_profile.NAME.name`."
                )),
            );
        }
        Found::Is(_) if !has_profiles(kind) => {
            let detail = format!("AppFlow uses {kind} without a connector profile.");
            let summary = "Connector without profiles";
            out.push(
                Problem::error(place.path.child(PROFILE), summary, detail)
                    .with_help(format!("Remove `{PROFILE}`.")),
            );
        }
        _ => {}
    }
    Some(name)
}

/// The one block of properties must be that of the connector type.
fn only_block(properties: &Place<'_>, kind: &str, right: &str, noun: &str, out: &mut Vec<Problem>) {
    let (given, uncertain) = properties.blocks();
    for wrong in given.iter().filter(|name| **name != right) {
        let detail =
            format!("`connector_type = \"{kind}\"` takes the block `{right}` here, not `{wrong}`.");
        let help = if given.contains(&right) {
            format!("Remove the block `{wrong}`.")
        } else {
            format!("Write a block `{right}`, or change `connector_type`.")
        };
        let summary = "Properties of another connector";
        let path = properties.path.child(*wrong).index(0);
        out.push(Problem::error(path, summary, detail).with_help(help));
    }
    if given.is_empty() && !uncertain {
        let detail = format!("`connector_type = \"{kind}\"` needs a block `{right}` here.");
        let summary = format!("Missing {right} block");
        let help = format!("Write `{right} {{ … }}` with the properties of the {noun}.");
        out.push(Problem::error(properties.path.clone(), summary, detail).with_help(help));
    }
}

/// What is written to a destination.
fn writing(destination: &Place<'_>, out: &mut Vec<Problem>) {
    let Found::Is(properties) = destination.block(DESTINATION_SIDE.properties) else {
        return;
    };
    for name in properties.blocks().0 {
        let Found::Is(block) = properties.block(name) else {
            continue;
        };
        if block.text("write_operation_type") == Found::Is("UPSERT")
            && block.has("id_field_names") == Found::Unset
        {
            let detail = "`write_operation_type = \"UPSERT\"` needs `id_field_names`, by which a record that is there is recognised.";
            out.push(
                Problem::error(block.path.child("write_operation_type"), MISSING, detail)
                    .with_help("Set `id_field_names` to a list of one field."),
            );
        }
        if let Found::Is(format) = block.block("s3_output_format_config")
            && format.flag("preserve_source_data_typing") == Found::Is(true)
            && let Found::Is("CSV" | "JSON") = format.text("file_type")
        {
            let detail = "Types of the source can be kept in Parquet files only.";
            let path = format.path.child("preserve_source_data_typing");
            out.push(
                Problem::warning(path, "Argument without effect", detail)
                    .with_help("Set `file_type = \"PARQUET\"`."),
            );
        }
    }
}

/// What a task needs among its properties: its type, the operator if it matters, the properties.
const NEEDED: &[(&str, &str, &[&str])] = &[
    ("Arithmetic", "", &["MATH_OPERATION_FIELDS_ORDER"]),
    ("Filter", "BETWEEN", &["LOWER_BOUND", "UPPER_BOUND"]),
    ("Mask", "MASK_FIRST_N", &["MASK_LENGTH"]),
    ("Mask", "MASK_LAST_N", &["MASK_LENGTH"]),
    ("Merge", "", &["CONCAT_FORMAT"]),
    ("Truncate", "", &["TRUNCATE_LENGTH"]),
    ("Validate", "", &["VALIDATION_ACTION"]),
];
/// Tasks that make a field of the destination.
const MAKING: [&str; 3] = ["Map", "Merge", "Arithmetic"];

fn task(task: &Place<'_>, source: Option<&str>, out: &mut Vec<Problem>) {
    const OPERATOR: &str = "connector_operator";
    const PROPERTIES: &str = "task_properties";
    let mut operator = Found::Unset;
    if let Found::Is(block) = task.block(OPERATOR) {
        operator = operator_of(&block, source, out);
    } else if let Found::Unknown = task.block(OPERATOR) {
        operator = Found::Unknown;
    }
    let Found::Is(kind) = task.text("task_type") else {
        return;
    };
    let warn = |path: AttributePath, detail: String, help: String| {
        Problem::warning(path, "Incomplete task", detail).with_help(help)
    };
    if MAKING.contains(&kind) && task.argument("destination_field") == Found::Unset {
        let detail = format!(
            "A task with `task_type = \"{kind}\"` makes a field of the destination; AppFlow may refuse one that does not say which."
        );
        let help = "Set `destination_field`.".to_owned();
        out.push(warn(task.path.child("task_type"), detail, help));
    }
    let given = task.argument(PROPERTIES);
    for (_, _, needed) in NEEDED
        .iter()
        .filter(|(of, with, _)| *of == kind && (with.is_empty() || operator == Found::Is(*with)))
    {
        let lacks = |name: &&&str| match &given {
            Found::Is(map) => map
                .members()
                .is_some_and(|members| !members.contains_key(**name)),
            Found::Unset => true,
            Found::Unknown => false,
        };
        let missing: Vec<&str> = needed.iter().filter(lacks).copied().collect();
        if let Some(first) = missing.first() {
            let names = missing.join("` and `");
            let detail = format!(
                "A task with `task_type = \"{kind}\"` needs `{names}` in `{PROPERTIES}`; AppFlow may refuse one without."
            );
            let help = format!("Write `{PROPERTIES} = {{ {first} = … }}`.");
            out.push(warn(task.path.child("task_type"), detail, help));
        }
    }
}

/// The operator, which must be that of the source's connector.
fn operator_of<'a>(
    block: &Place<'a>,
    source: Option<&str>,
    out: &mut Vec<Problem>,
) -> Found<&'a str> {
    let (given, uncertain) = block.arguments();
    for name in &given {
        if let Some(source) = source
            && *name != source
        {
            let detail =
                format!("The source's connector takes the operator `{source}` here, not `{name}`.");
            let summary = "Operator of another connector";
            out.push(
                Problem::error(block.path.child(*name), summary, detail)
                    .with_help(format!("Write `{source} = …` instead of `{name} = …`.")),
            );
        }
    }
    match given.as_slice() {
        [only] => block.text(only),
        [] if uncertain => Found::Unknown,
        [] => Found::Unset,
        [first, second, ..] => {
            if source.is_none() {
                let detail = format!(
                    "Only one operator may be here, but both `{first}` and `{second}` are."
                );
                let help = "Keep that of the source's connector.";
                let path = block.path.child(*second);
                out.push(Problem::error(path, "Several operators", detail).with_help(help));
            }
            Found::Unset
        }
    }
}

fn trigger(root: &Place<'_>, trigger: &Place<'_>, out: &mut Vec<Problem>) {
    const PROPERTIES: &str = "trigger_properties";
    let Found::Is(kind) = trigger.text("trigger_type") else {
        return;
    };
    let scheduled = trigger.block(PROPERTIES).block("scheduled");
    match (kind, &scheduled) {
        ("Scheduled", Found::Unset) => {
            let detail = "`trigger_type = \"Scheduled\"` needs a schedule.";
            out.push(
                Problem::error(trigger.path.clone(), "Missing schedule", detail).with_help(
                    "Write `trigger_properties { scheduled { schedule_expression = \
                     \"rate(1hours)\" } }`.",
                ),
            );
        }
        ("OnDemand" | "Event", Found::Is(place)) => {
            let detail = format!("A flow with `trigger_type = \"{kind}\"` has no schedule.");
            let help = format!("Remove `{PROPERTIES}`, or set `trigger_type = \"Scheduled\"`.");
            out.push(
                Problem::error(place.path.clone(), "Schedule without effect", detail)
                    .with_help(help),
            );
        }
        _ => {}
    }
    if let ("OnDemand", Found::Is(SUSPENDED)) = (kind, root.text(STATUS)) {
        let detail = "A flow with `trigger_type = \"OnDemand\"` runs when somebody starts it; there is nothing to stop.";
        out.push(
            Problem::error(
                root.path.child(STATUS),
                "Flow that cannot be stopped",
                detail,
            )
            .with_help(format!(
                "Remove `{STATUS}`, or set it to \"{ACTIVE}\", which it always is."
            )),
        );
    }
    if let Found::Is(source) = root.block(SOURCE)
        && let Found::Is(pull) = source.block("incremental_pull_config")
        && kind != "Scheduled"
    {
        let detail =
            format!("Incremental pulls are of flows with a schedule; `trigger_type` is `{kind}`.");
        out.push(Problem::warning(pull.path, "Block without effect", detail));
    }
    if let Found::Is(scheduled) = scheduled {
        schedule(&scheduled, out);
    }
}

fn schedule(place: &Place<'_>, out: &mut Vec<Problem>) {
    const TIMES: [&str; 3] = [
        "schedule_start_time",
        "schedule_end_time",
        "first_execution_from",
    ];
    for name in TIMES {
        // What is no time at all, the table says.
        if let Found::Is(value) = place.argument(name)
            && value.as_str().is_some_and(looks_like_a_time)
            && DateTime::from_value(value).is_none()
        {
            let detail = format!("`{name}` is a day or a time that does not exist.");
            let help = "Write a time as in RFC 3339: \"2026-12-31T23:00:00Z\".";
            let summary = format!("Invalid value for `{name}`");
            out.push(Problem::error(place.path.child(name), summary, detail).with_help(help));
        }
    }
    let time = |name: &str| match place.argument(name) {
        Found::Is(value) => DateTime::from_value(value),
        _ => None,
    };
    if let (Some(start), Some(end)) = (time(TIMES[0]), time(TIMES[1]))
        && start >= end
    {
        let detail = "The schedule ends before it begins.";
        let path = place.path.child(TIMES[1]);
        out.push(
            Problem::error(path, "Schedule that never runs", detail).with_help(format!(
                "Write a later `{}`, or an earlier `{}`.",
                TIMES[1], TIMES[0]
            )),
        );
    }
    if let Found::Is(text) = place.text("schedule_expression")
        && !is_schedule(text)
    {
        let detail = format!(
            "AppFlow knows rates, such as `rate(5minutes)`, and `cron(…)` expressions; it may refuse `{text}`."
        );
        out.push(
            Problem::warning(
                place.path.child("schedule_expression"),
                "Unusual schedule expression",
                detail,
            )
            .with_help(
                "Write `rate(NUMBERunit)` with one of the units minutes, hours, days, weeks and months.",
            ),
        );
    }
}

fn looks_like_a_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T'
}

/// Whether an expression has the form of one that the service's documentation shows.
fn is_schedule(text: &str) -> bool {
    const UNITS: [&str; 5] = ["minute", "hour", "day", "week", "month"];
    let inside = |name: &str| {
        let rest = text.trim().strip_prefix(name)?.trim_start();
        rest.strip_prefix('(')?.strip_suffix(')').map(str::trim)
    };
    if inside("cron").is_some() || inside("at").is_some() {
        return true;
    }
    let Some(rate) = inside("rate") else {
        return false;
    };
    let unit = rate.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &rate[..rate.len() - unit.len()];
    let unit = unit.trim();
    number.parse::<u32>().is_ok_and(|number| number > 0)
        && UNITS.contains(&unit.strip_suffix('s').unwrap_or(unit))
}

#[cfg(test)]
mod tests;
