//! Provider configurations: which one a resource uses, and what its settings are.

use std::collections::BTreeMap;

use flowctl_model::{ModuleInstance, ModulePath, Text, Value};
use flowctl_parser::ast::Name;
use flowctl_parser::configuration::{Module, Provider, ProviderRef, Resource};
use flowctl_parser::diagnostic::{Diagnostic, nearest};

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
        let resources = graph::resources(module);
        let resources = resources.filter_map(|resource| resource.provider.as_ref());
        // An import that names a provider is one of a resource without a block.
        let imports = module.imports.iter();
        let imports = imports.filter_map(|import| import.provider.as_ref());
        for reference in resources.chain(imports) {
            let Some(alias) = &reference.alias else {
                continue;
            };
            let available = available(&walk.modules, path, module);
            let wanted = reference.to_string();
            if available.contains(&wanted) {
                continue;
            }
            let detail = format!("There is no provider configuration {wanted} in this module.");
            let summary = "Provider configuration not present";
            let error = Diagnostic::error(reference.place(), summary, detail);
            let near = nearest(&wanted, available.iter().map(String::as_str));
            found.push(error.with_help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "write `provider {:?} {{ alias = {:?} … }}`, or hand one in with `providers` in \
                     the module block",
                    &*reference.name.text, &*alias.text
                ),
            }));
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    walk.diagnostics.extend(found);
}

/// The names of the configurations that resources of a module can name, by block and by call.
fn available(modules: &Modules<'_>, path: &ModulePath, module: &Module) -> Vec<String> {
    let of_block = |block: &Provider| match &block.alias {
        Some(alias) => format!("{}.{}", block.name.text, alias.text),
        None => block.name.text.to_string(),
    };
    let mut names: Vec<String> = module.providers.iter().map(of_block).collect();
    let mut outer = path.clone();
    if let Some(call) = outer.0.pop()
        && let Some(call) = modules
            .get(&outer)
            .and_then(|module| module.calls.get(&*call))
    {
        names.extend(call.providers.iter().map(|(inside, _)| inside.to_string()));
    }
    names
}

/// Configurations that the root module requires of its caller, which it has not.
pub(crate) fn required_of_caller(root: &Module) -> Vec<Diagnostic> {
    let required = root.required_providers.iter();
    let aliases = required.flat_map(|required| &required.aliases);
    let is_there = |reference: &ProviderRef| {
        root.providers.iter().any(|block| {
            let alias = |name: &Option<Name>| name.as_ref().map(|name| name.text.clone());
            block.name.text == reference.name.text && alias(&block.alias) == alias(&reference.alias)
        })
    };
    let missing = aliases.filter(|alias| !is_there(alias));
    let error = |alias: &ProviderRef| {
        Diagnostic::error(
            alias.place(),
            "Undefined provider configuration",
            format!("The root module requires {alias} of its caller, but nothing calls it."),
        )
        .with_help("configure it with a provider block of this alias, or leave the alias out")
    };
    missing.map(error).collect()
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
