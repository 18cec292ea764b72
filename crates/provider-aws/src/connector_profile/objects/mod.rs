//! The requests of connector profiles.

mod explain;
mod role;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_appflow::types::{
    ConnectionMode, ConnectorProfile as Profile, ConnectorProfileConfig, ConnectorType,
    PrivateConnectionProvisioningStatus,
};
use flowctl_model::Value;
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, RemoteObject, RemoteObjects, ResourceType,
};

use super::ConnectorProfile;
use super::profile::{decode, encode, is_current};
use super::schema::FORCE_DELETE;
use crate::arn::Arn;
use crate::client::{Client, Connection};
use crate::error::{Request, Service};
use crate::imported::{PROFILE, check_region, other_account};
use crate::structure::EncodeError;
use crate::table::text;
use crate::values::as_asked;
use crate::wait::Waiting;
use flowctl_schema::Redactor;
use role::Refusals;

const CREATE: &str = "CreateConnectorProfile";
const DESCRIBE: &str = "DescribeConnectorProfiles";
const UPDATE: &str = "UpdateConnectorProfile";
const DELETE: &str = "DeleteConnectorProfile";
/// How many names the service takes in one request, and how many profiles it answers with.
const PAGE: usize = 100;

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a role that was made just before, or that nothing is known of.
    pub(crate) role: Duration,
    /// For a role that has been there for long; its policies may have been changed just before.
    pub(crate) settled_role: Duration,
    /// For a change to be seen.
    pub(crate) visible: Duration,
    /// For a private connection.
    pub(crate) private: Duration,
    /// The first pause, which doubles with each further one.
    pub(crate) first: Duration,
    /// The longest pause.
    pub(crate) longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            role: Duration::from_mins(2),
            settled_role: Duration::from_secs(15),
            visible: Duration::from_secs(30),
            private: Duration::from_mins(15),
            first: Duration::from_millis(200),
            longest: Duration::from_secs(5),
        }
    }
}

/// Makes the requests of one provider configuration.
pub(crate) struct ProfileObjects {
    client: Arc<Client>,
    resource: ConnectorProfile,
    patience: Patience,
}

impl ProfileObjects {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self::with_patience(client, Patience::default())
    }

    pub(super) fn with_patience(client: Arc<Client>, patience: Patience) -> Self {
        Self {
            client,
            resource: ConnectorProfile::new(),
            patience,
        }
    }

    fn redactor(&self, object: &Value) -> Redactor {
        Redactor::of(self.resource.schema(), object)
    }

    /// The profile as it is after a change, once the service tells it. The change was made, so
    /// nothing that goes wrong from here on may make it look as if it was not.
    async fn settled(
        &self,
        connection: &Connection,
        planned: &Value,
        arn: Option<&str>,
        is_new: impl Fn(&Profile) -> bool + Send + Sync,
    ) -> (RemoteObject, Option<Profile>) {
        let name = text(planned, "name").unwrap_or_default();
        let mut waiting = self.waiting();
        let mut last = None;
        loop {
            match describe(connection, &[name]).await {
                Ok(mut found) => match found.remove(name) {
                    Some(profile) if is_new(&profile) => {
                        let pending = is_pending(&profile);
                        last = Some(profile);
                        let limit = self.patience.private;
                        if !pending || !waiting.pause(limit).await {
                            break;
                        }
                    }
                    other => {
                        last = other.or(last);
                        if !waiting.pause(self.patience.visible).await {
                            break;
                        }
                    }
                },
                Err(error) => {
                    tracing::debug!(kind = ?error.kind, "cannot read back what was changed");
                    let permanent = matches!(error.kind, ErrorKind::AccessDenied);
                    if permanent || !waiting.pause(self.patience.visible).await {
                        break;
                    }
                }
            }
        }
        let asked = || RemoteObject {
            id: name.into(),
            attributes: as_asked(planned, &[("arn", arn)]),
            created_at: None,
        };
        let object = last.as_ref().map_or_else(asked, decode);
        (object, last)
    }

    fn waiting(&self) -> Waiting {
        Waiting::new(self.patience.first, self.patience.longest)
    }

    /// The private connection of a new profile failed: the profile is taken back, so that what
    /// is told and what there is agree.
    async fn take_back(&self, connection: &Connection, profile: &Profile) -> ProviderError {
        let name = profile
            .connector_profile_name
            .as_deref()
            .unwrap_or_default();
        let error = failed_connection(CREATE, profile);
        let request = connection.appflow.delete_connector_profile();
        match request
            .connector_profile_name(name)
            .force_delete(false)
            .send()
            .await
        {
            Ok(_) => error.with_hint(
                "the profile was deleted again; check `private_link_service_name`, and that the \
                 owner of the endpoint service admits the principal appflow.amazonaws.com",
            ),
            Err(_) => error.with_hint(format!(
                "the profile was made and could not be deleted again: `flowctl import {name}` \
                 adopts it"
            )),
        }
    }
}

#[async_trait]
impl RemoteObjects for ProfileObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let connection = self.client.connect(DESCRIBE).await?;
        let names: Vec<&str> = requests
            .iter()
            .map(|request| PROFILE.name_of(&request.id))
            .collect();
        let found = describe(connection, &names).await?;
        let read = |request: &ReadRequest| {
            let object = decode(found.get(PROFILE.name_of(&request.id))?);
            Some(RemoteObject {
                id: request.id.clone(),
                ..object
            })
        };
        Ok(requests.iter().map(read).collect())
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let connection = self.client.connect(CREATE).await?;
        let redactor = self.redactor(planned);
        let config = encoded(CREATE, planned)?;
        let call = Request {
            service: Service::APPFLOW,
            operation: CREATE,
            writes: true,
            endpoint: connection.endpoint.as_deref(),
            redactor: &redactor,
        };
        let owned = |name| text(planned, name).map(str::to_owned);
        let request = connection
            .appflow
            .create_connector_profile()
            .set_connector_profile_name(owned("name"))
            .set_connection_mode(text(planned, "connection_mode").map(ConnectionMode::from))
            .set_connector_label(owned("connector_label"))
            .set_connector_type(text(planned, "connector_type").map(ConnectorType::from))
            .set_kms_arn(owned("kms_arn"))
            .connector_profile_config(config)
            .client_token(token);
        let mut refusals = Refusals::new(self.waiting());
        let answer = loop {
            let error = match Box::pin(request.clone().send()).await {
                Ok(answer) => break answer,
                Err(error) => call.failed(&error),
            };
            if !refusals.may_pass(self, planned, &error).await {
                let error = refusals.explained(error);
                return Err(explain::create(connection, planned, error).await);
            }
        };
        let arn = answer.connector_profile_arn();
        let (object, profile) = self.settled(connection, planned, arn, |_| true).await;
        match profile.filter(is_failed) {
            Some(profile) => Err(self.take_back(connection, &profile).await),
            None => Ok(object),
        }
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        token: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let connection = self.client.connect(UPDATE).await?;
        let redactor = self.redactor(planned);
        let call = Request {
            service: Service::APPFLOW,
            operation: UPDATE,
            writes: true,
            endpoint: connection.endpoint.as_deref(),
            redactor: &redactor,
        };
        let request = connection
            .appflow
            .update_connector_profile()
            .connector_profile_name(PROFILE.name_of(id))
            .set_connection_mode(text(planned, "connection_mode").map(ConnectionMode::from))
            .connector_profile_config(encoded(UPDATE, planned)?)
            .client_token(token);
        let mut refusals = Refusals::new(self.waiting());
        let answer = loop {
            let error = match Box::pin(request.clone().send()).await {
                Ok(answer) => break answer,
                Err(error) => call.failed(&error),
            };
            if !refusals.may_pass(self, planned, &error).await {
                return Err(explain::update(id, refusals.explained(error)));
            }
        };
        // Reads may lag: what is read is new if it says what was asked for, or if it says a new
        // time.
        let before = text(prior, "last_updated_at");
        let table = &self.resource.schema().block;
        let is_new = |profile: &Profile| {
            let live = decode(profile).attributes;
            let later = before.is_some_and(|before| text(&live, "last_updated_at") != Some(before));
            later || is_current(table, planned, &live)
        };
        let arn = answer.connector_profile_arn();
        let (object, profile) = self.settled(connection, planned, arn, is_new).await;
        match profile.filter(is_failed) {
            Some(profile) => Err(failed_connection(UPDATE, &profile)),
            None => Ok(RemoteObject {
                id: id.into(),
                ..object
            }),
        }
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let connection = self.client.connect(DELETE).await?;
        let redactor = self.redactor(prior);
        let call = Request {
            service: Service::APPFLOW,
            operation: DELETE,
            writes: true,
            endpoint: connection.endpoint.as_deref(),
            redactor: &redactor,
        };
        let force = prior.get(FORCE_DELETE).and_then(Value::as_bool);
        let name = PROFILE.name_of(id);
        let request = connection
            .appflow
            .delete_connector_profile()
            .connector_profile_name(name);
        let request = request.set_force_delete(force.filter(|force| *force));
        match request.send().await.map_err(|error| call.failed(&error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind == ErrorKind::Conflict => {
                Err(explain::delete(connection, name, error).await)
            }
            Err(error) => Err(error),
        }
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let name = PROFILE.importable(id)?;
        let connection = self.client.connect(DESCRIBE).await?;
        let arn = Arn::parse(id).ok();
        check_region(id, &connection.region)?;
        let mut found = describe(connection, &[name]).await?;
        let Some(profile) = found.remove(name) else {
            let account = arn.map(|arn| arn.account);
            return Err(explain::not_found(&self.client, connection, name, account).await);
        };
        let theirs = profile.connector_profile_arn.as_deref();
        if let (Some(arn), Some(theirs)) = (arn, theirs.and_then(|arn| Arn::parse(arn).ok()))
            && arn != theirs
        {
            return Err(other_account(arn.account, theirs.account));
        }
        Ok(decode(&profile))
    }
}

/// The profiles with these names, by name, in as few requests as possible.
pub(super) async fn describe(
    connection: &Connection,
    names: &[&str],
) -> Result<HashMap<String, Profile>, ProviderError> {
    let chunks = names
        .chunks(PAGE)
        .map(|chunk| describe_some(connection, chunk));
    let pages = futures::future::try_join_all(chunks).await?;
    Ok(pages.into_iter().flatten().collect())
}

async fn describe_some(
    connection: &Connection,
    names: &[&str],
) -> Result<Vec<(String, Profile)>, ProviderError> {
    let call = Request {
        service: Service::APPFLOW,
        operation: DESCRIBE,
        writes: false,
        endpoint: connection.endpoint.as_deref(),
        redactor: &Redactor::none(),
    };
    let request = connection
        .appflow
        .describe_connector_profiles()
        .set_connector_profile_names(Some(names.iter().map(|name| (*name).to_owned()).collect()))
        .max_results(i32::try_from(PAGE).unwrap_or(i32::MAX));
    let (mut profiles, mut next) = (Vec::with_capacity(names.len()), None);
    loop {
        let page = request.clone().set_next_token(next.clone());
        let answer = page.send().await.map_err(|error| call.failed(&error))?;
        let details = answer.connector_profile_details.unwrap_or_default();
        profiles.extend(
            details
                .into_iter()
                .filter_map(|profile| Some((profile.connector_profile_name.clone()?, profile))),
        );
        // A token that comes again would never end.
        if answer.next_token.is_none() || answer.next_token == next {
            return Ok(profiles);
        }
        next = answer.next_token;
    }
}

fn encoded(operation: &str, planned: &Value) -> Result<ConnectorProfileConfig, ProviderError> {
    encode(planned).map_err(|error: EncodeError| {
        let message = format!("the configuration cannot be sent: {error}");
        ProviderError::local(ErrorKind::Validation, operation, message)
    })
}

fn is_pending(profile: &Profile) -> bool {
    has_status(profile, &PrivateConnectionProvisioningStatus::Pending)
}

fn is_failed(profile: &Profile) -> bool {
    has_status(profile, &PrivateConnectionProvisioningStatus::Failed)
}

fn has_status(profile: &Profile, status: &PrivateConnectionProvisioningStatus) -> bool {
    let private = profile.connection_mode == Some(ConnectionMode::Private);
    let state = profile.private_connection_provisioning_state.as_ref();
    private && state.and_then(|state| state.status.as_ref()) == Some(status)
}

fn failed_connection(operation: &str, profile: &Profile) -> ProviderError {
    let state = profile.private_connection_provisioning_state.as_ref();
    let cause = state.and_then(|state| state.failure_cause.as_ref());
    let words = state.and_then(|state| state.failure_message.as_deref());
    let message = format!(
        "the private connection could not be made ({}): {}",
        cause.map_or("no cause was given", |cause| cause.as_str()),
        words.unwrap_or("the service gave no message"),
    );
    let mut error = ProviderError::local(ErrorKind::Other, operation, message);
    error.code = cause.map(|cause| cause.as_str().to_owned());
    error
}
