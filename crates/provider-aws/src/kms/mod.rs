//! Keys of KMS and the names that they are given: `aws_kms_key` and `aws_kms_alias`, each a resource
//! type and a data source.

mod alias;
mod alias_objects;
mod data;
mod key;
mod key_objects;

use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::types::{AliasListEntry, KeyMetadata, KeyState};
use flowctl_schema::{ErrorKind, ProviderError};

use crate::api::Reached;
use crate::arn::Arn;
use crate::registry::{ResourceEntry, SourceEntry};

const DESCRIBE: &str = "DescribeKey";

/// The resource types, for the registry.
pub(crate) fn resources() -> [ResourceEntry; 2] {
    [key::resource(), alias::resource()]
}

/// The data sources, for the registry.
pub(crate) fn sources() -> [SourceEntry; 2] {
    data::Looked::ALL.map(data::Looked::source)
}

/// Whether two texts name the same key: services tell ARNs of what was named by its identifier or
/// its alias, and the other way round.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    one == other || key_of(one) == Some(other) || key_of(other) == Some(one)
}

/// The identifier or the alias in the ARN of a key.
fn key_of(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn).ok().filter(|arn| arn.service == "kms")?;
    let resource = arn.resource;
    Some(resource.strip_prefix("key/").unwrap_or(resource))
}

/// Whether a key is to be deleted, and so as good as gone.
fn is_going(key: &KeyMetadata) -> bool {
    let going = [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion];
    key.key_state().is_some_and(|state| going.contains(state))
}

/// A key by its identifier, ARN or alias; `None` if there is none.
async fn described(api: &Reached<Kms>, id: &str) -> Result<Option<KeyMetadata>, ProviderError> {
    let answer = api.sdk.describe_key().key_id(id).send().await;
    match answer.map_err(|error| api.reading(DESCRIBE).failed(&error)) {
        Ok(answer) => Ok(answer.key_metadata),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every alias of the account in the region: no request asks for some of them.
async fn aliases(api: &Reached<Kms>) -> Result<Vec<AliasListEntry>, ProviderError> {
    let mut pages = api.sdk.list_aliases().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(alias) = pages.next().await {
        all.push(alias.map_err(|error| api.reading("ListAliases").failed(&error))?);
    }
    Ok(all)
}

/// The ARN of the key that an alias stands for.
fn target_arn(alias: &AliasListEntry) -> Option<String> {
    let arn = Arn::parse(alias.alias_arn()?).ok()?;
    let Arn {
        partition,
        region,
        account,
        ..
    } = arn;
    let key = alias.target_key_id()?;
    Some(format!("arn:{partition}:kms:{region}:{account}:key/{key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_several_names() {
        let arn = |resource: &str| format!("arn:aws:kms:eu-west-1:123456789012:{resource}");
        assert!(same_key("1-2", "1-2") && same_key(&arn("key/1-2"), "1-2"));
        assert!(same_key("alias/a", &arn("alias/a")));
        assert!(!same_key(&arn("key/1-2"), "1-3") && !same_key("alias/a", "a"));
        assert!(!same_key(
            "arn:aws:s3:eu-west-1:123456789012:key/1-2",
            "1-2"
        ));
    }

    #[test]
    fn an_alias_tells_the_arn_of_its_key() {
        let alias = AliasListEntry::builder()
            .alias_arn("arn:aws-cn:kms:cn-north-1:123456789012:alias/a")
            .target_key_id("1-2")
            .build();
        assert_eq!(
            target_arn(&alias).as_deref(),
            Some("arn:aws-cn:kms:cn-north-1:123456789012:key/1-2")
        );
    }
}
