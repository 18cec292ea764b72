//! The clients of the SDK for services beside AppFlow, each made at the first request to it.

use aws_config::SdkConfig;
use flowctl_schema::{ProviderError, Redactor};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::error::{Request, Service};

/// A service's client of the SDK.
pub(crate) trait Api: Sized + Send + Sync + 'static {
    /// The service.
    const SERVICE: Service;

    /// The client, for the address if it is not the service's own.
    fn from_sdk(sdk: &SdkConfig, endpoint: Option<&str>) -> Self;

    /// Where a provider configuration keeps the client.
    fn cell(apis: &Apis) -> &OnceCell<Reached<Self>>;
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
                sdk: A::from_sdk(&sdk, endpoint.as_deref()),
                region: sdk.region().map(ToString::to_string).unwrap_or_default(),
                endpoint,
            })
        };
        A::cell(self.apis()).get_or_try_init(reach).await
    }
}

/// One row for each service: where its client is kept, the SDK's crate, and the service.
macro_rules! services {
    ($($field:ident $krate:ident $service:ident;)*) => {
        /// The clients that were made so far.
        #[derive(Default)]
        pub(crate) struct Apis {
            $($field: OnceCell<Reached<$krate::Client>>,)*
        }

        $(impl Api for $krate::Client {
            const SERVICE: Service = Service::$service;

            fn from_sdk(sdk: &SdkConfig, endpoint: Option<&str>) -> Self {
                let mut config = $krate::config::Builder::from(sdk);
                config.set_endpoint_url(endpoint.map(str::to_owned));
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
    s3 aws_sdk_s3 S3;
    secretsmanager aws_sdk_secretsmanager SECRETS_MANAGER;
    ssm aws_sdk_ssm SSM;
    sts aws_sdk_sts STS;
}
