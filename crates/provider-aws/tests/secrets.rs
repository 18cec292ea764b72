//! Secrets of Secrets Manager and Systems Manager, against canned answers.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

use std::sync::{Arc, Mutex};

use flowctl_model::{Text, Type, Value};
use flowctl_provider_aws::{AwsProvider, Environment};
use flowctl_schema::{ErrorKind, Provider, ProviderError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "aws_secretsmanager_secret_version";
const PARAMETER: &str = "aws_ssm_parameter";

/// A service that gives each request the same answer, and what it was asked.
async fn service(status: u16, answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let request = serve(stream, status, answer).await;
            heard.lock().unwrap().push(request);
        }
    });
    (url, asked)
}

async fn serve(mut stream: TcpStream, status: u16, answer: &str) -> String {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        request.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if read == 0 || request.ends_with('}') {
            break;
        }
    }
    let head = format!(
        "HTTP/1.1 {status} Canned\r\ncontent-type: application/x-amz-json-1.1\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(answer.as_bytes()).await.unwrap();
    request
}

async fn read(name: &str, url: &str, config: &[(&str, &str)]) -> Result<Value, ProviderError> {
    let endpoints = Value::object([("secretsmanager", Value::from(url)), ("ssm", url.into())]);
    let settings = Value::object([
        ("region", Value::from("eu-west-1")),
        ("access_key", "AKIDEXAMPLE".into()),
        ("secret_key", "CANARY-key".into()),
        ("endpoints", Value::list(endpoints.ty(), vec![endpoints])),
    ]);
    let provider = AwsProvider::new(Environment::default());
    let configured = provider.configure(Some(&settings)).unwrap();
    let source = provider.data_sources().iter().find(|s| s.name() == name);
    let unset = source.unwrap().schema().block.attributes.iter();
    let unset = unset.map(|attribute| {
        let set = config.iter().find(|(name, _)| *name == attribute.name);
        let null = Value::null(attribute.ty.clone());
        (attribute.name, set.map_or(null, |(_, text)| (*text).into()))
    });
    let config = Value::object(unset);
    let reader = configured.ephemeral(name).unwrap();
    let object = reader.read_many(&[config]).await.remove(0)?;
    let table = source.unwrap().schema().block.attributes.iter();
    let mut table: Vec<_> = table.map(|a| Text::from(a.name)).collect();
    table.sort();
    let found: Vec<_> = object.members().unwrap().keys().cloned().collect();
    assert_eq!(found, table, "exactly what the table says");
    Ok(object)
}

fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name)?.as_str()
}

#[tokio::test]
async fn a_version_of_a_secret() {
    let answer = r#"{"ARN":"arn:aws:secretsmanager:eu-west-1:1:secret:a-x","Name":"a",
        "VersionId":"v1","SecretString":"CANARY-1","VersionStages":["other","AWSCURRENT"],
        "CreatedDate":1700000000}"#;
    let (url, asked) = service(200, answer).await;
    let object = read(SECRET, &url, &[("secret_id", "a")]).await.unwrap();
    for (name, expected) in [
        ("secret_string", Some("CANARY-1")),
        ("secret_binary", None),
        ("version_id", Some("v1")),
        ("version_stage", Some("AWSCURRENT")),
        ("created_date", Some("2023-11-14T22:13:20Z")),
        ("id", Some("a|v1")),
    ] {
        assert_eq!(text(&object, name), expected, "{name}");
    }
    let asked = asked.lock().unwrap().join("\n");
    assert!(asked.contains("secretsmanager.GetSecretValue"), "{asked}");
    assert!(asked.contains(r#"{"SecretId":"a"}"#), "{asked}");
    assert!(!asked.contains("CANARY"), "{asked}");
}

#[tokio::test]
async fn a_binary_secret_is_base64() {
    let (url, asked) = service(200, r#"{"SecretBinary":"AP8=","VersionId":"v"}"#).await;
    let config = [("secret_id", "a"), ("version_stage", "AWSPREVIOUS")];
    let object = read(SECRET, &url, &config).await.unwrap();
    assert_eq!(text(&object, "secret_binary"), Some("AP8="));
    assert_eq!(text(&object, "version_stage"), Some("AWSPREVIOUS"));
    let asked = asked.lock().unwrap().join("\n");
    assert!(asked.contains(r#""VersionStage":"AWSPREVIOUS""#), "{asked}");
}

#[tokio::test]
async fn a_parameter() {
    let answer = r#"{"Parameter":{"Name":"/a","Type":"SecureString","Value":"CANARY-1",
        "Version":7,"ARN":"arn:aws:ssm:eu-west-1:1:parameter/a"}}"#;
    let (url, asked) = service(200, answer).await;
    let object = read(PARAMETER, &url, &[("name", "/a")]).await.unwrap();
    assert_eq!(text(&object, "value"), Some("CANARY-1"));
    assert_eq!(text(&object, "type"), Some("SecureString"));
    let version = object.get("version").unwrap();
    assert_eq!((version.ty(), version), (Type::Number, &Value::number(7)));
    let asked = asked.lock().unwrap().join("\n");
    assert!(asked.contains("AmazonSSM.GetParameter"), "{asked}");
    assert!(asked.contains(r#""WithDecryption":true"#), "{asked}");
}

#[tokio::test]
async fn what_cannot_be_read_has_its_own_hint() {
    for (name, argument, answer, kind, hint) in [
        (
            SECRET,
            "secret_id",
            r#"{"__type":"AccessDeniedException","Message":"no"}"#,
            ErrorKind::AccessDenied,
            "secretsmanager:GetSecretValue",
        ),
        (
            SECRET,
            "secret_id",
            r#"{"__type":"ResourceNotFoundException","Message":"no"}"#,
            ErrorKind::NotFound,
            "region eu-west-1",
        ),
        (
            PARAMETER,
            "name",
            r#"{"__type":"AccessDeniedException","message":"no"}"#,
            ErrorKind::AccessDenied,
            "ssm:GetParameter",
        ),
        (
            PARAMETER,
            "name",
            r#"{"__type":"ParameterNotFound"}"#,
            ErrorKind::NotFound,
            "every slash",
        ),
    ] {
        let (url, _) = service(400, answer).await;
        let error = read(name, &url, &[(argument, "a")]).await.unwrap_err();
        assert_eq!(error.kind, kind, "{answer}");
        assert!(error.hint.unwrap().contains(hint), "{answer}");
    }
}
