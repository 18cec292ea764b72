//! A server for a test and a client that speaks HTTP over a bare socket, so that what is tested
//! is the wire and nothing between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests"
)]
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::time::Duration;

use flowctl_emulator::{Options, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server.
pub(crate) struct Running {
    pub(crate) address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// `200`, or status, error type and message.
    pub(crate) fn outcome(&self) -> String {
        match self.header("x-amzn-errortype") {
            None => self.status.to_string(),
            Some(kind) => format!(
                "{} {kind}: {}",
                self.status,
                self.body["message"].as_str().unwrap()
            ),
        }
    }
}

impl Running {
    pub(crate) async fn start(options: Options) -> Self {
        let server = Server::bind("127.0.0.1:0", options).await.unwrap();
        let address = server.local_addr().to_string();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async { drop(stopped.await) }));
        Self {
            address,
            stop,
            task,
        }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(10), self.task)
            .await
            .unwrap()
            .unwrap();
    }

    /// Sends bytes as they are and reads until the server closes; `None` if nothing came back.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut received = Vec::new();
        let _ = stream.read_to_end(&mut received).await;
        let text = String::from_utf8(received).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Some(Answer {
            status,
            head: head.to_owned(),
            body,
        })
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Option<Answer> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        self.raw(request.as_bytes()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path, "", &body.to_string())
            .await
            .unwrap()
    }

    /// As [`Running::post`], signed for a region.
    pub(crate) async fn post_in(&self, region: &str, path: &str, body: Value) -> Answer {
        let signed = format!(
            "authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/{region}/appflow/aws4_request, SignedHeaders=host, Signature=00\r\n"
        );
        self.request("POST", path, &signed, &body.to_string())
            .await
            .unwrap()
    }

    pub(crate) async fn describe(&self, filter: Value) -> Vec<Value> {
        let answer = self.post("/describe-connector-profiles", filter).await;
        assert_eq!(answer.outcome(), "200");
        answer.body["connectorProfileDetails"]
            .as_array()
            .unwrap()
            .clone()
    }

    pub(crate) async fn log(&self) -> Value {
        self.request("GET", "/_flowctl/requests", "", "")
            .await
            .unwrap()
            .body
    }
}

/// The create request of a profile that signs in with `secret`.
pub(crate) fn slack(name: &str, secret: &str) -> Value {
    json!({
        "connectorProfileName": name, "connectorType": "Slack", "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileCredentials": {
                "Slack": {"clientId": "id", "clientSecret": secret, "accessToken": secret},
            },
            "connectorProfileProperties": {"Slack": {"instanceUrl": "https://x.slack.com"}},
        },
    })
}

/// `base` with the member at `pointer` replaced, or removed if `value` is null.
pub(crate) fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = base.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.shift_remove(member);
    } else {
        parent.insert(member.to_owned(), value);
    }
    base
}

/// What update takes of a create request.
pub(crate) fn as_update(create: Value) -> Value {
    ["connectorType", "connectorLabel", "kmsArn"]
        .iter()
        .fold(create, |base, member| {
            with(base, &format!("/{member}"), Value::Null)
        })
}
