//! From everything that is known to a plan.

use std::collections::{BTreeMap, BTreeSet};

use flowctl_lang::references;
use flowctl_model::plan::{Action, Plan, Reason};
use flowctl_model::{Address, Mode as ResourceMode, Text};
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::configuration::Configuration;
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::exception::excuse;
use flowctl_schema::Providers;

use crate::apply::Evaluation;
use crate::graph::{self, Graph, Item, Node};
use crate::input::{Input, Mode};
use crate::needs::{ImportRead, Needs};
use crate::target::Selection;
use crate::walk::{Phase, Walk};
use crate::{
    adoption, conditions, edges, imports, instance, moves, outputs, policy, removal, settings,
    statements, suggest, variables,
};

/// A plan, and evaluation as it stands when the plan is made.
pub struct Planned<'a> {
    /// What would be done.
    pub plan: Plan,
    /// Errors and warnings. With an error among them nothing may be applied.
    pub diagnostics: Vec<Diagnostic>,
    /// There are errors other than violations of policies, so that the plan is not complete.
    pub failed: bool,
    /// What was not known and can be read. Unless it is empty the plan is not complete: read it,
    /// and plan again with the answers.
    pub needs: Needs,
    /// Objects that `import` blocks name and for which the configuration has no resource block.
    pub unconfigured: Vec<ImportRead>,
    /// Evaluation, which goes on while the plan is carried out.
    pub evaluation: Evaluation<'a>,
}

/// Makes a plan.
pub fn plan<'a>(input: &Input<'a>) -> Planned<'a> {
    let (graph, mut found) = graph::build(input.configuration);
    found.extend(adoption::check(input.configuration));
    let broken = found.iter().any(Diagnostic::is_error);
    let late = graph.late.clone();
    let adoptions = adoptions(input, &graph, broken);
    let mut walk = Walk::new(*input, Phase::Plan, graph);
    walk.diagnostics = found;
    walk.diagnostics.extend(late);
    if let Some(before) = adoptions {
        walk.adoptions = before.adoptions;
        walk.needs.imports = before.needs.imports;
        walk.unconfigured = before.unconfigured;
        walk.diagnostics.extend(before.diagnostics);
    }
    fill(&mut walk);
    sort(&mut walk);
    let edges = edges::order(&mut walk);
    let mut checks = walk.checks.clone();
    checks.extend(policy::results(&mut walk));
    let plan = Plan {
        outputs: outputs::changes(&walk),
        changes: std::mem::take(&mut walk.changes),
        edges,
        drift: std::mem::take(&mut walk.drift),
        checks,
    };
    let idle = if walk.input.options.mode == Mode::Normal && !walk.selection.is_partial() {
        policy::idle(&walk)
    } else {
        Vec::new()
    };
    let mut diagnostics = std::mem::take(&mut walk.diagnostics);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    excuse(&walk.input.configuration.exceptions, &mut diagnostics);
    diagnostics.append(&mut walk.policy.violations);
    diagnostics.extend(idle);
    dedup(&mut diagnostics);
    Planned {
        needs: std::mem::take(&mut walk.needs),
        unconfigured: std::mem::take(&mut walk.unconfigured),
        diagnostics,
        failed,
        evaluation: Evaluation::new(walk, &plan),
        plan,
    }
}

/// Puts changes in the order of their addresses, which is what people look for.
fn sort(walk: &mut Walk<'_>) {
    walk.changes.sort_by(|a, b| {
        let of = |change: &flowctl_model::plan::Change| change.deposed.clone();
        a.address.cmp(&b.address).then_with(|| of(a).cmp(&of(b)))
    });
    for (index, change) in walk.changes.iter().enumerate() {
        if change.deposed.is_none()
            && let Some(instance) = walk.instances.get_mut(&change.address)
        {
            instance.change = Some(index);
        }
    }
}

fn fill(walk: &mut Walk<'_>) {
    let input = walk.input;
    walk.diagnostics.extend(variables::undeclared(
        &input.configuration.root,
        input.variables,
    ));
    variables::check_arguments(walk);
    settings::check_references(walk);
    walk.diagnostics
        .extend(settings::required_of_caller(&input.configuration.root));
    walk.selection = Selection::new(input.options, &walk.graph, &walk.modules);
    let addresses = input.snapshot.resources.keys().cloned();
    walk.moves = moves::moved(input.configuration, addresses, &mut walk.diagnostics);
    moves::check(input.configuration, &walk.modules, &mut walk.diagnostics);
    walk.diagnostics
        .extend(statements::check(input.configuration));
    let graph = std::sync::Arc::clone(&walk.graph);
    walk.run(&graph.order);
    variables::validate(walk);
    // What is missing after an error is missing because of it.
    if !walk.has_errors() || input.options.mode == Mode::Destroy {
        removal::plan(walk);
    }
    unknown_targets(walk);
    imports::unmade(walk);
    moves::still_there(walk);
    instance::drift(walk);
    if input.options.mode == Mode::Normal {
        conditions::checks(walk);
        let known = (input.providers, input.digester);
        let found = suggest::moved_blocks(&walk.changes, &walk.modules, known);
        walk.diagnostics.extend(found);
    }
    if walk.selection.is_partial() {
        walk.diagnostics.push(partial());
    }
}

fn partial() -> Diagnostic {
    let mut warning = Diagnostic::error_without_place(
        "Resource targeting is in effect",
        "This plan is about a part of the configuration only (`-target` or `-exclude`), so it may \
         not show everything that the configuration asks for.",
    );
    warning.severity = flowctl_parser::diagnostic::Severity::Warning;
    warning
}

/// Addresses on the command line under which there is nothing.
fn unknown_targets(walk: &mut Walk<'_>) {
    let mut found = Vec::new();
    let known: BTreeSet<&Address> = walk
        .instances
        .keys()
        .chain(walk.input.snapshot.resources.keys())
        .collect();
    for address in &walk.input.options.replace {
        if !known.contains(address) && !walk.has_errors() {
            let mut warning = Diagnostic::error_without_place(
                "Incompletely-matched force-replace resource instance",
                format!("There is no resource instance {address} to be replaced."),
            );
            warning.severity = flowctl_parser::diagnostic::Severity::Warning;
            found.push(warning);
        }
    }
    walk.diagnostics.extend(found);
}

/// What `import` blocks adopt, evaluated ahead of the plan with resources as state has them.
fn adoptions<'a>(input: &Input<'a>, graph: &Graph, broken: bool) -> Option<Walk<'a>> {
    let imports = &input.configuration.root.imports;
    if imports.is_empty() || broken || input.options.mode != Mode::Normal {
        return None;
    }
    let (again, _) = graph::build(input.configuration);
    let mut walk = Walk::new(*input, Phase::Settings, again);
    let addresses = input.snapshot.resources.keys().cloned();
    walk.moves = moves::moved(input.configuration, addresses, &mut Vec::new());
    walk.selection = Selection::new(input.options, graph, &walk.modules);
    let mut nodes = Vec::new();
    for import in imports {
        let mut exprs: Vec<&Expr> = vec![&import.id];
        exprs.extend(&import.for_each);
        keys(&import.to, &mut exprs);
        for expr in exprs {
            for reference in references(expr).0 {
                nodes.extend(graph::referred_from_root(input.configuration, &reference));
            }
        }
    }
    let nodes = walk.with_ancestors(nodes);
    walk.run(&nodes);
    // Mistakes in what was evaluated are found again by the plan itself.
    walk.diagnostics.clear();
    imports::collect(&mut walk);
    Some(walk)
}

/// The instance keys in the address that an `import` block names.
fn keys<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::GetAttr(access) => keys(&access.target, found),
        ExprKind::Index(access) => {
            found.push(&access.key);
            keys(&access.target, found);
        }
        _ => {}
    }
}

/// Drops what several instances of one block say alike.
fn dedup(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = BTreeSet::new();
    diagnostics.retain(|diagnostic| {
        let address = diagnostic.address.clone();
        let what = (
            diagnostic.span,
            diagnostic.summary.clone(),
            diagnostic.detail.clone(),
        );
        seen.insert((what, address))
    });
}

/// The objects that a plan would make under a name, by which they can be looked up: address,
/// provider configuration and name. Left out are those whose name an object has that the plan
/// deletes, and creations that are sent again.
pub fn creations(plan: &Plan, providers: &Providers) -> Vec<(Address, Text, Text)> {
    let deleted = removal::deleted(&plan.changes);
    let mut creations = Vec::new();
    for change in &plan.changes {
        let makes =
            change.action == Action::Create && change.reason != Some(Reason::DeletedOutside);
        let type_name = &change.address.resource.type_name;
        let (true, None, Some(resource), Some(after)) = (
            makes,
            &change.resume_token,
            providers.resource_type(type_name),
            &change.after,
        ) else {
            continue;
        };
        let Some(identity) = resource.identity(after) else {
            continue;
        };
        let claim = (change.provider.clone(), type_name.clone(), identity.clone());
        if !deleted.contains_key(&claim) {
            creations.push((change.address.clone(), change.provider.clone(), identity));
        }
    }
    creations
}

/// The error for an object that is to be made and is there already.
pub fn exists_already(configuration: &Configuration, address: &Address, name: &str) -> Diagnostic {
    let modules = crate::walk::Modules::new(&configuration.root);
    let detail = format!(
        "{address} is to be created, but an object named {name:?} exists already and is not in this \
         state: another configuration or a person made it."
    );
    let summary = "Object already exists";
    let error = match modules.block_of(address) {
        Some(block) => Diagnostic::error(block.header, summary, detail),
        None => Diagnostic::error_without_place(summary, detail),
    };
    error.with_address(address.to_string()).with_help(format!(
        "adopt it with `flowctl import {name} '{address}'`, or give the new one another name"
    ))
}

/// Whether a configuration has a block for an instance, whatever its key.
pub fn is_configured(configuration: &Configuration, address: &Address) -> bool {
    if address.resource.mode != ResourceMode::Managed {
        return false;
    }
    crate::walk::Modules::new(&configuration.root)
        .block_of(address)
        .is_some()
}

/// The header of an instance's block, to point at when something about it fails.
pub fn place_of(
    configuration: &Configuration,
    address: &Address,
) -> Option<flowctl_parser::ast::Span> {
    crate::walk::Modules::new(&configuration.root)
        .block_of(address)
        .map(|block| block.header)
}

/// Resource blocks of a configuration by the node they are in the graph; for pictures of it.
pub fn resource_nodes(graph: &Graph) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for node in graph.order.iter().filter(|node| node.is_resource()) {
        let mut direct = BTreeSet::new();
        let mut waiting: Vec<&Node> = graph.dependencies(node).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = waiting.pop() {
            if !seen.insert(graph.place(next)) {
                continue;
            }
            if matches!(next.item, Item::Resource(..)) {
                direct.insert(next.to_string());
            } else {
                waiting.extend(graph.dependencies(next));
            }
        }
        found.insert(node.to_string(), direct.into_iter().collect());
    }
    found
}
