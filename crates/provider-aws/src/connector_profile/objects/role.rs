//! Refusals over a role. IAM tells other services of a new role late, so a refusal may be over in a
//! moment; of a role that has been there for long it is about the role itself.

use std::time::Duration;

use flowctl_model::Value;
use flowctl_schema::{ErrorKind, ProviderError};

use super::ProfileObjects;
use crate::arn::is_role;
use crate::wait::Waiting;

/// How long a role counts as new.
const NEW: Duration = Duration::from_mins(10);
/// How long to ask IAM about a role, which the credentials in use may not even do.
const ASKING: Duration = Duration::from_secs(5);

/// The refusals of one request.
pub(super) struct Refusals {
    waiting: Waiting,
    /// How long to wait in all, once there was a refusal over a role.
    limit: Option<Duration>,
}

impl Refusals {
    pub(super) fn new(waiting: Waiting) -> Self {
        Self {
            waiting,
            limit: None,
        }
    }

    /// Whether to send the request again; pauses if so.
    pub(super) async fn may_pass(
        &mut self,
        objects: &ProfileObjects,
        planned: &Value,
        error: &ProviderError,
    ) -> bool {
        let Some(role) = role_of(planned, error) else {
            return false;
        };
        let limit = match self.limit {
            Some(limit) => limit,
            None => {
                let limit = limit(objects, &role).await;
                let seconds = limit.as_secs();
                tracing::info!("{role} cannot be used yet; waiting for it up to {seconds} s");
                *self.limit.insert(limit)
            }
        };
        self.waiting.pause(limit).await
    }

    /// The refusal that was not over in time.
    pub(super) fn explained(&self, error: ProviderError) -> ProviderError {
        let Some(limit) = self.limit else {
            return error;
        };
        let seconds = limit.as_secs();
        error.with_hint(format!(
            "AppFlow could not use the role for {seconds} seconds: the role must exist, its trust \
             policy must let the service appflow.amazonaws.com assume it (sts:AssumeRole), and its \
             own policies must allow what the connector needs"
        ))
    }
}

/// How long to wait for a role: long if it is new or nothing is known of it.
async fn limit(objects: &ProfileObjects, role: &str) -> Duration {
    let patience = &objects.patience;
    match tokio::time::timeout(ASKING, age(objects, role)).await {
        Ok(Some(age)) if age > NEW => patience.settled_role,
        _ => patience.role,
    }
}

/// How long ago a role was made, if IAM tells.
async fn age(objects: &ProfileObjects, role: &str) -> Option<Duration> {
    let api = objects
        .client
        .api::<aws_sdk_iam::Client>("GetRole")
        .await
        .ok()?;
    let name = role.rsplit('/').next()?;
    let answer = api.sdk.get_role().role_name(name).send().await.ok()?;
    let made = answer.role?.create_date;
    let made = std::time::SystemTime::try_from(made).ok()?;
    made.elapsed().ok()
}

/// The role of the profile that a refusal is about.
fn role_of(planned: &Value, error: &ProviderError) -> Option<String> {
    if error.kind != ErrorKind::Validation {
        return None;
    }
    let mut found = None;
    planned.visit(&mut |_, value| {
        if let Some(role) = value.as_str().filter(|text| is_role(text)) {
            let name = role.rsplit('/').next().unwrap_or(role);
            let words = error.message.to_lowercase();
            if error.message.contains(role)
                || (words.contains("assume") && error.message.contains(name))
            {
                found = Some(role.to_owned());
            }
        }
        found.is_none()
    });
    found
}
