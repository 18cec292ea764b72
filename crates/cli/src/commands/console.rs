//! `flowctl console`.

use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use flowctl_lang::show::type_of;
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::{Diagnostic, SourceMap, hcl};
use flowctl_planner::{Evaluation, Options, plan};
use flowctl_render::style::{Style, Styled};
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

`exit`, or Ctrl-D, ends the console.
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
    let project = Project::with_variables(&mut app.ui, &app.context, &args.variables)?;
    let (warnings, sources) = project.shown(project.warnings.clone());
    app.ui.diagnostics(&warnings, &sources);
    let known = Known::to_read(&StateFiles::of(&app.context), &app.context.env)?;
    let session = Session::new(&app.context, project, known, Options::default());
    let facts = Facts::default();
    // What is wrong with the configuration shows where an expression meets it.
    let evaluation = plan(&session.input(&facts)).evaluation;
    if typed {
        return converse(&mut app.ui, &evaluation);
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

/// Question and answer on a terminal. An expression goes on while a bracket is open.
fn converse(ui: &mut Ui, evaluation: &Evaluation<'_>) -> Result<Outcome, CommandError> {
    let mut pending = String::new();
    loop {
        let mut prompt = Styled::new();
        prompt.push(Style::Strong, if pending.is_empty() { "> " } else { "  " });
        let Some(line) = ui.ask(&prompt, false)? else {
            ui.print("\n")?;
            return Ok(Outcome::Done);
        };
        pending.push_str(&line);
        if is_open(&pending) && !line.is_empty() {
            pending.push('\n');
            continue;
        }
        match answer(evaluation, &std::mem::take(&mut pending)) {
            Answer::Text(text) => ui.print(&text)?,
            Answer::Wrong(error) => ui.error(&error),
            Answer::End => return Ok(Outcome::Done),
        }
    }
}

/// Whether a bracket is open that a further line may close.
fn is_open(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => drop(letters.next()),
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth > 0
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

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn an_expression_goes_on_while_a_bracket_is_open() {
        for (text, open) in [
            ("[1,", true),
            ("[1,\n2]", false),
            ("{a = \"}\"", true),
            ("\"[\"", false),
            ("\"\\\"[\"", false),
            ("1)", false),
        ] {
            assert_eq!(is_open(text), open, "{text}");
        }
    }
}
