//! `flowctl emulator`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use flowctl_emulator::{Faults, Options, Server, Store};

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::{runtime, signals};

/// Serve a local AppFlow endpoint until interrupted
///
/// Any AWS SDK works against it: AWS_ENDPOINT_URL_APPFLOW=http://127.0.0.1:4599. It checks what the
/// service checks and never returns a credential.
#[derive(Args, Debug)]
pub(crate) struct EmulatorArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4599")]
    listen: SocketAddr,

    /// Keep the data in this SQLite file instead of in memory
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,

    /// Go wrong on purpose: create:throttle:0.3,update:500:every=5,*:delay=200ms
    ///
    /// Rules, separated by commas: OPERATION:KIND, or OPERATION:KIND:WHEN. OPERATION is `create`, `describe`,
    /// `update`, `delete`, an operation's own name, or `*`. KIND is `throttle`, `500`, `503`,
    /// `denied`, `auth`, `quota`, `conflict`, `validation`, `server`, `echo`, `reset`, `lost`,
    /// `delay=TIME`, `late=TIME`, `stale=TIME`, `role-lag=TIME` or `private-failed`. WHEN is a
    /// probability, `nth=N`, `every=N`, `first=N` or `after=N`. `seed=N` makes chance repeatable.
    #[arg(long, value_name = "RULES")]
    faults: Option<Faults>,

    /// The account that everything belongs to
    #[arg(long, value_name = "ID")]
    account: Option<String>,

    /// The region of requests that are not signed for one
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// A custom connector that is registered from the start; may be repeated
    #[arg(long, value_name = "LABEL")]
    connector: Vec<String>,

    /// How many connector profiles there may be in a region
    #[arg(long, value_name = "N")]
    quota: Option<u32>,

    /// How many seconds a private connection takes
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    private_provisioning: u64,

    /// How many requests the log at /_flowctl/requests keeps
    #[arg(long, value_name = "N", default_value_t = Options::default().request_log)]
    request_log: usize,
}

pub(crate) fn run(app: &mut App, args: &EmulatorArgs) -> Result<Outcome, CommandError> {
    runtime::full()?.block_on(async {
        let stop = signals::first()?;
        let server = Server::bind(args.listen, options(args)).await;
        let server = server.map_err(|error| {
            CommandError::user("Cannot serve", crate::error::sentence(&error.to_string()))
        })?;
        app.ui
            .print(&format!("listening on {}\n", server.endpoint_url()))?;
        server.run(stop).await;
        Ok(Outcome::Done)
    })
}

fn options(args: &EmulatorArgs) -> Options {
    let mut options = Options {
        store: args.data.clone().map_or(Store::Memory, Store::File),
        faults: args.faults.clone().unwrap_or_default(),
        quota: args.quota,
        private_provisioning: Duration::from_secs(args.private_provisioning),
        request_log: args.request_log,
        ..Options::default()
    };
    if let Some(account) = &args.account {
        options.account.clone_from(account);
    }
    if let Some(region) = &args.region {
        options.region.clone_from(region);
    }
    options.connectors.extend(args.connector.iter().cloned());
    options
}
