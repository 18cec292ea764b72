//! What arrived: counts by operation and a log of the last requests, for tests to look at.
//!
//! Of a body it keeps the paths of its members and, below the credentials, a keyed digest of
//! each, which tells a changed credential from an unchanged one and nothing else. Values are
//! kept only where the option asks for it, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use crate::store::digest::Key;
use crate::validate::CREDENTIALS;

pub(crate) struct Recorder {
    key: Key,
    capacity: usize,
    bodies: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sequence: u64,
    counts: BTreeMap<&'static str, Count>,
    log: VecDeque<Value>,
}

#[derive(Default)]
struct Count {
    total: u64,
    failed: u64,
}

/// One request and what became of it.
pub(crate) struct Entry<'a> {
    pub(crate) at: i64,
    pub(crate) operation: &'static str,
    pub(crate) region: &'a str,
    /// As it arrived; `Null` if it was not JSON.
    pub(crate) body: Option<Value>,
    /// Members that the operation does not know.
    pub(crate) ignored: Vec<String>,
    pub(crate) faults: Vec<String>,
    pub(crate) outcome: Logged<'a>,
}

/// How a request ended.
pub(crate) enum Logged<'a> {
    Success,
    Failure(u16, &'a str),
    Dropped,
}

impl Recorder {
    pub(crate) fn new(key: Key, capacity: usize, bodies: bool) -> Self {
        Self {
            key,
            capacity,
            bodies,
            inner: Mutex::default(),
        }
    }

    pub(crate) fn wants_bodies(&self) -> bool {
        self.capacity > 0
    }

    pub(crate) fn record(&self, entry: &Entry<'_>) {
        let mut line = None;
        if self.capacity > 0 {
            line = Some(self.line(entry));
        }
        let mut inner = self.lock();
        inner.sequence += 1;
        let sequence = inner.sequence;
        let count = inner.counts.entry(entry.operation).or_default();
        count.total += 1;
        count.failed += u64::from(!matches!(entry.outcome, Logged::Success));
        if let Some(mut line) = line {
            line.insert("sequence".into(), sequence.into());
            if inner.log.len() >= self.capacity {
                inner.log.pop_front();
            }
            inner.log.push_back(Value::Object(line));
        }
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// The answer of the administration interface.
    pub(crate) fn report(&self) -> Value {
        let inner = self.lock();
        let counts: Map<String, Value> = inner
            .counts
            .iter()
            .map(|(name, count)| {
                (
                    (*name).to_owned(),
                    json!({"total": count.total, "failed": count.failed}),
                )
            })
            .collect();
        json!({"total": inner.sequence, "counts": counts, "requests": inner.log})
    }

    fn line(&self, entry: &Entry<'_>) -> Map<String, Value> {
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put("at", entry.at.into());
        put("operation", entry.operation.into());
        put("region", entry.region.into());
        match entry.outcome {
            Logged::Success => put("status", 200.into()),
            Logged::Failure(status, error) => {
                put("status", status.into());
                put("error", error.into())
            }
            Logged::Dropped => put("status", Value::Null),
        };
        put("faults", json!(entry.faults));
        if let Some(body) = &entry.body {
            for name in [
                "connectorProfileName",
                "flowName",
                "connectorLabel",
                "clientToken",
            ] {
                if let Some(Value::String(value)) = body.get(name) {
                    put(name, value.as_str().into());
                }
            }
            let mut leaves = Leaves {
                key: &self.key,
                paths: Vec::new(),
                credentials: Map::new(),
            };
            leaves.visit("", body, false);
            put("paths", json!(leaves.paths));
            put("credentials", leaves.credentials.into());
            put("ignored", json!(entry.ignored));
            if self.bodies {
                put("body", body.clone());
            }
        }
        line
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds the lock can leave the counts half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Leaves<'a> {
    key: &'a Key,
    paths: Vec<String>,
    credentials: Map<String, Value>,
}

impl Leaves<'_> {
    fn visit(&mut self, path: &str, value: &Value, secret: bool) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let secret_keys = secret && path.ends_with(".credentialsMap");
                for (index, (name, value)) in members.iter().enumerate() {
                    // The keys of this map are as sensitive as its values.
                    let shown = if secret_keys {
                        format!("entry{}", index + 1)
                    } else {
                        name.clone()
                    };
                    let below = if path.is_empty() {
                        shown
                    } else {
                        format!("{path}.{shown}")
                    };
                    let keyed = secret_keys.then(|| json!([name, value]));
                    self.visit(
                        &below,
                        keyed.as_ref().unwrap_or(value),
                        secret || name == CREDENTIALS,
                    );
                }
            }
            Value::Array(items) if !items.is_empty() && !secret => {
                for (index, item) in items.iter().enumerate() {
                    self.visit(&format!("{path}.{index}"), item, secret);
                }
            }
            leaf => {
                self.paths.push(path.to_owned());
                if secret && !path.ends_with(CREDENTIALS) {
                    self.credentials
                        .insert(path.to_owned(), self.key.short(path, leaf).into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_credentials_apart_without_their_values() {
        let recorder = Recorder::new(Key::random(), 2, false);
        for secret in ["hush1", "hush1", "hush2"] {
            let body = json!({"connectorProfileName": "p", "connectorProfileConfig": {
                CREDENTIALS: {"CustomConnector": {"custom": {"credentialsMap": {"hushkey": secret}}, "x": "hush"}},
                "connectorProfileProperties": {"Slack": {"instanceUrl": "visible"}},
            }});
            let outcome = Logged::Success;
            recorder.record(&Entry {
                at: 0,
                operation: "CreateConnectorProfile",
                region: "r",
                body: Some(body),
                ignored: vec![],
                faults: vec![],
                outcome,
            });
        }
        let report = recorder.report();
        let text = report.to_string();
        assert!(
            !text.contains("hush") && !text.contains("visible"),
            "{text}"
        );
        assert_eq!(
            report["counts"]["CreateConnectorProfile"],
            json!({"total": 3, "failed": 0})
        );
        assert_eq!(report["requests"].as_array().unwrap().len(), 2);
        let digest = |at: usize, leaf: &str| {
            let path = format!("connectorProfileConfig.{CREDENTIALS}.CustomConnector.{leaf}");
            report["requests"][at]["credentials"][path]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(digest(0, "x"), digest(1, "x"));
        assert_ne!(
            digest(0, "custom.credentialsMap.entry1"),
            digest(1, "custom.credentialsMap.entry1")
        );
    }
}
