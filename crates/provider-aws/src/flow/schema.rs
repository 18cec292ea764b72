//! The table of `aws_appflow_flow` above its blocks.

use aws_sdk_appflow::types::{
    DestinationFlowConfig, MetadataCatalogConfig, SourceFlowConfig, Task, TriggerConfig,
};
use flowctl_model::Type;
use flowctl_schema::{Attribute, Block, NestedBlock, Nesting, Presence, Schema};

use super::limits::description;
use crate::limits::{label, matching, one_of};
use crate::structure::Structure;
use crate::tags;

/// The name of the resource type.
pub(super) const FLOW: &str = "aws_appflow_flow";
pub(super) const SOURCE: &str = "source_flow_config";
pub(super) const DESTINATION: &str = "destination_flow_config";
pub(super) const TASK: &str = "task";
pub(super) const TRIGGER: &str = "trigger_config";
pub(super) const CATALOG: &str = "metadata_catalog_config";
pub(super) const STATUS: &str = "flow_status";
/// The status of a flow that runs by itself, and that of one that was stopped.
pub(super) const ACTIVE: &str = "Active";
pub(super) const SUSPENDED: &str = "Suspended";

/// Everything that an update of the flow itself sends.
pub(super) const CONTENT: [&str; 6] = ["description", SOURCE, DESTINATION, TASK, TRIGGER, CATALOG];

/// The table of the resource type.
pub(super) fn resource() -> Schema {
    let string = |name, presence, doc| Attribute::new(name, Type::String, presence, doc);
    let mut attributes = vec![
        string("name", Presence::Required, "The name, unique in the account and region.")
            .constraints(label())
            .replace(),
        string("description", Presence::Optional, "What the flow is for.")
            .constraints(description()),
        string("kms_arn", Presence::OptionalComputed, "The KMS key that encrypts the data; a key of AppFlow's if not set.")
            .constraints(matching(20, 2048, "arn:aws:kms:.*:[0-9]+:.*"))
            .replace(),
        string(STATUS, Presence::OptionalComputed, "Whether a flow with a schedule or events runs: `Active` starts it, `Suspended` stops it. If not set, nothing is started: a new flow waits (`Draft`), and one that runs is stopped only while it is changed.")
            .constraints(one_of(&[ACTIVE, SUSPENDED])),
    ];
    attributes.extend(tags::attributes());
    attributes.extend([
        string("id", Presence::Computed, "The name."),
        string("arn", Presence::Computed, "The ARN of the flow."),
    ]);
    let several = |name, block| NestedBlock {
        name,
        nesting: Nesting::List,
        min: 1,
        max: None,
        block,
    };
    let blocks = vec![
        NestedBlock::required(SOURCE, SourceFlowConfig::block()),
        several(DESTINATION, DestinationFlowConfig::block()),
        several(TASK, Task::block()),
        NestedBlock::required(TRIGGER, TriggerConfig::block()),
        NestedBlock::optional(CATALOG, MetadataCatalogConfig::block()),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks,
            doc: "A flow of Amazon AppFlow: which data it takes from where, what it does to them, where it puts them and when.",
            ..Block::default()
        },
    }
}
