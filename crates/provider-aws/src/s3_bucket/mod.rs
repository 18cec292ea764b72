//! `aws_s3_bucket`: a bucket, with its tags. Its settings are resources of their own. Its requests are
//! in [`objects`].

mod calls;
mod names;
mod objects;

use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, PlanRequest, PlannedChange, Presence, ResourceType, Schema,
};

use crate::arn::{Arn, partition};
use crate::registry::ResourceEntry;
use crate::table::{
    boolean, conflicts, problem, same_or_no, string, text, text_value, timeout_problems, timeouts,
    with,
};
use crate::{name, tags};
pub(crate) use calls::{Calls, SETTLES, is_settling, patience};
use objects::BucketObjects;

const TYPE: &str = "aws_s3_bucket";
const BUCKET: &str = "bucket";
const PREFIX: &str = "bucket_prefix";
const FORCE: &str = "force_destroy";
const REGION: &str = "region";

/// The identifiers that Route 53 has for websites in the buckets of each region.
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints>
const ZONES: [(&str, &str); 38] = [
    ("af-south-1", "Z83WF9RJE8B12"),
    ("ap-east-1", "ZNB98KWMFR0R6"),
    ("ap-east-2", "Z064739330DAH7WJVOO93"),
    ("ap-northeast-1", "Z2M4EHUR26P7ZW"),
    ("ap-northeast-2", "Z3W03O7B5YMIYP"),
    ("ap-northeast-3", "Z2YQB5RD63NC85"),
    ("ap-south-1", "Z11RGJOFQNVJUP"),
    ("ap-south-2", "Z02976202B4EZMXIPMXF7"),
    ("ap-southeast-1", "Z3O0J2DXBE1FTB"),
    ("ap-southeast-2", "Z1WCIGYICN2BYD"),
    ("ap-southeast-3", "Z01846753K324LI26A3VV"),
    ("ap-southeast-4", "Z0312387243XT5FE14WFO"),
    ("ap-southeast-5", "Z08660063OXLMA7F1FJHU"),
    ("ap-southeast-6", "Z05686083R66JX5C163TC"),
    ("ap-southeast-7", "Z0031014GXUMRZG6I14G"),
    ("ca-central-1", "Z1QDHH18159H29"),
    ("ca-west-1", "Z03565811Z33SLEZTHOUL"),
    ("cn-north-1", "Z5CN8UMXT92WN"),
    ("cn-northwest-1", "Z282HJ1KT0DH03"),
    ("eu-central-1", "Z21DNDUVLTQW6Q"),
    ("eu-central-2", "Z030506016YDQGETNASS"),
    ("eu-north-1", "Z3BAZG2TWCNX0D"),
    ("eu-south-1", "Z30OZKI7KPW7MI"),
    ("eu-south-2", "Z0081959F7139GRJC19J"),
    ("eu-west-1", "Z1BKCTXD74EZPE"),
    ("eu-west-2", "Z3GKZC51ZF0DB4"),
    ("eu-west-3", "Z3R1K369G5AVDG"),
    ("il-central-1", "Z09640613K4A3MN55U7GU"),
    ("me-central-1", "Z06143092I8HRXZRUZROF"),
    ("me-south-1", "Z1MPMWCPA7YB62"),
    ("mx-central-1", "Z057606446ZNVQJJ8WOP"),
    ("sa-east-1", "Z7KQH4QJS55SO"),
    ("us-east-1", "Z3AQBSTGFYJSTF"),
    ("us-east-2", "Z2O1EMRO9K5GLX"),
    ("us-gov-east-1", "Z2NIFVYYW2VKV1"),
    ("us-gov-west-1", "Z31GFT0UA1I2HV"),
    ("us-west-1", "Z2F56UZL2M1ACD"),
    ("us-west-2", "Z3BJ6K6RIION7M"),
];

/// What older configurations set here.
const REFUSED: &[(&str, &str)] = &[
    (
        "acceleration_status",
        "it is set by `aws_s3_bucket_accelerate_configuration`, a resource that flowctl does not have",
    ),
    (
        "acl",
        "it is set by `aws_s3_bucket_acl`, a resource that flowctl does not have; buckets are private \
         unless it is set",
    ),
    (
        "cors_rule",
        "it is set by `aws_s3_bucket_cors_configuration`, a resource that flowctl does not have",
    ),
    (
        "grant",
        "it is set by `aws_s3_bucket_acl`, a resource that flowctl does not have; buckets are private \
         unless it is set",
    ),
    (
        "lifecycle_rule",
        "it is set by `aws_s3_bucket_lifecycle_configuration`, a resource that flowctl does not have",
    ),
    (
        "logging",
        "it is set by `aws_s3_bucket_logging`, a resource that flowctl does not have",
    ),
    (
        "object_lock_configuration",
        "it is set by `aws_s3_bucket_object_lock_configuration`, a resource that flowctl does not have",
    ),
    (
        "object_lock_enabled",
        "it is set by `aws_s3_bucket_object_lock_configuration`, a resource that flowctl does not have",
    ),
    (
        "policy",
        "write a resource `aws_s3_bucket_policy` with `bucket` and `policy`",
    ),
    (
        "replication_configuration",
        "it is set by `aws_s3_bucket_replication_configuration`, a resource that flowctl does not have",
    ),
    (
        "request_payer",
        "it is set by `aws_s3_bucket_request_payment_configuration`, a resource that flowctl does not \
         have",
    ),
    (
        "server_side_encryption_configuration",
        "it is set by `aws_s3_bucket_server_side_encryption_configuration`, a resource that flowctl \
         does not have; new objects are encrypted with keys of S3 unless it is set",
    ),
    (
        "versioning",
        "it is set by `aws_s3_bucket_versioning`, a resource that flowctl does not have",
    ),
    (
        "website",
        "it is set by `aws_s3_bucket_website_configuration`, a resource that flowctl does not have",
    ),
];

/// The resource type, for the registry.
pub(crate) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Bucket::new()),
        remote: Box::new(|client| Arc::new(BucketObjects::new(Arc::clone(client)))),
    }
}

/// The name in an id: a bucket is named by its name or by its ARN.
pub(crate) fn name_of(id: &str) -> &str {
    let arn = Arn::parse(id).ok().filter(|arn| arn.service == "s3");
    arn.map_or(id, |arn| arn.resource)
}

/// The resource type: all that is decided without a request.
struct Bucket {
    schema: Schema,
}

impl Bucket {
    fn new() -> Self {
        Self { schema: schema() }
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
fn schema() -> Schema {
    use Presence::{Computed, Optional, OptionalComputed};
    let mut attributes = vec![
        string("arn", Computed, "The ARN."),
        string(
            BUCKET,
            OptionalComputed,
            "The name, unique among all accounts; made by flowctl if not set.",
        )
        .replace(),
        string(
            "bucket_domain_name",
            Computed,
            "The host name of the bucket.",
        ),
        string(
            PREFIX,
            OptionalComputed,
            "What the name begins with, if flowctl makes it.",
        )
        .replace(),
        string(
            "bucket_region",
            Computed,
            "The region that the bucket is in.",
        ),
        string(
            "bucket_regional_domain_name",
            Computed,
            "The host name of the bucket in its region.",
        ),
        boolean(
            FORCE,
            Optional,
            "Whether everything in the bucket is deleted when the bucket is.",
        )
        .not_returned(),
        string(
            "hosted_zone_id",
            Computed,
            "The identifier that Route 53 has for websites in the buckets of the region.",
        ),
        string("id", Computed, "The name."),
        string(
            REGION,
            OptionalComputed,
            "The region that the bucket is in; that of the provider configuration if not set.",
        )
        .replace(),
    ];
    attributes.extend(tags::attributes());
    let by_name = |one: &Attribute, other: &Attribute| one.name.cmp(other.name);
    attributes.sort_by(by_name);
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![timeouts(&["create", "read", "update", "delete"])],
            refused: REFUSED,
            doc: "A bucket of S3.",
            ..Block::default()
        },
    }
}

/// What follows from the name of a bucket and its region, as far as they are known.
fn derived(name: &Value, region: &Value) -> [(&'static str, Value); 7] {
    let marks = name.marks().union(region.marks());
    let unknown = || Value::unknown(Type::String).marked(marks);
    let (bucket, place) = (name.as_str(), region.as_str());
    let told =
        |text: Option<String>| text.map_or_else(unknown, |text| Value::string(text).marked(marks));
    let of_both =
        |write: fn(&str, &str) -> String| told(bucket.zip(place).map(|(n, r)| write(n, r)));
    let zone = |place| {
        let found = ZONES.iter().find(|(region, _)| *region == place);
        text_value(found.map(|(_, zone)| *zone)).marked(region.marks())
    };
    [
        (
            "arn",
            of_both(|name, region| format!("arn:{}:s3:::{name}", partition(region).0)),
        ),
        (
            "bucket_domain_name",
            of_both(|name, region| format!("{name}.s3.{}", partition(region).1)),
        ),
        ("bucket_region", told(place.map(str::to_owned))),
        (
            "bucket_regional_domain_name",
            of_both(|name, region| format!("{name}.s3.{region}.{}", partition(region).1)),
        ),
        ("hosted_zone_id", place.map_or_else(unknown, zone)),
        ("id", told(bucket.map(str::to_owned))),
        (REGION, told(place.map(str::to_owned))),
    ]
}

impl ResourceType for Bucket {
    fn name(&self) -> &'static str {
        TYPE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let check = |argument, rule: fn(&str) -> Option<String>| {
            let mut detail = rule(text(config, argument)?)?;
            if config.get(argument).is_some_and(Value::is_sensitive) {
                "What it is set to is no name of a bucket; it is sensitive, and so not shown."
                    .clone_into(&mut detail);
            }
            Some(problem(argument, "Invalid bucket name", detail))
        };
        let mut problems = Vec::new();
        problems.extend(check(BUCKET, names::problem));
        problems.extend(check(PREFIX, names::problem_of_prefix));
        problems.extend(conflicts(config, &[BUCKET, PREFIX]));
        problems.extend(timeout_problems(config));
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        match path.names().next().map(Text::as_str) {
            Some(FORCE) => same_or_no(prior, proposed),
            Some("tags") => tags::are_none(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let replaced = request.prior.is_none()
            || request.changed.iter().any(|path| {
                let attribute = self.schema.block.attribute_at(path);
                attribute.is_some_and(|attribute| attribute.replace)
            });
        let mut members = Vec::from(name::planned(&request, BUCKET, PREFIX));
        members.push(("tags_all", tags::planned(&request)));
        if replaced {
            let unknown = || Value::unknown(Type::String);
            let name = request.proposed.get(BUCKET).cloned();
            let set = |object: &Value| object.get(REGION).filter(|v| !v.is_null()).cloned();
            let region = set(request.config).or_else(|| request.provider.and_then(set));
            members.extend(derived(
                &name.unwrap_or_else(unknown),
                &region.unwrap_or_else(unknown),
            ));
        }
        PlannedChange {
            planned: with(request.proposed, members),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        text(object, BUCKET).map(Text::from)
    }

    fn identity_with(&self, object: &Value, token: &str) -> Option<Text> {
        name::created(object, BUCKET, PREFIX, token)
    }

    fn identity_argument(&self) -> &'static str {
        BUCKET
    }

    fn create_is_repeatable(&self) -> bool {
        false
    }

    fn is_made_with(&self, argument: &str) -> bool {
        !argument.starts_with("tags")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(members: &[(&'static str, Value)]) -> Value {
        let attributes = schema().block.attributes;
        let null = attributes
            .iter()
            .map(|a| (a.name, Value::null(a.ty.clone())));
        with(&Value::object(null), members.iter().cloned())
    }

    #[test]
    fn names_are_checked_where_they_stand() {
        let found = |members: &[(&'static str, Value)]| -> Vec<String> {
            let problems = Bucket::new().validate(&bucket(members)).into_iter();
            problems
                .map(|problem| format!("{} {}", problem.path, problem.summary))
                .collect()
        };
        assert!(found(&[(BUCKET, "archive".into())]).is_empty());
        assert!(found(&[(BUCKET, Value::unknown(Type::String))]).is_empty());
        let secret = Value::from("CANARY").marked(flowctl_model::Marks::SENSITIVE);
        let told = Bucket::new().validate(&bucket(&[(BUCKET, secret)]));
        assert!(!told[0].detail.contains("CANARY"), "{told:?}");
        assert_eq!(
            found(&[(BUCKET, "A".into()), (PREFIX, "b_".into())]),
            [
                "bucket Invalid bucket name",
                "bucket_prefix Invalid bucket name",
                "bucket_prefix Conflicting arguments"
            ]
        );
    }

    fn planned(config: &Value, proposed: &Value, provider: Option<&Value>) -> Value {
        let request = PlanRequest {
            prior: None,
            config,
            proposed,
            changed: &[],
            provider,
        };
        Bucket::new().plan(request).planned
    }

    #[test]
    fn what_follows_from_a_name_and_a_region_is_known_with_them() {
        let config = bucket(&[(BUCKET, "archive".into()), (REGION, "cn-north-1".into())]);
        let made = planned(&config, &config, None);
        for (attribute, expected) in [
            ("arn", "arn:aws-cn:s3:::archive"),
            ("bucket_domain_name", "archive.s3.amazonaws.com.cn"),
            (
                "bucket_regional_domain_name",
                "archive.s3.cn-north-1.amazonaws.com.cn",
            ),
            ("bucket_region", "cn-north-1"),
            ("hosted_zone_id", "Z5CN8UMXT92WN"),
            ("id", "archive"),
        ] {
            assert_eq!(text(&made, attribute), Some(expected));
        }
        // The provider's region counts if it is known, and a secret name stays one.
        let secret = Value::from("archive").marked(flowctl_model::Marks::SENSITIVE);
        let config = bucket(&[(BUCKET, secret)]);
        let provider = Value::object([(REGION, Value::from("eu-west-1"))]);
        let made = planned(&config, &config, Some(&provider));
        assert_eq!(text(&made, "arn"), Some("arn:aws:s3:::archive"));
        assert!(made.get("arn").is_some_and(Value::is_sensitive));
        let made = planned(&config, &config, None);
        for unknown in ["arn", "bucket_region", "hosted_zone_id", REGION] {
            assert!(!made.get(unknown).unwrap().is_known(), "{unknown}");
        }
        assert_eq!(text(&made, "id"), Some("archive"));
    }

    #[test]
    fn a_bucket_is_named_by_name_or_arn() {
        assert_eq!(name_of("archive"), "archive");
        assert_eq!(name_of("arn:aws:s3:::archive"), "archive");
    }
}
