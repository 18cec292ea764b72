//! Measures an endpoint: creates profiles, describes them by a hundred names at a time, updates and
//! deletes them, over keep-alive connections, and prints requests per second.
//!
//! ```text
//! cargo run --release -p flowctl-emulator --example load -- [ADDRESS] [PROFILES] [CONNECTIONS]
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stderr, reason = "a program for the terminal")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:4599".to_owned());
    let profiles: usize = arguments.next().map_or(Ok(10_000), |n| n.parse())?;
    let connections: usize = arguments.next().map_or(Ok(10), |n| n.parse())?;

    let name = |index: usize| format!("load-{index:06}");
    let config = |index: usize| {
        json!({
            "connectorProfileCredentials": {"Redshift": {"username": "u", "password": format!("p{index}")}},
            "connectorProfileProperties": {"Redshift": {
                "bucketName": format!("staging-{index}"),
                "databaseUrl": format!("jdbc:redshift://cluster-{index}.example.com:5439/db"),
                "roleArn": format!("arn:aws:iam::123456789012:role/appflow-{index}"),
            }},
        })
    };
    let phase = |what: &'static str, path: &'static str, bodies: Vec<Value>| {
        measure(what, address.clone(), connections, path, bodies)
    };
    let each = |body: &dyn Fn(usize) -> Value| (0..profiles).map(body).collect::<Vec<_>>();
    phase(
        "create",
        "/create-connector-profile",
        each(&|i| {
            json!({"connectorProfileName": name(i), "connectorType": "Redshift",
                "connectionMode": "Public", "connectorProfileConfig": config(i),
                "clientToken": format!("create-{i}")})
        }),
    )
    .await?;
    let hundreds = (0..profiles).step_by(100).map(|from| {
        let names: Vec<String> = (from..profiles.min(from + 100)).map(name).collect();
        json!({"connectorProfileNames": names, "maxResults": 100})
    });
    phase(
        "describe 100",
        "/describe-connector-profiles",
        hundreds.collect(),
    )
    .await?;
    phase(
        "update",
        "/update-connector-profile",
        each(&|i| {
            json!({"connectorProfileName": name(i), "connectionMode": "Public",
                "connectorProfileConfig": config(i), "clientToken": format!("update-{i}")})
        }),
    )
    .await?;
    phase(
        "delete",
        "/delete-connector-profile",
        each(&|i| json!({"connectorProfileName": name(i)})),
    )
    .await
}

/// Posts all bodies from a number of connections and prints how fast that was.
#[expect(clippy::print_stdout, reason = "a program for the terminal")]
async fn measure(
    what: &str,
    address: String,
    connections: usize,
    path: &'static str,
    bodies: Vec<Value>,
) -> Result<(), Failure> {
    let bodies: Arc<Vec<String>> = Arc::new(bodies.iter().map(Value::to_string).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
        let stream = BufReader::new(TcpStream::connect(&address).await?);
        clients.spawn(client(stream, path, bodies, next));
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let count = u32::try_from(bodies.len())?;
    let rate = f64::from(count) / seconds;
    println!("{what:14} {count:6} requests in {seconds:.2} s: {rate:.0}/s");
    Ok(())
}

async fn client(
    mut stream: BufReader<TcpStream>,
    path: &str,
    bodies: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
) -> Result<(), Failure> {
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let status = line.trim_end().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse()?;
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).await?;
        if !status.contains(" 200 ") {
            let answer = String::from_utf8_lossy(&answer);
            return Err(format!("{path}: {status}: {answer}").into());
        }
    }
    Ok(())
}
