//! `flowctl state export-tfstate`: the state as a state file of Terraform.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use flowctl_lang::json;
use flowctl_model::address::InstanceKey;
use flowctl_model::snapshot::{OutputState, ResourceState, Snapshot};
use flowctl_model::{AttributePath, ResourceAddress, Step, Text, Type, Value};
use flowctl_render::plan::json::provider_source;
use flowctl_schema::{Block, Providers};

use super::tfstate;
use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::files;
use crate::services::{Endpoint, providers};
use crate::state::StateFiles;

/// The version of Terraform that is named as the writer: it refuses files of later ones.
const TERRAFORM_VERSION: &str = "1.5.0";

/// Write the state as a state file of Terraform (`terraform.tfstate`)
///
/// Secrets are null in it, since flowctl does not keep them: Terraform will send those of the
/// configuration with its first apply.
#[derive(Args, Debug)]
pub(crate) struct ExportTfstateArgs {
    /// The file, which must not be there yet; without one it goes to stdout
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(app: &mut App, args: &ExportTfstateArgs) -> Result<Outcome, CommandError> {
    let snapshot = StateFiles::of(&app.context).read_existing()?;
    let document = document(&snapshot, &providers(Endpoint::default()));
    let text = json::encode(&document).map_err(|_| {
        CommandError::user(
            "Cannot write the state file",
            "A number in state is infinite, which JSON cannot say.",
        )
    })?;
    let text = text + "\n";
    let Some(file) = &args.file else {
        app.ui.print(&text)?;
        return Ok(Outcome::Done);
    };
    files::create(file, &text).map_err(|error| {
        CommandError::user(
            "Cannot write the state file",
            format!("{}: {error}.", file.display()),
        )
    })?;
    app.ui.print(&format!(
        "Wrote {} resource instance(s) and {} output(s) to {}.\n",
        snapshot.resources.len(),
        snapshot.outputs.len(),
        file.display()
    ))?;
    Ok(Outcome::Done)
}

/// The whole file.
fn document(snapshot: &Snapshot, providers: &Providers) -> Value {
    let mut resources: BTreeMap<(&ResourceAddress, &Text), Vec<Value>> = BTreeMap::new();
    for (address, state) in &snapshot.resources {
        let instances = resources
            .entry((&address.resource, &state.provider))
            .or_default();
        let of = providers.resource_type(&address.resource.type_name);
        let block = of.map(|of| &of.schema().block);
        let with = |attributes: &Value, more: Vec<(&'static str, Value)>| {
            instance(address.key.as_ref(), state, block, attributes, more)
        };
        let mut more = Vec::new();
        if state.tainted {
            more.push(("status", "tainted".into()));
        }
        instances.push(with(&state.attributes, more));
        for (number, (_, attributes)) in (1..).zip(&state.deposed) {
            let key = Value::from(format!("{number:08x}").as_str());
            instances.push(with(attributes, vec![("deposed", key)]));
        }
    }
    let resources = resources
        .into_iter()
        .map(|((address, provider), instances)| {
            let (name, alias) = match provider.split_once('.') {
                Some((name, alias)) => (name, format!(".{alias}")),
                None => (provider.as_str(), String::new()),
            };
            let source = format!("provider[{:?}]{alias}", provider_source(name));
            let mut members: Vec<(&str, Value)> = vec![
                ("mode", "managed".into()),
                ("type", address.type_name.clone().into()),
                ("name", address.name.clone().into()),
                ("provider", source.as_str().into()),
                ("instances", Value::tuple(instances)),
            ];
            if !address.module.is_root() {
                members.push(("module", address.module.to_string().as_str().into()));
            }
            Value::object(members)
        });
    let outputs = snapshot.outputs.iter();
    let outputs = outputs.map(|(name, state)| (name.clone(), output(state)));
    Value::object([
        ("version", number(tfstate::VERSION)),
        ("terraform_version", TERRAFORM_VERSION.into()),
        ("serial", number(snapshot.serial)),
        ("lineage", snapshot.lineage.as_str().into()),
        ("outputs", Value::object(outputs)),
        ("resources", Value::tuple(resources.collect())),
    ])
}

fn number(number: u64) -> Value {
    Value::number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn output(state: &OutputState) -> Value {
    let (value, _) = without_secrets(&state.value);
    let mut members = vec![
        ("type", tfstate::written(&state.value.ty())),
        ("value", value),
    ];
    if state.sensitive {
        members.push(("sensitive", true.into()));
    }
    Value::object(members)
}

fn instance(
    key: Option<&InstanceKey>,
    state: &ResourceState,
    block: Option<&Block>,
    attributes: &Value,
    more: Vec<(&'static str, Value)>,
) -> Value {
    let (open, secrets) = without_secrets(attributes);
    let attributes = match open.members() {
        None => open,
        Some(members) => Value::object(members.iter().map(|(name, value)| {
            // A value of any type has its type beside it.
            let any = block
                .and_then(|block| block.attribute(name))
                .is_some_and(|attribute| attribute.ty == Type::Any);
            let value = if any && !value.is_null() {
                let ty = tfstate::written(&value.ty());
                Value::object([("value", value.clone()), ("type", ty)])
            } else {
                value.clone()
            };
            (name.clone(), value)
        })),
    };
    let mut members = vec![
        ("schema_version", number(state.schema_version)),
        ("attributes", attributes),
        ("sensitive_attributes", Value::tuple(secrets)),
    ];
    match key {
        None => {}
        Some(InstanceKey::Int(index)) => members.push(("index_key", number(*index))),
        Some(InstanceKey::Str(key)) => members.push(("index_key", key.clone().into())),
    }
    if !state.dependencies.is_empty() {
        // In a state file they are resources of configuration.
        let mut names: Vec<_> = state.dependencies.iter().map(in_configuration).collect();
        names.sort();
        names.dedup();
        let names = names.iter().map(|name| name.as_str().into());
        members.push(("dependencies", Value::tuple(names.collect())));
    }
    if state.create_before_destroy {
        members.push(("create_before_destroy", true.into()));
    }
    members.extend(more);
    Value::object(members)
}

fn in_configuration(resource: &ResourceAddress) -> String {
    let mut resource = resource.clone();
    for step in &mut resource.module.0 {
        step.key = None;
    }
    resource.to_string()
}

/// The value with null in place of what is withheld, and the paths to that.
fn without_secrets(value: &Value) -> (Value, Vec<Value>) {
    let mut secrets = Vec::new();
    let open = value.map_at(&mut AttributePath::root(), &mut |path, value| {
        if value.is_known() {
            return None;
        }
        if !path.steps().is_empty() {
            secrets.push(Value::tuple(path.steps().iter().map(step).collect()));
        }
        Some(Value::null(value.ty()))
    });
    (open, secrets)
}

fn step(step: &Step) -> Value {
    let index = |value: Value, ty: Type| {
        let value = Value::object([("value", value), ("type", tfstate::written(&ty))]);
        Value::object([("type", Value::from("index")), ("value", value)])
    };
    match step {
        Step::Attribute(name) => Value::object([
            ("type", Value::from("get_attr")),
            ("value", name.clone().into()),
        ]),
        Step::Key(key) => index(key.clone().into(), Type::String),
        Step::Index(at) => index(number(*at as u64), Type::Number),
    }
}
