//! The clients of the SDK for services beside AppFlow, each made at the first request to it.

use aws_config::SdkConfig;
use flowctl_schema::{ProviderError, Redactor};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::error::{Request, Service};
use crate::settings::Settings;

/// A service's client of the SDK.
pub(crate) trait Api: Sized + Send + Sync + 'static {
    /// The service.
    const SERVICE: Service;

    /// The client.
    fn from_sdk(sdk: &SdkConfig, way: &Way<'_>) -> Self;

    /// Where a provider configuration keeps the client.
    fn cell(apis: &Apis) -> &OnceCell<Reached<Self>>;
}

/// How a service is reached.
pub(crate) struct Way<'a> {
    /// The address, if it is not the service's own.
    endpoint: Option<&'a str>,
    /// What a request is about is named in the path alone.
    path_style: bool,
}

impl<'a> Way<'a> {
    fn new(endpoint: Option<&'a str>, settings: &Settings) -> Self {
        Self {
            endpoint,
            path_style: settings.s3_path_style || endpoint.is_some_and(has_no_subdomains),
        }
    }
}

/// Whether no name can be put before the host of an address: a number, or a host of this machine's
/// network.
fn has_no_subdomains(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    if authority.starts_with('[') {
        return true;
    }
    let host = authority.split(':').next().unwrap_or(authority);
    !host.contains('.') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

/// A service that requests can be made to.
pub(crate) struct Reached<A> {
    pub(crate) sdk: A,
    pub(crate) region: String,
    /// The address, if it is not the service's own.
    endpoint: Option<String>,
}

impl<A: Api> Reached<A> {
    /// What an error of a request is told with. `carried` is what it carried that must not be shown.
    pub(crate) fn request<'a>(
        &'a self,
        operation: &'static str,
        writes: bool,
        carried: &'a Redactor,
    ) -> Request<'a> {
        Request {
            service: A::SERVICE,
            operation,
            writes,
            endpoint: self.endpoint.as_deref(),
            redactor: carried,
        }
    }

    /// The same for a request that changes nothing and carries no secret.
    pub(crate) fn reading(&self, operation: &'static str) -> Request<'_> {
        const NOTHING: &Redactor = &Redactor::none();
        self.request(operation, false, NOTHING)
    }
}

impl Client {
    /// The client for a service, made at the first operation.
    pub(crate) async fn api<A: Api>(&self, operation: &str) -> Result<&Reached<A>, ProviderError> {
        let reach = || async {
            let (sdk, endpoint) = self.for_service(A::SERVICE, operation).await?;
            Ok(Reached {
                sdk: A::from_sdk(&sdk, &Way::new(endpoint.as_deref(), self.settings())),
                region: sdk.region().map(ToString::to_string).unwrap_or_default(),
                endpoint,
            })
        };
        A::cell(self.apis()).get_or_try_init(reach).await
    }
}

/// One row for each service: where its client is kept, the SDK's crate, the service, and what is told
/// whether names stand in paths.
macro_rules! services {
    ($($field:ident $krate:ident $service:ident $($path_style:ident)?;)*) => {
        /// The clients that were made so far.
        #[derive(Default)]
        pub(crate) struct Apis {
            $($field: OnceCell<Reached<$krate::Client>>,)*
        }

        $(impl Api for $krate::Client {
            const SERVICE: Service = Service::$service;

            fn from_sdk(sdk: &SdkConfig, way: &Way<'_>) -> Self {
                let mut config = $krate::config::Builder::from(sdk);
                config.set_endpoint_url(way.endpoint.map(str::to_owned));
                $(config.$path_style(Some(way.path_style));)?
                Self::from_conf(config.build())
            }

            fn cell(apis: &Apis) -> &OnceCell<Reached<Self>> {
                &apis.$field
            }
        })*
    };
}

services! {
    iam aws_sdk_iam IAM;
    kms aws_sdk_kms KMS;
    redshift aws_sdk_redshift REDSHIFT;
    s3 aws_sdk_s3 S3 set_force_path_style;
    secretsmanager aws_sdk_secretsmanager SECRETS_MANAGER;
    ssm aws_sdk_ssm SSM;
    sts aws_sdk_sts STS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_path_where_no_host_can_have_them() {
        for url in [
            "http://127.0.0.1:5000",
            "http://localhost:5000/",
            "http://[::1]:5000",
            "http://minio:9000/x",
        ] {
            assert!(has_no_subdomains(url), "{url}");
        }
        for url in [
            "https://s3.eu-west-1.amazonaws.com",
            "http://s3.example:5000/a.b",
        ] {
            assert!(!has_no_subdomains(url), "{url}");
        }
        let mut settings = Settings::default();
        assert!(!Way::new(None, &settings).path_style);
        settings.s3_path_style = true;
        assert!(Way::new(None, &settings).path_style);
    }
}
