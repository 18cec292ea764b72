//! Configurations in JSON syntax, and what is wrong with them.

use super::*;
use crate::ast::{Block, ExprKind};

fn parse(text: &str) -> Body {
    let (body, diagnostics) = parse_configuration(FileId(0), text);
    assert_eq!(diagnostics, [], "{text}");
    body
}

fn names(body: &Body) -> (Vec<&str>, Vec<&str>) {
    let attributes = body.attributes.iter().map(|a| &*a.name.text).collect();
    let blocks = body.blocks.iter().map(|b| &*b.block_type.text).collect();
    (attributes, blocks)
}

/// Block types that a schema of numbers knows: in 0 `outer`, in 1 `inner`.
fn nested(shape: u32, name: &str) -> Option<u32> {
    match (shape, name) {
        (0, "outer") => Some(1),
        (1, "inner") => Some(2),
        _ => None,
    }
}

fn resolved(members: &str) -> Body {
    let text = format!(r#"{{"resource": {{"t": {{"n": {{{members}}}}}}}}}"#);
    let body = parse(&text);
    let (resolved, diagnostics) = body.blocks[0].body.resolve(0, &nested);
    assert_eq!(diagnostics, [], "{text}");
    resolved.into_owned()
}

#[test]
fn labels_are_names_of_nested_objects() {
    let body = parse(r#"{"//": "${", "resource": {"t": [{"a": {}}, {"b": [{}, {}]}]}}"#);
    let labels = |block: &Block| block.labels.iter().map(|l| l.text.to_string()).collect();
    let found: Vec<Vec<String>> = body.blocks.iter().map(labels).collect();
    assert_eq!(found, [["t", "a"], ["t", "b"], ["t", "b"]]);
}

#[test]
fn the_schema_tells_blocks_from_arguments() {
    let body = resolved(
        r#""//": 1, "map": {"//": "kept", "outer": 1}, "outer": [{"//": {"x": "${"}, "inner": {"a": 1}, "b": 2}, {}], "c": null"#,
    );
    assert_eq!(names(&body), (vec!["map", "c"], vec!["outer", "outer"]));
    let outer = &body.blocks[0].body;
    assert_eq!(names(outer), (vec!["b"], vec!["inner"]));
    let ExprKind::Object(map) = &body.attributes[0].expr.kind else {
        panic!("not an object")
    };
    assert_eq!(map.len(), 2);
}

#[test]
fn dynamic_blocks_are_blocks() {
    let body = resolved(
        r#""dynamic": {"outer": {"for_each": "${var.x}", "iterator": "it", "content": {"inner": {}, "a": "${it.value}"}}}"#,
    );
    assert_eq!(names(&body), (vec![], vec!["dynamic"]));
    let dynamic = &body.blocks[0];
    assert_eq!(&*dynamic.labels[0].text, "outer");
    assert_eq!(
        names(&dynamic.body),
        (vec!["for_each", "iterator"], vec!["content"])
    );
    let iterator = dynamic.body.attribute("iterator").unwrap();
    assert_eq!(iterator.expr.kind, ExprKind::Variable("it".into()));
    let content = &dynamic.body.blocks[0].body;
    assert_eq!(names(content), (vec!["a"], vec!["inner"]));
}

#[test]
fn blocks_of_the_wrong_type_and_names_given_twice_are_errors() {
    let text = r#"{"resource": {"t": {"n": {"outer": 1, "a": 1, "a": 2, "m": {"k": 1, "k": 2}}}}}"#;
    let body = parse(text);
    let (_, diagnostics) = body.blocks[0].body.resolve(0, &nested);
    let found: Vec<(&str, &str)> = diagnostics
        .iter()
        .map(|d| {
            let span = d.span.unwrap();
            (&*d.summary, &text[span.start as usize..span.end as usize])
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Incorrect JSON value type", "1"),
            ("Duplicate argument", "\"a\""),
            ("Duplicate object attribute", "\"k\""),
        ]
    );
}

/// Where attributes are taken in an expression.
fn variables(expr: &crate::ast::Expr, found: &mut Vec<crate::Span>) {
    if matches!(expr.kind, ExprKind::GetAttr(_)) {
        found.push(expr.span);
    }
    expr.children(&mut |child| variables(child, found));
}

#[test]
fn spans_of_templates_are_those_of_the_file() {
    let text = r#"{"locals": {"a": "\t${jsonencode({\"k\" = var.x})}"}}"#;
    let body = parse(text);
    let mut spans = Vec::new();
    variables(&body.blocks[0].body.attributes[0].expr, &mut spans);
    let [span] = spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(&text[span.start as usize..span.end as usize], "var.x");
}

#[test]
fn numbers_keep_their_digits() {
    let body = parse(r#"{"locals": {"a": 123456789012345678901234567890.5}}"#);
    let kind = &body.blocks[0].body.attributes[0].expr.kind;
    assert_eq!(
        *kind,
        ExprKind::Number("123456789012345678901234567890.5".into())
    );
}

#[test]
fn nothing_broken_stops_the_reader() {
    for text in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("[{}]", "x,".repeat(100_000)),
        "\"".to_owned(),
        "\u{0}".to_owned(),
        format!("[{}1]", "1,".repeat(100_000)),
        format!("{{{}\"b\":1}}", "\"a\":1,".repeat(100_000)),
        "{\"locals\":{\"a\":\"${".to_owned() + &"[".repeat(100_000),
    ] {
        let (_, diagnostics) = parse_configuration(FileId(0), &text);
        assert!(!diagnostics.is_empty());
        assert!(diagnostics.len() < 2 * crate::hcl::MAX_ERRORS);
    }
}

struct OneFile(&'static str);

impl crate::FileSystem for OneFile {
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(vec!["main.tf.json".to_owned()])
    }
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

#[test]
fn a_whole_configuration_is_resolved_at_once() {
    let text = r#"{"resource": {"t": {"n": {"outer": {"inner": [{}, {}]}, "a": 1}}}, "provider": {"p": {"outer": [{}]}}}"#;
    let mut loaded = crate::load(".", &OneFile(text));
    assert_eq!(loaded.diagnostics, []);
    let configuration = &mut loaded.configuration;
    for _ in 0..2 {
        // What is resolved stays as it is.
        let found = configuration.resolve(&|_| Some(0), &|_| Some(0), &nested);
        assert_eq!(found, []);
        let root = &configuration.root;
        assert_eq!(names(&root.resources[0].body), (vec!["a"], vec!["outer"]));
        let outer = &root.resources[0].body.blocks[0].body;
        assert_eq!(names(outer), (vec![], vec!["inner", "inner"]));
        assert_eq!(names(&root.providers[0].body), (vec![], vec!["outer"]));
    }
}

#[test]
fn nothing_is_missing_in_an_object_that_was_cut_off() {
    // Each is cut off within a character of several bytes' reach, and what it lacks may be behind.
    for text in [
        r#"{"module": {"m": {"count": "é""#,
        r#"{"module": {"m": {"count": 1, "é"#,
        r#"{"module": [{"m": {"count": 1, é"#,
        r#"{"output": {"o": {"description": "é" "é""#,
        r#"{"output": {"o": [{"description": 1, é"#,
        r#"{"variable": {"v": {"validation": {"condition": true, "é": "#,
        r#"{"check": {"c": {"assert": {"condition": true, é"#,
        r#"{"check": {"c": {"data": {"é"#,
        r#"{"moved": {"from": "a.b", "é"#,
        r#"{"import": {"to": "a.b" é"#,
        r#"{"removed": {"lifecycle": {"destroy": true,}, é"#,
        r#"{"resource": é"#,
        r#"{"resource": {"t": é"#,
        r#"{"variable": {"v": {"type": é"#,
    ] {
        let mut loaded = crate::load(".", &OneFile(text));
        let configuration = &mut loaded.configuration;
        let resolved = configuration.resolve(&|_| Some(0), &|_| Some(0), &nested);
        let found: Vec<_> = loaded.diagnostics.iter().chain(&resolved).collect();
        assert!(!found.is_empty(), "{text}");
        for error in found {
            assert!(
                !error.summary.contains("required") && !error.summary.contains("Missing block"),
                "{text}: {error:?}"
            );
            let span = error.span.unwrap();
            let place = span.start as usize..span.end as usize;
            assert!(text.get(place).is_some(), "{text}: {error:?}");
        }
    }
}

#[test]
fn a_value_that_was_cut_off_is_no_value() {
    let text = r#"{"resource": {"t": {"n": {"a": 1, "b": [1, 2"#;
    let (body, _) = parse_configuration(FileId(0), text);
    let resource = &body.blocks[0].body;
    assert_eq!(names(resource), (vec!["a"], vec![]));
    assert!(resource.broken);
}
