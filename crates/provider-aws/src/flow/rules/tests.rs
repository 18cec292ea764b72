//! Each rule, and that nothing is said where nothing is wrong or known.

use flowctl_model::problem::Severity;
use flowctl_model::{Kind, Text, Type};

use super::*;
use crate::flow::schema::resource;

/// A value as JSON writes it, of the types of the table: lists of objects are blocks.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::null(Type::Any),
        serde_json::Value::Bool(flag) => Value::bool(*flag),
        serde_json::Value::Number(number) => Value::number(number.as_i64().unwrap()),
        serde_json::Value::String(text) if text == "?" => Value::unknown(Type::String),
        serde_json::Value::String(text) => Value::string(text.as_str()),
        serde_json::Value::Array(items) => {
            Value::list(Type::Any, items.iter().map(value).collect())
        }
        serde_json::Value::Object(members)
            if members.keys().any(|name| name.to_uppercase() == *name) =>
        {
            let members = members
                .iter()
                .map(|(k, v)| (Text::from(k.as_str()), value(v)));
            Value::map(Type::String, members.collect())
        }
        serde_json::Value::Object(members) => {
            let members = members
                .iter()
                .map(|(k, v)| (Text::from(k.as_str()), value(v)));
            Value::object(members)
        }
    }
}

fn flow() -> serde_json::Value {
    serde_json::json!({
        "name": "a",
        "source_flow_config": [{
            "connector_type": "Salesforce",
            "connector_profile_name": "crm",
            "source_connector_properties": [{"salesforce": [{"object": "Account"}]}],
        }],
        "destination_flow_config": [{
            "connector_type": "S3",
            "destination_connector_properties": [{"s3": [{"bucket_name": "bucket"}]}],
        }],
        "task": [{
            "task_type": "Map",
            "source_fields": ["Id"],
            "destination_field": "id",
            "connector_operator": [{"salesforce": "NO_OP"}],
        }],
        "trigger_config": [{"trigger_type": "OnDemand"}],
    })
}

/// The problems of the flow with one member replaced: severity, path, summary.
fn found(pointer: &str, replaced: serde_json::Value) -> Vec<String> {
    let mut config = flow();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    config.pointer_mut(parent).unwrap()[name] = replaced;
    let told = |problem: Problem| {
        let sign = match problem.severity {
            Severity::Error => "!",
            Severity::Warning => "~",
        };
        format!("{sign} {}: {}", problem.path, problem.summary)
    };
    check(&value(&config)).into_iter().map(told).collect()
}

#[test]
fn a_good_flow_is_good() {
    let config = value(&flow());
    assert!(matches!(config.kind(), Kind::Object(_)));
    assert_eq!(check(&config), []);
    assert!(resource().block.nested("task").is_some());
}

#[test]
fn what_is_not_known_is_not_judged() {
    let none = [] as [String; 0];
    for pointer in [
        "/source_flow_config",
        "/source_flow_config/0/connector_type",
        "/source_flow_config/0/connector_profile_name",
        "/source_flow_config/0/source_connector_properties",
        "/destination_flow_config",
        "/task/0/connector_operator",
        "/task/0/task_type",
        "/task/0/destination_field",
        "/trigger_config",
        "/trigger_config/0/trigger_type",
    ] {
        let mut config = flow();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = config.pointer_mut(parent).unwrap();
        match name.parse::<usize>() {
            Ok(at) => parent[at] = "?".into(),
            Err(_) => parent[name] = "?".into(),
        }
        assert_eq!(check(&value(&config)), [], "{pointer}");
        assert_eq!(found("/description", "?".into()), none);
    }
}

#[test]
fn each_rule() {
    use serde_json::json;
    let scheduled = |schedule: serde_json::Value| json!([{"trigger_type": "Scheduled", "trigger_properties": [{"scheduled": [schedule]}]}]);
    let s3 = |properties: serde_json::Value| {
        json!([{
            "connector_type": "S3",
            "destination_connector_properties": [{"s3": [properties]}],
        }])
    };
    let schedule = "trigger_config[0].trigger_properties[0].scheduled[0]";
    let cases: Vec<(&str, serde_json::Value, Vec<String>)> = vec![
        (
            "/source_flow_config/0/connector_type",
            "Redshift".into(),
            vec!["! source_flow_config[0].connector_type: Connector that cannot be a source".into()],
        ),
        (
            "/source_flow_config/0/connector_type",
            "Slack".into(),
            vec![
                "! source_flow_config[0].source_connector_properties[0].salesforce[0]: Properties of another connector".into(),
                "! task[0].connector_operator[0].salesforce: Operator of another connector".into(),
            ],
        ),
        (
            "/source_flow_config/0/source_connector_properties",
            json!([{}]),
            vec!["! source_flow_config[0].source_connector_properties[0]: Missing salesforce block".into()],
        ),
        (
            "/source_flow_config/0/connector_profile_name",
            json!(null),
            vec!["! source_flow_config[0]: Missing required argument".into()],
        ),
        (
            "/destination_flow_config",
            json!([{
                "connector_type": "S3",
                "connector_profile_name": "x",
                "destination_connector_properties": [{"s3": [{"bucket_name": "bucket"}]}],
            }, {
                "connector_type": "Datadog",
                "destination_connector_properties": [{}],
            }]),
            vec![
                "! destination_flow_config[0].connector_profile_name: Connector without profiles".into(),
                "! destination_flow_config[1].connector_type: Connector that cannot be a destination".into(),
            ],
        ),
        (
            "/destination_flow_config",
            s3(json!({"s3_output_format_config": [{"file_type": "CSV", "preserve_source_data_typing": true}]})),
            vec!["~ destination_flow_config[0].destination_connector_properties[0].s3[0].s3_output_format_config[0].preserve_source_data_typing: Argument without effect".into()],
        ),
        (
            "/destination_flow_config",
            json!([{
                "connector_type": "Zendesk",
                "connector_profile_name": "x",
                "destination_connector_properties": [{"zendesk": [{"object": "o", "write_operation_type": "UPSERT"}]}],
            }]),
            vec!["! destination_flow_config[0].destination_connector_properties[0].zendesk[0].write_operation_type: Missing required argument".into()],
        ),
        (
            "/task",
            json!([
                {"task_type": "Filter", "source_fields": ["a"], "connector_operator": [{"salesforce": "BETWEEN"}], "task_properties": {"LOWER_BOUND": "1"}},
                {"task_type": "Filter", "source_fields": ["a"], "connector_operator": [{"salesforce": "PROJECTION"}]},
                {"task_type": "Map", "source_fields": ["a"]},
                {"task_type": "Mask", "source_fields": ["a"], "connector_operator": [{"salesforce": "MASK_FIRST_N"}], "task_properties": {"MASK_LENGTH": "1"}},
                {"task_type": "Truncate", "source_fields": ["a"], "task_properties": "?"},
            ]),
            vec![
                "~ task[0].task_type: Incomplete task".into(),
                "~ task[2].task_type: Incomplete task".into(),
            ],
        ),
        (
            "/trigger_config",
            json!([{"trigger_type": "Scheduled"}]),
            vec!["! trigger_config[0]: Missing schedule".into()],
        ),
        (
            "/trigger_config",
            json!([{"trigger_type": "Event", "trigger_properties": [{"scheduled": [{"schedule_expression": "rate(1hours)"}]}]}]),
            vec![format!("! {schedule}: Schedule without effect")],
        ),
        (
            "/trigger_config",
            scheduled(json!({"schedule_expression": "hourly"})),
            vec![format!("~ {schedule}.schedule_expression: Unusual schedule expression")],
        ),
        (
            "/trigger_config",
            scheduled(json!({
                "schedule_expression": "rate(1hours)",
                "schedule_start_time": "2026-12-31T00:00:00+01:00",
                "schedule_end_time": "2026-12-30T23:00:00Z",
                "first_execution_from": "2026-13-31T00:00:00Z",
            })),
            vec![
                format!("! {schedule}.first_execution_from: Invalid value for `first_execution_from`"),
                format!("! {schedule}.schedule_end_time: Schedule that never runs"),
            ],
        ),
        (
            "/flow_status",
            "Suspended".into(),
            vec!["! flow_status: Flow that cannot be stopped".into()],
        ),
    ];
    for (pointer, replaced, expected) in cases {
        assert_eq!(
            found(pointer, replaced.clone()),
            expected,
            "{pointer}: {replaced}"
        );
    }
}

#[test]
fn schedules() {
    for good in [
        "rate(5minutes)",
        "rate(1 hour)",
        "rate( 2days )",
        "cron(0 8 ? * MON-FRI *)",
        "at(2026-01-01T00:00:00)",
    ] {
        assert!(is_schedule(good), "{good}");
    }
    for bad in [
        "",
        "rate(0minutes)",
        "rate(minutes)",
        "rate(5parsecs)",
        "rate 5minutes",
        "5minutes",
    ] {
        assert!(!is_schedule(bad), "{bad}");
    }
}
