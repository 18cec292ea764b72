//! Bodies in JSON syntax, which need the schema to tell arguments and blocks apart.

use std::collections::HashMap;
use std::sync::Arc;

use flowctl_parser::configuration::{Configuration, ResourceKind};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_schema::{Block, DataSource, Provider, Providers, ResourceType};

/// Tells arguments and blocks apart in every body of JSON syntax; to be done once, after a
/// configuration was loaded.
pub fn resolve_json(configuration: &mut Configuration, providers: &Providers) -> Vec<Diagnostic> {
    let by_name = |items: Vec<(&'static str, Schema)>| items.into_iter().collect::<HashMap<_, _>>();
    let types = providers.resource_types().cloned();
    let types = by_name(types.map(|t| (t.name(), Schema::Resource(t))).collect());
    let sources = providers.data_sources().cloned();
    let sources = by_name(sources.map(|d| (d.name(), Schema::Data(d))).collect());
    let ephemerals = providers.ephemeral_resources().cloned();
    let ephemerals = ephemerals.map(|e| (e.name(), Schema::Data(e)));
    let ephemerals = by_name(ephemerals.collect());
    let settings = providers.iter().cloned();
    let settings = by_name(settings.map(|p| (p.name(), Schema::Provider(p))).collect());
    configuration.resolve(
        &|resource| {
            let table = match resource.kind {
                ResourceKind::Managed => &types,
                ResourceKind::Data => &sources,
                ResourceKind::Ephemeral => &ephemerals,
            };
            table.get(&*resource.type_name.text).map(Schema::block)
        },
        &|provider| settings.get(&*provider.name.text).map(Schema::block),
        &|block, name| block.nested(name).map(|nested| &nested.block),
    )
}

enum Schema {
    Resource(Arc<dyn ResourceType>),
    Data(Arc<dyn DataSource>),
    Provider(Arc<dyn Provider>),
}

impl Schema {
    fn block(&self) -> &Block {
        match self {
            Self::Resource(resource) => &resource.schema().block,
            Self::Data(source) => &source.schema().block,
            Self::Provider(provider) => &provider.schema().block,
        }
    }
}
