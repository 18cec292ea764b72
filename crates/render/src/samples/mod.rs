//! Sample plans that every renderer is tested over: each action and each kind of value, secrets
//! that no output may contain, and text that means to break out of whatever shows it.

mod plans;
mod provider;

use std::sync::Arc;

use flowctl_model::plan::{Action, Change, Plan, Reason};
use flowctl_model::secret::withhold;
use flowctl_model::{Address, AttributePath, Digester, Kind, Marks, Step, Type, Value};
use flowctl_schema::builtin::BuiltinProvider;
use flowctl_schema::{Block, Nesting, Providers};
use serde_json::Value as Json;

pub(crate) use plans::{plan, plans, sample};

/// Part of every secret of the samples: the output of no renderer may contain it.
pub(crate) const CANARY: &str = "CANARY";
/// In place of a value that is not known yet.
pub(crate) const UNKNOWN: &str = "(unknown)";

/// The providers of the samples: `aws` with a part of `aws_appflow_connector_profile` and with
/// `aws_sample`, which has an attribute of every kind, and `terraform`.
pub(crate) fn providers() -> Providers {
    let aws = provider::SampleProvider::new();
    Providers::new(vec![Arc::new(aws), Arc::new(BuiltinProvider::new())])
}

/// An address as people write it.
pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// An object of a type, secrets marked, with nulls for what `json` leaves out.
pub(crate) fn object(address: &Address, json: &Json) -> Value {
    let providers = providers();
    let name = &address.resource.type_name;
    let schema = match address.resource.mode {
        flowctl_model::Mode::Managed => providers.resource_type(name).unwrap().schema().clone(),
        flowctl_model::Mode::Data | flowctl_model::Mode::Ephemeral => {
            providers.data_source(name).unwrap().schema().clone()
        }
    };
    block(&schema.block, json)
}

/// An object as it is in state.
pub(crate) fn stored(address: &Address, json: &Json) -> Value {
    withhold(
        &object(address, json),
        &address.to_string(),
        &|_| false,
        &digester(),
    )
}

/// A value as JSON says it, unknown where it says [`UNKNOWN`], sensitive in `{"secret": value}`.
pub(crate) fn value(ty: &Type, json: &Json) -> Value {
    if json == UNKNOWN {
        return Value::unknown(ty.clone());
    }
    if let Some(secret) = json.get("secret") {
        return value(ty, secret).marked(Marks::SENSITIVE);
    }
    let of = |element: &Type, json: &Json| {
        let all = json.as_array().into_iter().flatten();
        all.map(|json| value(element, json)).collect::<Vec<_>>()
    };
    let members = |json: &Json, ty: &dyn Fn(&str) -> Type| {
        let all = json.as_object().into_iter().flatten();
        all.map(|(name, json)| (name.as_str().into(), value(&ty(name), json)))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    match (ty, json) {
        (ty, Json::Null) => Value::null(ty.clone()),
        (Type::List(t), _) => Value::list((**t).clone(), of(t, json)),
        (Type::Set(t), _) => Value::set((**t).clone(), of(t, json)),
        (Type::Map(t), _) => Value::map((**t).clone(), members(json, &|_| (**t).clone())),
        (Type::Object(o), _) => Value::object(members(json, &|name| {
            o.attributes.get(name).cloned().unwrap_or(Type::Any)
        })),
        (_, Json::Bool(b)) => Value::bool(*b),
        (_, Json::Number(n)) => {
            Value::number(n.to_string().parse::<flowctl_model::Number>().unwrap())
        }
        (_, Json::String(s)) => Value::string(s.as_str()),
        (_, Json::Array(_)) => Value::tuple(of(&Type::Any, json)),
        (_, Json::Object(_)) => Value::object(members(json, &|_| Type::Any)),
    }
}

fn digester() -> Digester {
    Digester::new([3; 32])
}

fn block(schema: &Block, json: &Json) -> Value {
    let attributes = schema.attributes.iter().map(|attribute| {
        let json = json.get(attribute.name).unwrap_or(&Json::Null);
        let value = value(&attribute.ty, json);
        let secret = attribute.secret && !value.is_null();
        let marks = if secret {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        (attribute.name, value.marked(marks))
    });
    let blocks = schema.blocks.iter().map(|nested| {
        let all = match json.get(nested.name) {
            Some(Json::Array(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let all = all.into_iter().map(|json| block(&nested.block, json));
        let ty = nested.block.ty();
        let value = match nested.nesting {
            Nesting::List => Value::list(ty, all.collect()),
            Nesting::Set => Value::set(ty, all.collect()),
        };
        (nested.name, value)
    });
    Value::object(attributes.chain(blocks))
}

/// A change of one instance, with the paths filled in as the planner would: what differs, and
/// what of it forces a replacement.
pub(crate) fn change(
    action: Action,
    text: &str,
    before: Option<&Json>,
    after: Option<&Json>,
) -> Change {
    let address = address(text);
    let before = before.map(|json| stored(&address, json));
    let after = after.map(|json| object(&address, json));
    let mut changed_paths = Vec::new();
    if let (Some(before), Some(after)) = (&before, &after) {
        differences(
            before,
            after,
            &mut AttributePath::root(),
            &mut changed_paths,
        );
    }
    let providers = providers();
    let replace_paths = providers
        .resource_type(&address.resource.type_name)
        .filter(|_| action.is_replace())
        .map(|resource| {
            let forces = |path: &&AttributePath| {
                let attribute = resource.schema().block.attribute_at(path);
                attribute.is_some_and(|a| a.replace && !a.presence.is_computed())
            };
            changed_paths.iter().filter(forces).cloned().collect()
        })
        .unwrap_or_default();
    Change {
        id: before
            .as_ref()
            .and_then(|b| b.get("name").or_else(|| b.get("id")))
            .and_then(Value::as_str)
            .map(Into::into),
        reason: match action {
            Action::Create => Some(Reason::New),
            action if action.is_replace() => Some(Reason::CannotUpdate),
            _ => None,
        },
        provider: match address.resource.type_name.split_once('_') {
            Some(("terraform", _)) => "terraform".into(),
            _ => "aws".into(),
        },
        previous_address: None,
        action,
        before,
        after,
        replace_paths,
        changed_paths,
        dependencies: Vec::new(),
        create_before_destroy: action == Action::CreateThenDelete,
        importing: None,
        resume_token: None,
        deposed: None,
        awaits: Vec::new(),
        address,
    }
}

fn differences(
    before: &Value,
    after: &Value,
    path: &mut AttributePath,
    out: &mut Vec<AttributePath>,
) {
    if let Some(digest) = before.digest() {
        if !(after.is_known() && digester().matches(digest, after)) {
            out.push(path.clone());
        }
        return;
    }
    let pairs: Vec<(Step, &Value, &Value)> = match (before.kind(), after.kind()) {
        (Kind::List(_, old) | Kind::Tuple(old), Kind::List(_, new) | Kind::Tuple(new))
            if old.len() == new.len() =>
        {
            let pairs = old.iter().zip(new.iter()).enumerate();
            pairs
                .map(|(i, (old, new))| (Step::Index(i), old, new))
                .collect()
        }
        (Kind::Object(old), Kind::Object(new)) if old.keys().eq(new.keys()) => new
            .iter()
            .map(|(name, new)| (Step::Attribute(name.clone()), &old[name], new))
            .collect(),
        _ => {
            if before.unmarked_deep(Marks::SENSITIVE) != after.unmarked_deep(Marks::SENSITIVE)
                && !(before.is_null() && after.is_null())
            {
                out.push(path.clone());
            }
            return;
        }
    };
    for (step, before, after) in pairs {
        path.push(step);
        differences(before, after, path, out);
        path.pop();
    }
}

/// Every plan of the samples has the canary in it, or else a test for its absence says nothing.
#[test]
fn the_samples_hold_secrets() {
    let holds = |value: &Value| {
        let mut found = false;
        value.visit(&mut |_, value| {
            found |= value.as_str().is_some_and(|text| text.contains(CANARY));
            true
        });
        found
    };
    let secret = |plan: &Plan| {
        let changes = plan.changes.iter().filter_map(|c| c.after.as_ref());
        let outputs = plan.outputs.values().filter_map(|o| o.after.as_ref());
        changes.chain(outputs).any(holds)
    };
    let count = plans().iter().filter(|(_, plan)| secret(plan)).count();
    assert!(count >= 4, "only {count} sample plans hold a secret");
}
