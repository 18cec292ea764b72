//! How long it takes to write a plan of many changed resources, in every format, beside making it.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use flowctl_lang::World;
use flowctl_lang::world::FileError;
use flowctl_model::snapshot::{ResourceState, Snapshot};
use flowctl_model::{Digester, Type, Value};
use flowctl_parser::{FileSystem, Loaded, SourceMap, load};
use flowctl_planner::{GivenVariables, Input, Options, Planned};
use flowctl_render::plan::{html, human, json, markdown};
use flowctl_schema::Providers;
use flowctl_schema::builtin::BuiltinProvider;

const COUNT: usize = 10_000;

struct OneFile(String);

impl FileSystem for OneFile {
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(vec!["main.tf".into()])
    }
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }
}

impl World for OneFile {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
    fn file_exists(&self, _: &str) -> Result<bool, FileError> {
        Ok(false)
    }
    fn list_files(&self, _: &str) -> Result<Vec<String>, FileError> {
        Err(FileError::NotFound)
    }
    fn now(&self) -> Option<SystemTime> {
        None
    }
    fn plan_timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn random(&self, _: &mut [u8]) -> bool {
        false
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn working_directory(&self) -> String {
        "/".into()
    }
}

/// Resources with every kind of value, of which `word` is a part.
fn blocks(word: &str) -> OneFile {
    let mut text = String::new();
    for i in 0..COUNT {
        let other = match i {
            0 => "null".to_owned(),
            i if i % 10 == 0 => format!("terraform_data.p{}.id", i - 1),
            _ => format!("\"p{i}\""),
        };
        let _ = write!(
            text,
            "resource \"terraform_data\" \"p{i}\" {{\n  input = {{\n    name  = \"name-{i}\"\n    \
             other = {other}\n    word  = \"a {word}\"\n    role  = \"arn:aws:iam::123456789012:role/r{i}\"\n    \
             steps = [\"build\", \"test\", \"{word}\", \"pack\", \"sign\"]\n    tags  = {{ env = \"{word}\", \
             team = \"data\" }}\n    policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Sid = \
             \"Read\", Effect = \"Allow\", Action = [\"s3:GetObject\", \"s3:{word}\"] }}] }})\n    notes = \
             \"one\\ntwo\\n{word}\\nthree\\nfour\\nfive\\nsix\\n\"\n  }}\n}}\n"
        );
    }
    OneFile(text)
}

fn with_plan(
    providers: &Providers,
    files: &OneFile,
    loaded: &Loaded,
    snapshot: &Snapshot,
    then: impl FnOnce(Planned<'_>),
) {
    let (variables, options, digester) = (
        GivenVariables::new(),
        Options::default(),
        Digester::new([1; 32]),
    );
    let (live, data, imports, resume) = (
        BTreeMap::new(),
        BTreeMap::new(),
        BTreeMap::new(),
        BTreeMap::new(),
    );
    let planned = flowctl_planner::plan(&Input {
        configuration: &loaded.configuration,
        variables: &variables,
        snapshot,
        live: &live,
        data: &data,
        imports: &imports,
        resume: &resume,
        interrupted: &[],
        providers,
        digester: &digester,
        settings: &flowctl_planner::settings::NO_SETTINGS,
        key_changed: false,
        world: files,
        workspace: "default",
        options: &options,
    });
    assert!(planned.diagnostics.iter().all(|d| !d.is_error()));
    then(planned);
}

/// What an apply of `files` leaves.
fn applied(providers: &Providers, files: &OneFile) -> Snapshot {
    let mut snapshot = Snapshot::default();
    with_plan(
        providers,
        files,
        &load(".", files),
        &Snapshot::default(),
        |planned| {
            for change in &planned.plan.changes {
                let input = change.after.as_ref().unwrap().get("input").unwrap();
                let input = input.map_at(
                    &mut flowctl_model::AttributePath::root(),
                    &mut |_, value| (!value.is_known()).then(|| Value::from("an-id")),
                );
                let attributes = Value::object([
                    ("id", Value::from("an-id")),
                    ("output", input.clone()),
                    ("input", input),
                    ("triggers_replace", Value::null(Type::Any)),
                ]);
                let state = ResourceState {
                    provider: "terraform".into(),
                    id: "an-id".into(),
                    attributes,
                    dependencies: change.dependencies.clone(),
                    schema_version: 0,
                    create_before_destroy: false,
                    tainted: false,
                    deposed: Vec::new(),
                };
                snapshot.resources.insert(change.address.clone(), state);
            }
        },
    );
    snapshot
}

fn bench(criterion: &mut Criterion) {
    let providers = Providers::new(vec![Arc::new(BuiltinProvider::new())]);
    let (old, new) = (blocks("old"), blocks("new"));
    let loaded = load(".", &new);
    let sources = SourceMap::default();
    for (case, prior) in [
        ("created", Snapshot::default()),
        ("updated", applied(&providers, &old)),
    ] {
        let mut group = criterion.benchmark_group(case);
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("plan", COUNT), |b| {
            b.iter(|| with_plan(&providers, &new, &loaded, &prior, |_| ()));
        });
        with_plan(&providers, &new, &loaded, &prior, |planned| {
            let plan = &planned.plan;
            let counts = plan.counts();
            assert_eq!(counts.add + counts.change, COUNT);
            for compact in [false, true] {
                let name = if compact { "human, compact" } else { "human" };
                let options = human::HumanOptions {
                    compact,
                    ..human::HumanOptions::default()
                };
                group.bench_function(BenchmarkId::new(name, COUNT), |b| {
                    b.iter(|| human::plan(plan, &providers, &options).ansi());
                });
            }
            for (name, host) in [
                ("markdown, GitHub", markdown::Host::GitHub),
                ("markdown, GitLab", markdown::Host::GitLab),
            ] {
                group.bench_function(BenchmarkId::new(name, COUNT), |b| {
                    b.iter(|| {
                        markdown::comment(
                            &markdown::Input {
                                plan,
                                providers: &providers,
                                diagnostics: &[],
                                sources: &sources,
                                summary: None,
                            },
                            &markdown::Options {
                                kind: markdown::Kind::Plan,
                                target: "bench",
                                host,
                                max_length: None,
                                whole: None,
                            },
                        )
                    });
                });
            }
            group.bench_function(BenchmarkId::new("html", COUNT), |b| {
                b.iter(|| {
                    html::page(&html::Input {
                        plan,
                        providers: &providers,
                        diagnostics: &[],
                        sources: &sources,
                        target: "bench",
                        flowctl_version: "0",
                        timestamp: None,
                    })
                });
            });
            group.bench_function(BenchmarkId::new("json", COUNT), |b| {
                b.iter(|| {
                    json::plan(&json::Input {
                        plan,
                        prior: &prior,
                        configuration: json::Source::Loaded(&loaded.configuration, &loaded.sources),
                        variables: &BTreeMap::new(),
                        providers: &providers,
                        flowctl_version: "0",
                        timestamp: "",
                        errored: false,
                    })
                });
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
