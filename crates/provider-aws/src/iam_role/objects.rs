//! The requests of roles. IAM recognises no request that is sent once more, and tells of changes
//! late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::Client as Iam;
use aws_sdk_iam::error::BuildError;
use aws_sdk_iam::types::{Role as Live, Tag};
use aws_smithy_types::date_time::Format;
use flowctl_model::{Type, Value};
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects,
};
use futures::StreamExt as _;

use super::{INLINE, MANAGED, NAME, NAME_PREFIX, Role, TRUST, inline_of, is_exclusive};
use crate::api::Reached;
use crate::client::Client;
use crate::error::Request;
use crate::ours::{is_ours, taken};
use crate::table::{flag, owned, text, text_value, texts, texts_value, whole, whole_value};
use crate::{name, policy, tags};

/// How many roles are read at the same time: there is no request for several.
const AT_ONCE: usize = 8;
const CREATE: &str = "CreateRole";
const READ: &str = "GetRole";
const UPDATE: &str = "UpdateRole";
const DELETE: &str = "DeleteRole";
const NOTHING: &Redactor = &Redactor::none();

/// Makes the requests of one provider configuration.
pub(super) struct RoleObjects {
    client: Arc<Client>,
    resource: Role,
}

/// A role and everything that is attached to it.
struct Whole {
    role: Live,
    managed: Vec<String>,
    /// Documents by name.
    inline: BTreeMap<String, String>,
}

impl RoleObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Role::new(),
        }
    }

    async fn calls<'a>(
        &'a self,
        operation: &str,
        name: &'a str,
    ) -> Result<Calls<'a>, ProviderError> {
        let api = self.client.api::<Iam>(operation).await?;
        Ok(Calls { api, name })
    }

    /// The object as state keeps it. `known` is what is known of it: documents that mean the same are
    /// told as they were written, and inline policies only if some are configured.
    fn decode(&self, whole: &Whole, known: Option<&Value>) -> RemoteObject {
        let role = &whole.role;
        let written = |path: Option<&str>, live: &str| policy::told(live, path, known.is_none());
        let trust = role.assume_role_policy_document().map(policy::decoded);
        let trust = trust.map(|live| written(known.and_then(|k| text(k, TRUST)), &live));
        let before = known
            .and_then(|known| known.get(INLINE))
            .and_then(Value::elements);
        let before = before.unwrap_or_default();
        let is_told = known.is_none() || !before.is_empty();
        let is_empty = |block: &&Value| text(block, NAME).is_none();
        let empty = before.iter().filter(is_empty).cloned();
        let inline = whole.inline.iter().filter(|_| is_told).map(|(name, live)| {
            let same = before.iter().find(|block| text(block, NAME) == Some(name));
            let document = written(same.and_then(|block| text(block, "policy")), live);
            Value::object([
                (NAME, Value::string(name.as_str())),
                ("policy", Value::string(document.as_str())),
            ])
        });
        let nested = self.resource.schema.block.nested(INLINE);
        let element = nested.map_or(Type::Any, |nested| nested.block.ty());
        let boundary = role.permissions_boundary.as_ref();
        let boundary = boundary.and_then(|boundary| boundary.permissions_boundary_arn());
        let prefix = match known {
            Some(known) => known.get(NAME_PREFIX).cloned(),
            None => Some(name::prefix_of(role.role_name())),
        };
        let made = role.create_date.fmt(Format::DateTime).ok();
        let live_tags = role.tags().iter();
        let live_tags = live_tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
        let mut members = vec![
            ("arn", text_value(Some(role.arn()))),
            (TRUST, text_value(trust.as_deref())),
            ("create_date", text_value(made.as_deref())),
            ("description", text_value(role.description())),
            ("force_detach_policies", Value::null(Type::Bool)),
            ("id", text_value(Some(role.role_name()))),
            (
                MANAGED,
                texts_value(whole.managed.iter().map(String::as_str)),
            ),
            (
                "max_session_duration",
                whole_value(role.max_session_duration),
            ),
            (NAME, text_value(Some(role.role_name()))),
            (NAME_PREFIX, prefix.unwrap_or_else(|| text_value(None))),
            ("path", text_value(Some(role.path()))),
            ("permissions_boundary", text_value(boundary)),
            ("unique_id", text_value(Some(role.role_id()))),
            (INLINE, Value::set(element, inline.chain(empty).collect())),
        ];
        members.extend(tags::told(live_tags, known, self.client.settings()));
        RemoteObject {
            id: role.role_name().into(),
            attributes: Value::object(members),
            created_at: Some(role.create_date.as_secs_f64()),
        }
    }

    /// The role as it is after a change, which was made.
    async fn settled(
        &self,
        calls: &Calls<'_>,
        planned: &Value,
    ) -> Result<RemoteObject, ProviderError> {
        match calls.read().await? {
            Some(whole) => Ok(self.decode(&whole, Some(planned))),
            None => {
                let message = "the role was made, and IAM does not tell it";
                Err(ProviderError::local(ErrorKind::Ambiguous, READ, message))
            }
        }
    }

    /// Everything that is not part of the role itself.
    async fn attach(
        &self,
        calls: &Calls<'_>,
        prior: Option<&Value>,
        planned: &Value,
    ) -> Result<(), ProviderError> {
        let set = |object: Option<&Value>| -> BTreeSet<String> {
            object
                .map(|o| texts(o, MANAGED))
                .unwrap_or_default()
                .into_iter()
                .collect()
        };
        let (before, after) = (set(prior), set(Some(planned)));
        let is_known = planned.get(MANAGED).is_some_and(Value::is_known);
        for arn in before.difference(&after).filter(|_| is_known) {
            calls.detach(arn).await?;
        }
        for arn in after.difference(&before) {
            let request = calls.api.sdk.attach_role_policy();
            let request = request.role_name(calls.name).policy_arn(arn);
            let sent = request.send().await;
            sent.map_err(|error| calls.writing("AttachRolePolicy").failed(&error))?;
        }
        let after = planned.get(INLINE);
        let before = prior.and_then(|prior| prior.get(INLINE));
        // Of a role whose policies were left alone until now, nobody knows which there are.
        let before = if prior.is_some() && is_exclusive(after) && !is_exclusive(before) {
            let whole = calls.read().await?;
            whole.map(|whole| whole.inline).unwrap_or_default()
        } else {
            inline_of(before)
        };
        let after = inline_of(after);
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            calls.delete_inline(name).await?;
        }
        for (name, document) in &after {
            if before
                .get(name)
                .is_some_and(|old| policy::equivalent(old, document))
            {
                continue;
            }
            let request = calls.api.sdk.put_role_policy().role_name(calls.name);
            let request = request.policy_name(name).policy_document(document);
            let sent = request.send().await;
            sent.map_err(|error| calls.writing("PutRolePolicy").failed(&error))?;
        }
        Ok(())
    }
}

#[async_trait]
impl RemoteObjects for RoleObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let read = |request: ReadRequest| async move {
            let calls = self.calls(READ, &request.id).await?;
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
        let first_attempt = self.client.attempts().first(token);
        let id = name::created(planned, NAME, NAME_PREFIX, token).unwrap_or_default();
        let calls = self.calls(CREATE, &id).await?;
        let wanted = tags_of(tags::wanted(planned)).map_err(|error| unsendable(CREATE, &error))?;
        let request = calls
            .api
            .sdk
            .create_role()
            .role_name(&*id)
            .set_assume_role_policy_document(owned(planned, TRUST))
            .set_description(owned(planned, "description"))
            .set_path(owned(planned, "path"))
            .set_max_session_duration(whole(planned, "max_session_duration"))
            .set_permissions_boundary(owned(planned, "permissions_boundary"))
            .set_tags(Some(wanted).filter(|tags| !tags.is_empty()));
        if let Err(error) = request.send().await {
            let error = calls.writing(CREATE).failed(&error);
            if error.kind != ErrorKind::Conflict {
                return Err(error);
            }
            // The answer to an attempt of ours may have been lost.
            let there = calls
                .read()
                .await?
                .map(|whole| self.decode(&whole, Some(planned)));
            match there {
                Some(live) if is_ours(&self.resource, planned, &live, first_attempt) => {}
                _ => return Err(taken(error, &id)),
            }
        }
        if let Err(error) = self.attach(&calls, None, planned).await {
            return Err(match calls.remove(&Whole::part(planned)).await {
                Ok(()) => error,
                Err(_) => error.with_hint(format!(
                    "the role was made and could not be deleted again: adopt it with an `import` \
                     block whose `id` is {:?}",
                    &*id
                )),
            });
        }
        self.settled(&calls, planned).await
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
        if differs(TRUST) {
            let request = sdk.update_assume_role_policy().role_name(id);
            let sent = request
                .set_policy_document(owned(planned, TRUST))
                .send()
                .await;
            sent.map_err(|error| calls.writing("UpdateAssumeRolePolicy").failed(&error))?;
        }
        if differs("description") || differs("max_session_duration") {
            let request = sdk
                .update_role()
                .role_name(id)
                .description(text(planned, "description").unwrap_or_default())
                .set_max_session_duration(whole(planned, "max_session_duration"));
            let sent = request.send().await;
            sent.map_err(|error| calls.writing(UPDATE).failed(&error))?;
        }
        if differs("permissions_boundary") {
            let operation = "PutRolePermissionsBoundary";
            match text(planned, "permissions_boundary") {
                Some(arn) => {
                    let request = sdk.put_role_permissions_boundary().role_name(id);
                    let sent = request.permissions_boundary(arn).send().await;
                    sent.map_err(|error| calls.writing(operation).failed(&error))?;
                }
                None => {
                    let request = sdk.delete_role_permissions_boundary().role_name(id);
                    let sent = request.send().await;
                    let operation = "DeleteRolePermissionsBoundary";
                    sent.map_err(|error| calls.writing(operation).failed(&error))?;
                }
            }
        }
        let (set, removed) = tags::changes(prior, planned);
        if !removed.is_empty() {
            let request = sdk.untag_role().role_name(id).set_tag_keys(Some(removed));
            let sent = request.send().await;
            sent.map_err(|error| calls.writing("UntagRole").failed(&error))?;
        }
        if !set.is_empty() {
            let wanted = tags_of(set).map_err(|error| unsendable("TagRole", &error))?;
            let sent = sdk
                .tag_role()
                .role_name(id)
                .set_tags(Some(wanted))
                .send()
                .await;
            sent.map_err(|error| calls.writing("TagRole").failed(&error))?;
        }
        self.attach(&calls, Some(prior), planned).await?;
        self.settled(&calls, planned).await
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let calls = self.calls(DELETE, id).await?;
        let Some(mut whole) = calls.read().await? else {
            return Ok(());
        };
        if flag(prior, "force_detach_policies") != Some(true) {
            let ours = Whole::part(prior);
            whole.managed.retain(|arn| ours.0.contains(arn));
            whole.inline.retain(|name, _| ours.1.contains(name));
        }
        calls
            .remove(&(whole.managed, whole.inline.into_keys().collect()))
            .await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let name = id.rsplit('/').next().unwrap_or(id);
        let calls = self.calls(READ, name).await?;
        match calls.read().await? {
            Some(whole) => Ok(self.decode(&whole, None)),
            None => {
                let message = format!("there is no role `{name}` in the account");
                Err(ProviderError::local(ErrorKind::NotFound, "Import", message)
                    .with_hint("give the name of the role, or its ARN"))
            }
        }
    }
}

/// ARNs of attached policies and names of inline ones.
type Attached = (Vec<String>, Vec<String>);

impl Whole {
    /// What an object of state or of a plan has attached.
    fn part(object: &Value) -> Attached {
        (
            texts(object, MANAGED),
            inline_of(object.get(INLINE)).into_keys().collect(),
        )
    }
}

/// The requests about one role.
struct Calls<'a> {
    api: &'a Reached<Iam>,
    name: &'a str,
}

impl Calls<'_> {
    fn writing(&self, operation: &'static str) -> Request<'_> {
        self.api.request(operation, true, NOTHING)
    }

    /// The role with all that is attached to it; `None` if there is none.
    async fn read(&self) -> Result<Option<Whole>, ProviderError> {
        let sdk = &self.api.sdk;
        let answer = sdk.get_role().role_name(self.name).send().await;
        let role = match answer.map_err(|error| self.api.reading(READ).failed(&error)) {
            Ok(answer) => answer.role,
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(role) = role else {
            return Ok(None);
        };
        let pages = sdk.list_attached_role_policies().role_name(self.name);
        let mut pages = pages.into_paginator().items().send();
        let mut managed = Vec::new();
        while let Some(policy) = pages.next().await {
            let call = self.api.reading("ListAttachedRolePolicies");
            let policy = policy.map_err(|error| call.failed(&error))?;
            managed.extend(policy.policy_arn);
        }
        let pages = sdk.list_role_policies().role_name(self.name);
        let mut pages = pages.into_paginator().items().send();
        let mut inline = BTreeMap::new();
        while let Some(name) = pages.next().await {
            let call = self.api.reading("ListRolePolicies");
            let name = name.map_err(|error| call.failed(&error))?;
            let request = sdk
                .get_role_policy()
                .role_name(self.name)
                .policy_name(&name);
            let call = self.api.reading("GetRolePolicy");
            let policy = request.send().await.map_err(|error| call.failed(&error))?;
            inline.insert(name, policy::decoded(policy.policy_document()));
        }
        Ok(Some(Whole {
            role,
            managed,
            inline,
        }))
    }

    async fn detach(&self, arn: &str) -> Result<(), ProviderError> {
        let request = self.api.sdk.detach_role_policy().role_name(self.name);
        let sent = request.policy_arn(arn).send().await.map(drop);
        gone(sent.map_err(|error| self.writing("DetachRolePolicy").failed(&error)))
    }

    async fn delete_inline(&self, name: &str) -> Result<(), ProviderError> {
        let request = self.api.sdk.delete_role_policy().role_name(self.name);
        let sent = request.policy_name(name).send().await.map(drop);
        gone(sent.map_err(|error| self.writing("DeleteRolePolicy").failed(&error)))
    }

    /// Deletes the role with what is attached to it.
    async fn remove(&self, (managed, inline): &Attached) -> Result<(), ProviderError> {
        for arn in managed {
            self.detach(arn).await?;
        }
        for name in inline {
            self.delete_inline(name).await?;
        }
        let sent = self.api.sdk.delete_role().role_name(self.name).send().await;
        let sent = gone(
            sent.map(drop)
                .map_err(|error| self.writing(DELETE).failed(&error)),
        );
        sent.map_err(|error| match error.kind {
            ErrorKind::Conflict => error.with_hint(
                "somebody attached policies or an instance profile to the role: detach them, or set \
                 `force_detach_policies = true` and apply that before deleting the role",
            ),
            _ => error,
        })
    }
}

/// What does not exist is deleted already.
fn gone(sent: Result<(), ProviderError>) -> Result<(), ProviderError> {
    match sent {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn tags_of(tags: BTreeMap<String, String>) -> Result<Vec<Tag>, BuildError> {
    let tags = tags.into_iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

fn unsendable(operation: &str, error: &BuildError) -> ProviderError {
    let message = format!("the configuration cannot be sent: {error}");
    ProviderError::local(ErrorKind::Validation, operation, message)
}
