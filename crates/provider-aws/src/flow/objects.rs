//! The requests of flows.
//!
//! The service tells of many flows at once only what a list shows: neither tasks nor properties. So
//! each flow is described by a request of its own, a few of them at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_appflow::operation::describe_flow::DescribeFlowOutput;
use aws_sdk_appflow::types::FlowStatus;
use flowctl_model::Value;
use flowctl_schema::{
    ErrorKind, ProviderError, ReadRequest, Redactor, RemoteObject, RemoteObjects, ResourceType,
    nearest,
};
use futures::StreamExt as _;

use super::Flow;
use super::content::{Content, decode, encode, runs, starts};
use super::meaning::alike;
use super::schema::{ACTIVE, CONTENT, STATUS, SUSPENDED};
use crate::arn::Arn;
use crate::client::{Client, Connection};
use crate::error::{Request, Service};
use crate::imported::{FLOW, check_region, other_account};
use crate::table::text;
use crate::tags;
use crate::values::as_asked;
use crate::wait::Waiting;

const CREATE: &str = "CreateFlow";
const DESCRIBE: &str = "DescribeFlow";
const UPDATE: &str = "UpdateFlow";
const DELETE: &str = "DeleteFlow";
const START: &str = "StartFlow";
const STOP: &str = "StopFlow";
const TAG: &str = "TagResource";
const UNTAG: &str = "UntagResource";
/// How many flows are described at the same time.
const AT_ONCE: usize = 8;

/// How long to wait.
#[derive(Clone, Copy)]
struct Patience {
    /// For a policy or role that was made just before.
    access: Duration,
    /// For a change to be seen.
    visible: Duration,
    /// For a flow to be gone.
    gone: Duration,
}

const PATIENCE: Patience = Patience {
    access: Duration::from_secs(30),
    visible: Duration::from_secs(30),
    gone: Duration::from_mins(2),
};

/// Makes the requests of one provider configuration.
pub(crate) struct FlowObjects {
    client: Arc<Client>,
    resource: Flow,
}

/// What the requests of one operation have in common.
struct Calls<'a> {
    connection: &'a Connection,
    name: &'a str,
    redactor: Redactor,
}

impl FlowObjects {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            resource: Flow::new(),
        }
    }

    async fn calls<'a>(
        &'a self,
        operation: &str,
        name: &'a str,
        object: &Value,
    ) -> Result<Calls<'a>, ProviderError> {
        Ok(Calls {
            connection: self.client.connect(operation).await?,
            name,
            redactor: Redactor::of(self.resource.schema(), object),
        })
    }

    /// The flow as it is after a change. The change was made, so nothing that goes wrong from here on
    /// may make it look as if it was not.
    async fn settled(
        &self,
        calls: &Calls<'_>,
        planned: &Value,
        arn: Option<&str>,
        is_new: impl Fn(&DescribeFlowOutput) -> bool,
    ) -> RemoteObject {
        let mut waiting = waiting();
        let mut last = None;
        loop {
            match calls.describe().await {
                Ok(Some(flow)) if is_new(&flow) => {
                    last = Some(flow);
                    break;
                }
                Ok(other) => last = other.or(last),
                Err(error) if error.kind == ErrorKind::AccessDenied => break,
                Err(error) => {
                    tracing::debug!(kind = ?error.kind, "cannot read back what was changed");
                }
            }
            if !waiting.pause(PATIENCE.visible).await {
                break;
            }
        }
        let asked = || RemoteObject {
            id: calls.name.into(),
            attributes: as_asked(planned, &[("arn", arn)]),
            created_at: None,
        };
        let told = |flow: &DescribeFlowOutput| decode(flow, Some(planned), self.client.settings());
        last.as_ref().map_or_else(asked, told)
    }
}

#[async_trait]
impl RemoteObjects for FlowObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let connection = self.client.connect(DESCRIBE).await?;
        let read = |request: ReadRequest| async move {
            let calls = Calls {
                connection,
                name: FLOW.name_of(&request.id),
                redactor: Redactor::none(),
            };
            let flow = calls.describe().await?;
            let settings = self.client.settings();
            Ok(flow.map(|flow| RemoteObject {
                id: request.id.clone(),
                ..decode(&flow, request.prior.as_ref(), settings)
            }))
        };
        let answers = futures::stream::iter(requests.iter().cloned())
            .map(read)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        answers.await.into_iter().collect()
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let name = text(planned, "name").unwrap_or_default();
        let calls = self.calls(CREATE, name, planned).await?;
        let content = encoded(CREATE, planned)?;
        let begins = starts(Some(&content.trigger)) && text(planned, STATUS) == Some(ACTIVE);
        let arn = calls.create(content, planned, token).await?;
        if begins && let Err(error) = calls.start().await {
            return Err(calls.take_back(error).await);
        }
        Ok(self
            .settled(&calls, planned, arn.as_deref(), |_| true)
            .await)
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        token: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let name = FLOW.name_of(id);
        let calls = self.calls(UPDATE, name, planned).await?;
        let before = calls.describe().await?;
        let before = before.ok_or_else(|| gone(name))?;
        let was_running = runs(&before);
        let content = encoded(UPDATE, planned)?;
        let can_run = starts(Some(&content.trigger));
        let status = text(planned, STATUS).filter(|_| can_run);
        // Only what differs is sent: a flow is not stopped for the sake of its tags.
        let differs = |name: &&str| prior.get(name) != planned.get(name);
        let is_sent = CONTENT.iter().any(differs);
        calls.set_tags(before.flow_arn(), prior, planned).await?;
        if was_running && (is_sent || status == Some(SUSPENDED)) {
            calls.stop().await?;
        }
        if is_sent && let Err(error) = calls.update(content, planned, &before, token).await {
            // Whether it was refused or only the answer is lost: the flow is to run as it did.
            return Err(if was_running {
                calls.again(error).await
            } else {
                error
            });
        }
        let is_stopped = !was_running || is_sent;
        let is_wanted = status == Some(ACTIVE) || (was_running && status != Some(SUSPENDED));
        if can_run && is_wanted && is_stopped {
            let started = calls.start().await;
            started.map_err(|error| error.with_hint(stopped(name)))?;
        }
        // Reads may lag: what is read is new if it says a new time, or what was asked for.
        let table = &self.resource.schema().block;
        let settings = self.client.settings();
        let is_new = |flow: &DescribeFlowOutput| {
            let later = flow.last_updated_at() != before.last_updated_at();
            (is_sent && later) || {
                let live = decode(flow, Some(planned), settings).attributes;
                let mut names = table.names().chain(["tags_all"]);
                names.all(|name| match (planned.get(name), live.get(name)) {
                    (Some(planned), Some(live)) => !planned.is_known() || alike(planned, live),
                    _ => true,
                })
            }
        };
        let object = self
            .settled(&calls, planned, before.flow_arn(), is_new)
            .await;
        Ok(RemoteObject {
            id: id.into(),
            ..object
        })
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let name = FLOW.name_of(id);
        let calls = self.calls(DELETE, name, prior).await?;
        let Some(flow) = calls.describe().await? else {
            return Ok(());
        };
        if runs(&flow) {
            calls.stop().await?;
        }
        calls.delete().await?;
        let mut waiting = waiting();
        while calls.describe().await?.is_some() {
            if !waiting.pause(PATIENCE.gone).await {
                let message = format!(
                    "the flow is still there {} seconds after its deletion",
                    PATIENCE.gone.as_secs()
                );
                let error = ProviderError::local(ErrorKind::Other, DELETE, message);
                return Err(error.with_hint("it may run at the moment: apply again later"));
            }
        }
        Ok(())
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let name = FLOW.importable(id)?;
        let connection = self.client.connect(DESCRIBE).await?;
        check_region(id, &connection.region)?;
        let calls = Calls {
            connection,
            name,
            redactor: Redactor::none(),
        };
        let arn = Arn::parse(id).ok();
        let Some(flow) = calls.describe().await? else {
            return Err(calls.nothing_to_import().await);
        };
        let theirs = flow.flow_arn().and_then(|arn| Arn::parse(arn).ok());
        if let (Some(arn), Some(theirs)) = (arn, theirs)
            && arn.account != theirs.account
        {
            return Err(other_account(arn.account, theirs.account));
        }
        Ok(decode(&flow, None, self.client.settings()))
    }
}

impl Calls<'_> {
    fn request(&self, operation: &'static str, writes: bool) -> Request<'_> {
        Request {
            service: Service::APPFLOW,
            operation,
            writes,
            endpoint: self.connection.endpoint.as_deref(),
            redactor: &self.redactor,
        }
    }

    /// The flow; `None` if there is none.
    async fn describe(&self) -> Result<Option<DescribeFlowOutput>, ProviderError> {
        let request = self.connection.appflow.describe_flow().flow_name(self.name);
        let answer = request.send().await;
        match answer.map_err(|error| self.request(DESCRIBE, false).failed(&error)) {
            Ok(flow) if flow.flow_status() == Some(&FlowStatus::Deleted) => Ok(None),
            Ok(flow) => Ok(Some(flow)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the flow; its ARN.
    async fn create(
        &self,
        content: Content,
        planned: &Value,
        token: &str,
    ) -> Result<Option<String>, ProviderError> {
        let owned = |name| text(planned, name).map(str::to_owned);
        let wanted: HashMap<_, _> = tags::wanted(planned).into_iter().collect();
        let request = self
            .connection
            .appflow
            .create_flow()
            .flow_name(self.name)
            .set_description(owned("description"))
            .set_kms_arn(owned("kms_arn"))
            .source_flow_config(content.source)
            .set_destination_flow_config_list(Some(content.destinations))
            .set_tasks(Some(content.tasks))
            .trigger_config(content.trigger)
            .set_metadata_catalog_config(content.catalog)
            .set_tags(Some(wanted).filter(|tags| !tags.is_empty()))
            .client_token(token);
        let mut waiting = waiting();
        loop {
            let error = match Box::pin(request.clone().send()).await {
                Ok(answer) => return Ok(answer.flow_arn),
                Err(error) => self.request(CREATE, true).failed(&error),
            };
            if !(is_about_access(&error) && waiting.pause(PATIENCE.access).await) {
                return Err(self.explained(error));
            }
        }
    }

    async fn update(
        &self,
        content: Content,
        planned: &Value,
        before: &DescribeFlowOutput,
        token: &str,
    ) -> Result<(), ProviderError> {
        // A description that is left out would stay.
        let description = match (text(planned, "description"), before.description()) {
            (Some(description), _) => Some(description),
            (None, Some(_)) => Some(""),
            (None, None) => None,
        };
        let request = self
            .connection
            .appflow
            .update_flow()
            .flow_name(self.name)
            .set_description(description.map(str::to_owned))
            .source_flow_config(content.source)
            .set_destination_flow_config_list(Some(content.destinations))
            .set_tasks(Some(content.tasks))
            .trigger_config(content.trigger)
            .set_metadata_catalog_config(content.catalog)
            .client_token(token);
        let mut waiting = waiting();
        loop {
            let error = match Box::pin(request.clone().send()).await {
                Ok(_) => return Ok(()),
                Err(error) => self.request(UPDATE, true).failed(&error),
            };
            if !(is_about_access(&error) && waiting.pause(PATIENCE.access).await) {
                return Err(self.explained(error));
            }
        }
    }

    /// Starts the flow. Only flows that go on running are started, so once more does no harm.
    async fn start(&self) -> Result<(), ProviderError> {
        let request = self.connection.appflow.start_flow().flow_name(self.name);
        let answer = request.send().await;
        match answer.map_err(|error| self.request(START, true).failed(&error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::Conflict => match self.describe().await {
                Ok(Some(flow)) if runs(&flow) => Ok(()),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn stop(&self) -> Result<(), ProviderError> {
        let request = self.connection.appflow.stop_flow().flow_name(self.name);
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.request(STOP, true).failed(&error));
        answer.map(|_| ())
    }

    async fn delete(&self) -> Result<(), ProviderError> {
        let request = self.connection.appflow.delete_flow().flow_name(self.name);
        let answer = request.send().await;
        match answer.map_err(|error| self.request(DELETE, true).failed(&error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn set_tags(
        &self,
        arn: Option<&str>,
        prior: &Value,
        planned: &Value,
    ) -> Result<(), ProviderError> {
        let (set, removed) = tags::changes(prior, planned);
        let appflow = &self.connection.appflow;
        if !removed.is_empty() {
            let request = appflow
                .untag_resource()
                .set_resource_arn(arn.map(str::to_owned));
            let answer = request.set_tag_keys(Some(removed)).send().await;
            answer.map_err(|error| self.request(UNTAG, true).failed(&error))?;
        }
        if !set.is_empty() {
            let request = appflow
                .tag_resource()
                .set_resource_arn(arn.map(str::to_owned));
            let tags = set.into_iter().collect();
            let answer = request.set_tags(Some(tags)).send().await;
            answer.map_err(|error| self.request(TAG, true).failed(&error))?;
        }
        Ok(())
    }

    /// A change failed, for which the flow was stopped: it is started again.
    async fn again(&self, error: ProviderError) -> ProviderError {
        match self.start().await {
            Ok(()) => error,
            Err(_) => error.with_hint(stopped(self.name)),
        }
    }

    /// A new flow could not be started: it is taken back, so that what is told and what there is
    /// agree. Whether a lost answer was a yes, the next attempt finds out.
    async fn take_back(&self, error: ProviderError) -> ProviderError {
        if error.kind == ErrorKind::Ambiguous {
            return error;
        }
        let name = self.name;
        match self.delete().await {
            Ok(()) => error.with_hint(
                "the flow was made, could not be started and was deleted again; without \
                 `flow_status = \"Active\"` it is made and not started",
            ),
            Err(_) => error.with_hint(format!(
                "the flow was made, but could neither be started nor deleted again: `flowctl \
                 import {name}` adopts it"
            )),
        }
    }

    /// A refusal with what can be done about it.
    fn explained(&self, error: ProviderError) -> ProviderError {
        let name = self.name;
        let words = error.message.to_lowercase();
        match error.kind {
            ErrorKind::Conflict if words.contains("already exists") => error.with_hint(format!(
                "a flow of this name exists in the account and region: `flowctl import \
                 arn:aws:appflow:REGION:ACCOUNT:flow/{name}` adopts it, or choose another name"
            )),
            ErrorKind::NotFound if words.contains("profile") => error.with_hint(
                "make the connector profile first: refer to it as \
                 `aws_appflow_connector_profile.NAME.name`, which also gives the order",
            ),
            ErrorKind::NotFound if error.operation == UPDATE => gone(name),
            ErrorKind::Validation if is_about_access(&error) => error.with_hint(
                "the bucket's policy must let the service `appflow.amazonaws.com` read a source \
                 (s3:ListBucket, s3:GetObject) or write a destination (s3:PutObject, \
                 s3:AbortMultipartUpload, s3:ListMultipartUploadParts, \
                 s3:ListBucketMultipartUploads, s3:GetBucketAcl, s3:PutObjectAcl); name the policy \
                 in `depends_on`",
            ),
            ErrorKind::Quota => error.with_hint(
                "an account has 1000 flows in a region unless AWS raised the quota: delete some, or \
                 ask for more in the Service Quotas console",
            ),
            _ => error,
        }
    }

    async fn nothing_to_import(&self) -> ProviderError {
        let (name, region) = (self.name, &self.connection.region);
        let message = format!("there is no flow `{name}` in region {region} of the account");
        let error = ProviderError::local(ErrorKind::NotFound, "Import", message);
        let request = self.connection.appflow.list_flows().max_results(100);
        let answer = request.send().await.ok();
        let flows = answer.and_then(|answer| answer.flows).unwrap_or_default();
        let names: Vec<String> = flows
            .into_iter()
            .filter_map(|flow| flow.flow_name)
            .collect();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("check the name, the region and whose credentials are in use"),
        }
    }
}

fn waiting() -> Waiting {
    Waiting::new(Duration::from_millis(200), Duration::from_secs(5))
}

/// What to do about a flow that was stopped for a change, and could not be started again.
fn stopped(name: &str) -> String {
    format!(
        "the flow was stopped for the change and could not be started again: set `flow_status = \
         \"Active\"` and apply, or start it with `aws appflow start-flow --flow-name {name}`"
    )
}

/// The flow that was to be changed is not there any more.
fn gone(name: &str) -> ProviderError {
    let message = format!("there is no flow `{name}`");
    ProviderError::local(ErrorKind::NotFound, UPDATE, message).with_hint(format!(
        "the flow {name} was deleted meanwhile; plan again to make it anew"
    ))
}

/// Whether a refusal is about a bucket whose policy may have been made just before.
fn is_about_access(error: &ProviderError) -> bool {
    let words = error.message.to_lowercase();
    error.kind == ErrorKind::Validation
        && words.contains("bucket")
        && ["policy", "access", "permission"]
            .iter()
            .any(|word| words.contains(word))
}

fn encoded(operation: &str, planned: &Value) -> Result<Content, ProviderError> {
    encode(planned).map_err(|error| {
        let message = format!("the configuration cannot be sent: {error}");
        ProviderError::local(ErrorKind::Validation, operation, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_may_pass() {
        let refused = |kind, message: &str| ProviderError::local(kind, CREATE, message);
        for (kind, message, passes) in [
            (
                ErrorKind::Validation,
                "The bucket policy for bucket b does not allow AppFlow",
                true,
            ),
            (ErrorKind::Validation, "Access denied to Bucket b", true),
            (ErrorKind::Validation, "BucketName cannot be blank", false),
            (ErrorKind::Conflict, "bucket policy", false),
        ] {
            assert_eq!(
                is_about_access(&refused(kind, message)),
                passes,
                "{message}"
            );
        }
    }
}
