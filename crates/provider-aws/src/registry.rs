//! Everything that the provider offers. A resource type, data source or ephemeral resource type is a
//! folder or file of its own and one row here.

use std::sync::Arc;

use flowctl_schema::{DataSource, RemoteData, RemoteObjects, ResourceType};

use crate::client::Client;
use crate::connector_profile;
use crate::data::About;
use crate::flow;
use crate::secrets::Store;
use crate::{
    iam_policy, iam_policy_document, iam_role, kms, redshift_cluster, s3_bucket, s3_bucket_policy,
    secretsmanager,
};

/// A resource type: its pure half, and the half that does the requests of a provider configuration.
pub(crate) struct ResourceEntry {
    pub(crate) pure: Arc<dyn ResourceType>,
    pub(crate) remote: MakeObjects,
}

/// A data source or ephemeral resource type, in the same two halves.
pub(crate) struct SourceEntry {
    pub(crate) pure: Arc<dyn DataSource>,
    pub(crate) remote: MakeData,
}

pub(crate) type MakeObjects = Box<dyn Fn(&Arc<Client>) -> Arc<dyn RemoteObjects> + Send + Sync>;
pub(crate) type MakeData = Box<dyn Fn(&Arc<Client>) -> Arc<dyn RemoteData> + Send + Sync>;

/// Every resource type.
pub(crate) fn resources() -> Vec<ResourceEntry> {
    let mut resources = vec![
        connector_profile::resource(),
        flow::resource(),
        iam_role::resource(),
        s3_bucket::resource(),
        s3_bucket_policy::resource(),
        redshift_cluster::resource(),
    ];
    resources.extend(kms::resources());
    resources.extend(secretsmanager::resources());
    resources
}

/// Every data source.
pub(crate) fn sources() -> Vec<SourceEntry> {
    let mut sources = vec![
        connector_profile::source(),
        iam_policy::source(),
        iam_policy_document::source(),
    ];
    sources.extend(About::ALL.map(About::source));
    sources.extend(Store::ALL.map(Store::source));
    sources.extend(kms::sources());
    sources.push(secretsmanager::source());
    sources
}

/// Every ephemeral resource type.
pub(crate) fn ephemerals() -> Vec<SourceEntry> {
    Store::ALL.map(Store::source).into()
}
