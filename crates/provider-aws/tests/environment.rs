//! Where requests go and who signs them, by environment and settings. Each case runs in a process
//! of its own, because the SDK reads the environment of the process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and its child process answers by printing"
)]

mod common;

use std::process::Command;

use common::*;
use flowctl_emulator::Server;
use flowctl_model::{Type, Value};
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_schema::{Provider, ReadRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Reads one profile with a provider set up by `CASE_…` variables, and prints what came of it.
#[tokio::test]
#[ignore = "the other tests run it, each with an environment of its own"]
async fn child() {
    let said = |name: &str| std::env::var(format!("CASE_{name}")).ok();
    let strings = |text: &str| Value::list(Type::String, vec![Value::from(text)]);
    let mut settings = Vec::new();
    for (name, variable) in [
        ("region", "REGION"),
        ("access_key", "KEY"),
        ("secret_key", "SECRET"),
    ] {
        settings.extend(said(variable).map(|text| (name, Value::from(text.as_str()))));
    }
    settings.extend(said("ALLOWED").map(|text| ("allowed_account_ids", strings(&text))));
    let services = [("appflow", "APPFLOW"), ("sts", "STS")];
    let endpoints = services
        .iter()
        .filter_map(|(name, variable)| Some((*name, Value::from(said(variable)?.as_str()))));
    let endpoints = Value::list(Type::Any, vec![Value::object(endpoints)]);
    settings.push(("endpoints", endpoints));
    settings.extend(said("ROLE").map(|arn| {
        let role = Value::object([("role_arn", Value::from(arn.as_str()))]);
        ("assume_role", Value::list(Type::Any, vec![role]))
    }));
    settings.push(("max_retries", Value::number(0)));
    let provider = AwsProvider::new(Environment {
        endpoint_url: said("ENDPOINT_URL"),
        ..Environment::default()
    });
    let configured = provider.configure(Some(&Value::object(settings))).unwrap();
    let request = ReadRequest {
        id: "a".into(),
        prior: None,
    };
    match configured
        .remote(PROFILE)
        .unwrap()
        .read_many(&[request])
        .await
    {
        Ok(found) => println!("RESULT: {}", found.len()),
        Err(error) => println!("RESULT: {error:?}"),
    }
    let data = configured.data("aws_caller_identity").unwrap();
    match data.read_many(&[Value::object::<&str>([])]).await.remove(0) {
        Ok(identity) => println!("IDENTITY: {identity:?}"),
        Err(error) => println!("IDENTITY: {error:?}"),
    }
}

/// What the child says, by the start of its lines.
async fn run(variables: &[(&str, &str)]) -> (String, String) {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child", "--nocapture"])
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(variables)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |start: &str| {
        let at = text.find(start).unwrap_or_else(|| panic!("{text}"));
        text[at..].lines().next().unwrap().to_owned()
    };
    (line("RESULT: "), line("IDENTITY: "))
}

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIA"),
    ("AWS_SECRET_ACCESS_KEY", "CANARY"),
];
const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");
const NOWHERE: &str = "http://127.0.0.1:9";

/// A service that says to everybody who they are, and lets them be anybody else.
async fn sts() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 65536];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let body = if text.contains("Action=AssumeRole") {
                "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
                 <Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
                 </AssumeRoleResult></AssumeRoleResponse>"
            } else if text.contains("Credential=ASIA") {
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:sts::222222222222:assumed-role/r/flowctl</Arn><UserId>R</UserId>\
                 <Account>222222222222</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            } else {
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::111111111111:user/me</Arn><UserId>U</UserId>\
                 <Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

async fn emulator() -> String {
    let server = Server::bind("127.0.0.1:0", options()).await.unwrap();
    let url = server.endpoint_url();
    tokio::spawn(server.run(std::future::pending()));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said() {
    let (result, identity) = run(&KEYS).await;
    for said in [result, identity] {
        assert!(
            said.contains("NotConfigured") && said.contains("no AWS region"),
            "{said}"
        );
        assert!(said.contains("AWS_REGION"), "{said}");
    }
    let (result, identity) = run(&[REGION]).await;
    for said in [result, identity] {
        assert!(
            said.contains("NotConfigured") && said.contains("no AWS credentials"),
            "{said}"
        );
        assert!(
            said.contains("AWS_PROFILE") && said.contains("--emulator"),
            "{said}"
        );
    }
    let (result, _) = run(&[KEYS[0], KEYS[1], REGION, ("AWS_ENDPOINT_URL", NOWHERE)]).await;
    assert!(
        result.contains("Unreachable") && result.contains(NOWHERE),
        "{result}"
    );
    assert!(!result.contains("CANARY"), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_endpoint_holds() {
    let url = emulator().await;
    let url = url.as_str();
    let keys = [KEYS[0], KEYS[1], REGION];
    let cases: &[&[(&str, &str)]] = &[
        &[("AWS_ENDPOINT_URL", url)],
        &[
            ("AWS_ENDPOINT_URL", NOWHERE),
            ("AWS_ENDPOINT_URL_APPFLOW", url),
        ],
        &[("AWS_ENDPOINT_URL_APPFLOW", NOWHERE), ("CASE_APPFLOW", url)],
        &[
            ("AWS_ENDPOINT_URL_APPFLOW", NOWHERE),
            ("CASE_APPFLOW", NOWHERE),
            ("CASE_ENDPOINT_URL", url),
        ],
        &[("HTTP_PROXY", NOWHERE), ("AWS_ENDPOINT_URL_APPFLOW", url)],
    ];
    for case in cases {
        let (result, _) = run(&[&keys[..], case].concat()).await;
        assert_eq!(result, "RESULT: 1", "{case:?}");
    }
    // Settings in place of the environment.
    let settings = [
        ("CASE_REGION", "eu-west-1"),
        ("CASE_KEY", "AKIA"),
        ("CASE_SECRET", "x"),
        ("CASE_APPFLOW", url),
    ];
    assert_eq!(run(&settings).await.0, "RESULT: 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_roles() {
    let (url, sts) = (emulator().await, sts().await);
    let base = [
        KEYS[0],
        KEYS[1],
        REGION,
        ("CASE_APPFLOW", url.as_str()),
        ("CASE_STS", sts.as_str()),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&base[..], more].concat();
    let (result, identity) = run(&with(&[("CASE_ALLOWED", "111111111111")])).await;
    assert_eq!(result, "RESULT: 1");
    assert!(
        identity.contains("arn:aws:iam::111111111111:user/me"),
        "{identity}"
    );
    let (result, _) = run(&with(&[("CASE_ALLOWED", "999999999999")])).await;
    assert!(
        result.contains("account 111111111111") && result.contains("NotConfigured"),
        "{result}"
    );
    let role = ("CASE_ROLE", "arn:aws:iam::222222222222:role/r");
    let (result, identity) = run(&with(&[role, ("CASE_ALLOWED", "222222222222")])).await;
    assert_eq!(result, "RESULT: 1", "{identity}");
    assert!(identity.contains("assumed-role/r/flowctl"), "{identity}");
}
