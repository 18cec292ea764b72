//! `flowctl graph`.

use clap::{Args, ValueEnum};
use flowctl_parser::Diagnostic;
use flowctl_planner::graph;
use flowctl_planner::plan::resource_nodes;
use flowctl_render::graph::{dot, mermaid};

use crate::app::App;
use crate::error::{CommandError, Outcome};
use crate::project::Project;

/// Show which resources depend on which
#[derive(Args, Debug)]
pub(crate) struct GraphArgs {
    /// For Graphviz, or for Mermaid (which GitHub and GitLab show)
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    format: GraphFormat,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum GraphFormat {
    Dot,
    Mermaid,
}

pub(crate) fn run(app: &mut App, args: &GraphArgs) -> Result<Outcome, CommandError> {
    let project = Project::read(&app.context)?;
    let (graph, found) = graph::build(&project.configuration);
    if found.iter().any(Diagnostic::is_error) {
        return Err(project.wrong(found));
    }
    let nodes: Vec<_> = resource_nodes(&graph).into_iter().collect();
    let text = match args.format {
        GraphFormat::Dot => dot(&nodes),
        GraphFormat::Mermaid => mermaid(&nodes),
    };
    app.ui.print(&text)?;
    Ok(Outcome::Done)
}
