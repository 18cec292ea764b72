//! The requests of values of secrets. A value is in memory while it is compared, and goes nowhere
//! from there but as a digest.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client as Secrets;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_smithy_types::base64;
use flowctl_model::{Marks, Type, Value};
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects, ResourceType as _,
};
use futures::StreamExt as _;

use super::version::{
    BINARY, CURRENT, HAS_WRITE_ONLY, REVISION, SECRET, STAGES, STRING, VERSION, Version,
    WRITE_ONLY, bytes, identity,
};
use super::{NOTHING, SETTLING, described, is_going};
use crate::api::Reached;
use crate::client::Client;
use crate::ours::is_told;
use crate::secrets::check_trust;
use crate::table::{flag, owned, text, text_value, texts, texts_value};
use crate::wait::Waiting;

const CREATE: &str = "PutSecretValue";
const READ: &str = "GetSecretValue";
const LABEL: &str = "UpdateSecretVersionStage";
/// How many versions are read at the same time: the request for several tells only current ones.
const AT_ONCE: usize = 8;

/// Makes the requests of one provider configuration.
pub(super) struct VersionObjects {
    client: Arc<Client>,
    resource: Version,
}

/// A version as it was read.
struct Seen {
    arn: Option<String>,
    id: String,
    stages: Vec<String>,
    made: Option<f64>,
    /// Text and binary, if they were read.
    value: Option<(Option<String>, Option<Blob>)>,
}

impl VersionObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Version::new(),
        }
    }

    /// The version of this identifier; or the one that took its place, if what is known of it is
    /// that it was the current one.
    async fn read(
        &self,
        api: &Reached<Secrets>,
        (secret, version): (&str, &str),
        known: Option<&Value>,
    ) -> Result<Option<Seen>, ProviderError> {
        let follows = known.is_some_and(|known| texts(known, STAGES).iter().any(|s| s == CURRENT));
        let is_current = |seen: &Seen| seen.stages.iter().any(|stage| stage == CURRENT);
        // What was only written is never read, and a stranger's configuration reads no secret.
        let written = known.and_then(|known| flag(known, HAS_WRITE_ONLY)) == Some(true);
        if written || self.client.is_untrusted() {
            let Some(found) = described(api, secret).await? else {
                return Ok(None);
            };
            let labels = found.version_ids_to_stages.unwrap_or_default();
            let arn = found.arn;
            let seen = |(id, stages): (&String, &Vec<String>)| Seen {
                arn: arn.clone(),
                id: id.clone(),
                stages: stages.clone(),
                made: None,
                value: None,
            };
            let own = labels.get_key_value(version).map(seen);
            let current = || labels.iter().map(seen).find(is_current);
            return Ok(match own {
                Some(own) if is_current(&own) || !follows => Some(own),
                own if follows => current().or(own),
                own => own,
            });
        }
        let own = value(api, secret, Some(version)).await?;
        match own {
            Some(own) if is_current(&own) || !follows => Ok(Some(own)),
            own if follows => Ok(value(api, secret, None).await?.or(own)),
            own => Ok(own),
        }
    }

    /// The version as it is after a change, which was made and may be told late.
    async fn settled(
        &self,
        api: &Reached<Secrets>,
        (secret, version): (&str, &str),
        planned: &Value,
    ) -> Result<RemoteObject, ProviderError> {
        let mut waiting = Waiting::new(Duration::from_millis(500), Duration::from_secs(4));
        loop {
            // Nobody else's value is taken for this one here.
            let known = Value::object([(
                HAS_WRITE_ONLY,
                Value::bool(flag(planned, HAS_WRITE_ONLY) == Some(true)),
            )]);
            let live = self.read(api, (secret, version), Some(&known)).await?;
            let live = live.map(|seen| decode(seen, secret, Some(planned)));
            match live {
                Some(live) if is_told(&self.resource, planned, &live.attributes) => {
                    return Ok(live);
                }
                _ if waiting.pause(SETTLING).await => {}
                Some(live) => return Ok(live),
                None => {
                    let message = "the value was put, and Secrets Manager does not tell it";
                    return Err(ProviderError::local(ErrorKind::Ambiguous, READ, message));
                }
            }
        }
    }
}

/// A version with its value: this one, or the current one. `None` if there is none.
async fn value(
    api: &Reached<Secrets>,
    secret: &str,
    version: Option<&str>,
) -> Result<Option<Seen>, ProviderError> {
    let request = api.sdk.get_secret_value().secret_id(secret);
    let request = request.set_version_id(version.map(str::to_owned));
    let answer = request.send().await;
    match answer.map_err(|error| api.reading(READ).failed(&error)) {
        Ok(answer) => Ok(seen(answer)),
        Err(error) if error.kind == ErrorKind::NotFound || is_going(&error) => Ok(None),
        Err(error) if error.kind == ErrorKind::AccessDenied => Err(error.with_hint(
            "the credentials in use need `secretsmanager:GetSecretValue` for the secret, and \
             `kms:Decrypt` for its key, to see whether the value is still the one that was put; a \
             value in `secret_string_wo` is not read",
        )),
        Err(error) => Err(error),
    }
}

fn seen(answer: GetSecretValueOutput) -> Option<Seen> {
    Some(Seen {
        arn: answer.arn,
        id: answer.version_id?,
        stages: answer.version_stages.unwrap_or_default(),
        made: answer.created_date.map(|made| made.as_secs_f64()),
        value: Some((answer.secret_string, answer.secret_binary)),
    })
}

/// The object as state keeps it, but for its value, which is known here and marked. `known` is what is
/// known of it.
fn decode(seen: Seen, secret: &str, known: Option<&Value>) -> RemoteObject {
    let kept = |name| {
        let known = known.and_then(|known| known.get(name)).cloned();
        known.unwrap_or_else(|| Value::null(Type::String))
    };
    let hidden = |text: Option<String>| match text {
        Some(text) => Value::string(text).marked(Marks::SENSITIVE),
        None => Value::null(Type::String),
    };
    let (string, binary) = match seen.value {
        Some((string, binary)) => (hidden(string), hidden(binary.map(base64::encode))),
        None => (kept(STRING), kept(BINARY)),
    };
    let written = known
        .and_then(|known| text(known, SECRET))
        .unwrap_or(secret);
    let id = identity(written, &seen.id);
    RemoteObject {
        id: id.clone(),
        attributes: Value::object([
            ("arn", text_value(seen.arn.as_deref())),
            (HAS_WRITE_ONLY, Value::null(Type::Bool)),
            ("id", Value::string(id)),
            (BINARY, binary),
            (SECRET, text_value(Some(written))),
            (STRING, string),
            (WRITE_ONLY, Value::null(Type::String)),
            (REVISION, Value::null(Type::Number)),
            (VERSION, text_value(Some(&seen.id))),
            (STAGES, texts_value(seen.stages.iter().map(String::as_str))),
        ]),
        created_at: seen.made,
    }
}

/// The secret and the version of an identity.
fn parts(id: &str) -> Option<(&str, &str)> {
    id.rsplit_once('|')
}

#[async_trait]
impl RemoteObjects for VersionObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let api = self.client.api::<Secrets>(READ).await?;
        let read = |request: ReadRequest| async move {
            let Some((secret, version)) = parts(&request.id) else {
                return Ok(None);
            };
            let known = request.prior.as_ref();
            let seen = self.read(api, (secret, version), known).await?;
            Ok(seen.map(|seen| decode(seen, secret, known)))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let api = self.client.api::<Secrets>(CREATE).await?;
        let secret = text(planned, SECRET).unwrap_or_default();
        let string = owned(planned, STRING).or_else(|| owned(planned, WRITE_ONLY));
        let binary = text(planned, BINARY).and_then(bytes).map(Blob::new);
        let stages = texts(planned, STAGES);
        let request = api
            .sdk
            .put_secret_value()
            .secret_id(secret)
            .client_request_token(token)
            .set_secret_string(string)
            .set_secret_binary(binary)
            .set_version_stages(Some(stages).filter(|stages| !stages.is_empty()));
        let carried = Redactor::of(self.resource.schema(), planned);
        let call = api.request(CREATE, true, &carried);
        let answer = request.send().await.map_err(|error| call.failed(&error))?;
        let version = answer.version_id.unwrap_or_else(|| token.to_owned());
        self.settled(api, (secret, &version), planned).await
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let api = self.client.api::<Secrets>(LABEL).await?;
        let (secret, version) = parts(id).unwrap_or((id, ""));
        let (before, after) = (texts(prior, STAGES), texts(planned, STAGES));
        if before != after && planned.get(STAGES).is_some_and(Value::is_known) {
            let labels = labels(api, secret).await?;
            let holder = |stage: &str| {
                let mut all = labels.iter();
                all.find(|(_, stages)| stages.iter().any(|other| other == stage))
                    .map(|(id, _)| id.clone())
            };
            for stage in after.iter().filter(|stage| !before.contains(stage)) {
                let from = holder(stage);
                if from.as_deref() == Some(version) {
                    continue;
                }
                let request = api.sdk.update_secret_version_stage().secret_id(secret);
                let request = request
                    .version_stage(stage)
                    .set_remove_from_version_id(from)
                    .move_to_version_id(version);
                let call = api.request(LABEL, true, NOTHING);
                let sent = request.send().await;
                sent.map_err(|error| call.failed(&error))?;
            }
            let removed = before.into_iter().filter(|stage| !after.contains(stage));
            remove_labels(api, secret, version, removed.collect()).await?;
        }
        self.settled(api, (secret, version), planned).await
    }

    /// A version ends when it has no label. The current one of a secret cannot: it ends with the
    /// secret, or when another one takes its place.
    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let api = self.client.api::<Secrets>(LABEL).await?;
        let Some((secret, version)) = parts(id) else {
            return Ok(());
        };
        let mut labels = labels(api, secret).await?;
        let ours = texts(prior, STAGES);
        let mut removed = labels.remove(version).unwrap_or_default();
        removed.retain(|stage| stage != CURRENT && ours.contains(stage));
        remove_labels(api, secret, version, removed).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        check_trust(&self.client, READ)?;
        let api = self.client.api::<Secrets>(READ).await?;
        let (secret, version) = match parts(id) {
            Some((secret, version)) => (secret, Some(version)),
            None => (id, None),
        };
        match value(api, secret, version).await? {
            Some(seen) => Ok(decode(seen, secret, None)),
            None => {
                let message = format!("there is no value `{id}` of a secret");
                let error = ProviderError::local(ErrorKind::NotFound, "Import", message);
                Err(error.with_hint(
                    "give the ARN of the secret and the identifier of the version, as \
                     ARN|VERSION; or the ARN alone for the current value",
                ))
            }
        }
    }
}

/// The labels of each version of a secret; none if there is no secret.
async fn labels(
    api: &Reached<Secrets>,
    secret: &str,
) -> Result<HashMap<String, Vec<String>>, ProviderError> {
    let found = described(api, secret).await?;
    let labels = found.and_then(|found| found.version_ids_to_stages);
    Ok(labels.unwrap_or_default())
}

async fn remove_labels(
    api: &Reached<Secrets>,
    secret: &str,
    version: &str,
    stages: Vec<String>,
) -> Result<(), ProviderError> {
    for stage in stages {
        let request = api.sdk.update_secret_version_stage().secret_id(secret);
        let request = request.version_stage(stage).remove_from_version_id(version);
        let sent = request.send().await;
        let call = api.request(LABEL, true, NOTHING);
        sent.map_err(|error| call.failed(&error))?;
    }
    Ok(())
}
