//! The requests of secrets. Secrets Manager recognises a creation that is sent once more only if it
//! comes with a value, which a secret here has as an object of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client as Secrets;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, ReplicationStatusType, StatusType, Tag};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use flowctl_model::{Type, Value};
use flowctl_schema::{ErrorKind, ProviderError, ReadRequest, RemoteObject, RemoteObjects};
use futures::StreamExt as _;

use super::secret::{
    KEY, NAME, NAME_PREFIX, OVERWRITE, OWN_KEY, POLICY, REGION, REPLICA, Secret, WINDOW, replicas,
};
use super::{
    DESCRIBE, NOTHING, SETTLING, delete_policy, described, is_going, is_no_policy, policy_of,
    put_policy,
};
use crate::api::Reached;
use crate::client::Client;
use crate::error::Request;
use crate::kms::same_key;
use crate::ours::{is_ours, is_told, taken};
use crate::table::{flag, owned, text, text_value, whole};
use crate::wait::Waiting;
use crate::{name, policy, tags};

/// How many secrets are read at the same time: there is no request for several.
const AT_ONCE: usize = 8;
const CREATE: &str = "CreateSecret";
const UPDATE: &str = "UpdateSecret";
const DELETE: &str = "DeleteSecret";
/// How long to wait until a secret or its replicas are gone.
const GOING: Duration = Duration::from_mins(2);

/// Makes the requests of one provider configuration.
pub(super) struct SecretObjects {
    client: Arc<Client>,
    resource: Secret,
}

/// A secret, and its policy if that is of interest.
struct Whole {
    secret: DescribeSecretOutput,
    policy: Option<String>,
}

impl SecretObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Secret::new(),
        }
    }

    async fn calls<'a>(
        &self,
        operation: &str,
        id: &'a str,
    ) -> Result<Calls<'_, 'a>, ProviderError> {
        let api = self.client.api::<Secrets>(operation).await?;
        Ok(Calls { api, id })
    }

    /// The object as state keeps it. `known` is what is known of it: what means the same is told as
    /// it was written, and a policy only if there is one in the configuration.
    fn decode(&self, whole: &Whole, known: Option<&Value>) -> RemoteObject {
        let secret = &whole.secret;
        let name = secret.name().unwrap_or_default();
        let written = known.and_then(|known| text(known, POLICY));
        let document = match whole.policy.as_deref() {
            Some(live) => Some(policy::told(live, written, known.is_none())),
            None => written
                .filter(|written| is_no_policy(written))
                .map(str::to_owned),
        };
        let written = known.and_then(|known| text(known, KEY));
        let key = match (written, secret.kms_key_id().filter(|key| !key.is_empty())) {
            (Some(written), Some(live)) if same_key(written, live) => Some(written),
            (_, live) => live,
        };
        let prefix = match known {
            Some(known) => known.get(NAME_PREFIX).cloned(),
            None => Some(name::prefix_of(name)),
        };
        let known_replicas = known.map(replicas).unwrap_or_default();
        let live = secret.replication_status().iter();
        let live = live.map(|replica| copy(replica, &known_replicas)).collect();
        let mut members = vec![
            ("arn", text_value(secret.arn())),
            ("description", text_value(secret.description())),
            (OVERWRITE, Value::null(Type::Bool)),
            ("id", text_value(secret.arn())),
            (KEY, text_value(key)),
            (NAME, text_value(Some(name))),
            (NAME_PREFIX, prefix.unwrap_or_else(|| text_value(None))),
            (POLICY, text_value(document.as_deref())),
            (WINDOW, Value::null(Type::Number)),
            (REPLICA, Value::set(self.resource.replica(), live)),
        ];
        let live = secret.tags().iter();
        let live = live.filter_map(|tag| Some((tag.key.clone()?, tag.value.clone()?)));
        members.extend(tags::told(live, known, self.client.settings()));
        RemoteObject {
            id: name.into(),
            attributes: Value::object(members),
            created_at: secret.created_date().map(DateTime::as_secs_f64),
        }
    }

    /// The secret as it is after a change, which was made and may be told late.
    async fn settled(
        &self,
        calls: &Calls<'_, '_>,
        planned: &Value,
    ) -> Result<RemoteObject, ProviderError> {
        let mut waiting = Waiting::new(Duration::from_millis(500), Duration::from_secs(4));
        loop {
            let live = calls.read(Some(planned)).await?;
            let live = live.map(|whole| self.decode(&whole, Some(planned)));
            match live {
                Some(live) if is_told(&self.resource, planned, &live.attributes) => {
                    return Ok(live);
                }
                _ if waiting.pause(SETTLING).await => {}
                Some(live) => return Ok(live),
                None => {
                    let message = "the secret was made, and Secrets Manager does not tell it";
                    return Err(ProviderError::local(
                        ErrorKind::Ambiguous,
                        DESCRIBE,
                        message,
                    ));
                }
            }
        }
    }
}

#[async_trait]
impl RemoteObjects for SecretObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let read = |request: ReadRequest| async move {
            let calls = self.calls(DESCRIBE, &request.id).await?;
            let whole = calls.read(request.prior.as_ref()).await?;
            Ok(whole.map(|whole| self.decode(&whole, request.prior.as_ref())))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let first_attempt = self.client.attempts().first(token);
        let id = name::created(planned, NAME, NAME_PREFIX, token).unwrap_or_default();
        let calls = self.calls(CREATE, &id).await?;
        let wanted = tags_of(tags::wanted(planned));
        let request = calls
            .api
            .sdk
            .create_secret()
            .name(&*id)
            .client_request_token(token)
            .set_description(owned(planned, "description"))
            .set_kms_key_id(owned(planned, KEY))
            .set_tags(Some(wanted).filter(|tags| !tags.is_empty()));
        if let Err(error) = request.send().await {
            let error = calls.writing(CREATE).failed(&error);
            if is_going(&error) {
                return Err(name_is_going(error, &id));
            }
            if error.kind != ErrorKind::Conflict {
                return Err(error);
            }
            // The answer to an attempt of ours may have been lost.
            let there = calls.read(Some(planned)).await?;
            let there = there.map(|whole| self.decode(&whole, Some(planned)));
            match there {
                Some(live) if is_ours(&self.resource, planned, &live, first_attempt) => {}
                None if calls.is_there().await? => return Err(name_is_going(error, &id)),
                _ => return Err(taken(error, &id)),
            }
        }
        match calls.complete(planned).await {
            Ok(()) => self.settled(&calls, planned).await,
            Err(error) => Err(calls.given_up(error).await),
        }
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let calls = self.calls(UPDATE, id).await?;
        let sdk = &calls.api.sdk;
        let differs = |name: &str| {
            let (old, new) = (prior.get(name), planned.get(name));
            old != new && new.is_some_and(Value::is_known)
        };
        if differs("description") || differs(KEY) {
            let key = text(planned, KEY).unwrap_or_default();
            let request = sdk
                .update_secret()
                .secret_id(id)
                .description(text(planned, "description").unwrap_or_default())
                .set_kms_key_id(differs(KEY).then(|| key.to_owned()));
            let sent = request.send().await;
            sent.map_err(|error| calls.writing(UPDATE).failed(&error))?;
        }
        if let (true, Some(document)) = (differs(POLICY), text(planned, POLICY)) {
            if is_no_policy(document) {
                delete_policy(calls.api, id).await?;
            } else {
                put_policy(calls.api, id, document, None).await?;
            }
        }
        let (set, removed) = tags::changes(prior, planned);
        if !removed.is_empty() {
            let request = sdk.untag_resource().secret_id(id);
            let sent = request.set_tag_keys(Some(removed)).send().await;
            sent.map_err(|error| calls.writing("UntagResource").failed(&error))?;
        }
        if !set.is_empty() {
            let request = sdk.tag_resource().secret_id(id);
            let sent = request.set_tags(Some(tags_of(set))).send().await;
            sent.map_err(|error| calls.writing("TagResource").failed(&error))?;
        }
        let (before, after) = (replicas(prior), replicas(planned));
        let same = |(region, key): &(&str, Option<&str>), all: &[(&str, Option<&str>)]| {
            let mut all = all.iter();
            all.any(|(other, of)| {
                let keys = match (key, of) {
                    (Some(one), Some(other)) => same_key(one, other),
                    (one, other) => one == other,
                };
                other == region && keys
            })
        };
        let removed = before.iter().filter(|replica| !same(replica, &after));
        let removed: Vec<_> = removed.map(|(region, _)| (*region).to_owned()).collect();
        calls.remove_replicas(removed).await?;
        let added = after.iter().filter(|replica| !same(replica, &before));
        calls.replicate(added.copied().collect(), planned).await?;
        self.settled(&calls, planned).await
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let calls = self.calls(DELETE, id).await?;
        let Some(secret) = described(calls.api, id).await? else {
            return Ok(());
        };
        let regions = secret.replication_status().iter();
        let regions = regions.filter_map(|replica| replica.region.clone());
        calls.remove_replicas(regions.collect()).await?;
        calls.remove(whole(prior, WINDOW)).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let calls = self.calls(DESCRIBE, id).await?;
        match calls.read(None).await? {
            Some(whole) => Ok(self.decode(&whole, None)),
            None => {
                let region = &calls.api.region;
                let message = format!(
                    "there is no secret `{id}` in region {region}, or it is scheduled for deletion"
                );
                let error = ProviderError::local(ErrorKind::NotFound, "Import", message);
                Err(error.with_hint("give the name of the secret, or its ARN"))
            }
        }
    }
}

/// The requests about one secret.
struct Calls<'c, 'a> {
    api: &'c Reached<Secrets>,
    id: &'a str,
}

impl Calls<'_, '_> {
    fn writing(&self, operation: &'static str) -> Request<'_> {
        self.api.request(operation, true, NOTHING)
    }

    /// The secret, with its policy if one is known or nothing is; `None` if there is none.
    async fn read(&self, known: Option<&Value>) -> Result<Option<Whole>, ProviderError> {
        let Some(secret) = described(self.api, self.id).await? else {
            return Ok(None);
        };
        let policy = if known.is_none_or(|known| text(known, POLICY).is_some()) {
            policy_of(self.api, self.id).await?
        } else {
            None
        };
        Ok(Some(Whole { secret, policy }))
    }

    /// What a new secret needs beside its creation.
    async fn complete(&self, planned: &Value) -> Result<(), ProviderError> {
        let document = text(planned, POLICY).filter(|document| !is_no_policy(document));
        if let Some(document) = document {
            put_policy(self.api, self.id, document, None).await?;
        }
        let wanted = replicas(planned);
        if wanted.is_empty() {
            return Ok(());
        }
        let there = described(self.api, self.id).await?;
        let there = there.map(|secret| secret.replication_status().to_vec());
        let there: Vec<_> = there.iter().flatten().filter_map(|r| r.region()).collect();
        let missing = wanted.into_iter();
        let missing = missing.filter(|(region, _)| !there.contains(region));
        self.replicate(missing.collect(), planned).await
    }

    async fn replicate(
        &self,
        regions: Vec<(&str, Option<&str>)>,
        planned: &Value,
    ) -> Result<(), ProviderError> {
        if regions.is_empty() {
            return Ok(());
        }
        let region = |(region, key): (&str, Option<&str>)| {
            ReplicaRegionType::builder()
                .region(region)
                .set_kms_key_id(key.map(str::to_owned))
                .build()
        };
        let regions = regions.into_iter().map(region).collect();
        let request = self.api.sdk.replicate_secret_to_regions();
        let request = request
            .secret_id(self.id)
            .set_add_replica_regions(Some(regions))
            .set_force_overwrite_replica_secret(flag(planned, OVERWRITE));
        let sent = request.send().await;
        let call = self.writing("ReplicateSecretToRegions");
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// Removes replicas, and waits until they are gone: only then may there be others.
    async fn remove_replicas(&self, regions: Vec<String>) -> Result<(), ProviderError> {
        if regions.is_empty() {
            return Ok(());
        }
        let request = self.api.sdk.remove_regions_from_replication();
        let request = request.secret_id(self.id);
        let request = request.set_remove_replica_regions(Some(regions.clone()));
        let sent = request.send().await;
        let call = self.writing("RemoveRegionsFromReplication");
        sent.map_err(|error| call.failed(&error))?;
        let mut waiting = Waiting::new(Duration::from_millis(500), Duration::from_secs(5));
        loop {
            let Some(secret) = described(self.api, self.id).await? else {
                return Ok(());
            };
            let mut there = secret.replication_status().iter();
            let is_one = |replica: &ReplicationStatusType| {
                let region = replica.region().unwrap_or_default();
                regions.iter().any(|removed| removed == region)
            };
            if !there.any(is_one) {
                return Ok(());
            }
            if !waiting.pause(GOING).await {
                let message = format!(
                    "replicas of the secret are still there {} seconds after they were removed",
                    GOING.as_secs()
                );
                let operation = "RemoveRegionsFromReplication";
                let error = ProviderError::local(ErrorKind::Other, operation, message);
                return Err(error.with_hint("apply again later"));
            }
        }
    }

    /// Deletes the secret, so that it can be restored for so many days.
    async fn remove(&self, days: Option<i64>) -> Result<(), ProviderError> {
        let at_once = days == Some(0);
        let request = self.api.sdk.delete_secret().secret_id(self.id);
        let request = if at_once {
            request.force_delete_without_recovery(true)
        } else {
            request.set_recovery_window_in_days(days)
        };
        let sent = request.send().await;
        match sent.map_err(|error| self.writing(DELETE).failed(&error)) {
            Err(error) if error.kind == ErrorKind::NotFound || is_going(&error) => return Ok(()),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        // The name is free only when the secret is gone, which takes a moment.
        let mut waiting = Waiting::new(Duration::from_millis(500), Duration::from_secs(5));
        while at_once && self.is_there().await? {
            if !waiting.pause(GOING).await {
                break;
            }
        }
        Ok(())
    }

    /// Whether there is a secret of the name, be it to be deleted.
    async fn is_there(&self) -> Result<bool, ProviderError> {
        let answer = self.api.sdk.describe_secret().secret_id(self.id).send();
        match answer
            .await
            .map_err(|error| self.api.reading(DESCRIBE).failed(&error))
        {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What is told when a secret was made and could not be completed. What may succeed later is
    /// tried again; otherwise the secret, which holds nothing yet, is not left behind.
    async fn given_up(&self, mut error: ProviderError) -> ProviderError {
        let refused = matches!(
            error.kind,
            ErrorKind::Validation
                | ErrorKind::AccessDenied
                | ErrorKind::Conflict
                | ErrorKind::Quota
                | ErrorKind::Other
        );
        if !refused {
            error.kind = ErrorKind::Ambiguous;
            return error;
        }
        match self.remove(Some(0)).await {
            Ok(()) => error,
            Err(_) => error.with_hint(format!(
                "the secret was made and could not be deleted again: adopt it with an `import` block \
                 whose `id` is {:?}",
                self.id
            )),
        }
    }
}

/// A replica as state keeps it, with its key as it was written.
fn copy(replica: &ReplicationStatusType, known: &[(&str, Option<&str>)]) -> Value {
    let region = replica.region();
    let asked = known.iter().find(|(known, _)| Some(*known) == region);
    let written = asked.and_then(|(_, key)| *key);
    let key = match (written, replica.kms_key_id()) {
        (Some(written), Some(live)) if same_key(written, live) => Some(written),
        (None, Some(OWN_KEY)) => None,
        (_, live) => live,
    };
    let read = replica.last_accessed_date();
    let read = read.and_then(|at| at.fmt(Format::DateTime).ok());
    Value::object([
        (KEY, text_value(key)),
        ("last_accessed_date", text_value(read.as_deref())),
        (REGION, text_value(region)),
        (
            "status",
            text_value(replica.status().map(StatusType::as_str)),
        ),
        ("status_message", text_value(replica.status_message())),
    ])
}

/// The name belongs to a secret that was deleted and can still be restored.
fn name_is_going(mut error: ProviderError, name: &str) -> ProviderError {
    error.kind = ErrorKind::Conflict;
    error.message = format!(
        "a secret with the name {name:?} was deleted and keeps the name until its recovery window ends"
    );
    error.with_hint(format!(
        "choose another name; or bring it back with `aws secretsmanager restore-secret --secret-id \
         {name}` and adopt it with an `import` block whose `id` is {name:?}; or delete it for good \
         with `aws secretsmanager delete-secret --secret-id {name} --force-delete-without-recovery` \
         and apply again (`recovery_window_in_days = 0` avoids this the next time)"
    ))
}

fn tags_of(tags: BTreeMap<String, String>) -> Vec<Tag> {
    let tags = tags.into_iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}
