//! Everything that can be found without state, variables or network.

use std::collections::BTreeMap;

use flowctl_lang::World;
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Digester, Type, Value};
use flowctl_parser::configuration::{Configuration, ResourceKind};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::exception::excuse;
use flowctl_schema::{Block, Providers};

use crate::decode::Decoded;
use crate::input::{Input, Options};
use crate::instance::{decoded, problems, resource_type, with_problems};
use crate::policy::Policies;
use crate::walk::{Instance, Phase, Walk};
use crate::{adoption, data, ephemeral, graph, ignore, imports, moves, policy, variables};

/// Checks a configuration.
pub fn validate(
    configuration: &Configuration,
    providers: &Providers,
    world: &dyn World,
    workspace: &str,
    policies: &Policies,
) -> Vec<Diagnostic> {
    let (graph, mut found) = graph::build(configuration);
    found.extend(adoption::check(configuration));
    let snapshot = Snapshot::default();
    // No digest is ever made here.
    let digester = Digester::new([0; flowctl_model::secret::KEY_LENGTH]);
    let options = Options {
        policies: policies.clone(),
        ..Options::default()
    };
    let input = Input {
        configuration,
        variables: &BTreeMap::new(),
        snapshot: &snapshot,
        live: &BTreeMap::new(),
        data: &BTreeMap::new(),
        imports: &BTreeMap::new(),
        resume: &BTreeMap::new(),
        interrupted: &[],
        providers,
        digester: &digester,
        settings: &crate::settings::NO_SETTINGS,
        key_changed: false,
        world,
        workspace,
        options: &options,
    };
    let mut walk = Walk::new(input, Phase::Validate, graph);
    let order = std::sync::Arc::clone(&walk.graph);
    walk.run(&order.order);
    imports::validate(&mut walk);
    variables::check_arguments(&mut walk);
    crate::settings::check_references(&mut walk);
    variables::validate(&mut walk);
    crate::conditions::checks(&mut walk);
    moves::moved(configuration, std::iter::empty(), &mut walk.diagnostics);
    moves::removed(configuration, &mut walk.diagnostics);
    let idle = policy::idle(&walk);
    found.append(&mut walk.diagnostics);
    excuse(&configuration.exceptions, &mut found);
    found.append(&mut walk.policy.violations);
    found.extend(idle);
    found
}

/// Checks an instance that stands for all of its resource; the value that others see.
pub(crate) fn instance<'a>(walk: &mut Walk<'a>, instance: &Instance<'a>) -> Value {
    let unknown = || Value::unknown(Type::Any);
    match instance.resource.kind {
        ResourceKind::Managed => {}
        ResourceKind::Data => {
            let Some(source) = data::data_source(walk, instance) else {
                return unknown();
            };
            data::configuration(walk, instance, &*source);
            return any_object(&source.schema().block);
        }
        ResourceKind::Ephemeral => return ephemeral::validate(walk, instance),
    }
    let Some(resource) = resource_type(walk, instance) else {
        return unknown();
    };
    let block = &resource.schema().block;
    let Decoded {
        value,
        places,
        mut diagnostics,
    } = decoded(walk, instance, block);
    let lifecycle = &instance.resource.lifecycle;
    diagnostics.extend(ignore::check(&lifecycle.ignore_changes, block));
    diagnostics.extend(ignore::redundant(instance.resource, block));
    let problems = problems(&*resource, &value, &places).all();
    diagnostics = with_problems(diagnostics, problems);
    if !diagnostics.iter().any(Diagnostic::is_error) {
        policy::check(walk, instance, &*resource, &value, &places);
    }
    let address = walk.address(instance).to_string();
    let found = diagnostics
        .into_iter()
        .map(|d| d.with_address(address.as_str()));
    walk.diagnostics.extend(found);
    let object = any_object(block);
    walk.conditions(
        instance,
        &lifecycle.preconditions,
        crate::conditions::PRECONDITION,
        None,
    );
    let post = &lifecycle.postconditions;
    walk.conditions(
        instance,
        post,
        crate::conditions::POSTCONDITION,
        Some(&object),
    );
    object
}

/// An object of a type about which nothing is known.
pub(crate) fn any_object(block: &Block) -> Value {
    let attributes = block.attributes.iter().map(|attribute| {
        let value = Value::unknown(attribute.ty.clone());
        let secret = attribute.secret;
        let value = if secret {
            value.marked(flowctl_model::Marks::SENSITIVE)
        } else {
            value
        };
        (attribute.name, value)
    });
    let blocks = block
        .blocks
        .iter()
        .map(|nested| (nested.name, Value::unknown(nested.ty())));
    Value::object(attributes.chain(blocks))
}
