//! `checks`: the outcome of every condition, by the object it belongs to.

use flowctl_model::plan::{CheckResult, CheckStatus};
use flowctl_model::{Address, InstanceKey, ModuleInstance};
use serde::Serialize;

use super::mode_word;

#[derive(Serialize)]
pub(super) struct CheckJson {
    address: ObjectJson,
    status: &'static str,
    instances: Vec<InstanceJson>,
}

#[derive(PartialEq, Serialize)]
struct ObjectJson {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    name: String,
    to_display: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_name: Option<String>,
}

#[derive(Serialize)]
struct InstanceJson {
    address: InstanceAddressJson,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<ProblemJson>,
}

#[derive(Serialize)]
struct InstanceAddressJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_key: Option<OwnedKeyJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    to_display: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OwnedKeyJson {
    Int(u64),
    Str(String),
}

#[derive(Serialize)]
struct ProblemJson {
    message: String,
}

/// The objects that have conditions, in Terraform's order.
pub(super) fn write(results: &[CheckResult]) -> Vec<CheckJson> {
    let mut checks: Vec<CheckJson> = Vec::new();
    for result in results {
        let (object, instance) = parse(&result.address);
        let check = match checks.iter().rposition(|check| check.address == object) {
            Some(at) => &mut checks[at],
            None => {
                checks.push(CheckJson {
                    address: object,
                    status: "pass",
                    instances: Vec::new(),
                });
                let last = checks.len() - 1;
                &mut checks[last]
            }
        };
        let same = |other: &InstanceJson| other.address.to_display == instance.to_display;
        let at = check.instances.iter().rposition(same).unwrap_or_else(|| {
            check.instances.push(InstanceJson {
                address: instance,
                status: "pass",
                problems: Vec::new(),
            });
            check.instances.len() - 1
        });
        let instance = &mut check.instances[at];
        instance.status = worse(instance.status, word(result.status));
        check.status = worse(check.status, instance.status);
        if result.status == CheckStatus::Fail {
            instance.problems.extend(
                result
                    .message
                    .clone()
                    .map(|message| ProblemJson { message }),
            );
        }
    }
    checks.sort_by(|a, b| a.address.to_display.cmp(&b.address.to_display));
    checks
}

fn word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Fail => "fail",
        CheckStatus::Unknown => "unknown",
    }
}

fn worse(a: &'static str, b: &'static str) -> &'static str {
    ["fail", "unknown"]
        .into_iter()
        .find(|status| *status == a || *status == b)
        .unwrap_or("pass")
}

/// The object that an address names, as written, and the instance of it.
fn parse(address: &str) -> (ObjectJson, InstanceAddressJson) {
    if let Some((module, kind, name)) = named(address) {
        let module_path = module.path();
        let (prefix, kind) = match kind {
            "check" => ("check.", "check"),
            // Terraform has no word for policies; a check is what its readers know.
            "policy" => ("policy.", "check"),
            "output" => ("output.", "output_value"),
            _ => ("var.", "var"),
        };
        let separator = if module.is_root() { "" } else { "." };
        return (
            ObjectJson {
                kind,
                mode: None,
                module: (!module.is_root()).then(|| module_path.to_string()),
                name: name.to_owned(),
                to_display: format!("{module_path}{separator}{prefix}{name}"),
                type_name: None,
            },
            InstanceAddressJson {
                instance_key: None,
                module: (!module.is_root()).then(|| module.to_string()),
                to_display: address.to_owned(),
            },
        );
    }
    match address.parse::<Address>() {
        Ok(parsed) => {
            let resource = &parsed.resource;
            let (object, module) = (super::values::written(resource), &resource.module);
            (
                ObjectJson {
                    kind: "resource",
                    mode: Some(mode_word(resource.mode)),
                    module: (!module.is_root()).then(|| module.path().to_string()),
                    name: resource.name.to_string(),
                    to_display: object,
                    type_name: Some(resource.type_name.to_string()),
                },
                InstanceAddressJson {
                    instance_key: parsed.key.as_ref().map(|key| match key {
                        InstanceKey::Int(index) => OwnedKeyJson::Int(*index),
                        InstanceKey::Str(key) => OwnedKeyJson::Str(key.to_string()),
                    }),
                    module: (!module.is_root()).then(|| module.to_string()),
                    to_display: address.to_owned(),
                },
            )
        }
        Err(_) => (
            ObjectJson {
                kind: "check",
                mode: None,
                module: None,
                name: address.to_owned(),
                to_display: address.to_owned(),
                type_name: None,
            },
            InstanceAddressJson {
                instance_key: None,
                module: None,
                to_display: address.to_owned(),
            },
        ),
    }
}

/// Takes `module.m["a"].output.x` apart; `None` if it names a resource.
fn named(address: &str) -> Option<(ModuleInstance, &'static str, &str)> {
    let parsed = address.parse::<Address>().ok()?;
    let kind = ["check", "policy", "output", "var"]
        .into_iter()
        .find(|kind| parsed.resource.type_name == *kind)?;
    let name = address.rsplit('.').next()?;
    Some((parsed.resource.module, kind, name))
}
