//! The client: made at the first request of the settings of the provider, the SDK's own chain of
//! environment, files and services of the machine, and what the command line says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvidedCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::Builder as HttpBuilder;
use flowctl_schema::{ErrorKind, ProviderError};
use tokio::sync::OnceCell;

use crate::api::Apis;
use crate::error::{Request, RoleRefused, Service, no_region, no_scheme};
use crate::ours::Attempts;
use crate::settings::{Role, Settings};
use flowctl_schema::Redactor;

/// How often the client sends a request in all before the executor decides.
const ATTEMPTS: u32 = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The service connects to the connector before it answers.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(2);

/// What the command line says about where requests go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    /// `--endpoint-url`; before every other setting.
    pub endpoint_url: Option<String>,
    /// The endpoint is the emulator: there is no account, and no credentials are looked for.
    pub emulator: bool,
    /// The region that the environment names, for settings that name none.
    pub ambient_region: Option<String>,
    /// Programs that the configuration names may run.
    pub programs: bool,
    /// The configuration is a stranger's: it neither says who asks and where, nor reads secrets.
    pub untrusted: bool,
}

/// Whose credentials are in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) user_id: String,
}

/// Credentials of a role, whose errors name it.
#[derive(Debug)]
struct Assumed {
    role: String,
    provider: AssumeRoleProvider,
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        ProvidedCredentials::new(async move {
            let credentials = self.provider.provide_credentials().await;
            credentials.map_err(|error| {
                let role = self.role.clone();
                CredentialsError::provider_error(RoleRefused { role, error })
            })
        })
    }
}

/// The client of one provider configuration.
pub(crate) struct Client {
    environment: Environment,
    settings: Settings,
    connection: OnceCell<Connection>,
    apis: Apis,
    attempts: Attempts,
    /// The clients of other regions, made when an object in one is first dealt with.
    regions: Mutex<BTreeMap<String, Arc<Client>>>,
}

/// What requests are made with.
pub(crate) struct Connection {
    pub(crate) appflow: aws_sdk_appflow::Client,
    pub(crate) region: String,
    /// The endpoint, if it is not the service's own.
    pub(crate) endpoint: Option<String>,
    /// The configuration for other services.
    sdk: SdkConfig,
    identity: OnceCell<Identity>,
}

impl Client {
    /// Does nothing yet.
    pub(crate) fn new(environment: Environment, settings: Settings) -> Self {
        Self {
            environment,
            settings,
            connection: OnceCell::new(),
            apis: Apis::default(),
            attempts: Attempts::default(),
            regions: Mutex::default(),
        }
    }

    /// The client with the same settings, for another region.
    pub(crate) fn of_region(&self, region: &str) -> Arc<Client> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut settings = self.settings.clone();
            settings.region = Some(region.to_owned());
            Arc::new(Self::new(self.environment.clone(), settings))
        };
        let client = regions.entry(region.to_owned()).or_insert_with(make);
        Arc::clone(client)
    }

    /// The settings of the provider configuration.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The clients of other services.
    pub(crate) fn apis(&self) -> &Apis {
        &self.apis
    }

    /// The creations that were attempted.
    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// The connection for an operation, made at the first one.
    pub(crate) async fn connect(&self, operation: &str) -> Result<&Connection, ProviderError> {
        self.connection
            .get_or_try_init(|| self.make(operation))
            .await
    }

    async fn make(&self, operation: &str) -> Result<Connection, ProviderError> {
        let connection = if self.environment.emulator {
            self.to_emulator(operation).await?
        } else {
            self.to_service(operation).await?
        };
        self.check_account(&connection).await?;
        Ok(connection)
    }

    /// No file, profile or service of the machine has a say.
    async fn to_emulator(&self, operation: &str) -> Result<Connection, ProviderError> {
        let Some(endpoint) = self.environment.endpoint_url.clone() else {
            let message = "the emulator is to be used, but where it is was not said";
            return Err(ProviderError::local(
                ErrorKind::NotConfigured,
                operation,
                message,
            ));
        };
        let region = match self.settings.region.clone() {
            Some(region) => Region::new(region),
            None => aws_config::meta::region::RegionProviderChain::first_try(
                aws_config::environment::EnvironmentVariableRegionProvider::new(),
            )
            .or_else("us-east-1")
            .region()
            .await
            .unwrap_or(Region::from_static("us-east-1")),
        };
        let credentials = Credentials::new("emulator", "emulator", None, None, "emulator");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(HttpBuilder::new().build_http())
            .region(region.clone())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(self.retries().unwrap_or_else(retries))
            .timeout_config(timeouts())
            .time_source(SystemTimeSource::new())
            .build();
        let sdk = self.with_roles(sdk).await;
        let config = aws_sdk_appflow::config::Builder::from(&sdk).endpoint_url(&endpoint);
        Ok(Connection {
            appflow: aws_sdk_appflow::Client::from_conf(config.build()),
            region: region.to_string(),
            endpoint: Some(endpoint),
            sdk,
            identity: OnceCell::new(),
        })
    }

    async fn to_service(&self, operation: &str) -> Result<Connection, ProviderError> {
        self.check_programs(operation)?;
        let sdk = self.load().await;
        let Some(region) = sdk.region().map(ToString::to_string) else {
            return Err(no_region(operation));
        };
        let sdk = self.with_roles(sdk).await;
        let mut builder = aws_sdk_appflow::config::Builder::from(&sdk);
        let chosen = self.endpoint();
        if let Some(url) = &chosen {
            builder = builder.endpoint_url(url);
        }
        // The service's own client tells which of the environment's addresses holds.
        let endpoint = chosen.or_else(|| service_endpoint(&sdk, Service::APPFLOW));
        check_scheme(Service::APPFLOW, operation, endpoint.as_deref())?;
        if endpoint.as_deref().is_some_and(is_plain) {
            builder = builder.http_client(HttpBuilder::new().build_http());
        }
        Ok(Connection {
            appflow: aws_sdk_appflow::Client::from_conf(builder.build()),
            region,
            endpoint,
            sdk,
            identity: OnceCell::new(),
        })
    }

    /// A file that the configuration names could have the SDK run a program: as with `external`,
    /// whoever runs flowctl decides that, and not the configuration.
    fn check_programs(&self, operation: &str) -> Result<(), ProviderError> {
        if self.environment.programs {
            return Ok(());
        }
        let settings = &self.settings;
        let files = settings
            .config_files
            .iter()
            .chain(&settings.credentials_files);
        for file in files {
            let text = std::fs::read(in_home(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).to_lowercase();
            if text.contains("credential_process") {
                let message = format!(
                    "{file}, which the provider's settings name, has a `credential_process`, which \
                     is a program to run"
                );
                let error = ProviderError::local(ErrorKind::NotConfigured, operation, message);
                return Err(error.with_hint(
                    "let programs run with `--allow-external`, or set AWS_CONFIG_FILE instead of \
                     naming the file in the configuration",
                ));
            }
        }
        Ok(())
    }

    /// Whether the configuration is a stranger's.
    pub(crate) fn is_untrusted(&self) -> bool {
        self.environment.untrusted
    }

    /// The SDK's chain, with the settings before it.
    async fn load(&self) -> SdkConfig {
        let settings = &self.settings;
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(files) = profile_files(settings) {
            loader = loader.profile_files(files);
        }
        if let Some(credentials) = &settings.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        if let Some(fips) = settings.fips {
            loader = loader.use_fips(fips);
        }
        if let Some(dual_stack) = settings.dual_stack {
            loader = loader.use_dual_stack(dual_stack);
        }
        let said = ["AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"].map(std::env::var_os);
        match self.retries() {
            Some(retries) => loader = loader.retry_config(retries),
            None if said.iter().all(Option::is_none) => loader = loader.retry_config(retries()),
            None => {}
        }
        loader.load().await
    }

    /// How requests are repeated, if the settings say it.
    fn retries(&self) -> Option<RetryConfig> {
        let settings = &self.settings;
        if settings.retry_mode.is_none() && settings.max_retries.is_none() {
            return None;
        }
        let retries = match settings.retry_mode.as_deref() {
            Some("adaptive") => RetryConfig::adaptive(),
            _ => RetryConfig::standard(),
        };
        let attempts = settings
            .max_retries
            .map_or(ATTEMPTS, |retries| retries.saturating_add(1));
        Some(retries.with_max_attempts(attempts))
    }

    /// The address that the command line or the settings name.
    fn endpoint(&self) -> Option<String> {
        let settings = &self.settings;
        self.environment
            .endpoint_url
            .clone()
            .or_else(|| settings.endpoint(Service::APPFLOW).map(str::to_owned))
    }

    /// The configuration with the credentials of the roles, each assumed by the one before.
    async fn with_roles(&self, mut sdk: SdkConfig) -> SdkConfig {
        let settings = &self.settings;
        let web_identity_of = settings.web_identity.as_ref();
        // The SDK asks nobody but AWS itself for these.
        if let Some((role, file)) = web_identity_of.filter(|_| !self.environment.emulator) {
            sdk = sdk
                .to_builder()
                .credentials_provider(web_identity(&sdk, role, file))
                .build();
        }
        for role in &settings.roles {
            let assumed = self.assume(&sdk, role).await;
            sdk = sdk.to_builder().credentials_provider(assumed).build();
        }
        sdk
    }

    async fn assume(&self, sdk: &SdkConfig, role: &Role) -> SharedCredentialsProvider {
        let sts = self.for_sts(sdk);
        let mut builder = AssumeRoleProvider::builder(&role.arn)
            .configure(&sts)
            .session_name(role.session_name.as_deref().unwrap_or("flowctl"));
        if let Some(id) = &role.external_id {
            builder = builder.external_id(id);
        }
        if let Some(policy) = &role.policy {
            builder = builder.policy(policy);
        }
        if !role.policy_arns.is_empty() {
            builder = builder.policy_arns(role.policy_arns.clone());
        }
        if let Some(duration) = role.duration {
            builder = builder.session_length(duration);
        }
        if !role.tags.is_empty() {
            builder = builder.tags(role.tags.clone());
        }
        SharedCredentialsProvider::new(Assumed {
            role: role.arn.clone(),
            provider: builder.build().await,
        })
    }

    /// The address of the service that roles are assumed with, if it is not that service's own: the
    /// emulator answers for it too, unless another stand-in is named.
    fn sts_endpoint(&self) -> Option<String> {
        let said = self.settings.endpoint(Service::STS).map(str::to_owned);
        if !self.environment.emulator {
            return said;
        }
        let named = || std::env::var(Service::STS.endpoint_variable()).ok();
        said.or_else(|| named().filter(|url| !url.is_empty()))
            .or_else(|| self.environment.endpoint_url.clone())
    }

    /// The configuration for the service that roles are assumed with.
    fn for_sts(&self, sdk: &SdkConfig) -> SdkConfig {
        let mut builder = sdk.to_builder();
        if let Some(url) = self.sts_endpoint() {
            if self.environment.emulator && !is_plain(&url) {
                // The emulator's own client has no TLS.
                builder.set_http_client(None);
            }
            builder = builder.endpoint_url(url);
        }
        if let Some(region) = &self.settings.sts_region {
            builder = builder.region(Region::new(region.clone()));
        }
        builder.build()
    }

    /// The configuration for a service beside AppFlow, and its address if it is not the service's
    /// own. With the emulator nothing is sent to a service unless somebody says where it is.
    pub(crate) async fn for_service(
        &self,
        service: Service,
        operation: &str,
    ) -> Result<(SdkConfig, Option<String>), ProviderError> {
        let sdk = &self.connect(operation).await?.sdk;
        let chosen = self.settings.endpoint(service).map(str::to_owned);
        let endpoint = if self.environment.emulator {
            let said = chosen.or_else(|| endpoint_variable(service));
            Some(said.ok_or_else(|| not_emulated(service, operation))?)
        } else {
            chosen.or_else(|| service_endpoint(sdk, service))
        };
        check_scheme(service, operation, endpoint.as_deref())?;
        let mut builder = sdk.to_builder();
        if let (Service::STS, Some(region)) = (service, &self.settings.sts_region) {
            builder = builder.region(Region::new(region.clone()));
        }
        if endpoint.as_deref().is_some_and(is_plain) {
            builder = builder.http_client(HttpBuilder::new().build_http());
        } else if self.environment.emulator {
            // The emulator's own client has no TLS.
            builder.set_http_client(None);
        }
        Ok((builder.build(), endpoint))
    }

    /// Whose credentials are in use.
    pub(crate) async fn identity<'c>(
        &self,
        connection: &'c Connection,
    ) -> Result<&'c Identity, ProviderError> {
        connection
            .identity
            .get_or_try_init(|| self.ask_identity(connection))
            .await
    }

    async fn ask_identity(&self, connection: &Connection) -> Result<Identity, ProviderError> {
        let operation = "GetCallerIdentity";
        let client = aws_sdk_sts::Client::new(&self.for_sts(&connection.sdk));
        let endpoint = self.sts_endpoint();
        let answer = client.get_caller_identity().send().await.map_err(|error| {
            let request = Request {
                service: Service::STS,
                operation,
                writes: false,
                endpoint: endpoint.as_deref(),
                redactor: &Redactor::none(),
            };
            request.failed(&error)
        })?;
        match (answer.account, answer.arn, answer.user_id) {
            (Some(account), Some(arn), Some(user_id)) => Ok(Identity {
                account,
                arn,
                user_id,
            }),
            _ => {
                let message = "the service did not say whose credentials are in use";
                Err(ProviderError::local(ErrorKind::Other, operation, message))
            }
        }
    }

    /// Refuses to work in an account that the settings forbid.
    async fn check_account(&self, connection: &Connection) -> Result<(), ProviderError> {
        let settings = &self.settings;
        if settings.allowed_accounts.is_empty() && settings.forbidden_accounts.is_empty() {
            return Ok(());
        }
        let account = &self.identity(connection).await?.account;
        let allowed =
            settings.allowed_accounts.is_empty() || settings.allowed_accounts.contains(account);
        if allowed && !settings.forbidden_accounts.contains(account) {
            return Ok(());
        }
        let message = format!(
            "the credentials in use are those of account {account}, in which the provider may not work"
        );
        let error = ProviderError::local(ErrorKind::NotConfigured, "GetCallerIdentity", message);
        Err(error.with_hint(
            "use credentials of another account, or change `allowed_account_ids` or \
             `forbidden_account_ids` of the provider",
        ))
    }
}

/// How requests are repeated unless somebody says it. The SDK's adaptive mode halves its rate at
/// every throttled answer, down to one request in two seconds: a hundred creations of which the
/// service throttles a third take it a minute and a half, and the standard mode seven seconds.
/// What outlasts these attempts, the executor repeats with longer waits.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// An address without a scheme is refused before anything is sent there.
fn check_scheme(
    service: Service,
    operation: &str,
    endpoint: Option<&str>,
) -> Result<(), ProviderError> {
    match endpoint {
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            Err(no_scheme(service, operation, url))
        }
        _ => Ok(()),
    }
}

/// Whether an address is one of this machine's, without TLS: no proxy leads there.
fn is_plain(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|host| rest.starts_with(host))
}

/// The address that the environment alone gives for a service.
fn endpoint_variable(service: Service) -> Option<String> {
    let names = [service.endpoint_variable(), "AWS_ENDPOINT_URL".to_owned()];
    let said = names.iter().find_map(std::env::var_os)?;
    said.into_string().ok().filter(|url| !url.is_empty())
}

fn not_emulated(service: Service, operation: &str) -> ProviderError {
    let message = format!("the emulator has no {}", service.name);
    ProviderError::local(ErrorKind::NotConfigured, operation, message).with_hint(format!(
        "with `--emulator` nothing is sent to AWS: say where another stand-in for {} answers, with \
         `endpoints` of the provider or {}; or leave `--emulator` out",
        service.name,
        service.endpoint_variable()
    ))
}

/// The address that the environment or a profile gives for a service.
fn service_endpoint(sdk: &SdkConfig, service: Service) -> Option<String> {
    let key = aws_types::service_config::ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = sdk
        .service_config()
        .and_then(|config| config.load_config(key));
    own.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

fn profile_files(settings: &Settings) -> Option<EnvConfigFiles> {
    if settings.config_files.is_empty() && settings.credentials_files.is_empty() {
        return None;
    }
    let mut files = EnvConfigFiles::builder()
        .include_default_config_file(settings.config_files.is_empty())
        .include_default_credentials_file(settings.credentials_files.is_empty());
    for file in &settings.config_files {
        files = files.with_file(EnvConfigFileKind::Config, in_home(file));
    }
    for file in &settings.credentials_files {
        files = files.with_file(EnvConfigFileKind::Credentials, in_home(file));
    }
    Some(files.build())
}

/// The path with `~/` resolved.
fn in_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn web_identity(sdk: &SdkConfig, role: &Role, file: &str) -> SharedCredentialsProvider {
    use aws_config::provider_config::ProviderConfig;
    use aws_config::web_identity_token::{
        StaticConfiguration, WebIdentityTokenCredentialsProvider,
    };
    let config = ProviderConfig::without_region().with_region(sdk.region().cloned());
    let session_name = role.session_name.clone();
    let mut builder = WebIdentityTokenCredentialsProvider::builder()
        .configure(&config)
        .static_configuration(StaticConfiguration {
            web_identity_token_file: in_home(file),
            role_arn: role.arn.clone(),
            session_name: session_name.unwrap_or_else(|| "flowctl".to_owned()),
        });
    if let Some(policy) = &role.policy {
        builder = builder.policy(policy);
    }
    if !role.policy_arns.is_empty() {
        builder = builder.policy_arns(role.policy_arns.clone());
    }
    SharedCredentialsProvider::new(builder.build())
}
