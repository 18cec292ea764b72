//! The requests of buckets. S3 recognises no request that is sent once more. One request tells of
//! every bucket of the account; tags are read bucket by bucket, in its region.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client as S3;
use flowctl_model::{Type, Value};
use flowctl_schema::{ErrorKind, ProviderError, ReadRequest, RemoteObject, RemoteObjects};
use futures::StreamExt as _;

use super::calls::{CREATE, Calls, FIRST_REGION, HEAD, Tags, There};
use super::{BUCKET, Bucket, FORCE, PREFIX, REGION, SETTLES, derived, name_of};
use crate::arn::Arn;
use crate::client::Client;
use crate::ours::{is_ours, taken};
use crate::table::{flag, text, text_value, timeout};
use crate::{name, tags};

/// How many buckets are read at the same time.
const AT_ONCE: usize = 8;
/// How many buckets one answer lists.
const PAGE: i32 = 1000;
const LIST: &str = "ListBuckets";

/// Makes the requests of one provider configuration.
pub(super) struct BucketObjects {
    client: Arc<Client>,
    resource: Bucket,
}

/// A bucket as the service tells of it.
struct Live {
    name: String,
    region: String,
    made: Option<f64>,
    tags: Tags,
}

/// When a bucket was made and where it is, as far as the list tells.
#[derive(Clone, Default)]
struct Listed {
    made: Option<f64>,
    region: Option<String>,
}

/// The buckets of the account by name; `None` if they may not be listed.
type List = Option<BTreeMap<String, Listed>>;

impl BucketObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Bucket::new(),
        }
    }

    /// The client for a bucket in a region.
    async fn at(&self, operation: &str, region: &str) -> Result<Arc<Client>, ProviderError> {
        let here = self.client.api::<S3>(operation).await?;
        Ok(if here.region == region {
            Arc::clone(&self.client)
        } else {
            self.client.of_region(region)
        })
    }

    /// Every bucket of the account, or the one that is asked for.
    async fn list(&self, requests: &[ReadRequest]) -> Result<List, ProviderError> {
        let api = self.client.api::<S3>(LIST).await?;
        let mut request = api.sdk.list_buckets().max_buckets(PAGE);
        if let [only] = requests {
            request = request.prefix(only.id.as_str());
        }
        let mut pages = request.into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(|error| api.reading(LIST).failed(&error)) {
                Ok(page) => page,
                // Who may not list buckets may still look at some.
                Err(error) if error.kind == ErrorKind::AccessDenied => return Ok(None),
                Err(error) => return Err(error),
            };
            for bucket in page.buckets.unwrap_or_default() {
                let made = bucket.creation_date.map(|date| date.as_secs_f64());
                let region = bucket.bucket_region;
                let listed = Listed { made, region };
                all.extend(bucket.name.map(|name| (name, listed)));
            }
        }
        Ok(Some(all))
    }

    /// The bucket of this name. `known` is where it was.
    async fn find(
        &self,
        name: &str,
        known: Option<&str>,
        list: &List,
    ) -> Result<Option<Live>, ProviderError> {
        let listed = list.as_ref().and_then(|list| list.get(name));
        let listed_region = listed.and_then(|listed| listed.region.clone());
        let is_listed = listed.is_some();
        let known = listed_region.or_else(|| known.filter(|_| is_listed).map(str::to_owned));
        let here = self.client.api::<S3>(HEAD).await?;
        let region = match known {
            Some(region) => region,
            // A list may tell of a new bucket late, and does not always tell where one is.
            None => match (Calls {
                api: here,
                bucket: name,
            })
            .head()
            .await?
            {
                There::Bucket(region) => region.unwrap_or_else(|| here.region.clone()),
                There::Nothing => return Ok(None),
                // Of all buckets of the account it is none.
                There::Forbidden(_) if list.is_some() && !is_listed => return Ok(None),
                There::Forbidden(error) => return Err(error),
            },
        };
        let client = self.at(HEAD, &region).await?;
        let api = client.api::<S3>(HEAD).await?;
        let tags = (Calls { api, bucket: name }).tags().await?;
        Ok(tags.map(|tags| Live {
            name: name.to_owned(),
            region,
            made: listed.and_then(|listed| listed.made),
            tags,
        }))
    }

    /// The bucket that the answer to a creation of ours, or to another's, may be about.
    async fn look(
        &self,
        name: &str,
        planned: &Value,
    ) -> Result<Option<RemoteObject>, ProviderError> {
        let request = ReadRequest {
            id: name.into(),
            prior: None,
        };
        let list = self.list(std::slice::from_ref(&request)).await?;
        let live = self.find(name, None, &list).await?;
        Ok(live.map(|live| self.decode(&live, Some(planned))))
    }

    /// The object as state keeps it. `known` is what is known of it.
    fn decode(&self, live: &Live, known: Option<&Value>) -> RemoteObject {
        let name = Value::string(live.name.as_str());
        let prefix = match known {
            Some(known) => known.get(PREFIX).cloned(),
            None => Some(name::prefix_of(&live.name)),
        };
        let prefix = prefix.filter(Value::is_known);
        let mut members = vec![
            (BUCKET, name.clone()),
            (PREFIX, prefix.unwrap_or_else(|| text_value(None))),
            (FORCE, Value::null(Type::Bool)),
        ];
        members.extend(derived(&name, &Value::string(live.region.as_str())));
        let live_tags = live.tags.iter().cloned();
        members.extend(tags::told(live_tags, known, self.client.settings()));
        RemoteObject {
            id: live.name.as_str().into(),
            attributes: Value::object(members),
            created_at: live.made,
        }
    }

    /// The object after a change that was made.
    fn changed(&self, name: &str, region: &str, planned: &Value) -> RemoteObject {
        let live = Live {
            name: name.to_owned(),
            region: region.to_owned(),
            made: None,
            tags: tags::wanted(planned).into_iter().collect(),
        };
        self.decode(&live, Some(planned))
    }

    /// The bucket that is there already must be the one that an attempt of ours made.
    async fn recognise(
        &self,
        id: &str,
        planned: &Value,
        first_attempt: f64,
        error: ProviderError,
    ) -> Result<(), ProviderError> {
        match self.look(id, planned).await? {
            Some(live) if is_ours(&self.resource, planned, &live, first_attempt) => Ok(()),
            _ => Err(taken(error, id)),
        }
    }

    /// Makes the bucket.
    async fn make(
        &self,
        calls: &Calls<'_>,
        planned: &Value,
        first_attempt: f64,
    ) -> Result<(), ProviderError> {
        // There the service says yes to the owner of a bucket who makes it once more, and takes
        // its access rights away.
        if calls.api.region == FIRST_REGION && matches!(calls.head().await?, There::Bucket(_)) {
            let message = "a bucket of this name exists already";
            let error = ProviderError::local(ErrorKind::Conflict, CREATE, message);
            return self
                .recognise(calls.bucket, planned, first_attempt, error)
                .await;
        }
        let Err(error) = calls.create(timeout(planned, "create", SETTLES)).await else {
            return Ok(());
        };
        match error.code.as_deref() {
            Some("BucketAlreadyOwnedByYou") => {
                self.recognise(calls.bucket, planned, first_attempt, error)
                    .await
            }
            Some("BucketAlreadyExists") => Err(error.with_hint(
                "somebody has a bucket of this name: names of buckets are unique among all accounts, \
                 so choose another one, or set `bucket_prefix` to have flowctl make one that is new",
            )),
            _ => Err(error),
        }
    }
}

#[async_trait]
impl RemoteObjects for BucketObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let list = &self.list(requests).await?;
        let read = |request: ReadRequest| async move {
            let known = request.prior.as_ref();
            let region = known.and_then(|known| text(known, REGION));
            let live = self.find(&request.id, region, list).await?;
            Ok(live.map(|live| self.decode(&live, known)))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let first_attempt = self.client.attempts().first(token);
        let id = name::created(planned, BUCKET, PREFIX, token).unwrap_or_default();
        let api = self.client.api::<S3>(CREATE).await?;
        let calls = Calls { api, bucket: &id };
        Box::pin(self.make(&calls, planned, first_attempt)).await?;
        let wanted: Tags = tags::wanted(planned).into_iter().collect();
        if !wanted.is_empty()
            && let Err(error) = calls
                .set_tags(&wanted, timeout(planned, "create", SETTLES))
                .await
        {
            return Err(match calls.delete(false, SETTLES).await {
                Ok(()) => error,
                Err(_) => error.with_hint(format!(
                    "the bucket was made and could not be deleted again: adopt it with an `import` \
                     block whose `id` is {:?}",
                    &*id
                )),
            });
        }
        Ok(self.changed(&id, &api.region, planned))
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let api = self.client.api::<S3>("PutBucketTagging").await?;
        let calls = Calls { api, bucket: id };
        let (set, removed) = tags::changes(prior, planned);
        if !set.is_empty() || !removed.is_empty() {
            // All tags are set at once: those of others must stay.
            let settings = self.client.settings();
            let is_others = |key: &str| key.starts_with("aws:") || settings.ignores_tag(key);
            let live = calls.tags().await?.unwrap_or_default().into_iter();
            let others = live.filter(|(key, _)| is_others(key));
            let wanted = others.chain(tags::wanted(planned)).collect();
            let limit = timeout(planned, "update", SETTLES);
            calls.set_tags(&wanted, limit).await?;
        }
        Ok(self.changed(id, &api.region, planned))
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let api = self.client.api::<S3>("DeleteBucket").await?;
        let calls = Calls { api, bucket: id };
        let limit = timeout(prior, "delete", SETTLES);
        calls.delete(flag(prior, FORCE) == Some(true), limit).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let refused = |kind, message| {
            Err(ProviderError::local(kind, "Import", message)
                .with_hint("give the name of the bucket, or its ARN: arn:aws:s3:::NAME"))
        };
        let is_other = |arn: &Arn<'_>| arn.service != "s3" || arn.resource.contains(['/', ':']);
        if Arn::parse(id).is_ok_and(|arn| is_other(&arn)) {
            return refused(
                ErrorKind::Validation,
                format!("the ARN is not of a bucket: {id}"),
            );
        }
        let name = name_of(id);
        let request = ReadRequest {
            id: name.into(),
            prior: None,
        };
        let list = self.list(&[request]).await?;
        match self.find(name, None, &list).await? {
            Some(live) => Ok(self.decode(&live, None)),
            None => refused(
                ErrorKind::NotFound,
                format!("there is no bucket `{name}` in the account"),
            ),
        }
    }
}
