//! What the connector types are called in the blocks and arguments of a flow.

use crate::connector_profile::block_of;

/// Connectors without profiles. Those that have profiles have the same name there.
const UNPROFILED: [(&str, &str); 5] = [
    ("S3", "s3"),
    ("EventBridge", "event_bridge"),
    ("LookoutMetrics", "lookout_metrics"),
    ("Upsolver", "upsolver"),
    ("CustomerProfiles", "customer_profiles"),
];

/// The name of the blocks and arguments of a connector type.
pub(super) fn name_of(kind: &str) -> Option<&'static str> {
    let other = UNPROFILED.iter().find(|(name, _)| *name == kind);
    block_of(kind).or(other.map(|(_, block)| *block))
}

/// Whether the connector is reached through a connector profile.
pub(super) fn has_profiles(kind: &str) -> bool {
    block_of(kind).is_some()
}

#[cfg(test)]
mod tests {
    use aws_sdk_appflow::types::{
        ConnectorOperator, ConnectorType, DestinationConnectorProperties, SourceConnectorProperties,
    };

    use super::*;
    use crate::structure::Structure;

    #[test]
    fn every_block_and_every_operator_is_that_of_a_connector() {
        let mut names: Vec<_> = ConnectorType::values()
            .iter()
            .map(|kind| name_of(kind).unwrap())
            .collect();
        names.sort_unstable();
        let known = names.len();
        names.dedup();
        assert_eq!(names.len(), known);
        for block in [
            SourceConnectorProperties::block(),
            DestinationConnectorProperties::block(),
            ConnectorOperator::block(),
        ] {
            for name in block.names() {
                assert!(names.contains(&name), "{name}");
            }
        }
        // What can be a source has an operator.
        let operators = ConnectorOperator::block();
        for source in SourceConnectorProperties::block().names() {
            assert!(operators.attribute(source).is_some(), "{source}");
        }
        assert!(has_profiles("Salesforce") && !has_profiles("S3"));
    }
}
