//! What a command pays for its state: reading ten thousand resources, and journalling operations
//! with many in flight.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up has nothing to say"
)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowctl_model::event::OperationAction;
use flowctl_model::journal::{Ending, Intent, StateWrite};
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Digester, Type, Value};
use flowctl_state::{Run, Store, made_with, read_snapshot};
use futures::StreamExt;
use futures::executor::block_on;

/// A connector profile, as state keeps it.
fn state(digester: &Digester, index: usize) -> ResourceState {
    let name = format!("profile-{index:05}");
    let secret = |path: &str| {
        let digest = digester.digest(&format!("{name}\n{path}"), &Value::from(name.as_str()));
        Value::withheld(Type::String, digest)
    };
    let block = |content: Value| Value::list(content.ty(), vec![content]);
    let null = || Value::null(Type::String);
    let credentials = block(Value::object([
        ("username", Value::from("user")),
        ("password", secret("password")),
        ("security_token", secret("security_token")),
    ]));
    let properties = block(Value::object([
        (
            "instance_url",
            Value::string(format!("https://{name}.example.com")),
        ),
        ("is_sandbox", false.into()),
        (
            "scopes",
            Value::list(Type::String, vec!["a".into(), "b".into()]),
        ),
    ]));
    let empty = || Value::list(Type::Any, Vec::new());
    let blocks = |filled: &str, content: Value| {
        let names = [
            "amplitude",
            "datadog",
            "dynatrace",
            "google_analytics",
            "honeycode",
            "infor_nexus",
            "marketo",
            "redshift",
            "salesforce",
            "sapo_data",
            "service_now",
            "singular",
            "slack",
            "snowflake",
            "trendmicro",
            "veeva",
            "zendesk",
        ];
        let of = |name: &str| {
            if name == filled {
                content.clone()
            } else {
                empty()
            }
        };
        block(Value::object(names.map(|name| (name, of(name)))))
    };
    let attributes = Value::object([
        ("name", Value::from(name.as_str())),
        (
            "arn",
            Value::string(format!(
                "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/{name}"
            )),
        ),
        ("connection_mode", "Public".into()),
        ("connector_type", "Salesforce".into()),
        ("connector_label", null()),
        ("kms_arn", null()),
        (
            "credentials_arn",
            Value::string(format!(
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}"
            )),
        ),
        (
            "connector_profile_config",
            block(Value::object([
                (
                    "connector_profile_credentials",
                    blocks("salesforce", credentials),
                ),
                (
                    "connector_profile_properties",
                    blocks("salesforce", properties),
                ),
            ])),
        ),
    ]);
    ResourceState {
        provider: "aws".into(),
        id: name.as_str().into(),
        attributes,
        dependencies: Vec::new(),
        schema_version: 0,
        create_before_destroy: false,
        tainted: false,
        deposed: Vec::new(),
    }
}

fn address(index: usize) -> Address {
    Address::root("aws_appflow_connector_profile", format!("p{index:05}"))
}

fn open(path: &Path) -> Store {
    let mut store = Store::open(path, || 1.0).unwrap();
    let run = Run {
        who: "bench".into(),
        command: "apply".into(),
        version: "0".into(),
    };
    block_on(store.begin_run(run)).unwrap();
    store
}

fn reading(c: &mut Criterion) {
    const RESOURCES: usize = 10_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let digester = Digester::new([7; 32]);
    let store = open(&path);
    let put = |i| StateWrite::Put(address(i), Box::new(state(&digester, i)));
    block_on(store.write((0..RESOURCES).map(put).collect())).unwrap();
    drop(store);
    let mut group = c.benchmark_group("state");
    group.sample_size(20);
    group.throughput(Throughput::Elements(RESOURCES as u64));
    group.bench_function("read_snapshot", |b| {
        b.iter_with_large_drop(|| read_snapshot(black_box(&path)).unwrap());
    });
    group.bench_function("drop_snapshot", |b| {
        b.iter_batched(
            || read_snapshot(&path).unwrap(),
            drop,
            criterion::BatchSize::LargeInput,
        );
    });
    let snapshot = read_snapshot(&path).unwrap();
    group.bench_function("made_with", |b| {
        b.iter(|| assert!(made_with(black_box(&snapshot), &digester)));
    });
    group.finish();
}

fn journal(c: &mut Criterion) {
    const OPERATIONS: usize = 1_000;
    let digester = Digester::new([7; 32]);
    let mut group = c.benchmark_group("journal");
    group.sample_size(10);
    group.throughput(Throughput::Elements(OPERATIONS as u64));
    for in_flight in [1, 10, 50] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory.path().join("state.db"));
        group.bench_function(format!("{in_flight}_in_flight"), |b| {
            b.iter(|| {
                let operations = futures::stream::iter(0..OPERATIONS).map(async |i| {
                    let intent = Intent {
                        address: address(i),
                        action: OperationAction::Create,
                        provider: "aws".into(),
                        id: Some("x".into()),
                        token: format!("token-{i}"),
                        intended: Some(state(&digester, i)),
                    };
                    let operation = store.begin(intent).await.unwrap();
                    let put = StateWrite::Put(address(i), Box::new(state(&digester, i)));
                    store
                        .end(operation, Ending::Succeeded, vec![put])
                        .await
                        .unwrap();
                });
                block_on(operations.buffer_unordered(in_flight).collect::<Vec<()>>());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, journal);
criterion_main!(benches);
