//! How an endpoint is set up.

use std::time::Duration;

use crate::arn::is_region;
use crate::error::Error;
use crate::faults::Faults;
use crate::store::Store;

/// How an endpoint is set up; `Options::default()` is an empty endpoint in memory.
#[derive(Debug, Clone)]
pub struct Options {
    /// The account that everything belongs to: twelve digits (default `123456789012`).
    pub account: String,
    /// The region of requests that are not signed for one (default `us-east-1`).
    pub region: String,
    /// Where the data are kept (default in memory).
    pub store: Store,
    /// Fault rules (default none); `POST /_flowctl/reset` comes back to these.
    pub faults: Faults,
    /// Labels of custom connectors that are registered from the start, in every region
    /// (default `my-connector`, `example` and `hubspot`).
    pub connectors: Vec<String>,
    /// How many connector profiles there may be in a region: 100 in the service, no limit by
    /// default here.
    pub quota: Option<u32>,
    /// How long the private connection of a `Private` profile is `PENDING` (default zero).
    pub private_provisioning: Duration,
    /// How long an idempotency token is remembered (default 8 hours, as in the service).
    pub token_lifetime: Duration,
    /// How many requests the log at `/_flowctl/requests` keeps (default 1000; zero for none).
    pub request_log: usize,
    /// Keep whole request bodies, **with their credentials**, in the log in memory: for tests
    /// only (default off).
    pub record_bodies: bool,
    /// Serve the administration interface under `/_flowctl/` (default on).
    pub admin: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            store: Store::Memory,
            faults: Faults::default(),
            connectors: ["my-connector", "example", "hubspot"]
                .map(str::to_owned)
                .to_vec(),
            quota: None,
            private_provisioning: Duration::ZERO,
            token_lifetime: Duration::from_hours(8),
            request_log: 1000,
            record_bodies: false,
            admin: true,
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.account.len() != 12 || !self.account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::Option("the account is not twelve digits".to_owned()));
        }
        if !is_region(&self.region) {
            return Err(Error::Option(
                "the region is not the name of a region".to_owned(),
            ));
        }
        Ok(())
    }
}
