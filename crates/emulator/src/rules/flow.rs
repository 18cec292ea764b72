//! What the service demands of a flow beyond its shapes: the structure of each end is that of its
//! connector type, and a schedule is there where it is needed. Which connectors can be a source or
//! a destination is read from the model.

use serde_json::Value;

use super::block_of;
use crate::error::ServiceError;
use crate::service::SERVICE;

/// One side of a flow.
struct Side {
    noun: &'static str,
    /// The member with one structure for each connector type, and its shape.
    properties: &'static str,
    shape: &'static str,
}

const SOURCE: Side = Side {
    noun: "source",
    properties: "sourceConnectorProperties",
    shape: "SourceConnectorProperties",
};
const DESTINATION: Side = Side {
    noun: "destination",
    properties: "destinationConnectorProperties",
    shape: "DestinationConnectorProperties",
};

/// Checks the input of create or update, already valid by its shape.
pub(crate) fn check(input: &Value) -> Result<(), ServiceError> {
    if let Some(source) = input.get("sourceFlowConfig") {
        SOURCE.check(source)?;
    }
    let destinations = input
        .get("destinationFlowConfigList")
        .and_then(Value::as_array);
    match destinations.map_or(&[][..], Vec::as_slice) {
        [] => {
            return Err(ServiceError::rule(
                "DestinationFlowConfigList cannot be empty",
            ));
        }
        ends => {
            for end in ends {
                DESTINATION.check(end)?;
            }
        }
    }
    let trigger = input.get("triggerConfig").unwrap_or(&Value::Null);
    let scheduled = trigger.get("triggerType").and_then(Value::as_str) == Some("Scheduled");
    if scheduled && trigger.pointer("/triggerProperties/Scheduled").is_none() {
        return Err(ServiceError::rule(
            "TriggerProperties.Scheduled cannot be null for trigger type: SCHEDULED",
        ));
    }
    Ok(())
}

impl Side {
    fn check(&self, end: &Value) -> Result<(), ServiceError> {
        let kind = end
            .get("connectorType")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let block = block_of(kind);
        if SERVICE.members(self.shape).all(|member| member != block) {
            return Err(ServiceError::rule(format!(
                "Connector type {kind} cannot be the {} of a flow",
                self.noun
            )));
        }
        let given = end.get(self.properties).and_then(Value::as_object);
        if given.is_some_and(|given| given.len() == 1 && given.contains_key(block)) {
            return Ok(());
        }
        Err(ServiceError::rule(format!(
            "{} must have {block} and nothing else for connector: {}",
            self.properties,
            kind.to_uppercase()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ends_and_schedules() {
        let flow = |source: &str, properties: Value, destination: &str, trigger: Value| {
            json!({
                "sourceFlowConfig": {"connectorType": source, "sourceConnectorProperties": properties},
                "destinationFlowConfigList": [{
                    "connectorType": destination,
                    "destinationConnectorProperties": {destination: {}},
                }],
                "triggerConfig": trigger,
            })
        };
        let slack = json!({"Slack": {}});
        let on_demand = json!({"triggerType": "OnDemand"});
        let hourly = json!({
            "triggerType": "Scheduled",
            "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)"}},
        });
        let cases = [
            (flow("Slack", slack.clone(), "S3", on_demand.clone()), "ok"),
            (flow("Slack", slack.clone(), "S3", hourly), "ok"),
            (
                flow(
                    "Servicenow",
                    json!({"ServiceNow": {}}),
                    "EventBridge",
                    on_demand.clone(),
                ),
                "ok",
            ),
            (
                flow(
                    "Slack",
                    slack.clone(),
                    "S3",
                    json!({"triggerType": "Scheduled"}),
                ),
                "TriggerProperties.Scheduled cannot be null",
            ),
            (
                flow("Redshift", json!({"Redshift": {}}), "S3", on_demand.clone()),
                "Redshift cannot be the source",
            ),
            (
                flow("Slack", slack.clone(), "Datadog", on_demand.clone()),
                "Datadog cannot be the destination",
            ),
            (
                flow("Slack", json!({}), "S3", on_demand.clone()),
                "must have Slack and nothing else",
            ),
            (
                flow(
                    "Slack",
                    json!({"Slack": {}, "Veeva": {}}),
                    "S3",
                    on_demand.clone(),
                ),
                "must have Slack and nothing else",
            ),
            (
                json!({"destinationFlowConfigList": [], "triggerConfig": on_demand}),
                "DestinationFlowConfigList cannot be empty",
            ),
        ];
        for (input, expected) in cases {
            let found = check(&input).map_or_else(|error| error.message, |()| "ok".to_owned());
            assert!(found.contains(expected), "{input}: {found}");
        }
    }
}
