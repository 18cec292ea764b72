//! Whatever a file holds, reading and formatting it ends soon, with errors and without a panic.

use std::fmt::Write;
use std::time::{Duration, Instant};

use flowctl_parser::{FileId, Severity, format, hcl, json, parse_variable_file};
use proptest::prelude::*;

const FILE: FileId = FileId(0);

/// Reads a text in every way there is, and says how many errors each found.
fn read_all(text: &str) -> [usize; 5] {
    [
        hcl::parse_body(FILE, text).1.len(),
        json::parse_configuration(FILE, text).1.len(),
        parse_variable_file(FILE, text, false).1.len(),
        parse_variable_file(FILE, text, true).1.len(),
        format(FILE, text).err().map_or(0, |errors| errors.len()),
    ]
}

/// Reads a text that is wrong in native and in JSON syntax.
fn refuse(what: &str, text: &str) {
    let start = Instant::now();
    let errors = read_all(text);
    assert!(errors.iter().all(|count| *count > 0), "{what}: {errors:?}");
    assert!(
        errors.iter().all(|count| *count < 1000),
        "{what}: {errors:?}"
    );
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{what} took {took:?}");
}

#[test]
fn deep_nesting_is_an_error() {
    for open in [
        "a = (",
        "a = [",
        "a = {a=",
        "a = \"${",
        "a = \"%{if ",
        "a {\n",
        "a = -",
        "a = !",
        "a = f(",
        "a = [for x in ",
        "a = x[",
        "a = <<E\n${",
        "a = true ? ",
    ] {
        let name = open.trim_start_matches("a = ");
        let deep = format!("a = {}", name.repeat(10_000));
        refuse(open, &deep);
        refuse(open, &open.repeat(10_000));
    }
    for open in ["[", "{\"a\":", "{\"a\":\"${[", "[\""] {
        refuse(open, &open.repeat(10_000));
    }
}

#[test]
fn everything_unterminated_is_an_error() {
    for text in [
        "a",
        "a =",
        "a = \"",
        "a = \"x\\",
        "a = \"${",
        "a = \"${b",
        "a = \"%{",
        "a = \"%{ if",
        "a = [",
        "a = [1",
        "a = [1,",
        "a = {",
        "a = {b",
        "a = {b =",
        "a = {b = 1",
        "a = (",
        "a = f(",
        "a = b[",
        "a = b[*",
        "a = b.",
        "a = <<",
        "a = <<E",
        "a = <<E\n",
        "a = <<-E\nx",
        "a = /*",
        "/*",
        "a {",
        "a \"",
        "a {\n \"\\",
        "a \"\\",
        "a \"\\\n",
        "a = ' \"\\",
        "a \"b",
        "a \"b\"",
        "a b",
        "a = 1 +",
        "a = !",
        "a = [for",
        "a = {for x in y :",
        "a = 1 ?",
        "a = 1 ? 2 :",
        "\u{feff}a =",
        "a = \"\u{1f600}",
        "a = \"\\u12",
        "a = x::",
        "}",
        "a = \"${<<E\n",
    ] {
        refuse(text, text);
        refuse(text, &format!("b = 1\n{text}"));
        refuse(text, &format!("b = 1\r\n{text}\r\n"));
    }
    for text in [
        "{",
        "[",
        "{\"",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "[1",
        "[1,",
        "tru",
        "-",
        "1e",
    ] {
        assert!(
            !json::parse_configuration(FILE, text).1.is_empty(),
            "{text}"
        );
        refuse(text, text);
    }
}

#[test]
fn strange_characters_are_errors_or_text() {
    for text in [
        "\0",
        "a = \0",
        "a = 1\0",
        "\u{7f}",
        "a\r",
        "\r",
        "a = 1\rb = 2\n",
        "a = \u{2028}",
        "a = 1\u{feff}",
    ] {
        refuse(text, text);
    }
    let fine = "\u{feff}a = \"\0\u{301}\"\r\nb = <<E\r\n\0\r\nE\r\n# \0\r\n";
    assert_eq!(hcl::parse_body(FILE, fine).1, []);
    assert!(format(FILE, fine).is_ok());
}

/// Much of the same takes time in proportion, and is not reported a million times.
#[test]
fn much_garbage_is_refused_quickly() {
    const SIZE: usize = 200_000;
    for unit in [
        "/*",
        "<<",
        "<<E\n",
        "a=<<E\n",
        "${",
        "\"",
        "'",
        "a ",
        "a\n",
        "a=\n",
        "a {\n",
        "a = [\n",
        "}",
        "}\n",
        "\"${",
        "a = \"${\n",
        "[,",
        "{,",
        "x,",
        "\\",
        "\"\\",
        "\n\"",
        "a=1 2\n",
        "%{",
        "~}",
        "0.",
        "é",
        ";",
        "&",
        "<<-A\n${",
        "a b {\n}\n\"",
        "{\"a\":1,",
        "\"\\u",
    ] {
        let text = unit.repeat(SIZE / unit.len());
        refuse(unit, &text);
        refuse(unit, &format!("a = [{text}"));
    }
    let mut many = String::new();
    for i in 0..100_000 {
        writeln!(many, "a{i} = 1").unwrap();
    }
    let start = Instant::now();
    assert_eq!(hcl::parse_body(FILE, &many).1, []);
    assert!(format(FILE, &many).is_ok());
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// Pieces that texts of the language are made of.
fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b.c",
        "for",
        "in",
        "if",
        "=",
        "==",
        "=>",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "${",
        "%{",
        "~",
        "}\"",
        "\n",
        "\r\n",
        " ",
        ",",
        ":",
        "::",
        "?",
        "...",
        ".",
        ".*",
        "[*]",
        "1",
        "0.5",
        "1e3",
        "\\",
        "\\u00",
        "\"x\"",
        "<<E\n",
        "<<-E\n",
        "\nE\n",
        "#c\n",
        "/*",
        "*/",
        "//",
        "-",
        "!",
        "+",
        "&&",
        "|",
        "if x",
        "else",
        "endif",
        "endfor",
        "null",
        "true",
        "é",
        "\u{301}",
        "\0",
        "resource \"a\" \"b\" {\n",
        "variable",
        "locals {\n",
        "$${",
        "{\"a\":",
        "[1,",
        "\t",
        "'",
        "𝔘",
    ])
}

const VALID: &str = r#"variable "a" {
  type    = object({ a = string, b = optional(number, 1) })
  default = { a = "x${"y"}", b = [for k, v in { c = 1 } : v if v > 1 ? true : false][0] }
  validation {
    condition     = var.a.b != 1 && !contains(var.a.*.c, "z")
    error_message = <<-EOT
      %{ if true ~}
      text ${upper("x")}
      %{~ else }no%{ endif }
    EOT
  }
}
resource "t" "n" { # comment
  for_each = toset(["a", "b"])
  x        = provider::p::f(each.key, [1.5e3, -2]...) /* c */
  dynamic "y" {
    for_each = [1]
    content {
      z = y.value
    }
  }
}
"#;

const VALID_JSON: &str = r#"{"//": 1, "locals": {"a": "x${var.a["k"]}\n\u00e9", "b": [1, -2.5e3, null, true, {"c": "%{if true}y%{endif}"}]},
  "resource": {"t": {"n": [{"depends_on": ["t.m"], "lifecycle": {"ignore_changes": "all"}}]}}}"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn token_soup_is_read_to_its_end(tokens in prop::collection::vec(token(), 0..60)) {
        read_all(&tokens.concat());
    }

    #[test]
    fn any_text_is_read_to_its_end(text in any::<String>()) {
        read_all(&text);
    }

    #[test]
    fn mutations_are_read_to_their_end(
        native in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..4, token()), 1..6),
    ) {
        let valid = if native { VALID } else { VALID_JSON };
        let mut chars: Vec<String> = valid.chars().map(String::from).collect();
        for (index, removed, inserted) in edits {
            let at = index.index(chars.len());
            let end = (at + removed).min(chars.len());
            chars.splice(at..end, [inserted.to_owned()]);
        }
        let text = chars.concat();
        read_all(&text);
        // As in Terraform, a point that stands apart from a number is put to it: `3 .1` becomes `3.1`.
        let apart = |pair: &[u8]| pair.contains(&b'.') && pair.iter().any(u8::is_ascii_whitespace);
        if !text.as_bytes().windows(2).any(apart)
            && let Ok(once) = format(FILE, &text)
        {
            // What was taken out of a string may be such a string again.
            let twice = format(FILE, &once).map_err(|errors| format!("{errors:?}"));
            let unwrapped = once.contains("\"${");
            prop_assert!(twice.is_ok(), "{text:?}: {twice:?}");
            prop_assert!(unwrapped || twice == Ok(once), "{text:?}: {twice:?}");
        }
    }
}

#[test]
fn the_texts_to_be_mutated_are_valid() {
    assert_eq!(hcl::parse_body(FILE, VALID).1, []);
    let errors = json::parse_configuration(FILE, &VALID_JSON.replace("[\"k\"]", ".k")).1;
    assert!(
        errors
            .iter()
            .all(|error| error.severity == Severity::Warning),
        "{errors:?}"
    );
}
