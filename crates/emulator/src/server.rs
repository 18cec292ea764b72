//! The sockets: HTTP/1.1 with limits on size, time and number, and answers in the protocol's form.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::endpoint::{Endpoint, Outcome, Request};
use crate::error::{Error, ErrorKind, ServiceError};
use crate::options::Options;

/// Many times the largest request that the model allows.
const MAX_BODY: usize = 4 * 1024 * 1024;
const MAX_HEAD: usize = 64 * 1024;
const MAX_CONNECTIONS: usize = 1024;
/// Longer than clients keep idle connections, so that they are not closed under a request.
const HEAD_TIME: Duration = Duration::from_mins(2);
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long requests in progress may take after the shutdown.
const FAREWELL: Duration = Duration::from_secs(5);

/// A local endpoint that listens and is ready to [run](Server::run).
///
/// ```
/// use flowctl_emulator::{Options, Server};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let server = Server::bind("127.0.0.1:0", Options::default()).await.unwrap();
/// let url = server.endpoint_url(); // http://127.0.0.1:PORT, for any AWS SDK
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let running = tokio::spawn(server.run(async { drop(stopped.await) }));
/// drop(stop);
/// running.await.unwrap();
/// # assert!(url.starts_with("http://127.0.0.1:"));
/// # });
/// ```
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    endpoint: Arc<Endpoint>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the store and listens on `address`; port 0 takes a free one. There is no
    /// authentication: an address that others can reach serves them too.
    pub async fn bind(address: impl ToSocketAddrs, options: Options) -> Result<Self, Error> {
        let listener = TcpListener::bind(address).await.map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        // Opening a file may wait for another process.
        let endpoint = tokio::task::spawn_blocking(|| Endpoint::new(options))
            .await
            .map_err(|error| Error::Store(error.to_string()))??;
        Ok(Self {
            listener,
            address,
            endpoint: Arc::new(endpoint),
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address as an endpoint URL for clients.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `shutdown` completes, then finishes the requests in progress. When this
    /// returns, the data file is closed.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (self.listener.accept().await, place)
            };
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                (accepted, place) = accepted => match accepted {
                    Ok((stream, _)) => {
                        let endpoint = Arc::clone(&self.endpoint);
                        let stopped = stopped.clone();
                        connections.spawn(async move {
                            serve(stream, endpoint, stopped).await;
                            drop(place);
                        });
                    }
                    // Out of descriptors, or a client that went away at once: try again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                },
            }
        }
        drop(self.listener);
        let _ = stop.send(true);
        let finish = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL, finish).await;
        connections.shutdown().await;
        // The last one out waits for the store's thread, which is not for an async worker.
        let endpoint = self.endpoint;
        let _ = tokio::task::spawn_blocking(move || drop(endpoint)).await;
    }
}

/// Serves one connection until either side ends it.
async fn serve(stream: TcpStream, endpoint: Arc<Endpoint>, mut stopped: watch::Receiver<bool>) {
    // Answers are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let service = {
        let reset = Arc::clone(&reset);
        service_fn(move |request| {
            let (endpoint, reset) = (Arc::clone(&endpoint), Arc::clone(&reset));
            // Boxed, because only a connection that can be moved gives its stream back.
            Box::pin(async move { respond(request, endpoint, &reset).await })
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // By hand and not by `.await`: the stream is wanted back if it is to be reset.
    let served = tokio::select! {
        served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => served,
        () = async { drop(stopped.wait_for(|stop| *stop).await) } => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    let stream = connection.into_parts().io.into_inner();
    if served.is_err() && reset.load(Ordering::Relaxed) {
        let _ = stream.set_zero_linger();
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed by a fault rule")]
struct Closed;

async fn respond(
    request: hyper::Request<Incoming>,
    endpoint: Arc<Endpoint>,
    reset: &AtomicBool,
) -> Result<Response<Full<Bytes>>, Closed> {
    let outcome = match read(request).await {
        // In a task of its own: a request that has arrived is carried out, as in the service, even
        // if its sender goes away.
        Ok(request) => tokio::spawn(async move { endpoint.handle(request).await })
            .await
            .map_err(|_| Closed)?,
        Err(error) => Outcome::Error(error),
    };
    match outcome {
        Outcome::Answer(body) => Ok(answer(StatusCode::OK, None, body)),
        Outcome::Error(error) => {
            let status = StatusCode::from_u16(error.kind.status());
            let body = serde_json::json!({"message": error.message}).to_string();
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Ok(answer(status, Some(error.kind), body))
        }
        Outcome::Sts(told) => {
            let status = StatusCode::from_u16(told.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = answer(status, None, told.body);
            let xml = HeaderValue::from_static("text/xml");
            response.headers_mut().insert(CONTENT_TYPE, xml);
            Ok(response)
        }
        Outcome::Drop { reset: as_reset } => {
            reset.store(as_reset, Ordering::Relaxed);
            Err(Closed)
        }
    }
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, ServiceError> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_TIME, Limited::new(body, MAX_BODY).collect()).await;
    let body = match body {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(ServiceError::new(
                ErrorKind::TooLarge,
                format!("The request body is larger than {MAX_BODY} bytes"),
            ));
        }
        Ok(Err(_)) | Err(_) => {
            return Err(ServiceError::new(
                ErrorKind::Serialization,
                "The request body did not arrive whole",
            ));
        }
    };
    // A header that is not text counts as any other wrong value.
    let header = |name| {
        let value: Option<&HeaderValue> = head.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Ok(Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header(AUTHORIZATION),
        content_type: header(CONTENT_TYPE),
        session: header(HeaderName::from_static("x-amz-security-token")),
        from_page: head.headers.contains_key(ORIGIN),
        body,
    })
}

fn answer(status: StatusCode, error: Option<ErrorKind>, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(error) = error {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(error.name()));
    }
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
