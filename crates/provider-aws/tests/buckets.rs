//! Buckets, against canned answers: what a service in good order never says.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use flowctl_model::{Type, Value};
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_schema::{
    ErrorKind, Provider, ProviderError, ReadRequest, RemoteObject, RemoteObjects,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const BUCKET: &str = "aws_s3_bucket";
const POLICY: &str = "aws_s3_bucket_policy";
/// No answer: the connection is closed.
const LOST: u16 = 0;

/// An answer: status, further headers, body.
type Answer = (u16, &'static str, String);
type Requests = Arc<Mutex<Vec<String>>>;

/// A service that answers as it is told by the head of each request and how many there were like it,
/// and what it was asked.
async fn service(
    answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Requests::default();
    let (heard, answer) = (Arc::clone(&asked), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&heard)));
        }
    });
    (url, asked)
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(&str, usize) -> Answer>,
    heard: Requests,
) {
    let mut request = String::new();
    let mut buffer = [0; 8192];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or_default();
        request.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let whole = request.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.parse::<usize>().ok()).flatten()
            });
            body.len() >= length.unwrap_or_default()
        });
        if read == 0 || whole {
            break;
        }
    }
    let line = request.lines().next().unwrap_or_default();
    let line = plain(line);
    let before = {
        let mut heard = heard.lock().unwrap();
        let lines = heard.iter().filter_map(|other| other.lines().next());
        let same = lines.filter(|other| plain(other) == line).count();
        heard.push(request);
        same
    };
    let (status, headers, body) = answer(&line, before);
    if status == LOST {
        return;
    }
    let head = format!(
        "HTTP/1.1 {status} Canned\r\ncontent-type: application/xml\r\n{headers}content-length: \
         {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
}

/// Method and address, without the slash after the name of a bucket.
fn plain(line: &str) -> String {
    line.trim_end_matches(" HTTP/1.1")
        .replace("/archive/", "/archive")
}

fn error(code: &str, message: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>")
}

/// A list with one bucket, made so many seconds ago, and what else a page says.
fn list(name: &str, seconds_ago: u64, more: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let made = aws_smithy_types::DateTime::from_secs((now - seconds_ago).try_into().unwrap());
    let made = made
        .fmt(aws_smithy_types::date_time::Format::DateTime)
        .unwrap();
    format!(
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>{name}</Name><CreationDate>{made}\
         </CreationDate>{more}</Bucket></Buckets></ListAllMyBucketsResult>"
    )
}

fn nothing() -> Answer {
    (204, "", String::new())
}

fn no_tags() -> Answer {
    (404, "", error("NoSuchTagSet", "The TagSet does not exist"))
}

fn remote(name: &str, url: &str, region: &str) -> Arc<dyn RemoteObjects> {
    let endpoints = Value::object([("s3", Value::from(url))]);
    let settings = Value::object([
        ("region", Value::from(region)),
        ("access_key", "AKIDEXAMPLE".into()),
        ("secret_key", "CANARY-key".into()),
        ("max_retries", Value::number(0)),
        ("endpoints", Value::list(endpoints.ty(), vec![endpoints])),
    ]);
    let provider = AwsProvider::new(Environment::default());
    let configured = provider.configure(Some(&settings)).unwrap();
    configured.remote(name).unwrap()
}

/// What is planned for a bucket of this name.
fn planned(name: &str, tags: &[(&str, &str)]) -> Value {
    let pairs = tags.iter().map(|(key, value)| (*key, Value::from(*value)));
    let tags = Value::map(
        Type::String,
        pairs.map(|(key, value)| (key.into(), value)).collect(),
    );
    Value::object([
        ("bucket", Value::from(name)),
        ("bucket_prefix", Value::null(Type::String)),
        ("force_destroy", Value::bool(true)),
        ("region", Value::unknown(Type::String)),
        ("tags", tags.clone()),
        ("tags_all", tags),
    ])
}

fn lines(asked: &Requests) -> Vec<String> {
    let asked = asked.lock().unwrap();
    let line = |request: &String| plain(request.lines().next().unwrap_or_default());
    asked.iter().map(line).collect()
}

/// Creates a bucket whose first answer is lost, and once more; what the second attempt says.
async fn created_twice(region: &str, seconds_ago: u64) -> Result<RemoteObject, ProviderError> {
    let is_first_region = region == "us-east-1";
    let (url, _) = service(move |line, before| match line {
        _ if line == "PUT /archive" && before == 0 => (LOST, "", String::new()),
        _ if line == "PUT /archive" => (
            409,
            "",
            error("BucketAlreadyOwnedByYou", "You own it already."),
        ),
        // There it is looked for before it is made.
        _ if line.starts_with("HEAD") && is_first_region && before == 0 && seconds_ago < 60 => {
            (404, "", String::new())
        }
        _ if line.starts_with("HEAD /archive") => (200, "", String::new()),
        _ if line.starts_with("GET /archive") => no_tags(),
        _ => (200, "", list("archive", seconds_ago, "")),
    })
    .await;
    let remote = remote(BUCKET, &url, region);
    let object = planned("archive", &[]);
    if seconds_ago < 60 {
        let lost = remote.create(&object, "token").await.unwrap_err();
        assert_eq!(lost.kind, ErrorKind::Ambiguous, "{lost:?}");
    }
    remote.create(&object, "token").await
}

#[tokio::test]
async fn a_bucket_that_a_lost_answer_was_about_is_recognised() {
    for region in ["eu-west-1", "us-east-1"] {
        let made = created_twice(region, 1).await.unwrap();
        assert_eq!(&*made.id, "archive");
        assert_eq!(
            made.attributes.get("bucket_region").and_then(Value::as_str),
            Some(region)
        );
    }
}

#[tokio::test]
async fn an_older_bucket_of_ones_own_is_not_taken_for_a_new_one() {
    let taken = created_twice("us-east-1", 3600).await.unwrap_err();
    assert_eq!(taken.kind, ErrorKind::Conflict);
    assert!(taken.hint.unwrap().contains("import"));
    // Where the service says yes to the owner, it is not even asked.
    let (url, asked) = service(|line, _| match line {
        _ if line.starts_with("HEAD") => (200, "", String::new()),
        _ if line.starts_with("GET /archive") => no_tags(),
        _ => (200, "", list("archive", 3600, "")),
    })
    .await;
    let refused = remote(BUCKET, &url, "us-east-1");
    let refused = refused.create(&planned("archive", &[]), "t").await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Conflict);
    assert!(lines(&asked).iter().all(|line| !line.starts_with("PUT")));
}

#[tokio::test]
async fn a_name_that_somebody_else_has_is_told_with_a_way_out() {
    let (url, _) = service(|_, _| (409, "", error("BucketAlreadyExists", "It is taken."))).await;
    let remote = remote(BUCKET, &url, "eu-west-1");
    let taken = remote.create(&planned("archive", &[]), "t").await;
    let taken = taken.unwrap_err();
    assert_eq!(taken.kind, ErrorKind::Conflict);
    assert!(taken.hint.unwrap().contains("bucket_prefix"));
}

#[tokio::test]
async fn tags_wait_for_a_new_bucket_to_be_seen() {
    let (url, asked) = service(|line, before| match line {
        _ if line.starts_with("PUT /archive?tagging") && before == 0 => {
            (404, "", error("NoSuchBucket", "There is none."))
        }
        _ => nothing(),
    })
    .await;
    let remote = remote(BUCKET, &url, "eu-west-1");
    let made = remote
        .create(&planned("archive", &[("team", "crm")]), "t")
        .await
        .unwrap();
    let told = made.attributes.get("tags_all").unwrap();
    assert_eq!(told.get("team").and_then(Value::as_str), Some("crm"));
    assert_eq!(lines(&asked).len(), 3);
    let body = asked.lock().unwrap().last().unwrap().clone();
    assert!(body.contains("<Key>team</Key><Value>crm</Value>"), "{body}");
    let first = asked.lock().unwrap()[0].clone();
    assert!(first.contains("<LocationConstraint>eu-west-1<"), "{first}");
}

#[tokio::test]
async fn a_bucket_without_its_tags_does_not_stay() {
    let (url, asked) = service(|line, _| match line {
        _ if line.starts_with("PUT /archive?tagging") => {
            (400, "", error("InvalidTag", "Such a tag may not be set."))
        }
        _ => nothing(),
    })
    .await;
    let remote = remote(BUCKET, &url, "eu-west-1");
    let object = planned("archive", &[("aws:x", "y")]);
    let refused = remote.create(&object, "t").await.unwrap_err();
    assert_eq!(refused.message, "Such a tag may not be set.");
    assert!(lines(&asked).last().unwrap().starts_with("DELETE /archive"));
}

async fn read(url: &str, prior: Option<Value>) -> Result<Option<RemoteObject>, ProviderError> {
    let request = ReadRequest {
        id: "archive".into(),
        prior,
    };
    let found = remote(BUCKET, url, "eu-west-1").read_many(&[request]).await;
    found.map(|found| found.into_iter().next().flatten())
}

#[tokio::test]
async fn a_bucket_is_asked_for_in_the_region_that_it_is_in() {
    // The list tells the region, or looking at the bucket does.
    for told in ["<BucketRegion>ap-south-1</BucketRegion>", ""] {
        let (url, asked) = service(move |line, _| match line {
            _ if line.starts_with("HEAD") => {
                (301, "x-amz-bucket-region: ap-south-1\r\n", String::new())
            }
            _ if line.starts_with("GET /archive") => no_tags(),
            _ => (200, "", list("archive", 9, told)),
        })
        .await;
        let found = read(&url, None).await.unwrap().unwrap();
        let region = found.attributes.get("region").and_then(Value::as_str);
        assert_eq!(region, Some("ap-south-1"));
        let last = asked.lock().unwrap().last().unwrap().clone();
        assert!(last.contains("/ap-south-1/s3/aws4_request"), "{last}");
    }
}

#[tokio::test]
async fn whoever_may_not_list_buckets_may_still_look_at_them() {
    let denied = || (403, "", error("AccessDenied", "Access Denied"));
    let (url, _) = service(move |line, _| match line {
        _ if line.starts_with("HEAD") => (200, "", String::new()),
        _ if line.starts_with("GET /archive") => no_tags(),
        _ => denied(),
    })
    .await;
    assert!(read(&url, None).await.unwrap().is_some());
    let (url, _) = service(move |line, _| match line {
        _ if line.starts_with("HEAD") => (403, "", String::new()),
        _ => denied(),
    })
    .await;
    let refused = read(&url, None).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::AccessDenied);
    assert!(refused.message.contains("may not be looked at"));
    // Somebody else's.
    let (url, _) = service(move |line, _| match line {
        _ if line.starts_with("HEAD") => (403, "", String::new()),
        _ => (200, "", list("another", 9, "")),
    })
    .await;
    assert_eq!(read(&url, None).await.unwrap(), None);
}

#[tokio::test]
async fn a_list_that_is_late_is_not_believed() {
    // Of a new bucket it tells nothing yet, of one that is gone it tells still.
    let (url, _) = service(|line, _| match line {
        _ if line.starts_with("HEAD") => (200, "", String::new()),
        _ if line.starts_with("GET /archive") => no_tags(),
        _ => (200, "", list("another", 9, "")),
    })
    .await;
    assert!(read(&url, None).await.unwrap().is_some());
    let (url, _) = service(|line, _| match line {
        _ if line.starts_with("GET /archive") => (404, "", error("NoSuchBucket", "There is none.")),
        _ => (
            200,
            "",
            list("archive", 9, "<BucketRegion>eu-west-1</BucketRegion>"),
        ),
    })
    .await;
    assert_eq!(read(&url, None).await.unwrap(), None);
}

#[tokio::test]
async fn every_page_of_the_list_is_read() {
    let (url, asked) = service(|line, _| match line {
        _ if line.starts_with("GET /archive") || line.starts_with("GET /b") => no_tags(),
        _ if line.contains("continuation-token=more") => (
            200,
            "",
            list("archive", 9, "<BucketRegion>eu-west-1</BucketRegion>"),
        ),
        _ => {
            let page = list("b", 9, "<BucketRegion>eu-west-1</BucketRegion>");
            let end = "<ContinuationToken>more</ContinuationToken></ListAllMyBucketsResult>";
            (200, "", page.replace("</ListAllMyBucketsResult>", end))
        }
    })
    .await;
    let request = |id: &str| ReadRequest {
        id: id.into(),
        prior: None,
    };
    let found = remote(BUCKET, &url, "eu-west-1");
    let found = found.read_many(&[request("archive"), request("b")]).await;
    assert!(found.unwrap().iter().all(Option::is_some));
    let asked = lines(&asked);
    assert!(
        asked.iter().all(|line| !line.starts_with("HEAD")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn what_is_locked_is_deleted_if_that_is_allowed_and_told_if_not() {
    const VERSIONS: &str = "<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>kept\
        </Key><VersionId>1</VersionId></Version><DeleteMarker><Key>kept</Key><VersionId>2\
        </VersionId></DeleteMarker></ListVersionsResult>";
    const LOCKED: &str = "<DeleteResult><Error><Key>kept</Key><VersionId>1</VersionId>\
        <Code>AccessDenied</Code><Message>it is locked</Message></Error></DeleteResult>";
    for allowed in [true, false] {
        let (url, asked) = service(move |line, before| match line {
            _ if line.starts_with("GET /archive") => (200, "", VERSIONS.to_owned()),
            _ if line.starts_with("POST") && (before == 0 || !allowed) => {
                (200, "", LOCKED.to_owned())
            }
            _ if line.starts_with("POST") => (200, "", "<DeleteResult/>".to_owned()),
            _ if line.starts_with("DELETE") && before > 0 => nothing(),
            _ => (409, "", error("BucketNotEmpty", "It is not empty.")),
        })
        .await;
        let deleted = remote(BUCKET, &url, "eu-west-1");
        let deleted = deleted.delete("archive", &planned("archive", &[])).await;
        let asked = asked.lock().unwrap();
        let posts: Vec<_> = asked.iter().filter(|r| r.starts_with("POST")).collect();
        let bypass = "x-amz-bypass-governance-retention: true";
        assert!(!posts[0].contains(bypass) && posts[1].contains(bypass));
        assert!(
            posts[0].contains("<VersionId>2</VersionId>"),
            "{}",
            posts[0]
        );
        if allowed {
            deleted.unwrap();
        } else {
            let told = deleted.unwrap_err();
            assert_eq!(told.kind, ErrorKind::AccessDenied);
            assert_eq!(
                told.message,
                "the object \"kept\" cannot be deleted: it is locked"
            );
        }
    }
}

#[tokio::test]
async fn tags_of_others_stay_when_ones_own_change() {
    let (url, asked) = service(|line, _| match line {
        _ if line.starts_with("GET /archive") => (
            200,
            "",
            "<Tagging><TagSet><Tag><Key>aws:stack</Key><Value>s</Value></Tag><Tag><Key>a</Key>\
             <Value>1</Value></Tag></TagSet></Tagging>"
                .to_owned(),
        ),
        _ => nothing(),
    })
    .await;
    let (prior, after) = (
        planned("archive", &[("a", "1")]),
        planned("archive", &[("a", "2")]),
    );
    let remote = remote(BUCKET, &url, "eu-west-1");
    let changed = remote.update("archive", &prior, &after, "t").await.unwrap();
    assert_eq!(changed.attributes.get("tags"), after.get("tags"));
    let body = asked.lock().unwrap().last().unwrap().clone();
    assert!(
        body.contains("<Key>aws:stack</Key>") && body.contains("<Value>2</Value>"),
        "{body}"
    );
}

#[tokio::test]
async fn a_bucket_that_is_elsewhere_is_told_with_a_way_out() {
    for (status, code, message) in [
        (
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        ),
        (
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting \
             'ap-south-1'",
        ),
    ] {
        let (url, _) = service(move |_, _| (status, "", error(code, message))).await;
        let request = ReadRequest {
            id: "archive".into(),
            prior: None,
        };
        let told = remote(POLICY, &url, "eu-west-1")
            .read_many(&[request])
            .await;
        let told = told.unwrap_err();
        assert_eq!(told.kind, ErrorKind::Validation);
        assert!(told.hint.unwrap().contains("set `region`"));
    }
}

#[tokio::test]
async fn a_policy_waits_for_a_role_that_is_new() {
    let (url, asked) = service(|line, before| match line {
        _ if line.starts_with("GET") => (404, "", error("NoSuchBucketPolicy", "None.")),
        _ if line.starts_with("PUT") && before == 0 => (
            400,
            "",
            error("MalformedPolicy", "Invalid principal in policy"),
        ),
        _ => nothing(),
    })
    .await;
    let document = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let object = Value::object([
        ("bucket", Value::from("archive")),
        ("policy", document.into()),
    ]);
    let made = remote(POLICY, &url, "eu-west-1").create(&object, "t").await;
    assert_eq!(&*made.unwrap().id, "archive");
    assert_eq!(lines(&asked).len(), 3);
}
