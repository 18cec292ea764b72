//! `planned_values` and `prior_state.values`: resources by module, with their values.

use std::collections::BTreeMap;

use flowctl_model::plan::{Action, Plan};
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, ModuleInstance, ResourceAddress, Type, Value};
use flowctl_schema::Providers;
use serde::{Serialize, Serializer};

use super::change::{Masked, SensitiveJson};
use super::{IdentityJson, schema_of};
use crate::json::{TypeJson, is_settled};

#[derive(Serialize)]
pub(super) struct ValuesJson<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<&'a str, OutputJson>,
    root_module: ModuleJson<'a>,
}

#[derive(Serialize)]
struct OutputJson {
    sensitive: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<OutputType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Masked>,
}

struct OutputType(Type);

impl Serialize for OutputType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TypeJson(&self.0).serialize(serializer)
    }
}

impl OutputJson {
    fn new(value: Option<&Value>, sensitive: bool) -> Self {
        let known = value.filter(|value| is_settled(value));
        Self {
            sensitive,
            ty: known.map(|value| OutputType(value.ty())),
            value: known.map(|value| Masked::new(Some(value)).hidden(sensitive)),
        }
    }
}

#[derive(Default, Serialize)]
struct ModuleJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<ResourceJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_modules: Vec<ModuleJson<'a>>,
    #[serde(skip)]
    instance: ModuleInstance,
}

impl<'a> ModuleJson<'a> {
    /// The module `instance`, which is this one or inside it. Modules are asked for in order.
    fn inside(&mut self, instance: &ModuleInstance) -> &mut Self {
        let mut at = self;
        for depth in at.instance.0.len()..instance.0.len() {
            let steps = instance.0.get(..=depth).unwrap_or_default();
            let is_last = at.child_modules.last();
            if is_last.is_none_or(|last| last.instance.0 != steps) {
                let instance = ModuleInstance(steps.to_vec());
                at.child_modules.push(ModuleJson {
                    address: Some(instance.to_string()),
                    instance,
                    ..ModuleJson::default()
                });
            }
            let last = at.child_modules.len() - 1;
            at = &mut at.child_modules[last];
        }
        at
    }

    fn add(&mut self, address: &Address, resource: ResourceJson<'a>) {
        self.inside(&address.resource.module)
            .resources
            .push(resource);
    }
}

#[derive(Serialize)]
struct ResourceJson<'a> {
    address: String,
    #[serde(flatten)]
    identity: IdentityJson<'a>,
    schema_version: u64,
    values: Masked,
    sensitive_values: SensitiveJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tainted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed_key: Option<&'a str>,
}

impl<'a> ResourceJson<'a> {
    fn new(address: &'a Address, values: &Value, providers: &Providers) -> Self {
        let resource = &address.resource;
        let schema = schema_of(resource.mode, &resource.type_name, providers);
        let values = Masked::of(Some(values), schema);
        Self {
            address: address.to_string(),
            identity: address.into(),
            schema_version: schema.map_or(0, |schema| schema.version),
            sensitive_values: values.sensitive(),
            values,
            depends_on: Vec::new(),
            tainted: false,
            deposed_key: None,
        }
    }
}

/// What will be there when the plan was applied.
pub(super) fn planned<'a>(plan: &'a Plan, providers: &Providers) -> ValuesJson<'a> {
    let mut root_module = ModuleJson::default();
    let mut stay: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| !matches!(change.action, Action::Delete | Action::Forget))
        .filter_map(|change| Some((&change.address, change.after.as_ref()?)))
        .collect();
    stay.sort_by_key(|(address, _)| *address);
    for (address, after) in stay {
        root_module.add(address, ResourceJson::new(address, after, providers));
    }
    let outputs = plan.outputs.iter().filter_map(|(name, output)| {
        let after = output.after.as_ref()?;
        Some((&**name, OutputJson::new(Some(after), output.sensitive)))
    });
    ValuesJson {
        outputs: outputs.collect(),
        root_module,
    }
}

/// What there is; `None` if there is nothing.
pub(super) fn state<'a>(snapshot: &'a Snapshot, providers: &Providers) -> Option<ValuesJson<'a>> {
    if snapshot.resources.is_empty() && snapshot.outputs.is_empty() {
        return None;
    }
    let mut root_module = ModuleJson::default();
    for (address, state) in &snapshot.resources {
        let mut depends_on: Vec<_> = state.dependencies.iter().map(written).collect();
        depends_on.sort();
        depends_on.dedup();
        let resource = ResourceJson {
            schema_version: state.schema_version,
            depends_on,
            tainted: state.tainted,
            ..ResourceJson::new(address, &state.attributes, providers)
        };
        root_module.add(address, resource);
        for (id, attributes) in &state.deposed {
            let resource = ResourceJson {
                schema_version: state.schema_version,
                deposed_key: Some(id),
                ..ResourceJson::new(address, attributes, providers)
            };
            root_module.add(address, resource);
        }
    }
    let outputs = snapshot.outputs.iter().map(|(name, output)| {
        let sensitive = output.sensitive || output.value.is_sensitive();
        (&**name, OutputJson::new(Some(&output.value), sensitive))
    });
    Some(ValuesJson {
        outputs: outputs.collect(),
        root_module,
    })
}

/// A resource as the configuration names it, without instance keys.
pub(super) fn written(resource: &ResourceAddress) -> String {
    let module = resource.module.path();
    let inside = ResourceAddress {
        module: ModuleInstance::root(),
        ..resource.clone()
    };
    if module.is_root() {
        inside.to_string()
    } else {
        format!("{module}.{inside}")
    }
}
