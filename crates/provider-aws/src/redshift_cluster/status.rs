//! What the state of a cluster means for whoever waits for it.
//! <https://docs.aws.amazon.com/redshift/latest/APIReference/API_Cluster.html>

use aws_sdk_redshift::types::Cluster as Live;

/// What can be done with a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    /// Anything.
    Ready,
    /// It was put to sleep by somebody.
    Paused,
    /// Nothing for now: something is under way.
    Busy,
    /// Nothing any more: it is being deleted.
    Leaving,
    /// It stays so until it is changed like this.
    Ailing(&'static str),
    /// It stays so until somebody does this elsewhere.
    Stuck(&'static str),
}

/// The states that are not simply something under way.
const STATES: &[(&str, Status)] = &[
    ("available", Status::Ready),
    ("available, resize-cleanup", Status::Ready),
    ("paused", Status::Paused),
    ("deleting", Status::Leaving),
    ("final-snapshot", Status::Leaving),
    (
        "hardware-failure",
        Status::Stuck(
            "a node failed for good: restore the cluster from a snapshot (`snapshot_identifier`)",
        ),
    ),
    (
        "incompatible-hsm",
        Status::Stuck(
            "the cluster does not reach its hardware security module: check its connection",
        ),
    ),
    (
        "incompatible-network",
        Status::Stuck(
            "the subnets of the cluster, its security groups or its Elastic IP address are gone or \
             have no address left: check them and `cluster_subnet_group_name`",
        ),
    ),
    (
        "incompatible-parameters",
        Status::Ailing(
            "a parameter does not fit: check the group of `cluster_parameter_group_name`",
        ),
    ),
    (
        "incompatible-restore",
        Status::Stuck(
            "the snapshot does not fit on these nodes: check `node_type` and `number_of_nodes`",
        ),
    ),
    (
        "storage-full",
        Status::Ailing("there is no space left: raise `number_of_nodes`, or delete data"),
    ),
];

impl Status {
    pub(super) fn of(live: &Live) -> Self {
        let status = live.cluster_status().unwrap_or_default();
        let known = STATES.iter().find(|(name, _)| *name == status);
        known.map_or(Self::Busy, |(_, status)| *status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_that_nobody_knows_are_waited_out() {
        let of = |status: &str| Status::of(&Live::builder().cluster_status(status).build());
        assert_eq!(of("available"), Status::Ready);
        assert_eq!(of("available, prep-for-resize"), Status::Busy);
        assert_eq!(of("resizing"), Status::Busy);
        assert_eq!(of("made up"), Status::Busy);
        assert!(matches!(of("storage-full"), Status::Ailing(why) if why.contains("space")));
        assert_eq!(Status::of(&Live::builder().build()), Status::Busy);
    }
}
