//! The table of `aws_appflow_connector_profile` above its configuration block.

use aws_sdk_appflow::types::ConnectorProfileConfig;
use flowctl_model::{ObjectType, Type};
use flowctl_schema::{Attribute, Block, NestedBlock, Presence, Schema};

use super::connectors::CONNECTOR_TYPES;
use crate::limits::{CONNECTION_MODES, label, matching, name, one_of};
use crate::structure::Structure;

/// The name of the resource type and of the data source.
pub(crate) const CONNECTOR_PROFILE: &str = "aws_appflow_connector_profile";
/// The block that holds everything about the connector.
pub(super) const CONFIG: &str = "connector_profile_config";
/// The block below [`CONFIG`] with one block per connector.
pub(super) const CREDENTIALS: &str = "connector_profile_credentials";
/// The block below [`CONFIG`] with one block per connector.
pub(super) const PROPERTIES: &str = "connector_profile_properties";
/// Flowctl's own argument: it belongs to a deletion and to nothing else.
pub(super) const FORCE_DELETE: &str = "force_delete";
/// What the service reports of a private connection.
pub(super) const PRIVATE_STATE: &str = "private_connection_provisioning_state";

/// The table of the resource type.
pub(super) fn resource() -> Schema {
    let string = |name, presence, doc| Attribute::new(name, Type::String, presence, doc);
    let attributes = vec![
        string("name", Presence::Required, "The name, unique in the account and region.")
            .constraints(name())
            .replace(),
        string("connection_mode", Presence::Required, "Whether AppFlow reaches the connector over the internet (`Public`) or AWS PrivateLink (`Private`).")
            .constraints(one_of(CONNECTION_MODES)),
        string("connector_label", Presence::Optional, "The label of a registered connector, for `connector_type = \"CustomConnector\"` and no other.")
            .constraints(label())
            .replace(),
        string("connector_type", Presence::Required, "The connector.")
            .constraints(one_of(CONNECTOR_TYPES))
            .replace(),
        string("kms_arn", Presence::OptionalComputed, "The KMS key that encrypts the credentials; a key of AppFlow's if not set. The service does not return it: for an imported profile that has a key, name the argument in `lifecycle.ignore_changes`, or it is replaced.")
            .constraints(matching(20, 2048, "arn:aws:kms:.*:[0-9]+:.*"))
            .replace()
            .not_returned(),
        Attribute::new(FORCE_DELETE, Type::Bool, Presence::Optional, "Whether the profile is deleted even if flows use it; `false` if not set. It takes effect once it was applied.")
            .not_returned(),
        string("id", Presence::Computed, "The name."),
        string("arn", Presence::Computed, "The ARN of the profile."),
        string("credentials_arn", Presence::Computed, "The ARN of the secret in which AppFlow keeps the credentials."),
        string("created_at", Presence::Computed, "When the profile was made, as in RFC 3339."),
        string("last_updated_at", Presence::Computed, "When the profile was changed last, as in RFC 3339."),
        Attribute::new(PRIVATE_STATE, private_state(), Presence::Computed, "How far the private connection is, for `connection_mode = \"Private\"`."),
    ];
    let blocks = vec![NestedBlock::required(
        CONFIG,
        ConnectorProfileConfig::block(),
    )];
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks,
            doc: "A connection of Amazon AppFlow to a data source or destination, with the credentials to log in to it.",
            ..Block::default()
        },
    }
}

/// The table of the data source: the resource's but for what is secret or the service does not
/// tell.
pub(super) fn data_source() -> Schema {
    let resource = resource().block;
    let mut attributes: Vec<_> = resource
        .attributes
        .into_iter()
        .filter(|a| a.returned)
        .map(|a| Attribute {
            presence: match a.name {
                "name" => Presence::Required,
                _ => Presence::Computed,
            },
            replace: false,
            constraints: match a.name {
                "name" => a.constraints,
                _ => Vec::new(),
            },
            ..a
        })
        .collect();
    let properties = aws_sdk_appflow::types::ConnectorProfileProperties::block();
    attributes.push(Attribute::new(
        PROPERTIES,
        Type::list(properties.ty()),
        Presence::Computed,
        "The properties, as one object with a list for each connector, which is empty but for the profile's own.",
    ));
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: Vec::new(),
            doc: "A connector profile of Amazon AppFlow that is managed elsewhere, by its name.",
            ..Block::default()
        },
    }
}

/// The type of [`PRIVATE_STATE`].
pub(super) fn private_state() -> Type {
    let members = ["status", "failure_message", "failure_cause"];
    Type::Object(std::sync::Arc::new(ObjectType {
        attributes: members.map(|name| (name.into(), Type::String)).into(),
        ..ObjectType::default()
    }))
}
