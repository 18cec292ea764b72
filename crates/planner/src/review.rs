//! Two configurations compared by what they ask for, without state and without a service.
//!
//! Each is planned from nothing; what one plan makes and the other makes differently becomes a
//! change. What neither can know without a service is taken as the same on both sides if it is
//! written in the same way.

use std::collections::BTreeMap;

use flowctl_model::plan::{Action, Awaited, Change, OutputChange, Plan, Reason};
use flowctl_model::secret::withhold;
use flowctl_model::{
    Address, AttributePath, Digest, Digester, InstanceKey, Mode, Text, Type, Value,
};
use flowctl_parser::{Configuration, Diagnostic};
use flowctl_schema::{Providers, ResourceType};

use crate::diff::changed;
use crate::moves;
use crate::origin::origin;
use crate::plan::is_configured;
use crate::suggest;
use crate::walk::Modules;

/// A configuration and the plan that makes everything in it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The configuration.
    pub configuration: &'a Configuration,
    /// Its plan, made from an empty state.
    pub plan: &'a Plan,
}

/// What leads from what `base` asks for to what `head` asks for.
pub fn review(base: Side<'_>, head: Side<'_>, providers: &Providers, digester: &Digester) -> Plan {
    let mut old: BTreeMap<&Address, &Change> = managed(base.plan).collect();
    let moved = moves::moved(
        head.configuration,
        old.keys().map(|address| (*address).clone()),
        // What is wrong with the `moved` blocks was found when the plan was made.
        &mut Vec::new(),
    );
    let mut changes = Vec::new();
    for (address, change) in managed(head.plan) {
        let previous = moved.get(address).filter(|previous| *previous != address);
        let before = old.remove(previous.unwrap_or(address));
        let resource = providers.resource_type(&address.resource.type_name);
        changes.push(match (before, resource) {
            (Some(before), Some(resource)) => Pair {
                sides: (base.configuration, head.configuration),
                before,
                after: change,
                resource: &**resource,
                digester,
            }
            .change(previous),
            _ => change.clone(),
        });
    }
    let removed = moves::removed(head.configuration, &mut Vec::new());
    for (address, change) in old {
        let forgets = removed
            .iter()
            .any(|(module, target, destroy)| !destroy && moves::covers(module, target, address));
        let resource = providers.resource_type(&address.resource.type_name);
        let before = change.after.as_ref().map(|object| match resource {
            Some(resource) => configured(
                &**resource,
                &withheld(&**resource, change, object, digester),
            ),
            None => object.clone(),
        });
        let (action, reason) = if forgets {
            (Action::Forget, Some(Reason::RemovedBlock))
        } else {
            (Action::Delete, Some(gone(head, address)))
        };
        changes.push(Change {
            action,
            reason,
            before,
            after: None,
            ..change.clone()
        });
    }
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    Plan {
        edges: vec![Vec::new(); changes.len()],
        changes,
        outputs: outputs(base.plan, head.plan, digester),
        drift: Vec::new(),
        checks: head.plan.checks.clone(),
    }
}

/// Renames of what `review` found without a `moved` block in the new configuration.
pub fn renames(
    plan: &Plan,
    head: &Configuration,
    providers: &Providers,
    digester: &Digester,
) -> Vec<Diagnostic> {
    let modules = Modules::new(&head.root);
    suggest::moved_blocks(&plan.changes, &modules, (providers, digester))
}

/// The objects that a plan makes.
fn managed(plan: &Plan) -> impl Iterator<Item = (&Address, &Change)> {
    plan.changes
        .iter()
        .filter(|change| change.address.resource.mode == Mode::Managed && change.after.is_some())
        .map(|change| (&change.address, change))
}

/// The object that a change makes, as it would be in state.
fn withheld(
    resource: &dyn ResourceType,
    change: &Change,
    object: &Value,
    digester: &Digester,
) -> Value {
    let is_secret = |path: &AttributePath| resource.schema().is_secret(path);
    withhold(object, &change.address.to_string(), &is_secret, digester)
}

/// An object without what only the service would say of it.
fn configured(resource: &dyn ResourceType, object: &Value) -> Value {
    let block = &resource.schema().block;
    let is_computed = |path: &AttributePath| {
        block
            .attribute_at(path)
            .is_some_and(|a| a.presence.is_computed())
    };
    object.map_at(&mut AttributePath::root(), &mut |path, value| {
        (!value.is_known() && is_computed(path)).then(|| Value::null(value.ty()))
    })
}

/// Why an instance is not there any more.
fn gone(head: Side<'_>, address: &Address) -> Reason {
    let is_there = |instance| {
        let changes = head.plan.changes.iter();
        let mut modules = changes.map(|change| &change.address.resource.module);
        modules.any(|module| module.0.starts_with(instance))
    };
    // Of modules that are made more than once, this instance may be gone. One that makes nothing
    // cannot be told from it.
    let steps = &address.resource.module.0;
    let keyed = steps.iter().any(|step| step.key.is_some());
    let modules = Modules::new(&head.configuration.root);
    match address.key {
        _ if modules.get(&address.resource.module.path()).is_none() => Reason::NoModule,
        _ if !is_configured(head.configuration, address) => Reason::NoResourceConfig,
        _ if keyed && !is_there(steps.as_slice()) => Reason::NoModule,
        Some(InstanceKey::Int(_)) => Reason::CountIndex,
        Some(InstanceKey::Str(_)) => Reason::EachKey,
        None => Reason::WrongRepetition,
    }
}

/// An instance that both configurations have.
struct Pair<'a> {
    sides: (&'a Configuration, &'a Configuration),
    before: &'a Change,
    after: &'a Change,
    resource: &'a dyn ResourceType,
    digester: &'a Digester,
}

impl Pair<'_> {
    fn change(&self, previous: Option<&Address>) -> Change {
        let (Some(old), Some(new)) = (&self.before.after, &self.after.after) else {
            return self.after.clone();
        };
        let schema = self.resource.schema();
        let mut before = withheld(self.resource, self.before, old, self.digester);
        let (one, other) = (comparable(&before), comparable(new));
        let mut paths = changed(self.resource, self.digester, &one, &other);
        let elsewhere = self.written_otherwise(old, new, &paths);
        before = before.map_at(&mut AttributePath::root(), &mut |path, value| {
            let new = new.at(path).filter(|new| is_open(new));
            match new.filter(|_| is_open(value)) {
                // Neither side knows it: alike, or certainly not.
                Some(new) if elsewhere.contains(path) => Some(unlike(new)),
                Some(new) => Some(new.clone()),
                None if elsewhere.contains(path) => {
                    Some(Value::withheld(value.ty(), Digest::FORGOTTEN))
                }
                None => None,
            }
        });
        let awaits = self.sources(&elsewhere);
        paths.extend(elsewhere);
        paths.sort();
        let forces =
            |path: &&AttributePath| schema.block.attribute_at(path).is_some_and(|a| a.replace);
        let replace_paths: Vec<_> = paths.iter().filter(forces).cloned().collect();
        let (action, reason) = if paths.is_empty() {
            (Action::NoOp, None)
        } else if replace_paths.is_empty() {
            (Action::Update, None)
        } else if self.after.create_before_destroy {
            (Action::CreateThenDelete, Some(Reason::CannotUpdate))
        } else {
            (Action::DeleteThenCreate, Some(Reason::CannotUpdate))
        };
        let unchanged = action == Action::NoOp;
        Change {
            previous_address: previous.cloned(),
            action,
            reason,
            id: self.resource.identity(old),
            before: Some(if unchanged { new.clone() } else { before }),
            replace_paths,
            changed_paths: paths,
            awaits,
            ..self.after.clone()
        }
    }

    /// What the parts wait for that nobody knows yet, and what they waited for where they are
    /// written otherwise now.
    fn sources(&self, elsewhere: &[AttributePath]) -> Vec<Awaited> {
        let mut awaits = self.after.awaits.clone();
        for awaited in &mut awaits {
            let before = self.before.awaits.iter().find(|b| b.path == awaited.path);
            if let Some(before) = before.filter(|_| elsewhere.contains(&awaited.path))
                && before.on != awaited.on
            {
                let (new, old) = (awaited.on.join(", "), before.on.join(", "));
                awaited.on = vec![format!("{new}, formerly from {old}")];
            }
        }
        awaits
    }

    /// What is there on both sides, as far as can be told the same, and written otherwise: a secret
    /// whose literal has become a variable, a reference to something that nobody knows yet which
    /// has become another one.
    fn written_otherwise(
        &self,
        old: &Value,
        new: &Value,
        changed: &[AttributePath],
    ) -> Vec<AttributePath> {
        let schema = self.resource.schema();
        let mut unseen = Vec::new();
        new.visit(&mut |path, value| {
            let hidden = value.is_sensitive() || schema.is_secret(path);
            let open = is_open(value) && old.at(path).is_some_and(is_open);
            let decided = schema
                .block
                .attribute_at(path)
                .is_some_and(|a| !a.presence.is_configurable());
            if (hidden || open)
                && !decided
                && !value.is_null()
                && !changed.iter().any(|c| path.starts_with(c))
            {
                unseen.push(path.clone());
            }
            !hidden
        });
        unseen.retain(|path| {
            let there = old.at(path).is_some_and(|value| !value.is_null());
            let of = |configuration, address| origin(configuration, address, path);
            there && of(self.sides.0, &self.before.address) != of(self.sides.1, &self.after.address)
        });
        unseen
    }
}

/// Whether a value is one that nobody knows yet and that is no secret.
fn is_open(value: &Value) -> bool {
    !value.is_known() && value.digest().is_none() && !value.is_sensitive()
}

/// Another value that nobody knows yet.
fn unlike(value: &Value) -> Value {
    let any = Value::unknown(Type::Any);
    if any == *value {
        Value::unknown_not_null(Type::Any)
    } else {
        any
    }
}

/// A value in which everything that is not known is alike, whatever is certain about it.
fn comparable(value: &Value) -> Value {
    value.map_at(&mut AttributePath::root(), &mut |_, value| {
        (!value.is_known() && value.digest().is_none()).then(|| Value::unknown(Type::Any))
    })
}

fn outputs(base: &Plan, head: &Plan, digester: &Digester) -> BTreeMap<Text, OutputChange> {
    let names = base.outputs.keys().chain(head.outputs.keys());
    let mut changes = BTreeMap::new();
    for name in names {
        let (old, new) = (base.outputs.get(name), head.outputs.get(name));
        let value = |output: Option<&OutputChange>| output.and_then(|o| o.after.clone());
        let (before, after) = (value(old), value(new));
        let same = match (&before, &after) {
            (Some(before), Some(after)) => plain(before) == plain(after),
            (before, after) => before.is_none() && after.is_none(),
        };
        let is_sensitive = |output: Option<&OutputChange>| output.is_some_and(|o| o.sensitive);
        let was_sensitive = is_sensitive(old);
        let before = before.map(|value| {
            let place = format!("output.{name}");
            withhold(&value, &place, &|_| was_sensitive, digester)
        });
        let change = OutputChange {
            before,
            after,
            sensitive: was_sensitive || is_sensitive(new),
            changed: !same,
            awaits: new.map_or_else(Vec::new, |new| new.awaits.clone()),
        };
        changes.insert(name.clone(), change);
    }
    changes
}

/// A value by what it says alone.
fn plain(value: &Value) -> Value {
    let marks = value.deep_marks();
    comparable(&value.unmarked_deep(marks))
}
