//! A plan, and a state, in Terraform's JSON representation, for the tools that read Terraform's.
//!
//! The structs of this module and below are the format: what the model calls its members does not
//! matter to whoever reads it. Where Terraform writes a sensitive value, `null` is written.

mod change;
mod checks;
mod configuration;
mod references;
mod relevant;
mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use flowctl_model::plan::Plan;
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Mode, Text, Value};
use flowctl_parser::configuration::ResourceKind;
use flowctl_parser::{Configuration, SourceMap};
use flowctl_schema::{Providers, Schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::change::{OutputChangeJson, ResourceChangeJson};
use self::checks::CheckJson;
use self::configuration::ConfigurationJson;
use self::relevant::RelevantJson;
use self::values::ValuesJson;
use crate::events::json::KeyJson;
use crate::json::{TERRAFORM_VERSION, line, raw};
use crate::plan::json::change::Masked;

/// What the representation of a plan is made of.
pub struct Input<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The state that the plan starts from.
    pub prior: &'a Snapshot,
    /// The configuration.
    pub configuration: Source<'a>,
    /// The value of each variable of the root module.
    pub variables: &'a BTreeMap<Text, Value>,
    /// Where the schemas are looked up.
    pub providers: &'a Providers,
    /// The version of flowctl.
    pub flowctl_version: &'a str,
    /// When the plan was made (RFC 3339).
    pub timestamp: &'a str,
    /// Whether planning failed half-way.
    pub errored: bool,
}

/// The configuration that a plan was made of.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// It is at hand, with its files.
    Loaded(&'a Configuration, &'a SourceMap),
    /// What was kept of it.
    Kept(&'a Described),
}

/// What a plan says of its configuration, to be kept with the plan: files may change. The constants
/// of secret arguments are no part of it.
#[derive(Serialize, Deserialize)]
pub struct Described {
    configuration: Box<RawValue>,
    relevant_attributes: Box<RawValue>,
    /// Variables of the root module whose values are not told.
    hidden: BTreeSet<String>,
}

impl Described {
    /// The description of a configuration.
    pub fn new(
        plan: &Plan,
        (configuration, sources): (&Configuration, &SourceMap),
        providers: &Providers,
    ) -> Self {
        let secret = references::secret_variables(configuration, providers);
        let written = configuration::write((configuration, sources), providers, &secret);
        Self {
            configuration: raw(&written),
            relevant_attributes: raw(&relevant::collect(plan, configuration)),
            hidden: hidden(&secret),
        }
    }

    /// As text.
    pub fn text(&self) -> String {
        line(self)
    }

    /// Reads the text; `None` if it is none.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// The variables of the root module among those that are secret.
fn hidden(secret: &references::Variables) -> BTreeSet<String> {
    let of_root = secret.iter().filter(|(module, _)| module.is_empty());
    of_root.map(|(_, name)| name.to_string()).collect()
}

/// A part that is made for this document, or was kept from an earlier one.
#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a, T> {
    Made(T),
    Kept(&'a RawValue),
}

/// The plan, on one line.
pub fn plan(input: &Input<'_>) -> String {
    let plan = input.plan;
    let secret;
    let mut relevant_attributes = None;
    let (configuration, hidden) = match input.configuration {
        Source::Loaded(configuration, sources) => {
            secret = references::secret_variables(configuration, input.providers);
            let source = (configuration, sources);
            let written = configuration::write(source, input.providers, &secret);
            let relevant = relevant::collect(plan, configuration);
            relevant_attributes = (!relevant.is_empty()).then_some(Part::Made(relevant));
            (Part::Made(written), Cow::Owned(hidden(&secret)))
        }
        Source::Kept(kept) => {
            let relevant = &*kept.relevant_attributes;
            if relevant.get() != "[]" {
                relevant_attributes = Some(Part::Kept(relevant));
            }
            (Part::Kept(&kept.configuration), Cow::Borrowed(&kept.hidden))
        }
    };
    // What is not to outlive the run is no part of its plan.
    let lasts = |name: &Text| match input.configuration {
        Source::Loaded(configuration, _) => {
            let declared = configuration.root.variables.get(&**name);
            declared.is_none_or(|one| !one.ephemeral)
        }
        Source::Kept(_) => true,
    };
    let lasting = input.variables.iter().filter(|(name, _)| lasts(name));
    let variables = lasting.map(|(name, value)| {
        let shown = !hidden.contains(&**name) && !value.is_sensitive();
        let value = shown.then(|| Masked::new(Some(value)));
        (&**name, VariableJson { value })
    });
    let outputs = plan.outputs.iter();
    let prior = moved(plan, input.prior);
    line(&PlanJson {
        format_version: "1.2",
        terraform_version: TERRAFORM_VERSION,
        flowctl_version: input.flowctl_version,
        variables: variables.collect(),
        planned_values: values::planned(plan, input.providers),
        resource_drift: change::drift(plan, input.providers),
        resource_changes: change::changes(plan, input.prior, input.providers),
        output_changes: outputs.map(|(name, o)| (&**name, o.into())).collect(),
        prior_state: values::state(&prior, input.providers).map(|values| StateJson {
            format_version: "1.0",
            terraform_version: Some(TERRAFORM_VERSION),
            flowctl_version: input.flowctl_version,
            values: Some(values),
        }),
        configuration,
        relevant_attributes,
        checks: checks::write(&plan.checks),
        timestamp: input.timestamp,
        applyable: !input.errored && !plan.is_empty(),
        complete: !input.errored,
        errored: input.errored,
    })
}

/// The state, on one line.
pub fn state(snapshot: &Snapshot, providers: &Providers, flowctl_version: &str) -> String {
    let values = values::state(snapshot, providers);
    line(&StateJson {
        format_version: "1.0",
        terraform_version: values.as_ref().map(|_| TERRAFORM_VERSION),
        flowctl_version,
        values,
    })
}

/// The state with its objects at the addresses that the plan moves them to.
fn moved<'a>(plan: &Plan, prior: &'a Snapshot) -> Cow<'a, Snapshot> {
    let moves: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|change| Some((change.previous_address.as_ref()?, &change.address)))
        .collect();
    if moves.is_empty() {
        return Cow::Borrowed(prior);
    }
    let mut moved = prior.clone();
    // First all are taken and then all are put, since some may change places.
    let taken: Vec<_> = moves
        .into_iter()
        .filter_map(|(from, to)| Some((to.clone(), moved.resources.remove(from)?)))
        .collect();
    moved.resources.extend(taken);
    Cow::Owned(moved)
}

/// The variables of the root module whose values may not be written down: those that are declared
/// sensitive, and those that go into secret arguments.
pub fn secret_variables(configuration: &Configuration, providers: &Providers) -> BTreeSet<Text> {
    let all = references::secret_variables(configuration, providers);
    hidden(&all).into_iter().map(Text::from).collect()
}

/// The full name of a provider: `registry.terraform.io/hashicorp/aws`.
pub fn provider_source(name: &str) -> String {
    if name == "terraform" {
        "terraform.io/builtin/terraform".to_owned()
    } else {
        format!("registry.terraform.io/hashicorp/{name}")
    }
}

/// The local name of the provider that a resource type is of.
fn implied_provider(type_name: &str) -> &str {
    type_name.split('_').next().unwrap_or(type_name)
}

fn schema_of<'a>(mode: Mode, type_name: &str, providers: &'a Providers) -> Option<&'a Schema> {
    Some(match mode {
        Mode::Managed => providers.resource_type(type_name)?.schema(),
        Mode::Data => providers.data_source(type_name)?.schema(),
        Mode::Ephemeral => providers.ephemeral_resource(type_name)?.schema(),
    })
}

#[derive(Serialize)]
struct PlanJson<'a> {
    format_version: &'static str,
    terraform_version: &'static str,
    flowctl_version: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<&'a str, VariableJson>,
    planned_values: ValuesJson<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_drift: Vec<ResourceChangeJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_changes: Vec<ResourceChangeJson<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    output_changes: BTreeMap<&'a str, OutputChangeJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prior_state: Option<StateJson<'a>>,
    configuration: Part<'a, ConfigurationJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relevant_attributes: Option<Part<'a, Vec<RelevantJson>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckJson>,
    timestamp: &'a str,
    applyable: bool,
    complete: bool,
    errored: bool,
}

/// A variable. The value of one that is secret is left out: `null` would be a value too.
#[derive(Serialize)]
struct VariableJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Masked>,
}

#[derive(Serialize)]
struct StateJson<'a> {
    format_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform_version: Option<&'static str>,
    flowctl_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<ValuesJson<'a>>,
}

/// What tells which resource instance is meant.
#[derive(Serialize)]
struct IdentityJson<'a> {
    mode: &'static str,
    #[serde(rename = "type")]
    type_name: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<KeyJson<'a>>,
    provider_name: String,
}

impl<'a> From<&'a Address> for IdentityJson<'a> {
    fn from(address: &'a Address) -> Self {
        let resource = &address.resource;
        Self {
            mode: mode_word(resource.mode),
            type_name: &resource.type_name,
            name: &resource.name,
            index: address.key.as_ref().map(KeyJson::from),
            provider_name: provider_source(implied_provider(&resource.type_name)),
        }
    }
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    }
}

fn mode_of(kind: ResourceKind) -> Mode {
    match kind {
        ResourceKind::Managed => Mode::Managed,
        ResourceKind::Data => Mode::Data,
        ResourceKind::Ephemeral => Mode::Ephemeral,
    }
}

#[cfg(test)]
mod tests;
