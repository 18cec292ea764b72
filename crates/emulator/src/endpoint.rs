//! One request after the other: route, faults, constraints, work, answer, log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, ServiceError};
use crate::faults::{Before, Decision, Faults, Injector};
use crate::operations::{Context, Operation, millis, now};
use crate::options::Options;
use crate::recorder::{Entry, Logged, Recorder};
use crate::service::{OperationShape, SERVICE};
use crate::store::{Database, StoreThread, digest};
use crate::{arn, sts, uri, validate};

/// A request, read whole.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    /// The token of the session that its credentials are of.
    pub(crate) session: Option<String>,
    /// Whether a web page made it.
    pub(crate) from_page: bool,
    pub(crate) body: Vec<u8>,
}

/// What to do about it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(String),
    Error(ServiceError),
    /// As STS answers.
    Sts(sts::Answer),
    /// Close the connection without an answer; `reset` as if the host had gone.
    Drop {
        reset: bool,
    },
}

/// The endpoint without its sockets.
pub(crate) struct Endpoint {
    options: Options,
    account: Arc<str>,
    connectors: Arc<[String]>,
    store: StoreThread,
    injector: Mutex<Injector>,
    recorder: Recorder,
}

impl Endpoint {
    pub(crate) fn new(options: Options) -> Result<Self, Error> {
        options.check()?;
        let key = digest::Key::random();
        let database = Database::open(&options.store, key.clone())?;
        Ok(Self {
            account: options.account.as_str().into(),
            connectors: options.connectors.clone().into(),
            store: StoreThread::start(database)?,
            injector: Mutex::new(Injector::new(options.faults.clone())),
            recorder: Recorder::new(key, options.request_log, options.record_bodies),
            options,
        })
    }

    pub(crate) async fn handle(&self, request: Request) -> Outcome {
        if self.options.admin && request.path.starts_with("/_flowctl/") {
            return self
                .administer(&request)
                .await
                .map_or_else(Outcome::Error, Outcome::Answer);
        }
        if sts::is_for(&request) {
            let region = self.region(&request);
            return Outcome::Sts(sts::answer(&request, &self.account, region));
        }
        match route(&request.method, &request.path) {
            Ok((operation, shape)) => self.operate(operation, shape, &request).await,
            Err(error) => Outcome::Error(error),
        }
    }

    async fn operate(
        &self,
        operation: Operation,
        shape: &OperationShape,
        request: &Request,
    ) -> Outcome {
        let region = self.region(request);
        let session = sts::Session::of(request);
        let account = session.map_or_else(|| Arc::clone(&self.account), |of| of.account.into());
        let decision = self.injector().decide(operation);
        if !decision.delay.is_zero() {
            tokio::time::sleep(decision.delay).await;
        }
        let mut body = None;
        let mut ignored = Vec::new();
        let result = match decision.before {
            Some(before) => {
                body = input(request, shape).ok();
                Err(match before {
                    Before::Reset => None,
                    Before::Answer(kind) => Some(injected(kind)),
                    Before::Echo => Some(echo(request)),
                })
            }
            None => match input(request, shape) {
                Err(error) => Err(Some(error)),
                Ok(mut input) => {
                    if self.recorder.wants_bodies() {
                        body = Some(input.clone());
                    }
                    match validate::check(&SERVICE, &shape.input, &mut input) {
                        Ok(unknown) => {
                            ignored = unknown;
                            let context = self.context(&account, region, &decision);
                            let work = move |database: &mut Database| {
                                operation.perform(database, &context, &input)
                            };
                            self.store.run(work).await.map_err(Some)
                        }
                        Err(error) => Err(Some(error)),
                    }
                }
            },
        };
        let lost = decision.lost && result.is_ok();
        self.recorder.record(&Entry {
            at: now(),
            operation: operation.name(),
            region,
            body,
            ignored,
            faults: decision.fired,
            outcome: match &result {
                Ok(_) if lost => Logged::Dropped,
                Ok(_) => Logged::Success,
                Err(Some(error)) => Logged::Failure(error.kind.status(), error.kind.name()),
                Err(None) => Logged::Dropped,
            },
        });
        if !decision.late.is_zero() {
            tokio::time::sleep(decision.late).await;
        }
        match result {
            Ok(_) if lost => Outcome::Drop { reset: false },
            Ok(answer) => Outcome::Answer(answer),
            Err(Some(error)) => Outcome::Error(error),
            Err(None) => Outcome::Drop { reset: true },
        }
    }

    /// The region that a request is signed for.
    fn region<'a>(&'a self, request: &'a Request) -> &'a str {
        let signed = request.authorization.as_deref();
        let signed = signed.and_then(arn::signed_region);
        signed.unwrap_or(&self.options.region)
    }

    fn context(&self, account: &Arc<str>, region: &str, decision: &Decision) -> Context {
        Context {
            account: Arc::clone(account),
            region: region.to_owned(),
            scope: format!("{account}/{region}"),
            now: now(),
            quota: self.options.quota,
            connectors: Arc::clone(&self.connectors),
            private_provisioning: self.options.private_provisioning,
            token_lifetime_ms: millis(self.options.token_lifetime),
            stale: decision.stale,
            role_lag: decision.role_lag,
            private_failed: decision.private_failed,
        }
    }

    /// The administration interface: for tests, on the same port, never part of the protocol.
    async fn administer(&self, request: &Request) -> Result<String, ServiceError> {
        // A page in a browser can send requests to loopback; it has no business here.
        if request.from_page {
            return Err(ServiceError::new(
                ErrorKind::AccessDenied,
                "Not for web pages",
            ));
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/_flowctl/requests") => Ok(self.recorder.report().to_string()),
            ("GET", "/_flowctl/faults") => {
                Ok(json!({"rules": self.injector().faults().to_string()}).to_string())
            }
            ("POST", "/_flowctl/faults") => {
                let wrong = |message: String| ServiceError::new(ErrorKind::Validation, message);
                let text = std::str::from_utf8(&request.body)
                    .map_err(|_| wrong("The rules are not UTF-8".to_owned()))?;
                let faults = Faults::parse(text).map_err(|error| wrong(error.to_string()))?;
                let rules = faults.to_string();
                *self.injector() = Injector::new(faults);
                Ok(json!({"rules": rules}).to_string())
            }
            ("POST", "/_flowctl/reset") => {
                self.store.run(Database::clear).await?;
                self.recorder.clear();
                *self.injector() = Injector::new(self.options.faults.clone());
                Ok("{}".to_owned())
            }
            (_, "/_flowctl/requests" | "/_flowctl/faults" | "/_flowctl/reset") => {
                Err(wrong_method(&request.method, &request.path))
            }
            (_, path) => Err(unknown(path)),
        }
    }

    fn injector(&self) -> MutexGuard<'_, Injector> {
        self.injector.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TAGS: &str = "/tags/";

fn route(method: &str, path: &str) -> Result<(Operation, &'static OperationShape), ServiceError> {
    let same_path = |shape: &OperationShape| match shape.path.strip_suffix("{resourceArn}") {
        Some(prefix) => path.len() > prefix.len() && path.starts_with(prefix),
        None => shape.path == path,
    };
    let mut found = false;
    for (name, shape) in &SERVICE.operations {
        if same_path(shape) {
            found = true;
            if let (true, Some(operation)) = (shape.method == method, Operation::from_name(name)) {
                return Ok((operation, shape));
            }
        }
    }
    Err(if found {
        wrong_method(method, path)
    } else {
        unknown(path)
    })
}

fn wrong_method(method: &str, path: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::MethodNotAllowed,
        format!("The method {method} is not allowed for {path}"),
    )
}

fn unknown(path: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::UnknownOperation,
        format!("There is no operation at {path}"),
    )
}

/// The input of an operation: its JSON body, and what the tag operations have in the address.
fn input(request: &Request, shape: &OperationShape) -> Result<Value, ServiceError> {
    let wrong = |message: String| ServiceError::new(ErrorKind::Serialization, message);
    let mut input = if request.body.iter().all(u8::is_ascii_whitespace) {
        json!({})
    } else {
        must_be_json(request.content_type.as_deref())?;
        // The parser's message has a position and what was expected, never what was there.
        serde_json::from_slice(&request.body).map_err(|error| {
            wrong(format!(
                "The request body is not valid JSON at line {} column {}",
                error.line(),
                error.column()
            ))
        })?
    };
    let Some(members) = input.as_object_mut() else {
        return Err(wrong("The request body is not a JSON object".to_owned()));
    };
    if shape.path.starts_with(TAGS) {
        let encoded = request.path.strip_prefix(TAGS).unwrap_or_default();
        let arn =
            uri::decode(encoded).ok_or_else(|| wrong("The address is not UTF-8".to_owned()))?;
        members.insert("resourceArn".to_owned(), arn.into());
        let keys = uri::values(&request.query, "tagKeys");
        if !keys.is_empty() {
            members.insert("tagKeys".to_owned(), keys.into());
        }
    }
    Ok(input)
}

/// Refuses a body that says it is something else than JSON. One that does not say is read.
fn must_be_json(content_type: Option<&str>) -> Result<(), ServiceError> {
    let Some(content_type) = content_type else {
        return Ok(());
    };
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let known = ["application/json", "application/x-amz-json-1.1"];
    if known.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(ServiceError::new(
        ErrorKind::UnsupportedMediaType,
        format!("The content type {kind} is not supported; send application/json"),
    ))
}

/// A service that repeats what it was sent, credentials and all: for tests of clients that must not
/// pass them on.
fn echo(request: &Request) -> ServiceError {
    let body = String::from_utf8_lossy(&request.body);
    ServiceError::rule(format!("The request {body} was refused"))
}

fn injected(kind: ErrorKind) -> ServiceError {
    let message = match kind {
        ErrorKind::Throttling => "Rate exceeded",
        ErrorKind::AccessDenied => {
            "User is not authorized to perform this action because no policy allows it"
        }
        ErrorKind::ConnectorAuthentication => {
            "The connector could not authenticate with the given credentials"
        }
        ErrorKind::ConnectorServer => "Error while communicating to connector",
        ErrorKind::QuotaExceeded => "The request exceeds a service quota",
        ErrorKind::Conflict => "The request conflicts with another one in progress",
        ErrorKind::Validation => "Validation exception: The request was refused",
        _ => "An internal error occurred while processing the request",
    };
    ServiceError::new(kind, message)
}
