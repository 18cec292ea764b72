//! An emulator for a test, the provider that speaks to it, and configurations made from the
//! table of the resource type.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests"
)]
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_emulator::{Options, Server};
use flowctl_model::{AttributePath, Text, Type, Value};
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_schema::{
    Attribute, Block, ConfiguredProvider, Constraint, Presence, Provider, RemoteObject,
    RemoteObjects, ResourceType, merge_read,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const PROFILE: &str = "aws_appflow_connector_profile";
pub(crate) const CONFIG: &str = "connector_profile_config";
pub(crate) const CREDENTIALS: &str = "connector_profile_credentials";
pub(crate) const PROPERTIES: &str = "connector_profile_properties";
/// Every connector type with profiles, and the name of its blocks.
pub(crate) const CONNECTORS: &[(&str, &str)] = &[
    ("Amplitude", "amplitude"),
    ("CustomConnector", "custom_connector"),
    ("Datadog", "datadog"),
    ("Dynatrace", "dynatrace"),
    ("Googleanalytics", "google_analytics"),
    ("Honeycode", "honeycode"),
    ("Infornexus", "infor_nexus"),
    ("Marketo", "marketo"),
    ("Pardot", "pardot"),
    ("Redshift", "redshift"),
    ("Salesforce", "salesforce"),
    ("SAPOData", "sapo_data"),
    ("Servicenow", "service_now"),
    ("Singular", "singular"),
    ("Slack", "slack"),
    ("Snowflake", "snowflake"),
    ("Trendmicro", "trendmicro"),
    ("Veeva", "veeva"),
    ("Zendesk", "zendesk"),
];
/// The connector, the block that stays, those that go, and the argument that chooses.
type Choice = (
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<(&'static str, &'static str)>,
);
/// Blocks of which one excludes the others.
const CHOICES: &[Choice] = &[
    (
        "custom_connector",
        "oauth2",
        &["api_key", "basic", "custom"],
        Some(("authentication_type", "OAUTH2")),
    ),
    (
        "custom_connector",
        "api_key",
        &["oauth2", "basic", "custom"],
        Some(("authentication_type", "APIKEY")),
    ),
    (
        "custom_connector",
        "basic",
        &["oauth2", "api_key", "custom"],
        Some(("authentication_type", "BASIC")),
    ),
    (
        "custom_connector",
        "custom",
        &["oauth2", "api_key", "basic"],
        Some(("authentication_type", "CUSTOM")),
    ),
    (
        "sapo_data",
        "basic_auth_credentials",
        &["oauth_credentials"],
        None,
    ),
    (
        "sapo_data",
        "oauth_credentials",
        &["basic_auth_credentials"],
        None,
    ),
];

/// A running emulator and the provider for it.
pub(crate) struct Bench {
    pub(crate) address: String,
    pub(crate) resource: Arc<dyn ResourceType>,
    pub(crate) objects: Arc<dyn RemoteObjects>,
    pub(crate) configured: Arc<dyn ConfiguredProvider>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with_faults("").await
    }

    pub(crate) async fn with_faults(faults: &str) -> Self {
        Self::with(Options {
            faults: faults.parse().unwrap(),
            ..options()
        })
        .await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let server = Server::bind("127.0.0.1:0", options).await.unwrap();
        let address = server.local_addr().to_string();
        let task = tokio::spawn(server.run(std::future::pending()));
        Self::at(address, task, None)
    }

    /// A provider for an address, with settings.
    pub(crate) fn at(
        address: String,
        task: tokio::task::JoinHandle<()>,
        settings: Option<&Value>,
    ) -> Self {
        let provider = AwsProvider::new(Environment {
            endpoint_url: Some(format!("http://{address}")),
            emulator: true,
            ..Environment::default()
        });
        let configured = provider.configure(settings).unwrap();
        Self {
            address,
            resource: Arc::clone(&provider.resource_types()[0]),
            objects: configured.remote(PROFILE).unwrap(),
            configured,
            task,
        }
    }

    /// The same for another resource type.
    pub(crate) fn of(mut self, name: &str) -> Self {
        let provider = AwsProvider::new(Environment::default());
        let mut types = provider.resource_types().iter();
        let resource = types.find(|resource| resource.name() == name).unwrap();
        self.resource = Arc::clone(resource);
        self.objects = self.configured.remote(name).unwrap();
        self
    }

    /// The log of the emulator.
    pub(crate) async fn log(&self) -> Vec<serde_json::Value> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = "GET /_flowctl/requests HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let log: serde_json::Value = serde_json::from_str(body).unwrap();
        log["requests"].as_array().unwrap().clone()
    }

    pub(crate) async fn requests(&self, operation: &str) -> Vec<serde_json::Value> {
        let mut log = self.log().await;
        log.retain(|request| request["operation"] == operation);
        log
    }

    /// The whole object that is asked for: the configuration with what plans make of it.
    pub(crate) fn planned(&self, config: &Value) -> Value {
        let block = &self.resource.schema().block;
        let mut members = config.members().unwrap().clone();
        for attribute in &block.attributes {
            let set = members.get(attribute.name).is_some_and(|v| !v.is_null());
            let value = match attribute.presence {
                Presence::Computed => Value::unknown(attribute.ty.clone()),
                Presence::OptionalComputed if !set => Value::unknown(attribute.ty.clone()),
                _ if !set => Value::null(attribute.ty.clone()),
                _ => continue,
            };
            members.insert(attribute.name.into(), value);
        }
        Value::object(members)
    }

    /// What state keeps of an object after a request.
    pub(crate) fn state(&self, planned: &Value, answer: &RemoteObject) -> Value {
        let merged = merge_read(&*self.resource, Some(planned), &answer.attributes);
        merged.map_at(&mut AttributePath::root(), &mut |path, value| {
            if value.is_known() {
                return None;
            }
            let told = answer.attributes.at(path).cloned();
            Some(told.unwrap_or_else(|| Value::null(value.ty())))
        })
    }
}

pub(crate) fn options() -> Options {
    Options {
        record_bodies: true,
        ..Options::default()
    }
}

/// Where the two values differ, of all paths at which the first one is known.
pub(crate) fn differences(wanted: &Value, found: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    wanted.visit(&mut |path, value| {
        let nested = value.elements().is_some() || value.members().is_some();
        if value.is_known() && !nested {
            let there = found.at(path);
            let same =
                there.is_some_and(|there| there == value || (there.is_null() && value.is_null()));
            if !same {
                paths.push(format!("{path}: {value:?} {there:?}"));
            }
        }
        value.is_known()
    });
    paths
}

/// Makes values that differ from each other and satisfy the constraints.
#[derive(Default)]
pub(crate) struct Maker {
    count: usize,
}

impl Maker {
    /// Every argument of the block and of the blocks in it.
    pub(crate) fn whole(&mut self, block: &Block) -> Value {
        self.block(block, &|_| true)
    }

    /// What the block requires, and nothing else.
    pub(crate) fn required(&mut self, block: &Block) -> Value {
        self.block(block, &|attribute| attribute.presence == Presence::Required)
    }

    fn block(&mut self, block: &Block, wanted: &dyn Fn(&Attribute) -> bool) -> Value {
        let mut members = BTreeMap::<Text, Value>::new();
        for attribute in &block.attributes {
            let value = if wanted(attribute) && attribute.presence.is_configurable() {
                self.value(&attribute.ty, &attribute.constraints)
            } else {
                Value::null(attribute.ty.clone())
            };
            members.insert(attribute.name.into(), value);
        }
        for nested in &block.blocks {
            let all = wanted(&Attribute::new("", Type::Any, Presence::Optional, ""));
            let values = if all || nested.min > 0 {
                vec![self.block(&nested.block, wanted)]
            } else {
                Vec::new()
            };
            members.insert(nested.name.into(), Value::list(nested.block.ty(), values));
        }
        Value::object(members)
    }

    pub(crate) fn value(&mut self, ty: &Type, constraints: &[Constraint]) -> Value {
        self.count += 1;
        match ty {
            Type::Bool => Value::bool(true),
            Type::Number => Value::number(number(self.count, constraints)),
            Type::List(inner) => {
                let limits = constraints.iter().find_map(|constraint| match constraint {
                    Constraint::Values(limits) => Some(&**limits),
                    _ => None,
                });
                let limits = limits.unwrap_or_default();
                let texts = (0..2).map(|_| self.value(inner, limits)).collect();
                Value::list(Type::String, texts)
            }
            Type::Map(inner) => {
                let value = self.value(inner, &[]);
                let key = constraints.iter().find_map(|constraint| match constraint {
                    Constraint::Keys(limits) => limits.iter().find_map(|limit| match limit {
                        Constraint::OneOf(keys) => Some(keys[self.count % keys.len()].to_owned()),
                        _ => None,
                    }),
                    _ => None,
                });
                let key = key.unwrap_or_else(|| format!("key{}", self.count));
                Value::map(Type::String, [(Text::from(key), value)].into())
            }
            _ => Value::string(text(self.count, constraints)),
        }
    }
}

fn number(count: usize, constraints: &[Constraint]) -> i64 {
    let count = i64::try_from(1000 + count).unwrap();
    let range = constraints.iter().find_map(|constraint| match constraint {
        Constraint::Range(min, max) => Some((*min, *max)),
        _ => None,
    });
    range.map_or(count, |(min, max)| min + count % (max - min + 1))
}

fn text(count: usize, constraints: &[Constraint]) -> String {
    for constraint in constraints {
        match constraint {
            Constraint::OneOf(values) => return values[count % values.len()].to_owned(),
            Constraint::Pattern(pattern) => return matching(pattern, count, constraints),
            _ => {}
        }
    }
    format!("text{count}")
}

/// A text that matches one of the patterns of the table.
fn matching(pattern: &str, count: usize, constraints: &[Constraint]) -> String {
    let min = constraints.iter().find_map(|constraint| match constraint {
        Constraint::Length(min, max) if *max < 20 => Some(*min),
        Constraint::Length(min, _) => Some((*min).max(1)),
        _ => None,
    });
    let arn = |service: &str, resource: &str| {
        format!("arn:aws:{service}:us-east-1:123456789012:{resource}{count}")
    };
    match pattern {
        "arn:aws:kms:.*:[0-9]+:.*" => arn("kms", "key/k"),
        "arn:aws:secretsmanager:.*:[0-9]+:.*" => arn("secretsmanager", "secret:s"),
        "arn:aws:iam:.*:[0-9]+:.*" => format!("arn:aws:iam::123456789012:role/r{count}"),
        pattern if pattern.contains("https?") => format!("https://host{count}.example.com/path"),
        pattern if pattern.contains("amazonaws.vpce") => {
            format!("com.amazonaws.vpce.us-east-1.vpce-svc-{count}")
        }
        pattern if pattern.starts_with(r"\d{4}-") => {
            format!("2027-01-01T00:{:02}:00Z", count % 60)
        }
        pattern if pattern.starts_with("^(upsolver") => format!("upsolver-appflow-{count}"),
        r"^\d{3}$" => format!("{:03}", count % 1000),
        "^[a-zA-Z0-9_]*$" => format!("{:02}", count % 100),
        pattern if pattern.starts_with("^([a-zA-Z0-9_=]+)") => format!("head{count}.body.sign"),
        _ => {
            let text = format!("v{count}");
            let missing = min.unwrap_or(1).saturating_sub(text.len());
            text + &"x".repeat(missing)
        }
    }
}

/// A profile of a connector with these blocks.
pub(crate) fn profile(
    resource: &dyn ResourceType,
    kind: &str,
    name: &str,
    credentials: Value,
    properties: Value,
) -> Value {
    let block = CONNECTORS
        .iter()
        .find(|(known, _)| *known == kind)
        .unwrap()
        .1;
    let table = &resource.schema().block.nested(CONFIG).unwrap().block;
    let part = |part: &str, value: Value| {
        let table = &table.nested(part).unwrap().block;
        let members = table.blocks.iter().map(|nested| {
            let values = if nested.name == block {
                vec![value.clone()]
            } else {
                Vec::new()
            };
            (nested.name, Value::list(nested.block.ty(), values))
        });
        Value::list(table.ty(), vec![Value::object(members)])
    };
    let config = Value::object([
        (CREDENTIALS, part(CREDENTIALS, credentials)),
        (PROPERTIES, part(PROPERTIES, properties)),
    ]);
    let label = if kind == "CustomConnector" {
        Value::from("my-connector")
    } else {
        Value::null(Type::String)
    };
    Value::object([
        ("name", Value::from(name)),
        ("connection_mode", "Public".into()),
        ("connector_label", label),
        ("connector_type", kind.into()),
        ("kms_arn", Value::null(Type::String)),
        ("force_delete", Value::null(Type::Bool)),
        (CONFIG, Value::list(table.ty(), vec![config])),
    ])
}

/// The table of a connector's block.
pub(crate) fn table<'a>(resource: &'a dyn ResourceType, part: &str, block: &str) -> &'a Block {
    let config = &resource.schema().block.nested(CONFIG).unwrap().block;
    &config
        .nested(part)
        .unwrap()
        .block
        .nested(block)
        .unwrap()
        .block
}

/// Every variant of a profile with everything in it, one per choice between blocks.
pub(crate) fn whole_profiles(resource: &dyn ResourceType) -> Vec<Value> {
    let mut maker = Maker::default();
    let mut profiles = Vec::new();
    for (kind, block) in CONNECTORS {
        let choices: Vec<_> = CHOICES.iter().filter(|choice| choice.0 == *block).collect();
        let variants = choices.len().max(1);
        for at in 0..variants {
            let mut credentials = maker.whole(table(resource, CREDENTIALS, block));
            if let Some((_, _, others, chosen)) = choices.get(at) {
                for other in *others {
                    let none = Value::list(Type::Any, Vec::new());
                    credentials = with(&credentials, other, none);
                }
                if let Some((argument, value)) = chosen {
                    credentials = with(&credentials, argument, Value::from(*value));
                }
            }
            let mut properties = maker.whole(table(resource, PROPERTIES, block));
            if *kind == "Redshift" {
                let url = "jdbc:redshift://cluster.example.com:5439/dev";
                properties = with(&properties, "database_url", url.into());
            }
            let name = format!("{block}.{at}");
            profiles.push(profile(resource, kind, &name, credentials, properties));
        }
    }
    profiles
}

/// The object with one member replaced.
pub(crate) fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut members = object.members().unwrap().clone();
    members.insert(name.into(), value);
    Value::object(members)
}

/// The object with the value at a path replaced; blocks are passed through at index 0.
pub(crate) fn set(object: &Value, dotted: &str, value: Value) -> Value {
    let Some((first, rest)) = dotted.split_once('.') else {
        return with(object, dotted, value);
    };
    let list = object.get(first).unwrap();
    let inner = &list.elements().unwrap()[0];
    let replaced = set(inner, rest, value);
    with(object, first, Value::list(Type::Any, vec![replaced]))
}

/// Adds every leaf of a JSON value, with how often it is there.
pub(crate) fn json_leaves(value: &serde_json::Value, leaves: &mut BTreeMap<String, usize>) {
    match value {
        serde_json::Value::Object(members) => {
            for value in members.values() {
                json_leaves(value, leaves);
            }
        }
        serde_json::Value::Array(items) => {
            for value in items {
                json_leaves(value, leaves);
            }
        }
        leaf => *leaves.entry(leaf.to_string()).or_default() += 1,
    }
}
