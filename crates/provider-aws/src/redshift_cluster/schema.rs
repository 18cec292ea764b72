//! The table of `aws_redshift_cluster`.
//! <https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html>

use flowctl_model::Type;
use flowctl_schema::{Attribute, Block, Constraint, Presence, Schema};

use crate::table::{boolean, number, secret, string, strings, timeouts};
use crate::tags;

/// The name of the resource type.
pub(super) const CLUSTER: &str = "aws_redshift_cluster";
pub(super) const IDENTIFIER: &str = "cluster_identifier";
pub(super) const PASSWORD: &str = "master_password";
pub(super) const PASSWORD_WO: &str = "master_password_wo";
pub(super) const PASSWORD_VERSION: &str = "master_password_wo_version";
/// Whether the service makes the password and keeps it in a secret.
pub(super) const MANAGED: &str = "manage_master_password";
pub(super) const SKIP_SNAPSHOT: &str = "skip_final_snapshot";
pub(super) const FINAL_SNAPSHOT: &str = "final_snapshot_identifier";
/// What a cluster is restored from. The service does not tell it of a cluster.
pub(super) const SNAPSHOT: [&str; 3] = [
    "snapshot_identifier",
    "snapshot_arn",
    "snapshot_cluster_identifier",
];
/// What lies on one machine alone, and what needs another one.
pub(super) const SINGLE: &str = "single-node";
pub(super) const MULTI: &str = "multi-node";

/// What older configurations set here.
const REFUSED: &[(&str, &str)] = &[
    (
        "cluster_security_groups",
        "set `vpc_security_group_ids`: every cluster is in a VPC by now",
    ),
    (
        "logging",
        "it is set by `aws_redshift_logging`, a resource that flowctl does not have",
    ),
    (
        "snapshot_copy",
        "it is set by `aws_redshift_snapshot_copy`, a resource that flowctl does not have",
    ),
];

/// What an attribute is if the configuration does not say it.
pub(super) enum Unset {
    Flag(bool),
    Whole(i64),
    Text(&'static str),
}

/// These values, as the documentation has them, with whether a cluster that is restored from a
/// snapshot takes its own from there instead.
pub(super) const UNSET: [(&str, Unset, bool); 12] = [
    ("allow_version_upgrade", Unset::Flag(true), false),
    (
        "automated_snapshot_retention_period",
        Unset::Whole(1),
        false,
    ),
    (
        "availability_zone_relocation_enabled",
        Unset::Flag(false),
        false,
    ),
    ("cluster_version", Unset::Text("1.0"), true),
    ("encrypted", Unset::Flag(true), true),
    ("maintenance_track_name", Unset::Text("current"), true),
    ("manual_snapshot_retention_period", Unset::Whole(-1), false),
    ("multi_az", Unset::Flag(false), false),
    ("number_of_nodes", Unset::Whole(1), true),
    ("port", Unset::Whole(5439), false),
    ("publicly_accessible", Unset::Flag(false), false),
    (SKIP_SNAPSHOT, Unset::Flag(false), false),
];

/// The table.
pub(super) fn schema() -> Schema {
    let mut attributes = arguments();
    attributes.extend(exported());
    attributes.extend(tags::attributes());
    attributes.sort_by(|one, other| one.name.cmp(other.name));
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![timeouts(&["create", "update", "delete"])],
            doc: "A cluster of Amazon Redshift, the data warehouse.",
            refused: REFUSED,
            ..Block::default()
        },
    }
}

/// The type of a node in `cluster_nodes`.
pub(super) fn node() -> Type {
    Type::object(
        ["node_role", "private_ip_address", "public_ip_address"].map(|n| (n, Type::String)),
    )
}

fn exported() -> Vec<Attribute> {
    use Presence::Computed;
    vec![
        string("arn", Computed, "The ARN."),
        string(
            "cluster_namespace_arn",
            Computed,
            "The ARN of the namespace of the cluster's data.",
        ),
        Attribute::new(
            "cluster_nodes",
            Type::list(node()),
            Computed,
            "The nodes: their roles and addresses.",
        ),
        string(
            "cluster_public_key",
            Computed,
            "The public key, for loading data over SSH.",
        ),
        string(
            "cluster_revision_number",
            Computed,
            "The revision of the database software.",
        ),
        string("dns_name", Computed, "The host name."),
        string("endpoint", Computed, "Where to connect to, as `host:port`."),
        string("id", Computed, "The identifier."),
        string(
            "master_password_secret_arn",
            Computed,
            "The ARN of the secret in which the service keeps the password.",
        ),
    ]
}

fn arguments() -> Vec<Attribute> {
    use Presence::{Optional, OptionalComputed, Required};
    let length = |least, most| Constraint::Length(least, most);
    let pattern = |pattern| vec![Constraint::Pattern(pattern)];
    let range = |least, most| vec![Constraint::Range(least, most)];
    let mut all = vec![
        boolean("allow_version_upgrade", OptionalComputed, "Whether new major versions are installed in the maintenance window; `true` if not set."),
        boolean("apply_immediately", Optional, "Has no effect: every change is asked for at once, and Redshift says itself what waits for the maintenance window.")
            .not_returned(),
        string("aqua_configuration_status", Optional, "Has no effect: Redshift decides by itself since it retired the argument.")
            .constraints(vec![Constraint::OneOf(&["enabled", "disabled", "auto"])])
            .not_returned(),
        number("automated_snapshot_retention_period", OptionalComputed, "For how many days automated snapshots are kept, 0 for none; 1 if not set.")
            .constraints(range(0, 35)),
        string("availability_zone", OptionalComputed, "The availability zone. It can be changed only with `availability_zone_relocation_enabled`."),
        boolean("availability_zone_relocation_enabled", OptionalComputed, "Whether the cluster may move to another availability zone; `false` if not set."),
        string(IDENTIFIER, Required, "The name, unique in the account and region, in lower case.")
            .constraints(vec![length(1, 63), Constraint::Pattern("[a-z][a-z0-9]*(-[a-z0-9]+)*")])
            .replace(),
        string("cluster_parameter_group_name", OptionalComputed, "The parameter group. A change takes effect with the next reboot."),
        string("cluster_subnet_group_name", OptionalComputed, "The subnet group; that of the default VPC if not set.").replace(),
        string("cluster_type", OptionalComputed, "`single-node` or `multi-node`; by `number_of_nodes` if not set.")
            .constraints(vec![Constraint::OneOf(&[SINGLE, MULTI])]),
        string("cluster_version", OptionalComputed, "The version of the database software; `1.0` if not set."),
        string("database_name", OptionalComputed, "The database that is made with the cluster; `dev` if not set.")
            .constraints(vec![length(1, 64), Constraint::Pattern("[a-z_][a-z0-9_$]*")])
            .replace(),
        string("default_iam_role_arn", OptionalComputed, "The ARN of the role that commands use if they name none.")
            .constraints(pattern("arn:.+")),
        string("elastic_ip", Optional, "The Elastic IP address of a cluster that is publicly accessible."),
        boolean("encrypted", OptionalComputed, "Whether the data are encrypted; `true` if not set."),
        boolean("enhanced_vpc_routing", OptionalComputed, "Whether all traffic goes through the VPC."),
        string(FINAL_SNAPSHOT, Optional, "The name of the snapshot that is taken before the cluster is deleted. It takes effect once it was applied.")
            .constraints(vec![length(1, 255), Constraint::Pattern("[A-Za-z0-9]+(-[A-Za-z0-9]+)*")])
            .not_returned(),
        strings("iam_roles", OptionalComputed, "The ARNs of the roles that the cluster may use.")
            .constraints(vec![Constraint::Values(pattern("arn:.+"))]),
        string("kms_key_id", OptionalComputed, "The ARN of the KMS key that encrypts the data; AWS's own key if not set.")
            .constraints(pattern("arn:.+")),
        string("maintenance_track_name", OptionalComputed, "The maintenance track; `current` if not set."),
        boolean(MANAGED, Optional, "Whether Redshift makes the password and keeps it in Secrets Manager."),
        number("manual_snapshot_retention_period", OptionalComputed, "For how many days manual snapshots are kept, -1 for ever; -1 if not set.")
            .constraints(range(-1, 3653)),
        secret(PASSWORD, "The password of the administrator: 8 to 64 characters with a lower-case letter, an upper-case letter and a digit."),
        Attribute {
            // The service tells that it is null, so that not even a digest is kept.
            returned: true,
            ..secret(PASSWORD_WO, "The same as `master_password`, but not even a digest of it is kept.")
        },
        number(PASSWORD_VERSION, Optional, "Another number sends `master_password_wo` again.")
            .not_returned(),
        string("master_password_secret_kms_key_id", OptionalComputed, "The KMS key that encrypts the secret of `manage_master_password`."),
        string("master_username", OptionalComputed, "The name of the administrator; required unless the cluster is restored from a snapshot.")
            .constraints(vec![length(1, 128), Constraint::Pattern(r"[A-Za-z_][\w+.@-]*")])
            .replace(),
        boolean("multi_az", OptionalComputed, "Whether the cluster is in two availability zones; `false` if not set."),
        string("node_type", Required, "The type of the nodes: `ra3.large`."),
        number("number_of_nodes", OptionalComputed, "The number of nodes; 1 if not set.").constraints(range(1, 128)),
        string("owner_account", Optional, "The account that the snapshot is of, if it is another one.")
            .constraints(pattern(r"\d{12}"))
            .not_returned(),
        number("port", OptionalComputed, "The port; 5439 if not set. With RA3 nodes: 5431 to 5455, or 8191 to 8215.")
            .constraints(range(1115, 65535)),
        string("preferred_maintenance_window", OptionalComputed, "When the cluster may be maintained, in UTC: `sun:04:00-sun:04:30`.")
            .constraints(pattern(r"[A-Za-z]{3}:[0-2]\d:[0-5]\d-[A-Za-z]{3}:[0-2]\d:[0-5]\d")),
        boolean("publicly_accessible", OptionalComputed, "Whether the cluster can be reached from the internet; `false` if not set."),
        boolean(SKIP_SNAPSHOT, Optional, "Whether the cluster is deleted without a last snapshot; `false` if not set. It takes effect once it was applied.")
            .not_returned(),
        strings("vpc_security_group_ids", OptionalComputed, "The security groups of the VPC.")
            .constraints(vec![Constraint::Entries(1, 100)]),
    ];
    let docs = [
        "The name of the snapshot that the cluster is restored from.",
        "The ARN of the snapshot that the cluster is restored from.",
        "The cluster that the snapshot was taken of, where its name does not tell.",
    ];
    let restored = SNAPSHOT.iter().zip(docs);
    all.extend(restored.map(|(name, doc)| string(name, Optional, doc).not_returned().replace()));
    all
}
