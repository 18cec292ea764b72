//! `import` blocks: objects that exist already and are to be adopted.

use flowctl_lang::convert;
use flowctl_model::{Address, Kind, Target, Text, Type, Value};
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::configuration::Import;
use flowctl_parser::diagnostic::Diagnostic;

use crate::expansion::Repetition;
use crate::moves;
use crate::needs::ImportRead;
use crate::settings::{provider_key, referred};
use crate::walk::{Phase, Walk};

/// Finds out what is to be adopted, before resources are planned. What an identity depends on is
/// evaluated already.
pub(crate) fn collect(walk: &mut Walk<'_>) {
    let root = walk.store.get(0).module;
    for import in &root.imports {
        for repetition in repetitions(walk, import).unwrap_or_default() {
            one(walk, import, &repetition);
        }
    }
}

/// Checks identities while nothing is known of resources and variables.
pub(crate) fn validate(walk: &mut Walk<'_>) {
    let root = walk.store.get(0).module;
    for import in &root.imports {
        let each = Repetition {
            key: Some(Value::unknown(Type::Any)),
            value: Some(Value::unknown(Type::Any)),
            ..Repetition::default()
        };
        let repetitions = match import.for_each {
            Some(_) => repetitions(walk, import).unwrap_or_else(|| vec![each]),
            None => vec![Repetition::default()],
        };
        for repetition in repetitions {
            let evaluated = walk.evaluate(0, &import.id, &repetition, None);
            // What cannot be evaluated is reported as wrong names are.
            if !evaluated.has_errors() && evaluated.value.is_known() {
                walk.diagnostics
                    .extend(identity(&import.id, &evaluated.value).err());
            }
        }
    }
}

/// What `each` stands for in every import of a block: any collection will do, and of a list or set
/// of anything. `None` with an error, or while it is not known.
fn repetitions(walk: &mut Walk<'_>, import: &Import) -> Option<Vec<Repetition>> {
    let Some(expr) = &import.for_each else {
        return Some(vec![Repetition::default()]);
    };
    let nothing = Repetition::default();
    let evaluated = walk.evaluate(0, expr, &nothing, None);
    let failed = evaluated.has_errors();
    walk.diagnostics.extend(evaluated.diagnostics);
    let value = evaluated.value;
    if failed {
        return None;
    }
    if value.is_null() {
        return Some(Vec::new());
    }
    let repetition = |key: Value, value: &Value| Repetition {
        key: Some(key),
        value: Some(value.clone()),
        ..Repetition::default()
    };
    let mut invalid = |detail: &str| {
        let error = Diagnostic::error(expr.span, "Invalid for_each argument", detail);
        walk.diagnostics.push(error);
        None
    };
    match value.kind() {
        Kind::Map(_, members) | Kind::Object(members) => {
            let each = members.iter();
            let each = each.map(|(name, value)| repetition(Value::string(name.clone()), value));
            Some(each.collect())
        }
        Kind::Set(_, elements) => {
            let each = elements.iter();
            Some(each.map(|value| repetition(value.clone(), value)).collect())
        }
        Kind::List(_, elements) | Kind::Tuple(elements) => {
            let each = elements.iter().enumerate();
            let each = each.map(|(index, value)| repetition(Value::number(index), value));
            Some(each.collect())
        }
        Kind::Unknown(_) if walk.phase == Phase::Validate => None,
        Kind::Unknown(_) => invalid(
            "What is imported must be known when the plan is made, and this depends on what is \
             known only after apply.",
        ),
        _ => invalid("A list, a set, a map or an object is required here."),
    }
}

/// The identity that a value spells.
fn identity(expr: &Expr, value: &Value) -> Result<Text, Diagnostic> {
    let invalid = |why: &str| Diagnostic::error(expr.span, "Invalid import id argument", why);
    let Ok(id) = convert(value, &Type::String) else {
        return Err(Diagnostic::error(
            expr.span,
            "Incorrect value type",
            "Invalid expression value: string required.",
        ));
    };
    if id.is_sensitive() {
        return Err(invalid("The import ID cannot be sensitive."));
    }
    if !id.is_known() {
        return Err(invalid(
            "The import block \"id\" argument depends on resource attributes that cannot be \
             determined until apply, so it is not possible to plan to import this resource.",
        ));
    }
    match id.as_str() {
        None => Err(invalid("The import ID cannot be null.")),
        Some("") => Err(invalid("The import ID must not be empty.")),
        Some(id) => Ok(Text::from(id)),
    }
}

fn one(walk: &mut Walk<'_>, import: &Import, repetition: &Repetition) {
    let address = match target(walk, &import.to, repetition) {
        Ok(address) => address,
        Err(error) => return walk.diagnostics.push(error),
    };
    if walk.input.snapshot.resources.contains_key(&address)
        || walk.moves.contains_key(&address)
        || !walk.selection.includes(&address, None)
    {
        return;
    }
    let evaluated = walk.evaluate(0, &import.id, repetition, None);
    let failed = evaluated.has_errors();
    walk.diagnostics.extend(evaluated.diagnostics);
    if failed {
        return;
    }
    let id = match identity(&import.id, &evaluated.value) {
        Ok(id) => id,
        Err(error) => return walk.diagnostics.push(error),
    };
    let Some(block) = walk.modules.block_of(&address) else {
        let module = &address.resource.module;
        let type_name = &address.resource.type_name;
        let provider = referred(&walk.modules, module, import.provider.as_ref(), type_name);
        if let Some(error) = refused(walk, import, &address, &id) {
            walk.diagnostics.push(error);
        }
        walk.unconfigured.push(ImportRead {
            address,
            provider,
            id,
        });
        return;
    };
    let provider = provider_key(&walk.modules, &address.resource.module, block);
    walk.adoptions.insert(address.clone(), id.clone());
    if !walk.input.imports.contains_key(&address) {
        walk.needs.imports.push(ImportRead {
            address,
            provider,
            id,
        });
    }
}

/// Adoptions under addresses of which no instance came about.
pub(crate) fn unmade(walk: &mut Walk<'_>) {
    if walk.has_errors() || walk.selection.is_partial() {
        return;
    }
    let root = walk.store.get(0).module;
    let missing = walk.adoptions.keys();
    let missing = missing.filter(|address| !walk.instances.contains_key(*address));
    let errors: Vec<Diagnostic> = missing
        .map(|address| {
            let detail = format!("The resource block has no instance {address}.");
            let summary = "Configuration for import target does not exist";
            let spelled = |import: &&Import| {
                let mut text = String::new();
                moves::spell(&import.to, &mut text) && text == address.to_string()
            };
            match root.imports.iter().find(spelled) {
                Some(import) => Diagnostic::error(import.to.span, summary, detail),
                None => Diagnostic::error_without_place(summary, detail),
            }
        })
        .collect();
    walk.diagnostics.extend(errors);
}

/// The address that `to` spells; instance keys may be expressions there.
fn target(walk: &Walk<'_>, to: &Expr, repetition: &Repetition) -> Result<Address, Diagnostic> {
    let literal = with_keys(walk, to, repetition)?;
    match moves::address(&literal)? {
        Target::Resource(address) => Ok(address),
        Target::Module(_) => Err(Diagnostic::error(
            to.span,
            "Invalid import address",
            "The address of a resource instance is required here, not that of a module.",
        )),
    }
}

/// The expression with every instance key evaluated.
fn with_keys(walk: &Walk<'_>, expr: &Expr, repetition: &Repetition) -> Result<Expr, Diagnostic> {
    let mut expr = expr.clone();
    match &mut expr.kind {
        ExprKind::GetAttr(access) => access.target = with_keys(walk, &access.target, repetition)?,
        ExprKind::Index(access) => {
            access.target = with_keys(walk, &access.target, repetition)?;
            let evaluated = walk.evaluate(0, &access.key, repetition, None);
            if let Some(error) = evaluated.diagnostics.iter().find(|d| d.is_error()) {
                return Err(error.clone());
            }
            let value = &evaluated.value;
            let number = value.as_number().map(ToString::to_string);
            access.key.kind = match (value.as_str(), number) {
                (Some(text), _) => ExprKind::String(text.into()),
                (None, Some(number)) => ExprKind::Number(number.into()),
                (None, None) => {
                    let detail = "An instance key must be a known string or whole number.";
                    return Err(Diagnostic::error(
                        access.key.span,
                        "Invalid import address",
                        detail,
                    ));
                }
            };
        }
        _ => {}
    }
    Ok(expr)
}

/// Why there cannot be an adoption under an address that has no resource block.
fn refused(walk: &Walk<'_>, import: &Import, address: &Address, id: &Text) -> Option<Diagnostic> {
    let of_one_block = address.resource.module.is_root();
    let single = of_one_block && address.key.is_none() && import.for_each.is_none();
    let generate = walk.input.options.generate_config;
    if generate && single {
        return None;
    }
    let nothing = format!(
        "There is no resource block for {address}, under which the object {id:?} is to be adopted"
    );
    let (detail, help) = if single {
        (
            format!("{nothing}."),
            "write the resource block, or let `flowctl plan --generate-config-out FILE` write it",
        )
    } else if of_one_block && generate {
        (
            format!(
                "{nothing}, and configuration cannot be written for one of several instances, \
                 neither for an import block with `for_each` nor for an address with a key."
            ),
            "write the resource block, with `count` or `for_each`",
        )
    } else if of_one_block {
        (
            format!("{nothing}."),
            "write the resource block, with `count` or `for_each`",
        )
    } else {
        (
            format!("{nothing}."),
            "write the resource block in that module",
        )
    };
    let summary = "Configuration for import target does not exist";
    Some(Diagnostic::error(import.to.span, summary, detail).with_help(help))
}
