//! Connector profiles over the wire: every connector, the rules, pages, tokens and the store.

mod common;

use common::{Running, as_update, slack, with};
use flowctl_emulator::{Options, Store};
use serde_json::{Value, json};

const CREATE: &str = "/create-connector-profile";
const UPDATE: &str = "/update-connector-profile";
const DELETE: &str = "/delete-connector-profile";
const DESCRIBE: &str = "/describe-connector-profiles";
const SECRET: &str = "canary5ecret";

/// Type, label, member, credentials, properties of each connector.
fn connectors() -> Vec<(
    &'static str,
    Option<&'static str>,
    &'static str,
    Value,
    Value,
)> {
    let s = SECRET;
    let url = json!({"instanceUrl": "https://x.example"});
    let oauth = json!({"clientId": "id", "clientSecret": s, "refreshToken": s});
    vec![
        (
            "Amplitude",
            None,
            "Amplitude",
            json!({"apiKey": s, "secretKey": s}),
            json!({}),
        ),
        (
            "CustomConnector",
            Some("my-connector"),
            "CustomConnector",
            json!({"authenticationType": "CUSTOM", "custom": {"customAuthenticationType": "t", "credentialsMap": {"k": s}}}),
            json!({"profileProperties": {"a": "b"}}),
        ),
        (
            "Datadog",
            None,
            "Datadog",
            json!({"apiKey": s, "applicationKey": s}),
            url.clone(),
        ),
        (
            "Dynatrace",
            None,
            "Dynatrace",
            json!({"apiToken": s}),
            url.clone(),
        ),
        (
            "Googleanalytics",
            None,
            "GoogleAnalytics",
            oauth.clone(),
            json!({}),
        ),
        (
            "Honeycode",
            None,
            "Honeycode",
            json!({"accessToken": s}),
            json!({}),
        ),
        (
            "Infornexus",
            None,
            "InforNexus",
            json!({"accessKeyId": s, "userId": "u", "secretAccessKey": s, "datakey": s}),
            url.clone(),
        ),
        (
            "Marketo",
            None,
            "Marketo",
            json!({"clientId": "id", "clientSecret": s}),
            url.clone(),
        ),
        (
            "Pardot",
            None,
            "Pardot",
            json!({"accessToken": s}),
            json!({"businessUnitId": "0Uv123456789012345"}),
        ),
        (
            "Redshift",
            None,
            "Redshift",
            json!({"username": "u", "password": s}),
            json!({"databaseUrl": "jdbc:redshift://h:5439/d", "bucketName": "bucket",
                "roleArn": "arn:aws:iam::123456789012:role/r"}),
        ),
        (
            "Salesforce",
            None,
            "Salesforce",
            json!({"oAuthRequest": {"authCode": s, "redirectUri": "https://r.example"}}),
            json!({"instanceUrl": "https://x.example", "isSandboxEnvironment": true}),
        ),
        (
            "SAPOData",
            None,
            "SAPOData",
            json!({"basicAuthCredentials": {"username": "u", "password": s}}),
            json!({"applicationHostUrl": "https://h.example", "applicationServicePath": "/p",
                "portNumber": 443, "clientNumber": "001"}),
        ),
        (
            "Servicenow",
            None,
            "ServiceNow",
            json!({"username": "u", "password": s}),
            url.clone(),
        ),
        (
            "Singular",
            None,
            "Singular",
            json!({"apiKey": s}),
            json!({}),
        ),
        (
            "Slack",
            None,
            "Slack",
            json!({"clientId": "id", "clientSecret": s, "accessToken": s}),
            url.clone(),
        ),
        (
            "Snowflake",
            None,
            "Snowflake",
            json!({"username": "u", "password": s}),
            json!({"warehouse": "w", "stage": "d.s.stage", "bucketName": "bucket"}),
        ),
        (
            "Trendmicro",
            None,
            "Trendmicro",
            json!({"apiSecretKey": s}),
            json!({}),
        ),
        (
            "Veeva",
            None,
            "Veeva",
            json!({"username": "u", "password": s}),
            url.clone(),
        ),
        (
            "Zendesk",
            None,
            "Zendesk",
            json!({"clientId": "id", "clientSecret": s, "accessToken": s}),
            url,
        ),
    ]
}

#[tokio::test]
async fn every_connector_lives_and_dies() {
    let server = Running::start(Options::default()).await;
    for (kind, label, block, credentials, properties) in connectors() {
        let name = format!("p-{kind}");
        let mut create = json!({
            "connectorProfileName": name, "connectorType": kind, "connectionMode": "Public",
            "kmsArn": "arn:aws:kms:us-east-1:123456789012:key/k",
            "connectorProfileConfig": {
                "connectorProfileCredentials": {block: credentials},
                "connectorProfileProperties": {block: properties},
            },
        });
        if let Some(label) = label {
            create["connectorLabel"] = label.into();
        }
        let arn = format!("arn:aws:appflow:us-east-1:123456789012:connectorprofile/{name}");
        let created = server.post(CREATE, create.clone()).await;
        assert_eq!(created.outcome(), "200", "{kind}");
        assert_eq!(created.body, json!({"connectorProfileArn": arn}));
        assert!(created.header("x-amzn-requestid").is_some());

        let found = server
            .describe(json!({"connectorProfileNames": [name]}))
            .await;
        let [found] = found.as_slice() else {
            panic!("{kind}: {found:?}")
        };
        let mut expected = properties.clone();
        if kind == "Snowflake" {
            expected["stage"] = "@d.s.stage".into();
        }
        assert_eq!(
            found["connectorProfileProperties"],
            json!({block: expected})
        );
        assert_eq!(found["connectorProfileArn"], json!(arn));
        assert_eq!(found["connectorType"], json!(kind));
        assert_eq!(found.get("connectorLabel").and_then(Value::as_str), label);
        assert!(
            found["credentialsArn"]
                .as_str()
                .unwrap()
                .starts_with("arn:aws:secretsmanager:us-east-1:123456789012:secret:appflow!")
        );
        assert!(found["createdAt"].as_f64().unwrap() > 1.7e9);
        assert!(found.get("kmsArn").is_none());
        assert!(!found.to_string().contains(SECRET), "{kind}");

        let taken = server.post(CREATE, create.clone()).await;
        assert!(
            taken.outcome().starts_with("409 ConflictException"),
            "{kind}"
        );
        for part in ["connectorProfileCredentials", "connectorProfileProperties"] {
            let pointer = format!("/connectorProfileConfig/{part}/{block}");
            let without = server
                .post(CREATE, with(create.clone(), &pointer, Value::Null))
                .await;
            assert!(
                without.outcome().starts_with("400 ValidationException"),
                "{kind} {part}"
            );
        }
        let updated = server
            .post(
                UPDATE,
                with(as_update(create), "/connectionMode", json!("Private")),
            )
            .await;
        assert_eq!(updated.body, json!({"connectorProfileArn": arn}));
        let after = server
            .describe(json!({"connectorType": kind}))
            .await
            .remove(0);
        assert_eq!(after["connectionMode"], json!("Private"));
        assert_eq!(
            after["privateConnectionProvisioningState"],
            json!({"status": "CREATED"})
        );
        assert_eq!(after["createdAt"], found["createdAt"]);
        assert_eq!(after["credentialsArn"], found["credentialsArn"]);
        assert!(after["lastUpdatedAt"].as_f64() >= found["lastUpdatedAt"].as_f64());

        let delete = json!({"connectorProfileName": name});
        assert_eq!(server.post(DELETE, delete.clone()).await.outcome(), "200");
        let gone = format!(
            "404 ResourceNotFoundException: Connector Profile with name {name} does not exist."
        );
        assert_eq!(server.post(DELETE, delete).await.outcome(), gone);
        assert!(
            server
                .describe(json!({"connectorProfileNames": [name]}))
                .await
                .is_empty()
        );
    }
    let log = server.log().await;
    assert!(!log.to_string().contains(SECRET));
    assert_eq!(
        log["counts"]["UpdateConnectorProfile"],
        json!({"total": 19, "failed": 0})
    );
    server.stop().await;
}

#[tokio::test]
async fn what_the_service_refuses() {
    let server = Running::start(Options {
        quota: Some(1),
        ..Options::default()
    })
    .await;
    let base = || slack("p", "s");
    let custom = |label: Value| {
        let config = json!({
            "connectorProfileCredentials": {"CustomConnector": {"authenticationType": "BASIC",
                "basic": {"username": "u", "password": "p"}}},
            "connectorProfileProperties": {"CustomConnector": {}},
        });
        let base = with(base(), "/connectorProfileConfig", config);
        with(
            with(base, "/connectorType", json!("CustomConnector")),
            "/connectorLabel",
            label,
        )
    };
    let config = "/connectorProfileConfig/connectorProfileProperties";
    let cases = [
        (
            custom(json!("unknown")),
            "404 ResourceNotFoundException: Connector:unknown is not registered. Please register it first before creating ConnectorProfile.",
        ),
        (
            custom(Value::Null),
            "400 ValidationException: Validation exception: ConnectorLabel cannot be blank for connector: CUSTOMCONNECTOR",
        ),
        (
            with(base(), "/connectorType", json!("S3")),
            "400 ValidationException: Validation exception: Connector type S3 does not use connector profiles",
        ),
        (
            with(base(), "/connectorType", json!("Zendesk")),
            "400 ValidationException: Validation exception: connectorProfileProperties must have Zendesk and nothing else for connector: ZENDESK",
        ),
        (
            with(base(), config, json!({})),
            "400 ValidationException: Validation exception: connectorProfileProperties.Slack cannot be null for connector: SLACK",
        ),
        (
            with(base(), "/connectorProfileName", json!("a b")),
            "400 ValidationException: 1 validation error detected: Value 'a b' at 'connectorProfileName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w/!@#+=.-]+",
        ),
        (
            with(base(), "/connectorProfileName", json!(7)),
            "400 SerializationException: Expected a string at 'connectorProfileName'",
        ),
        (base(), "200"),
        (
            slack("q", "s"),
            "402 ServiceQuotaExceededException: The account has reached its quota of 1 connector profiles",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(server.post(CREATE, request).await.outcome(), expected);
    }
    assert!(
        server
            .post(UPDATE, as_update(slack("no", "s")))
            .await
            .outcome()
            .starts_with("404 ")
    );
    let other_region = server.post_in("eu-west-1", CREATE, slack("p", "s")).await;
    assert_eq!(
        other_region.body["connectorProfileArn"],
        json!("arn:aws:appflow:eu-west-1:123456789012:connectorprofile/p")
    );
    server.stop().await;
}

#[tokio::test]
async fn pages_and_filters() {
    let server = Running::start(Options::default()).await;
    for index in 0..25 {
        assert_eq!(
            server
                .post(CREATE, slack(&format!("p{index:02}"), "s"))
                .await
                .status,
            200
        );
    }
    let names = |profiles: &[Value]| -> Vec<String> {
        profiles
            .iter()
            .map(|p| p["connectorProfileName"].as_str().unwrap().to_owned())
            .collect()
    };
    // Twenty by default, then the rest; sevens; named ones, of which one is unknown.
    for (filter, sizes) in [
        (json!({}), vec![20, 5]),
        (
            json!({"maxResults": 7, "connectorType": "Slack"}),
            vec![7, 7, 7, 4],
        ),
        (json!({"maxResults": 25}), vec![25]),
        (
            json!({"maxResults": 2, "connectorProfileNames": ["p03", "nope", "p01", "p01", "p20"]}),
            vec![2, 1],
        ),
        (json!({"connectorType": "Zendesk"}), vec![0]),
        (json!({"connectorLabel": "my-connector"}), vec![0]),
    ] {
        let (mut request, mut seen, mut found) = (filter.clone(), vec![], vec![]);
        loop {
            let answer = server.post(DESCRIBE, request.clone()).await;
            let page = names(answer.body["connectorProfileDetails"].as_array().unwrap());
            found.push(page.len());
            seen.extend(page);
            match answer.body.get("nextToken") {
                Some(token) => request["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(found, sizes, "{filter}");
        assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]));
    }
    let many: Vec<String> = (0..101).map(|i| format!("n{i}")).collect();
    for wrong in [
        json!({"maxResults": 0}),
        json!({"maxResults": 101}),
        json!({"nextToken": "made-up"}),
        json!({"connectorProfileNames": many}),
    ] {
        let outcome = server.post(DESCRIBE, wrong).await.outcome();
        assert!(outcome.starts_with("400 ValidationException"), "{outcome}");
    }
    server.stop().await;
}

#[tokio::test]
async fn tokens_repeat_answers_and_data_survive_without_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("emulator.db");
    let options = || Options {
        store: Store::File(path.clone()),
        ..Options::default()
    };
    let create = || with(slack("p", SECRET), "/clientToken", json!("token"));
    let update = |secret: &str| {
        with(
            as_update(slack("p", secret)),
            "/clientToken",
            json!("token"),
        )
    };
    let mismatch = "409 ConflictException: The client token was already used in a request with different parameters";

    let server = Running::start(options()).await;
    assert_eq!(server.post(CREATE, create()).await.outcome(), "200");
    let found = server.describe(json!({})).await;
    assert_eq!(server.post(CREATE, create()).await.outcome(), "200");
    assert_eq!(server.post(UPDATE, update(SECRET)).await.outcome(), "200");
    let changed = server.describe(json!({})).await;
    assert_eq!(server.post(UPDATE, update(SECRET)).await.outcome(), "200");
    assert_eq!(server.describe(json!({})).await, changed);
    for other in [
        with(slack("p", "other"), "/clientToken", json!("token")),
        with(slack("q", SECRET), "/clientToken", json!("token")),
    ] {
        assert_eq!(server.post(CREATE, other).await.outcome(), mismatch);
    }
    assert_eq!(
        server.post(UPDATE, update("other")).await.outcome(),
        mismatch
    );
    server.stop().await;

    let server = Running::start(options()).await;
    let survived = server.describe(json!({})).await;
    assert_eq!(survived, changed);
    assert_eq!(survived[0]["credentialsArn"], found[0]["credentialsArn"]);
    // The key of the digests that cover credentials is gone: only the rest is compared.
    assert_eq!(server.post(CREATE, create()).await.outcome(), "200");
    let other = with(slack("q", SECRET), "/clientToken", json!("token"));
    assert_eq!(server.post(CREATE, other).await.outcome(), mismatch);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let hit = bytes
            .windows(SECRET.len())
            .any(|window| window == SECRET.as_bytes());
        assert!(!hit, "{}", path.display());
    }
    server.stop().await;
}
