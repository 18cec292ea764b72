//! The service's own description as data: operations, their inputs and the limits of every
//! member, read from `service.json` (made by `scripts/service.py`).

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use regex::bytes::Regex;
use serde::Deserialize;

/// The table, parsed once.
pub(crate) static SERVICE: LazyLock<Service> = LazyLock::new(Service::embedded);

/// What the endpoint knows of the protocol.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Service {
    pub(crate) operations: BTreeMap<String, OperationShape>,
    shapes: HashMap<String, Shape>,
}

/// Where an operation is found and what it takes.
#[derive(Debug, Deserialize)]
pub(crate) struct OperationShape {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) input: String,
}

/// One shape of the model, with its constraints.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Shape {
    Structure {
        members: BTreeMap<String, String>,
        #[serde(default)]
        required: Vec<String>,
    },
    List {
        member: String,
        #[serde(flatten)]
        size: Limits,
    },
    Map {
        key: String,
        value: String,
        #[serde(flatten)]
        size: Limits,
        #[serde(default)]
        sensitive: bool,
    },
    String(Box<StringShape>),
    Integer(Limits),
    Long(Limits),
    Double,
    Boolean,
    Timestamp,
}

/// Smallest and largest size or value.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(crate) struct Limits {
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
}

/// The constraints of a string.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StringShape {
    #[serde(flatten)]
    pub(crate) length: Limits,
    /// As the model writes it: what error messages quote.
    pub(crate) pattern: Option<String>,
    regex: Option<String>,
    not_prefix: Option<String>,
    #[serde(rename = "enum")]
    pub(crate) values: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) sensitive: bool,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl StringShape {
    /// Whether the whole of `text` satisfies the pattern. The classes are ASCII, as in the
    /// service, and a dot does not match a line feed.
    pub(crate) fn matches(&self, text: &str) -> bool {
        if self
            .not_prefix
            .as_ref()
            .is_some_and(|prefix| text.starts_with(prefix))
        {
            return false;
        }
        let Some(pattern) = self.regex.as_ref().or(self.pattern.as_ref()) else {
            return true;
        };
        // Compiled on first use: a run needs a handful of the sixty patterns.
        self.compiled
            .get_or_init(|| Regex::new(&format!(r"\A(?-u:{pattern})\z")).ok())
            .as_ref()
            .is_none_or(|regex| regex.is_match(text.as_bytes()))
    }
}

impl Service {
    #[expect(
        clippy::expect_used,
        reason = "the file is part of the binary and a test parses it"
    )]
    fn embedded() -> Self {
        serde_json::from_str(include_str!("service.json")).expect("service.json is well formed")
    }

    /// The shape of that name; every name in the table resolves (see the test below).
    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// Member names of a structure, in order; nothing for other shapes.
    pub(crate) fn members(&self, shape: &str) -> impl Iterator<Item = &str> {
        let members = match self.shape(shape) {
            Some(Shape::Structure { members, .. }) => Some(members.keys().map(String::as_str)),
            _ => None,
        };
        members.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_resolves_and_every_pattern_compiles() {
        for (name, operation) in &SERVICE.operations {
            assert!(SERVICE.shape(&operation.input).is_some(), "{name}");
        }
        for (name, shape) in &SERVICE.shapes {
            let references: Vec<&String> = match shape {
                Shape::Structure { members, required } => {
                    assert!(
                        required.iter().all(|member| members.contains_key(member)),
                        "{name}"
                    );
                    members.values().collect()
                }
                Shape::List { member, .. } => vec![member],
                Shape::Map { key, value, .. } => vec![key, value],
                Shape::String(string) => {
                    string.matches("x");
                    let compiled = string.compiled.get();
                    assert!(
                        !matches!(compiled, Some(None)),
                        "{name}: {:?}",
                        string.pattern
                    );
                    vec![]
                }
                _ => vec![],
            };
            for reference in references {
                assert!(
                    SERVICE.shape(reference).is_some(),
                    "{name} refers to {reference}"
                );
            }
        }
    }

    #[test]
    fn patterns_hold_for_the_whole_value() {
        let cases = [
            ("ConnectorProfileName", "a/b!@#+=.-_9", true),
            ("ConnectorProfileName", "a b", false),
            ("ConnectorProfileName", "a\n", false),
            ("ConnectorProfileName", "é", false),
            ("InstanceUrl", "a b", false),
            ("InstanceUrl", "", false),
            ("Password", "pass word é", true),
            ("Password", "two\nlines", false),
            ("PrivateLinkServiceName", "", true),
            ("PrivateLinkServiceName", "com.amazonaws.vpce.x", true),
            ("PrivateLinkServiceName", "vpce", false),
            ("ClientNumber", "012", true),
            ("ClientNumber", "0123", false),
            ("JwtToken", "a.b.c-d", true),
            ("JwtToken", "a.b", false),
            ("TagKey", "team", true),
            ("TagKey", "aws:team", false),
            ("GlueDataCatalogTablePrefix", "é\t", true),
            ("KMSArn", "arn:aws:kms:us-east-1:123456789012:key/x", true),
            (
                "KMSArn",
                "arn:aws-cn:kms:us-east-1:123456789012:key/x",
                false,
            ),
        ];
        for (shape, text, expected) in cases {
            let Some(Shape::String(string)) = SERVICE.shape(shape) else {
                panic!("{shape}")
            };
            assert_eq!(string.matches(text), expected, "{shape} {text:?}");
        }
    }
}
