//! `flowctl schema`.

use clap::{Args, ValueEnum};
use flowctl_render::schema::{json, markdown, providers_json};
use flowctl_schema::Schema;

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::services;

/// Print the reference documentation of resource types
///
/// Without TYPE: of all types, data sources and ephemeral resource types.
#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// A resource type, or `data.` or `ephemeral.` and a type of those
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,

    /// For people, or for tools
    #[arg(long, value_name = "FORMAT", default_value = "markdown")]
    format: SchemaFormat,

    /// The same as --format=json
    #[arg(long, hide = true)]
    json: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum SchemaFormat {
    Json,
    Markdown,
}

pub(crate) fn run(app: &mut App, args: &SchemaArgs) -> Result<Outcome, CommandError> {
    let providers = services::providers(services::Endpoint::default());
    let as_json = args.json || args.format == SchemaFormat::Json;
    let types = providers
        .resource_types()
        .map(|r| (r.name().to_owned(), r.schema()));
    let sources = providers
        .data_sources()
        .map(|d| (format!("data.{}", d.name()), d.schema()));
    let ephemerals = providers
        .ephemeral_resources()
        .map(|e| (format!("ephemeral.{}", e.name()), e.schema()));
    let known: Vec<(String, &Schema)> = types.chain(sources).chain(ephemerals).collect();
    let page = |(name, schema): &(String, &Schema)| {
        if as_json {
            json(schema)
        } else {
            markdown(name, schema)
        }
    };
    let mut text = match &args.type_name {
        None if as_json => providers_json(&providers),
        None => known.iter().map(page).collect::<Vec<_>>().join("\n"),
        Some(wanted) => known
            .iter()
            .find(|(name, _)| name == wanted)
            .map(page)
            .ok_or_else(|| unknown(wanted, &known))?,
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    app.ui.print(&text)?;
    Ok(Outcome::Done)
}

fn unknown(wanted: &str, known: &[(String, &Schema)]) -> CommandError {
    let names = || known.iter().map(|(name, _)| name.as_str());
    let error = CommandError::user(
        "No such resource type",
        format!(
            "There is no resource type {wanted:?}. There are: {}.",
            names().collect::<Vec<_>>().join(", ")
        ),
    );
    match flowctl_parser::nearest(wanted, names()) {
        Some(near) => error.with_help(&format!("did you mean `{near}`?")),
        None => error,
    }
}
