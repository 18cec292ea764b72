//! `moved` and `removed` blocks: which instance of state stands under which address now.

use std::collections::{BTreeMap, BTreeSet};

use flowctl_model::{Address, InstanceKey, ModuleInstance, ModulePath, Target};
use flowctl_parser::Span;
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::configuration::{Configuration, Module};
use flowctl_parser::diagnostic::Diagnostic;

use crate::walk::{Modules, Walk};

/// The address that an expression spells; nothing is evaluated.
pub fn address(expr: &Expr) -> Result<Target, Diagnostic> {
    let invalid = |detail: String| Diagnostic::error(expr.span, "Invalid address", detail);
    let mut text = String::new();
    if !spell(expr, &mut text) {
        return Err(invalid(
            "The address of a resource or module is required here, such as `aws_x.name`, \
             `aws_x.name[\"key\"]` or `module.name`."
                .into(),
        ));
    }
    text.parse::<Target>()
        .map_err(|error| invalid(format!("{error}.")))
}

pub(crate) fn spell(expr: &Expr, text: &mut String) -> bool {
    match &expr.kind {
        ExprKind::Variable(name) => text.push_str(name),
        ExprKind::GetAttr(access) => {
            if !spell(&access.target, text) {
                return false;
            }
            text.push('.');
            text.push_str(&access.name.text);
        }
        ExprKind::Index(access) => {
            if !spell(&access.target, text) {
                return false;
            }
            let key = match &access.key.kind {
                ExprKind::String(key) => InstanceKey::Str((&**key).into()),
                ExprKind::Number(key) => match key.parse() {
                    Ok(index) => InstanceKey::Int(index),
                    Err(_) => return false,
                },
                _ => return false,
            };
            text.push_str(&key.to_string());
        }
        // JSON syntax writes addresses in strings.
        ExprKind::String(address) => text.push_str(address),
        _ => return false,
    }
    true
}

/// Applies every `moved` block: for each instance in `current`, its new address if it has one.
/// Moves are followed in chains; of two instances that would end up under one address, the one
/// that is there already stays.
pub fn moved(
    configuration: &Configuration,
    current: impl Iterator<Item = Address>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<Address, Address> {
    let mut statements = Vec::new();
    collect(
        &configuration.root,
        &ModulePath::root(),
        &mut statements,
        diagnostics,
    );
    let mut now: BTreeMap<Address, Address> = BTreeMap::new();
    for old in current {
        now.insert(old.clone(), old);
    }
    if statements.is_empty() {
        now.clear();
        return now;
    }
    // Each round follows every statement once; a chain is no longer than there are statements.
    for _ in 0..=statements.len() {
        let mut any = false;
        for Statement {
            module, from, to, ..
        } in &statements
        {
            let matches: Vec<(Address, Address)> = now
                .keys()
                .filter_map(|address| Some((address.clone(), rewrite(module, from, to, address)?)))
                .collect();
            for (address, target) in matches {
                if target == address || now.contains_key(&target) {
                    continue;
                }
                if let Some(old) = now.remove(&address) {
                    now.insert(target, old);
                    any = true;
                }
            }
        }
        if !any {
            break;
        }
    }
    diagnostics.extend(unresolved(&statements, &now));
    now.retain(|new, old| new != old);
    now
}

/// A `moved` block.
struct Statement {
    /// The module it stands in.
    module: ModulePath,
    from: Target,
    to: Target,
    place: Span,
}

/// Tells of instances that a block would move if there were none at the new address: they stay, and
/// what does not declare them any more destroys them.
fn unresolved(statements: &[Statement], now: &BTreeMap<Address, Address>) -> Option<Diagnostic> {
    let mut lines = BTreeSet::new();
    let mut place = None;
    for statement in statements {
        for (address, old) in now {
            let target = rewrite(&statement.module, &statement.from, &statement.to, address);
            if let Some(target) = target.filter(|target| now.contains_key(target))
                && target != *address
            {
                lines.insert(format!("  - {old} could not move to {target}"));
                place.get_or_insert(statement.place);
            }
        }
    }
    let lines: Vec<_> = lines.into_iter().collect();
    let detail = format!(
        "There are objects at the addresses that these instances are to be moved to, so they stay \
         where they are:\n{}\n\nWhat is no longer declared is going to be destroyed.",
        lines.join("\n")
    );
    let found = Diagnostic::warning(
        place?,
        "Unresolved resource instance address changes",
        detail,
    );
    Some(found.with_help(
        "take away the one that is not wanted with `flowctl state rm` or `flowctl state mv`, then \
         plan again",
    ))
}

fn collect(
    module: &Module,
    path: &ModulePath,
    statements: &mut Vec<Statement>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for moved in &module.moved {
        match (address(&moved.from), address(&moved.to)) {
            (Ok(from), Ok(to)) => {
                if matches!(from, Target::Module(_)) == matches!(to, Target::Module(_)) {
                    statements.push(Statement {
                        module: path.clone(),
                        from,
                        to,
                        place: moved.header,
                    });
                } else {
                    diagnostics.push(Diagnostic::error(
                        moved.header,
                        "Invalid \"moved\" addresses",
                        "The \"from\" and \"to\" addresses must either both refer to resources or \
                         both refer to modules.",
                    ));
                }
            }
            (from, to) => diagnostics.extend(from.err().into_iter().chain(to.err())),
        }
    }
    for (name, call) in &module.calls {
        collect(&call.module, &path.child(&**name), statements, diagnostics);
    }
}

/// `address` under its new name, if the statement of a module concerns it.
fn rewrite(module: &ModulePath, from: &Target, to: &Target, address: &Address) -> Option<Address> {
    let steps = &address.resource.module.0;
    let depth = module.0.len();
    if steps.len() < depth || steps.iter().zip(&module.0).any(|(s, name)| s.name != *name) {
        return None;
    }
    let (outer, inner) = steps.split_at(depth);
    let relative = Address {
        resource: flowctl_model::ResourceAddress {
            module: ModuleInstance(inner.to_vec()),
            ..address.resource.clone()
        },
        key: address.key.clone(),
    };
    let renamed = match (from, to) {
        (Target::Resource(from), Target::Resource(to)) => {
            if from.resource != relative.resource {
                return None;
            }
            // Without keys the whole resource moves, its instances with it.
            let key = if from.key.is_none() && to.key.is_none() {
                relative.key.clone()
            } else if from.key == relative.key {
                to.key.clone()
            } else {
                return None;
            };
            Address {
                resource: to.resource.clone(),
                key,
            }
        }
        (Target::Module(from), Target::Module(to)) => {
            if relative.resource.module.0.len() < from.0.len() {
                return None;
            }
            let (head, tail) = relative.resource.module.0.split_at(from.0.len());
            let last = from.0.len().checked_sub(1)?;
            let same = head
                .iter()
                .zip(&from.0)
                .enumerate()
                .all(|(i, (have, want))| {
                    have.name == want.name
                        && (have.key == want.key || (i == last && want.key.is_none()))
                });
            if !same {
                return None;
            }
            let mut steps = to.0.clone();
            // A call without a key stands for all its instances, which keep theirs.
            let whole = from.0.last().is_some_and(|s| s.key.is_none())
                && to.0.last().is_some_and(|s| s.key.is_none());
            if let (true, Some(step)) = (whole, steps.last_mut()) {
                step.key = head.last().and_then(|s| s.key.clone());
            } else if head.last().map(|s| &s.key) != from.0.last().map(|s| &s.key) {
                return None;
            }
            steps.extend_from_slice(tail);
            let mut renamed = relative;
            renamed.resource.module = ModuleInstance(steps);
            renamed
        }
        _ => return None,
    };
    let mut renamed = renamed;
    let mut steps = outer.to_vec();
    steps.append(&mut renamed.resource.module.0);
    renamed.resource.module = ModuleInstance(steps);
    Some(renamed)
}

/// Moves whose old address is still declared, and `removed` blocks for what is still there.
pub(crate) fn check(
    configuration: &Configuration,
    modules: &Modules<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    check_module(
        &configuration.root,
        &ModulePath::root(),
        modules,
        diagnostics,
    );
}

/// Moves whose old address has a key, and of which there is an instance under that key all the same.
pub(crate) fn still_there(walk: &mut Walk<'_>) {
    let mut found = Vec::new();
    for (path, module) in walk.modules.iter() {
        for moved in &module.moved {
            let (Ok(from), Ok(to)) = (address(&moved.from), address(&moved.to)) else {
                continue;
            };
            if !matches!(&from, Target::Resource(address) if address.key.is_some()) {
                continue;
            }
            let remains = |address: &&Address| {
                rewrite(path, &from, &to, address).is_some_and(|target| target != **address)
            };
            if let Some(address) = walk.instances.keys().find(remains) {
                let detail = format!(
                    "This says that the object has a new address, but {address} is still declared."
                );
                let error = Diagnostic::error(moved.header, STILL_EXISTS, detail);
                found.push(error.with_help("let the block have no such instance any more"));
            }
        }
    }
    walk.diagnostics.extend(found);
}

const STILL_EXISTS: &str = "Moved object still exists";

fn check_module(
    module: &Module,
    path: &ModulePath,
    modules: &Modules<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let absolute = |target: &Target| {
        let Target::Resource(address) = target else {
            return None;
        };
        let mut path = path.clone();
        path.0.extend(address.resource.module.path().0);
        let resource = &address.resource;
        let found = modules.resource(&path, resource.mode, &resource.type_name, &resource.name)?;
        // A key moves within the same block.
        Some((found, address.key.is_some()))
    };
    for moved in &module.moved {
        let (Ok(from), Ok(to)) = (address(&moved.from), address(&moved.to)) else {
            continue;
        };
        let same_block = matches!((&from, &to), (Target::Resource(a), Target::Resource(b))
            if a.resource == b.resource);
        if let (Some((block, false)), false) = (absolute(&from), same_block) {
            let error = Diagnostic::error(
                moved.header,
                STILL_EXISTS,
                "This says that the object has a new address, but a resource block under the old \
                 address is still in the configuration.",
            );
            diagnostics.push(
                error
                    .with_label(block.header, "still declared here")
                    .with_help("remove the old resource block, or the `moved` block"),
            );
        }
    }
    for removed in &module.removed {
        let target = address(&removed.from).ok();
        if let Some((block, _)) = target.as_ref().and_then(absolute) {
            let error = Diagnostic::error(
                block.header,
                "Removed resource still exists",
                "A `removed` block says that this resource is gone from the configuration, but its \
                 block is here.",
            );
            diagnostics.push(
                error
                    .with_label(removed.header, "removed here")
                    .with_help("remove this resource block, or the `removed` block"),
            );
        }
    }
    for (name, call) in &module.calls {
        check_module(&call.module, &path.child(&**name), modules, diagnostics);
    }
}

/// Every `removed` block, as the module it is in, what it names and whether to destroy it.
pub fn removed(
    configuration: &Configuration,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(ModulePath, Target, bool)> {
    fn collect(
        module: &Module,
        path: &ModulePath,
        found: &mut Vec<(ModulePath, Target, bool)>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for removed in &module.removed {
            match address(&removed.from) {
                Ok(target) => found.push((path.clone(), target, removed.destroy)),
                Err(error) => diagnostics.push(error),
            }
        }
        for (name, call) in &module.calls {
            collect(&call.module, &path.child(&**name), found, diagnostics);
        }
    }
    let mut found = Vec::new();
    collect(
        &configuration.root,
        &ModulePath::root(),
        &mut found,
        diagnostics,
    );
    found
}

/// Whether what a module's `removed` block names includes `address`.
pub fn covers(module: &ModulePath, target: &Target, address: &Address) -> bool {
    let steps = &address.resource.module.0;
    let depth = module.0.len();
    if steps.len() < depth || steps.iter().zip(&module.0).any(|(s, name)| s.name != *name) {
        return false;
    }
    let mut relative = address.clone();
    relative.resource.module = ModuleInstance(steps[depth..].to_vec());
    target.covers(&relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(from: &str, to: &str, address: &str) -> Option<String> {
        let parse = |text: &str| text.parse::<Target>().unwrap();
        let Target::Resource(address) = parse(address) else {
            panic!("a resource")
        };
        rewrite(&ModulePath::root(), &parse(from), &parse(to), &address).map(|a| a.to_string())
    }

    #[test]
    fn instances_and_modules_move_with_what_is_inside() {
        for (from, to, address, expected) in [
            ("t.a", "t.b", "t.a", Some("t.b")),
            ("t.a", "t.b", "t.a[0]", Some("t.b[0]")),
            ("t.a[0]", "t.a[\"x\"]", "t.a[0]", Some("t.a[\"x\"]")),
            ("t.a[0]", "t.a[\"x\"]", "t.a[1]", None),
            ("t.a", "module.m.t.a", "t.a", Some("module.m.t.a")),
            (
                "module.m",
                "module.n",
                "module.m.t.a[1]",
                Some("module.n.t.a[1]"),
            ),
            (
                "module.m",
                "module.n",
                "module.m[\"k\"].t.a",
                Some("module.n[\"k\"].t.a"),
            ),
            (
                "module.m[0]",
                "module.n",
                "module.m[0].t.a",
                Some("module.n.t.a"),
            ),
            ("t.a", "t.b", "t.c", None),
        ] {
            let got = renamed(from, to, address);
            assert_eq!(got.as_deref(), expected, "{from} -> {to}: {address}");
        }
    }
}
