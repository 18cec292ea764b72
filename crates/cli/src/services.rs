//! The providers, and how their requests reach a service.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_emulator::{Options, Server, Store};
use flowctl_executor::Services;
use flowctl_model::Text;
use flowctl_planner::settings::ProviderSettings;
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_provider_external::ExternalProvider;
use flowctl_schema::builtin::BuiltinProvider;
use flowctl_schema::{Provider, Providers};

use crate::app::Context;
use crate::error::{CommandError, sentence};
use crate::state::StateFiles;

/// Where requests go and what else may be done for them, as far as the command line says.
#[derive(Clone, Default, Debug)]
pub(crate) struct Endpoint {
    /// Not the service's own.
    pub(crate) url: Option<String>,
    /// It is the endpoint inside flowctl, which takes any credentials.
    pub(crate) emulator: bool,
    /// Programs that the configuration names may run.
    pub(crate) external: bool,
    /// The configuration is a stranger's, and cannot say where requests go.
    pub(crate) untrusted: bool,
}

impl Endpoint {
    /// Nothing is requested: only what the configuration says is looked at.
    pub(crate) fn unused(context: &Context) -> Self {
        Self {
            emulator: context.options.emulator,
            untrusted: context.untrusted().is_some(),
            ..Self::default()
        }
    }

    /// What the options say, with the endpoint inside flowctl running if they ask for it. Needs the
    /// runtime of requests, and lives as long as it.
    pub(crate) async fn open(context: &Context) -> Result<Self, CommandError> {
        let untrusted = context.untrusted().is_some();
        let external = context.options.allow_external || context.env.allow_external;
        let external = external && !untrusted;
        if !context.options.emulator {
            return Ok(Self {
                url: context.options.endpoint_url.clone(),
                emulator: false,
                external,
                untrusted,
            });
        }
        let failed = |reason: String| {
            CommandError::user(
                "The endpoint inside flowctl cannot start",
                sentence(&reason),
            )
        };
        let files = StateFiles::of(context);
        files.make_directory()?;
        let options = Options {
            store: Store::File(files.emulator()),
            admin: false,
            ..Options::default()
        };
        let server = Server::bind("127.0.0.1:0", options)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let url = server.endpoint_url();
        tokio::spawn(server.run(std::future::pending()));
        Ok(Self {
            url: Some(url),
            emulator: true,
            external,
            untrusted,
        })
    }
}

/// The region that a provider works in whose configuration says none, as far as that is known without
/// looking into profiles.
fn ambient_region(emulator: bool) -> Option<String> {
    let said = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    let mut said = said.filter(|region| !region.is_empty());
    said.next()
        .or_else(|| emulator.then(|| "us-east-1".to_owned()))
}

/// Every provider there is.
pub(crate) fn providers(endpoint: Endpoint) -> Providers {
    let environment = Environment {
        endpoint_url: endpoint.url,
        emulator: endpoint.emulator,
        ambient_region: ambient_region(endpoint.emulator),
        programs: endpoint.external,
        untrusted: endpoint.untrusted,
    };
    Providers::new(vec![
        Arc::new(AwsProvider::new(environment)) as Arc<dyn Provider>,
        Arc::new(BuiltinProvider::new()),
        Arc::new(ExternalProvider::new(endpoint.external)),
    ])
}

/// The providers with their settings. No request is made yet.
pub(crate) fn configured(
    providers: &Providers,
    settings: &BTreeMap<Text, ProviderSettings>,
) -> Result<Services, CommandError> {
    let mut services = Services {
        providers: providers.clone(),
        ..Services::default()
    };
    for (key, settings) in settings {
        // A provider that state names and nobody knows any more is reported where it is used.
        let Some(provider) = providers.provider(&settings.provider) else {
            continue;
        };
        let configured = provider
            .configure(settings.config.as_ref())
            .map_err(|error| {
                crate::failure::of_service("Invalid provider configuration", &error)
            })?;
        services.configured.insert(key.clone(), configured);
    }
    Ok(services)
}
