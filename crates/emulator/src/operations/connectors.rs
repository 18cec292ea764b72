//! Connector types and registered custom connectors.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::{Map, Value, json};

use super::{Context, NOTHING, Operation, flag, optional, page_answer, text, timestamp};
use crate::error::{ErrorKind, ServiceError};
use crate::page::Page;
use crate::rules;
use crate::service::{SERVICE, Shape};
use crate::store::Database;
use crate::store::tokens::once;

const CUSTOM: &str = "CustomConnector";

pub(super) fn register(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    once(
        database,
        context,
        Operation::RegisterConnector,
        input,
        |transaction, _| {
            let label = optional(input, "connectorLabel")
                .ok_or_else(|| ServiceError::rule("ConnectorLabel cannot be blank"))?;
            must_have_lambda(input)?;
            if find(transaction, context, label)?.is_some() {
                return Err(ServiceError::new(
                    ErrorKind::Conflict,
                    format!("Connector with label {label} is already registered"),
                ));
            }
            let mut detail = custom(context, label, context.now);
            describe_as(&mut detail, input);
            save(transaction, context, label, Some(&detail))?;
            Ok(json!({"connectorArn": context.arn("connector", label)}).to_string())
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
        Operation::UpdateConnectorRegistration,
        input,
        |transaction, _| {
            let label = text(input, "connectorLabel");
            let mut detail = find(transaction, context, label)?.ok_or_else(|| not_found(label))?;
            if input.get("connectorProvisioningConfig").is_some() {
                must_have_lambda(input)?;
            }
            describe_as(&mut detail, input);
            save(transaction, context, label, Some(&detail))?;
            Ok(json!({"connectorArn": context.arn("connector", label)}).to_string())
        },
    )
}

/// The one way in which connectors are provisioned.
fn must_have_lambda(input: &Value) -> Result<(), ServiceError> {
    if input
        .pointer("/connectorProvisioningConfig/lambda")
        .is_some()
    {
        return Ok(());
    }
    Err(ServiceError::rule(
        "ConnectorProvisioningConfig.lambda cannot be null",
    ))
}

/// Copies what a registration says of the connector.
fn describe_as(detail: &mut Value, input: &Value) {
    const SAID: [(&str, &str); 3] = [
        ("connectorDescription", "description"),
        ("connectorProvisioningType", "connectorProvisioningType"),
        ("connectorProvisioningConfig", "connectorProvisioningConfig"),
    ];
    let Some(detail) = detail.as_object_mut() else {
        return;
    };
    for (to, from) in SAID {
        if let Some(value) = input.get(from) {
            detail.insert(to.to_owned(), value.clone());
        }
    }
}

pub(super) fn unregister(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let label = text(input, "connectorLabel");
    let (transaction, _, _) = database.write()?;
    find(&transaction, context, label)?.ok_or_else(|| not_found(label))?;
    let used: bool = transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM profiles WHERE scope = ?1 AND label = ?2)")?
        .query_row(params![context.scope, label], |row| row.get(0))?;
    if used && !flag(input, "forceDelete") {
        return Err(ServiceError::new(
            ErrorKind::Conflict,
            format!("Connector with label {label} is in use by connector profiles"),
        ));
    }
    save(&transaction, context, label, None)?;
    transaction.execute(
        "DELETE FROM tags WHERE arn = ?1",
        [context.arn("connector", label)],
    )?;
    transaction.commit()?;
    Ok(NOTHING.to_owned())
}

pub(super) fn describe(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let kind = text(input, "connectorType");
    let configuration = match (kind, optional(input, "connectorLabel")) {
        (CUSTOM, Some(label)) => {
            let (transaction, _) = database.read()?;
            find(&transaction, context, label)?.ok_or_else(|| not_found(label))?
        }
        (CUSTOM, None) => {
            return Err(ServiceError::rule(
                "ConnectorLabel cannot be blank for connector: CUSTOMCONNECTOR",
            ));
        }
        (kind, _) => built_in(kind),
    };
    Ok(json!({"connectorConfiguration": configuration}).to_string())
}

pub(super) fn describe_all(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let only: Option<Vec<&str>> = input
        .get("connectorTypes")
        .and_then(Value::as_array)
        .map(|kinds| kinds.iter().filter_map(Value::as_str).collect());
    let wanted = |kind: &str| {
        only.as_ref()
            .is_none_or(|only| only.is_empty() || only.contains(&kind))
    };
    let (connectors, next) = listing(database, context, input, "DescribeConnectors", wanted)?;
    let configurations: Map<String, Value> = connectors
        .iter()
        .map(|detail| text(detail, "connectorType"))
        .filter(|kind| *kind != CUSTOM)
        .map(|kind| (kind.to_owned(), built_in(kind)))
        .collect();
    Ok(page_answer(
        json!({"connectorConfigurations": configurations, "connectors": summaries(connectors)}),
        next,
    ))
}

pub(super) fn list(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let (connectors, next) = listing(database, context, input, "ListConnectors", |_| true)?;
    Ok(page_answer(
        json!({"connectors": summaries(connectors)}),
        next,
    ))
}

/// Refuses a label that no connector is registered under.
pub(super) fn must_be_registered(
    transaction: &Transaction<'_>,
    context: &Context,
    label: &str,
) -> Result<(), ServiceError> {
    match find(transaction, context, label)? {
        Some(_) => Ok(()),
        None => Err(ServiceError::new(
            ErrorKind::NotFound,
            format!(
                "Connector:{label} is not registered. Please register it first before creating \
                 ConnectorProfile."
            ),
        )),
    }
}

/// Whether a connector is registered under that label.
pub(super) fn exists(
    transaction: &Transaction<'_>,
    context: &Context,
    label: &str,
) -> Result<bool, ServiceError> {
    Ok(find(transaction, context, label)?.is_some())
}

fn not_found(label: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::NotFound,
        format!("Connector with label {label} is not registered"),
    )
}

/// One page of connectors in order of type and label.
fn listing(
    database: &mut Database,
    context: &Context,
    input: &Value,
    operation: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<(Vec<Value>, Option<String>), ServiceError> {
    let page = Page::asked(operation, context, input)?;
    let (transaction, _) = database.read()?;
    let mut all: Vec<(String, Value)> = kinds()
        .filter(|kind| *kind != CUSTOM)
        .map(|kind| (kind.to_owned(), built_in(kind)))
        .collect();
    for (label, detail) in registered(&transaction, context)? {
        all.push((format!("{CUSTOM}/{label}"), detail));
    }
    all.retain(|(key, detail)| *key > page.after && wanted(text(detail, "connectorType")));
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let next = page.cut(&mut all, |(key, _)| key);
    Ok((all.into_iter().map(|(_, detail)| detail).collect(), next))
}

/// The members that a list of connectors shows of each.
fn summaries(connectors: Vec<Value>) -> Vec<Value> {
    const SHOWN: [&str; 10] = [
        "connectorDescription",
        "connectorName",
        "connectorOwner",
        "connectorVersion",
        "connectorType",
        "connectorLabel",
        "registeredAt",
        "registeredBy",
        "connectorProvisioningType",
        "connectorModes",
    ];
    let shorten = |detail: Value| match detail {
        Value::Object(mut detail) => {
            detail.retain(|name, _| SHOWN.contains(&name.as_str()));
            Value::Object(detail)
        }
        other => other,
    };
    connectors.into_iter().map(shorten).collect()
}

fn kinds() -> impl Iterator<Item = &'static str> {
    let kinds = match SERVICE.shape("ConnectorType") {
        Some(Shape::String(shape)) => shape.values.as_deref(),
        _ => None,
    };
    kinds.unwrap_or_default().iter().map(String::as_str)
}

/// What is said of a connector that the service brings along: the model tells which can be a
/// source or a destination of flows.
fn built_in(kind: &str) -> Value {
    let block = rules::block_of(kind);
    let is = |shape: &str| SERVICE.members(shape).any(|member| member == block);
    let (source, destination) = (
        is("SourceConnectorProperties"),
        is("DestinationConnectorProperties"),
    );
    let modes: Vec<&str> = [(source, "SOURCE"), (destination, "DESTINATION")]
        .iter()
        .filter(|(can, _)| *can)
        .map(|(_, mode)| *mode)
        .collect();
    json!({
        "canUseAsSource": source,
        "canUseAsDestination": destination,
        "isPrivateLinkEnabled": matches!(kind, "Salesforce" | "SAPOData" | "Snowflake"),
        "isPrivateLinkEndpointUrlRequired": false,
        "connectorType": kind,
        "connectorName": kind,
        "connectorOwner": "AWS",
        "connectorVersion": "1.0",
        "connectorModes": modes,
    })
}

fn custom(context: &Context, label: &str, registered_at: i64) -> Value {
    json!({
        "canUseAsSource": true,
        "canUseAsDestination": true,
        "isPrivateLinkEnabled": false,
        "isPrivateLinkEndpointUrlRequired": false,
        "connectorType": CUSTOM,
        "connectorLabel": label,
        "connectorName": label,
        "connectorOwner": &*context.account,
        "connectorVersion": "1.0",
        "connectorArn": context.arn("connector", label),
        "connectorModes": ["SOURCE", "DESTINATION"],
        "registeredAt": timestamp(registered_at),
        "registeredBy": format!("arn:{}:iam::{}:root", crate::arn::partition(&context.region), context.account),
        "connectorProvisioningType": "LAMBDA",
    })
}

fn find(
    transaction: &Transaction<'_>,
    context: &Context,
    label: &str,
) -> Result<Option<Value>, ServiceError> {
    let stored: Option<Option<String>> = transaction
        .prepare_cached("SELECT detail FROM connectors WHERE scope = ?1 AND label = ?2")?
        .query_row(params![context.scope, label], |row| row.get(0))
        .optional()?;
    Ok(match stored {
        Some(detail) => detail.and_then(|detail| serde_json::from_str(&detail).ok()),
        None => context
            .connectors
            .iter()
            .any(|known| known == label)
            .then(|| custom(context, label, 0)),
    })
}

fn registered(
    transaction: &Transaction<'_>,
    context: &Context,
) -> Result<Vec<(String, Value)>, ServiceError> {
    let mut labels: Vec<String> = context.connectors.to_vec();
    let mut statement =
        transaction.prepare_cached("SELECT label FROM connectors WHERE scope = ?1")?;
    for label in statement.query_map([&context.scope], |row| row.get(0))? {
        labels.push(label?);
    }
    labels.sort_unstable();
    labels.dedup();
    let mut connectors = Vec::new();
    for label in labels {
        if let Some(detail) = find(transaction, context, &label)? {
            connectors.push((label, detail));
        }
    }
    Ok(connectors)
}

fn save(
    transaction: &Transaction<'_>,
    context: &Context,
    label: &str,
    detail: Option<&Value>,
) -> Result<(), ServiceError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO connectors VALUES (?1, ?2, ?3)")?
        .execute(params![context.scope, label, detail.map(Value::to_string)])?;
    Ok(())
}
