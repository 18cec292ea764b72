//! Reference documentation of a resource type, derived from its table: Markdown for people, and
//! the shape of `terraform providers schema -json` for tools.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flowctl_model::Type;
use flowctl_schema::{
    Attribute, Block, Constraint, NestedBlock, Nesting, Presence, Providers, Schema,
};
use serde::{Serialize, Serializer};

use crate::json::{TypeJson, pretty};
use crate::plan::json::provider_source;

/// One resource type, data source or provider as JSON.
pub fn json(schema: &Schema) -> String {
    pretty(&SchemaJson::from(schema))
}

/// Everything that all providers offer, as JSON.
pub fn providers_json(providers: &Providers) -> String {
    let provider_schemas = providers
        .iter()
        .map(|provider| {
            let types = provider.resource_types().iter();
            let data = provider.data_sources().iter();
            let ephemeral = provider.ephemeral_resources().iter();
            let written = ProviderJson {
                provider: SchemaJson::from(provider.schema()),
                resource_schemas: types.map(|t| (t.name(), t.schema().into())).collect(),
                data_source_schemas: data.map(|d| (d.name(), d.schema().into())).collect(),
                ephemeral_resource_schemas: ephemeral
                    .map(|e| (e.name(), e.schema().into()))
                    .collect(),
            };
            (provider_source(provider.name()), written)
        })
        .collect();
    pretty(&ProvidersJson {
        format_version: "1.0",
        provider_schemas,
    })
}

#[derive(Serialize)]
struct ProvidersJson<'a> {
    format_version: &'static str,
    provider_schemas: BTreeMap<String, ProviderJson<'a>>,
}

#[derive(Serialize)]
struct ProviderJson<'a> {
    provider: SchemaJson<'a>,
    resource_schemas: BTreeMap<&'static str, SchemaJson<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    data_source_schemas: BTreeMap<&'static str, SchemaJson<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ephemeral_resource_schemas: BTreeMap<&'static str, SchemaJson<'a>>,
}

#[derive(Serialize)]
struct SchemaJson<'a> {
    version: u64,
    block: BlockJson<'a>,
}

#[derive(Serialize)]
struct BlockJson<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, AttributeJson<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    block_types: BTreeMap<&'static str, NestedJson<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'static str,
    description_kind: &'static str,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are the format's")]
struct AttributeJson<'a> {
    #[serde(rename = "type", serialize_with = "type_json")]
    ty: &'a Type,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'static str,
    description_kind: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    required: bool,
    #[serde(skip_serializing_if = "is_false")]
    optional: bool,
    #[serde(skip_serializing_if = "is_false")]
    computed: bool,
    #[serde(skip_serializing_if = "is_false")]
    sensitive: bool,
}

#[derive(Serialize)]
struct NestedJson<'a> {
    nesting_mode: &'static str,
    block: BlockJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_items: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_items: Option<usize>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn type_json<S: Serializer>(ty: &Type, serializer: S) -> Result<S::Ok, S::Error> {
    TypeJson(ty).serialize(serializer)
}

impl<'a> From<&'a Schema> for SchemaJson<'a> {
    fn from(schema: &'a Schema) -> Self {
        Self {
            version: schema.version,
            block: (&schema.block).into(),
        }
    }
}

impl<'a> From<&'a Block> for BlockJson<'a> {
    fn from(block: &'a Block) -> Self {
        Self {
            attributes: block
                .attributes
                .iter()
                .map(|a| (a.name, a.into()))
                .collect(),
            block_types: block.blocks.iter().map(|b| (b.name, b.into())).collect(),
            description: block.doc,
            description_kind: "markdown",
        }
    }
}

impl<'a> From<&'a Attribute> for AttributeJson<'a> {
    fn from(attribute: &'a Attribute) -> Self {
        let presence = attribute.presence;
        Self {
            ty: &attribute.ty,
            description: attribute.doc,
            description_kind: "markdown",
            required: presence == Presence::Required,
            optional: presence.is_configurable() && presence != Presence::Required,
            computed: presence.is_computed(),
            sensitive: attribute.secret,
        }
    }
}

impl<'a> From<&'a NestedBlock> for NestedJson<'a> {
    fn from(nested: &'a NestedBlock) -> Self {
        Self {
            nesting_mode: match nested.nesting {
                Nesting::List => "list",
                Nesting::Set => "set",
            },
            block: (&nested.block).into(),
            min_items: (nested.min > 0).then_some(nested.min),
            max_items: nested.max,
        }
    }
}

/// The reference page of a resource type.
pub fn markdown(name: &str, schema: &Schema) -> String {
    let mut out = format!("# `{name}`\n");
    paragraph(&mut out, schema.block.doc);
    section(&mut out, &schema.block, "", "##");
    out
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        let _ = write!(out, "\n{text}\n");
    }
}

/// The arguments and attributes of a block, then each nested block under a heading of its own.
fn section(out: &mut String, block: &Block, path: &str, level: &str) {
    let required = |a: &&Attribute| a.presence == Presence::Required;
    let groups: [(&str, Vec<&Attribute>, Vec<&NestedBlock>); 3] = [
        (
            "Required",
            block.attributes.iter().filter(required).collect(),
            block.blocks.iter().filter(|b| b.min > 0).collect(),
        ),
        (
            "Optional",
            block
                .attributes
                .iter()
                .filter(|a| a.presence.is_configurable() && !required(a))
                .collect(),
            block.blocks.iter().filter(|b| b.min == 0).collect(),
        ),
        (
            "Exported",
            block
                .attributes
                .iter()
                .filter(|a| !a.presence.is_configurable())
                .collect(),
            Vec::new(),
        ),
    ];
    for (title, attributes, blocks) in groups {
        if attributes.is_empty() && blocks.is_empty() {
            continue;
        }
        if path.is_empty() {
            let _ = write!(out, "\n{level} {title}\n\n");
        } else {
            let _ = write!(out, "\n{title}:\n\n");
        }
        for attribute in attributes {
            attribute_line(out, attribute);
        }
        for nested in blocks {
            let path = join(path, nested.name);
            let _ = writeln!(
                out,
                "- [`{}`](#{}) (block, {}): {}",
                nested.name,
                anchor(&path),
                occurrences(nested),
                if nested.block.doc.is_empty() {
                    "see below"
                } else {
                    nested.block.doc
                }
            );
        }
    }
    for nested in &block.blocks {
        let path = join(path, nested.name);
        let _ = write!(out, "\n{level} `{path}`\n");
        paragraph(out, nested.block.doc);
        if nested.block.is_empty() {
            paragraph(out, "The block has no arguments.");
        }
        section(out, &nested.block, &path, level);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The anchor that Markdown renderers give a heading: letters, digits, `_` and `-`.
fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn occurrences(nested: &NestedBlock) -> String {
    let most = nested.max.map(|max| max.to_string());
    match (nested.min, nested.max) {
        (1, Some(1)) => "exactly one".to_owned(),
        (0, Some(1)) => "at most one".to_owned(),
        (0, None) => "any number".to_owned(),
        (min, None) => format!("at least {min}"),
        (0, Some(_)) => format!("at most {}", most.unwrap_or_default()),
        (min, Some(_)) => format!("{min} to {}", most.unwrap_or_default()),
    }
}

fn attribute_line(out: &mut String, attribute: &Attribute) {
    let mut facts = vec![format!("`{}`", attribute.ty)];
    if attribute.presence == Presence::OptionalComputed {
        facts.push("computed if not set".to_owned());
    }
    if attribute.replace {
        facts.push("forces replacement".to_owned());
    }
    if attribute.secret {
        facts.push("secret".to_owned());
    }
    let _ = write!(out, "- `{}` ({})", attribute.name, facts.join(", "));
    if !attribute.doc.is_empty() {
        let _ = write!(out, ": {}", attribute.doc);
    }
    let limits: Vec<_> = attribute.constraints.iter().map(limit).collect();
    if !limits.is_empty() {
        let _ = write!(out, " Limits: {}.", limits.join("; "));
    }
    if !attribute.returned && !attribute.secret {
        out.push_str(" The service does not return it, so the last known value is kept.");
    }
    out.push('\n');
}

fn limit(constraint: &Constraint) -> String {
    let within = |min: usize, max: usize, what: &str| match min {
        0 => format!("at most {max} {what}"),
        min if min == max => format!("exactly {max} {what}"),
        min => format!("{min} to {max} {what}"),
    };
    let all = |constraints: &[Constraint]| {
        let limits: Vec<_> = constraints.iter().map(limit).collect();
        limits.join(", ")
    };
    match constraint {
        Constraint::Length(min, max) => within(*min, *max, "characters"),
        Constraint::Pattern(pattern) => format!("matches {}", code(pattern)),
        Constraint::OneOf(values) => {
            let values: Vec<_> = values.iter().map(|value| code(value)).collect();
            format!("one of {}", values.join(", "))
        }
        Constraint::Range(min, max) => format!("{min} to {max}"),
        Constraint::Entries(min, max) => within(*min, *max, "entries"),
        Constraint::Keys(constraints) => format!("each key {}", all(constraints)),
        Constraint::Values(constraints) => format!("each value {}", all(constraints)),
    }
}

/// Text as inline code, whatever backticks it has.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Schema {
        let name = Attribute::new("name", Type::String, Presence::Required, "Its name.")
            .replace()
            .constraints(vec![
                Constraint::Length(1, 256),
                Constraint::Pattern(r"[\w`]+"),
            ]);
        let mode = Attribute::new("mode", Type::String, Presence::Optional, "How.")
            .constraints(vec![Constraint::OneOf(&["Public", "Private"])]);
        let kms = Attribute::new(
            "kms_arn",
            Type::String,
            Presence::OptionalComputed,
            "A key.",
        )
        .not_returned();
        let arn = Attribute::new("arn", Type::String, Presence::Computed, "Its ARN.");
        let mut map = Attribute::new(
            "credentials_map",
            Type::map(Type::String),
            Presence::Optional,
            "All of them.",
        )
        .constraints(vec![
            Constraint::Entries(0, 50),
            Constraint::Values(vec![Constraint::Length(8, 8)]),
        ]);
        map.secret = true;
        let custom = Block {
            attributes: vec![map],
            blocks: vec![NestedBlock::optional("empty", Block::default())],
            doc: "What the connector asks for.",
            ..Block::default()
        };
        let mut many = NestedBlock::optional("rule", Block::default());
        many.max = None;
        Schema {
            version: 2,
            block: Block {
                attributes: vec![name, mode, kms, arn],
                blocks: vec![NestedBlock::required("custom", custom), many],
                doc: "A profile.",
                ..Block::default()
            },
        }
    }

    #[test]
    fn the_page_says_everything_that_the_table_says() {
        insta::assert_snapshot!("schema_markdown", markdown("aws_profile", &sample()));
    }

    #[test]
    fn the_json_is_terraforms() {
        insta::assert_snapshot!("schema_json", json(&sample()));
    }

    #[test]
    fn the_builtin_provider_is_as_terraform_describes_it() {
        let providers = Providers::new(vec![std::sync::Arc::new(
            flowctl_schema::builtin::BuiltinProvider::new(),
        )]);
        let document: serde_json::Value =
            serde_json::from_str(&providers_json(&providers)).unwrap();
        let block = &document["provider_schemas"]["terraform.io/builtin/terraform"]["resource_schemas"]
            ["terraform_data"]["block"];
        assert_eq!(block["attributes"]["input"]["type"], "dynamic");
        assert_eq!(block["attributes"]["input"]["optional"], true);
        assert_eq!(block["attributes"]["id"]["computed"], true);
        assert_eq!(block["attributes"]["id"].get("required"), None);
    }
}
