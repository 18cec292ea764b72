//! How long it takes to load, validate and plan configurations of many resources.

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
use flowctl_model::{Digester, Value};
use flowctl_parser::{FileSystem, load};
use flowctl_planner::{GivenVariables, Input, Options};
use flowctl_schema::Providers;
use flowctl_schema::builtin::BuiltinProvider;

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

/// So many blocks, of which every tenth refers to the one before and all to a local value.
fn blocks(count: usize) -> OneFile {
    let mut text = String::from("locals {\n  prefix = \"team\"\n}\n");
    for i in 0..count {
        let other = match i {
            0 => "null".to_owned(),
            i if i % 10 == 0 => format!("terraform_data.p{}.input.name", i - 1),
            _ => format!("\"p{i}\""),
        };
        let _ = write!(
            text,
            "resource \"terraform_data\" \"p{i}\" {{\n  input = {{\n    name = \"${{local.prefix}}-{i}\"\n    \
             other = {other}\n    bucket = \"bucket-{i}\"\n    role = \"arn:aws:iam::123456789012:role/r{i}\"\n    \
             url = \"jdbc:redshift://cluster-{i}.example.com:5439/db\"\n    port = {i}\n  }}\n}}\n"
        );
    }
    OneFile(text)
}

/// So many instances of one block.
fn instances(count: usize) -> OneFile {
    OneFile(format!(
        "locals {{\n  all = {{ for i in flatten([for a in range({count} / 1000) : [for b in \
         range(1000) : a * 1000 + b]]) : \"k${{i}}\" => i }}\n}}\n\
         resource \"terraform_data\" \"p\" {{\n  for_each = local.all\n  input = {{ key = each.key, \
         value = each.value * 2, size = length(local.all) }}\n}}\n"
    ))
}

/// So many instances, each of which looks itself up among as many others, and among the instances of another block.
fn lookups(count: usize) -> OneFile {
    OneFile(format!(
        "locals {{\n  all = {{ for i in flatten([for a in range({count} / 1000) : [for b in \
         range(1000) : a * 1000 + b]]) : \"k${{i}}\" => i }}\n}}\n\
         resource \"terraform_data\" \"a\" {{\n  for_each = local.all\n  input = \
         lookup(local.all, each.key, 0)\n}}\n\
         resource \"terraform_data\" \"b\" {{\n  for_each = terraform_data.a\n  input = \
         terraform_data.a[each.key].input\n}}\n"
    ))
}

fn state(providers: &Providers, files: &OneFile) -> Snapshot {
    let loaded = load(".", files);
    let empty = Snapshot::default();
    let mut snapshot = Snapshot::default();
    with_plan(providers, files, &loaded, &empty, |planned| {
        for change in &planned.plan.changes {
            let input = change.after.as_ref().unwrap().get("input").unwrap().clone();
            let attributes = Value::object([
                ("id", Value::from("an-id")),
                ("output", input.clone()),
                ("input", input),
                ("triggers_replace", Value::null(flowctl_model::Type::Any)),
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
    });
    snapshot
}

fn with_plan(
    providers: &Providers,
    files: &OneFile,
    loaded: &flowctl_parser::Loaded,
    snapshot: &Snapshot,
    then: impl FnOnce(flowctl_planner::Planned<'_>),
) {
    let digester = Digester::new([1; 32]);
    let (variables, options) = (GivenVariables::new(), Options::default());
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
    let errors: Vec<_> = planned
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    then(planned);
}

/// Makes a configuration of so many resources.
type Make = fn(usize) -> OneFile;

fn bench(criterion: &mut Criterion) {
    let providers = Providers::new(vec![Arc::new(BuiltinProvider::new())]);
    let shapes: [(&str, Make); 3] = [
        ("blocks", blocks),
        ("instances", instances),
        ("lookups", lookups),
    ];
    for (shape, make) in shapes {
        let mut group = criterion.benchmark_group(shape);
        group.sample_size(10);
        for count in [1_000, 10_000] {
            let files = make(count);
            let loaded = load(".", &files);
            let empty = Snapshot::default();
            let full = state(&providers, &files);
            group.bench_function(BenchmarkId::new("load", count), |b| {
                b.iter(|| load(".", &files));
            });
            group.bench_function(BenchmarkId::new("validate", count), |b| {
                b.iter(|| {
                    flowctl_planner::validate(
                        &loaded.configuration,
                        &providers,
                        &files,
                        "default",
                        &flowctl_planner::Policies::default(),
                    )
                });
            });
            group.bench_function(BenchmarkId::new("plan from empty", count), |b| {
                b.iter(|| with_plan(&providers, &files, &loaded, &empty, |_| ()));
            });
            group.bench_function(BenchmarkId::new("plan without changes", count), |b| {
                b.iter(|| {
                    with_plan(&providers, &files, &loaded, &full, |planned| {
                        assert!(planned.plan.is_empty());
                    });
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
