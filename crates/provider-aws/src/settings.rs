//! The settings of `provider "aws"`: their table, what of them has no effect, and reading them.
//!
//! Existing configurations hold settings for services and kinds of accounts that flowctl has
//! nothing to do with. They are accepted, with a warning where somebody might rely on them.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use flowctl_model::{AttributePath, Problem, Type, Value};
use flowctl_schema::{Attribute, Block, Constraint, NestedBlock, Nesting, Presence, Schema};

use crate::error::Service;

/// Services that configurations name endpoints of. Those of services that flowctl sends requests to
/// have an effect.
const ENDPOINTS: &str = "\
    accessanalyzer acm acmpca amp amplify apigateway apigatewayv2 appautoscaling \
    appconfig appflow applicationautoscaling apprunner appsync athena autoscaling backup \
    batch bedrock budgets cloudcontrol cloudformation cloudfront cloudtrail cloudwatch \
    cloudwatchevents cloudwatchlogs codeartifact codebuild codecommit codedeploy \
    codepipeline cognitoidentity cognitoidentityprovider cognitoidp configservice \
    connect costexplorer customerprofiles databasemigration dms docdb dynamodb ec2 ecr \
    ecs efs eks elasticache elasticbeanstalk elasticsearch elb elbv2 emr es eventbridge \
    events firehose fsx glacier glue guardduty iam inspector iot kafka kinesis \
    kinesisanalytics kms lakeformation lambda logs lookoutmetrics mediaconvert mq mwaa \
    neptune opensearch organizations pipes ram rds redshift redshiftdata \
    redshiftserverless resourcegroups resourcegroupstaggingapi route53 route53resolver \
    s3 s3api s3control sagemaker scheduler schemas secretsmanager securityhub \
    serverlessrepo servicecatalog servicediscovery servicequotas ses sesv2 sfn shield \
    sns sqs ssm sso ssoadmin stepfunctions sts swf timestreamwrite transfer waf \
    wafregional wafv2 workspaces xray";

/// Settings without effect, and what to do instead.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    (
        "custom_ca_bundle",
        "Set the environment variable SSL_CERT_FILE to the file instead.",
    ),
    (
        "ec2_metadata_service_endpoint",
        "Set the environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT instead.",
    ),
    (
        "ec2_metadata_service_endpoint_mode",
        "Set the environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE instead.",
    ),
    (
        "http_proxy",
        "Set the environment variable HTTP_PROXY instead.",
    ),
    (
        "https_proxy",
        "Set the environment variable HTTPS_PROXY instead.",
    ),
    ("insecure", "Certificates are always checked."),
    ("no_proxy", "Set the environment variable NO_PROXY instead."),
    (
        "skip_metadata_api_check",
        "Set the environment variable AWS_EC2_METADATA_DISABLED=true instead.",
    ),
    (
        "token_bucket_rate_limiter_capacity",
        "A throttled request is repeated after a pause.",
    ),
];

/// Settings that flowctl behaves like in any case, so that nothing need be said.
const MOOT: &[(&str, &str)] = &[
    (
        "skip_credentials_validation",
        "Credentials are never validated beforehand.",
    ),
    ("skip_get_ec2_platforms", "EC2 is never asked."),
    (
        "skip_region_validation",
        "The name of the region is never validated.",
    ),
    (
        "skip_requesting_account_id",
        "The account is asked for only where it is needed.",
    ),
];

/// The table of the `provider` block.
pub(crate) fn schema() -> Schema {
    let optional = |name, ty, doc| Attribute::new(name, ty, Presence::Optional, doc);
    let string = |name, doc| optional(name, Type::String, doc);
    let secret = |name, doc| Attribute {
        secret: true,
        ..string(name, doc)
    };
    let strings = |name, doc| optional(name, Type::set(Type::String), doc);
    let files = |name, doc| optional(name, Type::list(Type::String), doc);
    let flag = |name, doc| optional(name, Type::Bool, doc);
    let none = "Accepted; it has no effect.";
    let account = || vec![Constraint::Values(vec![Constraint::Pattern(r"\d{12}")])];
    let mut attributes = vec![
        string(
            "region",
            "The region of all profiles; otherwise that of the environment or the profile.",
        ),
        string("profile", "The profile of the AWS configuration files."),
        string("access_key", "The access key to sign with."),
        secret("secret_key", "The secret that belongs to `access_key`."),
        secret("token", "The session token that belongs to `access_key`."),
        files(
            "shared_config_files",
            "Configuration files in place of `~/.aws/config`.",
        ),
        files(
            "shared_credentials_files",
            "Credentials files in place of `~/.aws/credentials`.",
        ),
        string(
            "shared_credentials_file",
            "As `shared_credentials_files`, for one file.",
        ),
        strings("allowed_account_ids", "The accounts that may be worked in.")
            .constraints(account()),
        strings(
            "forbidden_account_ids",
            "The accounts that may not be worked in.",
        )
        .constraints(account()),
        optional(
            "max_retries",
            Type::Number,
            "How often a request is repeated.",
        )
        .constraints(vec![Constraint::Range(0, 100)]),
        string("retry_mode", "How requests are repeated: `standard` if not set; `adaptive` also slows down all requests of the client.")
            .constraints(vec![Constraint::OneOf(&["standard", "adaptive"])]),
        string(
            "sts_region",
            "The region of the service that roles are assumed with.",
        ),
        flag(
            "use_dualstack_endpoint",
            "Whether to use endpoints for IPv4 and IPv6.",
        ),
        flag(
            "use_fips_endpoint",
            "Whether to use endpoints with validated cryptography.",
        ),
        flag(
            "s3_use_path_style",
            "Whether names of buckets stand in the path of addresses instead of in the host.",
        ),
        flag("s3_force_path_style", "As `s3_use_path_style`."),
        string("s3_us_east_1_regional_endpoint", none),
    ];
    attributes.extend(MOOT.iter().map(|(name, doc)| flag(name, doc)));
    for (name, _) in WITHOUT_EFFECT {
        match *name {
            "insecure" => attributes.push(flag(name, none)),
            "token_bucket_rate_limiter_capacity" => {
                attributes.push(optional(name, Type::Number, none));
            }
            _ => attributes.push(string(name, none)),
        }
    }
    let role = |doc| {
        vec![
            string("role_arn", doc),
            string("session_name", "The name of the session."),
            string("duration", "How long the session lasts, such as `1h`.")
                .constraints(vec![Constraint::Pattern(r"([0-9]+(\.[0-9]+)?(h|ms|m|s))+")]),
            string("policy", "A policy, as JSON, that restricts the session."),
            strings("policy_arns", "Policies that restrict the session."),
        ]
    };
    let mut assume_role = role("The role to assume.");
    assume_role.extend([
        optional(
            "duration_seconds",
            Type::Number,
            "As `duration`, in seconds.",
        ),
        string(
            "external_id",
            "What the role's owner asks for as external id.",
        ),
        string("source_identity", none),
        optional("tags", Type::map(Type::String), "Tags of the session."),
        strings("transitive_tag_keys", none),
    ]);
    let mut web_identity = role("The role to assume with the token of an identity provider.");
    web_identity.extend([
        secret("web_identity_token", none),
        string("web_identity_token_file", "The file with the token."),
    ]);
    let block = |attributes, doc| Block {
        attributes,
        blocks: Vec::new(),
        doc,
        ..Block::default()
    };
    let endpoints = ENDPOINTS
        .split_whitespace()
        .map(|name| string(name, "The address of the service."))
        .collect();
    let tags = vec![optional("tags", Type::map(Type::String), "The tags.")];
    let ignored = vec![
        strings("keys", "Tags with these keys."),
        strings("key_prefixes", "Tags whose keys begin like this."),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![
                NestedBlock {
                    max: None,
                    ..NestedBlock::optional(
                        "assume_role",
                        block(
                            assume_role,
                            "A role to assume; of several, each with the credentials of the one before.",
                        ),
                    )
                },
                NestedBlock::optional(
                    "assume_role_with_web_identity",
                    block(
                        web_identity,
                        "A role to assume with the token of an identity provider.",
                    ),
                ),
                NestedBlock::optional(
                    "default_tags",
                    block(tags, "Tags of every object that can have tags."),
                ),
                NestedBlock {
                    max: None,
                    nesting: Nesting::Set,
                    ..NestedBlock::optional(
                        "endpoints",
                        block(
                            endpoints,
                            "Addresses of services other than AWS's own; those of `appflow`, `iam`, `kms`, `redshift`, `s3`, `secretsmanager`, `ssm` and `sts` have an effect.",
                        ),
                    )
                },
                NestedBlock::optional(
                    "ignore_tags",
                    block(ignored, "Tags that others set and that are left alone."),
                ),
            ],
            doc: "Where requests go and who sends them.",
            ..Block::default()
        },
    }
}

/// Rules across the settings, and warnings about those without effect.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    let mut out = Vec::new();
    // Of what is not known yet, neither is said.
    let given = |name: &str| match config.get(name) {
        None => Some(false),
        Some(value) if !value.is_known() => None,
        Some(value) if value.is_null() => Some(false),
        Some(value) => Some(value.elements().is_none_or(|blocks| !blocks.is_empty())),
    };
    let is_set = |name: &str| given(name) == Some(true);
    for (name, instead) in WITHOUT_EFFECT.iter().filter(|(name, _)| is_set(name)) {
        let what = format!("`{name}` of the provider has no effect in flowctl.");
        let path = AttributePath::attribute(*name);
        out.push(Problem::warning(path, "Setting without effect", what).with_help(*instead));
    }
    for (name, other) in [
        ("access_key", "secret_key"),
        ("secret_key", "access_key"),
        ("token", "access_key"),
    ] {
        if is_set(name) && given(other) == Some(false) {
            let detail = format!("`{name}` needs `{other}`.");
            let path = AttributePath::attribute(name);
            out.push(
                Problem::error(path, "Incomplete credentials", detail).with_help(format!(
                    "Set `{other}` too, or use a `profile` or the environment."
                )),
            );
        }
    }
    if is_set("allowed_account_ids") && is_set("forbidden_account_ids") {
        let path = AttributePath::attribute("forbidden_account_ids");
        let detail = "Only one of `allowed_account_ids` and `forbidden_account_ids` may be set.";
        out.push(Problem::error(path, "Conflicting settings", detail));
    }
    for (block, argument) in [
        ("assume_role", "source_identity"),
        ("assume_role", "transitive_tag_keys"),
        ("assume_role_with_web_identity", "web_identity_token"),
    ] {
        let blocks = config
            .get(block)
            .and_then(Value::elements)
            .unwrap_or_default();
        for (at, value) in blocks.iter().enumerate() {
            if value.get(argument).is_some_and(|value| !value.is_null()) {
                let path = AttributePath::attribute(block).index(at).child(argument);
                let detail = format!("`{argument}` has no effect in flowctl.");
                let problem = Problem::warning(path, "Setting without effect", detail);
                out.push(if argument == "web_identity_token" {
                    problem.with_help("Set `web_identity_token_file` instead.")
                } else {
                    problem
                });
            }
        }
    }
    out
}

/// Settings that say who asks and where, which is not for the configuration of a stranger to say:
/// they would send requests, tokens and what is in them to where it wants.
const WHO_AND_WHERE: [&str; 10] = [
    "access_key",
    "assume_role",
    "assume_role_with_web_identity",
    "endpoints",
    "profile",
    "secret_key",
    "shared_config_files",
    "shared_credentials_file",
    "shared_credentials_files",
    "token",
];

/// What has no effect with the emulator.
pub(crate) fn emulated(config: &Value) -> Option<Problem> {
    let blocks = config.get("assume_role_with_web_identity")?.elements()?;
    blocks.first()?;
    let path = AttributePath::attribute("assume_role_with_web_identity");
    let detail = "With `--emulator` no role is assumed with a token of another service.";
    let found = Problem::warning(path.index(0), "Setting without effect", detail);
    Some(
        found
            .with_help("`assume_role` has its effect there too, on `allowed_account_ids` as well."),
    )
}

/// What an untrusted configuration may not set.
pub(crate) fn untrusted(config: &Value) -> Vec<Problem> {
    let is_set = |name: &&str| {
        config.get(name).is_some_and(|value| {
            !value.is_null() && value.elements().is_none_or(|blocks| !blocks.is_empty())
        })
    };
    let refused = |name| {
        let detail = format!(
            "`{name}` says who asks or where, and an untrusted configuration may not say that."
        );
        Problem::error(AttributePath::attribute(name), "Setting refused", detail).with_help(
            "Set it in the environment (AWS_PROFILE, AWS_ROLE_ARN, AWS_ENDPOINT_URL), or plan a \
             configuration that you trust without `--untrusted`.",
        )
    };
    WHO_AND_WHERE
        .into_iter()
        .filter(is_set)
        .map(refused)
        .collect()
}

/// The settings that have an effect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) config_files: Vec<String>,
    pub(crate) credentials_files: Vec<String>,
    pub(crate) allowed_accounts: Vec<String>,
    pub(crate) forbidden_accounts: Vec<String>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) retry_mode: Option<String>,
    pub(crate) sts_region: Option<String>,
    pub(crate) dual_stack: Option<bool>,
    pub(crate) fips: Option<bool>,
    /// Names of buckets stand in the path of addresses.
    pub(crate) s3_path_style: bool,
    pub(crate) roles: Vec<Role>,
    pub(crate) web_identity: Option<(Role, String)>,
    /// Addresses of services, by what [`Service::host`] calls them.
    pub(crate) endpoints: BTreeMap<String, String>,
    pub(crate) default_tags: BTreeMap<String, String>,
    ignored_tags: Vec<String>,
    ignored_tag_prefixes: Vec<String>,
}

/// A role to assume.
#[derive(Clone, Debug, Default)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) session_name: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
}

impl Settings {
    /// The settings of a block that has no unknown parts.
    pub(crate) fn read(config: &Value) -> Self {
        let endpoints = config.get("endpoints").and_then(Value::elements);
        let endpoints: BTreeMap<_, _> = endpoints
            .unwrap_or_default()
            .iter()
            .filter_map(Value::members)
            .flatten()
            .filter_map(|(service, url)| Some((service.as_str().to_owned(), url.as_str()?)))
            .filter(|(_, url)| !url.is_empty())
            .map(|(service, url)| (service, url.to_owned()))
            .collect();
        let mut credentials_files = texts(config, "shared_credentials_files");
        credentials_files.extend(text(config, "shared_credentials_file"));
        let blocks = |name| {
            config
                .get(name)
                .and_then(Value::elements)
                .unwrap_or_default()
        };
        let web_identity = blocks("assume_role_with_web_identity")
            .first()
            .and_then(|block| Some((role(block)?, text(block, "web_identity_token_file")?)));
        let credentials = text(config, "access_key").zip(text(config, "secret_key"));
        Self {
            region: text(config, "region"),
            profile: text(config, "profile"),
            credentials: credentials.map(|(key, secret)| {
                Credentials::new(
                    key,
                    secret,
                    text(config, "token"),
                    None,
                    "provider settings",
                )
            }),
            config_files: texts(config, "shared_config_files"),
            credentials_files,
            allowed_accounts: texts(config, "allowed_account_ids"),
            forbidden_accounts: texts(config, "forbidden_account_ids"),
            max_retries: config
                .get("max_retries")
                .and_then(Value::as_number)
                .and_then(|number| u32::try_from(number.to_i64()?).ok()),
            retry_mode: text(config, "retry_mode"),
            sts_region: text(config, "sts_region"),
            dual_stack: config
                .get("use_dualstack_endpoint")
                .and_then(Value::as_bool),
            fips: config.get("use_fips_endpoint").and_then(Value::as_bool),
            s3_path_style: ["s3_use_path_style", "s3_force_path_style"]
                .iter()
                .any(|name| config.get(name).and_then(Value::as_bool) == Some(true)),
            roles: blocks("assume_role").iter().filter_map(role).collect(),
            web_identity,
            endpoints,
            default_tags: blocks("default_tags")
                .first()
                .map(|block| pairs(block, "tags").collect())
                .unwrap_or_default(),
            ignored_tags: blocks("ignore_tags")
                .first()
                .map(|block| texts(block, "keys"))
                .unwrap_or_default(),
            ignored_tag_prefixes: blocks("ignore_tags")
                .first()
                .map(|block| texts(block, "key_prefixes"))
                .unwrap_or_default(),
        }
    }
}

impl Settings {
    /// The address that is set for a service.
    pub(crate) fn endpoint(&self, service: Service) -> Option<&str> {
        self.endpoints.get(service.host).map(String::as_str)
    }

    /// Whether a tag is somebody else's, to be left alone.
    pub(crate) fn ignores_tag(&self, key: &str) -> bool {
        let prefixes = &self.ignored_tag_prefixes;
        self.ignored_tags.iter().any(|ignored| ignored == key)
            || prefixes
                .iter()
                .any(|prefix| key.starts_with(prefix.as_str()))
    }
}

/// A text that is set; an empty one is as good as none, as in Terraform.
fn text(object: &Value, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn texts(object: &Value, name: &str) -> Vec<String> {
    let elements = object
        .get(name)
        .and_then(Value::elements)
        .unwrap_or_default();
    elements
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn role(block: &Value) -> Option<Role> {
    let seconds = block.get("duration_seconds").and_then(Value::as_number);
    Some(Role {
        arn: text(block, "role_arn")?,
        session_name: text(block, "session_name"),
        duration: text(block, "duration")
            .and_then(|text| duration(&text))
            .or_else(|| Some(Duration::from_secs(u64::try_from(seconds?.to_i64()?).ok()?))),
        policy: text(block, "policy"),
        policy_arns: texts(block, "policy_arns"),
        external_id: text(block, "external_id"),
        tags: pairs(block, "tags").collect(),
    })
}

/// The members of a map of strings.
fn pairs(object: &Value, name: &str) -> impl Iterator<Item = (String, String)> {
    let members = object.get(name).and_then(Value::members);
    members
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str().to_owned(), value.as_str()?.to_owned())))
}

/// A duration as Go writes it: `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let (seconds, length) = match unit {
            _ if unit.starts_with("ms") => (0.001, 2),
            _ if unit.starts_with('h') => (3600.0, 1),
            _ if unit.starts_with('m') => (60.0, 1),
            _ if unit.starts_with('s') => (1.0, 1),
            _ => return None,
        };
        total += number * seconds;
        rest = &unit[length..];
    }
    Duration::try_from_secs_f64(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: Vec<Value>) -> Value {
        Value::list(Type::Any, values)
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("900s"), Some(Duration::from_mins(15)));
        assert_eq!(duration("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for text in ["1", "h", "1d", "1h x"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn what_has_an_effect_is_read() {
        let role = Value::object([
            ("role_arn", Value::from("arn:aws:iam::123456789012:role/a")),
            ("duration", "1h".into()),
            ("external_id", "e".into()),
        ]);
        let config = Value::object([
            ("region", Value::from("eu-west-1")),
            ("profile", "".into()),
            ("access_key", "AKIA".into()),
            ("secret_key", "CANARY".into()),
            ("max_retries", Value::number(3)),
            ("use_fips_endpoint", Value::bool(true)),
            ("allowed_account_ids", list(vec!["123456789012".into()])),
            ("assume_role", list(vec![role])),
            (
                "endpoints",
                list(vec![Value::object([("appflow", Value::from("http://x"))])]),
            ),
        ]);
        let settings = Settings::read(&config);
        assert_eq!(settings.region.as_deref(), Some("eu-west-1"));
        assert_eq!(settings.profile, None);
        assert_eq!(settings.max_retries, Some(3));
        assert_eq!(settings.fips, Some(true));
        assert_eq!(settings.allowed_accounts, ["123456789012"]);
        assert_eq!(settings.endpoint(Service::APPFLOW), Some("http://x"));
        assert_eq!(settings.roles[0].duration, Some(Duration::from_hours(1)));
        assert!(settings.credentials.is_some());
        assert!(!format!("{settings:?}").contains("CANARY"));
        assert!(validate(&config).is_empty());
    }

    #[test]
    fn what_has_no_effect_is_said() {
        let role = Value::object([("source_identity", Value::from("me"))]);
        let config = Value::object([
            ("skip_credentials_validation", Value::bool(true)),
            ("insecure", Value::bool(true)),
            ("assume_role", list(vec![role])),
            ("access_key", "AKIA".into()),
            ("allowed_account_ids", list(vec!["1".into()])),
            ("forbidden_account_ids", list(vec!["2".into()])),
        ]);
        let found: Vec<_> = validate(&config)
            .iter()
            .map(|p| format!("{:?} {} {}", p.severity, p.path, p.summary))
            .collect();
        assert_eq!(
            found,
            [
                "Warning insecure Setting without effect",
                "Error access_key Incomplete credentials",
                "Error forbidden_account_ids Conflicting settings",
                "Warning assume_role[0].source_identity Setting without effect",
            ]
        );
    }

    #[test]
    fn of_what_is_not_known_yet_nothing_is_said() {
        let unknown = |ty: Type| Value::unknown(ty);
        let config = Value::object([
            ("insecure", unknown(Type::Bool)),
            ("access_key", "AKIA".into()),
            ("secret_key", unknown(Type::String)),
            ("allowed_account_ids", unknown(Type::set(Type::String))),
            ("forbidden_account_ids", unknown(Type::set(Type::String))),
        ]);
        assert!(validate(&config).is_empty(), "{:?}", validate(&config));
    }

    #[test]
    fn every_setting_without_effect_is_in_the_table() {
        let schema = schema();
        let names: Vec<_> = schema.block.names().collect();
        for (name, _) in WITHOUT_EFFECT.iter().chain(MOOT) {
            assert_eq!(names.iter().filter(|n| *n == name).count(), 1, "{name}");
        }
        for service in ENDPOINTS.split_whitespace() {
            let endpoints = schema.block.nested("endpoints").unwrap();
            assert!(endpoints.block.attribute(service).is_some(), "{service}");
        }
    }
}
