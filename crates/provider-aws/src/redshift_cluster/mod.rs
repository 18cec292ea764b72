//! `aws_redshift_cluster`: a data warehouse that profiles connect to. What it is ([`schema`],
//! [`cluster`]), what must hold between its arguments ([`rules`]), and how it is made, changed and
//! waited for ([`objects`], [`changes`], [`calls`], [`status`]).

mod calls;
mod changes;
mod cluster;
mod objects;
mod rules;
mod schema;
mod status;

use std::sync::Arc;
use std::time::Duration;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{PlanRequest, PlannedChange, ResourceType, Schema};

use crate::registry::ResourceEntry;
use crate::table::{changes_any, is_set, or_default, same_or_no, text, whole, with};
use crate::tags;
use objects::ClusterObjects;
use schema::{CLUSTER, IDENTIFIER, MANAGED, MULTI, SINGLE, SKIP_SNAPSHOT, SNAPSHOT, UNSET, Unset};

/// The resource type, for the registry.
pub(crate) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Cluster::new()),
        remote: Box::new(|client| Arc::new(ClusterObjects::new(Arc::clone(client)))),
    }
}

/// The resource type: all that is decided without a request.
struct Cluster {
    schema: Schema,
}

/// What the service says anew after a change of some arguments.
const FOLLOWS: &[(&[&str], &[&str])] = &[
    (&["port"], &["endpoint"]),
    (
        &[
            "availability_zone",
            "cluster_type",
            "elastic_ip",
            "multi_az",
            "node_type",
            "number_of_nodes",
            "publicly_accessible",
        ],
        &["cluster_nodes"],
    ),
    (
        &["cluster_version", "maintenance_track_name"],
        &["cluster_revision_number"],
    ),
    (&["encrypted"], &["kms_key_id"]),
    (
        &[MANAGED],
        &[
            "master_password_secret_arn",
            "master_password_secret_kms_key_id",
        ],
    ),
];

/// What the service says of a cluster once it is available.
const ONCE_AVAILABLE: &[&str] = &[
    "availability_zone",
    "cluster_namespace_arn",
    "cluster_nodes",
    "cluster_public_key",
    "cluster_revision_number",
    "dns_name",
    "endpoint",
];

impl Cluster {
    fn new() -> Self {
        Self {
            schema: schema::schema(),
        }
    }

    /// These attributes as unknown, but for those that the configuration sets.
    fn open<'r>(
        &'r self,
        request: &'r PlanRequest<'_>,
        names: &'r [&'static str],
    ) -> impl Iterator<Item = (&'static str, Value)> {
        let unset = names.iter().filter(|name| !is_set(request.config, name));
        unset.filter_map(|name| {
            let attribute = self.schema.block.attribute(name)?;
            Some((*name, Value::unknown(attribute.ty.clone())))
        })
    }
}

/// Whether a configuration restores the cluster from a snapshot.
fn restores(config: &Value) -> bool {
    SNAPSHOT[..2].iter().any(|name| is_set(config, name))
}

/// What a cluster is where the configuration does not say it.
fn unset(request: &PlanRequest<'_>) -> impl Iterator<Item = (&'static str, Value)> {
    let restores = restores(request.config);
    UNSET
        .into_iter()
        .filter_map(move |(name, value, is_of_snapshot)| {
            let value = match value {
                Unset::Flag(flag) => Value::bool(flag),
                Unset::Whole(number) => Value::number(number),
                Unset::Text(text) => Value::string(text),
            };
            (!restores || !is_of_snapshot).then(|| (name, or_default(request, name, value)))
        })
}

impl ResourceType for Cluster {
    fn name(&self) -> &'static str {
        CLUSTER
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        rules::check(config)
    }

    fn check_change(&self, request: &PlanRequest<'_>) -> Vec<Problem> {
        rules::check_change(request)
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        if !prior.is_known() || !proposed.is_known() {
            return false;
        }
        let first = path.names().next().map(Text::as_str);
        match (first, prior.as_str(), proposed.as_str()) {
            (Some("apply_immediately" | "aqua_configuration_status"), ..) => true,
            (Some(SKIP_SNAPSHOT | MANAGED), ..) => same_or_no(prior, proposed),
            (Some("preferred_maintenance_window"), Some(one), Some(other)) => {
                one.eq_ignore_ascii_case(other)
            }
            // A key by its identifier, and by its ARN.
            (Some("master_password_secret_kms_key_id"), Some(one), Some(other)) => {
                let id = |text: &str| text.rsplit('/').next().map(str::to_owned);
                id(one) == id(other)
            }
            (Some("tags"), ..) => tags::are_none(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let mut members: Vec<(&'static str, Value)> = unset(&request).collect();
        members.push(("tags_all", tags::planned(&request)));
        let planned = with(request.proposed, members);
        let mut members = Vec::new();
        if !is_set(request.config, "cluster_type") && !restores(request.config) {
            let nodes: Option<i64> = whole(&planned, "number_of_nodes");
            let by_nodes = nodes.map(|nodes| if nodes > 1 { MULTI } else { SINGLE });
            let by_nodes = by_nodes.map_or_else(|| Value::unknown(Type::String), Value::string);
            members.push(("cluster_type", by_nodes));
        }
        let mut in_place = Vec::new();
        match request.prior {
            None => {
                let id = request.proposed.get(IDENTIFIER).cloned();
                members.extend(id.map(|id| ("id", id)));
            }
            Some(prior) => {
                let changed = request.changed;
                let differs = |name: &&str| {
                    let planned = planned.get(name).filter(|value| !value.is_null());
                    changes_any(&request, &[name])
                        || planned.is_some_and(|new| {
                            prior.get(name).is_some_and(|old| {
                                old != new
                                    && !self.equivalent(&AttributePath::attribute(*name), old, new)
                            })
                        })
                };
                for (causes, effects) in FOLLOWS {
                    if causes.iter().any(differs) {
                        members.extend(self.open(&request, effects));
                    }
                }
                // A password that is not kept is sent if its version says so, or nobody else has it.
                let before = [schema::PASSWORD, MANAGED];
                let is_new = |name| is_set(prior, name) && !is_set(&planned, name);
                let renewed = changes_any(&request, &[schema::PASSWORD_VERSION]);
                if !renewed && !before.into_iter().any(is_new) {
                    members.push((schema::PASSWORD_WO, Value::null(Type::String)));
                }
                if text(prior, "endpoint").is_none() {
                    members.extend(self.open(&request, ONCE_AVAILABLE));
                }
                // What a cluster that was adopted comes from nobody knows.
                if prior.get(SKIP_SNAPSHOT).is_none_or(Value::is_null) {
                    let paths = SNAPSHOT.map(AttributePath::attribute);
                    in_place.extend(paths.into_iter().filter(|path| changed.contains(path)));
                }
            }
        }
        PlannedChange {
            planned: with(&planned, members),
            replace: Vec::new(),
            in_place,
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        text(object, IDENTIFIER).map(Text::from)
    }

    fn identity_argument(&self) -> &'static str {
        IDENTIFIER
    }

    fn create_is_repeatable(&self) -> bool {
        false
    }

    /// While a cluster is being made, the service tells of it what the request said, and not yet
    /// where it is or what follows when it is ready.
    fn is_made_with(&self, argument: &str) -> bool {
        const TOLD_AT_ONCE: [&str; 8] = [
            IDENTIFIER,
            "cluster_subnet_group_name",
            "cluster_type",
            "database_name",
            "master_username",
            "node_type",
            "number_of_nodes",
            "publicly_accessible",
        ];
        TOLD_AT_ONCE.contains(&argument)
    }

    /// The service dates a cluster when it is ready, and until then it is being made.
    fn is_made_within(&self) -> Duration {
        Duration::from_hours(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::flag;

    /// A configuration with these arguments and no others.
    pub(super) fn cluster(members: &[(&'static str, Value)]) -> Value {
        let Type::Object(object) = Cluster::new().schema.block.ty() else {
            panic!("the type of a block is an object");
        };
        let null = object.attributes.iter().map(|(name, ty)| match ty {
            Type::List(element) if name.as_str() == "timeouts" => {
                (name.clone(), Value::list((**element).clone(), Vec::new()))
            }
            _ => (name.clone(), Value::null(ty.clone())),
        });
        with(&Value::object(null), members.iter().cloned())
    }

    fn plan(
        prior: Option<&Value>,
        config: &Value,
        proposed: &Value,
        changed: &[&str],
    ) -> PlannedChange {
        let changed: Vec<_> = changed
            .iter()
            .map(|name| AttributePath::attribute(*name))
            .collect();
        Cluster::new().plan(PlanRequest {
            prior,
            config,
            proposed,
            changed: &changed,
            provider: None,
        })
    }

    fn is_open(object: &Value, name: &str) -> bool {
        !object.get(name).unwrap().is_known()
    }

    #[test]
    fn what_is_not_said_is_as_documented() {
        let config = cluster(&[
            (IDENTIFIER, "c".into()),
            ("number_of_nodes", Value::number(2)),
        ]);
        let planned = plan(None, &config, &config, &[]).planned;
        assert_eq!(whole::<i64>(&planned, "port"), Some(5439));
        assert_eq!(flag(&planned, "encrypted"), Some(true));
        assert_eq!(flag(&planned, "publicly_accessible"), Some(false));
        assert_eq!(text(&planned, "cluster_type"), Some(MULTI));
        assert_eq!(text(&planned, "id"), Some("c"));
        assert_eq!(Cluster::new().identity(&planned).as_deref(), Some("c"));
    }

    #[test]
    fn a_snapshot_brings_what_is_not_said() {
        let open = [
            ("encrypted", Value::unknown(Type::Bool)),
            ("number_of_nodes", Value::unknown(Type::Number)),
            ("cluster_type", Value::unknown(Type::String)),
        ];
        let config = cluster(&[(SNAPSHOT[0], "s".into())]);
        let planned = plan(None, &config, &with(&config, open), &[]).planned;
        for name in ["encrypted", "number_of_nodes", "cluster_type"] {
            assert!(is_open(&planned, name), "{name}");
        }
        assert_eq!(whole::<i64>(&planned, "port"), Some(5439));
    }

    #[test]
    fn only_what_follows_from_a_change_is_open() {
        let config = cluster(&[(SKIP_SNAPSHOT, Value::bool(true))]);
        let made = plan(None, &config, &config, &[]).planned;
        let endpoint = ("endpoint", Value::from("h:5439"));
        let prior = with(&made, [endpoint, ("cluster_revision_number", "1".into())]);
        let port = || ("port", Value::number(5440));
        let (config, proposed) = (with(&config, [port()]), with(&prior, [port()]));
        let planned = plan(Some(&prior), &config, &proposed, &["port"]).planned;
        assert!(is_open(&planned, "endpoint"));
        assert_eq!(text(&planned, "cluster_revision_number"), Some("1"));
        assert!(!is_open(&planned, "cluster_nodes"));
        let nothing = plan(Some(&prior), &cluster(&[]), &prior, &[]).planned;
        assert!(nothing.is_wholly_known());
    }

    #[test]
    fn a_password_that_is_not_kept_is_sent_when_its_version_changes() {
        use schema::{PASSWORD, PASSWORD_VERSION, PASSWORD_WO};
        let sent = |prior: &[(&'static str, Value)], changed: &[&str]| {
            let config = cluster(&[
                (PASSWORD_WO, "Passw0rd".into()),
                (PASSWORD_VERSION, Value::number(2)),
            ]);
            let planned = plan(Some(&cluster(prior)), &config, &config, changed).planned;
            is_set(&planned, PASSWORD_WO)
        };
        let version = |number: i64| (PASSWORD_VERSION, Value::number(number));
        assert!(sent(&[version(1)], &[PASSWORD_WO, PASSWORD_VERSION]));
        assert!(!sent(&[version(2)], &[PASSWORD_WO]));
        // Up to now there was another one.
        assert!(sent(&[version(2), (PASSWORD, "Passw0rd".into())], &[]));
        assert!(sent(&[version(2), (MANAGED, Value::bool(true))], &[]));
    }

    #[test]
    fn a_cluster_that_was_never_available_is_still_to_be_waited_for() {
        let config = cluster(&[]);
        let planned = plan(Some(&config), &config, &config, &[]).planned;
        assert!(is_open(&planned, "endpoint") && is_open(&planned, "dns_name"));
        // What is open asks for nothing: something known must differ for the executor to go there.
        assert_eq!(whole::<i64>(&planned, "port"), Some(5439));
    }

    #[test]
    fn an_adopted_cluster_is_not_replaced_for_a_snapshot() {
        let config = cluster(&[(SNAPSHOT[0], "s".into())]);
        let adopted = cluster(&[("endpoint", "h:1".into())]);
        let change = plan(Some(&adopted), &config, &config, &[SNAPSHOT[0]]);
        assert_eq!(change.in_place, [AttributePath::attribute(SNAPSHOT[0])]);
        let ours = with(&adopted, [(SKIP_SNAPSHOT, Value::bool(false))]);
        let change = plan(Some(&ours), &config, &config, &[SNAPSHOT[0]]);
        assert!(change.in_place.is_empty());
    }

    #[test]
    fn the_same_in_other_words() {
        let same = |name: &'static str, one: Value, other: Value| {
            Cluster::new().equivalent(&AttributePath::attribute(name), &one, &other)
        };
        let no = || Value::bool(false);
        let null = || Value::null(Type::Bool);
        assert!(same(
            "preferred_maintenance_window",
            "Sun:04:00-Sun:04:30".into(),
            "sun:04:00-sun:04:30".into()
        ));
        assert!(same(SKIP_SNAPSHOT, null(), no()) && !same(SKIP_SNAPSHOT, null(), true.into()));
        assert!(same(MANAGED, no(), null()) && !same("encrypted", null(), no()));
        assert!(same(
            "master_password_secret_kms_key_id",
            "arn:aws:kms:r:1:key/a".into(),
            "a".into()
        ));
        assert!(!same(MANAGED, null(), Value::unknown(Type::Bool)));
    }
}
