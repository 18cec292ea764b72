//! The requests about one bucket, for all types that are about buckets.

use std::time::Duration;

use aws_sdk_s3::Client as S3;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, Tag, Tagging,
};
use flowctl_schema::{ErrorKind, ProviderError, Redactor};

use crate::api::Reached;
use crate::error::Request;
use crate::wait::Waiting;

/// The region whose buckets are made without saying where.
pub(super) const FIRST_REGION: &str = "us-east-1";
pub(super) const CREATE: &str = "CreateBucket";
pub(super) const HEAD: &str = "HeadBucket";
const TAGS: &str = "GetBucketTagging";
const SET_TAGS: &str = "PutBucketTagging";
const DELETE: &str = "DeleteBucket";
const EMPTY: &str = "DeleteObjects";
const VERSIONS: &str = "ListObjectVersions";
const NOTHING: &Redactor = &Redactor::none();
/// How long is waited for what was done to be seen everywhere.
pub(crate) const SETTLES: Duration = Duration::from_secs(20);
/// How often a bucket is emptied that somebody fills again.
const ROUNDS: u32 = 3;

/// Tags, in the order in which the service tells them.
pub(super) type Tags = Vec<(String, String)>;

/// Pauses while something settles.
pub(crate) fn patience() -> Waiting {
    Waiting::new(Duration::from_millis(200), Duration::from_secs(3))
}

/// Whether an error passes: what was done a moment ago is not seen everywhere yet.
pub(crate) fn is_settling(error: &ProviderError) -> bool {
    let passing = ["NoSuchBucket", "OperationAborted"];
    error
        .code
        .as_deref()
        .is_some_and(|code| passing.contains(&code))
}

/// What there is under the name of a bucket.
pub(super) enum There {
    /// A bucket, in this region if that is told.
    Bucket(Option<String>),
    /// A bucket that may not be looked at.
    Forbidden(ProviderError),
    Nothing,
}

/// The requests about one bucket, to its region.
pub(crate) struct Calls<'a> {
    pub(crate) api: &'a Reached<S3>,
    pub(crate) bucket: &'a str,
}

impl Calls<'_> {
    pub(crate) fn writing(&self, operation: &'static str) -> Request<'_> {
        self.api.request(operation, true, NOTHING)
    }

    /// Looks whether there is a bucket, and where.
    pub(super) async fn head(&self) -> Result<There, ProviderError> {
        let error = match self.api.sdk.head_bucket().bucket(self.bucket).send().await {
            Ok(answer) => return Ok(There::Bucket(answer.bucket_region)),
            Err(error) => error,
        };
        let raw = error.raw_response();
        let status = raw.map(|raw| raw.status().as_u16());
        let region = raw.and_then(|raw| raw.headers().get("x-amz-bucket-region"));
        let region = region.map(str::to_owned);
        match status {
            Some(404) => Ok(There::Nothing),
            // The answer has no body that would say more.
            Some(301 | 307 | 400) if region.is_some() => Ok(There::Bucket(region)),
            Some(403) => {
                let mut refused = self.api.reading(HEAD).failed(&error);
                refused.message = format!(
                    "the bucket {} exists, and may not be looked at",
                    self.bucket
                );
                Ok(There::Forbidden(refused))
            }
            _ => Err(self.api.reading(HEAD).failed(&error)),
        }
    }

    /// Makes the bucket in the region of the client, and waits so long if one of its name was deleted
    /// a moment ago.
    pub(super) async fn create(&self, limit: Duration) -> Result<(), ProviderError> {
        let region = self.api.region.as_str();
        let place = (region != FIRST_REGION).then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let mut waiting = patience();
        loop {
            let request = self.api.sdk.create_bucket().bucket(self.bucket);
            let request = request.set_create_bucket_configuration(place.clone());
            let sent = request.send().await.map(drop);
            match sent.map_err(|error| self.writing(CREATE).failed(&error)) {
                Err(error) if is_settling(&error) && waiting.pause(limit).await => {}
                done => return done,
            }
        }
    }

    /// The tags; `None` if there is no such bucket.
    pub(super) async fn tags(&self) -> Result<Option<Tags>, ProviderError> {
        let request = self.api.sdk.get_bucket_tagging().bucket(self.bucket);
        let answer = request.send().await;
        match answer.map_err(|error| self.api.reading(TAGS).failed(&error)) {
            Ok(answer) => {
                let tags = answer.tag_set.into_iter();
                Ok(Some(tags.map(|tag| (tag.key, tag.value)).collect()))
            }
            Err(error) => match error.code.as_deref() {
                Some("NoSuchTagSet") => Ok(Some(Tags::new())),
                Some("NoSuchBucket") => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Gives the bucket exactly these tags, and waits so long for one that is new.
    pub(super) async fn set_tags(&self, tags: &Tags, limit: Duration) -> Result<(), ProviderError> {
        let set = tags.iter().map(|(key, value)| {
            let tag = Tag::builder().key(key).value(value);
            tag.build()
        });
        let set = set.collect::<Result<Vec<_>, _>>();
        let set = set.and_then(|set| Tagging::builder().set_tag_set(Some(set)).build());
        let set = set.map_err(|error| unsendable(SET_TAGS, &error))?;
        let mut waiting = patience();
        loop {
            let sdk = &self.api.sdk;
            let sent = if tags.is_empty() {
                let sent = sdk.delete_bucket_tagging().bucket(self.bucket).send().await;
                let call = self.writing("DeleteBucketTagging");
                sent.map(drop).map_err(|error| call.failed(&error))
            } else {
                let request = sdk.put_bucket_tagging().bucket(self.bucket);
                let sent = request.tagging(set.clone()).send().await;
                let call = self.writing(SET_TAGS);
                sent.map(drop).map_err(|error| call.failed(&error))
            };
            match sent {
                Err(error) if is_settling(&error) && waiting.pause(limit).await => {}
                done => return done,
            }
        }
    }

    /// Deletes the bucket, with everything in it if that is wanted, and waits so long for what else is
    /// done to it.
    pub(super) async fn delete(
        &self,
        with_content: bool,
        limit: Duration,
    ) -> Result<(), ProviderError> {
        let (mut rounds, mut waiting) = (0, patience());
        loop {
            let sent = self
                .api
                .sdk
                .delete_bucket()
                .bucket(self.bucket)
                .send()
                .await;
            let Err(error) = sent else {
                return Ok(());
            };
            let error = self.writing(DELETE).failed(&error);
            match error.code.as_deref() {
                Some("NoSuchBucket") => return Ok(()),
                Some("BucketNotEmpty") if with_content && rounds < ROUNDS => {
                    rounds += 1;
                    self.empty().await?;
                }
                Some("BucketNotEmpty") if with_content => {
                    return Err(error.with_hint(
                        "the bucket was emptied, and somebody puts objects into it: stop that, and \
                         apply again",
                    ));
                }
                Some("BucketNotEmpty") => {
                    return Err(error.with_hint(
                        "the bucket has objects: delete them, or set `force_destroy = true`, apply \
                         that, and then delete the bucket with everything in it",
                    ));
                }
                Some("OperationAborted") if waiting.pause(limit).await => {}
                _ => return Err(error),
            }
        }
    }

    /// Deletes every version of every object, and the marks of those that were deleted.
    async fn empty(&self) -> Result<(), ProviderError> {
        let (mut key, mut version) = (None, None);
        loop {
            let request = self.api.sdk.list_object_versions().bucket(self.bucket);
            let request = request.set_key_marker(key).set_version_id_marker(version);
            let page = request.send().await;
            let page = page.map_err(|error| self.api.reading(VERSIONS).failed(&error))?;
            let versions = page.versions().iter();
            let versions = versions.map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter();
            let markers = markers.map(|marker| (marker.key(), marker.version_id()));
            let objects = versions.chain(markers).filter_map(|(key, version)| {
                let object = ObjectIdentifier::builder().key(key?);
                Some(object.set_version_id(version.map(str::to_owned)).build())
            });
            let objects = objects.collect::<Result<Vec<_>, _>>();
            let objects = objects.map_err(|error| unsendable(EMPTY, &error))?;
            if !objects.is_empty() {
                self.delete_objects(objects).await?;
            }
            if page.is_truncated() != Some(true) {
                return Ok(());
            }
            (key, version) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    async fn delete_objects(&self, objects: Vec<ObjectIdentifier>) -> Result<(), ProviderError> {
        let left = self.delete_once(objects, false).await?;
        // What is kept from deletion for a time may be deleted by whoever may say so.
        let protected = left.iter().filter(|(_, code, _)| code == "AccessDenied");
        let protected: Vec<_> = protected.map(|(object, ..)| object.clone()).collect();
        let mut left = left
            .into_iter()
            .filter(|(_, code, _)| code != "AccessDenied");
        let first = match left.next() {
            None if protected.is_empty() => return Ok(()),
            None => self.delete_once(protected, true).await?.into_iter().next(),
            first => first,
        };
        let Some((object, code, message)) = first else {
            return Ok(());
        };
        let message = format!("the object {:?} cannot be deleted: {message}", object.key());
        let kind = match code.as_str() {
            "AccessDenied" => ErrorKind::AccessDenied,
            "InternalError" => ErrorKind::Internal,
            _ => ErrorKind::Other,
        };
        let mut error = ProviderError::local(kind, EMPTY, message);
        error.code = Some(code);
        Err(error.with_hint(
            "the credentials in use need `s3:DeleteObject` and `s3:DeleteObjectVersion`; what is \
             locked needs `s3:BypassGovernanceRetention`, and cannot be deleted at all while it is \
             on legal hold or in compliance mode",
        ))
    }

    /// Deletes up to a thousand objects; those that are left, with a code and the reason.
    async fn delete_once(
        &self,
        objects: Vec<ObjectIdentifier>,
        bypass: bool,
    ) -> Result<Vec<(ObjectIdentifier, String, String)>, ProviderError> {
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true);
        let delete = delete.build().map_err(|error| unsendable(EMPTY, &error))?;
        let request = self.api.sdk.delete_objects().bucket(self.bucket);
        let request = request.delete(delete);
        let request = request.set_bypass_governance_retention(bypass.then_some(true));
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.writing(EMPTY).failed(&error))?;
        let errors = answer.errors.unwrap_or_default().into_iter();
        let gone = ["NoSuchKey", "NoSuchVersion"];
        let errors = errors.filter_map(|error| {
            let code = error.code.unwrap_or_default();
            let object = ObjectIdentifier::builder().key(error.key.unwrap_or_default());
            let object = object.set_version_id(error.version_id).build().ok()?;
            let is_left = !gone.contains(&code.as_str());
            is_left.then(|| (object, code, error.message.unwrap_or_default()))
        });
        Ok(errors.collect())
    }
}

fn unsendable(operation: &str, error: &BuildError) -> ProviderError {
    let message = format!("the request cannot be made: {error}");
    ProviderError::local(ErrorKind::Validation, operation, message)
}
