//! Requests that go wrong, come late or are repeated.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use flowctl_emulator::Options;
use flowctl_model::{Type, Value};
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_schema::{ErrorKind, Provider, ProviderError, ReadRequest};

/// A Slack profile that signs in with a secret.
fn slack(bench: &Bench, name: &str, secret: &str) -> Value {
    let credentials = Maker::default().required(table(&*bench.resource, CREDENTIALS, "slack"));
    let credentials = with(&credentials, "access_token", secret.into());
    let properties = Maker::default().required(table(&*bench.resource, PROPERTIES, "slack"));
    let profile = profile(&*bench.resource, "Slack", name, credentials, properties);
    bench.planned(&profile)
}

async fn failure(bench: &Bench, planned: &Value) -> ProviderError {
    bench.objects.create(planned, "token").await.unwrap_err()
}

#[tokio::test]
async fn errors_of_the_service_are_told_as_what_they_are() {
    for (fault, kind, code, status) in [
        (
            "denied",
            ErrorKind::AccessDenied,
            "AccessDeniedException",
            403,
        ),
        (
            "auth",
            ErrorKind::Authentication,
            "ConnectorAuthenticationException",
            401,
        ),
        (
            "quota",
            ErrorKind::Quota,
            "ServiceQuotaExceededException",
            402,
        ),
        ("conflict", ErrorKind::Conflict, "ConflictException", 409),
        (
            "validation",
            ErrorKind::Validation,
            "ValidationException",
            400,
        ),
        ("server", ErrorKind::Other, "ConnectorServerException", 400),
    ] {
        let bench = Bench::with_faults(&format!("create:{fault}")).await;
        let error = failure(&bench, &slack(&bench, "a", "s3cret")).await;
        assert_eq!(error.kind, kind, "{error:?}");
        assert_eq!(error.operation, "CreateConnectorProfile");
        assert_eq!(error.code.as_deref(), Some(code), "{error:?}");
        assert_eq!(error.status, Some(status), "{error:?}");
        assert!(
            error.request_id.is_some() && !error.message.is_empty(),
            "{error:?}"
        );
        assert_eq!(
            bench.requests("CreateConnectorProfile").await.len(),
            1,
            "{fault}"
        );
    }
}

#[tokio::test]
async fn passing_failures_are_repeated_with_the_same_token() {
    for (fault, attempts) in [
        ("throttle:first=2", 3),
        ("500:first=1", 2),
        ("reset:first=1", 2),
        ("lost:first=1", 2),
    ] {
        let bench = Bench::with_faults(&format!("create:{fault}")).await;
        bench
            .objects
            .create(&slack(&bench, "a", "s3cret"), "token")
            .await
            .unwrap();
        let requests = bench.requests("CreateConnectorProfile").await;
        assert_eq!(requests.len(), attempts, "{fault}");
        assert!(
            requests.iter().all(|r| r["clientToken"] == "token"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn lasting_failures_say_whether_the_work_may_be_done() {
    for (fault, kind) in [
        ("throttle", ErrorKind::Throttled),
        ("500", ErrorKind::Internal),
        ("503", ErrorKind::Internal),
        ("reset", ErrorKind::Ambiguous),
        ("lost", ErrorKind::Ambiguous),
    ] {
        let settings = Value::object([("max_retries", Value::number(0))]);
        let bench = Bench::with_faults(&format!("create:{fault}")).await;
        let task = tokio::spawn(async {});
        let bench_without = Bench::at(bench.address.clone(), task, Some(&settings));
        let error = failure(&bench_without, &slack(&bench, "a", "s3cret")).await;
        assert_eq!(error.kind, kind, "{error:?}");
        assert_eq!(
            bench.requests("CreateConnectorProfile").await.len(),
            1,
            "{fault}"
        );
    }
}

#[tokio::test]
async fn where_nothing_listens_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let settings = Value::object([("max_retries", Value::number(0))]);
    let bench = Bench::at(address.clone(), tokio::spawn(async {}), Some(&settings));
    let error = failure(&bench, &slack(&bench, "a", "s3cret")).await;
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error:?}");
    assert!(error.message.contains(&address), "{error:?}");
    assert!(error.hint.unwrap().contains("--endpoint-url"));
    // A name that cannot be resolved.
    let bench = Bench::at(
        "nothing.invalid:1".to_owned(),
        tokio::spawn(async {}),
        Some(&settings),
    );
    let error = failure(&bench, &slack(&bench, "a", "s3cret")).await;
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error:?}");
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_may_hide_done_work() {
    // A server that answers every request with something else than JSON.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 65536];
            let _ = stream.read(&mut buffer).await;
            let _ = stream
                .write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
                )
                .await;
        }
    });
    let settings = Value::object([("max_retries", Value::number(0))]);
    let bench = Bench::at(address, serve, Some(&settings));
    let error = failure(&bench, &slack(&bench, "a", "CANARY-1")).await;
    assert_eq!(error.kind, ErrorKind::Ambiguous, "{error:?}");
    assert!(!format!("{error:?}").contains("CANARY"));
}

#[tokio::test]
async fn an_echoed_secret_is_not_shown() {
    const SECRET: &str = "CANARY-\"w\u{f6}rd\"/+1";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Echoes the body of the request in its error message.
    let serve = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut received = Vec::new();
            let mut buffer = vec![0; 65536];
            while !received.ends_with(b"}") {
                let Ok(read) = stream.read(&mut buffer).await else {
                    break;
                };
                received.extend_from_slice(&buffer[..read]);
            }
            let text = String::from_utf8_lossy(&received).into_owned();
            let body = text.split_once("\r\n\r\n").unwrap().1;
            let answer = serde_json::json!({"message": format!("refused: {body}")}).to_string();
            let head = format!(
                "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: ValidationException\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all((head + &answer).as_bytes()).await;
        }
    });
    let bench = Bench::at(address, serve, None);
    let error = failure(&bench, &slack(&bench, "a", SECRET)).await;
    assert_eq!(error.kind, ErrorKind::Validation, "{error:?}");
    assert!(error.message.starts_with("refused: {"), "{error:?}");
    assert!(error.message.contains("(sensitive value)"));
    assert!(
        !error.message.contains("CANARY") && !error.message.contains("rd\\"),
        "{error:?}"
    );
    assert!(error.message.contains("connectorProfileName"));
}

#[tokio::test]
async fn a_new_role_is_waited_for() {
    let bench = Bench::with_faults("create:role-lag=300ms").await;
    let profile = whole_profiles(&*bench.resource)
        .into_iter()
        .find(|p| p.get("connector_type").unwrap().as_str() == Some("Redshift"))
        .unwrap();
    bench
        .objects
        .create(&bench.planned(&profile), "token")
        .await
        .unwrap();
    assert!(bench.requests("CreateConnectorProfile").await.len() >= 2);
}

#[tokio::test]
async fn what_becomes_visible_late_is_waited_for() {
    let bench = Bench::with_faults("create:stale=300ms,update:stale=300ms").await;
    let planned = slack(&bench, "a", "s3cret");
    let answer = bench.objects.create(&planned, "one").await.unwrap();
    let state = bench.state(&planned, &answer);
    assert!(state.get("credentials_arn").unwrap().as_str().is_some());
    let url = format!("{CONFIG}.{PROPERTIES}.slack.instance_url");
    let update = set(&state, &url, "https://new.slack.com".into());
    let update = with(&update, "last_updated_at", Value::unknown(Type::String));
    let answer = bench
        .objects
        .update("a", &state, &update, "two")
        .await
        .unwrap();
    let after = bench.state(&update, &answer);
    assert_eq!(differences(&update, &after), [] as [String; 0]);
    assert_ne!(after.get("last_updated_at"), state.get("last_updated_at"));
}

#[tokio::test]
async fn a_created_profile_that_cannot_be_read_is_not_lost() {
    let bench = Bench::with_faults("describe:denied").await;
    let planned = slack(&bench, "a", "s3cret");
    let answer = bench.objects.create(&planned, "one").await.unwrap();
    assert_eq!(answer.id.as_str(), "a");
    let arn = answer.attributes.get("arn").unwrap().as_str().unwrap();
    assert!(arn.ends_with(":connectorprofile/a"), "{arn}");
}

#[tokio::test]
async fn private_connections_are_waited_for_and_their_failures_told() {
    let private = |bench: &Bench, name: &str| {
        let profile = whole_profiles(&*bench.resource)
            .into_iter()
            .find(|p| p.get("connector_type").unwrap().as_str() == Some("Salesforce"))
            .unwrap();
        let profile = with(&profile, "connection_mode", "Private".into());
        bench.planned(&with(&profile, "name", name.into()))
    };
    let bench = Bench::with(Options {
        private_provisioning: Duration::from_millis(300),
        ..options()
    })
    .await;
    let answer = bench
        .objects
        .create(&private(&bench, "a"), "one")
        .await
        .unwrap();
    let state = answer
        .attributes
        .get("private_connection_provisioning_state")
        .unwrap();
    assert_eq!(state.get("status").unwrap().as_str(), Some("CREATED"));

    let bench = Bench::with_faults("create:private-failed").await;
    let error = failure(&bench, &private(&bench, "a")).await;
    assert!(error.message.contains("ACCESS_DENIED"), "{error:?}");
    assert!(error.message.contains("did not accept"), "{error:?}");
    let request = ReadRequest {
        id: "a".into(),
        prior: None,
    };
    assert_eq!(bench.objects.read_many(&[request]).await.unwrap(), [None]);
}

#[tokio::test]
async fn hints_say_how_to_go_on() {
    let bench = Bench::new().await;
    let planned = slack(&bench, "taken", "s3cret");
    bench.objects.create(&planned, "one").await.unwrap();
    let error = bench.objects.create(&planned, "two").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.hint.unwrap().contains("flowctl import taken"));
    // An unregistered label.
    let custom = whole_profiles(&*bench.resource)
        .into_iter()
        .find(|p| p.get("connector_type").unwrap().as_str() == Some("CustomConnector"))
        .unwrap();
    let custom = with(&custom, "connector_label", "my-conector".into());
    let error = failure(&bench, &bench.planned(&custom)).await;
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("example, hubspot, my-connector")
            && hint.contains("did you mean `my-connector`"),
        "{hint}"
    );
    // An update of what is gone.
    let error = bench
        .objects
        .update("gone", &planned, &planned, "three")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn deletions() {
    let bench = Bench::new().await;
    let planned = slack(&bench, "a", "s3cret");
    let answer = bench.objects.create(&planned, "one").await.unwrap();
    let state = bench.state(&planned, &answer);
    let forced = with(&state, "force_delete", Value::bool(true));
    bench.objects.delete("a", &state).await.unwrap();
    // What is gone is deleted.
    bench.objects.delete("a", &forced).await.unwrap();
    let requests = bench.requests("DeleteConnectorProfile").await;
    assert_eq!(
        requests[0]["body"],
        serde_json::json!({"connectorProfileName": "a"})
    );
    assert_eq!(
        requests[1]["body"],
        serde_json::json!({"connectorProfileName": "a", "forceDelete": true})
    );
    let create = &bench.requests("CreateConnectorProfile").await[0]["body"];
    assert!(create.get("forceDelete").is_none());
}

#[tokio::test]
async fn a_profile_in_use_names_its_flows() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let bench = Bench::new().await;
    let planned = slack(&bench, "used", "s3cret");
    let answer = bench.objects.create(&planned, "one").await.unwrap();
    let state = bench.state(&planned, &answer);
    let flow = serde_json::json!({
        "flowName": "nightly", "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {"connectorType": "Slack", "connectorProfileName": "used",
            "sourceConnectorProperties": {"Slack": {"object": "conversations"}}},
        "destinationFlowConfigList": [{"connectorType": "S3",
            "destinationConnectorProperties": {"S3": {"bucketName": "bucket"}}}],
        "tasks": [{"sourceFields": ["a"], "taskType": "Map", "destinationField": "a", "taskProperties": {}}],
    })
    .to_string();
    let mut stream = tokio::net::TcpStream::connect(&bench.address)
        .await
        .unwrap();
    let head = format!(
        "POST /create-flow HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/appflow/aws4_request, SignedHeaders=host, Signature=00\r\ncontent-length: {}\r\n\r\n",
        flow.len()
    );
    stream.write_all((head + &flow).as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");

    let error = bench.objects.delete("used", &state).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("these flows use the profile: nightly") && hint.contains("force_delete"),
        "{hint}"
    );
    let forced = with(&state, "force_delete", Value::bool(true));
    bench.objects.delete("used", &forced).await.unwrap();
}

#[tokio::test]
async fn imports_take_names_and_arns_and_say_what_is_wrong_with_others() {
    let bench = Bench::new().await;
    let planned = slack(&bench, "crm", "s3cret");
    let made = bench.objects.create(&planned, "one").await.unwrap();
    let arn = "arn:aws:appflow:us-east-1:123456789012:connectorprofile/crm";
    for id in ["crm", arn] {
        let object = bench.objects.import(id).await.unwrap();
        assert_eq!(
            (object.id.as_str(), &object.attributes),
            ("crm", &made.attributes)
        );
        assert!(object.created_at.is_some());
    }
    for (id, kind, words) in [
        ("arn:aws:s3:::bucket", ErrorKind::Validation, "service `s3`"),
        (
            "arn:aws:appflow:us-east-1:123456789012:flow/crm",
            ErrorKind::Validation,
            "not of a connector profile but of `flow/crm`",
        ),
        (
            "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/crm",
            ErrorKind::NotFound,
            "in region eu-west-1",
        ),
        (
            "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/crm@us-east-1",
            ErrorKind::Validation,
            "of region eu-west-1",
        ),
        (
            "arn:aws:appflow:us-east-1:999999999999:connectorprofile/crm",
            ErrorKind::Validation,
            "account 999999999999",
        ),
        (
            "arn:aws:appflow:us-east-1:999999999999:connectorprofile/other",
            ErrorKind::Validation,
            "account 999999999999",
        ),
        ("arn:aws:appflow", ErrorKind::Validation, "six parts"),
        ("a b", ErrorKind::Validation, "no name"),
        ("", ErrorKind::Validation, "no name"),
        ("crn", ErrorKind::NotFound, "no connector profile `crn`"),
    ] {
        let error = bench.objects.import(id).await.unwrap_err();
        assert_eq!(error.kind, kind, "{id}: {error:?}");
        assert!(error.message.contains(words), "{id}: {error:?}");
        assert!(error.hint.is_some(), "{id}");
    }
    let error = bench.objects.import("crn").await.unwrap_err();
    assert!(error.hint.unwrap().contains("did you mean `crm`?"));
}

#[tokio::test]
async fn many_are_read_in_few_requests() {
    let bench = Bench::new().await;
    for at in 0..3 {
        let name = format!("p{at}");
        bench
            .objects
            .create(&slack(&bench, &name, "s3cret"), &name)
            .await
            .unwrap();
    }
    let before = bench.requests("DescribeConnectorProfiles").await.len();
    let arn = "arn:aws:appflow:us-east-1:123456789012:connectorprofile/p2";
    let ids: Vec<String> = (0..250)
        .map(|at| format!("p{at}"))
        .chain([arn.to_owned()])
        .collect();
    let requests: Vec<_> = ids
        .iter()
        .map(|id| ReadRequest {
            id: id.as_str().into(),
            prior: None,
        })
        .collect();
    let found = bench.objects.read_many(&requests).await.unwrap();
    let there: Vec<_> = found.iter().map(Option::is_some).collect();
    assert_eq!(there.len(), 251);
    assert_eq!(&there[..4], [true, true, true, false]);
    assert_eq!(found[250].as_ref().unwrap().id.as_str(), arn);
    assert_eq!(
        bench.requests("DescribeConnectorProfiles").await.len() - before,
        3
    );
}

#[tokio::test]
async fn data_sources() {
    let bench = Bench::new().await;
    let planned = slack(&bench, "crm", "CANARY-1");
    bench.objects.create(&planned, "one").await.unwrap();
    let data = bench.configured.data(PROFILE).unwrap();
    let wanted = |name: &str| Value::object([("name", Value::from(name))]);
    let found = data.read_many(&[wanted("crm"), wanted("nothing")]).await;
    let object = found[0].as_ref().unwrap();
    assert_eq!(
        object.get("connector_type").unwrap().as_str(),
        Some("Slack")
    );
    assert!(object.get("arn").unwrap().as_str().is_some());
    assert!(!format!("{object:?}").contains("CANARY"));
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    // Exactly what the table says.
    let provider = AwsProvider::new(Environment::default());
    for source in provider.data_sources() {
        let data = bench.configured.data(source.name()).unwrap();
        let name = if source.name() == PROFILE {
            "crm"
        } else {
            "us-east-1"
        };
        let attributes = source.schema().block.attributes.iter();
        let config = Value::object(attributes.map(|a| match a.name {
            "name" => ("name", Value::from(name)),
            other => (other, Value::null(a.ty.clone())),
        }));
        let answer = data.read_many(&[config]).await.remove(0);
        let elsewhere = [
            "aws_iam_policy",
            "aws_kms_alias",
            "aws_kms_key",
            "aws_secretsmanager_secret",
            "aws_secretsmanager_secret_version",
            "aws_ssm_parameter",
        ];
        if elsewhere.contains(&source.name()) {
            // Services that the emulator has not.
            assert_eq!(answer.unwrap_err().kind, ErrorKind::NotConfigured);
            continue;
        }
        let answer = answer.unwrap();
        let names: Vec<_> = answer
            .members()
            .unwrap()
            .keys()
            .map(flowctl_model::Text::as_str)
            .collect();
        let mut table: Vec<_> = source
            .schema()
            .block
            .attributes
            .iter()
            .map(|a| a.name)
            .collect();
        table.sort_unstable();
        assert_eq!(names, table, "{}", source.name());
    }
    let about = async |name: &str, member: &str| {
        let data = bench.configured.data(name).unwrap();
        let nothing = Value::object([("name", Value::null(Type::String))]);
        let answer = data.read_many(&[nothing]).await.remove(0).unwrap();
        answer.get(member).unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(
        about("aws_caller_identity", "account_id").await,
        "123456789012"
    );
    assert_eq!(about("aws_region", "name").await, "us-east-1");
    assert_eq!(
        about("aws_partition", "reverse_dns_prefix").await,
        "com.amazonaws"
    );
    let region = bench.configured.data("aws_region").unwrap();
    let other = region.read_many(&[wanted("cn-north-1")]).await.remove(0);
    let endpoint = other.unwrap().get("endpoint").cloned();
    assert_eq!(endpoint, Some("ec2.cn-north-1.amazonaws.com.cn".into()));
}

#[tokio::test]
async fn nothing_is_set_up_before_the_first_request() {
    let began = Instant::now();
    let provider = AwsProvider::new(Environment {
        endpoint_url: Some("http://127.0.0.1:9".to_owned()),
        emulator: true,
        ..Environment::default()
    });
    let configured = provider.configure(None).unwrap();
    assert!(configured.remote(PROFILE).is_some());
    assert!(configured.remote("aws_instance").is_none() && configured.data("aws_ami").is_none());
    assert!(
        began.elapsed() < Duration::from_millis(200),
        "{:?}",
        began.elapsed()
    );
}
