//! Tags of flows and registered connectors. Connector profiles take none in this API.

use rusqlite::{Transaction, params};
use serde_json::{Map, Value, json};

use super::{Context, NOTHING, connectors, flows, text};
use crate::arn;
use crate::error::{ErrorKind, ServiceError};
use crate::store::Database;

const LIMIT: usize = 50;

pub(super) fn tag(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let arn = text(input, "resourceArn");
    let (transaction, _, _) = database.write()?;
    check(&transaction, context, arn)?;
    set(&transaction, arn, input.get("tags").unwrap_or(&Value::Null))?;
    if get(&transaction, arn)?.as_object().map_or(0, Map::len) > LIMIT {
        return Err(ServiceError::rule(format!(
            "A resource can have at most {LIMIT} tags"
        )));
    }
    transaction.commit()?;
    Ok(NOTHING.to_owned())
}

pub(super) fn untag(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let arn = text(input, "resourceArn");
    let (transaction, _, _) = database.write()?;
    check(&transaction, context, arn)?;
    for key in input
        .get("tagKeys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        transaction
            .prepare_cached("DELETE FROM tags WHERE arn = ?1 AND key = ?2")?
            .execute(params![arn, key.as_str()])?;
    }
    transaction.commit()?;
    Ok(NOTHING.to_owned())
}

pub(super) fn list(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let arn = text(input, "resourceArn");
    let (transaction, _) = database.read()?;
    check(&transaction, context, arn)?;
    Ok(json!({"tags": get(&transaction, arn)?}).to_string())
}

/// Adds tags, over earlier ones of the same keys.
pub(super) fn set(
    transaction: &Transaction<'_>,
    arn: &str,
    tags: &Value,
) -> Result<(), ServiceError> {
    for (key, value) in tags.as_object().into_iter().flatten() {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO tags VALUES (?1, ?2, ?3)")?
            .execute(params![arn, key, value.as_str()])?;
    }
    Ok(())
}

pub(super) fn get(transaction: &Transaction<'_>, arn: &str) -> Result<Value, ServiceError> {
    let mut statement =
        transaction.prepare_cached("SELECT key, value FROM tags WHERE arn = ?1 ORDER BY key")?;
    let rows = statement.query_map([arn], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?.into()))
    })?;
    Ok(Value::Object(
        rows.collect::<Result<Map<String, Value>, _>>()?,
    ))
}

fn check(transaction: &Transaction<'_>, context: &Context, arn: &str) -> Result<(), ServiceError> {
    let exists = match arn::parse(arn, &context.region, &context.account) {
        Some(("flow", name)) => flows::exists(transaction, context, name)?,
        Some(("connector", label)) => connectors::exists(transaction, context, label)?,
        Some(("connectorprofile", _)) => {
            return Err(ServiceError::rule(format!(
                "The resource {arn} does not support tags"
            )));
        }
        _ => false,
    };
    if exists {
        return Ok(());
    }
    Err(ServiceError::new(
        ErrorKind::NotFound,
        format!("The resource {arn} does not exist"),
    ))
}
