//! What each operation does, once its input has passed the shapes' constraints.

mod connectors;
mod flows;
mod profiles;
mod tags;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Number, Value};

use crate::error::ServiceError;
use crate::store::Database;

macro_rules! operations {
    ($($name:ident => $work:path,)*) => {
        /// The operations that are served.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Operation { $($name),* }

        impl Operation {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The operation of that name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// Does the work and returns the body of the answer.
            pub(crate) fn perform(
                self,
                database: &mut Database,
                context: &Context,
                input: &Value,
            ) -> Result<String, ServiceError> {
                match self { $(Self::$name => $work(database, context, input)),* }
            }
        }
    };
}

operations! {
    CreateConnectorProfile => profiles::create,
    DescribeConnectorProfiles => profiles::describe,
    UpdateConnectorProfile => profiles::update,
    DeleteConnectorProfile => profiles::delete,
    ResetConnectorMetadataCache => profiles::reset_cache,
    RegisterConnector => connectors::register,
    UpdateConnectorRegistration => connectors::update,
    UnregisterConnector => connectors::unregister,
    DescribeConnector => connectors::describe,
    DescribeConnectors => connectors::describe_all,
    ListConnectors => connectors::list,
    CreateFlow => flows::create,
    UpdateFlow => flows::update,
    DescribeFlow => flows::describe,
    DeleteFlow => flows::delete,
    ListFlows => flows::list,
    StartFlow => flows::start,
    StopFlow => flows::stop,
    TagResource => tags::tag,
    UntagResource => tags::untag,
    ListTagsForResource => tags::list,
}

/// The answer of operations that return nothing.
const NOTHING: &str = "{}";

/// Around one request: for whom, when, and what fault rules add.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) account: Arc<str>,
    pub(crate) region: String,
    /// Account and region: names are unique within it.
    pub(crate) scope: String,
    /// Milliseconds since the epoch.
    pub(crate) now: i64,
    pub(crate) quota: Option<u32>,
    /// Labels that are registered from the start.
    pub(crate) connectors: Arc<[String]>,
    pub(crate) private_provisioning: Duration,
    pub(crate) token_lifetime_ms: i64,
    pub(crate) stale: Option<Duration>,
    pub(crate) role_lag: Option<Duration>,
    pub(crate) private_failed: bool,
}

impl Context {
    fn arn(&self, kind: &str, name: &str) -> String {
        crate::arn::appflow(&self.region, &self.account, kind, name)
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A timestamp as the protocol writes it: seconds since the epoch, with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "exact for some 285,000 years")]
fn timestamp(millis: i64) -> Value {
    Number::from_f64(millis as f64 / 1000.0).map_or(Value::Null, Value::Number)
}

/// A member that is a string; empty if it is not there, which the shapes rule out where it is
/// required.
fn text<'a>(input: &'a Value, member: &str) -> &'a str {
    input
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn optional<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member).and_then(Value::as_str)
}

fn flag(input: &Value, member: &str) -> bool {
    input.get(member) == Some(&Value::Bool(true))
}

/// The body of a list, with the token for its next page.
fn page_answer(mut body: Value, next: Option<String>) -> String {
    if let (Some(next), Some(body)) = (next, body.as_object_mut()) {
        body.insert("nextToken".to_owned(), next.into());
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::SERVICE;

    #[test]
    fn the_operations_are_those_of_the_table() {
        let mut ours: Vec<&str> = Operation::ALL.iter().map(|o| o.name()).collect();
        ours.sort_unstable();
        assert!(SERVICE.operations.keys().eq(ours));
    }

    #[test]
    fn timestamps_are_seconds() {
        assert_eq!(timestamp(1_700_000_000_123).to_string(), "1700000000.123");
    }
}
