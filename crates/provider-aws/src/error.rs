//! From the SDK's errors to what is told: what kind of failure, the service's own words without
//! secrets, and what can be done about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use flowctl_schema::{ErrorKind, ProviderError};

use flowctl_schema::Redactor;

/// A service, as messages about it name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Service {
    /// What people call it.
    pub(crate) name: &'static str,
    /// What its host name and its address among the provider's `endpoints` are called.
    pub(crate) host: &'static str,
    /// Its identifier, of which the SDK makes names of variables.
    pub(crate) id: &'static str,
}

impl Service {
    pub(crate) const APPFLOW: Self = Self::named("AppFlow", "appflow", "Appflow");
    pub(crate) const STS: Self = Self::named("STS", "sts", "STS");
    pub(crate) const SECRETS_MANAGER: Self =
        Self::named("Secrets Manager", "secretsmanager", "Secrets Manager");
    pub(crate) const IAM: Self = Self::named("IAM", "iam", "IAM");
    pub(crate) const KMS: Self = Self::named("KMS", "kms", "KMS");
    pub(crate) const REDSHIFT: Self = Self::named("Redshift", "redshift", "Redshift");
    pub(crate) const S3: Self = Self::named("S3", "s3", "S3");
    pub(crate) const SSM: Self = Self::named("Systems Manager", "ssm", "SSM");

    const fn named(name: &'static str, host: &'static str, id: &'static str) -> Self {
        Self { name, host, id }
    }

    /// What sets its address, in words.
    fn endpoint_settings(self) -> String {
        let option = if self == Self::APPFLOW {
            "`--endpoint-url`, "
        } else {
            ""
        };
        let variable = self.endpoint_variable();
        format!("{option}`endpoints` of the provider, {variable}, AWS_ENDPOINT_URL")
    }

    /// The environment variable with its address.
    pub(crate) fn endpoint_variable(self) -> String {
        let id = self.id.to_uppercase().replace(' ', "_");
        format!("AWS_ENDPOINT_URL_{id}")
    }
}

/// A request that may fail.
pub(crate) struct Request<'a> {
    /// Whom it is sent to.
    pub(crate) service: Service,
    /// The service's name for it: `CreateConnectorProfile`.
    pub(crate) operation: &'static str,
    /// Whether it changes anything.
    pub(crate) writes: bool,
    /// The address, if it is not the service's own.
    pub(crate) endpoint: Option<&'a str>,
    /// What it carried that must not be shown.
    pub(crate) redactor: &'a Redactor,
}

/// What a code of the service means.
const CODES: &[(&str, ErrorKind)] = &[
    ("AccessDeniedException", ErrorKind::AccessDenied),
    ("AccessDenied", ErrorKind::AccessDenied),
    ("AlreadyExistsException", ErrorKind::Conflict),
    ("AuthorizationHeaderMalformed", ErrorKind::Validation),
    ("BucketAlreadyExists", ErrorKind::Conflict),
    ("BucketAlreadyOwnedByYou", ErrorKind::Conflict),
    ("BucketNotEmpty", ErrorKind::Conflict),
    ("ClusterAlreadyExists", ErrorKind::Conflict),
    ("ClusterNotFound", ErrorKind::NotFound),
    ("ClusterQuotaExceeded", ErrorKind::Quota),
    ("ClusterSnapshotAlreadyExists", ErrorKind::Conflict),
    ("ConflictException", ErrorKind::Conflict),
    ("DeleteConflict", ErrorKind::Conflict),
    ("EntityAlreadyExists", ErrorKind::Conflict),
    (
        "ConnectorAuthenticationException",
        ErrorKind::Authentication,
    ),
    ("ConnectorServerException", ErrorKind::Other),
    (
        "DependentServiceRequestThrottlingFault",
        ErrorKind::Throttled,
    ),
    ("ExpiredToken", ErrorKind::NotConfigured),
    ("ExpiredTokenException", ErrorKind::NotConfigured),
    ("IncompleteSignature", ErrorKind::NotConfigured),
    ("InternalServerException", ErrorKind::Internal),
    ("IllegalLocationConstraintException", ErrorKind::Validation),
    ("InvalidAccessKeyId", ErrorKind::NotConfigured),
    ("InvalidClusterState", ErrorKind::Conflict),
    ("InvalidClientTokenId", ErrorKind::NotConfigured),
    ("InvalidSignatureException", ErrorKind::NotConfigured),
    ("MissingAuthenticationToken", ErrorKind::NotConfigured),
    ("InvalidInput", ErrorKind::Validation),
    ("KMSInternalException", ErrorKind::Internal),
    ("KMSInvalidStateException", ErrorKind::Conflict),
    ("LimitExceeded", ErrorKind::Quota),
    ("LimitExceededException", ErrorKind::Quota),
    ("MalformedPolicyDocument", ErrorKind::Validation),
    ("NoSuchBucket", ErrorKind::NotFound),
    ("NoSuchBucketPolicy", ErrorKind::NotFound),
    ("NoSuchEntity", ErrorKind::NotFound),
    ("NoSuchTagSet", ErrorKind::NotFound),
    ("NotFoundException", ErrorKind::NotFound),
    ("OperationAborted", ErrorKind::Conflict),
    ("NumberOfNodesPerClusterLimitExceeded", ErrorKind::Quota),
    ("NumberOfNodesQuotaExceeded", ErrorKind::Quota),
    ("ParameterNotFound", ErrorKind::NotFound),
    ("ParameterVersionNotFound", ErrorKind::NotFound),
    ("PermanentRedirect", ErrorKind::Validation),
    ("ResourceExistsException", ErrorKind::Conflict),
    ("ResourceNotFoundException", ErrorKind::NotFound),
    ("ServiceQuotaExceededException", ErrorKind::Quota),
    ("ServiceUnavailable", ErrorKind::Internal),
    ("SignatureDoesNotMatch", ErrorKind::NotConfigured),
    ("SlowDown", ErrorKind::Throttled),
    ("Throttling", ErrorKind::Throttled),
    ("ThrottlingException", ErrorKind::Throttled),
    ("TooManyBuckets", ErrorKind::Quota),
    ("TooManyRequestsException", ErrorKind::Throttled),
    ("UnauthorizedOperation", ErrorKind::AccessDenied),
    ("UnrecognizedClientException", ErrorKind::NotConfigured),
    ("UnsupportedOperationException", ErrorKind::Validation),
    ("ValidationError", ErrorKind::Validation),
    ("ValidationException", ErrorKind::Validation),
];

/// A bucket is asked for where it is not.
const ANOTHER_REGION: &str = "the bucket is in another region than the one that was asked: set `region` \
     to where it is, or use a provider configuration of that region";

/// What can be done about an error: of which service (`None` for every one), for which kind, and if
/// the words contain this.
const HINTS: &[(Option<Service>, ErrorKind, &str, &str)] = &[
    (
        Some(Service::APPFLOW),
        ErrorKind::Validation,
        "clientcredentialsarn",
        "the policy of the secret must let the service `appflow.amazonaws.com` read it \
         (secretsmanager:GetSecretValue, DescribeSecret), and so must the policy of its KMS key \
         (kms:Decrypt)",
    ),
    (
        Some(Service::APPFLOW),
        ErrorKind::Validation,
        "authcode cannot be blank",
        "the service found nothing to sign in with: set `access_token` or `refresh_token`, or \
         `oauth_request` with `auth_code` and `redirect_uri`; client credentials in a secret are \
         read only if the secret's policy lets the service `appflow.amazonaws.com` read it",
    ),
    (
        Some(Service::APPFLOW),
        ErrorKind::AccessDenied,
        "",
        "the credentials in use need an IAM policy that allows this operation; if it names \
         another service, so does AppFlow for reading the secret, the key or the bucket",
    ),
    (
        Some(Service::APPFLOW),
        ErrorKind::Authentication,
        "",
        "the connector itself refused the credentials: check them, and whether a token has \
         expired, with the connector",
    ),
    (
        Some(Service::APPFLOW),
        ErrorKind::Quota,
        "",
        "an account has 100 connector profiles in a region unless AWS raised the quota: delete \
         some, or ask for more in the Service Quotas console",
    ),
    (
        Some(Service::S3),
        ErrorKind::Validation,
        "must be addressed using the specified endpoint",
        ANOTHER_REGION,
    ),
    (
        Some(Service::S3),
        ErrorKind::Validation,
        "the region '",
        ANOTHER_REGION,
    ),
    (
        Some(Service::S3),
        ErrorKind::AccessDenied,
        "",
        "the credentials in use need an IAM policy that allows this operation, and the policy of the \
         bucket must not forbid it",
    ),
    (
        Some(Service::KMS),
        ErrorKind::AccessDenied,
        "",
        "the credentials in use need an IAM policy that allows this operation, and the policy of the \
         key itself must let them",
    ),
    (
        Some(Service::REDSHIFT),
        ErrorKind::Validation,
        "capacity",
        "AWS has no such nodes free there: choose another `availability_zone` or `node_type`, or try \
         again later",
    ),
    (
        None,
        ErrorKind::AccessDenied,
        "",
        "the credentials in use need an IAM policy that allows this operation",
    ),
    (
        None,
        ErrorKind::Quota,
        "",
        "a quota of the account is used up: delete what is not needed, or ask for more in the Service \
         Quotas console",
    ),
    (
        None,
        ErrorKind::Throttled,
        "",
        "the account sends more requests than the service takes: use a lower `--parallelism`",
    ),
    (
        None,
        ErrorKind::NotConfigured,
        "",
        "the AWS credentials in use are not valid or have expired: check them with `aws sts \
         get-caller-identity`",
    ),
];

impl Request<'_> {
    /// What the SDK's error means.
    pub(crate) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> ProviderError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut told = match error {
            // An answer that says neither yes nor no.
            SdkError::ServiceError(service)
                if service.raw().status().is_success() && service.err().code().is_none() =>
            {
                let mut told = self.lost("the answer could not be understood");
                told.status = Some(service.raw().status().as_u16());
                told
            }
            SdkError::ServiceError(service) => self.refused(service.err(), service.raw()),
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                let mut told = self.lost(&format!(
                    "the answer could not be understood: {}",
                    chain(error)
                ));
                told.status = Some(status);
                told
            }
            SdkError::TimeoutError(_) if !is_connecting(error) => {
                self.lost("there was no answer in time")
            }
            SdkError::DispatchFailure(failure)
                if !is_connecting(error)
                    && (failure.is_io()
                        || failure.is_timeout()
                        || find::<hyper_util::client::legacy::Error>(error).is_some()) =>
            {
                self.lost(&format!("the connection was lost: {}", chain(error)))
            }
            _ => self.never_sent(error),
        };
        told.message = self.redactor.redact(&told.message);
        told
    }

    /// The service answered with an error.
    fn refused<E: ProvideErrorMetadata>(&self, error: &E, raw: &HttpResponse) -> ProviderError {
        let status = raw.status().as_u16();
        let kind = error.code().and_then(|code| {
            CODES
                .iter()
                .find(|(known, _)| *known == code)
                .map(|(_, kind)| *kind)
        });
        let kind = kind.unwrap_or_else(|| kind_of_status(status));
        let message = error.message().map_or_else(
            || format!("the service answered with HTTP status {status} and no message"),
            str::to_owned,
        );
        let words = message.to_lowercase();
        let hint = HINTS
            .iter()
            .find(|(service, of, contained, _)| {
                let concerns = service.is_none_or(|service| service == self.service);
                concerns && *of == kind && words.contains(contained)
            })
            .map(|(.., hint)| (*hint).to_owned());
        let request_id = raw
            .headers()
            .get("x-amzn-requestid")
            .or_else(|| raw.headers().get("x-amz-request-id"));
        ProviderError {
            kind,
            operation: self.operation.to_owned(),
            message,
            code: error.code().map(str::to_owned),
            status: Some(status),
            request_id: request_id.map(str::to_owned),
            hint,
        }
    }

    /// The request may have reached the service; for a question that makes no difference.
    fn lost(&self, message: &str) -> ProviderError {
        if self.writes {
            ProviderError::local(ErrorKind::Ambiguous, self.operation, message)
                .with_hint("the service may have done what was asked all the same")
        } else {
            ProviderError::local(ErrorKind::Unreachable, self.operation, message)
        }
    }

    /// The request did not leave.
    fn never_sent(&self, error: &(dyn Error + 'static)) -> ProviderError {
        if let Some(refused) = find::<RoleRefused>(error) {
            return refused.told(self.operation);
        }
        if let Some(credentials) = find::<CredentialsError>(error) {
            return no_credentials(self.operation, credentials);
        }
        if is_connecting(error) {
            let place = self
                .endpoint
                .map_or_else(String::new, |url| format!(" at {url}"));
            let Service { name, host, .. } = self.service;
            let message = format!("no connection to {name}{place}: {}", innermost(error));
            let hint = match self.endpoint {
                Some(_) => format!(
                    "check the endpoint URL ({}) and whether something listens there",
                    self.service.endpoint_settings()
                ),
                None => format!(
                    "check the network, and whether {name} exists in the region: its endpoint is \
                     {host}.REGION.amazonaws.com"
                ),
            };
            let error = ProviderError::local(ErrorKind::Unreachable, self.operation, message);
            return error.with_hint(hint);
        }
        let text = chain(error);
        // The SDK picks a way to sign by the credentials it has.
        if text.contains("no matching auth scheme") || text.contains("auth scheme") {
            return no_credentials(self.operation, error);
        }
        // The SDK shows the request that it could not make, body and all.
        let text = if text.contains("SdkBody") {
            format!("the request could not be made: {}", innermost(error))
        } else {
            text
        };
        ProviderError::local(ErrorKind::Other, self.operation, text)
    }
}

/// An address that the SDK would take for a path.
pub(crate) fn no_scheme(service: Service, operation: &str, endpoint: &str) -> ProviderError {
    let message =
        format!("invalid endpoint URL: {endpoint:?} begins with neither https:// nor http://");
    let hint = format!(
        "write \"https://{endpoint}\", or \"http://{endpoint}\" for a local endpoint ({})",
        service.endpoint_settings()
    );
    ProviderError::local(ErrorKind::NotConfigured, operation, message).with_hint(hint)
}

/// A role of the provider's settings that could not be assumed.
#[derive(Debug, thiserror::Error)]
#[error("the role {role} cannot be assumed")]
pub(crate) struct RoleRefused {
    pub(crate) role: String,
    #[source]
    pub(crate) error: CredentialsError,
}

impl RoleRefused {
    fn told(&self, operation: &str) -> ProviderError {
        let Self { error, .. } = self;
        let answer = find::<SdkError<AssumeRoleError, HttpResponse>>(error);
        let words = answer.and_then(|answer| answer.as_service_error()?.message());
        let (kind, hint) = match (words, answer) {
            (None, Some(answer)) if is_connecting(answer) => (
                ErrorKind::Unreachable,
                "check the network, and the address of STS if one is set (`endpoints` of the \
                 provider, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL)",
            ),
            (None, _) => (
                ErrorKind::NotConfigured,
                "a role is assumed with other credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, or `profile` of the provider",
            ),
            (Some(_), _) => (
                ErrorKind::AccessDenied,
                "check `assume_role` of the provider; the role has to trust whose credentials are in \
                 use, and they need a policy that allows `sts:AssumeRole` for it",
            ),
        };
        let words = words.map_or_else(|| innermost(error), str::to_owned);
        let message = format!("{self}: {words}");
        ProviderError::local(kind, operation, message).with_hint(hint)
    }
}

/// There is nothing to sign requests with.
pub(crate) fn no_credentials(operation: &str, error: &(dyn Error + 'static)) -> ProviderError {
    let message = format!("no AWS credentials: {}", innermost(error));
    ProviderError::local(ErrorKind::NotConfigured, operation, message).with_hint(
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `profile` of the \
         provider; without an AWS account, use `--emulator`",
    )
}

/// There is no region to send requests to.
pub(crate) fn no_region(operation: &str) -> ProviderError {
    let message = "no AWS region is set";
    ProviderError::local(ErrorKind::NotConfigured, operation, message).with_hint(
        "set `region` of the provider (`provider \"aws\" { region = \"eu-west-1\" }`), AWS_REGION, \
         or the region of the profile in use",
    )
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        400 | 413 => ErrorKind::Validation,
        401 => ErrorKind::Authentication,
        402 => ErrorKind::Quota,
        403 => ErrorKind::AccessDenied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled,
        500.. => ErrorKind::Internal,
        _ => ErrorKind::Other,
    }
}

/// Whether the error came before there was a connection: name resolution, refusal, TLS.
fn is_connecting(error: &(dyn Error + 'static)) -> bool {
    let connect = find::<hyper_util::client::legacy::Error>(error);
    if connect.is_some_and(hyper_util::client::legacy::Error::is_connect) {
        return true;
    }
    let io = find::<std::io::Error>(error).map(std::io::Error::kind);
    if io == Some(std::io::ErrorKind::ConnectionRefused) {
        return true;
    }
    let text = chain(error);
    [
        "connect timeout",
        "HTTP connect",
        "dns error",
        "failed to lookup",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// The first error of a type among an error and its sources.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    sources(error).find_map(|error| error.downcast_ref::<T>())
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    sources(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// The error and its sources in one line, without repetitions.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in sources(error) {
        let text = error.to_string();
        if !texts.iter().any(|before| before.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}
