//! Configuration of objects of every kind, compared with what `terraform fmt` makes of it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use super::*;
use crate::samples::{self, CANARY, providers};

fn generated(text: &str, json: &Json) -> Generated {
    let address = samples::address(text);
    let object = samples::object(&address, json);
    let providers = providers();
    let resource_type = providers
        .resource_type(&address.resource.type_name)
        .unwrap();
    resource(
        &address,
        None,
        &object,
        resource_type.schema(),
        &BTreeSet::new(),
    )
    .unwrap()
}

/// What an import finds: everything but what the service keeps to itself.
fn profile(kind: &str, properties: &Json) -> Json {
    json!({
        "name": "crm",
        "connector_type": kind,
        "connection_mode": "Public",
        "arn": "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/crm",
        "credentials_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        "connector_profile_config": {"connector_profile_properties": properties},
    })
}

fn all() -> Vec<(&'static str, Generated)> {
    let redshift = json!({"redshift": {"bucket_name": "b", "role_arn": "arn:aws:iam::1:role/r"}});
    let text = json!({
        "name": "text",
        "amount": 12_345.5,
        "notes": "a ${x}\n  b\nEOT\n",
        "title": "say \"hi\" \u{1b} %{if} \u{202e}\n",
        "names": ["b", "a"],
        "tags": {"env": "dev", "cost center": "1", "コスト": "研究"},
        "document": "{\"a\":[1,2.50,{\"b\":null}],\"c\":\"<\"}",
        "anything": {"json": "[1]", "lines": "a\nb\n", "none": null, "list": []},
        "rules": [{"name": "http", "port": 80}],
        "steps": ["one"],
        "password": "CANARY",
        "tokens": {"a": "CANARY"},
        "label": [{"key": "a", "value": "1"}, {"key": "b"}],
        "listener": {"name": "web", "port": 80},
    });
    let document = json!({
        "name": "document",
        "id": "i",
        "document": "{\"Statement\":[{\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"],\"Effect\":\"Allow\"}],\"Version\":\"2012-10-17\"}",
        "notes": "  all\n  indented\n",
        "title": {"secret": "CANARY"},
    });
    vec![
        (
            "salesforce",
            generated(
                "aws_appflow_connector_profile.crm",
                &profile(
                    "Salesforce",
                    &json!({"salesforce": {"instance_url": "https://x.example.com", "is_sandbox_environment": false}}),
                ),
            ),
        ),
        (
            "redshift",
            generated(
                "aws_appflow_connector_profile.crm",
                &profile("Redshift", &redshift),
            ),
        ),
        (
            "custom",
            generated(
                "aws_appflow_connector_profile.crm",
                &profile(
                    "CustomConnector",
                    &json!({"custom_connector": {"profile_properties": {"a": "1"}}}),
                ),
            ),
        ),
        ("text", generated("aws_sample.text", &text)),
        ("document", generated("aws_sample.document[0]", &document)),
        (
            "data",
            generated(
                "terraform_data.d",
                &json!({"id": "x", "input": [1, "a"], "output": [1, "a"]}),
            ),
        ),
    ]
}

#[test]
fn objects_become_configuration() {
    for (name, generated) in all() {
        let text = format!("{}\n{}", generated.resource, generated.variables);
        assert!(!text.contains(CANARY) && !text.contains('\u{1b}'), "{text}");
        let _: hcl::Body = hcl::from_str(&text).unwrap();
        insta::assert_snapshot!(format!("hcl_{name}"), text);
    }
}

#[test]
fn nothing_is_left_to_terraform_fmt() {
    if Command::new("terraform").arg("version").output().is_err() {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: there is no terraform to compare with").unwrap();
        return;
    }
    for (name, generated) in all() {
        let text = format!("{}\n{}", generated.resource, generated.variables);
        let mut child = Command::new("terraform")
            .args(["fmt", "-no-color", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{name}: {text}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{name}");
    }
}

#[test]
fn another_provider_configuration_is_named() {
    let address = samples::address("terraform_data.d");
    let object = samples::object(&address, &json!({"input": 1}));
    let providers = providers();
    let schema = providers.resource_type("terraform_data").unwrap().schema();
    let generated = resource(
        &address,
        Some("aws.west"),
        &object,
        schema,
        &BTreeSet::new(),
    )
    .unwrap();
    let expected =
        "resource \"terraform_data\" \"d\" {\n  provider = aws.west\n  input    = 1\n}\n";
    assert_eq!(generated.resource, expected);
    assert_eq!(generated.variables, "");
}
