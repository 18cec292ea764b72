//! `flowctl console`.

mod line;

use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use flowctl_lang::show::type_of;
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::{Diagnostic, SourceMap, hcl};
use flowctl_planner::{Evaluation, Options, plan};
use flowctl_render::value;

use crate::app::App;
use crate::args::variables::VariableArgs;
use crate::error::{CommandError, Outcome};
use crate::project::Project;
use crate::session::{Facts, Session};
use crate::state::{Known, StateFiles};
use crate::ui::Ui;

/// What a place in a typed expression is called.
const INPUT: &str = "<console-input>";

const HELP: &str = "\
Type an expression of the configuration language and press Enter: 1 + 2, var.region,
aws_appflow_connector_profile.crm.arn, type(local.tags). Names are those of the root module, with
the values that state and configuration give them; nothing is changed.

The arrow keys bring back what was typed before, Tab completes names, and an expression goes on while
a bracket is open. `exit`, or Ctrl-D, ends the console.
";

/// Evaluate expressions, typed or from a pipe, one a line
#[derive(Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    variables: VariableArgs,
}

pub(crate) fn run(app: &mut App, args: &ConsoleArgs) -> Result<Outcome, CommandError> {
    let typed = io::stdin().is_terminal();
    if !typed {
        // The pipe holds expressions, not answers.
        app.ui.ask_nothing();
    }
    let project = Project::with_variables_if_any(&mut app.ui, &app.context, &args.variables)?;
    let (warnings, sources) = project.shown(project.warnings.clone());
    app.ui.diagnostics(&warnings, &sources);
    let known = Known::to_read(&StateFiles::of(&app.context), &app.context.env)?;
    let session = Session::new(&app.context, project, known, Options::default());
    let facts = Facts::default();
    // What is wrong with the configuration shows where an expression meets it.
    let evaluation = plan(&session.input(&facts)).evaluation;
    if typed {
        let names = line::names(&session.project.configuration.root);
        return converse(&mut app.ui, &evaluation, names);
    }
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| {
            CommandError::user("Cannot read the expressions", format!("{error}."))
        })?;
        match answer(&evaluation, &line) {
            Answer::Text(text) => app.ui.print(&text)?,
            Answer::Wrong(error) => return Err(error),
            Answer::End => break,
        }
    }
    Ok(Outcome::Done)
}

/// Question and answer on a terminal.
fn converse(
    ui: &mut Ui,
    evaluation: &Evaluation<'_>,
    names: Vec<String>,
) -> Result<Outcome, CommandError> {
    let mut lines = line::Lines::new(names)?;
    while let Some(text) = lines.next()? {
        match answer(evaluation, &text) {
            Answer::Text(text) => ui.print(&text)?,
            Answer::Wrong(error) => ui.error(&error),
            Answer::End => break,
        }
    }
    Ok(Outcome::Done)
}

enum Answer {
    Text(String),
    Wrong(CommandError),
    End,
}

fn answer(evaluation: &Evaluation<'_>, line: &str) -> Answer {
    match line.trim() {
        "" => Answer::Text(String::new()),
        "exit" | "quit" => Answer::End,
        "help" => Answer::Text(HELP.to_owned()),
        text => {
            let mut sources = SourceMap::default();
            let file = sources.add(INPUT, text);
            let result =
                hcl::parse_expression(file, text).and_then(|expr| evaluated(evaluation, &expr));
            match result {
                Ok(text) => Answer::Text(format!("{text}\n")),
                Err(found) => Answer::Wrong(CommandError::Wrong(found, sources)),
            }
        }
    }
}

fn evaluated(evaluation: &Evaluation<'_>, expr: &Expr) -> Result<String, Vec<Diagnostic>> {
    // `type` is no function of the language: it exists here only.
    if let ExprKind::Call(call) = &expr.kind
        && &*call.name.text == "type"
        && let [argument] = &*call.args
    {
        return Ok(type_of(&evaluation.evaluate(argument).into_result()?));
    }
    Ok(value::console(&evaluation.evaluate(expr).into_result()?))
}
