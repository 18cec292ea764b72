//! One resource instance: what it is now, what it is to become, and by which action.

use flowctl_model::plan::{Action, Change, Drift, Reason};
use flowctl_model::problem::Severity;
use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, AttributePath, Problem, Text, Value};
use flowctl_parser::configuration::{Resource, ResourceKind};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_schema::{PlanRequest, ResourceType};

use crate::conditions::{POSTCONDITION, PRECONDITION};
use crate::decode::{Decoded, Places, UNCONFIGURABLE, Use, decode};
use crate::diff::{changed, proposed, recognised};
use crate::graph::Node;
use crate::input::Mode;
use crate::settings::provider_key;
use crate::walk::{Instance, Phase, Walk};
use crate::{awaits, ignore, policy, triggers};

/// What an instance is now.
#[derive(Default)]
pub(crate) struct Present {
    /// The object, secrets withheld; `None` if there is none.
    pub(crate) before: Option<Value>,
    /// Its identity.
    pub(crate) id: Option<Text>,
    /// The address that it has in state, if it moves.
    pub(crate) previous_address: Option<Address>,
    /// It was in state and is gone from the service.
    pub(crate) gone: bool,
    /// It is adopted, by this identity.
    pub(crate) importing: Option<Text>,
}

/// Plans an instance; the value that others see. Also after the plan was made, when it gives the
/// same with what became known since.
pub(crate) fn plan<'a>(walk: &mut Walk<'a>, instance: Instance<'a>) -> Value {
    let address = walk.address(&instance);
    let unknown = || Value::unknown(flowctl_model::Type::Any);
    let Some(resource) = resource_type(walk, &instance) else {
        return unknown();
    };
    let place = {
        let node = Node::resource(&address.resource.module.path(), instance.resource);
        walk.graph.place(&node)
    };
    let present = present(walk, &*resource, &address);
    let mode = walk.input.options.mode;
    if !walk.selection.includes(&address, place) || mode != Mode::Normal {
        return keep(walk, instance, address, present);
    }
    if !walk.conditions(
        &instance,
        &instance.resource.lifecycle.preconditions,
        PRECONDITION,
        None,
    ) {
        return unknown();
    }
    let before = present.before.as_ref();
    let Some(configured) = configuration(walk, &instance, &*resource, before) else {
        return unknown();
    };
    let Configured {
        config,
        places,
        untold,
    } = configured;
    let create_before_destroy = {
        let switch = instance.resource.lifecycle.create_before_destroy.as_ref();
        walk.switch(instance.place, switch)
    };
    let provider = provider_key(&walk.modules, &address.resource.module, instance.resource);
    let settings = walk.input.provider(&provider);
    let wanted = Wanted::new(walk, &*resource, &address, &present, &config, settings);
    let complete = wanted.action == Action::NoOp || awaits_adoption(walk, &address);
    if !complete && !untold.is_empty() {
        let text = address.to_string();
        let found = untold.into_iter().map(|d| d.with_address(text.as_str()));
        walk.diagnostics.extend(found);
        return unknown();
    }
    let awaits = awaits::of(walk, &instance, &config);
    let mut change = Change {
        address: address.clone(),
        previous_address: present.previous_address,
        provider,
        action: wanted.action,
        reason: wanted.reason,
        id: present.id,
        before: present.before,
        after: Some(wanted.planned.clone()),
        replace_paths: wanted.replace_paths,
        changed_paths: wanted.changed_paths,
        dependencies: Vec::new(),
        create_before_destroy,
        importing: present.importing,
        resume_token: walk.input.resume.get(&address).cloned(),
        deposed: None,
        awaits,
    };
    triggers::check(walk, &instance);
    if let Some(reason) = triggers::replacement(walk, &instance, &change) {
        let before = change.before.as_ref();
        let planned = replacement(&*resource, before, &config, settings);
        change.changed_paths = change
            .before
            .as_ref()
            .map(|before| changed(&*resource, walk.input.digester, before, &planned))
            .unwrap_or_default();
        change.after = Some(planned);
        change.reason = Some(reason);
        change.action = Action::DeleteThenCreate;
    }
    // What is to be adopted and was not read yet looks as if it were to be made.
    let refusals = if awaits_adoption(walk, &address) {
        Vec::new()
    } else {
        refusals(&*resource, &change, &config, settings)
    };
    if !refusals.is_empty() {
        let text = address.to_string();
        let found = refusals.iter().map(|problem| places.diagnostic(problem));
        let found = found.map(|d| d.with_address(text.as_str()));
        walk.diagnostics.extend(found);
        if refusals.iter().any(|p| p.severity == Severity::Error) {
            return unknown();
        }
    }
    if change.action.is_replace() && change.create_before_destroy {
        change.action = Action::CreateThenDelete;
    }
    if change.action == Action::NoOp {
        // State takes over marks, and what means the same as before.
        if let (Some(before), Some(after)) = (change.before.take(), change.after.take()) {
            change.after = Some(after.sharing(&before));
        }
        change.before.clone_from(&change.after);
    }
    let value = change.after.clone().unwrap_or_else(unknown);
    guard(walk, &*resource, &instance, &change, &places);
    let post = &instance.resource.lifecycle.postconditions;
    walk.conditions(&instance, post, POSTCONDITION, Some(&value));
    add(walk, instance, change);
    value
}

/// The type of a resource, or an error that there is none.
pub(crate) fn resource_type<'a>(
    walk: &mut Walk<'a>,
    instance: &Instance<'a>,
) -> Option<std::sync::Arc<dyn ResourceType>> {
    let name = &instance.resource.type_name;
    let found = walk.input.providers.resource_type(&name.text).cloned();
    if found.is_none() && walk.unknown_types.insert(name.span) {
        let known = walk.input.providers.resource_types().map(|t| t.name());
        let near = flowctl_parser::nearest(&name.text, known);
        let provider = crate::settings::default_provider(&name.text);
        let summary = match walk.input.providers.provider(provider) {
            Some(_) => "Invalid resource type",
            None => "Missing required provider",
        };
        let detail = format!("flowctl does not know a resource type {:?}.", &*name.text);
        let error = Diagnostic::error(name.span, summary, detail);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`flowctl schema` lists the resource types that there are".into(),
        };
        walk.diagnostics.push(error.with_help(help));
    }
    found
}

/// What state and the service say of an instance.
fn present(walk: &Walk<'_>, resource: &dyn ResourceType, address: &Address) -> Present {
    let previous_address = walk.moves.get(address).cloned();
    let old = previous_address.as_ref().unwrap_or(address);
    let Some(state) = walk.input.snapshot.resources.get(old) else {
        return adopted(walk, resource, address);
    };
    let (before, id, gone) = match walk.input.live.get(old) {
        Some(Some(live)) => (Some(live.attributes.clone()), live.id.clone(), false),
        Some(None) => (None, state.id.clone(), true),
        None => (Some(state.attributes.clone()), state.id.clone(), false),
    };
    Present {
        before,
        id: (!gone).then_some(id),
        previous_address,
        gone,
        importing: None,
    }
}

/// What an `import` block adopts under an address.
fn adopted(walk: &Walk<'_>, resource: &dyn ResourceType, address: &Address) -> Present {
    let (Some(id), Some(live)) = (walk.adoptions.get(address), walk.input.imports.get(address))
    else {
        return Present::default();
    };
    let before = flowctl_schema::merge_read(resource, None, &live.attributes);
    Present {
        before: Some(before),
        id: Some(live.id.clone()),
        importing: Some(id.clone()),
        ..Present::default()
    }
}

/// Whether an object is adopted that was not read yet: what it has may be missing here.
fn awaits_adoption(walk: &Walk<'_>, address: &Address) -> bool {
    walk.adoptions.contains_key(address) && !walk.input.imports.contains_key(address)
}

/// The configuration of an instance, with what is to be ignored taken from the present object.
/// `None` if something is wrong with it.
fn configuration<'a>(
    walk: &mut Walk<'a>,
    instance: &Instance<'a>,
    resource: &dyn ResourceType,
    before: Option<&Value>,
) -> Option<Configured> {
    let block = &resource.schema().block;
    let decoded = decoded(walk, instance, block);
    let mut found = decoded.diagnostics;
    // What was written is checked, and not what takes its place: the service knows no limits.
    let Problems { told, mut untold } = problems(resource, &decoded.value, &decoded.places);
    let mut config = decoded.value;
    let ignore = &instance.resource.lifecycle.ignore_changes;
    match before {
        Some(before) => config = ignore::apply(ignore, block, before, &config, &mut found),
        None => found.extend(ignore::check(ignore, block)),
    }
    found.extend(ignore::redundant(instance.resource, block));
    found = with_problems(found, told);
    if before.is_none() && !awaits_adoption(walk, &walk.address(instance)) {
        found.append(&mut untold);
    }
    let failed = found.iter().any(Diagnostic::is_error);
    if !failed {
        policy::check(walk, instance, resource, &config, &decoded.places);
    }
    let address = walk.address(instance).to_string();
    let found = found.into_iter().map(|d| d.with_address(address.as_str()));
    walk.diagnostics.extend(found);
    (!failed).then_some(Configured {
        config,
        places: decoded.places,
        untold,
    })
}

/// The configuration of an instance.
struct Configured {
    config: Value,
    places: Places,
    /// What is wrong with what the service does not tell. Of an object that exists and does not
    /// change it is no mistake: whoever adopted it need not know its credentials.
    untold: Vec<Diagnostic>,
}

/// Evaluates the body of an instance.
pub(crate) fn decoded(
    walk: &Walk<'_>,
    instance: &Instance<'_>,
    block: &flowctl_schema::Block,
) -> Decoded {
    let repetition = walk.repetition(instance);
    let scope = walk.scope(instance.place, &repetition, None);
    let resource = instance.resource;
    let purpose = match resource.kind {
        ResourceKind::Ephemeral => Use::Passing,
        ResourceKind::Managed | ResourceKind::Data => Use::Kept,
    };
    let mut decoded = decode(
        &resource.body,
        resource.header,
        block,
        &scope,
        walk.input.world,
        purpose,
    );
    if &*resource.type_name.text == BUILTIN {
        decoded.diagnostics.iter_mut().for_each(as_builtin);
    }
    decoded
}

/// The one resource type of Terraform itself, which has words of its own for what is wrong.
const BUILTIN: &str = "terraform_data";

fn as_builtin(diagnostic: &mut Diagnostic) {
    if diagnostic.summary == UNCONFIGURABLE {
        let name = diagnostic.detail.split('"').nth(1).unwrap_or_default();
        diagnostic.summary = format!("{name:?} attribute is read-only");
    }
}

/// What was found, and what a resource type finds wrong with what could be read.
pub(crate) fn with_problems(
    mut found: Vec<Diagnostic>,
    mut problems: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    if found.iter().any(Diagnostic::is_error) {
        // What is missing may be what could not be read, and is reported as that.
        let about = |d: &Diagnostic| {
            let named = d.detail.split(['"', '`']).nth(1).map(str::to_owned);
            (d.summary.clone(), named)
        };
        let known = |problem: &Diagnostic| found.iter().any(|d| about(d) == about(problem));
        problems.retain(|problem| !known(problem));
    }
    found.extend(problems);
    found
}

/// What a resource type finds wrong with a configuration.
pub(crate) struct Problems {
    /// With what the service tells of an object, and warnings.
    pub(crate) told: Vec<Diagnostic>,
    /// With what it does not tell: credentials.
    pub(crate) untold: Vec<Diagnostic>,
}

impl Problems {
    /// All of them.
    pub(crate) fn all(mut self) -> Vec<Diagnostic> {
        self.told.append(&mut self.untold);
        self.told
    }
}

/// Checks a configuration against its table and the rules of its type.
pub(crate) fn problems(resource: &dyn ResourceType, config: &Value, places: &Places) -> Problems {
    let block = &resource.schema().block;
    let mut problems = flowctl_schema::validate(resource.schema(), config);
    problems.extend(resource.validate(config));
    let is_told =
        |problem: &Problem| problem.severity == Severity::Warning || block.tells(&problem.path);
    let (told, untold): (Vec<_>, Vec<_>) = problems.iter().partition(|problem| is_told(problem));
    let places = |problems: Vec<&Problem>| {
        let diagnostics = problems
            .into_iter()
            .map(|problem| places.diagnostic(problem));
        diagnostics.collect()
    };
    Problems {
        told: places(told),
        untold: places(untold),
    }
}

/// What is to become of an instance.
struct Wanted {
    planned: Value,
    action: Action,
    reason: Option<Reason>,
    replace_paths: Vec<AttributePath>,
    changed_paths: Vec<AttributePath>,
}

impl Wanted {
    fn new(
        walk: &Walk<'_>,
        resource: &dyn ResourceType,
        address: &Address,
        present: &Present,
        config: &Value,
        settings: Option<&Value>,
    ) -> Self {
        let Some(before) = &present.before else {
            let reason = if present.gone {
                Reason::DeletedOutside
            } else {
                Reason::New
            };
            return Self {
                planned: replacement(resource, None, config, settings),
                action: Action::Create,
                reason: Some(reason),
                replace_paths: Vec::new(),
                changed_paths: Vec::new(),
            };
        };
        let digester = walk.input.digester;
        let block = &resource.schema().block;
        let proposed = proposed(block, Some(before), config);
        let asked = changed(resource, digester, before, &proposed);
        let planned = resource.plan(PlanRequest {
            prior: Some(before),
            config,
            proposed: &proposed,
            changed: &asked,
            provider: settings,
        });
        let differing = changed(resource, digester, before, &planned.planned);
        let mut replace_paths = planned.replace;
        let forces = |path: &&AttributePath| {
            let forces = block.attribute_at(path).is_some_and(|a| a.replace);
            // What the service decides anew follows from the replacement and is no cause of it.
            let unknown = planned.planned.at(path).is_some_and(|v| !v.is_known());
            let follows = unknown && config.at(path).is_none_or(Value::is_null);
            forces && !follows && !planned.in_place.contains(path)
        };
        replace_paths.extend(differing.iter().filter(forces).cloned());
        let state = state(walk, address, present);
        let reason = if state.is_some_and(|state| state.tainted) {
            Some(Reason::Tainted)
        } else if walk.input.options.replace.contains(address) {
            Some(Reason::ReplaceRequested)
        } else if replace_paths.is_empty() {
            None
        } else {
            Some(Reason::CannotUpdate)
        };
        if reason.is_some() {
            let planned = replacement(resource, Some(before), config, settings);
            return Self {
                changed_paths: changed(resource, digester, before, &planned),
                planned,
                action: Action::DeleteThenCreate,
                reason,
                replace_paths,
            };
        }
        let only_secrets = || {
            // What the service decides follows from the update.
            let decided = |path: &AttributePath| {
                block
                    .attribute_at(path)
                    .is_some_and(|a| !a.presence.is_configurable())
            };
            let secret = |path: &AttributePath| before.at(path).is_some_and(Value::is_sensitive);
            differing.iter().all(|path| decided(path) || secret(path))
        };
        let (action, reason) = if differing.is_empty() {
            (Action::NoOp, None)
        } else if walk.input.interrupted.contains(address) {
            (Action::Update, Some(Reason::Interrupted))
        } else if walk.input.key_changed && only_secrets() {
            (Action::Update, Some(Reason::SecretKeyChanged))
        } else {
            (Action::Update, None)
        };
        Self {
            planned: planned.planned,
            action,
            reason,
            replace_paths,
            changed_paths: differing,
        }
    }
}

/// What a resource type finds wrong with a change.
fn refusals(
    resource: &dyn ResourceType,
    change: &Change,
    config: &Value,
    settings: Option<&Value>,
) -> Vec<Problem> {
    let (Some(planned), false) = (&change.after, change.action == Action::NoOp) else {
        return Vec::new();
    };
    resource.check_change(&PlanRequest {
        prior: change
            .before
            .as_ref()
            .filter(|_| change.action == Action::Update),
        config,
        proposed: planned,
        changed: &change.changed_paths,
        provider: settings,
    })
}

/// The object that a creation is to make.
fn replacement(
    resource: &dyn ResourceType,
    before: Option<&Value>,
    config: &Value,
    settings: Option<&Value>,
) -> Value {
    let block = &resource.schema().block;
    let proposed = proposed(block, None, config);
    let request = PlanRequest {
        prior: None,
        config,
        proposed: &proposed,
        changed: &[],
        provider: settings,
    };
    let planned = resource.plan(request).planned;
    // Of the same name or not, it is another object: what refers to the identity of the old one does
    // not outlive it, such as the policy of a bucket.
    let same = before.and_then(|before| before.get("id")) == planned.get("id");
    match (planned.members(), block.attribute("id")) {
        (Some(members), Some(id)) if same && !id.presence.is_configurable() => {
            let mut members = members.clone();
            let marks = planned.get("id").map(Value::marks).unwrap_or_default();
            let unknown = Value::unknown(id.ty.clone()).marked(marks);
            members.insert("id".into(), unknown);
            Value::object(members)
        }
        _ => planned,
    }
}

fn state<'w>(walk: &Walk<'w>, address: &Address, present: &Present) -> Option<&'w ResourceState> {
    let old = present.previous_address.as_ref().unwrap_or(address);
    walk.input.snapshot.resources.get(old)
}

/// Leaves an instance as it is: it is outside of the selection, or the plan only looks.
fn keep<'a>(
    walk: &mut Walk<'a>,
    instance: Instance<'a>,
    address: Address,
    present: Present,
) -> Value {
    let Some(state) = state(walk, &address, &present) else {
        return Value::unknown(flowctl_model::Type::Any);
    };
    let included = walk.selection.includes(&address, None) || !walk.selection.is_partial();
    let looks = walk.input.options.mode == Mode::RefreshOnly && included;
    let value = match (&present.before, looks) {
        (Some(before), true) => before.clone(),
        _ => state.attributes.clone(),
    };
    if looks {
        let provider = state.provider.clone();
        let create_before_destroy = state.create_before_destroy;
        let action = if present.gone {
            Action::Forget
        } else {
            Action::NoOp
        };
        let change = Change {
            address,
            previous_address: present.previous_address,
            provider,
            action,
            reason: present.gone.then_some(Reason::DeletedOutside),
            id: present.id.or_else(|| Some(state.id.clone())),
            before: Some(value.clone()),
            after: (!present.gone).then(|| value.clone()),
            replace_paths: Vec::new(),
            changed_paths: Vec::new(),
            dependencies: state.dependencies.clone(),
            create_before_destroy,
            importing: None,
            resume_token: None,
            deposed: None,
            awaits: Vec::new(),
        };
        add(walk, instance, change);
    }
    value
}

/// Refuses what the lifecycle forbids, and two instances that stand for one object.
fn guard<'a>(
    walk: &mut Walk<'a>,
    resource: &dyn ResourceType,
    instance: &Instance<'a>,
    change: &Change,
    places: &Places,
) {
    let address = &change.address;
    let lifecycle = &instance.resource.lifecycle;
    if change.action.is_replace() && walk.switch(instance.place, lifecycle.prevent_destroy.as_ref())
    {
        walk.diagnostics.push(prevented(instance.resource, address));
    }
    let Some(identity) = change
        .after
        .as_ref()
        .and_then(|after| resource.identity(after))
    else {
        return;
    };
    let name = places.of(&AttributePath::attribute(resource.identity_argument()));
    let before = change
        .before
        .as_ref()
        .and_then(|before| resource.identity(before));
    if change.action == Action::CreateThenDelete && before.as_ref() == Some(&identity) {
        let detail = format!(
            "{address} is to be replaced by creating the new object first, but both have the name \
             {:?}, which can be there only once.",
            &*identity
        );
        let error = Diagnostic::error(name, "Replacement needs another name", detail);
        walk.diagnostics.push(error.with_help(
            "give the new object another name, or remove `create_before_destroy` so that the old \
             one goes first",
        ));
    }
    let type_name = address.resource.type_name.clone();
    let claim = (change.provider.clone(), type_name, identity);
    match walk.claims.get(&claim) {
        Some(other) if other != address => {
            let detail = format!(
                "{address} and {other} both stand for the object named {:?}: each would overwrite \
                 what the other sets.",
                &*claim.2
            );
            let error = Diagnostic::error(name, "Duplicate object name", detail);
            let error = error.with_help("give each resource a name of its own");
            let error = error.with_address(address.to_string());
            walk.diagnostics.push(error);
        }
        _ => {
            walk.claims.insert(claim, address.clone());
        }
    }
}

/// The error for an object that must not be destroyed.
pub(crate) fn prevented(resource: &Resource, address: &Address) -> Diagnostic {
    let expr = resource.lifecycle.prevent_destroy.as_ref();
    let span = resource.header;
    let detail = format!(
        "{address} has `prevent_destroy` set, but this plan would destroy it (see the plan for what \
         forces that)."
    );
    let error = Diagnostic::error(span, "Instance cannot be destroyed", detail);
    let error = match expr {
        Some(expr) => error.with_label(expr.span, "forbidden here"),
        None => error,
    };
    error
        .with_address(address.to_string())
        .with_help("set `prevent_destroy` to false, or leave the resource out with `-exclude`")
}

/// Notes what changed outside since the last run.
pub(crate) fn drift(walk: &mut Walk<'_>) {
    let mut drift = Vec::new();
    for (address, state) in &walk.input.snapshot.resources {
        let name = &address.resource.type_name;
        let (Some(live), Some(resource)) = (
            walk.input.live.get(address),
            walk.input.providers.resource_type(name),
        ) else {
            continue;
        };
        let digester = walk.input.digester;
        // A secret that was read and is the same is not told as another one.
        let recognised = |live: &Value| recognised(digester, &state.attributes, live);
        let after = live.as_ref().map(|live| recognised(&live.attributes));
        let differs = after.as_ref().is_none_or(|after| {
            !changed(&**resource, digester, &state.attributes, after).is_empty()
        });
        if differs {
            drift.push(Drift {
                address: address.clone(),
                before: state.attributes.clone(),
                after,
            });
        }
    }
    walk.drift = drift;
}

fn add<'a>(walk: &mut Walk<'a>, mut instance: Instance<'a>, change: Change) {
    if walk.phase == Phase::Plan {
        instance.change = Some(walk.changes.len());
        walk.instances.insert(change.address.clone(), instance);
        walk.changes.push(change);
    }
}
