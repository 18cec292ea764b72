//! Provider configurations: which one a resource uses, and what its settings are.

use std::collections::BTreeMap;

use flowctl_model::{ModuleInstance, ModulePath, Text, Value};
use flowctl_parser::configuration::{Module, Provider, ProviderRef, Resource};
use flowctl_parser::diagnostic::Diagnostic;

use crate::decode::{Decoded, Use, decode};
use crate::expansion::Repetition;
use crate::graph::{self, Item, Node};
use crate::input::Input;
use crate::needs::Needs;
use crate::walk::{Modules, Phase, Walk};

/// A provider configuration.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// The provider: `aws`.
    pub provider: Text,
    /// The settings, a value of the type of the provider's schema; `None` without such a block.
    pub config: Option<Value>,
}

/// No provider configuration has settings that are known.
pub static NO_SETTINGS: BTreeMap<Text, ProviderSettings> = BTreeMap::new();

/// The settings of every provider configuration that a run may need, by the key that changes give
/// for it: `aws`, `aws.west`, and with the module's path in front for blocks of other modules than
/// the root. Nothing is evaluated but what the settings depend on.
///
/// Settings may come from ephemeral resources: what has to be read for them is told, and the
/// configurations that wait for it are left out.
pub fn settings(input: &Input<'_>) -> (BTreeMap<Text, ProviderSettings>, Needs, Vec<Diagnostic>) {
    let (graph, found) = graph::build(input.configuration);
    if found.iter().any(Diagnostic::is_error) {
        return (BTreeMap::new(), Needs::default(), found);
    }
    let mut walk = Walk::new(*input, Phase::Settings, graph);
    let blocks: Vec<Node> = walk
        .graph
        .order
        .iter()
        .filter(|node| matches!(node.item, Item::Provider(_)))
        .cloned()
        .collect();
    let nodes = walk.with_ancestors(blocks);
    walk.run(&nodes);
    let mut settings = BTreeMap::new();
    for (key, config) in std::mem::take(&mut walk.provider_configs) {
        let (provider, config) = config;
        let config = Some(config);
        settings.insert(key, ProviderSettings { provider, config });
    }
    // Every provider can do without a block, and state may name what is configured no more.
    let in_state = input
        .snapshot
        .resources
        .values()
        .map(|state| &state.provider);
    let plain = input
        .providers
        .iter()
        .map(|provider| Text::from(provider.name()));
    for key in plain.chain(in_state.cloned()) {
        let provider = provider_of(&key);
        settings.entry(key).or_insert(ProviderSettings {
            provider,
            config: None,
        });
    }
    let needs = std::mem::take(&mut walk.needs);
    if !needs.is_empty() {
        let complete = |settings: &ProviderSettings| {
            settings.config.as_ref().is_none_or(Value::is_wholly_known)
        };
        settings.retain(|_, settings| complete(settings));
    }
    (settings, needs, walk.diagnostics)
}

/// The provider that a key is of: `aws` of `module.m.aws.west`.
fn provider_of(key: &str) -> Text {
    let mut parts = key.split('.');
    let mut name = parts.next().unwrap_or_default();
    while name == "module" {
        parts.next();
        name = parts.next().unwrap_or_default();
    }
    Text::from(name)
}

/// Evaluates a `provider` block.
pub(crate) fn evaluate(walk: &mut Walk<'_>, place: usize, index: usize) {
    // Settings are evaluated before the plan is made, and found wanting there.
    if !matches!(walk.phase, Phase::Settings | Phase::Validate) {
        return;
    }
    let values = walk.store.get(place);
    let Some(block) = values.module.providers.get(index) else {
        return;
    };
    let name = &*block.name.text;
    let Some(provider) = walk.input.providers.provider(name) else {
        walk.diagnostics.push(Diagnostic::warning(
            block.name.span,
            "Provider has no effect",
            format!(
                "flowctl has no provider {name:?}, so these settings are not used. Resources of this \
                 provider are errors of their own."
            ),
        ));
        return;
    };
    let key = key_of(&values.instance.path(), block);
    let nothing = Repetition::default();
    let scope = walk.scope(place, &nothing, None);
    let Decoded {
        value,
        places,
        mut diagnostics,
    } = decode(
        &block.body,
        block.header,
        &provider.schema().block,
        &scope,
        walk.input.world,
        Use::Passing,
    );
    let mut problems = flowctl_schema::validate(provider.schema(), &value);
    problems.extend(provider.validate(&value));
    let reported = diagnostics.iter().any(Diagnostic::is_error);
    if !reported {
        diagnostics.extend(problems.iter().map(|problem| places.diagnostic(problem)));
        let waits = !walk.needs.is_empty();
        if walk.phase == Phase::Settings && !waits && !value.is_wholly_known() {
            let unknown = places.of(&first_unknown(&value));
            let detail = "The settings of a provider are needed before anything is made, but this \
                          value is known only after apply.";
            let error = Diagnostic::error(unknown, "Invalid provider configuration", detail);
            diagnostics.push(error.with_help(
                "use a variable or a literal value, or apply what the value depends on first with \
                 `-target`",
            ));
        }
    }
    walk.diagnostics.extend(diagnostics);
    walk.provider_configs.insert(key, (name.into(), value));
}

fn first_unknown(value: &Value) -> flowctl_model::AttributePath {
    let mut found = None;
    value.visit(&mut |path, value| {
        if found.is_none() && !value.is_known() {
            found = Some(path.clone());
        }
        found.is_none()
    });
    found.unwrap_or_default()
}

fn key_of(module: &ModulePath, block: &Provider) -> Text {
    let alias = block.alias.as_ref().map(|alias| &*alias.text);
    key(module, &block.name.text, alias)
}

fn key(module: &ModulePath, name: &str, alias: Option<&str>) -> Text {
    let dot = if module.is_root() { "" } else { "." };
    match alias {
        Some(alias) => format!("{module}{dot}{name}.{alias}").into(),
        None => format!("{module}{dot}{name}").into(),
    }
}

/// The provider whose resource type this is, by the type's name: `aws` of `aws_iam_role`.
pub(crate) fn default_provider(type_name: &str) -> &str {
    type_name.split('_').next().unwrap_or(type_name)
}

/// The key of the provider configuration that a resource uses. A configuration without an alias is
/// handed down to every module, one with an alias where the call says so.
pub(crate) fn provider_key(
    modules: &Modules<'_>,
    instance: &ModuleInstance,
    resource: &Resource,
) -> Text {
    let type_name = &resource.type_name.text;
    referred(modules, instance, resource.provider.as_ref(), type_name)
}

/// The same for whatever names a provider configuration, or leaves it to the resource type.
pub(crate) fn referred(
    modules: &Modules<'_>,
    instance: &ModuleInstance,
    reference: Option<&ProviderRef>,
    type_name: &str,
) -> Text {
    let (name, alias) = match reference {
        Some(reference) => (
            &*reference.name.text,
            reference.alias.as_ref().map(|alias| &*alias.text),
        ),
        None => (default_provider(type_name), None),
    };
    resolve(modules, &instance.path(), name, alias)
}

/// Reports references to provider configurations that are not there.
pub(crate) fn check_references(walk: &mut Walk<'_>) {
    let mut found = Vec::new();
    for (path, module) in walk.modules.iter() {
        for resource in graph::resources(module) {
            let Some(reference) = &resource.provider else {
                continue;
            };
            let Some(alias) = &reference.alias else {
                continue;
            };
            let name = &reference.name;
            let declared = module.providers.iter().any(|block| {
                block.name.text == name.text
                    && block.alias.as_ref().is_some_and(|a| a.text == alias.text)
            });
            let handed = || {
                let mut outer = path.clone();
                let call = outer.0.pop()?;
                let call = walk.modules.get(&outer)?.calls.get(&*call)?;
                call.providers.iter().find(|(inside, _)| {
                    inside.name.text == name.text
                        && inside.alias.as_ref().is_some_and(|a| a.text == alias.text)
                })
            };
            if declared || handed().is_some() {
                continue;
            }
            let span = name.span.to(alias.span);
            let wanted = format!("{}.{}", name.text, alias.text);
            let detail = format!("There is no provider configuration {wanted} in this module.");
            let error = Diagnostic::error(span, "Provider configuration not present", detail);
            found.push(error.with_help(format!(
                "write `provider {:?} {{ alias = {:?} … }}`, or hand one in with `providers` in the \
                 module block",
                &*name.text, &*alias.text
            )));
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    walk.diagnostics.extend(found);
}

fn resolve(modules: &Modules<'_>, path: &ModulePath, name: &str, alias: Option<&str>) -> Text {
    let mut path = path.clone();
    let (mut name, mut alias) = (name.to_owned(), alias.map(str::to_owned));
    loop {
        let declared = |module: &Module| {
            module.providers.iter().any(|block| {
                *block.name.text == *name
                    && block.alias.as_ref().map(|a| &*a.text) == alias.as_deref()
            })
        };
        if path.is_root() || modules.get(&path).is_some_and(declared) {
            return key(&path, &name, alias.as_deref());
        }
        let call_name = path.0.pop();
        let call = call_name.and_then(|call| modules.get(&path)?.calls.get(&*call));
        let handed = call.and_then(|call| {
            call.providers.iter().find(|(inside, _)| {
                *inside.name.text == *name
                    && inside.alias.as_ref().map(|a| &*a.text) == alias.as_deref()
            })
        });
        if let Some((_, outside)) = handed {
            name = outside.name.text.to_string();
            alias = outside.alias.as_ref().map(|alias| alias.text.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_provider() {
        for (key, provider) in [
            ("aws", "aws"),
            ("aws.west", "aws"),
            ("module.m.aws", "aws"),
            ("module.m.module.n.aws.x", "aws"),
        ] {
            assert_eq!(provider_of(key), provider, "{key}");
        }
    }
}
