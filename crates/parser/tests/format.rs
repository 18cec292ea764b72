//! The formatter against what `terraform fmt` made of the same texts: every file of the recorded
//! configurations, and snippets written to find its rules.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use flowctl_parser::ast::{Body, Expr, ExprKind};
use flowctl_parser::hcl::parse_body;
use flowctl_parser::{FileId, format};
use proptest::prelude::*;
use serde_json::Value;

fn conformance() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

fn cases(name: &str) -> Vec<Value> {
    let lines = std::fs::read_to_string(conformance().join("fmt").join(name)).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The value without what the formatter puts around it or takes away.
fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Wrapped(inner) | ExprKind::Parens(inner) => bare(inner),
        _ => expr,
    }
}

/// What a body means, without places.
fn meaning(body: &Body, inside: &str, out: &mut String) {
    for attribute in &body.attributes {
        let name = &attribute.name.text;
        if inside == "variable" && &**name == "type" {
            continue;
        }
        let mut value = format!("{:?}", bare(&attribute.expr));
        while let Some(at) = value.find("Span {") {
            let end = value[at..].find('}').unwrap();
            value.replace_range(at..=at + end, "");
        }
        writeln!(out, "{name} = {value}").unwrap();
    }
    for block in &body.blocks {
        let labels: Vec<_> = block.labels.iter().map(|label| &label.text).collect();
        writeln!(out, "{} {labels:?} {{", block.block_type.text).unwrap();
        meaning(&block.body, &block.block_type.text, out);
        out.push_str("}\n");
    }
}

fn judge(input: &str, expected: Option<&str>, report: &mut String) {
    let formatted = format(FileId(0), input);
    // Most were recorded from standard input, where the output always ends its line.
    let line = |text: &str| text.strip_suffix('\n').unwrap_or(text).to_owned();
    if formatted.as_ref().ok().map(|text| line(text)) != expected.map(line) {
        writeln!(
            report,
            "== {input:?}\nwant {expected:?}\ngot  {formatted:?}"
        )
        .unwrap();
    }
    let Ok(formatted) = formatted else { return };
    let again = format(FileId(0), &formatted);
    if again.as_ref() != Ok(&formatted) {
        writeln!(report, "== not stable: {input:?}\n{formatted:?}\n{again:?}").unwrap();
    }
    let (mut before, mut after) = (String::new(), String::new());
    meaning(&parse_body(FileId(0), input).0, "", &mut before);
    meaning(&parse_body(FileId(0), &formatted).0, "", &mut after);
    if before != after {
        writeln!(report, "== changed: {input:?}\n{before}\n{after}").unwrap();
    }
}

#[test]
fn snippets_are_formatted_as_recorded() {
    let mut cases = self::cases("snippets.jsonl");
    cases.extend(self::cases("generated.jsonl"));
    cases.extend(self::cases("found.jsonl"));
    assert!(cases.len() > 600, "only {} snippets", cases.len());
    let mut report = String::new();
    for case in &cases {
        let input = case["input"].as_str().unwrap();
        judge(input, case["output"].as_str(), &mut report);
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn configurations_are_formatted_as_recorded() {
    let mut report = String::new();
    for case in &cases("configs.jsonl") {
        let path = conformance().join("configs");
        let input = std::fs::read_to_string(path.join(case["file"].as_str().unwrap())).unwrap();
        judge(&input, case["output"].as_str(), &mut report);
    }
    assert!(report.is_empty(), "{report}");
}

/// Expressions of every kind, laid out at random.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("var.a".to_owned()),
        Just("1.5e3".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"é$${x}\\n\"".to_owned()),
        (0_u32..1000).prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let space = prop::sample::select(vec!["", " ", "  ", "\t"]);
        let line = prop::sample::select(vec!["", " ", "\n", "\n\n", " # c\n", "/* c */"]);
        let operator = prop::sample::select(vec![
            "+", " - ", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||",
        ]);
        let many = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            (many.clone(), line.clone()).prop_map(|(items, line)| format!(
                "[{line}{}{line}]",
                items.join(&format!(",{line}"))
            )),
            (
                many.clone(),
                space.clone(),
                prop::sample::select(vec!["=", ":"])
            )
                .prop_map(|(items, space, sign)| {
                    let items = items.iter().enumerate();
                    let items =
                        items.map(|(i, item)| format!("{space}k{i}{space}{sign}{space}{item}\n"));
                    format!("{{\n{}}}", items.collect::<String>())
                }),
            (many, space.clone()).prop_map(|(args, space)| format!(
                "f({space}{}{space})",
                args.join(&format!("{space},"))
            )),
            (inner.clone(), operator, inner.clone(), space.clone())
                .prop_map(|(a, op, b, space)| format!("({a}{space}{op}{space}{b})")),
            (inner.clone(), inner.clone(), inner.clone(), space.clone())
                .prop_map(|(a, b, c, space)| format!("({a}{space}?{space}{b}{space}:{space}{c})")),
            (inner.clone(), space.clone()).prop_map(|(a, space)| format!("!{space}({a})")),
            (inner.clone(), space.clone())
                .prop_map(|(a, space)| format!("[for{space} x in {a}{space}:{space}x]")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("{{for k,v in {a}:k=>{b}...if v}}")),
            (inner.clone(), space.clone())
                .prop_map(|(a, space)| format!("\"a${{{space}{a}{space}}}b\"")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}].c[*].d")),
            space.prop_map(|space| format!("f(<<-EOT\n  x ${{{space}var.a }}\n    y\n  EOT\n)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_laid_out_means_the_same(
        values in prop::collection::vec((expression(), prop::sample::select(vec!["", " ", "   "])), 1..4),
    ) {
        let mut text = String::from("block \"x\" {\n");
        for (index, (value, space)) in values.iter().enumerate() {
            writeln!(text, "{space}a{index}{space}={space}{value}").unwrap();
        }
        text.push_str("}\n");
        let errors = parse_body(FileId(0), &text).1;
        prop_assert!(errors.is_empty(), "{text}\n{errors:?}");
        let laid_out = format(FileId(0), &text).unwrap();
        let mut report = String::new();
        judge(&text, Some(&laid_out), &mut report);
        prop_assert!(report.is_empty(), "{report}");
    }
}

/// Terraform takes the quotes off and leaves a text that is no longer valid.
#[test]
fn a_heredoc_in_quotes_stays_there_where_its_line_would_not_end() {
    for text in [
        "a = \"${<<E\nx\nE\n}\"",
        "a = \"${<<E\nx\nE\n}\" # c\n",
        "b { a = \"${<<E\nx\nE\n}\" }\n",
    ] {
        assert_eq!(format(FileId(0), text).as_deref(), Ok(text));
    }
    let unwrapped = format(FileId(0), "a = \"${<<E\nx\nE\n}\"\n");
    assert_eq!(unwrapped.as_deref(), Ok("a = <<E\nx\nE\n"));
}
