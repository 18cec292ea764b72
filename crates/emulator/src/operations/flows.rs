//! Flows, as documents: checked by their shapes, stored as sent, never run for real.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::{Map, Value, json};

use super::{Context, NOTHING, Operation, optional, page_answer, profiles, tags, text, timestamp};
use crate::error::{ErrorKind, ServiceError};
use crate::page::Page;
use crate::rules;
use crate::store::Database;
use crate::store::tokens::once;

pub(super) fn create(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    once(
        database,
        context,
        Operation::CreateFlow,
        input,
        |transaction, _| {
            let name = text(input, "flowName");
            rules::check_flow(input)?;
            if find(transaction, context, name)?.is_some() {
                return Err(ServiceError::new(
                    ErrorKind::Conflict,
                    format!("Flow with name {name} already exists in this account and region"),
                ));
            }
            let arn = context.arn("flow", name);
            // A flow on demand can run at once; the others wait to be started.
            let status = if on_demand(input) { "Active" } else { "Draft" };
            let caller = format!(
                "arn:{}:iam::{}:root",
                crate::arn::partition(&context.region),
                context.account
            );
            let mut detail = Map::new();
            detail.insert("flowArn".into(), arn.clone().into());
            detail.insert("flowStatus".into(), status.into());
            detail.insert("createdAt".into(), timestamp(context.now));
            detail.insert("createdBy".into(), caller.into());
            detail.insert("schemaVersion".into(), 1.into());
            if let Some(kms) = input.get("kmsArn") {
                detail.insert("kmsArn".into(), kms.clone());
            }
            apply(&mut detail, context, input);
            connect(transaction, context, name, input)?;
            save(transaction, context, name, &Value::Object(detail))?;
            if let Some(given) = input.get("tags") {
                tags::set(transaction, &arn, given)?;
            }
            Ok(json!({"flowArn": arn, "flowStatus": status}).to_string())
        },
    )
}

pub(super) fn update(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    once(
        database,
        context,
        Operation::UpdateFlow,
        input,
        |transaction, _| {
            let name = text(input, "flowName");
            let mut detail = existing(transaction, context, name)?;
            rules::check_flow(input)?;
            if let Some(detail) = detail.as_object_mut() {
                if detail.get("tasks") != input.get("tasks") {
                    let version = detail
                        .get("schemaVersion")
                        .and_then(Value::as_i64)
                        .unwrap_or(0);
                    detail.insert("schemaVersion".into(), version.saturating_add(1).into());
                }
                apply(detail, context, input);
            }
            connect(transaction, context, name, input)?;
            save(transaction, context, name, &detail)?;
            Ok(json!({"flowStatus": text(&detail, "flowStatus")}).to_string())
        },
    )
}

pub(super) fn describe(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let (transaction, _) = database.read()?;
    let mut detail = existing(&transaction, context, text(input, "flowName"))?;
    let tags = tags::get(&transaction, text(&detail, "flowArn"))?;
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("tags".into(), tags);
    }
    Ok(detail.to_string())
}

pub(super) fn delete(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let name = text(input, "flowName");
    let (transaction, _, _) = database.write()?;
    let detail = existing(&transaction, context, name)?;
    let scope = &context.scope;
    transaction.execute(
        "DELETE FROM flows WHERE scope = ?1 AND name = ?2",
        params![scope, name],
    )?;
    transaction.execute(
        "DELETE FROM flow_profiles WHERE scope = ?1 AND flow = ?2",
        params![scope, name],
    )?;
    transaction.execute(
        "DELETE FROM tags WHERE arn = ?1",
        [text(&detail, "flowArn")],
    )?;
    transaction.commit()?;
    Ok(NOTHING.to_owned())
}

pub(super) fn list(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let page = Page::asked("ListFlows", context, input)?;
    let (transaction, _) = database.read()?;
    let mut statement = transaction.prepare_cached(
        "SELECT name, detail FROM flows WHERE scope = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
    )?;
    let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
    let mut rows = statement
        .query_map(params![context.scope, page.after, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    let next = page.cut(&mut rows, |(name, _)| name);
    let flows = rows.iter().map(|(_, detail)| summary(&transaction, detail));
    let flows = flows.collect::<Result<Vec<_>, _>>()?;
    Ok(page_answer(json!({"flows": flows}), next))
}

pub(super) fn start(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    once(
        database,
        context,
        Operation::StartFlow,
        input,
        |transaction, _| {
            let name = text(input, "flowName");
            let mut detail = existing(transaction, context, name)?;
            let mut answer = json!({"flowArn": text(&detail, "flowArn"), "flowStatus": "Active"});
            let runs = on_demand(&detail);
            if let Some(detail) = detail.as_object_mut() {
                detail.insert("flowStatus".into(), "Active".into());
                if runs {
                    let run = json!({
                        "mostRecentExecutionMessage": "Success",
                        "mostRecentExecutionTime": timestamp(context.now),
                        "mostRecentExecutionStatus": "Successful",
                    });
                    detail.insert("lastRunExecutionDetails".into(), run);
                }
            }
            if let Some(answer) = answer.as_object_mut().filter(|_| runs) {
                answer.insert(
                    "executionId".into(),
                    uuid::Uuid::new_v4().to_string().into(),
                );
            }
            save(transaction, context, name, &detail)?;
            Ok(answer.to_string())
        },
    )
}

pub(super) fn stop(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let name = text(input, "flowName");
    let (transaction, _, _) = database.write()?;
    let mut detail = existing(&transaction, context, name)?;
    if on_demand(&detail) {
        return Err(ServiceError::new(
            ErrorKind::UnsupportedOperation,
            format!("Flow with name {name} runs on demand and cannot be stopped"),
        ));
    }
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("flowStatus".into(), "Suspended".into());
    }
    save(&transaction, context, name, &detail)?;
    transaction.commit()?;
    Ok(json!({"flowArn": text(&detail, "flowArn"), "flowStatus": "Suspended"}).to_string())
}

/// Whether there is a flow of that name.
pub(super) fn exists(
    transaction: &Transaction<'_>,
    context: &Context,
    name: &str,
) -> Result<bool, ServiceError> {
    Ok(find(transaction, context, name)?.is_some())
}

fn on_demand(flow: &Value) -> bool {
    flow.pointer("/triggerConfig/triggerType")
        .and_then(Value::as_str)
        == Some("OnDemand")
}

/// Copies what the request says of the flow; what it leaves out is gone.
fn apply(detail: &mut Map<String, Value>, context: &Context, input: &Value) {
    const SAID: [&str; 7] = [
        "flowName",
        "description",
        "sourceFlowConfig",
        "destinationFlowConfigList",
        "triggerConfig",
        "tasks",
        "metadataCatalogConfig",
    ];
    for member in SAID {
        match input.get(member) {
            Some(value) => detail.insert(member.to_owned(), value.clone()),
            None => detail.shift_remove(member),
        };
    }
    detail.insert("lastUpdatedAt".into(), timestamp(context.now));
}

/// Checks the profiles that the flow names and notes that it uses them.
fn connect(
    transaction: &Transaction<'_>,
    context: &Context,
    flow: &str,
    input: &Value,
) -> Result<(), ServiceError> {
    let scope = &context.scope;
    transaction.execute(
        "DELETE FROM flow_profiles WHERE scope = ?1 AND flow = ?2",
        params![scope, flow],
    )?;
    let destinations = input
        .get("destinationFlowConfigList")
        .and_then(Value::as_array);
    let ends = input
        .get("sourceFlowConfig")
        .into_iter()
        .chain(destinations.into_iter().flatten());
    for end in ends {
        let kind = text(end, "connectorType");
        match optional(end, "connectorProfileName") {
            Some(profile) => {
                let found = profiles::kind(transaction, context, profile)?;
                let found = found.ok_or_else(|| profiles::not_found(profile))?;
                if found != kind {
                    return Err(ServiceError::rule(format!(
                        "ConnectorProfile {profile} is for connector {found}, not for {kind}"
                    )));
                }
                transaction.execute(
                    "INSERT OR IGNORE INTO flow_profiles VALUES (?1, ?2, ?3)",
                    params![scope, profile, flow],
                )?;
            }
            None if rules::has_profiles(kind) => {
                return Err(ServiceError::rule(format!(
                    "ConnectorProfileName cannot be blank for connector: {}",
                    kind.to_uppercase()
                )));
            }
            None => {}
        }
    }
    Ok(())
}

/// The members that a list of flows shows of each.
fn summary(transaction: &Transaction<'_>, detail: &str) -> Result<Value, ServiceError> {
    const SHOWN: [&str; 9] = [
        "flowArn",
        "description",
        "flowName",
        "flowStatus",
        "createdAt",
        "lastUpdatedAt",
        "createdBy",
        "lastUpdatedBy",
        "lastRunExecutionDetails",
    ];
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    let mut short = Map::new();
    let mut show = |name: &str, value: Option<&Value>| {
        if let Some(value) = value {
            short.insert(name.to_owned(), value.clone());
        }
    };
    for member in SHOWN {
        show(member, detail.get(member));
    }
    show(
        "sourceConnectorType",
        detail.pointer("/sourceFlowConfig/connectorType"),
    );
    show(
        "destinationConnectorType",
        detail.pointer("/destinationFlowConfigList/0/connectorType"),
    );
    show("triggerType", detail.pointer("/triggerConfig/triggerType"));
    show(
        "tags",
        Some(&tags::get(transaction, text(&detail, "flowArn"))?),
    );
    Ok(Value::Object(short))
}

fn existing(
    transaction: &Transaction<'_>,
    context: &Context,
    name: &str,
) -> Result<Value, ServiceError> {
    find(transaction, context, name)?.ok_or_else(|| {
        ServiceError::new(
            ErrorKind::NotFound,
            format!("Flow with name {name} does not exist."),
        )
    })
}

fn find(
    transaction: &Transaction<'_>,
    context: &Context,
    name: &str,
) -> Result<Option<Value>, ServiceError> {
    let stored: Option<String> = transaction
        .prepare_cached("SELECT detail FROM flows WHERE scope = ?1 AND name = ?2")?
        .query_row(params![context.scope, name], |row| row.get(0))
        .optional()?;
    Ok(stored.and_then(|detail| serde_json::from_str(&detail).ok()))
}

fn save(
    transaction: &Transaction<'_>,
    context: &Context,
    name: &str,
    detail: &Value,
) -> Result<(), ServiceError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO flows VALUES (?1, ?2, ?3)")?
        .execute(params![context.scope, name, detail.to_string()])?;
    Ok(())
}
