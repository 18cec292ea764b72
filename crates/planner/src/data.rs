//! Data sources: read while planning if everything that says what to read is known, and while
//! applying otherwise.

use flowctl_model::plan::{Action, Change, Reason};
use flowctl_model::{Kind, Marks, Mode as ResourceMode, ResourceAddress, Text, Type, Value};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_schema::{Block, DataSource};

use crate::conditions::{POSTCONDITION, PRECONDITION};
use crate::graph::{Item, Node};
use crate::input::Mode;
use crate::instance::decoded;
use crate::needs::DataRead;
use crate::settings::provider_key;
use crate::walk::{Instance, Phase, Walk};

/// Data sources of Terraform that flowctl knows of and refuses, with what to do instead.
const REFUSED: [(&str, &str); 1] = [(
    "terraform_remote_state",
    "flowctl does not read the state of other configurations: hand the values over as variables, \
     or look the object up with a data source of its own type",
)];

/// Plans a data source instance; the value that others see.
pub(crate) fn instance<'a>(walk: &mut Walk<'a>, mut instance: Instance<'a>, node: &Node) -> Value {
    let unknown = || Value::unknown(Type::Any);
    let address = walk.address(&instance);
    if !walk.selection.includes(&address, walk.graph.place(node)) {
        return unknown();
    }
    if let Some(value) = walk.input.data.get(&address) {
        let source = walk
            .input
            .providers
            .data_source(&instance.resource.type_name.text);
        let value = source.map_or_else(
            || value.clone(),
            |source| with_secrets_marked(&source.schema().block, value),
        );
        let post = &instance.resource.lifecycle.postconditions;
        walk.conditions(&instance, post, POSTCONDITION, Some(&value));
        return value;
    }
    let Some(source) = data_source(walk, &instance) else {
        return unknown();
    };
    if !walk.conditions(
        &instance,
        &instance.resource.lifecycle.preconditions,
        PRECONDITION,
        None,
    ) {
        return unknown();
    }
    let Some(config) = configuration(walk, &instance, &*source) else {
        return unknown();
    };
    let waits = waits_for(walk, node);
    let provider = provider_key(&walk.modules, &address.resource.module, instance.resource);
    let to_be = to_be_read(&*source, &config);
    // Before everything is destroyed nothing has to be looked up.
    if walk.input.options.mode == Mode::Destroy {
        return to_be;
    }
    if config.is_wholly_known()
        && let Some(object) = source.answer(&config)
    {
        let post = &instance.resource.lifecycle.postconditions;
        walk.conditions(&instance, post, POSTCONDITION, Some(&object));
        return object;
    }
    if !waits && config.is_wholly_known() {
        walk.needs.data.push(DataRead {
            address,
            provider,
            config,
        });
        return to_be;
    }
    let change = Change {
        address: address.clone(),
        previous_address: None,
        provider,
        action: Action::Read,
        reason: Some(Reason::ReadDependsOnUnknown),
        id: None,
        before: None,
        after: Some(to_be.clone()),
        replace_paths: Vec::new(),
        changed_paths: Vec::new(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        importing: None,
        resume_token: None,
        deposed: None,
        awaits: crate::awaits::of(walk, &instance, &config),
    };
    if walk.phase == Phase::Plan {
        instance.change = Some(walk.changes.len());
        walk.instances.insert(address, instance);
        walk.changes.push(change);
    }
    to_be
}

/// The type of a data source, or an error that there is none.
pub(crate) fn data_source<'a>(
    walk: &mut Walk<'a>,
    instance: &Instance<'a>,
) -> Option<std::sync::Arc<dyn DataSource>> {
    let name = &instance.resource.type_name;
    let found = walk.input.providers.data_source(&name.text).cloned();
    if found.is_none() && walk.unknown_types.insert(name.span) {
        let refused = REFUSED.iter().find(|(refused, _)| **refused == *name.text);
        let known = walk.input.providers.data_sources().map(|d| d.name());
        let near = flowctl_parser::nearest(&name.text, known);
        let error = match refused {
            Some((_, why)) => Diagnostic::error(
                name.span,
                "Unsupported data source",
                format!("The data source {:?} is not supported.", &*name.text),
            )
            .with_help(*why),
            None => {
                let detail = format!("flowctl does not know a data source {:?}.", &*name.text);
                let error = Diagnostic::error(name.span, "Invalid data source", detail);
                match near {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error,
                }
            }
        };
        walk.diagnostics.push(error);
    }
    found
}

/// The configuration of a data source; `None` if something is wrong with it.
pub(crate) fn configuration<'a>(
    walk: &mut Walk<'a>,
    instance: &Instance<'a>,
    source: &dyn DataSource,
) -> Option<Value> {
    let decoded = decoded(walk, instance, &source.schema().block);
    let mut found = decoded.diagnostics;
    if !found.iter().any(Diagnostic::is_error) {
        let mut problems = flowctl_schema::validate(source.schema(), &decoded.value);
        problems.extend(source.validate(&decoded.value));
        let places = &decoded.places;
        found.extend(problems.iter().map(|problem| places.diagnostic(problem)));
    }
    let failed = found.iter().any(Diagnostic::is_error);
    let address = walk.address(instance).to_string();
    let found = found.into_iter().map(|d| d.with_address(address.as_str()));
    walk.diagnostics.extend(found);
    (!failed).then_some(decoded.value)
}

/// What is known of the object before it is read.
pub(crate) fn to_be_read(source: &dyn DataSource, config: &Value) -> Value {
    crate::diff::proposed(&source.schema().block, None, config)
}

/// An object that was read, its secret attributes marked sensitive.
pub(crate) fn with_secrets_marked(block: &Block, object: &Value) -> Value {
    let secret = |name: &str| block.attributes.iter().any(|a| a.name == name && a.secret);
    let Kind::Object(members) = object.kind() else {
        return object.clone();
    };
    let marked = members.iter().map(|(name, value)| {
        let value = value.clone();
        if secret(name) && !value.is_null() {
            (name.clone(), value.marked(Marks::SENSITIVE))
        } else {
            (name.clone(), value)
        }
    });
    Value::object(marked).with_marks(object.marks())
}

/// Whether something that the data source depends on, through `depends_on` or otherwise, is still
/// to be changed.
pub(crate) fn waits_for(walk: &Walk<'_>, node: &Node) -> bool {
    let changes = |resource: &ResourceAddress| {
        walk.changes_of(resource)
            .any(|change| !matches!(change.action, Action::NoOp | Action::Read))
    };
    let ancestors = walk.with_ancestors([node.clone()]);
    ancestors.iter().any(|other| match &other.item {
        Item::Resource(ResourceMode::Managed, type_name, name) => {
            walk.store.places(&other.module).iter().any(|place| {
                changes(&ResourceAddress {
                    module: walk.store.get(*place).instance.clone(),
                    mode: ResourceMode::Managed,
                    type_name: Text::from(&**type_name),
                    name: Text::from(&**name),
                })
            })
        }
        _ => false,
    })
}
