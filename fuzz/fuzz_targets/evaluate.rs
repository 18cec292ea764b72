//! Expressions and templates with every function: any text has a value or an error, what is known
//! while something else is not stays so, and a secret stays one.
#![no_main]

use flowctl_fuzz::{Machine, Names, are_placed, is_taken, start};
use flowctl_lang::Evaluator;
use flowctl_lang::show::type_of;
use flowctl_model::{Marks, Value};
use flowctl_parser::ast::Expr;
use flowctl_parser::{SourceMap, hcl};
use flowctl_render::value::console;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: start(), |bytes: &[u8]| {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| is_taken(text)) else {
        return;
    };
    let mut sources = SourceMap::default();
    let file = sources.add("e", text);
    for expr in [
        hcl::parse_expression(file, text),
        hcl::parse_template(file, text),
    ]
    .into_iter()
    .flatten()
    {
        evaluate(&expr, text, &sources);
    }
});

fn evaluate(expr: &Expr, text: &str, sources: &SourceMap) {
    let value = |known: bool, marked: bool, others: bool| {
        let machine = Machine {
            name: "e",
            text,
            planning: !known,
        };
        let evaluated = Evaluator::new(&Names { known, marked, others }, &machine).evaluate(expr);
        are_placed(&evaluated.diagnostics, sources);
        evaluated.into_result().ok()
    };
    let early = value(false, true, false);
    let late = value(true, true, false);
    let open = value(true, false, false);
    let other = value(true, true, true);
    for value in [&early, &late, &open, &other].into_iter().flatten() {
        console(value);
        type_of(value);
    }
    // What was known before is what it is later.
    if let (Some(early), Some(late)) = (&early, &late)
        && early.is_wholly_known()
        && !text.contains("timestamp")
    {
        assert_eq!(unmarked(early), unmarked(late), "{text:?}");
    }
    if text.contains("sensitive") {
        return;
    }
    // No value depends on marks.
    if let (Some(late), Some(open)) = (&late, &open) {
        assert_eq!(unmarked(late), unmarked(open), "{text:?}");
    }
    // What is not marked is the same whatever the secrets are. That something fails may be said.
    if let (Some(late), Some(other)) = (&late, &other)
        && late.deep_marks() == Marks::NONE
        && other.deep_marks() == Marks::NONE
        && !["can", "try"].iter().any(|word| text.contains(word))
    {
        assert_eq!(late, other, "{text:?}");
    }
}

fn unmarked(value: &Value) -> Value {
    value.unmarked_deep(value.deep_marks())
}
