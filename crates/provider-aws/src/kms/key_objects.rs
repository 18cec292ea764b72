//! The requests of keys. KMS makes another key of every request for one, and tells of changes late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::error::BuildError;
use aws_sdk_kms::operation::untag_resource::builders::UntagResourceFluentBuilder;
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeySpec, KeyUsageType, OriginType, Tag};
use aws_smithy_types::DateTime;
use flowctl_model::{Type, Value};
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects,
};
use futures::StreamExt as _;

use super::key::{
    BYPASS, ENABLED, EXTERNAL, Key, NEW, PERIOD, POLICY, ROTATES, SPEC, STORE, USAGE, WINDOW, mark,
};
use super::{DESCRIBE, described, is_going};
use crate::api::Reached;
use crate::client::Client;
use crate::error::Request;
use crate::ours::is_told;
use crate::table::{flag, owned, text, text_value, timeout, whole, whole_value};
use crate::wait::Waiting;
use crate::{policy, tags};

/// How many keys are read at the same time: there is no request for several.
const AT_ONCE: usize = 8;
const CREATE: &str = "CreateKey";
const DELETE: &str = "ScheduleKeyDeletion";
/// The name of a key's policy: there is but one.
const THE_POLICY: &str = "default";
/// The tag by which a key is found whose creation was interrupted.
const MARK: &str = "flowctl:creation";
/// How much older than the first attempt that we know of a key may be to be ours, in seconds: an
/// earlier run may have made it.
const EARLIER: f64 = 600.0;
/// For how long a key is looked for that may have been made a moment ago.
const LATE: Duration = Duration::from_secs(6);
/// For how long a change may not be told.
const SETTLING: Duration = Duration::from_secs(30);
/// For how long a principal of a policy may not be known that was made a moment ago.
const PRINCIPALS: Duration = Duration::from_mins(1);
/// How many days a key stays that was made in vain: the fewest.
const SHORTEST: i32 = 7;
const NOTHING: &Redactor = &Redactor::none();

/// Makes the requests of one provider configuration.
pub(super) struct KeyObjects {
    client: Arc<Client>,
    resource: Key,
}

/// A key and everything that is told of it elsewhere.
struct Whole {
    key: KeyMetadata,
    policy: Option<String>,
    rotates: bool,
    period: Option<i32>,
    tags: Vec<(String, String)>,
}

impl KeyObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Key::new(),
        }
    }

    async fn calls<'a>(
        &self,
        operation: &str,
        id: &'a str,
    ) -> Result<Calls<'_, 'a>, ProviderError> {
        let api = self.client.api::<Kms>(operation).await?;
        Ok(Calls { api, id })
    }

    /// The object as state keeps it. `known` is what is known of it: a policy that means the same is
    /// told as it was written.
    fn decode(&self, live: &Whole, known: Option<&Value>) -> RemoteObject {
        let key = &live.key;
        let id = text_value(Some(key.key_id()));
        let written = known.and_then(|known| text(known, POLICY));
        let document = live.policy.as_deref();
        let document = document.map(|told| policy::told(told, written, known.is_none()));
        // Where the period is not told, it is the one that was asked for.
        let asked = known.and_then(|known| whole(known, PERIOD));
        let period = live.period.or(asked).filter(|_| live.rotates);
        let external = key.xks_key_configuration();
        let mut members = vec![
            ("arn", text_value(key.arn())),
            (BYPASS, Value::null(Type::Bool)),
            (STORE, text_value(key.custom_key_store_id())),
            (SPEC, text_value(key.key_spec().map(KeySpec::as_str))),
            (WINDOW, Value::null(Type::Number)),
            ("description", text_value(key.description())),
            (ROTATES, Value::bool(live.rotates)),
            ("id", id.clone()),
            (ENABLED, Value::bool(key.enabled())),
            ("key_id", id),
            (USAGE, text_value(key.key_usage().map(KeyUsageType::as_str))),
            (
                "multi_region",
                Value::bool(key.multi_region().unwrap_or_default()),
            ),
            (POLICY, text_value(document.as_deref())),
            (PERIOD, whole_value(period)),
            (EXTERNAL, text_value(external.and_then(|key| key.id()))),
        ];
        let tagged = live.tags.iter().filter(|(key, _)| key != MARK);
        members.extend(tags::told(tagged.cloned(), known, self.client.settings()));
        RemoteObject {
            id: key.key_id().into(),
            attributes: Value::object(members),
            created_at: key.creation_date().map(DateTime::as_secs_f64),
        }
    }

    /// The key as it is after a change, which was made and may be told late.
    async fn settled(
        &self,
        calls: &Calls<'_, '_>,
        planned: &Value,
    ) -> Result<RemoteObject, ProviderError> {
        let mut waiting = Waiting::new(Duration::from_millis(500), Duration::from_secs(4));
        loop {
            let live = calls.read().await?;
            let live = live.map(|whole| self.decode(&whole, Some(planned)));
            match live {
                Some(live) if is_told(&self.resource, planned, &live.attributes) => {
                    return Ok(live);
                }
                _ if waiting.pause(SETTLING).await => {}
                Some(live) => return Ok(live),
                None => {
                    let message = "the key was made, and KMS does not tell it";
                    return Err(ProviderError::local(
                        ErrorKind::Ambiguous,
                        DESCRIBE,
                        message,
                    ));
                }
            }
        }
    }

    /// The key that an earlier attempt with this mark made, which may not be told yet.
    async fn made(&self, api: &Reached<Kms>, mark: &str) -> Result<Option<String>, ProviderError> {
        let since = self.client.attempts().first(mark) - EARLIER;
        let mut waiting = Waiting::new(Duration::from_secs(1), Duration::from_secs(2));
        loop {
            let found = find(api, mark, Some(since)).await?;
            if found.is_some() || !waiting.pause(LATE).await {
                return Ok(found);
            }
        }
    }

    /// Makes a key; its identifier.
    async fn make(
        &self,
        api: &Reached<Kms>,
        planned: &Value,
        mark: &str,
    ) -> Result<String, ProviderError> {
        let mut wanted = tags::wanted(planned);
        wanted.insert(MARK.to_owned(), mark.to_owned());
        let wanted = tags_of(wanted).map_err(|error| unsendable(CREATE, &error))?;
        let origin = match (text(planned, STORE), text(planned, EXTERNAL)) {
            (_, Some(_)) => Some(OriginType::ExternalKeyStore),
            (Some(_), None) => Some(OriginType::AwsCloudhsm),
            (None, None) => None,
        };
        let request = api
            .sdk
            .create_key()
            .set_policy(owned(planned, POLICY))
            .set_description(owned(planned, "description"))
            .set_key_usage(text(planned, USAGE).map(KeyUsageType::from))
            .set_key_spec(text(planned, SPEC).map(KeySpec::from))
            .set_origin(origin)
            .set_custom_key_store_id(owned(planned, STORE))
            .set_xks_key_id(owned(planned, EXTERNAL))
            .set_bypass_policy_lockout_safety_check(flag(planned, BYPASS))
            .set_multi_region(flag(planned, "multi_region"))
            .set_tags(Some(wanted));
        let mut waiting = Waiting::new(Duration::from_secs(1), Duration::from_secs(8));
        let limit = timeout(planned, "create", PRINCIPALS);
        loop {
            // A request that is sent once more makes another key.
            let once = aws_sdk_kms::config::Builder::new().retry_config(RetryConfig::disabled());
            let sent = request.clone().customize().config_override(once).send();
            let error = match sent.await {
                Ok(answer) => {
                    let id = answer.key_metadata.map(|key| key.key_id);
                    return id.ok_or_else(|| {
                        let message = "KMS answered without a key";
                        ProviderError::local(ErrorKind::Ambiguous, CREATE, message)
                    });
                }
                Err(error) => api.request(CREATE, true, NOTHING).failed(&error),
            };
            if !is_new_principal(&error) || !waiting.pause(limit).await {
                return Err(match error.kind {
                    ErrorKind::AccessDenied => error.with_hint(format!(
                        "the credentials in use need an IAM policy that allows `kms:CreateKey`, and \
                         `kms:TagResource`: a new key gets the tag `{MARK}`, by which it is found \
                         again if the answer is lost"
                    )),
                    _ => error,
                });
            }
        }
    }

    /// What a new key needs beside its creation.
    async fn complete(&self, calls: &Calls<'_, '_>, planned: &Value) -> Result<(), ProviderError> {
        let before = calls.read().await?;
        let was = |of: fn(&Whole) -> bool| before.as_ref().map(of);
        if flag(planned, ROTATES) == Some(true) && was(|whole| whole.rotates) != Some(true) {
            calls.rotate(whole(planned, PERIOD)).await?;
        }
        if flag(planned, ENABLED) == Some(false) && was(|whole| whole.key.enabled()) != Some(false)
        {
            calls.disable().await?;
        }
        Ok(())
    }
}

#[async_trait]
impl RemoteObjects for KeyObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let read = |request: ReadRequest| async move {
            let found;
            let id = match request.id.strip_prefix(NEW) {
                Some(mark) => {
                    // Should it be made now, it is looked for first: it may be told late.
                    self.client.attempts().first(mark);
                    let api = self.client.api::<Kms>(DESCRIBE).await?;
                    found = find(api, mark, None).await?;
                    match &found {
                        Some(id) => id.as_str(),
                        None => return Ok(None),
                    }
                }
                None => request.id.as_str(),
            };
            let calls = self.calls(DESCRIBE, id).await?;
            let whole = calls.read().await?;
            Ok(whole.map(|whole| self.decode(&whole, request.prior.as_ref())))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let mark = mark(token);
        let again = self.client.attempts().has(&mark);
        self.client.attempts().first(&mark);
        let api = self.client.api::<Kms>(CREATE).await?;
        let found = if again {
            self.made(api, &mark).await?
        } else {
            None
        };
        let id = match found {
            Some(id) => id,
            None => self.make(api, planned, &mark).await?,
        };
        let calls = Calls { api, id: &id };
        match self.complete(&calls, planned).await {
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
        let calls = self.calls("UpdateKeyDescription", id).await?;
        let sdk = &calls.api.sdk;
        let differs = |name: &str| {
            let (old, new) = (prior.get(name), planned.get(name));
            old != new && new.is_some_and(Value::is_known)
        };
        // A key that may not be used cannot be rotated either.
        if differs(ENABLED) && flag(planned, ENABLED) == Some(true) {
            let sent = sdk.enable_key().key_id(id).send().await;
            sent.map_err(|error| calls.writing("EnableKey").failed(&error))?;
        }
        if differs("description") {
            let request = sdk.update_key_description().key_id(id);
            let request = request.description(text(planned, "description").unwrap_or_default());
            let sent = request.send().await;
            sent.map_err(|error| calls.writing("UpdateKeyDescription").failed(&error))?;
        }
        if let (true, Some(document)) = (differs(POLICY), text(planned, POLICY)) {
            calls.put_policy(document, flag(planned, BYPASS)).await?;
        }
        if differs(ROTATES) || differs(PERIOD) {
            if flag(planned, ROTATES) == Some(true) {
                calls.rotate(whole(planned, PERIOD)).await?;
            } else if flag(prior, ROTATES) == Some(true) {
                let sent = sdk.disable_key_rotation().key_id(id).send().await;
                sent.map_err(|error| calls.writing("DisableKeyRotation").failed(&error))?;
            }
        }
        calls.tag(tags::changes(prior, planned)).await?;
        if differs(ENABLED) && flag(planned, ENABLED) == Some(false) {
            calls.disable().await?;
        }
        self.settled(&calls, planned).await
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let calls = self.calls(DELETE, id).await?;
        calls.remove(whole(prior, WINDOW)).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        const IMPORT: &str = "Import";
        let api = self.client.api::<Kms>(DESCRIBE).await?;
        let Some(key) = described(api, id).await? else {
            let message = format!("there is no key `{id}` in region {}", api.region);
            return Err(ProviderError::local(ErrorKind::NotFound, IMPORT, message)
                .with_hint("give the identifier of the key, its ARN, or an alias of it"));
        };
        if key.key_manager() == Some(&KeyManagerType::Aws) {
            let message = format!("the key `{id}` belongs to AWS, which manages it");
            return Err(ProviderError::local(ErrorKind::Validation, IMPORT, message)
                .with_hint("look it up with the data source `aws_kms_key` instead"));
        }
        let calls = Calls {
            api,
            id: key.key_id(),
        };
        match calls.read().await? {
            Some(whole) => Ok(self.decode(&whole, None)),
            None => {
                let message = format!("the key `{id}` is scheduled for deletion");
                let error = ProviderError::local(ErrorKind::NotFound, IMPORT, message);
                Err(error.with_hint(format!(
                    "keep it with `aws kms cancel-key-deletion --key-id {}` and `aws kms enable-key`",
                    key.key_id()
                )))
            }
        }
    }
}

/// The requests about one key.
struct Calls<'c, 'a> {
    api: &'c Reached<Kms>,
    id: &'a str,
}

impl Calls<'_, '_> {
    fn writing(&self, operation: &'static str) -> Request<'_> {
        self.api.request(operation, true, NOTHING)
    }

    /// The key with all that is told of it; `None` if there is none, or not for long.
    async fn read(&self) -> Result<Option<Whole>, ProviderError> {
        let key = described(self.api, self.id).await?;
        let Some(key) = key.filter(|key| !is_going(key)) else {
            return Ok(None);
        };
        let sdk = &self.api.sdk;
        let request = sdk.get_key_policy().key_id(self.id);
        let answer = request.policy_name(THE_POLICY).send().await;
        let policy = answer.map_err(|error| self.api.reading("GetKeyPolicy").failed(&error))?;
        let (rotates, period) = self.rotation(&key).await?;
        Ok(Some(Whole {
            key,
            policy: policy.policy,
            rotates,
            period,
            tags: tags_on(self.api, self.id).await?,
        }))
    }

    /// Whether the key's material is renewed, and how often. Of most kinds KMS does not even say no.
    async fn rotation(&self, key: &KeyMetadata) -> Result<(bool, Option<i32>), ProviderError> {
        let can = key.key_spec() == Some(&KeySpec::SymmetricDefault)
            && key.origin() == Some(&OriginType::AwsKms);
        if !can {
            return Ok((false, None));
        }
        let request = self.api.sdk.get_key_rotation_status().key_id(self.id);
        let answer = request.send().await;
        let status =
            answer.map_err(|error| self.api.reading("GetKeyRotationStatus").failed(&error))?;
        Ok((status.key_rotation_enabled, status.rotation_period_in_days))
    }

    async fn rotate(&self, period: Option<i32>) -> Result<(), ProviderError> {
        let request = self.api.sdk.enable_key_rotation().key_id(self.id);
        let sent = request.set_rotation_period_in_days(period).send().await;
        let sent = sent.map_err(|error| self.writing("EnableKeyRotation").failed(&error));
        sent.map(drop)
    }

    async fn disable(&self) -> Result<(), ProviderError> {
        let sent = self.api.sdk.disable_key().key_id(self.id).send().await;
        let sent = sent.map_err(|error| self.writing("DisableKey").failed(&error));
        sent.map(drop)
    }

    async fn put_policy(&self, document: &str, bypass: Option<bool>) -> Result<(), ProviderError> {
        let request = self.api.sdk.put_key_policy().key_id(self.id);
        let request = request
            .policy_name(THE_POLICY)
            .policy(document)
            .set_bypass_policy_lockout_safety_check(bypass);
        let mut waiting = Waiting::new(Duration::from_secs(1), Duration::from_secs(8));
        loop {
            let sent = request.clone().send().await;
            let Err(error) = sent else {
                return Ok(());
            };
            let error = self.writing("PutKeyPolicy").failed(&error);
            if !is_new_principal(&error) || !waiting.pause(PRINCIPALS).await {
                return Err(error);
            }
        }
    }

    /// Sets and removes tags, and removes the mark of the creation, which is recorded by now.
    async fn tag(
        &self,
        (set, removed): (BTreeMap<String, String>, Vec<String>),
    ) -> Result<(), ProviderError> {
        let sdk = &self.api.sdk;
        if !set.is_empty() {
            let wanted = tags_of(set).map_err(|error| unsendable("TagResource", &error))?;
            let request = sdk.tag_resource().key_id(self.id).set_tags(Some(wanted));
            let sent = request.send().await;
            sent.map_err(|error| self.writing("TagResource").failed(&error))?;
        }
        let asked = !removed.is_empty();
        let request = sdk.untag_resource().key_id(self.id).tag_keys(MARK);
        let request = removed
            .into_iter()
            .fold(request, UntagResourceFluentBuilder::tag_keys);
        let sent = request.send().await;
        let sent = sent.map_err(|error| self.writing("UntagResource").failed(&error));
        match sent {
            // Nobody asked for that: whoever may not do it may still do the rest.
            Err(error) if !asked && error.kind == ErrorKind::AccessDenied => Ok(()),
            sent => sent.map(drop),
        }
    }

    /// Has the key deleted after so many days.
    async fn remove(&self, days: Option<i32>) -> Result<(), ProviderError> {
        let request = self.api.sdk.schedule_key_deletion().key_id(self.id);
        let sent = request.set_pending_window_in_days(days).send().await;
        let Err(error) = sent else {
            return Ok(());
        };
        let error = self.writing(DELETE).failed(&error);
        match error.kind {
            ErrorKind::NotFound => Ok(()),
            // Somebody else may have done it.
            ErrorKind::Conflict => {
                let key = described(self.api, self.id).await?;
                if key.is_none_or(|key| is_going(&key)) {
                    return Ok(());
                }
                Err(error)
            }
            _ => Err(error),
        }
    }

    /// What is told when a key was made and could not be completed. What may succeed later is tried
    /// again; otherwise the key is not left behind.
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
        match self.remove(Some(SHORTEST)).await {
            Ok(()) => error,
            Err(_) => error.with_hint(format!(
                "the key was made and could not be deleted again: adopt it with an `import` block \
                 whose `id` is {:?}",
                self.id
            )),
        }
    }
}

/// The key with this mark. Only keys that are younger are looked at, if `since` says so; the newest
/// first, as it is most often the one.
async fn find(
    api: &Reached<Kms>,
    mark: &str,
    since: Option<f64>,
) -> Result<Option<String>, ProviderError> {
    let mut pages = api.sdk.list_keys().into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(key) = pages.next().await {
        let key = key.map_err(|error| api.reading("ListKeys").failed(&error))?;
        ids.extend(key.key_id);
    }
    // Others' keys may be closed to us; ours is not.
    let open = |error: &ProviderError| {
        !matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::NotFound)
    };
    let described = futures::stream::iter(ids)
        .map(|id| async move { described(api, &id).await })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let mut candidates = Vec::new();
    for key in described.await {
        let key = match key {
            Err(error) if open(&error) => return Err(error),
            other => other.ok().flatten(),
        };
        let Some(key) = key.filter(|key| !is_going(key)) else {
            continue;
        };
        let made = key.creation_date().map_or(0.0, DateTime::as_secs_f64);
        let ours = key.key_manager() != Some(&KeyManagerType::Aws);
        if ours && since.is_none_or(|since| made >= since) {
            candidates.push((made, key.key_id));
        }
    }
    candidates.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    for (_, id) in candidates {
        match tags_on(api, &id).await {
            Ok(tags) if tags.iter().any(|(key, value)| key == MARK && value == mark) => {
                return Ok(Some(id));
            }
            Err(error) if open(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(None)
}

/// Every tag of a key.
async fn tags_on(api: &Reached<Kms>, id: &str) -> Result<Vec<(String, String)>, ProviderError> {
    let pages = api.sdk.list_resource_tags().key_id(id).into_paginator();
    let mut pages = pages.items().send();
    let mut all = Vec::new();
    while let Some(tag) = pages.next().await {
        let tag = tag.map_err(|error| api.reading("ListResourceTags").failed(&error))?;
        all.push((tag.tag_key, tag.tag_value));
    }
    Ok(all)
}

/// Whether a policy was refused for somebody who may have been made a moment ago.
fn is_new_principal(error: &ProviderError) -> bool {
    error.code.as_deref() == Some("MalformedPolicyDocumentException")
        && error.message.to_lowercase().contains("principal")
}

fn tags_of(tags: BTreeMap<String, String>) -> Result<Vec<Tag>, BuildError> {
    let tags = tags.into_iter();
    tags.map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build())
        .collect()
}

fn unsendable(operation: &str, error: &BuildError) -> ProviderError {
    let message = format!("the configuration cannot be sent: {error}");
    ProviderError::local(ErrorKind::Validation, operation, message)
}
