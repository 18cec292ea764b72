//! `configuration`: the blocks as written, each expression as the constant it is or as what it
//! refers to. The constants of secret arguments are left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{Number, Type, Value};
use flowctl_parser::ast::{Body, Expr, ExprKind, ObjectKey, UnaryOp};
use flowctl_parser::configuration::{Module, ModuleCall, Output, ProviderRef, Resource, Variable};
use flowctl_parser::{Configuration, SourceMap};
use flowctl_schema::{Block, Providers};
use serde::{Serialize, Serializer};

use super::references::{Traversal, Variables, traversals};
use super::{implied_provider, mode_of, mode_word, provider_source, schema_of};
use crate::json::Shown;

#[derive(Serialize)]
pub(super) struct ConfigurationJson<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    provider_config: BTreeMap<String, ProviderJson>,
    root_module: ModuleJson<'a>,
}

#[derive(Serialize)]
struct ProviderJson {
    name: String,
    full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module_address: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: BTreeMap<String, NodeJson>,
}

#[derive(Serialize)]
struct ModuleJson<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<&'a str, OutputJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<ResourceJson<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    module_calls: BTreeMap<&'a str, CallJson<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<&'a str, VariableJson<'a>>,
}

#[derive(Serialize)]
struct OutputJson<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
    expression: ExpressionJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct ResourceJson<'a> {
    address: String,
    mode: &'static str,
    #[serde(rename = "type")]
    type_name: &'a str,
    name: &'a str,
    provider_config_key: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: BTreeMap<String, NodeJson>,
    schema_version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count_expression: Option<ExpressionJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_each_expression: Option<ExpressionJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}

#[derive(Serialize)]
struct CallJson<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: BTreeMap<String, NodeJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count_expression: Option<ExpressionJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_each_expression: Option<ExpressionJson>,
    module: ModuleJson<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}

#[derive(Serialize)]
struct VariableJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<ConstantJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ephemeral: bool,
}

/// An argument, or all blocks of a type.
#[derive(Serialize)]
#[serde(untagged)]
enum NodeJson {
    Expression(ExpressionJson),
    Blocks(Vec<BTreeMap<String, NodeJson>>),
}

#[derive(Serialize)]
struct ExpressionJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    constant_value: Option<ConstantJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<String>,
}

struct ConstantJson(Value);

impl Serialize for ConstantJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown(&self.0).serialize(serializer)
    }
}

/// Writes the configuration.
pub(super) fn write<'a>(
    (configuration, sources): (&'a Configuration, &'a SourceMap),
    providers: &'a Providers,
    secret: &'a Variables,
) -> ConfigurationJson<'a> {
    let mut writer = Writer {
        providers,
        sources,
        secret,
        provider_config: BTreeMap::new(),
    };
    let root_module = writer.module(&configuration.root, &[], &BTreeMap::new());
    ConfigurationJson {
        provider_config: writer.provider_config,
        root_module,
    }
}

struct Writer<'a> {
    providers: &'a Providers,
    sources: &'a SourceMap,
    /// Variables that no value may be shown of.
    secret: &'a Variables,
    provider_config: BTreeMap<String, ProviderJson>,
}

impl<'a> Writer<'a> {
    /// A module. `handed` are the provider configurations that its call hands in: the name inside
    /// and the key of the configuration.
    fn module(
        &mut self,
        module: &'a Module,
        path: &[Arc<str>],
        handed: &BTreeMap<String, String>,
    ) -> ModuleJson<'a> {
        for provider in &module.providers {
            self.provider(provider, path);
        }
        let keys = |name: &str| -> String {
            let own = module.providers.iter().any(|p| {
                name == provider_name(&p.name.text, p.alias.as_ref().map(|alias| &*alias.text))
            });
            match handed.get(name) {
                Some(key) => key.clone(),
                None if own => config_key(path, name),
                None => name.to_owned(),
            }
        };
        let mut resources: Vec<_> = module
            .resources
            .iter()
            .map(|resource| self.resource(resource, &keys))
            .collect();
        resources.sort_by(|a, b| (a.mode, &a.address).cmp(&(b.mode, &b.address)));
        resources.sort_by_key(|resource| resource.mode != "managed");
        let calls = module.calls.iter().map(|(name, call)| {
            let inside: Vec<_> = path.iter().cloned().chain([name.clone()]).collect();
            let handed = call
                .providers
                .iter()
                .map(|(inside, outside)| (ref_name(inside), keys(&ref_name(outside))))
                .collect();
            (&**name, self.call(call, &inside, &handed))
        });
        let module_calls = calls.collect();
        let variables = module.variables.iter().map(|(name, variable)| {
            let hide = self.is_secret(path, name);
            (&**name, VariableJson::new(variable, hide))
        });
        ModuleJson {
            outputs: module
                .outputs
                .iter()
                .map(|(name, o)| (&**name, o.into()))
                .collect(),
            resources,
            module_calls,
            variables: variables.collect(),
        }
    }

    fn is_secret(&self, path: &[Arc<str>], variable: &Arc<str>) -> bool {
        self.secret.contains(&(path.to_vec(), variable.clone()))
    }

    fn provider(
        &mut self,
        provider: &'a flowctl_parser::configuration::Provider,
        path: &[Arc<str>],
    ) {
        let name: &str = &provider.name.text;
        let alias = provider.alias.as_ref().map(|alias| alias.text.to_string());
        let known = self.providers.provider(name);
        let written = ProviderJson {
            name: name.to_owned(),
            full_name: provider_source(name),
            module_address: (!path.is_empty()).then(|| module_address(path)),
            expressions: body(&provider.body, known.map(|p| &p.schema().block)),
            alias: alias.clone(),
        };
        let key = config_key(path, &provider_name(name, alias.as_deref()));
        self.provider_config.insert(key, written);
    }

    fn resource(
        &mut self,
        resource: &'a Resource,
        keys: &impl Fn(&str) -> String,
    ) -> ResourceJson<'a> {
        let type_name: &str = &resource.type_name.text;
        let mode = mode_of(resource.kind);
        let schema = schema_of(mode, type_name, self.providers);
        let provider = match &resource.provider {
            Some(provider) => ref_name(provider),
            None => implied_provider(type_name).to_owned(),
        };
        let key = keys(&provider);
        // A provider without a block has a configuration all the same.
        if !key.contains(['.', ':']) && !self.provider_config.contains_key(&key) {
            let implied = ProviderJson {
                name: key.clone(),
                full_name: provider_source(&key),
                alias: None,
                module_address: None,
                expressions: BTreeMap::new(),
            };
            self.provider_config.insert(key.clone(), implied);
        }
        let prefix = mode.prefix();
        ResourceJson {
            address: format!("{prefix}{type_name}.{}", resource.name.text),
            mode: mode_word(mode),
            type_name,
            name: &resource.name.text,
            provider_config_key: key,
            expressions: body(&resource.body, schema.map(|schema| &schema.block)),
            schema_version: schema.map_or(0, |schema| schema.version),
            count_expression: resource.count.as_ref().and_then(expression),
            for_each_expression: resource.for_each.as_ref().and_then(expression),
            depends_on: written(&resource.depends_on),
        }
    }

    fn call(
        &mut self,
        call: &'a ModuleCall,
        path: &[Arc<str>],
        handed: &BTreeMap<String, String>,
    ) -> CallJson<'a> {
        let arguments = call.arguments.iter().map(|argument| {
            let hide = self.is_secret(path, &argument.name.text);
            let written = NodeJson::Expression(hidden(&argument.expr, hide));
            (argument.name.text.to_string(), written)
        });
        CallJson {
            expressions: arguments.collect(),
            source: self.sources.text(call.source).trim_matches('"'),
            count_expression: call.count.as_ref().and_then(expression),
            for_each_expression: call.for_each.as_ref().and_then(expression),
            depends_on: written(&call.depends_on),
            module: self.module(&call.module, path, handed),
        }
    }
}

impl<'a> From<&'a Output> for OutputJson<'a> {
    fn from(output: &'a Output) -> Self {
        Self {
            sensitive: output.sensitive,
            expression: hidden(&output.value, output.sensitive),
            depends_on: written(&output.depends_on),
            description: output.description.as_deref(),
        }
    }
}

impl<'a> VariableJson<'a> {
    fn new(variable: &'a Variable, hide: bool) -> Self {
        let default = variable.default.as_ref().filter(|_| !hide);
        Self {
            default: default.and_then(constant).map(ConstantJson),
            description: variable.description.as_deref(),
            sensitive: variable.sensitive,
            ephemeral: variable.ephemeral,
        }
    }
}

fn provider_name(name: &str, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => format!("{name}.{alias}"),
        None => name.to_owned(),
    }
}

fn ref_name(provider: &ProviderRef) -> String {
    let alias = provider.alias.as_ref().map(|alias| &*alias.text);
    provider_name(&provider.name.text, alias)
}

fn module_address(path: &[Arc<str>]) -> String {
    let steps: Vec<_> = path.iter().map(|name| format!("module.{name}")).collect();
    steps.join(".")
}

fn config_key(path: &[Arc<str>], name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{}:{name}", module_address(path))
    }
}

/// Traversals as written, for `depends_on`.
fn written(expressions: &[Expr]) -> Vec<String> {
    let all = expressions.iter().flat_map(traversals);
    all.map(|traversal| traversal.written()).collect()
}

/// The arguments and blocks of a body. `dynamic` blocks are left out, as Terraform does.
fn body(body: &Body, schema: Option<&Block>) -> BTreeMap<String, NodeJson> {
    let mut nodes = BTreeMap::new();
    for attribute in &body.attributes {
        let name: &str = &attribute.name.text;
        let node = match schema.and_then(|schema| schema.nested(name)) {
            Some(nested) => property(&attribute.expr, &nested.block),
            None => argument(name, &attribute.expr, schema),
        };
        nodes.insert(name.to_owned(), node);
    }
    for block in &body.blocks {
        let name: &str = &block.block_type.text;
        if name == "dynamic" {
            continue;
        }
        let nested = schema
            .and_then(|schema| schema.nested(name))
            .map(|n| &n.block);
        let inside = self::body(&block.body, nested);
        match nodes.get_mut(name) {
            Some(NodeJson::Blocks(blocks)) => blocks.push(inside),
            _ => {
                nodes.insert(name.to_owned(), NodeJson::Blocks(vec![inside]));
            }
        }
    }
    nodes
}

fn argument(name: &str, expr: &Expr, schema: Option<&Block>) -> NodeJson {
    // What the schema does not know is not shown either.
    let known = schema.and_then(|schema| schema.attribute(name));
    NodeJson::Expression(hidden(expr, known.is_none_or(|a| a.secret)))
}

/// Blocks in JSON syntax: an object, or a list of objects.
fn property(expr: &Expr, schema: &Block) -> NodeJson {
    let one = |items: &[flowctl_parser::ast::ObjectItem]| {
        let items = items.iter().filter_map(|item| {
            let name = key(&item.key)?;
            let node = match schema.nested(&name) {
                Some(nested) => property(&item.value, &nested.block),
                None => argument(&name, &item.value, Some(schema)),
            };
            Some((name, node))
        });
        items.collect()
    };
    match &expr.kind {
        ExprKind::Object(items) => NodeJson::Blocks(vec![one(items)]),
        ExprKind::Tuple(elements) => NodeJson::Blocks(
            elements
                .iter()
                .filter_map(|element| match &element.kind {
                    ExprKind::Object(items) => Some(one(items)),
                    _ => None,
                })
                .collect(),
        ),
        _ => NodeJson::Expression(hidden(expr, true)),
    }
}

/// An expression, if there is anything to say about it.
fn expression(expr: &Expr) -> Option<ExpressionJson> {
    let written = hidden(expr, false);
    (written.constant_value.is_some() || !written.references.is_empty()).then_some(written)
}

fn hidden(expr: &Expr, hide: bool) -> ExpressionJson {
    let constant = if hide { None } else { constant(expr) };
    ExpressionJson {
        constant_value: constant.map(ConstantJson),
        references: traversals(expr)
            .iter()
            .flat_map(Traversal::references)
            .collect(),
    }
}

/// The value of an expression of literals; `None` for any other.
fn constant(expr: &Expr) -> Option<Value> {
    Some(match &expr.kind {
        ExprKind::Null => Value::null(Type::Any),
        ExprKind::Bool(b) => Value::bool(*b),
        ExprKind::Number(text) => Value::number(text.parse::<Number>().ok()?),
        ExprKind::String(text) => Value::string(&**text),
        ExprKind::Parens(inner) | ExprKind::Wrapped(inner) => constant(inner)?,
        ExprKind::Unary(unary) => match (unary.op, constant(&unary.operand)?) {
            (UnaryOp::Negate, value) => Value::number(value.as_number()?.neg()),
            (UnaryOp::Not, value) => Value::bool(!value.as_bool()?),
        },
        ExprKind::Tuple(elements) => {
            Value::tuple(elements.iter().map(constant).collect::<Option<_>>()?)
        }
        ExprKind::Object(items) => Value::object(
            items
                .iter()
                .map(|item| Some((key(&item.key)?, constant(&item.value)?)))
                .collect::<Option<Vec<_>>>()?,
        ),
        _ => return None,
    })
}

fn key(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Name(name) => Some(name.text.to_string()),
        ObjectKey::Expr(expr) => constant(expr)?.as_str().map(str::to_owned),
    }
}
