//! A flow as the SDK has it, and as a value: both ways.

use aws_sdk_appflow::operation::describe_flow::DescribeFlowOutput;
use aws_sdk_appflow::types::{
    DestinationFlowConfig, FlowStatus, MetadataCatalogConfig, SourceFlowConfig, Task,
    TriggerConfig, TriggerType,
};
use aws_smithy_types::DateTime;
use flowctl_model::{Text, Type, Value};
use flowctl_schema::RemoteObject;

use super::meaning::arranged;
use super::schema::{CATALOG, DESTINATION, SOURCE, STATUS, TASK, TRIGGER};
use crate::settings::Settings;
use crate::structure::{EncodeError, Structure, decode_block, encode_block, encode_blocks};
use crate::tags;

/// What a request says of a flow: the service takes all of it again at each change.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) source: SourceFlowConfig,
    pub(super) destinations: Vec<DestinationFlowConfig>,
    pub(super) tasks: Vec<Task>,
    pub(super) trigger: TriggerConfig,
    pub(super) catalog: Option<MetadataCatalogConfig>,
}

/// What is asked for, for a request.
pub(super) fn encode(planned: &Value) -> Result<Content, EncodeError> {
    let missing = EncodeError::Unusable;
    Ok(Content {
        source: encode_block(planned, SOURCE)?.ok_or(missing(SOURCE))?,
        destinations: encode_blocks(planned, DESTINATION)?,
        tasks: encode_blocks(planned, TASK)?,
        trigger: encode_block(planned, TRIGGER)?.ok_or(missing(TRIGGER))?,
        catalog: encode_block(planned, CATALOG)?,
    })
}

/// The flow as the service has it. `known` is what state, or the plan that was just carried out, has
/// of it.
pub(super) fn decode(
    flow: &DescribeFlowOutput,
    known: Option<&Value>,
    settings: &Settings,
) -> RemoteObject {
    let string = |text: Option<&str>| text.map_or_else(|| Value::null(Type::String), Value::string);
    let name = flow.flow_name().unwrap_or_default();
    let before = |block: &str| known.and_then(|known| known.get(block));
    let tags = flow.tags().into_iter().flatten();
    let tags = tags.map(|(key, value)| (key.clone(), value.clone()));
    let mut members = vec![
        ("name", Value::string(name)),
        ("id", Value::string(name)),
        ("description", string(flow.description())),
        ("kms_arn", string(flow.kms_arn())),
        (STATUS, string(flow.flow_status().map(FlowStatus::as_str))),
        ("arn", string(flow.flow_arn())),
        (SOURCE, decode_block(flow.source_flow_config())),
        (
            DESTINATION,
            blocks(flow.destination_flow_config_list(), before(DESTINATION)),
        ),
        (TASK, blocks(flow.tasks(), before(TASK))),
        (TRIGGER, decode_block(flow.trigger_config())),
        (CATALOG, decode_block(flow.metadata_catalog_config())),
    ];
    members.extend(tags::told(tags, known, settings));
    RemoteObject {
        id: Text::from(name),
        attributes: Value::object(members),
        created_at: flow.created_at().map(DateTime::as_secs_f64),
    }
}

/// Whether the flow is one that is started and stopped: those on demand are always ready.
pub(super) fn starts(trigger: Option<&TriggerConfig>) -> bool {
    trigger.is_some_and(|trigger| *trigger.trigger_type() != TriggerType::Ondemand)
}

/// Whether the flow runs by itself at the moment.
pub(super) fn runs(flow: &DescribeFlowOutput) -> bool {
    starts(flow.trigger_config()) && flow.flow_status() == Some(&FlowStatus::Active)
}

fn blocks<T: Structure>(live: &[T], known: Option<&Value>) -> Value {
    let live = live.iter().map(Structure::decode).collect();
    Value::list(T::object_type(), arranged(known, live))
}
