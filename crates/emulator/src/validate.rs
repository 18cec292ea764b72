//! One interpreter for the constraints of [`Service`]: checks an input against its shape, takes
//! out what the shape does not know, and words violations as the service does.
//!
//! A value is quoted only where it cannot be a secret: never below the credentials, never where
//! the model says sensitive, never from a map.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::error::{ErrorKind, ServiceError};
use crate::service::{Limits, Service, Shape, StringShape};

/// The member below which everything is a secret.
pub(crate) const CREDENTIALS: &str = "connectorProfileCredentials";

/// Checks `input` against the structure `shape` and reduces it to the members that the shape
/// knows, as the service ignores others. Returns the paths of what was ignored.
pub(crate) fn check(
    service: &Service,
    shape: &str,
    input: &mut Value,
) -> Result<Vec<String>, ServiceError> {
    let mut checker = Checker {
        service,
        path: String::new(),
        secret: false,
        violations: Vec::new(),
        ignored: Vec::new(),
    };
    checker.value(shape, input)?;
    match checker.violations.len() {
        0 => Ok(checker.ignored),
        count => {
            let plural = if count == 1 { "error" } else { "errors" };
            let list = checker.violations.join("; ");
            Err(ServiceError::new(
                ErrorKind::Validation,
                format!("{count} validation {plural} detected: {list}"),
            ))
        }
    }
}

struct Checker<'a> {
    service: &'a Service,
    path: String,
    secret: bool,
    violations: Vec<String>,
    ignored: Vec<String>,
}

impl Checker<'_> {
    fn value(&mut self, shape: &str, value: &mut Value) -> Result<(), ServiceError> {
        let service = self.service;
        let Some(shape) = service.shape(shape) else {
            return Ok(());
        };
        match (shape, value) {
            (Shape::Structure { members, required }, Value::Object(object)) => {
                self.structure(object, required, |name| {
                    members.get(name).map(String::as_str)
                })
            }
            (Shape::List { member, size }, Value::Array(items)) => {
                self.limits(*size, length(items.len()), None, LENGTH);
                for (index, item) in items.iter_mut().enumerate() {
                    self.below(&format!("{}.member", index + 1), |this| {
                        this.value(member, item)
                    })?;
                }
                Ok(())
            }
            (
                Shape::Map {
                    key,
                    value,
                    size,
                    sensitive,
                },
                Value::Object(entries),
            ) => {
                self.limits(*size, length(entries.len()), None, LENGTH);
                entries.retain(|_, entry| !entry.is_null());
                let secret = self.secret;
                self.secret |= sensitive;
                let outcome = self.entries(key, value, entries);
                self.secret = secret;
                outcome
            }
            (Shape::String(string), Value::String(text)) => {
                self.string(string, text);
                Ok(())
            }
            (Shape::Integer(limits) | Shape::Long(limits), Value::Number(number)) => {
                let Some(whole) = number.as_i64() else {
                    return Err(self.mistyped(shape));
                };
                self.limits(*limits, whole, Some(&whole.to_string()), VALUE);
                Ok(())
            }
            (Shape::Double | Shape::Timestamp, Value::Number(_))
            | (Shape::Boolean, Value::Bool(_)) => Ok(()),
            (shape, _) => Err(self.mistyped(shape)),
        }
    }

    fn structure<'s>(
        &mut self,
        object: &mut Map<String, Value>,
        required: &[String],
        shape_of: impl Fn(&str) -> Option<&'s str>,
    ) -> Result<(), ServiceError> {
        let at = self.path.len();
        object.retain(|name, value| {
            let known = shape_of(name).is_some();
            if !known {
                self.push(name);
                self.ignored.push(self.path.clone());
                self.path.truncate(at);
            }
            known && !value.is_null()
        });
        for name in required.iter().filter(|name| !object.contains_key(*name)) {
            self.push(name);
            self.violation(None, "Member must not be null");
            self.path.truncate(at);
        }
        for (name, value) in object {
            let Some(shape) = shape_of(name) else {
                continue;
            };
            let secret = self.secret;
            self.secret |= name == CREDENTIALS;
            let outcome = self.below(name, |this| this.value(shape, value));
            self.secret = secret;
            outcome?;
        }
        Ok(())
    }

    /// Keys and values of a map are reported at the map: a key may be as secret as its value.
    fn entries(
        &mut self,
        key: &str,
        value: &str,
        entries: &mut Map<String, Value>,
    ) -> Result<(), ServiceError> {
        for (name, entry) in entries {
            for (shape, text, what) in [
                (key, Some(name.as_str()), "key"),
                (value, entry.as_str(), "value"),
            ] {
                let Some(Shape::String(string)) = self.service.shape(shape) else {
                    continue;
                };
                let Some(text) = text else {
                    return Err(self.expected("a string"));
                };
                let broken = constraints(string, text).join(", ");
                if !broken.is_empty() {
                    self.violation(
                        None,
                        &format!("Map {what} must satisfy constraint: [{broken}]"),
                    );
                }
            }
            // Maps of structures do not occur in this service; strings were checked above.
        }
        Ok(())
    }

    fn string(&mut self, shape: &StringShape, text: &str) {
        let quoted = (!shape.sensitive && !self.secret).then_some(text);
        for broken in constraints(shape, text) {
            self.violation(quoted, &broken);
        }
    }

    fn limits(&mut self, limits: Limits, actual: i64, quoted: Option<&str>, noun: &str) {
        for broken in outside(limits, actual, noun) {
            let quoted = quoted.filter(|_| !self.secret);
            self.violation(quoted, &broken);
        }
    }

    fn violation(&mut self, quoted: Option<&str>, constraint: &str) {
        let mut text = String::from("Value ");
        if let Some(quoted) = quoted {
            let _ = write!(text, "'{quoted}' ");
        }
        let _ = write!(
            text,
            "at '{}' failed to satisfy constraint: {constraint}",
            self.path
        );
        self.violations.push(text);
    }

    fn mistyped(&self, shape: &Shape) -> ServiceError {
        let wanted = match shape {
            Shape::Structure { .. } => "a structure",
            Shape::List { .. } => "a list",
            Shape::Map { .. } => "a map",
            Shape::String(_) => "a string",
            Shape::Integer(_) | Shape::Long(_) => "an integer",
            Shape::Double => "a number",
            Shape::Boolean => "true or false",
            Shape::Timestamp => "a timestamp in seconds",
        };
        self.expected(wanted)
    }

    fn expected(&self, wanted: &str) -> ServiceError {
        let place = if self.path.is_empty() {
            "the request body"
        } else {
            &self.path
        };
        ServiceError::new(
            ErrorKind::Serialization,
            format!("Expected {wanted} at '{place}'"),
        )
    }

    fn below<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let at = self.path.len();
        self.push(name);
        let outcome = inside(self);
        self.path.truncate(at);
        outcome
    }

    fn push(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
    }
}

const LENGTH: &str = "length";
const VALUE: &str = "value";

/// The constraints of `shape` that `text` breaks, in the service's words.
fn constraints(shape: &StringShape, text: &str) -> Vec<String> {
    let mut broken = outside(shape.length, length(text.chars().count()), LENGTH);
    if !shape.matches(text) {
        let pattern = shape.pattern.as_deref().unwrap_or_default();
        broken.push(format!(
            "Member must satisfy regular expression pattern: {pattern}"
        ));
    }
    if let Some(values) = shape
        .values
        .as_ref()
        .filter(|values| values.iter().all(|v| v != text))
    {
        broken.push(format!(
            "Member must satisfy enum value set: [{}]",
            values.join(", ")
        ));
    }
    broken
}

fn outside(limits: Limits, actual: i64, noun: &str) -> Vec<String> {
    let least = limits.min.filter(|least| actual < *least);
    let most = limits.max.filter(|most| actual > *most);
    let least = least.map(|n| format!("Member must have {noun} greater than or equal to {n}"));
    let most = most.map(|n| format!("Member must have {noun} less than or equal to {n}"));
    least.into_iter().chain(most).collect()
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::SERVICE;
    use serde_json::json;

    fn profile(change: impl FnOnce(&mut Value)) -> Value {
        let mut input = json!({
            "connectorProfileName": "p", "connectorType": "Datadog", "connectionMode": "Public",
            "connectorProfileConfig": {
                "connectorProfileCredentials": {"Datadog": {"apiKey": "k", "applicationKey": "a"}},
                "connectorProfileProperties": {"Datadog": {"instanceUrl": "https://x"}},
            },
        });
        change(&mut input);
        input
    }

    fn message(change: impl FnOnce(&mut Value)) -> String {
        match check(
            &SERVICE,
            "CreateConnectorProfileRequest",
            &mut profile(change),
        ) {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{}: {}", error.kind.name(), error.message),
        }
    }

    #[test]
    fn violations_are_worded_as_the_service_words_them() {
        let config = "connectorProfileConfig";
        assert_eq!(message(|_| {}), "ok");
        assert_eq!(
            message(|v| v["connectorProfileName"] = json!("a b")),
            "ValidationException: 1 validation error detected: Value 'a b' at \
             'connectorProfileName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [\\w/!@#+=.-]+"
        );
        assert_eq!(
            message(|v| v["connectionMode"] = Value::Null),
            "ValidationException: 1 validation error detected: Value at 'connectionMode' failed \
             to satisfy constraint: Member must not be null"
        );
        assert_eq!(
            message(|v| v["connectionMode"] = json!(3)),
            "SerializationException: Expected a string at 'connectionMode'"
        );
        assert!(
            message(|v| v["connectorType"] = json!("Nope"))
                .contains("enum value set: [Salesforce,")
        );
        let two = message(|v| {
            v[config]["connectorProfileProperties"]["Datadog"] = json!({});
            v["kmsArn"] = json!("short");
        });
        assert!(two.contains("3 validation errors detected"), "{two}");
        assert!(two.contains("'short' at 'kmsArn'"), "{two}");
    }

    #[test]
    fn no_secret_is_quoted() {
        let texts = [
            message(|v| {
                let credentials = &mut v["connectorProfileConfig"][CREDENTIALS];
                credentials["Datadog"]["applicationKey"] = json!("hush hush");
                credentials["Datadog"]["apiKey"] = json!("hush hush");
            }),
            message(|v| {
                v["connectorProfileConfig"][CREDENTIALS] = json!({"CustomConnector": {
                    "authenticationType": "hush",
                    "custom": {"customAuthenticationType": "a b hush",
                               "credentialsMap": {"hush hush": "hush hush"}},
                }});
            }),
            message(|v| {
                v["connectorProfileConfig"]["connectorProfileProperties"] = json!({
                    "CustomConnector": {"profileProperties": {"hush hush": "hush hush"}},
                });
            }),
        ];
        for text in texts {
            assert!(text.starts_with("ValidationException"), "{text}");
            assert!(!text.contains("hush"), "{text}");
        }
    }

    #[test]
    fn unknown_members_and_nulls_are_dropped() {
        let mut input = profile(|v| {
            v["extra"] = json!(1);
            v["kmsArn"] = Value::Null;
            v["connectorProfileConfig"]["connectorProfileProperties"]["Datadog"]["x"] = json!({});
        });
        let ignored = check(&SERVICE, "CreateConnectorProfileRequest", &mut input).unwrap();
        assert_eq!(
            ignored,
            [
                "extra",
                "connectorProfileConfig.connectorProfileProperties.Datadog.x"
            ]
        );
        assert_eq!(input, profile(|_| {}));
    }
}
