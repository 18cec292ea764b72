//! Ephemeral resources: read anew in every run, never planned, never kept. Their values are marked
//! ephemeral, so that nothing but a credential, of which no more than a digest is kept, can be
//! made of them.

use std::sync::Arc;

use flowctl_model::{Marks, Type, Value};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_schema::DataSource;

use crate::conditions::{POSTCONDITION, PRECONDITION};
use crate::data;
use crate::graph::Node;
use crate::input::Mode;
use crate::needs::DataRead;
use crate::settings::provider_key;
use crate::walk::{Instance, Phase, Walk};

/// The value of an ephemeral resource instance that others see: what was read of it, or something
/// unknown and what to read.
pub(crate) fn instance<'a>(walk: &mut Walk<'a>, instance: &Instance<'a>, node: &Node) -> Value {
    let Some(kind) = ephemeral_type(walk, instance) else {
        return unknown();
    };
    let block = &kind.schema().block;
    let lifecycle = &instance.resource.lifecycle;
    if !walk.conditions(instance, &lifecycle.preconditions, PRECONDITION, None) {
        return unknown();
    }
    let address = walk.address(instance);
    if let Some(object) = walk.input.data.get(&address) {
        let value = data::with_secrets_marked(block, object).marked(Marks::EPHEMERAL);
        let post = &lifecycle.postconditions;
        walk.conditions(instance, post, POSTCONDITION, Some(&value));
        return value;
    }
    let Some(config) = data::configuration(walk, instance, &*kind) else {
        return unknown();
    };
    let to_be = data::to_be_read(&*kind, &config).marked(Marks::EPHEMERAL);
    // What is destroyed needs no credentials of the configuration, and the settings of providers
    // were evaluated before.
    let destroys = walk.input.options.mode == Mode::Destroy && walk.phase != Phase::Settings;
    if destroys || walk.has_errors() {
        return to_be;
    }
    if !config.is_wholly_known() || data::waits_for(walk, node) {
        // What is read first may make it known; then this is asked for in the next round. The
        // settings of providers have an error of their own.
        if walk.phase == Phase::Plan && walk.needs.is_empty() {
            walk.diagnostics
                .push(too_early(instance, &address.to_string()));
        }
        return to_be;
    }
    let provider = provider_key(&walk.modules, &address.resource.module, instance.resource);
    walk.needs.data.push(DataRead {
        address,
        provider,
        config,
    });
    to_be
}

/// Checks an instance that stands for all of its resource; the value that others see.
pub(crate) fn validate<'a>(walk: &mut Walk<'a>, instance: &Instance<'a>) -> Value {
    let Some(kind) = ephemeral_type(walk, instance) else {
        return unknown();
    };
    data::configuration(walk, instance, &*kind);
    let object = crate::validate::any_object(&kind.schema().block).marked(Marks::EPHEMERAL);
    let lifecycle = &instance.resource.lifecycle;
    walk.conditions(instance, &lifecycle.preconditions, PRECONDITION, None);
    let post = &lifecycle.postconditions;
    walk.conditions(instance, post, POSTCONDITION, Some(&object));
    object
}

fn unknown() -> Value {
    Value::unknown(Type::Any).marked(Marks::EPHEMERAL)
}

fn too_early(instance: &Instance<'_>, address: &str) -> Diagnostic {
    let detail = "This needs something that is made or changed by this very plan, and an ephemeral \
                  resource is read before anything is done.";
    Diagnostic::error(
        instance.resource.header,
        "Ephemeral resource cannot be read yet",
        detail,
    )
    .with_address(address)
    .with_help("apply what it depends on first, with `-target`, and then everything")
}

/// The type of an ephemeral resource, or an error that there is none.
fn ephemeral_type<'a>(walk: &mut Walk<'a>, instance: &Instance<'a>) -> Option<Arc<dyn DataSource>> {
    let name = &instance.resource.type_name;
    let providers = walk.input.providers;
    let found = providers.ephemeral_resource(&name.text).cloned();
    if found.is_none() && walk.unknown_types.insert(name.span) {
        let detail = format!(
            "flowctl does not know an ephemeral resource type {:?}.",
            &*name.text
        );
        let error = Diagnostic::error(name.span, "Invalid ephemeral resource type", detail);
        let known = providers.ephemeral_resources().map(|kind| kind.name());
        let is_data = providers.data_source(&name.text).is_some();
        walk.diagnostics
            .push(match flowctl_parser::nearest(&name.text, known) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None if is_data => error.with_help(format!(
                    "it is a data source: write `data {:?}`",
                    &*name.text
                )),
                None => error,
            });
    }
    found
}
