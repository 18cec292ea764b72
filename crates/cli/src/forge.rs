//! Comments on pull requests and merge requests: GitHub's and GitLab's interfaces, as far as one
//! comment needs them, over the same HTTP and TLS as the requests to AWS.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use flowctl_render::style::clean;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::error::{CommandError, sentence};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pauses before another attempt, unless the host names one.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The longest pause that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Comments on a page, the most that both hosts give.
const PAGE: usize = 100;
/// Pages looked through.
const MAX_PAGES: usize = 100;

/// Where code is reviewed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Host {
    GitHub,
    GitLab,
}

impl Host {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        }
    }

    /// The variable that holds the token.
    pub(crate) fn token_variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_TOKEN",
            Self::GitLab => "GITLAB_TOKEN",
        }
    }

    /// What the token must be allowed to do.
    fn permission(self) -> &'static str {
        match self {
            Self::GitHub => {
                "a workflow needs `permissions: pull-requests: write`; a workflow that a fork \
                 started gets a token that only reads"
            }
            Self::GitLab => "the token needs the scope `api` and at least the role Reporter",
        }
    }
}

/// A pull request or merge request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Thread {
    pub(crate) host: Host,
    project: String,
    number: u64,
}

impl Thread {
    /// `OWNER/REPO#N`.
    pub(crate) fn github(text: &str) -> Result<Self, String> {
        let found = Self::parse(Host::GitHub, text, '#');
        found
            .filter(|thread| thread.project.matches('/').count() == 1)
            .ok_or_else(|| "write OWNER/REPO#NUMBER, as in example/flows#12".to_owned())
    }

    /// `GROUP/PROJECT!N`.
    pub(crate) fn gitlab(text: &str) -> Result<Self, String> {
        Self::parse(Host::GitLab, text, '!')
            .ok_or_else(|| "write GROUP/PROJECT!NUMBER, as in example/flows!12".to_owned())
    }

    fn parse(host: Host, text: &str, sign: char) -> Option<Self> {
        let (project, number) = text.rsplit_once(sign)?;
        let is_name = |name: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !name.is_empty() && name != "." && name != ".." && name.chars().all(fits)
        };
        let number = number.parse().ok()?;
        let is_project = project.contains('/') && project.split('/').all(is_name);
        is_project.then(|| Self {
            host,
            project: project.to_owned(),
            number,
        })
    }

    fn comments(&self) -> String {
        let Self {
            project, number, ..
        } = self;
        match self.host {
            Host::GitHub => format!("/repos/{project}/issues/{number}/comments"),
            Host::GitLab => {
                let project = project.replace('/', "%2F");
                format!("/projects/{project}/merge_requests/{number}/notes")
            }
        }
    }

    fn comment(&self, id: u64) -> String {
        match self.host {
            Host::GitHub => format!("/repos/{}/issues/comments/{id}", self.project),
            Host::GitLab => format!("{}/{id}", self.comments()),
        }
    }
}

/// What became of a comment.
pub(crate) struct Posted {
    /// It was there, and was given another text.
    pub(crate) updated: bool,
    /// Where it can be read, if the host says.
    pub(crate) url: Option<String>,
}

impl Posted {
    fn of(answer: &Value, updated: bool) -> Self {
        let url = answer.get("html_url").and_then(Value::as_str);
        Self {
            updated,
            url: url.map(|url| clean(url).into_owned()),
        }
    }
}

/// A host that can be asked.
pub(crate) struct Forge {
    host: Host,
    url: String,
    token: Zeroizing<String>,
    connector: Connector,
}

/// Why a request did not do what it was to do.
enum Failure {
    /// It may go well another time.
    Passing {
        reason: String,
        /// The pause that the host names.
        wait: Option<Duration>,
        /// It is asked too much.
        limited: bool,
    },
    /// The token may not do it.
    Refused(CommandError),
    /// It will not, whoever asks.
    Lasting(CommandError),
}

impl Forge {
    /// `url` is where the interface is; the token is sent there and nowhere else.
    pub(crate) fn new(
        host: Host,
        url: &str,
        token: Zeroizing<String>,
    ) -> Result<Self, CommandError> {
        let url = url.trim_end_matches('/');
        if !is_private(url) {
            let detail = format!("The token would be sent to {url} for everybody to read.");
            return Err(CommandError::user("Address without encryption", detail)
                .with_help("give an address that begins with https://"));
        }
        let connector = ConnectorBuilder::default()
            .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env())
            .build();
        Ok(Self {
            host,
            url: url.to_owned(),
            token,
            connector,
        })
    }

    /// Gives the comment that begins with `marker` another text, or makes it.
    pub(crate) async fn post(
        &self,
        thread: &Thread,
        marker: &str,
        text: &str,
    ) -> Result<Posted, CommandError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            // From the beginning each time: an attempt that seemed to fail may have made it.
            let failure = match self.attempt(thread, marker, text).await {
                Ok(posted) => return Ok(posted),
                Err(failure) => failure,
            };
            let (reason, named, limited) = match failure {
                Failure::Refused(error) | Failure::Lasting(error) => return Err(error),
                Failure::Passing {
                    reason,
                    wait,
                    limited,
                } => (reason, wait, limited),
            };
            let pause = pauses
                .next()
                .filter(|_| named.is_none_or(|n| n <= LONGEST_PAUSE));
            let Some(pause) = pause else {
                let name = self.host.name();
                let summary = if limited {
                    format!("{name} takes no more requests for now")
                } else {
                    format!("{name} cannot be reached")
                };
                let wait = named.map(|n| format!(" It asks to wait for {} s.", n.as_secs()));
                let detail = format!("{}{}", sentence(&reason), wait.unwrap_or_default());
                return Err(CommandError::user(summary, detail));
            };
            tracing::info!(%reason, "the request is sent again");
            sleep(named.unwrap_or(pause)).await;
        }
    }

    async fn attempt(&self, thread: &Thread, marker: &str, text: &str) -> Result<Posted, Failure> {
        let body = serde_json::json!({ "body": text }).to_string();
        let method = match self.host {
            Host::GitHub => "PATCH",
            Host::GitLab => "PUT",
        };
        for id in self.find(thread, marker).await? {
            let path = thread.comment(id);
            match self.request(method, &path, Some(body.clone())).await {
                Ok(answer) => return Ok(Posted::of(&answer, true)),
                // Anybody can write the marker; a comment of somebody else's is not ours to change.
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let path = thread.comments();
        let answer = self.request("POST", &path, Some(body)).await?;
        Ok(Posted::of(&answer, false))
    }

    /// The ids of the comments whose first line is `marker`.
    async fn find(&self, thread: &Thread, marker: &str) -> Result<Vec<u64>, Failure> {
        let comments = thread.comments();
        let mut found = Vec::new();
        for page in 1..=MAX_PAGES {
            let path = format!("{comments}?per_page={PAGE}&page={page}");
            let answer = self.request("GET", &path, None).await?;
            let Some(comments) = answer.as_array() else {
                return Err(self.lasting("Unexpected answer", "It is no list of comments."));
            };
            for comment in comments {
                let body = comment.get("body").and_then(Value::as_str);
                let first = body.and_then(|body| body.lines().next());
                if first.is_some_and(|line| line.trim() == marker) {
                    found.extend(comment.get("id").and_then(Value::as_u64));
                }
            }
            if comments.len() < PAGE {
                break;
            }
        }
        Ok(found)
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<Value, Failure> {
        let request = self
            .prepare(method, path, body)
            .map_err(|error| self.lasting("Invalid request", &error))?;
        let passing = |reason: String| Failure::Passing {
            reason,
            wait: None,
            limited: false,
        };
        let exchange = async {
            let answer = self.connector.call(request).await;
            let answer = answer.map_err(|error| passing(reason(&error)))?;
            let status = answer.status().as_u16();
            let header = |name| answer.headers().get(name).map(str::to_owned);
            let wait = header("retry-after").and_then(|text| text.parse().ok());
            let limited = header("x-ratelimit-remaining").as_deref() == Some("0");
            let renewed = header("x-ratelimit-reset").filter(|_| limited);
            let renewed = renewed.and_then(|text| text.parse().ok());
            let wait = wait.or_else(|| renewed.map(seconds_until));
            let body = ByteStream::new(answer.into_body()).collect().await;
            let body = body
                .map_err(|error| passing(error.to_string()))?
                .into_bytes();
            Ok((status, wait.map(Duration::from_secs), limited, body))
        };
        let late = |_| passing("no answer in 30 seconds".to_owned());
        let (status, wait, limited, body) = timeout(PATIENCE, exchange).await.map_err(late)??;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&body)
                .map_err(|_| self.lasting("Unexpected answer", "It is no JSON."));
        }
        let said = self.words(&body);
        // GitHub says so in words alone if it is a limit that is not counted.
        let limited = limited || wait.is_some() || said.contains("rate limit");
        let limited = status == 429 || status == 403 && limited;
        Err(if limited || status >= 500 {
            Failure::Passing {
                reason: format!("it answers with status {status}{said}"),
                wait,
                limited,
            }
        } else if matches!(status, 403 | 404) {
            Failure::Refused(self.refusal(status, &said))
        } else {
            Failure::Lasting(self.refusal(status, &said))
        })
    }

    fn prepare(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<HttpRequest, String> {
        let body = body.map_or_else(SdkBody::empty, SdkBody::from);
        let length = body.content_length().unwrap_or_default();
        let mut request = HttpRequest::new(body);
        let text = |error: &dyn std::error::Error| error.to_string();
        request.set_method(method).map_err(|e| text(&e))?;
        let uri = format!("{}{path}", self.url);
        request.set_uri(uri).map_err(|e| text(&e))?;
        let agent = concat!("flowctl/", env!("CARGO_PKG_VERSION"));
        let (secret, accept) = match self.host {
            Host::GitHub => {
                let secret = Zeroizing::new(format!("Bearer {}", self.token.as_str()));
                (("authorization", secret), "application/vnd.github+json")
            }
            Host::GitLab => (("private-token", self.token.clone()), "application/json"),
        };
        let length = length.to_string();
        for (name, value) in [
            ("accept", accept),
            ("content-type", "application/json"),
            ("content-length", length.as_str()),
            ("user-agent", agent),
            (secret.0, secret.1.as_str()),
        ] {
            let set = request.headers_mut().try_insert(name, value.to_owned());
            // Its message would repeat the value.
            set.map_err(|_| format!("the value for the header {name} has signs that it must not"))?;
        }
        Ok(request)
    }

    /// What the host says about a failure, in brackets.
    fn words(&self, body: &[u8]) -> String {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            return String::new();
        };
        let said = ["message", "error_description", "error"]
            .into_iter()
            .find_map(|name| answer.get(name));
        let said = match said {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => return String::new(),
        };
        let said = said.replace(self.token.as_str(), "***");
        let short: String = clean(&said).chars().take(300).collect();
        format!(" ({short})")
    }

    fn refusal(&self, status: u16, said: &str) -> CommandError {
        let (name, variable) = (self.host.name(), self.host.token_variable());
        let error = |summary: &str, detail: String| {
            CommandError::user(summary, format!("{detail}: status {status}{said}."))
        };
        match status {
            401 => error(
                "Not signed in",
                format!("{name} refuses the token in {variable}"),
            )
            .with_help("make a new token; the old one may have expired"),
            403 => error(
                "Not allowed",
                format!("{name} does not let the token comment"),
            )
            .with_help(self.host.permission()),
            404 => error(
                "Not found",
                format!("{name} has no such request, or does not show it to the token"),
            )
            .with_help(self.host.permission()),
            _ => error(
                "Comment refused",
                format!("{name} does not take the comment"),
            ),
        }
    }

    fn lasting(&self, summary: &str, detail: &str) -> Failure {
        let summary = format!("{summary}: {}", self.host.name());
        Failure::Lasting(CommandError::user(summary, sentence(detail)))
    }
}

/// Seconds from now until a time in seconds since 1970.
fn seconds_until(time: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    time.saturating_sub(now.unwrap_or_default().as_secs())
}

/// The innermost reason of a failed connection, which is what says something.
fn reason(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

/// Whether nobody on the way can read what is sent to an address.
fn is_private(url: &str) -> bool {
    if url.starts_with("https://") {
        return true;
    }
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, port)| {
            if port.bytes().all(|b| b.is_ascii_digit()) {
                host
            } else {
                authority
            }
        });
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_as_people_write_them() {
        let thread = Thread::github("example/flows#12").unwrap();
        assert_eq!(thread.comments(), "/repos/example/flows/issues/12/comments");
        assert_eq!(thread.comment(7), "/repos/example/flows/issues/comments/7");
        let thread = Thread::gitlab("group/sub/flows!3").unwrap();
        let notes = "/projects/group%2Fsub%2Fflows/merge_requests/3/notes";
        assert_eq!(thread.comments(), notes);
        assert_eq!(thread.comment(7), format!("{notes}/7"));
        for wrong in [
            "", "flows#1", "a/b/c#1", "a/b", "a/b#x", "a/b!1", "a/..#1", "a/b?c#1",
        ] {
            assert!(Thread::github(wrong).is_err(), "{wrong}");
        }
        for wrong in ["flows!1", "a/b#1", "a//b!1", "a/b!"] {
            assert!(Thread::gitlab(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tokens_are_sent_without_encryption_only_to_the_machine_itself() {
        for fine in [
            "https://api.github.com",
            "http://localhost:8080/x",
            "http://127.0.0.1:1",
            "http://[::1]:80",
        ] {
            assert!(is_private(fine), "{fine}");
        }
        for wrong in [
            "http://example.com",
            "http://localhost@example.com",
            "http://localhost:x@example.com:80",
            "http://localhost.example.com",
            "ftp://localhost",
            "api.github.com",
        ] {
            assert!(!is_private(wrong), "{wrong}");
        }
    }
}
