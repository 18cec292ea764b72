//! Keys and secrets, against canned answers: what a service in good order never says.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use flowctl_model::{Type, Value};
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_schema::{ErrorKind, PlanRequest, Provider, ReadRequest, RemoteObjects, ResourceType};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "aws_kms_key";
const ALIAS: &str = "aws_kms_alias";
const SECRET: &str = "aws_secretsmanager_secret";
const VERSION: &str = "aws_secretsmanager_secret_version";
const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm-XyZ123";
/// No answer: the connection is closed.
const LOST: u16 = 0;

type Answer = (u16, Json);
type Requests = Arc<Mutex<Vec<(String, Json)>>>;

/// A service that answers as it is told by the operation, what it carried and how many there were like
/// it before, and what it was asked.
async fn service(
    answer: impl Fn(&str, &Json, usize) -> Answer + Send + Sync + 'static,
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
    answer: Arc<impl Fn(&str, &Json, usize) -> Answer>,
    heard: Requests,
) {
    let mut request = String::new();
    let mut buffer = [0; 8192];
    let (operation, body) = loop {
        let read = stream.read(&mut buffer).await.unwrap_or_default();
        request.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            assert!(read > 0, "half a request");
            continue;
        };
        let header = |wanted: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_owned())
        };
        let length = header("content-length").and_then(|length| length.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or_default() {
            let target = header("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            break (operation, serde_json::from_str(body).unwrap_or_default());
        }
    };
    let before = {
        let mut heard = heard.lock().unwrap();
        let same = heard
            .iter()
            .filter(|(other, _)| *other == operation)
            .count();
        heard.push((operation.clone(), Json::clone(&body)));
        same
    };
    let (status, told) = answer(&operation, &body, before);
    if status == LOST {
        return;
    }
    let told = told.to_string();
    let head = format!(
        "HTTP/1.1 {status} Canned\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: \
         {}\r\nconnection: close\r\n\r\n",
        told.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(told.as_bytes()).await;
}

fn refused(code: &str, message: &str) -> Answer {
    (400, json!({ "__type": code, "message": message }))
}

fn provider(untrusted: bool) -> AwsProvider {
    AwsProvider::new(Environment {
        untrusted,
        ..Environment::default()
    })
}

fn remote(provider: &AwsProvider, name: &str, url: &str) -> Arc<dyn RemoteObjects> {
    let endpoints = Value::object([
        ("kms", Value::from(url)),
        ("secretsmanager", Value::from(url)),
    ]);
    let settings = Value::object([
        ("region", Value::from("eu-west-1")),
        ("access_key", "AKIDEXAMPLE".into()),
        ("secret_key", "CANARY-key".into()),
        ("max_retries", Value::number(2)),
        ("endpoints", Value::list(endpoints.ty(), vec![endpoints])),
    ]);
    let configured = provider.configure(Some(&settings)).unwrap();
    configured.remote(name).unwrap()
}

/// What is planned for a configuration with these arguments.
fn planned(name: &str, members: &[(&'static str, Value)]) -> Value {
    let provider = provider(false);
    let mut types = provider.resource_types().iter();
    let resource: &dyn ResourceType = &**types.find(|ty| ty.name() == name).unwrap();
    let block = &resource.schema().block;
    let said = |name: &str| {
        let mut members = members.iter();
        members
            .find(|(said, _)| *said == name)
            .map(|(_, v)| v.clone())
    };
    let object = |computed: bool| {
        let attributes = block.attributes.iter().map(|attribute| {
            let none = if computed && attribute.presence.is_computed() {
                Value::unknown(attribute.ty.clone())
            } else {
                Value::null(attribute.ty.clone())
            };
            (attribute.name, said(attribute.name).unwrap_or(none))
        });
        let blocks = block.blocks.iter().map(|nested| {
            let none = Value::set(nested.block.ty(), Vec::new());
            (nested.name, none)
        });
        Value::object(attributes.chain(blocks).collect::<Vec<_>>())
    };
    let (config, proposed) = (object(false), object(true));
    resource
        .plan(PlanRequest {
            prior: None,
            config: &config,
            proposed: &proposed,
            changed: &[],
            provider: None,
        })
        .planned
}

fn operations(asked: &Requests) -> Vec<String> {
    let asked = asked.lock().unwrap();
    asked
        .iter()
        .map(|(operation, _)| operation.clone())
        .collect()
}

fn times(asked: &Requests, operation: &str) -> usize {
    let all = operations(asked);
    all.iter().filter(|other| *other == operation).count()
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs_f64()
}

fn described(id: &str, made: f64) -> Json {
    json!({ "KeyMetadata": {
        "KeyId": id, "Arn": format!("arn:aws:kms:eu-west-1:123456789012:key/{id}"),
        "CreationDate": made, "Enabled": true, "KeyState": "Enabled", "KeyManager": "CUSTOMER",
        "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS",
        "Description": "", "MultiRegion": false,
    } })
}

/// KMS with a key that is closed to us, an old one and one that was made by the first request for it.
fn keys(operation: &str, body: &Json, mark: &Mutex<Json>) -> Answer {
    let id = body["KeyId"].as_str().unwrap_or_default();
    match operation {
        "CreateKey" => {
            mark.lock().unwrap().clone_from(&body["Tags"]);
            (200, described("ours", now()))
        }
        "ListKeys" => {
            let ids = ["closed", "old", "ours"].map(|id| json!({ "KeyId": id }));
            let made = if mark.lock().unwrap().is_null() { 2 } else { 3 };
            (200, json!({ "Keys": ids[..made], "Truncated": false }))
        }
        "DescribeKey" if id == "closed" => refused("AccessDeniedException", "Not yours."),
        "DescribeKey" if id == "old" => (200, described(id, now() - 86400.0)),
        "DescribeKey" => (200, described(id, now())),
        "ListResourceTags" if id == "ours" => {
            let tags = mark.lock().unwrap().clone();
            (200, json!({ "Tags": tags, "Truncated": false }))
        }
        "ListResourceTags" => (200, json!({ "Tags": [], "Truncated": false })),
        "GetKeyPolicy" => (200, json!({ "Policy": "{\"Statement\":[]}" })),
        "GetKeyRotationStatus" => (200, json!({ "KeyRotationEnabled": false })),
        _ => (200, json!({})),
    }
}

#[tokio::test]
async fn a_key_that_a_lost_answer_was_about_is_found_and_not_made_again() {
    let mark = Mutex::new(Json::Null);
    let (url, asked) = service(move |operation, body, _| match operation {
        "CreateKey" => {
            let _ = keys(operation, body, &mark);
            (LOST, Json::Null)
        }
        _ => keys(operation, body, &mark),
    })
    .await;
    let remote = remote(&provider(false), KEY, &url);
    let object = planned(KEY, &[]);
    let lost = remote.create(&object, "token").await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Ambiguous, "{lost:?}");
    // The first attempt looked for nothing, and the client repeated nothing.
    assert_eq!(operations(&asked), ["CreateKey"]);
    let made = remote.create(&object, "token").await.unwrap();
    assert_eq!(&*made.id, "ours");
    assert_eq!(times(&asked, "CreateKey"), 1);
    // Tags were asked for of the key alone that is new enough.
    let asked = asked.lock().unwrap();
    let mut tags = asked.iter().filter(|(op, _)| op == "ListResourceTags");
    assert!(tags.all(|(_, body)| body["KeyId"] == "ours"), "{asked:?}");
    let told = made.attributes.get("tags_all").unwrap();
    assert!(
        told.members().unwrap().is_empty(),
        "the mark is told: {told:?}"
    );
}

#[tokio::test]
async fn a_key_that_was_never_made_is_made_after_a_look() {
    let mark = Mutex::new(Json::Null);
    let (url, asked) = service(move |operation, body, before| match operation {
        "CreateKey" if before == 0 => (500, json!({ "__type": "KMSInternalException" })),
        _ => keys(operation, body, &mark),
    })
    .await;
    let remote = remote(&provider(false), KEY, &url);
    let object = planned(KEY, &[]);
    let failed = remote.create(&object, "token").await.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Internal, "{failed:?}");
    assert_eq!(operations(&asked), ["CreateKey"]);
    let began = Instant::now();
    let made = remote.create(&object, "token").await.unwrap();
    assert_eq!((&*made.id, times(&asked, "CreateKey")), ("ours", 2));
    // What was made a moment ago may not be told yet.
    assert!(began.elapsed().as_secs() >= 3 && times(&asked, "ListKeys") > 1);
}

#[tokio::test]
async fn a_key_of_an_earlier_run_is_found_by_what_the_journal_says() {
    let mark = Mutex::new(Json::Null);
    let (url, asked) = service(move |operation, body, _| keys(operation, body, &mark)).await;
    let provider = provider(false);
    let object = planned(KEY, &[]);
    let mut types = provider.resource_types().iter();
    let resource = types.find(|ty| ty.name() == KEY).unwrap();
    let id = resource.identity_with(&object, "token").unwrap();
    let read = |id: flowctl_model::Text| ReadRequest { id, prior: None };
    let before = remote(&provider, KEY, &url);
    let none = before.read_many(&[read(id.clone())]).await.unwrap();
    assert_eq!(none, [None]);
    // Known to be unfinished, it is looked for before it is made.
    let made = before.create(&object, "token").await.unwrap();
    assert_eq!((&*made.id, times(&asked, "CreateKey")), ("ours", 1));
    let later = remote(&provider, KEY, &url);
    let found = later.read_many(&[read(id)]).await.unwrap();
    assert_eq!(found[0].as_ref().map(|found| &*found.id), Some("ours"));
}

#[tokio::test]
async fn a_key_that_cannot_be_completed_does_not_stay() {
    for (code, kept) in [
        ("LimitExceededException", false),
        ("ThrottlingException", true),
    ] {
        let mark = Mutex::new(Json::Null);
        let (url, asked) = service(move |operation, body, _| match operation {
            "EnableKeyRotation" => refused(code, "No."),
            _ => keys(operation, body, &mark),
        })
        .await;
        let remote = remote(&provider(false), KEY, &url);
        let object = planned(KEY, &[("enable_key_rotation", Value::bool(true))]);
        let error = remote.create(&object, "token").await.unwrap_err();
        assert_eq!(error.kind == ErrorKind::Ambiguous, kept, "{error:?}");
        let deleted = times(&asked, "ScheduleKeyDeletion");
        assert_eq!(deleted, usize::from(!kept), "{code}");
    }
}

#[tokio::test]
async fn who_was_made_a_moment_ago_is_waited_for_in_a_policy() {
    let mark = Mutex::new(Json::Null);
    let (url, asked) = service(move |operation, body, before| match operation {
        "CreateKey" if before == 0 => refused(
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        ),
        "GetKeyPolicy" => (200, json!({ "Policy": "{\"Statement\":[{}]}" })),
        _ => keys(operation, body, &mark),
    })
    .await;
    let remote = remote(&provider(false), KEY, &url);
    let object = planned(KEY, &[("policy", r#"{"Statement":{}}"#.into())]);
    let made = remote.create(&object, "token").await.unwrap();
    assert_eq!((&*made.id, times(&asked, "CreateKey")), ("ours", 2));
    let policy = made.attributes.get("policy").and_then(Value::as_str);
    assert_eq!(policy, Some(r#"{"Statement":{}}"#));
}

#[tokio::test]
async fn an_alias_of_the_key_that_was_asked_for_is_what_was_asked_for() {
    for (live, code, made) in [
        ("ours", "AlreadyExistsException", true),
        ("other", "AlreadyExistsException", false),
        ("ours", "KMSInvalidStateException", false),
    ] {
        let (url, _) = service(move |operation, _, _| match operation {
            "CreateAlias" => refused(code, "No."),
            _ => {
                let arn = "arn:aws:kms:eu-west-1:123456789012:alias/a";
                let alias = json!({ "AliasName": "alias/a", "AliasArn": arn, "TargetKeyId": live });
                (200, json!({ "Aliases": [alias], "Truncated": false }))
            }
        })
        .await;
        let remote = remote(&provider(false), ALIAS, &url);
        let arguments = [("name", "alias/a".into()), ("target_key_id", "ours".into())];
        let answer = remote.create(&planned(ALIAS, &arguments), "token").await;
        match answer {
            Ok(answer) => assert!(made && &*answer.id == "alias/a"),
            Err(error) => {
                let taken = error.hint.is_some_and(|hint| hint.contains("import"));
                assert!(!made && taken == (live == "other"), "{code} {live}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_waits_for_its_end_is_told() {
    let (url, _) = service(|_, _, _| {
        refused(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for \
             deletion.",
        )
    })
    .await;
    let remote = remote(&provider(false), SECRET, &url);
    let object = planned(SECRET, &[("name", "crm".into())]);
    let error = remote.create(&object, "token").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("keeps the name"), "{error:?}");
    assert!(
        error
            .hint
            .unwrap()
            .contains("restore-secret --secret-id crm")
    );
}

#[tokio::test]
async fn a_secret_that_a_lost_answer_was_about_is_recognised() {
    for (older, ours) in [(1.0, true), (3600.0, false)] {
        let (url, _) = service(move |operation, _, before| match operation {
            "CreateSecret" if before == 0 && ours => (LOST, Json::Null),
            "CreateSecret" => refused("ResourceExistsException", "It exists already."),
            "DescribeSecret" => (
                200,
                json!({ "ARN": ARN, "Name": "crm", "CreatedDate": now() - older }),
            ),
            _ => (200, json!({})),
        })
        .await;
        let remote = remote(&provider(false), SECRET, &url);
        let object = planned(SECRET, &[("name", "crm".into())]);
        // The client itself sends it once more, as it may.
        let made = remote.create(&object, "token").await;
        match made {
            Ok(made) => assert!(ours && &*made.id == "crm", "{made:?}"),
            Err(error) => assert!(!ours && error.kind == ErrorKind::Conflict, "{error:?}"),
        }
    }
}

/// A version as it is in state, and the secret that is in it.
fn known(value: &str) -> Value {
    let stages = Value::set(Type::String, vec!["AWSCURRENT".into()]);
    let told = planned(
        VERSION,
        &[("secret_id", ARN.into()), ("secret_string", value.into())],
    );
    let mut members = told.members().unwrap().clone();
    members.insert("version_stages".into(), stages);
    members.insert("version_id".into(), "v1".into());
    Value::object(members)
}

#[tokio::test]
async fn an_untrusted_configuration_reads_no_value() {
    let (url, asked) = service(|_, _, _| {
        let labels = json!({ "v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT"] });
        (
            200,
            json!({ "ARN": ARN, "Name": "crm", "VersionIdsToStages": labels }),
        )
    })
    .await;
    let remote = remote(&provider(true), VERSION, &url);
    let request = ReadRequest {
        id: format!("{ARN}|v1").into(),
        prior: Some(known("CANARY-known")),
    };
    let read = remote.read_many(&[request]).await.unwrap();
    let read = read[0].as_ref().unwrap();
    let adopted = remote.import(&format!("{ARN}|v1")).await.unwrap_err();
    assert!(adopted.message.contains("untrusted"), "{adopted:?}");
    assert_eq!(operations(&asked), ["DescribeSecret"]);
    // What is known stays known, and where the label went is seen.
    let text = |name: &str| read.attributes.get(name).and_then(Value::as_str);
    assert_eq!(text("secret_string"), Some("CANARY-known"));
    assert_eq!(text("version_id"), Some("v2"));
}

#[tokio::test]
async fn a_value_that_was_read_is_marked_and_one_that_was_refused_is_not_told() {
    let (url, _) = service(|operation, _, _| match operation {
        "PutSecretValue" => refused(
            "InvalidParameterException",
            "The value CANARY-sent is not acceptable.",
        ),
        "GetSecretValue" => (
            200,
            json!({ "ARN": ARN, "VersionId": "v1", "SecretString": "CANARY-read",
                    "VersionStages": ["AWSCURRENT"], "CreatedDate": now() }),
        ),
        _ => (200, json!({})),
    })
    .await;
    let remote = remote(&provider(false), VERSION, &url);
    let request = ReadRequest {
        id: format!("{ARN}|v1").into(),
        prior: None,
    };
    let read = remote.read_many(&[request]).await.unwrap();
    let value = read[0].as_ref().unwrap().attributes.get("secret_string");
    assert!(value.unwrap().is_sensitive());
    let token = "t".repeat(32);
    let error = remote
        .create(&known("CANARY-sent"), &token)
        .await
        .unwrap_err();
    assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
    assert!(error.message.contains("is not acceptable"), "{error:?}");
}

#[tokio::test]
async fn a_value_that_may_not_be_read_is_told_with_a_way_out() {
    let (url, _) = service(|_, _, _| refused("AccessDeniedException", "No.")).await;
    let remote = remote(&provider(false), VERSION, &url);
    let request = ReadRequest {
        id: format!("{ARN}|v1").into(),
        prior: Some(known("CANARY")),
    };
    let error = remote.read_many(&[request]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert!(
        error
            .hint
            .unwrap()
            .contains("secretsmanager:GetSecretValue")
    );
}
