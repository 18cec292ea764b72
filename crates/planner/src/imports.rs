//! `import` blocks: objects that exist already and are to be adopted.

use flowctl_lang::{Evaluator, convert};
use flowctl_model::{Address, Target, Text, Type};
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::configuration::Import;
use flowctl_parser::diagnostic::Diagnostic;

use crate::expansion::{Expansion, Repetition, expand};
use crate::moves;
use crate::needs::ImportRead;
use crate::settings::{provider_key, referred};
use crate::walk::{Phase, Walk};

/// Finds out what is to be adopted, before resources are planned. What an identity depends on is
/// evaluated already.
pub(crate) fn collect(walk: &mut Walk<'_>) {
    let root = walk.store.get(0).module;
    for import in &root.imports {
        let nothing = Repetition::default();
        let expansion = {
            let scope = walk.scope(0, &nothing, None);
            let evaluator = Evaluator::new(&scope, walk.input.world);
            let mut found = Vec::new();
            let lenient = walk.phase == Phase::Validate;
            let expansion = expand(
                None,
                import.for_each.as_ref(),
                evaluator,
                lenient,
                &mut found,
            );
            walk.diagnostics.extend(found);
            expansion
        };
        if matches!(expansion, Expansion::Unknown { .. }) {
            continue;
        }
        for key in expansion.keys() {
            one(walk, import, &expansion.repetition(key.as_ref()));
        }
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
    let invalid = |why: &str| Diagnostic::error(import.id.span, "Invalid import id argument", why);
    let id = convert(&evaluated.value, &Type::String).ok();
    let id = match id {
        Some(id) if id.is_sensitive() => Err("The import ID cannot be sensitive."),
        Some(id) if !id.is_known() => Err(
            "The import block \"id\" argument depends on resource attributes that cannot be \
                 determined until apply, so it is not possible to plan to import this resource.",
        ),
        Some(id) if id.is_null() => Err("The import ID cannot be null."),
        Some(id) => match id.as_str() {
            Some("") | None => Err("The import ID must not be empty."),
            Some(id) => Ok(Text::from(id)),
        },
        None => Err("The import ID must be a string."),
    };
    let id = match id {
        Ok(id) => id,
        Err(why) => return walk.diagnostics.push(invalid(why)),
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
