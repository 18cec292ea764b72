//! Connector profiles.

use std::time::Instant;

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::{Context, NOTHING, Operation, connectors, flag, millis, optional, text, timestamp};
use crate::error::{ErrorKind, ServiceError};
use crate::page::Page;
use crate::store::tokens::once;
use crate::store::{Database, Lag, ProfileRow};
use crate::{arn, rules};

const CONFIG: &str = "connectorProfileConfig";
const PROPERTIES: &str = "connectorProfileProperties";
const COLUMNS: &str = "name, type, label, detail, private_ready_at, private_failed";

pub(super) fn create(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    once(
        database,
        context,
        Operation::CreateConnectorProfile,
        input,
        |transaction, lag| {
            let name = text(input, "connectorProfileName");
            let kind = text(input, "connectorType");
            let label = optional(input, "connectorLabel");
            rules::check_type(kind, label)?;
            rules::check_config(kind, config(input))?;
            if let Some(label) = label {
                connectors::must_be_registered(transaction, context, label)?;
            }
            check_roles(lag, context, input)?;
            if find(transaction, context, name)?.is_some() {
                return Err(ServiceError::new(
                    ErrorKind::Conflict,
                    format!(
                        "ConnectorProfile with name {name} already exists in this account and region"
                    ),
                ));
            }
            check_quota(transaction, context)?;

            let detail = Detail {
                arn: context.arn("connectorprofile", name),
                credentials_arn: arn::secret(&context.region, &context.account, name),
                created_at: timestamp(context.now),
            };
            let row = row(context, input, (name, kind, label), detail);
            save(transaction, context, &row)?;
            remember_lag(lag, context, name, None);
            Ok(arn_answer(context, name))
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
        Operation::UpdateConnectorProfile,
        input,
        |transaction, lag| {
            let name = text(input, "connectorProfileName");
            let before = find(transaction, context, name)?.ok_or_else(|| not_found(name))?;
            rules::check_config(&before.kind, config(input))?;
            check_roles(lag, context, input)?;

            let old: Value = serde_json::from_str(&before.detail).unwrap_or_default();
            let detail = Detail {
                arn: text(&old, "connectorProfileArn").to_owned(),
                credentials_arn: text(&old, "credentialsArn").to_owned(),
                created_at: old.get("createdAt").cloned().unwrap_or_default(),
            };
            let row = row(
                context,
                input,
                (name, &before.kind, before.label.as_deref()),
                detail,
            );
            save(transaction, context, &row)?;
            remember_lag(lag, context, name, Some(before));
            Ok(arn_answer(context, name))
        },
    )
}

pub(super) fn delete(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let name = text(input, "connectorProfileName");
    let (transaction, _, lag) = database.write()?;
    let before = find(&transaction, context, name)?.ok_or_else(|| not_found(name))?;
    if !flag(input, "forceDelete") {
        let flows = transaction
            .prepare_cached(
                "SELECT flow FROM flow_profiles WHERE scope = ?1 AND profile = ?2 ORDER BY flow",
            )?
            .query_map(params![context.scope, name], |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        if !flows.is_empty() {
            return Err(ServiceError::new(
                ErrorKind::Conflict,
                format!(
                    "ConnectorProfile with name {name} is in use by flows: {}. Set forceDelete \
                     to delete it all the same",
                    flows.join(", ")
                ),
            ));
        }
    }
    transaction
        .prepare_cached("DELETE FROM profiles WHERE scope = ?1 AND name = ?2")?
        .execute(params![context.scope, name])?;
    // A token answers for a profile that is there: it must not say that a deleted one was made.
    transaction
        .prepare_cached("DELETE FROM tokens WHERE scope = ?1 AND answer = ?2")?
        .execute(params![context.scope, arn_answer(context, name)])?;
    transaction.commit()?;
    remember_lag(lag, context, name, Some(before));
    Ok(NOTHING.to_owned())
}

pub(super) fn describe(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    let page = Page::asked("DescribeConnectorProfiles", context, input)?;
    let kind = optional(input, "connectorType");
    let label = optional(input, "connectorLabel");
    // An empty list of names is no filter.
    let names = input.get("connectorProfileNames").and_then(Value::as_array);
    let mut names: Option<Vec<&str>> = names.filter(|names| !names.is_empty()).map(|names| {
        names
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name > page.after.as_str())
            .collect()
    });
    if let Some(names) = &mut names {
        names.sort_unstable();
        names.dedup();
    }

    let (transaction, lag) = database.read()?;
    let wanted = |row: &ProfileRow| {
        kind.is_none_or(|kind| row.kind == kind)
            && label.is_none_or(|label| row.label.as_deref() == Some(label))
    };
    forget_lag(lag);
    let lagging: Vec<_> = lag
        .profiles
        .iter()
        .filter(|((scope, _), _)| *scope == context.scope)
        .collect();
    // Rows that lag are replaced below, so as many more are read.
    let limit = page.limit() + lagging.len();
    let mut rows = match &names {
        Some(names) => {
            let mut rows = Vec::new();
            for name in names {
                rows.extend(find(&transaction, context, name)?.filter(|row| wanted(row)));
                if rows.len() >= limit {
                    break;
                }
            }
            rows
        }
        None => list(&transaction, context, &page.after, kind, label, limit)?,
    };
    rows.retain(|row| lagging.iter().all(|((_, name), _)| *name != row.name));
    rows.extend(
        lagging
            .into_iter()
            .filter_map(|(_, (_, before))| before.clone())
            .filter(|row| {
                let named = names
                    .as_ref()
                    .is_none_or(|names| names.contains(&row.name.as_str()));
                wanted(row) && row.name > page.after && named
            }),
    );
    rows.sort_unstable_by(|a, b| a.name.cmp(&b.name));

    let next = page.cut(&mut rows, |row| &row.name);
    // The stored details are JSON already: joined as text, they need not be read again.
    let details: Vec<String> = rows
        .into_iter()
        .map(|row| with_private_state(row, context.now))
        .collect();
    let next = next.map_or_else(String::new, |token| format!(",\"nextToken\":\"{token}\""));
    Ok(format!(
        "{{\"connectorProfileDetails\":[{}]{next}}}",
        details.join(",")
    ))
}

pub(super) fn reset_cache(
    database: &mut Database,
    context: &Context,
    input: &Value,
) -> Result<String, ServiceError> {
    if let Some(name) = optional(input, "connectorProfileName") {
        let (transaction, _) = database.read()?;
        find(&transaction, context, name)?.ok_or_else(|| not_found(name))?;
    }
    Ok(NOTHING.to_owned())
}

/// The connector type of the profile of that name, if there is one.
pub(super) fn kind(
    transaction: &Transaction<'_>,
    context: &Context,
    name: &str,
) -> Result<Option<String>, ServiceError> {
    Ok(find(transaction, context, name)?.map(|row| row.kind))
}

pub(super) fn not_found(name: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::NotFound,
        format!("Connector Profile with name {name} does not exist."),
    )
}

fn arn_answer(context: &Context, name: &str) -> String {
    json!({"connectorProfileArn": context.arn("connectorprofile", name)}).to_string()
}

fn config(input: &Value) -> &Value {
    input.get(CONFIG).unwrap_or(&Value::Null)
}

fn check_quota(transaction: &Transaction<'_>, context: &Context) -> Result<(), ServiceError> {
    let Some(quota) = context.quota else {
        return Ok(());
    };
    let used: i64 = transaction
        .prepare_cached("SELECT count(*) FROM profiles WHERE scope = ?1")?
        .query_row([&context.scope], |row| row.get(0))?;
    if used < i64::from(quota) {
        return Ok(());
    }
    Err(ServiceError::new(
        ErrorKind::QuotaExceeded,
        format!("The account has reached its quota of {quota} connector profiles"),
    ))
}

/// With a `role-lag` rule: a role is as new to the service as its first mention here.
fn check_roles(lag: &mut Lag, context: &Context, input: &Value) -> Result<(), ServiceError> {
    let Some(time) = context.role_lag else {
        return Ok(());
    };
    let properties = config(input).get(PROPERTIES).and_then(Value::as_object);
    for block in properties.into_iter().flat_map(Map::values) {
        for role in ["roleArn", "dataApiRoleArn"]
            .iter()
            .filter_map(|member| optional(block, member))
        {
            let first = *lag
                .roles
                .entry(role.to_owned())
                .or_insert_with(Instant::now);
            if first.elapsed() < time {
                return Err(ServiceError::rule(format!(
                    "Amazon AppFlow is not authorized to assume the role {role}"
                )));
            }
        }
    }
    Ok(())
}

fn remember_lag(lag: &mut Lag, context: &Context, name: &str, before: Option<ProfileRow>) {
    if let Some(time) = context.stale {
        let key = (context.scope.clone(), name.to_owned());
        lag.profiles.insert(key, (Instant::now() + time, before));
    }
}

fn forget_lag(lag: &mut Lag) {
    if !lag.profiles.is_empty() {
        let now = Instant::now();
        lag.profiles.retain(|_, (until, _)| *until > now);
    }
}

/// What outlives an update.
struct Detail {
    arn: String,
    credentials_arn: String,
    created_at: Value,
}

fn row(
    context: &Context,
    input: &Value,
    (name, kind, label): (&str, &str, Option<&str>),
    kept: Detail,
) -> ProfileRow {
    let mode = text(input, "connectionMode");
    let mut detail = Map::new();
    detail.insert("connectorProfileArn".into(), kept.arn.into());
    detail.insert("connectorProfileName".into(), name.into());
    detail.insert("connectorType".into(), kind.into());
    if let Some(label) = label {
        detail.insert("connectorLabel".into(), label.into());
    }
    detail.insert("connectionMode".into(), mode.into());
    detail.insert("credentialsArn".into(), kept.credentials_arn.into());
    detail.insert(PROPERTIES.into(), as_stored(config(input).get(PROPERTIES)));
    detail.insert("createdAt".into(), kept.created_at);
    detail.insert("lastUpdatedAt".into(), timestamp(context.now));
    let private = mode == "Private";
    ProfileRow {
        name: name.to_owned(),
        kind: kind.to_owned(),
        label: label.map(str::to_owned),
        detail: Value::Object(detail).to_string(),
        private_ready_at: private.then(|| {
            context
                .now
                .saturating_add(millis(context.private_provisioning))
        }),
        private_failed: private && context.private_failed,
    }
}

/// The properties as the service keeps them: a Snowflake stage always begins with `@`.
fn as_stored(properties: Option<&Value>) -> Value {
    let mut properties = properties.cloned().unwrap_or_default();
    if let Some(Value::String(stage)) = properties.pointer_mut("/Snowflake/stage")
        && !stage.starts_with('@')
    {
        stage.insert(0, '@');
    }
    properties
}

fn with_private_state(row: ProfileRow, now: i64) -> String {
    let Some(ready_at) = row.private_ready_at else {
        return row.detail;
    };
    let mut detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
    let state = match (now >= ready_at, row.private_failed) {
        (false, _) => json!({"status": "PENDING"}),
        (true, false) => json!({"status": "CREATED"}),
        (true, true) => json!({
            "status": "FAILED",
            "failureMessage": "The endpoint service did not accept the private connection",
            "failureCause": "ACCESS_DENIED",
        }),
    };
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("privateConnectionProvisioningState".into(), state);
    }
    detail.to_string()
}

fn read(row: &Row<'_>) -> rusqlite::Result<ProfileRow> {
    Ok(ProfileRow {
        name: row.get(0)?,
        kind: row.get(1)?,
        label: row.get(2)?,
        detail: row.get(3)?,
        private_ready_at: row.get(4)?,
        private_failed: row.get(5)?,
    })
}

fn find(
    transaction: &Transaction<'_>,
    context: &Context,
    name: &str,
) -> Result<Option<ProfileRow>, ServiceError> {
    Ok(transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM profiles WHERE scope = ?1 AND name = ?2"
        ))?
        .query_row(params![context.scope, name], read)
        .optional()?)
}

fn list(
    transaction: &Transaction<'_>,
    context: &Context,
    after: &str,
    kind: Option<&str>,
    label: Option<&str>,
    limit: usize,
) -> Result<Vec<ProfileRow>, ServiceError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM profiles
         WHERE scope = ?1 AND name > ?2 AND (?3 IS NULL OR type = ?3) AND (?4 IS NULL OR label = ?4)
         ORDER BY name LIMIT ?5"
    ))?;
    let rows = statement.query_map(params![context.scope, after, kind, label, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn save(
    transaction: &Transaction<'_>,
    context: &Context,
    row: &ProfileRow,
) -> Result<(), ServiceError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO profiles VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            context.scope,
            row.name,
            row.kind,
            row.label,
            row.detail,
            row.private_ready_at,
            row.private_failed,
        ])?;
    Ok(())
}
