//! What can be done about a refusal: what only further questions to the service tell. None of
//! them may hide the refusal itself, so their own failures say nothing.

use aws_sdk_appflow::types::FlowDefinition;
use flowctl_model::Value;
use flowctl_schema::{ErrorKind, ProviderError, nearest};

use super::text;
use crate::client::{Client, Connection};
use crate::imported::other_account;

/// How many flows are looked into for one that uses a profile.
const FLOWS: usize = 200;

/// A refused creation.
pub(super) async fn create(
    connection: &Connection,
    planned: &Value,
    error: ProviderError,
) -> ProviderError {
    let name = text(planned, "name").unwrap_or_default();
    if error.kind == ErrorKind::Conflict && error.message.contains("already exists") {
        return error.with_hint(format!(
            "a profile of this name exists in the account and region: `flowctl import {name}` \
             adopts it, or choose another name"
        ));
    }
    match text(planned, "connector_label") {
        Some(label) if error.message.contains("not registered") => {
            let labels = labels(connection).await;
            error.with_hint(unregistered(label, &labels, &connection.region))
        }
        _ => error,
    }
}

/// A refused change.
pub(super) fn update(id: &str, error: ProviderError) -> ProviderError {
    match error.kind {
        ErrorKind::NotFound => error.with_hint(format!(
            "the profile {id} was deleted meanwhile; plan again to make it anew"
        )),
        _ => error,
    }
}

/// A deletion that was refused because of a conflict.
pub(super) async fn delete(
    connection: &Connection,
    name: &str,
    error: ProviderError,
) -> ProviderError {
    let flows = users_of(connection, name).await;
    let who = if flows.is_empty() {
        "flows may still use the profile".to_owned()
    } else {
        format!("these flows use the profile: {}", flows.join(", "))
    };
    error.with_hint(format!(
        "{who}; delete or change them first, or set `force_delete = true` on the profile and \
         apply that before deleting it"
    ))
}

/// There is nothing to import.
pub(super) async fn not_found(
    client: &Client,
    connection: &Connection,
    name: &str,
    account: Option<&str>,
) -> ProviderError {
    if let Some(account) = account
        && let Ok(identity) = client.identity(connection).await
        && identity.account != account
    {
        return other_account(account, &identity.account);
    }
    let region = &connection.region;
    let message =
        format!("there is no connector profile `{name}` in region {region} of the account");
    let error = ProviderError::local(ErrorKind::NotFound, "Import", message);
    let names = names(connection).await;
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("check the name, the region and whose credentials are in use"),
    }
}

fn unregistered(label: &str, labels: &[String], region: &str) -> String {
    if labels.is_empty() {
        return format!("register the connector `{label}` in region {region} first");
    }
    let known = format!("registered in region {region} are: {}", labels.join(", "));
    match nearest(label, labels.iter().map(String::as_str)) {
        Some(near) => format!("{known}; did you mean `{near}`?"),
        None => known,
    }
}

/// The labels of the connectors that are registered.
async fn labels(connection: &Connection) -> Vec<String> {
    let (mut labels, mut next) = (Vec::new(), None);
    loop {
        let request = connection.appflow.list_connectors().max_results(100);
        let Ok(answer) = request.set_next_token(next.clone()).send().await else {
            break;
        };
        let connectors = answer.connectors.unwrap_or_default();
        labels.extend(
            connectors
                .into_iter()
                .filter_map(|connector| connector.connector_label),
        );
        if answer.next_token.is_none() || answer.next_token == next {
            break;
        }
        next = answer.next_token;
    }
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// The names of some profiles that exist.
async fn names(connection: &Connection) -> Vec<String> {
    let request = connection
        .appflow
        .describe_connector_profiles()
        .max_results(100);
    let answer = request.send().await.ok();
    let profiles = answer.and_then(|answer| answer.connector_profile_details);
    let names = profiles.unwrap_or_default().into_iter();
    names
        .filter_map(|profile| profile.connector_profile_name)
        .collect()
}

/// The flows that use a profile.
async fn users_of(connection: &Connection, name: &str) -> Vec<String> {
    let (mut flows, mut next) = (Vec::<FlowDefinition>::new(), None);
    while flows.len() < FLOWS {
        let request = connection.appflow.list_flows().max_results(100);
        let Ok(answer) = request.set_next_token(next.clone()).send().await else {
            break;
        };
        flows.extend(answer.flows.unwrap_or_default());
        if answer.next_token.is_none() || answer.next_token == next {
            break;
        }
        next = answer.next_token;
    }
    let flows = flows
        .into_iter()
        .filter_map(|flow| flow.flow_name)
        .take(FLOWS);
    let mut users = Vec::new();
    for flow in flows {
        let request = connection.appflow.describe_flow().flow_name(&flow);
        let Ok(answer) = request.send().await else {
            continue;
        };
        let source = answer
            .source_flow_config()
            .and_then(|source| source.connector_profile_name());
        let destinations = answer.destination_flow_config_list();
        let uses = |profile: Option<&str>| profile == Some(name);
        if uses(source)
            || destinations
                .iter()
                .any(|to| uses(to.connector_profile_name()))
        {
            users.push(flow);
        }
    }
    users
}
