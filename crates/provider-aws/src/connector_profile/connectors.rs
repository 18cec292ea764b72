//! The connector types, and what belongs to each.

/// A value of `connector_type`.
pub(super) struct Connector {
    /// As the service spells it.
    pub(super) name: &'static str,
    /// What belongs to it.
    pub(super) kind: ConnectorKind,
}

/// What belongs to a connector type.
#[derive(Clone, Copy)]
pub(super) enum ConnectorKind {
    /// Profiles, whose credentials and properties are in blocks of this name.
    Profiled(&'static str),
    /// No profiles: flows name the place themselves, as this says.
    Unprofiled(&'static str),
}

use ConnectorKind::{Profiled, Unprofiled};

/// The blocks of all connectors, with the type in the order of the documentation.
#[rustfmt::skip]
pub(super) const CONNECTORS: &[Connector] = &[
    Connector { name: "Salesforce", kind: Profiled("salesforce") },
    Connector { name: "Singular", kind: Profiled("singular") },
    Connector { name: "Slack", kind: Profiled("slack") },
    Connector { name: "Redshift", kind: Profiled("redshift") },
    Connector { name: "S3", kind: Unprofiled("name the bucket in the flow itself (`s3` with `bucket_name`) and let its bucket policy admit AppFlow") },
    Connector { name: "Marketo", kind: Profiled("marketo") },
    Connector { name: "Googleanalytics", kind: Profiled("google_analytics") },
    Connector { name: "Zendesk", kind: Profiled("zendesk") },
    Connector { name: "Servicenow", kind: Profiled("service_now") },
    Connector { name: "Datadog", kind: Profiled("datadog") },
    Connector { name: "Trendmicro", kind: Profiled("trendmicro") },
    Connector { name: "Snowflake", kind: Profiled("snowflake") },
    Connector { name: "Dynatrace", kind: Profiled("dynatrace") },
    Connector { name: "Infornexus", kind: Profiled("infor_nexus") },
    Connector { name: "Amplitude", kind: Profiled("amplitude") },
    Connector { name: "Veeva", kind: Profiled("veeva") },
    Connector { name: "EventBridge", kind: Unprofiled("name the partner event source in the flow's destination itself (`event_bridge`)") },
    Connector { name: "LookoutMetrics", kind: Unprofiled("make it the flow's destination itself (`lookout_metrics`)") },
    Connector { name: "Upsolver", kind: Unprofiled("name the bucket in the flow's destination itself (`upsolver` with `bucket_name`)") },
    Connector { name: "Honeycode", kind: Profiled("honeycode") },
    Connector { name: "CustomerProfiles", kind: Unprofiled("name the domain in the flow's destination itself (`customer_profiles` with `domain_name`)") },
    Connector { name: "SAPOData", kind: Profiled("sapo_data") },
    Connector { name: "CustomConnector", kind: Profiled("custom_connector") },
    Connector { name: "Pardot", kind: Profiled("pardot") },
];

/// Every value of `connector_type`, as [`CONNECTORS`] has them.
pub(super) const CONNECTOR_TYPES: &[&str] = &names();

const fn names() -> [&'static str; CONNECTORS.len()] {
    let mut names = [""; CONNECTORS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = CONNECTORS[at].name;
        at += 1;
    }
    names
}

/// The connector of that name.
pub(super) fn connector(name: &str) -> Option<&'static Connector> {
    CONNECTORS.iter().find(|c| c.name == name)
}

/// The name of the blocks of a connector type with profiles.
pub(crate) fn block_of(name: &str) -> Option<&'static str> {
    match connector(name)?.kind {
        Profiled(block) => Some(block),
        Unprofiled(_) => None,
    }
}

/// The connector type whose blocks have that name.
pub(super) fn type_of(block: &str) -> Option<&'static str> {
    let belongs = |c: &&Connector| matches!(c.kind, Profiled(name) if name == block);
    CONNECTORS.iter().find(belongs).map(|c| c.name)
}

#[cfg(test)]
mod tests {
    use aws_sdk_appflow::types::{
        ConnectorProfileCredentials, ConnectorProfileProperties, ConnectorType,
    };

    use super::*;
    use crate::structure::Structure;

    #[test]
    fn the_table_has_every_type_and_every_block() {
        let mut known: Vec<_> = ConnectorType::values().to_vec();
        let mut ours = CONNECTOR_TYPES.to_vec();
        known.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, known);
        let mut blocks: Vec<_> = ours.iter().filter_map(|name| block_of(name)).collect();
        blocks.sort_unstable();
        for table in [
            ConnectorProfileCredentials::block(),
            ConnectorProfileProperties::block(),
        ] {
            let mut names: Vec<_> = table.names().collect();
            names.sort_unstable();
            assert_eq!(names, blocks);
        }
        for block in blocks {
            assert_eq!(type_of(block).and_then(block_of), Some(block));
        }
    }
}
