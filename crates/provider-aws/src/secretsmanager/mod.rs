//! Secrets of Secrets Manager: `aws_secretsmanager_secret`, its values
//! (`aws_secretsmanager_secret_version`) and who may read it (`aws_secretsmanager_secret_policy`).
//! Reading a value that is kept elsewhere is the business of [`crate::secrets`].

mod data;
mod policy;
mod secret;
mod secret_objects;
mod version;
mod version_objects;

use std::time::Duration;

use aws_sdk_secretsmanager::Client as Secrets;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use flowctl_schema::{ErrorKind, ProviderError, Redactor};

use crate::api::Reached;
use crate::arn::Arn;
use crate::registry::{ResourceEntry, SourceEntry};
use crate::wait::Waiting;

const DESCRIBE: &str = "DescribeSecret";
/// For how long a principal of a policy may not be known that was made a moment ago.
const PRINCIPALS: Duration = Duration::from_mins(1);
/// For how long a change may not be told.
const SETTLING: Duration = Duration::from_secs(30);
const NOTHING: &Redactor = &Redactor::none();

/// The resource types, for the registry.
pub(crate) fn resources() -> [ResourceEntry; 3] {
    [secret::resource(), version::resource(), policy::resource()]
}

/// The data source, for the registry.
pub(crate) fn source() -> SourceEntry {
    data::source()
}

/// Whether two texts name the same secret: by its name, or by its ARN.
fn same_secret(one: &str, other: &str) -> bool {
    one == other || name_in(one) == Some(other) || name_in(other) == Some(one)
}

/// The name in the ARN of a secret, which ends with six characters of the service's own.
fn name_in(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn).ok()?;
    let name = arn.resource.strip_prefix("secret:")?;
    let (name, random) = name.rsplit_once('-')?;
    (arn.service == "secretsmanager" && random.len() == 6).then_some(name)
}

/// Whether a secret was refused because it is to be deleted.
fn is_going(error: &ProviderError) -> bool {
    error.code.as_deref() == Some("InvalidRequestException") && error.message.contains("delet")
}

/// A secret by its name or ARN; `None` if there is none, or not for long.
async fn described(
    api: &Reached<Secrets>,
    id: &str,
) -> Result<Option<DescribeSecretOutput>, ProviderError> {
    let answer = api.sdk.describe_secret().secret_id(id).send().await;
    match answer.map_err(|error| api.reading(DESCRIBE).failed(&error)) {
        Ok(secret) if secret.deleted_date().is_some() => Ok(None),
        Ok(secret) => Ok(Some(secret)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The policy of a secret; `None` if it has none, or is none itself.
async fn policy_of(api: &Reached<Secrets>, id: &str) -> Result<Option<String>, ProviderError> {
    let answer = api.sdk.get_resource_policy().secret_id(id).send().await;
    match answer.map_err(|error| api.reading("GetResourcePolicy").failed(&error)) {
        Ok(answer) => Ok(answer
            .resource_policy
            .filter(|policy| !is_no_policy(policy))),
        Err(error) if error.kind == ErrorKind::NotFound || is_going(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a text says that there is to be no policy.
fn is_no_policy(document: &str) -> bool {
    let members = document.trim().strip_prefix('{');
    let nothing = members.and_then(|rest| rest.strip_suffix('}'));
    nothing.is_some_and(|nothing| nothing.trim().is_empty())
}

/// Gives a secret its policy. Who is named in it may have been made a moment ago.
async fn put_policy(
    api: &Reached<Secrets>,
    id: &str,
    document: &str,
    block_public: Option<bool>,
) -> Result<(), ProviderError> {
    let request = api.sdk.put_resource_policy().secret_id(id);
    let request = request
        .resource_policy(document)
        .set_block_public_policy(block_public);
    let mut waiting = Waiting::new(Duration::from_secs(1), Duration::from_secs(8));
    loop {
        let Err(error) = request.clone().send().await else {
            return Ok(());
        };
        let error = api
            .request("PutResourcePolicy", true, NOTHING)
            .failed(&error);
        let is_new = error.code.as_deref() == Some("MalformedPolicyDocumentException")
            && error.message.to_lowercase().contains("principal");
        if !is_new || !waiting.pause(PRINCIPALS).await {
            return Err(error);
        }
    }
}

/// Takes the policy of a secret away.
async fn delete_policy(api: &Reached<Secrets>, id: &str) -> Result<(), ProviderError> {
    let sent = api.sdk.delete_resource_policy().secret_id(id).send().await;
    let request = api.request("DeleteResourcePolicy", true, NOTHING);
    match sent.map_err(|error| request.failed(&error)) {
        Err(error) if error.kind != ErrorKind::NotFound && !is_going(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_by_its_arn_too() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/crm-a1-XyZ123";
        assert!(same_secret(arn, "team/crm-a1") && same_secret("team/crm-a1", arn));
        assert!(!same_secret(arn, "team/crm") && same_secret("a", "a"));
        assert!(!same_secret("arn:aws:s3:::secret:a-XyZ123", "a"));
    }

    #[test]
    fn an_empty_document_is_no_policy() {
        assert!(is_no_policy("{}") && is_no_policy(" { } "));
        assert!(!is_no_policy(r#"{"Statement":[]}"#) && !is_no_policy(""));
    }
}
