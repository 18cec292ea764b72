//! `aws_s3_bucket_policy`: who may do what with a bucket. A bucket has one policy or none.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client as S3;
use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Block, Constraint, ErrorKind, PlanRequest, PlannedChange, Presence, ProviderError, ReadRequest,
    RemoteObject, RemoteObjects, ResourceType, Schema,
};
use futures::StreamExt as _;

use crate::client::Client;
use crate::policy;
use crate::registry::ResourceEntry;
use crate::s3_bucket::{Calls, SETTLES, is_settling, name_of, patience};
use crate::table::{string, text, text_value, with};

const TYPE: &str = "aws_s3_bucket_policy";
const BUCKET: &str = "bucket";
const POLICY: &str = "policy";
/// How many policies are read at the same time: there is no request for several.
const AT_ONCE: usize = 8;
const READ: &str = "GetBucketPolicy";
const PUT: &str = "PutBucketPolicy";
const DELETE: &str = "DeleteBucketPolicy";

/// The resource type, for the registry.
pub(crate) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(BucketPolicy { schema: schema() }),
        remote: Box::new(|client| Arc::new(PolicyObjects(Arc::clone(client)))),
    }
}

/// The resource type: all that is decided without a request.
struct BucketPolicy {
    schema: Schema,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
fn schema() -> Schema {
    use Presence::{Computed, Required};
    let attributes = vec![
        string(BUCKET, Required, "The name of the bucket.")
            .constraints(vec![
                Constraint::Length(3, 255),
                Constraint::Pattern("[a-zA-Z0-9._-]+"),
            ])
            .replace(),
        string("id", Computed, "The name of the bucket."),
        string(POLICY, Required, "The policy, as JSON."),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            doc: "The policy of a bucket of S3.",
            ..Block::default()
        },
    }
}

impl ResourceType for BucketPolicy {
    fn name(&self) -> &'static str {
        TYPE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let document = policy::check(AttributePath::attribute(POLICY), config.get(POLICY));
        document.into_iter().collect()
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some(POLICY), Some(one), Some(other)) => policy::equivalent(one, other),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let bucket = request.proposed.get(BUCKET).cloned();
        let id = bucket.unwrap_or_else(|| Value::unknown(Type::String));
        PlannedChange {
            planned: with(request.proposed, [("id", id)]),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        text(object, BUCKET).map(Text::from)
    }

    fn identity_argument(&self) -> &'static str {
        BUCKET
    }

    fn is_undated(&self) -> bool {
        true
    }
}

/// Makes the requests of one provider configuration.
struct PolicyObjects(Arc<Client>);

impl PolicyObjects {
    async fn calls<'a>(
        &'a self,
        operation: &str,
        bucket: &'a str,
    ) -> Result<Calls<'a>, ProviderError> {
        let api = self.0.api::<S3>(operation).await?;
        Ok(Calls { api, bucket })
    }

    /// Sets the policy, and waits for what it needs: a bucket or a role may be new.
    async fn put(&self, bucket: &str, planned: &Value) -> Result<RemoteObject, ProviderError> {
        let calls = self.calls(PUT, bucket).await?;
        let document = text(planned, POLICY).unwrap_or_default();
        let mut waiting = patience();
        loop {
            let request = calls.api.sdk.put_bucket_policy().bucket(bucket);
            let sent = request.policy(document).send().await;
            match sent.map_err(|error| calls.writing(PUT).failed(&error)) {
                Ok(_) => return Ok(decode(bucket, document, Some(planned))),
                Err(error) if is_passing(&error) && waiting.pause(SETTLES).await => {}
                Err(error) => return Err(hinted(error)),
            }
        }
    }
}

/// Whether what the policy is about may only be too new.
fn is_passing(error: &ProviderError) -> bool {
    is_settling(error) || is_unknown_principal(error)
}

fn is_unknown_principal(error: &ProviderError) -> bool {
    error.code.as_deref() == Some("MalformedPolicy")
        && error.message.to_lowercase().contains("principal")
}

fn hinted(error: ProviderError) -> ProviderError {
    match error.code.as_deref() {
        Some("MalformedPolicy") if is_unknown_principal(&error) => error.with_hint(
            "each principal has to exist: check the ARNs of users and roles, and their accounts",
        ),
        Some("NoSuchBucket") => error.with_hint("check `bucket`, and its region"),
        _ => error,
    }
}

/// The policy of a bucket; `None` if it has none, or if there is no such bucket.
async fn read(calls: &Calls<'_>) -> Result<Option<String>, ProviderError> {
    let request = calls.api.sdk.get_bucket_policy().bucket(calls.bucket);
    let answer = request.send().await;
    match answer.map_err(|error| calls.api.reading(READ).failed(&error)) {
        Ok(answer) => Ok(answer.policy),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The object as state keeps it. `known` is what is known of it.
fn decode(bucket: &str, live: &str, known: Option<&Value>) -> RemoteObject {
    let written = known.and_then(|known| text(known, POLICY));
    let document = policy::told(live, written, known.is_none());
    RemoteObject {
        id: bucket.into(),
        attributes: Value::object([
            (BUCKET, text_value(Some(bucket))),
            ("id", text_value(Some(bucket))),
            (POLICY, text_value(Some(&document))),
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
        let one = |request: ReadRequest| async move {
            let calls = self.calls(READ, &request.id).await?;
            let live = read(&calls).await?;
            Ok(live.map(|live| decode(&request.id, &live, request.prior.as_ref())))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(one)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, _: &str) -> Result<RemoteObject, ProviderError> {
        let bucket = text(planned, BUCKET).unwrap_or_default();
        let calls = self.calls(READ, bucket).await?;
        // What somebody else says about the bucket is not to be lost.
        let there = read(&calls).await?;
        let wanted = text(planned, POLICY).unwrap_or_default();
        match there {
            Some(there) if policy::equivalent(&there, wanted) => {
                Ok(decode(bucket, &there, Some(planned)))
            }
            Some(_) => {
                let message = format!("the bucket {bucket} has another policy already");
                let error = ProviderError::local(ErrorKind::Conflict, PUT, message);
                Err(error.with_hint(format!(
                    "adopt the policy with an `import` block whose `id` is {bucket:?}, so that a plan \
                     shows what changes; or delete it"
                )))
            }
            None => self.put(bucket, planned).await,
        }
    }

    async fn update(
        &self,
        id: &str,
        _: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        self.put(id, planned).await
    }

    async fn delete(&self, id: &str, _: &Value) -> Result<(), ProviderError> {
        let calls = self.calls(DELETE, id).await?;
        let sent = calls.api.sdk.delete_bucket_policy().bucket(id).send().await;
        match sent.map_err(|error| calls.writing(DELETE).failed(&error)) {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            done => done.map(drop),
        }
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let bucket = name_of(id);
        let calls = self.calls(READ, bucket).await?;
        match read(&calls).await? {
            Some(live) => Ok(decode(bucket, &live, None)),
            None => {
                let message = format!("the bucket `{bucket}` does not exist, or has no policy");
                Err(ProviderError::local(ErrorKind::NotFound, "Import", message)
                    .with_hint("give the name of the bucket, or its ARN"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"Statement":[{"Effect":"Allow","Action":["a","b"],"Principal":"*"}]}"#;
    const SAME: &str =
        r#"{"Statement":{"Principal":{"AWS":"*"},"Action":["b","a"],"Effect":"Allow"}}"#;

    #[test]
    fn a_policy_that_means_the_same_is_told_as_it_was_written() {
        let known = Value::object([(POLICY, Value::from(ONE))]);
        let told = |live, known| {
            let object = decode("archive", live, known);
            text(&object.attributes, POLICY).map(str::to_owned)
        };
        assert_eq!(told(SAME, Some(&known)).as_deref(), Some(ONE));
        let encoded = told(SAME, None);
        assert!(encoded.is_some_and(|text| text.starts_with(r#"{"Statement":{"Action""#)));
        let resource = BucketPolicy { schema: schema() };
        let path = AttributePath::attribute(POLICY);
        assert!(resource.equivalent(&path, &ONE.into(), &SAME.into()));
    }

    #[test]
    fn what_passes_is_waited_for() {
        let error = |code: &str, message: &str| {
            let mut error = ProviderError::local(ErrorKind::Validation, PUT, message);
            error.code = Some(code.to_owned());
            error
        };
        assert!(is_passing(&error(
            "MalformedPolicy",
            "Invalid principal in policy"
        )));
        assert!(is_passing(&error("NoSuchBucket", "")));
        assert!(!is_passing(&error(
            "MalformedPolicy",
            "Missing required field Action"
        )));
    }
}
