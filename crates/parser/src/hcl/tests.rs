//! The native syntax: what is read, and where errors are said to be.

use super::*;
use crate::ast::{BinaryOp, ExprKind};

fn expression(text: &str) -> Result<Expr, Vec<Diagnostic>> {
    parse_expression(FileId(0), text)
}

fn errors(text: &str) -> Vec<(String, u32, u32)> {
    parse_body(FileId(0), text)
        .1
        .into_iter()
        .map(|d| {
            let span = d.span.unwrap();
            (d.summary, span.start, span.end)
        })
        .collect()
}

#[test]
fn literals_keep_their_text() {
    for text in ["1e400", "0.1", "123456789012345678901234567890"] {
        assert_eq!(
            expression(text).unwrap().kind,
            ExprKind::Number(text.into())
        );
    }
}

#[test]
fn precedence_is_that_of_the_language() {
    let ExprKind::Binary(or) = expression("a || b && c == 1 + 2 * 3").unwrap().kind else {
        panic!("not a binary expression");
    };
    assert_eq!(or.op, BinaryOp::Or);
    let ExprKind::Binary(and) = or.right.kind else {
        panic!("not a binary expression")
    };
    assert_eq!(and.op, BinaryOp::And);
}

#[test]
fn strings_resolve_escapes_and_keep_unicode_normalized() {
    for (text, value) in [
        (r#""a\tb\"c""#, "a\tb\"c"),
        (r#""\u00e9""#, "é"),
        (r#""$${x} %%{y}""#, "${x} %{y}"),
        ("\"e\u{301}\"", "é"),
        ("<<E\na\n  b\nE\n", "a\n  b\n"),
        ("<<-E\n    a\n      b\n\n    E\n", "a\n  b\n\n"),
    ] {
        assert_eq!(
            expression(text).unwrap().kind,
            ExprKind::String(value.into()),
            "{text}"
        );
    }
}

#[test]
fn a_lone_interpolation_is_its_value() {
    assert!(matches!(
        expression(r#""${a}""#).unwrap().kind,
        ExprKind::Wrapped(_)
    ));
    assert!(matches!(
        expression(r#""x${a}""#).unwrap().kind,
        ExprKind::Template(_)
    ));
}

#[test]
fn errors_are_at_the_very_characters_and_the_rest_is_still_read() {
    assert_eq!(
        errors("a = 1 +\nb = 'x'\nc = 1 sensitive = true\nd {\n"),
        [
            ("Invalid expression".to_owned(), 7, 7 + 1),
            ("Invalid character".to_owned(), 12, 13),
            ("Invalid expression".to_owned(), 12, 13),
            ("Invalid character".to_owned(), 14, 15),
            ("Missing newline after argument".to_owned(), 22, 31),
            ("Unclosed configuration block".to_owned(), 41, 42),
        ]
    );
}

#[test]
fn a_brace_behind_an_argument_ends_the_block_but_is_on_a_line_of_its_own() {
    assert_eq!(
        errors("a {\n  b = 1 }\nc {\n  d = 2\n}\ne { f = 1 }\n"),
        [("Missing newline after argument".to_owned(), 12, 13)]
    );
}

#[test]
fn a_missing_bracket_is_said_where_reading_goes_on() {
    assert_eq!(
        errors("a = b[1 \"]é\" [c] d]\n"),
        [("Missing close bracket on index".to_owned(), 19, 20)]
    );
    let found = errors("a = b[1 \"é\n");
    assert!(
        found.contains(&("Missing close bracket on index".to_owned(), 12, 12)),
        "{found:?}"
    );
}

#[test]
fn an_item_of_an_object_has_a_value() {
    assert_eq!(
        errors("a = { b, c = 1 }\nd = {\n  e\n}\nf = { g h = 1 }\n"),
        [
            ("Missing attribute value".to_owned(), 7, 8),
            ("Missing attribute value".to_owned(), 26, 27),
            ("Missing key/value separator".to_owned(), 37, 38),
        ]
    );
}

#[test]
fn a_heredoc_ends_at_its_marker_outside_of_interpolations() {
    let text = "a = <<-EOT\n  x${\n    EOT\n  }\n  EOT\nb = 1\n";
    let (body, errors_) = parse_body(FileId(0), text);
    assert_eq!(errors_, []);
    assert_eq!(body.attributes.len(), 2);
    assert_eq!(
        errors("a = <<E\nx${\nE\n}\nb = 1\n"),
        [("Unterminated template string".to_owned(), 22, 22)]
    );
    // The line of the marker has an end itself.
    assert_eq!(
        errors("a = <<E\nx\nE"),
        [("Unterminated template string".to_owned(), 11, 11)]
    );
}

#[test]
fn names_have_marks_of_any_script() {
    assert_eq!(errors("re\u{301}gion = a.e\u{301}\n_a-1 = 1\n"), []);
    assert_eq!(errors("\u{301}a = 1\n")[0].0, "Invalid character");
}

#[test]
fn nesting_has_a_limit_and_no_stack_overflow() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("\"${", "}\""),
        ("-", ""),
    ] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let found = expression(&text).unwrap_err();
        assert_eq!(found[0].summary, "Nesting too deep", "{open}");
    }
    let chain = "1".to_owned() + &"+1".repeat(100_000);
    assert_eq!(
        expression(&chain).unwrap_err()[0].summary,
        "Expression too long"
    );
    let blocks = "a {\n".repeat(100_000);
    assert!(
        errors(&blocks)
            .iter()
            .any(|(summary, ..)| summary == "Nesting too deep")
    );
}
