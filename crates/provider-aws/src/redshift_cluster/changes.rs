//! A cluster becomes another one: which requests that takes, one after the other, because the
//! service does not take all of it in one.

use aws_sdk_redshift::operation::modify_cluster::builders::ModifyClusterFluentBuilder as Modify;
use aws_sdk_redshift::types::{Cluster as Live, Tag};
use flowctl_model::{AttributePath, Value};
use flowctl_schema::{ProviderError, ResourceType};

use super::Cluster;
use super::calls::{Calls, Look, Patience};
use super::cluster::{decode, is_under_way};
use super::schema::{MANAGED, PASSWORD, PASSWORD_WO};
use super::status::Status;
use crate::settings::Settings;
use crate::table::{flag, is_set, owned, text, texts, whole};
use crate::tags;

pub(super) const UPDATE: &str = "ModifyCluster";
const ROLES: &str = "ModifyClusterIamRoles";

/// The arguments of one request to change a cluster.
type Step = &'static [&'static str];
const SETTINGS: Step = &[
    "allow_version_upgrade",
    "automated_snapshot_retention_period",
    "availability_zone_relocation_enabled",
    "cluster_parameter_group_name",
    "cluster_version",
    "elastic_ip",
    "enhanced_vpc_routing",
    "maintenance_track_name",
    MANAGED,
    "manual_snapshot_retention_period",
    PASSWORD,
    PASSWORD_WO,
    "master_password_secret_kms_key_id",
    "port",
    "preferred_maintenance_window",
    "publicly_accessible",
    "vpc_security_group_ids",
];
const SIZE: Step = &["cluster_type", "node_type", "number_of_nodes"];
const ENCRYPTION: Step = &["encrypted", "kms_key_id"];
const ZONES: Step = &["multi_az"];
const PLACE: Step = &["availability_zone"];
const ROLE_ARNS: Step = &["default_iam_role_arn", "iam_roles"];

/// What there is to do.
pub(super) struct Change<'a> {
    pub(super) resource: &'a Cluster,
    pub(super) settings: &'a Settings,
    /// What state knows of the cluster.
    pub(super) prior: &'a Value,
    pub(super) planned: &'a Value,
}

impl Change<'_> {
    /// Does it, and waits for the end of each part of it.
    pub(super) async fn carry_out(
        &self,
        calls: &Calls<'_>,
        patience: &mut Patience,
    ) -> Result<Live, ProviderError> {
        let idle = |live: &Live| match Look::from(Status::of(live)) {
            // The change may be what helps it.
            Look::Ailing(_) => Look::Done,
            look => look,
        };
        let mut live = calls.wait(patience, false, idle).await?;
        let modify = || calls.api.sdk.modify_cluster().cluster_identifier(calls.id);
        for (step, fill) in [
            (SETTINGS, settings as fn(&Differences<'_>, Modify) -> Modify),
            (SIZE, size),
            (ENCRYPTION, encryption),
            (ZONES, |d, request| request.set_multi_az(d.flag("multi_az"))),
            (PLACE, |d, request| {
                request.set_availability_zone(d.text("availability_zone"))
            }),
        ] {
            let differences = self.from(&live);
            if !differences.any(step) {
                continue;
            }
            let request = fill(&differences, modify());
            calls
                .send(UPDATE, patience, || request.clone().send())
                .await?;
            live = self.settled(calls, patience, step).await?;
        }
        let differences = self.from(&live);
        if differences.any(ROLE_ARNS) {
            let (before, after) = (
                texts(&differences.before, "iam_roles"),
                texts(self.planned, "iam_roles"),
            );
            let is_open = self
                .planned
                .get("iam_roles")
                .is_none_or(|roles| !roles.is_known());
            let missing = |from: &[String], of: &[String]| -> Vec<String> {
                of.iter()
                    .filter(|arn| !from.contains(arn) && !is_open)
                    .cloned()
                    .collect()
            };
            let sdk = &calls.api.sdk;
            let request = sdk
                .modify_cluster_iam_roles()
                .cluster_identifier(calls.id)
                .set_add_iam_roles(Some(missing(&before, &after)))
                .set_remove_iam_roles(Some(missing(&after, &before)))
                .set_default_iam_role_arn(owned(self.planned, "default_iam_role_arn"));
            calls
                .send(ROLES, patience, || request.clone().send())
                .await?;
            live = self.settled(calls, patience, ROLE_ARNS).await?;
        }
        self.tag(calls, &live).await?;
        // Nothing was changed that could have helped it.
        if let Status::Ailing(why) = Status::of(&live)
            && !is_set(&self.from(&live).before, "endpoint")
        {
            let state = live.cluster_status().unwrap_or_default();
            return Err(calls.stuck(patience, state, why));
        }
        match calls.find().await? {
            Some(live) => Ok(live),
            None => Ok(live),
        }
    }

    /// What is to change of a cluster that looks like this.
    fn from(&self, live: &Live) -> Differences<'_> {
        let arn = text(self.prior, "arn");
        Differences {
            resource: self.resource,
            before: decode(live, Some(self.prior), arn, self.settings).attributes,
            prior: self.prior,
            planned: self.planned,
        }
    }

    /// The cluster once the arguments of a request are seen.
    async fn settled(
        &self,
        calls: &Calls<'_>,
        patience: &mut Patience,
        step: Step,
    ) -> Result<Live, ProviderError> {
        let look = |live: &Live| match Look::from(Status::of(live)) {
            Look::Done if is_under_way(live) || self.from(live).is_unseen(step) => Look::Still,
            look => look,
        };
        calls.wait(patience, true, look).await
    }

    async fn tag(&self, calls: &Calls<'_>, live: &Live) -> Result<(), ProviderError> {
        let before = self.from(live).before;
        let (set, removed) = tags::changes(&before, self.planned);
        let arn = text(self.prior, "arn");
        if !removed.is_empty() {
            let request = calls
                .api
                .sdk
                .delete_tags()
                .set_resource_name(arn.map(str::to_owned));
            let sent = request.set_tag_keys(Some(removed)).send().await;
            sent.map_err(|error| calls.writing("DeleteTags").failed(&error))?;
        }
        if !set.is_empty() {
            let request = calls
                .api
                .sdk
                .create_tags()
                .set_resource_name(arn.map(str::to_owned));
            let sent = request.set_tags(Some(tags_of(set))).send().await;
            sent.map_err(|error| calls.writing("CreateTags").failed(&error))?;
        }
        Ok(())
    }
}

/// How a cluster differs from what it is to be.
struct Differences<'a> {
    resource: &'a Cluster,
    /// What the service tells.
    before: Value,
    /// What the service does not tell is compared with what state knows.
    prior: &'a Value,
    planned: &'a Value,
}

impl Differences<'_> {
    fn differs(&self, name: &'static str) -> bool {
        let is_told = self.is_told(name);
        let old = if is_told { &self.before } else { self.prior }.get(name);
        let (Some(old), Some(new)) = (old, self.planned.get(name)) else {
            return false;
        };
        // That nothing is said asks for nothing, but for who keeps the password.
        if !new.is_known() || (new.is_null() && name != MANAGED) {
            return false;
        }
        let old = old.clone().with_marks(new.marks());
        old != *new
            && !self
                .resource
                .equivalent(&AttributePath::attribute(name), &old, new)
    }

    fn is_told(&self, name: &str) -> bool {
        let attribute = self.resource.schema().block.attribute(name);
        attribute.is_some_and(|attribute| attribute.returned)
    }

    fn any(&self, step: Step) -> bool {
        step.iter().any(|name| self.differs(name))
    }

    /// Whether something of a request that was sent is not yet what the service tells.
    fn is_unseen(&self, step: Step) -> bool {
        step.iter()
            .any(|name| self.is_told(name) && *name != PASSWORD_WO && self.differs(name))
    }

    fn text(&self, name: &'static str) -> Option<String> {
        owned(self.planned, name).filter(|_| self.differs(name))
    }

    fn flag(&self, name: &'static str) -> Option<bool> {
        flag(self.planned, name).filter(|_| self.differs(name))
    }

    fn whole(&self, name: &'static str) -> Option<i32> {
        whole(self.planned, name).filter(|_| self.differs(name))
    }
}

fn settings(d: &Differences<'_>, request: Modify) -> Modify {
    let groups = Some(texts(d.planned, "vpc_security_group_ids"));
    let groups = groups.filter(|_| d.differs("vpc_security_group_ids"));
    let managed = d
        .differs(MANAGED)
        .then(|| flag(d.planned, MANAGED) == Some(true));
    let key = owned(d.planned, "master_password_secret_kms_key_id");
    let key =
        key.filter(|_| managed == Some(true) || d.differs("master_password_secret_kms_key_id"));
    // A password has to be sent when the service keeps it no longer.
    let renewed = [PASSWORD, PASSWORD_WO].iter().any(|name| d.differs(name));
    let password = password(d.planned).filter(|_| renewed || managed == Some(false));
    request
        .set_allow_version_upgrade(d.flag("allow_version_upgrade"))
        .set_automated_snapshot_retention_period(d.whole("automated_snapshot_retention_period"))
        .set_availability_zone_relocation(d.flag("availability_zone_relocation_enabled"))
        .set_cluster_parameter_group_name(d.text("cluster_parameter_group_name"))
        .set_cluster_version(d.text("cluster_version"))
        .set_elastic_ip(d.text("elastic_ip"))
        .set_enhanced_vpc_routing(d.flag("enhanced_vpc_routing"))
        .set_maintenance_track_name(d.text("maintenance_track_name"))
        .set_manage_master_password(managed)
        .set_manual_snapshot_retention_period(d.whole("manual_snapshot_retention_period"))
        .set_master_password_secret_kms_key_id(key)
        .set_master_user_password(password)
        .set_port(d.whole("port"))
        .set_preferred_maintenance_window(d.text("preferred_maintenance_window"))
        .set_publicly_accessible(d.flag("publicly_accessible"))
        .set_vpc_security_group_ids(groups)
}

/// The service wants all three of them if one changes.
fn size(d: &Differences<'_>, request: Modify) -> Modify {
    let nodes: Option<i32> = whole(d.planned, "number_of_nodes");
    request
        .set_cluster_type(owned(d.planned, "cluster_type"))
        .set_node_type(owned(d.planned, "node_type"))
        .set_number_of_nodes(nodes.filter(|nodes| *nodes > 1))
}

fn encryption(d: &Differences<'_>, request: Modify) -> Modify {
    let encrypted = flag(d.planned, "encrypted");
    let key = d.text("kms_key_id").filter(|_| encrypted != Some(false));
    request.set_encrypted(encrypted).set_kms_key_id(key)
}

/// The password that a configuration gives, by either name.
pub(super) fn password(object: &Value) -> Option<String> {
    owned(object, PASSWORD).or_else(|| owned(object, PASSWORD_WO))
}

pub(super) fn tags_of(tags: impl IntoIterator<Item = (String, String)>) -> Vec<Tag> {
    let tags = tags.into_iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}
