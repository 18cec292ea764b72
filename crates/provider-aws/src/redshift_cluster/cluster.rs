//! A cluster of the service as an object of state.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_redshift::types::{Cluster as Live, Endpoint, PendingModifiedValues as Pending};
use flowctl_model::{Type, Value};
use flowctl_schema::RemoteObject;

use super::schema::{
    FINAL_SNAPSHOT, IDENTIFIER, MANAGED, MULTI, PASSWORD, PASSWORD_VERSION, PASSWORD_WO, SINGLE,
    SKIP_SNAPSHOT, SNAPSHOT, node,
};
use super::status::Status;
use crate::settings::Settings;
use crate::table::{flag_value, text_value, texts_value, whole_value};
use crate::tags;

/// What the service never tells, with the type of each. Of a password that is not to be kept this
/// counts as telling that there is none.
const UNTOLD: [(&str, Type); 11] = [
    ("apply_immediately", Type::Bool),
    ("aqua_configuration_status", Type::String),
    (FINAL_SNAPSHOT, Type::String),
    (PASSWORD, Type::String),
    (PASSWORD_WO, Type::String),
    (PASSWORD_VERSION, Type::Number),
    ("owner_account", Type::String),
    (SKIP_SNAPSHOT, Type::Bool),
    (SNAPSHOT[0], Type::String),
    (SNAPSHOT[1], Type::String),
    (SNAPSHOT[2], Type::String),
];

/// The cluster as state keeps it. What was asked for and waits for the maintenance window counts
/// as done. `known` is what is known of it.
pub(super) fn decode(
    live: &Live,
    known: Option<&Value>,
    arn: Option<&str>,
    settings: &Settings,
) -> RemoteObject {
    let pending = live.pending_modified_values();
    let nodes = pending
        .and_then(Pending::number_of_nodes)
        .or(live.number_of_nodes());
    let cluster_type = nodes.map(|nodes| if nodes > 1 { MULTI } else { SINGLE });
    let secret = live
        .master_password_secret_arn()
        .filter(|arn| !arn.is_empty());
    let encrypted = match pending.and_then(Pending::encryption_type) {
        Some(kind) => Some(kind.eq_ignore_ascii_case("KMS")),
        None => live.encrypted(),
    };
    let groups = live.vpc_security_groups().iter();
    let groups = groups.filter(|group| group.status() != Some("removing"));
    let roles = live.iam_roles().iter();
    let roles = roles.filter(|role| role.apply_status() != Some("removing"));
    let parameters = live.cluster_parameter_groups().first();
    let id = live.cluster_identifier().unwrap_or_default();
    let some = |text: Option<&str>| text_value(text.filter(|text| !text.is_empty()));
    let mut members: Vec<(&'static str, Value)> = UNTOLD
        .into_iter()
        .map(|(name, ty)| (name, Value::null(ty)))
        .collect();
    members.extend([
        (
            "allow_version_upgrade",
            flag_value(live.allow_version_upgrade()),
        ),
        ("arn", text_value(arn)),
        (
            "automated_snapshot_retention_period",
            whole_value(
                pending
                    .and_then(Pending::automated_snapshot_retention_period)
                    .or(live.automated_snapshot_retention_period()),
            ),
        ),
        ("availability_zone", some(live.availability_zone())),
        (
            "availability_zone_relocation_enabled",
            Value::bool(relocates(live).unwrap_or(false)),
        ),
        (IDENTIFIER, text_value(Some(id))),
        ("cluster_namespace_arn", some(live.cluster_namespace_arn())),
        ("cluster_nodes", nodes_of(live)),
        (
            "cluster_parameter_group_name",
            some(parameters.and_then(|group| group.parameter_group_name())),
        ),
        ("cluster_public_key", some(live.cluster_public_key())),
        (
            "cluster_revision_number",
            some(live.cluster_revision_number()),
        ),
        (
            "cluster_subnet_group_name",
            some(live.cluster_subnet_group_name()),
        ),
        ("cluster_type", text_value(cluster_type)),
        (
            "cluster_version",
            some(
                pending
                    .and_then(Pending::cluster_version)
                    .or(live.cluster_version()),
            ),
        ),
        ("database_name", some(live.db_name())),
        ("default_iam_role_arn", some(live.default_iam_role_arn())),
        (
            "elastic_ip",
            some(live.elastic_ip_status().and_then(|ip| ip.elastic_ip())),
        ),
        ("encrypted", flag_value(encrypted)),
        (
            "enhanced_vpc_routing",
            flag_value(
                pending
                    .and_then(Pending::enhanced_vpc_routing)
                    .or(live.enhanced_vpc_routing()),
            ),
        ),
        (
            "iam_roles",
            texts_value(roles.filter_map(|role| role.iam_role_arn())),
        ),
        ("id", text_value(Some(id))),
        (
            "kms_key_id",
            some(live.kms_key_id().filter(|_| encrypted != Some(false))),
        ),
        (
            "maintenance_track_name",
            text_value(
                pending
                    .and_then(Pending::maintenance_track_name)
                    .or(live.maintenance_track_name())
                    .or(Some("current")),
            ),
        ),
        (MANAGED, flag_value(secret.map(|_| true))),
        (
            "manual_snapshot_retention_period",
            whole_value(live.manual_snapshot_retention_period().or(Some(-1))),
        ),
        ("master_password_secret_arn", text_value(secret)),
        (
            "master_password_secret_kms_key_id",
            some(live.master_password_secret_kms_key_id()),
        ),
        ("master_username", some(live.master_username())),
        ("multi_az", Value::bool(live.multi_az().is_some_and(is_on))),
        (
            "node_type",
            some(pending.and_then(Pending::node_type).or(live.node_type())),
        ),
        ("number_of_nodes", whole_value(nodes)),
        (
            "preferred_maintenance_window",
            some(live.preferred_maintenance_window()),
        ),
        (
            "publicly_accessible",
            flag_value(
                pending
                    .and_then(Pending::publicly_accessible)
                    .or(live.publicly_accessible()),
            ),
        ),
        (
            "vpc_security_group_ids",
            texts_value(groups.filter_map(|group| group.vpc_security_group_id())),
        ),
    ]);
    members.extend(reached(live));
    let live_tags = live.tags().iter().filter_map(|tag| {
        Some((
            tag.key()?.to_owned(),
            tag.value().unwrap_or_default().to_owned(),
        ))
    });
    members.extend(tags::told(live_tags, known, settings));
    RemoteObject {
        id: id.into(),
        attributes: Value::object(members),
        created_at: created_at(live),
    }
}

/// Where the cluster is connected to. There is no such place before it was available once; that
/// there is no port either is by what a plan sees that there is something left to wait for.
fn reached(live: &Live) -> [(&'static str, Value); 3] {
    let endpoint = live
        .endpoint()
        .filter(|_| live.cluster_status() != Some("creating"));
    let host = endpoint
        .and_then(|endpoint| endpoint.address())
        .filter(|host| !host.is_empty());
    let port = endpoint.and_then(Endpoint::port).filter(|port| *port != 0);
    let both = host.map(|host| match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    [
        ("dns_name", text_value(host)),
        ("endpoint", text_value(both.as_deref())),
        ("port", whole_value(port.filter(|_| host.is_some()))),
    ]
}

fn nodes_of(live: &Live) -> Value {
    let nodes = live.cluster_nodes().iter().map(|live| {
        Value::object([
            ("node_role", text_value(live.node_role())),
            ("private_ip_address", text_value(live.private_ip_address())),
            ("public_ip_address", text_value(live.public_ip_address())),
        ])
    });
    Value::list(node(), nodes.collect())
}

/// Whether the cluster may move to another availability zone, or is about to be allowed to.
fn relocates(live: &Live) -> Option<bool> {
    let status = live.availability_zone_relocation_status()?;
    Some(["enabled", "pending_enabling"].contains(&status))
}

fn is_on(status: &str) -> bool {
    ["enabled", "true"]
        .iter()
        .any(|on| status.eq_ignore_ascii_case(on))
}

/// Whether something that was asked for is still being done although the cluster is available.
pub(super) fn is_under_way(live: &Live) -> bool {
    let pending = live.pending_modified_values();
    let relocation = live.availability_zone_relocation_status();
    let changing = ["adding", "removing"];
    pending.is_some_and(|pending| pending.master_user_password().is_some())
        || relocation.is_some_and(|status| status.starts_with("pending"))
        || live
            .iam_roles()
            .iter()
            .any(|role| role.apply_status().is_some_and(|s| changing.contains(&s)))
        || live
            .vpc_security_groups()
            .iter()
            .any(|group| group.status().is_some_and(|s| changing.contains(&s)))
}

/// When the cluster was made. The service says so only once it is available, so one of which it
/// does not is being made now.
fn created_at(live: &Live) -> Option<f64> {
    match (live.cluster_create_time(), Status::of(live)) {
        (Some(time), _) => Some(time.as_secs_f64()),
        (None, Status::Ready | Status::Paused) => None,
        (None, _) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            Some(now.as_secs_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_redshift::types::ClusterIamRole;

    use super::*;
    use crate::table::{flag, text, texts, whole};

    fn live(status: &str) -> aws_sdk_redshift::types::builders::ClusterBuilder {
        let endpoint = Endpoint::builder()
            .address("c.example.com")
            .port(5439)
            .build();
        Live::builder()
            .cluster_identifier("c")
            .cluster_status(status)
            .number_of_nodes(2)
            .endpoint(endpoint)
    }

    fn told(live: &Live) -> Value {
        decode(live, None, Some("arn:x"), &Settings::default()).attributes
    }

    #[test]
    fn nobody_connects_to_what_is_not_there_yet() {
        let ready = told(&live("available").build());
        assert_eq!(text(&ready, "endpoint"), Some("c.example.com:5439"));
        assert_eq!(text(&ready, "dns_name"), Some("c.example.com"));
        assert_eq!(text(&ready, "cluster_type"), Some(MULTI));
        let creating = told(&live("creating").build());
        for name in ["endpoint", "dns_name", "port"] {
            assert!(creating.get(name).unwrap().is_null(), "{name}");
        }
        assert_eq!(
            text(&told(&live("modifying").build()), "dns_name"),
            Some("c.example.com")
        );
    }

    #[test]
    fn what_waits_for_the_maintenance_window_counts_as_done() {
        let pending = Pending::builder()
            .number_of_nodes(1)
            .maintenance_track_name("trailing")
            .encryption_type("KMS")
            .publicly_accessible(true)
            .build();
        let live = live("available")
            .encrypted(false)
            .pending_modified_values(pending)
            .build();
        let told = told(&live);
        assert_eq!(whole::<i64>(&told, "number_of_nodes"), Some(1));
        assert_eq!(text(&told, "cluster_type"), Some(SINGLE));
        assert_eq!(text(&told, "maintenance_track_name"), Some("trailing"));
        assert_eq!(flag(&told, "encrypted"), Some(true));
        assert_eq!(flag(&told, "publicly_accessible"), Some(true));
    }

    #[test]
    fn a_role_that_goes_is_gone_and_is_waited_for() {
        let role = |arn: &str, status: &str| {
            ClusterIamRole::builder()
                .iam_role_arn(arn)
                .apply_status(status)
                .build()
        };
        let live = live("available")
            .iam_roles(role("arn:a", "removing"))
            .iam_roles(role("arn:b", "in-sync"))
            .build();
        assert_eq!(texts(&told(&live), "iam_roles"), ["arn:b"]);
        assert!(is_under_way(&live));
        assert!(!is_under_way(&super::tests::live("available").build()));
    }

    #[test]
    fn a_cluster_that_has_no_time_yet_is_being_made() {
        let told = |live: &Live| decode(live, None, None, &Settings::default()).created_at;
        assert!(told(&live("creating").build()).is_some_and(|at| at > 1.7e9));
        assert_eq!(told(&live("available").build()), None);
    }
}
