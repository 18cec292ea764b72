//! The rest of the endpoint: bad input, faults, administration, connectors, flows and tags.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

mod common;

use std::time::{Duration, Instant};

use common::{Running, as_update, slack, with};
use flowctl_emulator::{Faults, Options};
use serde_json::{Value, json};

const CREATE: &str = "/create-connector-profile";
const UPDATE: &str = "/update-connector-profile";
const DELETE: &str = "/delete-connector-profile";

fn faulty(rules: &str) -> Options {
    Options {
        faults: Faults::parse(rules).unwrap(),
        ..Options::default()
    }
}

#[tokio::test]
async fn bad_input_gets_an_answer() {
    let server = Running::start(Options::default()).await;
    let deep = "[".repeat(100_000);
    let huge = format!(
        "{{\"connectorProfileName\": \"{}\"}}",
        "x".repeat(5 * 1024 * 1024)
    );
    for (method, path, body, expected) in [
        ("POST", CREATE, "{", "400 SerializationException"),
        ("POST", CREATE, "[]", "400 SerializationException"),
        ("POST", CREATE, deep.as_str(), "400 SerializationException"),
        ("POST", CREATE, "\u{0}", "400 SerializationException"),
        ("POST", CREATE, "", "400 ValidationException"),
        (
            "POST",
            CREATE,
            huge.as_str(),
            "413 RequestEntityTooLargeException",
        ),
        ("GET", CREATE, "", "405 MethodNotAllowedException"),
        ("PUT", "/tags/x", "{}", "405 MethodNotAllowedException"),
        (
            "POST",
            "/create-everything",
            "{}",
            "404 UnknownOperationException",
        ),
        ("POST", "/", "{}", "404 UnknownOperationException"),
        ("GET", "/_flowctl/else", "", "404 UnknownOperationException"),
        (
            "GET",
            "/_flowctl/reset",
            "",
            "405 MethodNotAllowedException",
        ),
        (
            "POST",
            "/_flowctl/faults",
            "create:explode",
            "400 ValidationException",
        ),
        ("POST", DELETE, "{}", "400 ValidationException"),
        (
            "GET",
            "/tags/arn%3Aaws%3Aappflow%3Aus-east-1%3A123456789012%3Aflow%2Fno",
            "",
            "404 ResourceNotFoundException",
        ),
        ("GET", "/tags/%ff", "", "400 SerializationException"),
    ] {
        // A body that is refused by its length may be cut off before the answer is read.
        if let Some(answer) = server.request(method, path, "", body).await {
            assert!(
                answer.outcome().starts_with(expected),
                "{method} {path}: {}",
                answer.outcome()
            );
            assert!(answer.body["message"].is_string());
        } else {
            assert!(body.len() > 1024 * 1024, "{method} {path}");
        }
    }
    let malformed = server.raw(b"NOT HTTP AT ALL\r\n\r\n").await;
    assert!(malformed.is_none_or(|answer| answer.status == 400));
    let from_page = server
        .request(
            "POST",
            "/_flowctl/reset",
            "origin: http://evil.example\r\n",
            "",
        )
        .await;
    assert!(from_page.unwrap().outcome().starts_with("403 "));
    assert_eq!(server.post(CREATE, slack("p", "s")).await.outcome(), "200");
    server.stop().await;
}

#[tokio::test]
async fn bodies_say_that_they_are_json() {
    let server = Running::start(Options::default()).await;
    let body = json!({"connectorProfileNames": ["p"]}).to_string();
    for (content_type, expected) in [
        ("application/json", "200"),
        ("Application/JSON; charset=utf-8", "200"),
        ("application/x-amz-json-1.1", "200"),
        (
            "application/x-www-form-urlencoded",
            "415 UnsupportedMediaTypeException",
        ),
        ("text/plain", "415 UnsupportedMediaTypeException"),
        ("", "415 UnsupportedMediaTypeException"),
    ] {
        let header = format!("content-type: {content_type}\r\n");
        let answer = server
            .request("POST", "/describe-connector-profiles", &header, &body)
            .await
            .unwrap();
        let outcome = answer.outcome();
        assert!(outcome.starts_with(expected), "{content_type}: {outcome}");
    }
    server.stop().await;
}

#[tokio::test]
async fn faults_befall_the_calls_they_are_for() {
    let server = Running::start(faulty(
        "create:throttle:nth=1,create:reset:nth=2,create:lost:nth=3,update:500:first=1,\
         update:delay=300ms:nth=2,delete:denied",
    ))
    .await;
    let create = || with(slack("p", "s"), "/clientToken", json!("t"));
    assert_eq!(
        server.post(CREATE, create()).await.outcome(),
        "429 ThrottlingException: Rate exceeded"
    );
    let send = || async {
        server
            .request("POST", CREATE, "", &create().to_string())
            .await
    };
    assert_eq!(send().await, None);
    assert!(server.describe(json!({})).await.is_empty());
    assert_eq!(send().await, None);
    // The work was done: the token finds its answer.
    assert_eq!(server.describe(json!({})).await.len(), 1);
    assert_eq!(server.post(CREATE, create()).await.outcome(), "200");
    assert!(
        server
            .post(UPDATE, as_update(slack("p", "s")))
            .await
            .outcome()
            .starts_with("500 InternalServerException")
    );
    let started = Instant::now();
    assert_eq!(
        server
            .post(UPDATE, as_update(slack("p", "s")))
            .await
            .outcome(),
        "200"
    );
    assert!(started.elapsed() >= Duration::from_millis(300));
    let delete = json!({"connectorProfileName": "p"});
    assert!(
        server
            .post(DELETE, delete.clone())
            .await
            .outcome()
            .starts_with("403 AccessDeniedException")
    );

    let log = server.log().await;
    let statuses: Vec<&Value> = log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["status"])
        .collect();
    assert_eq!(
        json!(statuses),
        json!([429, null, 200, null, 200, 200, 500, 200, 403])
    );
    let replaced = server
        .request("POST", "/_flowctl/faults", "", "")
        .await
        .unwrap();
    assert_eq!(replaced.body, json!({"rules": ""}));
    assert_eq!(server.post(DELETE, delete).await.outcome(), "200");
    assert_eq!(
        server
            .request("POST", "/_flowctl/reset", "", "")
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(server.log().await["total"], json!(0));
    assert_eq!(server.post(CREATE, create()).await.status, 429);
    server.stop().await;
}

#[tokio::test]
async fn work_goes_on_when_its_sender_goes_away_and_an_echo_repeats_the_request() {
    let rules = "create:delay=200ms:nth=1,create:late=5s:nth=2,create:echo:nth=3";
    let server = Running::start(faulty(rules)).await;
    let gone = Duration::from_millis(100);
    for name in ["begun-later", "answered-later"] {
        let sent = server.post(CREATE, slack(name, "s"));
        assert!(tokio::time::timeout(gone, sent).await.is_err(), "{name}");
    }
    let deadline = Instant::now() + Duration::from_secs(4);
    while server.describe(json!({})).await.len() < 2 {
        assert!(Instant::now() < deadline, "the work was given up");
    }
    let echo = server.post(CREATE, slack("p", "hush")).await.outcome();
    assert!(
        echo.starts_with("400 ValidationException: Validation exception: The request {")
            && echo.contains(r#""clientSecret":"hush""#),
        "{echo}"
    );
    server.stop().await;
}

#[tokio::test]
async fn reads_lag_and_roles_take_time() {
    let server = Running::start(faulty("*:stale=400ms,create:role-lag=400ms")).await;
    let named = async |url: &str| {
        let found = server
            .describe(json!({"connectorProfileNames": ["p"]}))
            .await;
        assert_eq!(server.describe(json!({})).await, found);
        found.iter().filter(|p| p.to_string().contains(url)).count()
    };
    let wait = || tokio::time::sleep(Duration::from_millis(500));
    assert_eq!(server.post(CREATE, slack("p", "s")).await.outcome(), "200");
    assert_eq!(named("x.slack").await, 0);
    wait().await;
    assert_eq!(named("x.slack").await, 1);
    let url = "/connectorProfileConfig/connectorProfileProperties/Slack/instanceUrl";
    let update = as_update(with(slack("p", "s"), url, json!("https://y.slack.com")));
    assert_eq!(server.post(UPDATE, update).await.outcome(), "200");
    assert_eq!((named("x.slack").await, named("y.slack").await), (1, 0));
    wait().await;
    assert_eq!((named("x.slack").await, named("y.slack").await), (0, 1));
    server
        .post(DELETE, json!({"connectorProfileName": "p"}))
        .await;
    assert_eq!(named("y.slack").await, 1);
    wait().await;
    assert_eq!(named("y.slack").await, 0);

    let role = "arn:aws:iam::123456789012:role/new";
    let redshift = json!({
        "connectorProfileName": "r", "connectorType": "Redshift", "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileCredentials": {"Redshift": {"username": "u", "password": "p"}},
            "connectorProfileProperties": {"Redshift": {"databaseUrl": "jdbc:redshift://h/d", "bucketName": "bucket", "roleArn": role}},
        },
    });
    let refused = server.post(CREATE, redshift.clone()).await.outcome();
    assert!(
        refused.starts_with("400 ValidationException") && refused.contains(role),
        "{refused}"
    );
    wait().await;
    assert_eq!(server.post(CREATE, redshift).await.outcome(), "200");
    server.stop().await;
}

#[tokio::test]
async fn private_connections_are_provisioned() {
    let server = Running::start(Options {
        private_provisioning: Duration::from_millis(300),
        ..faulty("create:private-failed:nth=2")
    })
    .await;
    for name in ["a", "b"] {
        let private = with(slack(name, "s"), "/connectionMode", json!("Private"));
        assert_eq!(server.post(CREATE, private).await.outcome(), "200");
    }
    let states = || async {
        let profiles = server.describe(json!({})).await;
        json!(
            profiles
                .iter()
                .map(|p| &p["privateConnectionProvisioningState"]["status"])
                .collect::<Vec<_>>()
        )
    };
    assert_eq!(states().await, json!(["PENDING", "PENDING"]));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(states().await, json!(["CREATED", "FAILED"]));
    server.stop().await;
}

#[tokio::test]
async fn the_log_shows_what_reached_the_endpoint() {
    let server = Running::start(Options {
        record_bodies: true,
        request_log: 2,
        ..Options::default()
    })
    .await;
    let request = with(slack("p", "hush"), "/misspelt", json!(1));
    server.post(CREATE, request.clone()).await;
    let line = server.log().await["requests"][0].clone();
    assert_eq!(line["body"], request);
    assert_eq!(line["ignored"], json!(["misspelt"]));
    assert_eq!(line["connectorProfileName"], json!("p"));
    let credentials = line["credentials"].as_object().unwrap();
    assert_eq!(credentials.len(), 3);
    assert!(line["paths"].as_array().unwrap().contains(&json!(
        "connectorProfileConfig.connectorProfileProperties.Slack.instanceUrl"
    )));
    server.stop().await;
}

#[tokio::test]
async fn connectors_flows_and_tags() {
    let server = Running::start(Options::default()).await;
    let ok = |path: &'static str, body: Value| {
        let server = &server;
        async move {
            let answer = server.post(path, body).await;
            assert_eq!(answer.outcome(), "200", "{path}");
            answer.body
        }
    };
    let register = json!({"connectorLabel": "mine", "connectorProvisioningType": "LAMBDA",
        "connectorProvisioningConfig": {"lambda": {"lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}}});
    let connector = "arn:aws:appflow:us-east-1:123456789012:connector/mine";
    assert_eq!(
        ok("/register-connector", register.clone()).await,
        json!({"connectorArn": connector})
    );
    assert_eq!(
        server.post("/register-connector", register).await.status,
        409
    );
    let described = ok(
        "/describe-connector",
        json!({"connectorType": "CustomConnector", "connectorLabel": "mine"}),
    )
    .await;
    assert_eq!(
        described["connectorConfiguration"]["connectorArn"],
        json!(connector)
    );
    ok(
        "/update-connector-registration",
        json!({"connectorLabel": "mine", "description": "ours"}),
    )
    .await;
    let described = ok(
        "/describe-connector",
        json!({"connectorType": "CustomConnector", "connectorLabel": "mine"}),
    )
    .await;
    let configuration = &described["connectorConfiguration"];
    assert_eq!(configuration["connectorDescription"], json!("ours"));
    assert!(configuration["connectorProvisioningConfig"]["lambda"].is_object());
    let first = ok("/list-connectors", json!({})).await;
    let second = ok("/list-connectors", json!({"nextToken": first["nextToken"]})).await;
    assert_eq!(
        first["connectors"].as_array().unwrap().len()
            + second["connectors"].as_array().unwrap().len(),
        23 + 4
    );
    let some = ok("/describe-connectors", json!({"connectorTypes": ["Slack"]})).await;
    assert_eq!(
        some["connectorConfigurations"]["Slack"]["canUseAsSource"],
        json!(true)
    );
    assert_eq!(
        some["connectorConfigurations"]["Slack"]["canUseAsDestination"],
        json!(false)
    );

    ok(CREATE, slack("p", "s")).await;
    let flow = |trigger: &str, profile: &str| {
        json!({
            "flowName": "f1", "triggerConfig": {"triggerType": trigger},
            "sourceFlowConfig": {"connectorType": "Slack", "connectorProfileName": profile,
                "sourceConnectorProperties": {"Slack": {"object": "o"}}},
            "destinationFlowConfigList": [{"connectorType": "S3",
                "destinationConnectorProperties": {"S3": {"bucketName": "bucket"}}}],
            "tasks": [{"sourceFields": ["a"], "taskType": "Map"}],
        })
    };
    let missing = server
        .post("/create-flow", flow("OnDemand", "none"))
        .await
        .outcome();
    assert_eq!(
        missing,
        "404 ResourceNotFoundException: Connector Profile with name none does not exist."
    );
    let veeva = with(
        flow("OnDemand", "p"),
        "/sourceFlowConfig",
        json!({"connectorType": "Veeva", "connectorProfileName": "p",
            "sourceConnectorProperties": {"Veeva": {"object": "o"}}}),
    );
    assert_eq!(
        server.post("/create-flow", veeva).await.outcome(),
        "400 ValidationException: Validation exception: ConnectorProfile p is for connector \
         Slack, not for Veeva"
    );
    let nowhere = with(
        flow("OnDemand", "p"),
        "/destinationFlowConfigList",
        json!([]),
    );
    assert_eq!(server.post("/create-flow", nowhere).await.status, 400);
    let arn = "arn:aws:appflow:us-east-1:123456789012:flow/f1";
    let created = ok(
        "/create-flow",
        with(flow("Event", "p"), "/tags", json!({"a": "1"})),
    )
    .await;
    assert_eq!(created, json!({"flowArn": arn, "flowStatus": "Draft"}));
    assert_eq!(
        server.post("/create-flow", flow("Event", "p")).await.status,
        409
    );
    let used = server
        .post(DELETE, json!({"connectorProfileName": "p"}))
        .await
        .outcome();
    assert!(
        used.starts_with("409 ConflictException") && used.contains("flows: f1"),
        "{used}"
    );
    assert_eq!(
        ok("/start-flow", json!({"flowName": "f1"})).await["flowStatus"],
        json!("Active")
    );
    assert_eq!(
        ok("/stop-flow", json!({"flowName": "f1"})).await["flowStatus"],
        json!("Suspended")
    );
    ok("/update-flow", flow("OnDemand", "p")).await;
    assert_eq!(
        server
            .post("/stop-flow", json!({"flowName": "f1"}))
            .await
            .outcome()
            .split(':')
            .next(),
        Some("400 UnsupportedOperationException")
    );
    assert!(ok("/start-flow", json!({"flowName": "f1"})).await["executionId"].is_string());

    let tags = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
    assert_eq!(
        server
            .request("POST", &tags, "", "{\"tags\": {\"b\": \"2\"}}")
            .await
            .unwrap()
            .outcome(),
        "200"
    );
    assert_eq!(
        server
            .request("DELETE", &format!("{tags}?tagKeys=a"), "", "")
            .await
            .unwrap()
            .outcome(),
        "200"
    );
    assert_eq!(
        server.request("GET", &tags, "", "").await.unwrap().body,
        json!({"tags": {"b": "2"}})
    );
    let described = ok("/describe-flow", json!({"flowName": "f1"})).await;
    assert_eq!(described["tags"], json!({"b": "2"}));
    assert_eq!(described["tasks"][0]["taskType"], json!("Map"));
    assert_eq!(
        ok("/list-flows", json!({})).await["flows"][0]["sourceConnectorType"],
        json!("Slack")
    );

    ok(
        DELETE,
        json!({"connectorProfileName": "p", "forceDelete": true}),
    )
    .await;
    ok("/delete-flow", json!({"flowName": "f1"})).await;
    assert_eq!(
        server
            .post("/describe-flow", json!({"flowName": "f1"}))
            .await
            .status,
        404
    );
    ok("/unregister-connector", json!({"connectorLabel": "mine"})).await;
    ok(
        "/unregister-connector",
        json!({"connectorLabel": "my-connector"}),
    )
    .await;
    assert_eq!(
        server
            .post("/unregister-connector", json!({"connectorLabel": "mine"}))
            .await
            .status,
        404
    );
    server.stop().await;
}
