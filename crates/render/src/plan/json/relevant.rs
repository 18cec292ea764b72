//! `relevant_attributes`: what of other resources the changes may come from.

use std::collections::{BTreeSet, HashMap};

use flowctl_model::plan::{Action, Plan};
use flowctl_model::{Address, InstanceKey, Mode, ModulePath, ResourceAddress};
use flowctl_parser::Configuration;
use flowctl_parser::ast::{Body, Expr};
use flowctl_parser::configuration::Resource;
use serde::Serialize;

use super::mode_of;
use super::references::{Modules, Step, Subject, Trace};

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct RelevantJson {
    resource: String,
    attribute: Vec<StepJson>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
enum StepJson {
    Name(String),
    Index(u64),
}

/// The attributes that the configuration of what changes refers to, also through locals,
/// variables and outputs.
pub(super) fn collect(plan: &Plan, configuration: &Configuration) -> Vec<RelevantJson> {
    let modules = Modules::new(configuration);
    let mut trace = Trace::new(&modules);
    let changing: BTreeSet<&ResourceAddress> = plan
        .changes
        .iter()
        .filter(|change| change.action != Action::NoOp)
        .map(|change| &change.address.resource)
        .collect();
    let mut known: HashMap<ModulePath, HashMap<(Mode, &str, &str), &Resource>> = HashMap::new();
    for address in changing {
        let Some(module) = modules.get(&address.module) else {
            continue;
        };
        let by_name: &HashMap<_, _> = known.entry(address.module.path()).or_insert_with(|| {
            let resources = module.resources.iter();
            resources
                .map(|r| ((mode_of(r.kind), &*r.type_name.text, &*r.name.text), r))
                .collect()
        });
        let name = (address.mode, &*address.type_name, &*address.name);
        let Some(resource) = by_name.get(&name) else {
            continue;
        };
        let mut follow = |expr| trace.follow(&address.module, expr);
        [&resource.count, &resource.for_each]
            .into_iter()
            .flatten()
            .for_each(&mut follow);
        expressions(&resource.body, &mut follow);
    }
    for (name, output) in &plan.outputs {
        if let (true, Some(written)) = (output.changed, configuration.root.outputs.get(&**name)) {
            trace.follow(&flowctl_model::ModuleInstance::root(), &written.value);
        }
    }
    let mut relevant = BTreeSet::new();
    for (instance, traversal) in &trace.resources {
        if let Subject::Resource {
            mode,
            type_name,
            name,
            key,
            rest,
        } = traversal.subject()
        {
            let address = Address {
                resource: ResourceAddress {
                    module: instance.clone(),
                    mode,
                    type_name: type_name.into(),
                    name: name.into(),
                },
                key: key.cloned(),
            };
            relevant.insert(RelevantJson {
                resource: address.to_string(),
                attribute: rest.iter().map(StepJson::from).collect(),
            });
        }
    }
    relevant.into_iter().collect()
}

impl From<&Step<'_>> for StepJson {
    fn from(step: &Step<'_>) -> Self {
        match step {
            Step::Attr(name) => Self::Name((*name).to_owned()),
            Step::Index(InstanceKey::Int(index)) => Self::Index(*index),
            Step::Index(InstanceKey::Str(key)) => Self::Name(key.to_string()),
        }
    }
}

fn expressions<'c>(body: &'c Body, visit: &mut impl FnMut(&'c Expr)) {
    body.attributes
        .iter()
        .for_each(|attribute| visit(&attribute.expr));
    body.blocks
        .iter()
        .for_each(|block| expressions(&block.body, visit));
}
