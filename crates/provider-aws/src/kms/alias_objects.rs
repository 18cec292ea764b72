//! The requests of aliases.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::types::AliasListEntry;
use aws_smithy_types::DateTime;
use flowctl_model::Value;
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects,
};

use super::alias::{ALIAS, Alias, NAME, NAME_PREFIX, TARGET, TARGET_ARN, created};
use super::{aliases, same_key, target_arn};
use crate::api::Reached;
use crate::arn::Arn;
use crate::client::Client;
use crate::error::Request;
use crate::name;
use crate::ours::{is_told, taken};
use crate::table::{text, text_value};
use crate::wait::Waiting;

const CREATE: &str = "CreateAlias";
const READ: &str = "ListAliases";
const UPDATE: &str = "UpdateAlias";
const DELETE: &str = "DeleteAlias";
/// The code of a name that is taken; a key that is to be deleted has another one.
const EXISTS: &str = "AlreadyExistsException";
/// For how long a key may not be known that was made a moment ago, and a change not be told.
const LATE: Duration = Duration::from_secs(20);
const NOTHING: &Redactor = &Redactor::none();

/// Makes the requests of one provider configuration.
pub(super) struct AliasObjects {
    client: Arc<Client>,
    resource: Alias,
}

impl AliasObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Alias::new(),
        }
    }

    /// The alias as it is after a change, which was made and may be told late.
    async fn settled(
        &self,
        api: &Reached<Kms>,
        name: &str,
        planned: &Value,
    ) -> Result<RemoteObject, ProviderError> {
        let mut waiting = waiting();
        loop {
            let live = one(api, name).await?;
            let live = live.as_ref().map(|alias| decode(alias, Some(planned)));
            match live {
                Some(live) if is_told(&self.resource, planned, &live.attributes) => {
                    return Ok(live);
                }
                _ if waiting.pause(LATE).await => {}
                Some(live) => return Ok(live),
                None => {
                    let message = "the alias was made, and KMS does not tell it";
                    return Err(ProviderError::local(ErrorKind::Ambiguous, READ, message));
                }
            }
        }
    }
}

fn waiting() -> Waiting {
    Waiting::new(Duration::from_millis(500), Duration::from_secs(4))
}

fn writing<'a>(api: &'a Reached<Kms>, operation: &'static str) -> Request<'a> {
    api.request(operation, true, NOTHING)
}

/// One alias; `None` if there is none.
async fn one(api: &Reached<Kms>, name: &str) -> Result<Option<AliasListEntry>, ProviderError> {
    let all = aliases(api).await?.into_iter();
    Ok(all
        .into_iter()
        .find(|alias| alias.alias_name() == Some(name)))
}

/// The object as state keeps it. `known` is what is known of it: the key is told as it was written.
fn decode(alias: &AliasListEntry, known: Option<&Value>) -> RemoteObject {
    let name = alias.alias_name().unwrap_or_default();
    let written = known.and_then(|known| text(known, TARGET));
    let target = match (written, alias.target_key_id()) {
        (Some(written), Some(live)) if same_key(written, live) => Some(written),
        (_, live) => live,
    };
    let prefix = match known {
        Some(known) => known.get(NAME_PREFIX).cloned(),
        None => Some(name::prefix_of(name)),
    };
    RemoteObject {
        id: name.into(),
        attributes: Value::object([
            ("arn", text_value(alias.alias_arn())),
            ("id", text_value(Some(name))),
            (NAME, text_value(Some(name))),
            (NAME_PREFIX, prefix.unwrap_or_else(|| text_value(None))),
            (TARGET_ARN, text_value(target_arn(alias).as_deref())),
            (TARGET, text_value(target)),
        ]),
        created_at: alias.creation_date().map(DateTime::as_secs_f64),
    }
}

#[async_trait]
impl RemoteObjects for AliasObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let api = self.client.api::<Kms>(READ).await?;
        let all = aliases(api).await?;
        let read = |request: &ReadRequest| {
            let mut all = all.iter();
            let alias = all.find(|alias| alias.alias_name() == Some(request.id.as_str()))?;
            Some(decode(alias, request.prior.as_ref()))
        };
        Ok(requests.iter().map(read).collect())
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let name = created(planned, token).unwrap_or_default();
        let target = text(planned, TARGET).unwrap_or_default();
        let api = self.client.api::<Kms>(CREATE).await?;
        let request = api.sdk.create_alias().alias_name(&*name);
        let request = request.target_key_id(target);
        let mut waiting = waiting();
        loop {
            let Err(error) = request.clone().send().await else {
                break;
            };
            let error = writing(api, CREATE).failed(&error);
            match error.kind {
                ErrorKind::NotFound if waiting.pause(LATE).await => {}
                // It may be ours: an answer may have been lost. There is nothing to an alias but its
                // key, so that one with the key that was asked for is what was asked for.
                ErrorKind::Conflict if error.code.as_deref() == Some(EXISTS) => {
                    let there = one(api, &name).await?;
                    let live = there.as_ref().and_then(AliasListEntry::target_key_id);
                    if live.is_some_and(|live| same_key(live, target)) {
                        break;
                    }
                    return Err(taken(error, &name));
                }
                _ => return Err(error),
            }
        }
        self.settled(api, &name, planned).await
    }

    async fn update(
        &self,
        id: &str,
        _: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let target = text(planned, TARGET).unwrap_or_default();
        let api = self.client.api::<Kms>(UPDATE).await?;
        let request = api.sdk.update_alias().alias_name(id).target_key_id(target);
        let mut waiting = waiting();
        loop {
            let Err(error) = request.clone().send().await else {
                break;
            };
            let error = writing(api, UPDATE).failed(&error);
            if error.kind != ErrorKind::NotFound || !waiting.pause(LATE).await {
                return Err(error);
            }
        }
        self.settled(api, id, planned).await
    }

    async fn delete(&self, id: &str, _: &Value) -> Result<(), ProviderError> {
        let api = self.client.api::<Kms>(DELETE).await?;
        let sent = api.sdk.delete_alias().alias_name(id).send().await;
        match sent.map_err(|error| writing(api, DELETE).failed(&error)) {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let name = Arn::parse(id).map_or(id, |arn| arn.resource);
        let api = self.client.api::<Kms>(READ).await?;
        match one(api, name).await? {
            Some(alias) => Ok(decode(&alias, None)),
            None => {
                let message = format!("there is no alias `{name}` in region {}", api.region);
                let error = ProviderError::local(ErrorKind::NotFound, "Import", message);
                Err(error.with_hint(format!(
                    "give the name of the alias, which begins with `{ALIAS}`, or its ARN"
                )))
            }
        }
    }
}
