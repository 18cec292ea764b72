//! The requests of clusters. Redshift recognises no request that is sent once more, and takes
//! minutes for what it was asked for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_redshift::Client as Redshift;
use aws_sdk_redshift::types::Cluster as Live;
use aws_sdk_sts::Client as Sts;
use flowctl_model::Value;
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects, ResourceType,
};
use tokio::sync::OnceCell;

use super::calls::{Calls, Look, Patience, READ};
use super::changes::{Change, UPDATE, password, tags_of};
use super::cluster::decode;
use super::schema::{FINAL_SNAPSHOT, IDENTIFIER, MANAGED, SKIP_SNAPSHOT};
use super::status::Status;
use super::{Cluster, restores};
use crate::api::Reached;
use crate::arn::{Arn, partition};
use crate::client::Client;
use crate::imported::check_region;
use crate::ours::{is_ours, taken};
use crate::table::{flag, owned, text, texts, timeout, whole};
use crate::tags;

const CREATE: &str = "CreateCluster";
const RESTORE: &str = "RestoreFromClusterSnapshot";
const DELETE: &str = "DeleteCluster";
const IMPORT: &str = "Import";
/// How many clusters the service tells of in one answer.
const PAGE: i32 = 100;
/// How long operations may take unless the configuration says it.
const MAKING: Duration = Duration::from_mins(75);
const DELETING: Duration = Duration::from_mins(40);
const EXISTS: &str = "ClusterAlreadyExists";

/// Makes the requests of one provider configuration.
pub(super) struct ClusterObjects {
    client: Arc<Client>,
    resource: Cluster,
    /// The account, asked for at most once; `None` if nobody says.
    account: OnceCell<Option<String>>,
}

impl ClusterObjects {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Cluster::new(),
            account: OnceCell::new(),
        }
    }

    async fn calls<'a>(
        &'a self,
        operation: &str,
        id: &'a str,
        carried: Option<&Value>,
    ) -> Result<Calls<'a>, ProviderError> {
        let schema = self.resource.schema();
        let carried = carried.map_or(const { Redactor::none() }, |object| {
            Redactor::of(schema, object)
        });
        let api = self.client.api::<Redshift>(operation).await?;
        Ok(Calls { api, id, carried })
    }

    /// The ARN of a cluster, which the service does not tell: it is that of the namespace with
    /// another ending.
    async fn arn(
        &self,
        api: &Reached<Redshift>,
        live: &Live,
        known: Option<&Value>,
    ) -> Option<String> {
        let id = live.cluster_identifier()?;
        let namespace = live
            .cluster_namespace_arn()
            .and_then(|arn| Arn::parse(arn).ok());
        if let Some(arn) = namespace {
            return Some(format!(
                "arn:{}:redshift:{}:{}:cluster:{id}",
                arn.partition, arn.region, arn.account
            ));
        }
        if let Some(arn) = known.and_then(|known| text(known, "arn")) {
            return Some(arn.to_owned());
        }
        let ask = || async {
            let sts = self.client.api::<Sts>("GetCallerIdentity").await.ok()?;
            let answer = sts.sdk.get_caller_identity().send().await;
            if answer.is_err() {
                tracing::debug!("nobody says whose account this is");
            }
            answer.ok()?.account
        };
        let account = self.account.get_or_init(ask).await.as_ref()?;
        let region = &api.region;
        Some(format!(
            "arn:{}:redshift:{region}:{account}:cluster:{id}",
            partition(region).0
        ))
    }

    /// The cluster as state keeps it.
    async fn told(
        &self,
        api: &Reached<Redshift>,
        live: &Live,
        known: Option<&Value>,
    ) -> RemoteObject {
        let arn = self.arn(api, live, known).await;
        decode(live, known, arn.as_deref(), self.client.settings())
    }

    /// Asks for a new cluster.
    async fn ask(&self, calls: &Calls<'_>, planned: &Value) -> Result<(), ProviderError> {
        let nodes: Option<i32> = whole(planned, "number_of_nodes");
        let roles = Some(texts(planned, "iam_roles")).filter(|roles| !roles.is_empty());
        let groups = texts(planned, "vpc_security_group_ids");
        let groups = Some(groups).filter(|groups| !groups.is_empty());
        let wanted = tags_of(tags::wanted(planned));
        let request = calls
            .api
            .sdk
            .create_cluster()
            .cluster_identifier(calls.id)
            .set_allow_version_upgrade(flag(planned, "allow_version_upgrade"))
            .set_automated_snapshot_retention_period(whole(
                planned,
                "automated_snapshot_retention_period",
            ))
            .set_availability_zone(owned(planned, "availability_zone"))
            .set_availability_zone_relocation(flag(planned, "availability_zone_relocation_enabled"))
            .set_cluster_parameter_group_name(owned(planned, "cluster_parameter_group_name"))
            .set_cluster_subnet_group_name(owned(planned, "cluster_subnet_group_name"))
            .set_cluster_type(owned(planned, "cluster_type"))
            .set_cluster_version(owned(planned, "cluster_version"))
            .set_db_name(owned(planned, "database_name"))
            .set_default_iam_role_arn(owned(planned, "default_iam_role_arn"))
            .set_elastic_ip(owned(planned, "elastic_ip"))
            .set_encrypted(flag(planned, "encrypted"))
            .set_enhanced_vpc_routing(flag(planned, "enhanced_vpc_routing"))
            .set_iam_roles(roles)
            .set_kms_key_id(owned(planned, "kms_key_id"))
            .set_maintenance_track_name(owned(planned, "maintenance_track_name"))
            .set_manage_master_password(flag(planned, MANAGED))
            .set_manual_snapshot_retention_period(whole(
                planned,
                "manual_snapshot_retention_period",
            ))
            .set_master_password_secret_kms_key_id(owned(
                planned,
                "master_password_secret_kms_key_id",
            ))
            .set_master_user_password(password(planned))
            .set_master_username(owned(planned, "master_username"))
            .set_multi_az(flag(planned, "multi_az"))
            .set_node_type(owned(planned, "node_type"))
            // The service refuses the number for one node.
            .set_number_of_nodes(nodes.filter(|nodes| *nodes > 1))
            .set_port(whole(planned, "port"))
            .set_preferred_maintenance_window(owned(planned, "preferred_maintenance_window"))
            .set_publicly_accessible(flag(planned, "publicly_accessible"))
            .set_tags(Some(wanted).filter(|tags| !tags.is_empty()))
            .set_vpc_security_group_ids(groups);
        let sent = Box::pin(request.send()).await.map(drop);
        sent.map_err(|error| calls.writing(CREATE).failed(&error))
    }

    /// Asks for a cluster with what a snapshot has. What such a request cannot carry follows when
    /// the cluster is there.
    async fn ask_restored(&self, calls: &Calls<'_>, planned: &Value) -> Result<(), ProviderError> {
        let roles = Some(texts(planned, "iam_roles")).filter(|roles| !roles.is_empty());
        let groups = texts(planned, "vpc_security_group_ids");
        let groups = Some(groups).filter(|groups| !groups.is_empty());
        let request = calls
            .api
            .sdk
            .restore_from_cluster_snapshot()
            .cluster_identifier(calls.id)
            .set_snapshot_arn(owned(planned, "snapshot_arn"))
            .set_snapshot_cluster_identifier(owned(planned, "snapshot_cluster_identifier"))
            .set_snapshot_identifier(owned(planned, "snapshot_identifier"))
            .set_owner_account(owned(planned, "owner_account"))
            .set_allow_version_upgrade(flag(planned, "allow_version_upgrade"))
            .set_automated_snapshot_retention_period(whole(
                planned,
                "automated_snapshot_retention_period",
            ))
            .set_availability_zone(owned(planned, "availability_zone"))
            .set_availability_zone_relocation(flag(planned, "availability_zone_relocation_enabled"))
            .set_cluster_parameter_group_name(owned(planned, "cluster_parameter_group_name"))
            .set_cluster_subnet_group_name(owned(planned, "cluster_subnet_group_name"))
            .set_default_iam_role_arn(owned(planned, "default_iam_role_arn"))
            .set_elastic_ip(owned(planned, "elastic_ip"))
            .set_encrypted(flag(planned, "encrypted"))
            .set_enhanced_vpc_routing(flag(planned, "enhanced_vpc_routing"))
            .set_iam_roles(roles)
            .set_kms_key_id(owned(planned, "kms_key_id"))
            .set_maintenance_track_name(owned(planned, "maintenance_track_name"))
            .set_manage_master_password(flag(planned, MANAGED))
            .set_manual_snapshot_retention_period(whole(
                planned,
                "manual_snapshot_retention_period",
            ))
            .set_master_password_secret_kms_key_id(owned(
                planned,
                "master_password_secret_kms_key_id",
            ))
            .set_multi_az(flag(planned, "multi_az"))
            .set_node_type(owned(planned, "node_type"))
            .set_number_of_nodes(whole(planned, "number_of_nodes"))
            .set_port(whole(planned, "port"))
            .set_preferred_maintenance_window(owned(planned, "preferred_maintenance_window"))
            .set_publicly_accessible(flag(planned, "publicly_accessible"))
            .set_vpc_security_group_ids(groups);
        let sent = Box::pin(request.send()).await.map(drop);
        sent.map_err(|error| calls.writing(RESTORE).failed(&error))
    }

    /// Makes the cluster, unless an attempt of ours did already.
    async fn make(
        &self,
        calls: &Calls<'_>,
        planned: &Value,
        first_attempt: f64,
        patience: &mut Patience,
    ) -> Result<(), ProviderError> {
        loop {
            let asked = if restores(planned) {
                self.ask_restored(calls, planned).await
            } else {
                self.ask(calls, planned).await
            };
            let error = match asked {
                Ok(()) => return Ok(()),
                Err(error) if error.code.as_deref() == Some(EXISTS) => error,
                Err(error) => return Err(error),
            };
            let Some(live) = calls.find().await? else {
                return Err(taken(error, calls.id));
            };
            // The one before it, which is to make room.
            if Status::of(&live) == Status::Leaving {
                calls.wait_until_gone(patience).await?;
                continue;
            }
            let there = decode(&live, Some(planned), None, self.client.settings());
            if is_ours(&self.resource, planned, &there, first_attempt) {
                return Ok(());
            }
            return Err(taken(error, calls.id));
        }
    }

    /// Every cluster of the account and region.
    async fn all(&self, api: &Reached<Redshift>) -> Result<Vec<Live>, ProviderError> {
        let pages = api.sdk.describe_clusters().max_records(PAGE);
        let mut pages = pages.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(live) = pages.next().await {
            all.push(live.map_err(|error| api.reading(READ).failed(&error))?);
        }
        Ok(all)
    }
}

#[async_trait]
impl RemoteObjects for ClusterObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let api = self.client.api::<Redshift>(READ).await?;
        let found = match requests {
            [one] => {
                let calls = self.calls(READ, &one.id, None).await?;
                calls.find().await?.into_iter().collect()
            }
            _ => self.all(api).await?,
        };
        let mut objects = Vec::with_capacity(requests.len());
        for request in requests {
            let id = Some(&*request.id);
            // One that is being deleted is as good as gone.
            let live = found.iter().find(|live| live.cluster_identifier() == id);
            let live = live.filter(|live| Status::of(live) != Status::Leaving);
            objects.push(match live {
                Some(live) => Some(self.told(api, live, request.prior.as_ref()).await),
                None => None,
            });
        }
        Ok(objects)
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let first_attempt = self.client.attempts().first(token);
        let id = text(planned, IDENTIFIER).unwrap_or_default();
        let calls = self.calls(CREATE, id, Some(planned)).await?;
        let limit = timeout(planned, "create", MAKING);
        let mut patience = Patience::new(CREATE, "create", limit);
        self.make(&calls, planned, first_attempt, &mut patience)
            .await?;
        let ready = |live: &Live| Look::from(Status::of(live));
        let mut live = calls.wait(&mut patience, false, ready).await?;
        if restores(planned) {
            let restored = self.told(calls.api, &live, None).await.attributes;
            let change = Change {
                resource: &self.resource,
                settings: self.client.settings(),
                prior: &restored,
                planned,
            };
            // It is there, whatever goes wrong from here on.
            live = change
                .carry_out(&calls, &mut patience)
                .await
                .map_err(|error| ProviderError {
                    kind: ErrorKind::Unready,
                    ..error
                })?;
        }
        Ok(self.told(calls.api, &live, Some(planned)).await)
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        _: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let calls = self.calls(UPDATE, id, Some(planned)).await?;
        let limit = timeout(planned, "update", MAKING);
        let change = Change {
            resource: &self.resource,
            settings: self.client.settings(),
            prior,
            planned,
        };
        let mut patience = Patience::new(UPDATE, "update", limit);
        let live = change.carry_out(&calls, &mut patience).await?;
        let known = planned.get("arn").is_some_and(Value::is_known);
        let known = if known { planned } else { prior };
        let arn = self.arn(calls.api, &live, Some(known)).await;
        Ok(decode(
            &live,
            Some(planned),
            arn.as_deref(),
            self.client.settings(),
        ))
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let calls = self.calls(DELETE, id, None).await?;
        let Some(live) = calls.find().await? else {
            return Ok(());
        };
        let mut patience = Patience::new(DELETE, "delete", timeout(prior, "delete", DELETING));
        if Status::of(&live) != Status::Leaving {
            let skip = flag(prior, SKIP_SNAPSHOT) == Some(true);
            let snapshot = owned(prior, FINAL_SNAPSHOT).filter(|_| !skip);
            if !skip && snapshot.is_none() {
                let message = format!(
                    "before the cluster `{id}` is deleted, a last snapshot is taken of it, which has no name"
                );
                let error = ProviderError::local(ErrorKind::Validation, DELETE, message);
                return Err(error.with_hint(format!(
                    "set `{FINAL_SNAPSHOT} = \"NAME\"`, or `{SKIP_SNAPSHOT} = true` to lose the data, and \
                     apply that before deleting the cluster"
                )));
            }
            let request = calls
                .api
                .sdk
                .delete_cluster()
                .cluster_identifier(id)
                .skip_final_cluster_snapshot(skip)
                .set_final_cluster_snapshot_identifier(snapshot);
            let sent = calls
                .send(DELETE, &mut patience, || request.clone().send())
                .await;
            sent.map_err(|error| match error.code.as_deref() {
                Some("ClusterSnapshotAlreadyExists") => error.with_hint(format!(
                    "a snapshot of this name exists: set another `{FINAL_SNAPSHOT}`, and apply that \
                     before deleting the cluster"
                )),
                _ => error,
            })?;
        }
        calls.wait_until_gone(&mut patience).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let name = named(id)?;
        let calls = self.calls(READ, name, None).await?;
        let api = calls.api;
        check_region(id, &api.region)?;
        let found = calls.find().await?;
        match found.filter(|live| Status::of(live) != Status::Leaving) {
            Some(live) => Ok(self.told(api, &live, None).await),
            None => {
                let message = format!("there is no cluster `{name}` in region {}", api.region);
                let error = ProviderError::local(ErrorKind::NotFound, IMPORT, message);
                Err(error.with_hint("check the name, the region and whose credentials are in use"))
            }
        }
    }
}

/// The name of the cluster that a person wants to import.
fn named(id: &str) -> Result<&str, ProviderError> {
    if !id.starts_with("arn:") {
        return Ok(id);
    }
    let refused = |message: String| {
        let error = ProviderError::local(ErrorKind::Validation, IMPORT, message);
        let form = "arn:aws:redshift:REGION:ACCOUNT:cluster:NAME";
        error.with_hint(format!("give the cluster's identifier, or its ARN: {form}"))
    };
    let arn = Arn::parse(id).map_err(|error| refused(error.to_string()))?;
    let name = arn
        .resource
        .strip_prefix("cluster:")
        .filter(|name| !name.is_empty());
    match name {
        Some(name) if arn.service == "redshift" => Ok(name),
        _ => Err(refused(
            "the ARN is not of a cluster of Redshift".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_imported_by_identifier_or_arn() {
        assert_eq!(named("a-b"), Ok("a-b"));
        assert_eq!(
            named("arn:aws:redshift:eu-west-1:123456789012:cluster:a"),
            Ok("a")
        );
        for wrong in [
            "arn:aws:redshift:eu-west-1:123456789012:namespace:a",
            "arn:aws:redshift:eu-west-1:123456789012:cluster:",
            "arn:aws:rds:eu-west-1:123456789012:cluster:a",
            "arn:a",
        ] {
            let hint = named(wrong).unwrap_err().hint.unwrap();
            assert!(hint.contains("cluster:NAME"), "{wrong}: {hint}");
        }
    }
}
