//! `aws_secretsmanager_secret_policy`: who may do what with a secret, for instance AppFlow read it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client as Secrets;
use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Block, Constraint, ErrorKind, PlanRequest, PlannedChange, Presence, ProviderError, ReadRequest,
    RemoteObject, RemoteObjects, ResourceType, Schema,
};
use futures::StreamExt as _;

use super::{SETTLING, delete_policy, described, policy_of, put_policy, same_secret};
use crate::client::Client;
use crate::ours::is_told;
use crate::policy;
use crate::registry::ResourceEntry;
use crate::table::{boolean, flag, same_or_no, string, text, text_value, with};
use crate::wait::Waiting;

const SECRET: &str = "secret_arn";
const POLICY: &str = "policy";
const BLOCK: &str = "block_public_policy";
const READ: &str = "GetResourcePolicy";
/// How many policies are read at the same time: there is no request for several.
const AT_ONCE: usize = 8;

/// The resource type, for the registry.
pub(super) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(SecretPolicy::new()),
        remote: Box::new(|client| Arc::new(PolicyObjects::new(Arc::clone(client)))),
    }
}

/// The resource type: all that is decided without a request.
struct SecretPolicy {
    schema: Schema,
}

impl SecretPolicy {
    fn new() -> Self {
        Self { schema: schema() }
    }
}

/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html>
fn schema() -> Schema {
    use Presence::{Computed, Optional, Required};
    let attributes = vec![
        boolean(
            BLOCK,
            Optional,
            "Whether a policy is refused that lets everybody in.",
        )
        .not_returned(),
        string("id", Computed, "The ARN of the secret."),
        string(POLICY, Required, "The policy, as JSON.")
            .constraints(vec![Constraint::Length(1, 20_480)]),
        string(SECRET, Required, "The ARN of the secret.")
            .constraints(vec![Constraint::Length(1, 2048)])
            .replace(),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            doc: "Who may do what with a secret.",
            ..Block::default()
        },
    }
}

impl ResourceType for SecretPolicy {
    fn name(&self) -> &'static str {
        "aws_secretsmanager_secret_policy"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let found = policy::check(AttributePath::attribute(POLICY), config.get(POLICY));
        found.into_iter().collect()
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some(POLICY), Some(one), Some(other)) => policy::equivalent(one, other),
            (Some(SECRET), Some(one), Some(other)) => same_secret(one, other),
            (Some(BLOCK), ..) => same_or_no(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let id = match request.prior {
            Some(prior) => prior.get("id"),
            None => request.config.get(SECRET),
        };
        let id = id.cloned().unwrap_or_else(|| Value::unknown(Type::String));
        PlannedChange {
            planned: with(request.proposed, [("id", id)]),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        text(object, SECRET).map(Text::from)
    }

    fn identity_argument(&self) -> &'static str {
        SECRET
    }

    fn is_undated(&self) -> bool {
        true
    }
}

/// Makes the requests of one provider configuration.
struct PolicyObjects {
    client: Arc<Client>,
    resource: SecretPolicy,
}

impl PolicyObjects {
    fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: SecretPolicy::new(),
        }
    }

    /// Gives a secret its policy, and waits until it is told.
    async fn put(&self, planned: &Value) -> Result<RemoteObject, ProviderError> {
        let secret = text(planned, SECRET).unwrap_or_default();
        let document = text(planned, POLICY).unwrap_or_default();
        let api = self.client.api::<Secrets>("PutResourcePolicy").await?;
        put_policy(api, secret, document, flag(planned, BLOCK)).await?;
        let mut waiting = Waiting::new(Duration::from_millis(500), Duration::from_secs(4));
        loop {
            let live = policy_of(api, secret).await?;
            let live = live.map(|document| decode(secret, &document, Some(planned)));
            match live {
                Some(live) if is_told(&self.resource, planned, &live.attributes) => {
                    return Ok(live);
                }
                _ if waiting.pause(SETTLING).await => {}
                Some(live) => return Ok(live),
                None => {
                    let message = "the policy was set, and Secrets Manager does not tell it";
                    return Err(ProviderError::local(ErrorKind::Ambiguous, READ, message));
                }
            }
        }
    }
}

/// The object as state keeps it. A policy that means the same as the one known is told as that.
fn decode(secret: &str, document: &str, known: Option<&Value>) -> RemoteObject {
    let written = known.and_then(|known| text(known, POLICY));
    let document = policy::told(document, written, known.is_none());
    let secret_arn = known.and_then(|known| text(known, SECRET));
    let arn = text_value(Some(secret_arn.unwrap_or(secret)));
    RemoteObject {
        id: secret.into(),
        attributes: Value::object([
            (BLOCK, Value::null(Type::Bool)),
            ("id", arn.clone()),
            (POLICY, text_value(Some(&document))),
            (SECRET, arn),
        ]),
        created_at: None,
    }
}

#[async_trait]
impl RemoteObjects for PolicyObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let api = self.client.api::<Secrets>(READ).await?;
        let read = |request: ReadRequest| async move {
            let live = policy_of(api, &request.id).await?;
            Ok(live.map(|document| decode(&request.id, &document, request.prior.as_ref())))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, _: &str) -> Result<RemoteObject, ProviderError> {
        self.put(planned).await
    }

    async fn update(
        &self,
        _: &str,
        _: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        self.put(planned).await
    }

    async fn delete(&self, id: &str, _: &Value) -> Result<(), ProviderError> {
        let api = self.client.api::<Secrets>("DeleteResourcePolicy").await?;
        delete_policy(api, id).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let api = self.client.api::<Secrets>(READ).await?;
        let secret = described(api, id).await?;
        let arn = secret.as_ref().and_then(|secret| secret.arn());
        match policy_of(api, id).await? {
            Some(document) => Ok(decode(arn.unwrap_or(id), &document, None)),
            None => {
                let message = format!("there is no secret `{id}` with a policy");
                let error = ProviderError::local(ErrorKind::NotFound, "Import", message);
                Err(error.with_hint("give the ARN of the secret"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-XyZ123";

    #[test]
    fn the_secret_and_what_the_document_means_count() {
        let policy = SecretPolicy::new();
        let same = |argument: &'static str, one: &str, other: &str| {
            policy.equivalent(
                &AttributePath::attribute(argument),
                &one.into(),
                &other.into(),
            )
        };
        assert!(same(SECRET, ARN, "a") && !same(SECRET, ARN, "b"));
        assert!(same(
            POLICY,
            r#"{"Statement":[]}"#,
            r#"{ "Statement": [] }"#
        ));
        let config = Value::object([(SECRET, ARN.into()), (POLICY, "{".into())]);
        assert_eq!(policy.validate(&config)[0].path.to_string(), POLICY);
        assert_eq!(policy.identity(&config).as_deref(), Some(ARN));
    }

    #[test]
    fn a_document_is_told_as_it_was_written() {
        let written = r#"{ "Statement": [] }"#;
        let known = Value::object([(SECRET, ARN.into()), (POLICY, written.into())]);
        let told = decode(ARN, r#"{"Statement":[]}"#, Some(&known)).attributes;
        assert_eq!(text(&told, POLICY), Some(written));
        let other = decode(ARN, r#"{"Statement":[{}]}"#, Some(&known)).attributes;
        assert_eq!(text(&other, POLICY), Some(r#"{"Statement":[{}]}"#));
    }
}
