//! Secrets that are written in a configuration must not be seen in the excerpts that diagnostics
//! show of it. What is hidden keeps its length in bytes, so that every span stays right.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;
use std::str::CharIndices;

use flowctl_parser::configuration::Module;
use flowctl_parser::{Configuration, FileId, SourceMap, Span, nearest};
use flowctl_schema::{Block, Providers};

/// Names whose values are secret: attributes by the tables of all resource types, and sensitive
/// variables of any module.
pub fn secret_names(providers: &Providers, configuration: &Configuration) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for provider in providers.iter() {
        of_block(&provider.schema().block, &mut names);
        for resource in provider.resource_types() {
            of_block(&resource.schema().block, &mut names);
        }
        for source in provider.data_sources() {
            of_block(&source.schema().block, &mut names);
        }
    }
    of_module(&configuration.root, &mut |module| {
        let sensitive = module.variables.values().filter(|v| v.sensitive);
        names.extend(sensitive.map(|v| v.name.text.to_string()));
    });
    names
}

/// Where the defaults of sensitive variables stand.
pub fn secret_spans(configuration: &Configuration) -> Vec<Span> {
    let mut spans = Vec::new();
    of_module(&configuration.root, &mut |module| {
        let sensitive = module.variables.values().filter(|v| v.sensitive);
        spans.extend(sensitive.filter_map(|v| v.default.as_ref().map(|expr| expr.span)));
    });
    spans
}

fn of_block(block: &Block, names: &mut BTreeSet<String>) {
    let secret = block.attributes.iter().filter(|a| a.secret);
    names.extend(secret.map(|a| a.name.to_owned()));
    for nested in &block.blocks {
        of_block(&nested.block, names);
    }
}

fn of_module(module: &Module, visit: &mut impl FnMut(&Module)) {
    visit(module);
    for call in module.calls.values() {
        of_module(&call.module, visit);
    }
}

/// The sources with stars in place of what is secret: everything inside `spans`, and the text of
/// string literals that are assigned to one of the names or to one that is nearly such a name
/// (the very thing that an error about an unknown argument shows).
pub fn masked<'a>(
    sources: &SourceMap,
    names: impl IntoIterator<Item = &'a str>,
    spans: &[Span],
) -> SourceMap {
    let names: Vec<&str> = names.into_iter().collect();
    let mut known = HashMap::new();
    let mut is_secret = |name: &str| {
        if let Some(secret) = known.get(name) {
            return *secret;
        }
        let lower = name.to_lowercase();
        let secret = nearest(&lower, names.iter().copied()).is_some();
        known.insert(name.to_owned(), secret);
        secret
    };
    let mut by_file = BTreeMap::<FileId, Vec<Span>>::new();
    for span in spans {
        by_file.entry(span.file).or_default().push(*span);
    }
    let mut out = SourceMap::default();
    for id in (0..).map(FileId) {
        let Some(source) = sources.get(id) else { break };
        let mut hidden = assigned(&source.text, &mut is_secret);
        let given = by_file.get(&id).into_iter().flatten();
        hidden.extend(given.map(|s| (s.start as usize, s.end as usize)));
        out.add(source.path.clone(), starred(&source.text, &hidden));
    }
    out
}

/// The text with a star for each byte inside the ranges; line breaks stay.
fn starred(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut hide = vec![false; text.len()];
    for &(start, end) in ranges {
        let end = end.min(text.len());
        if let Some(part) = hide.get_mut(start.min(end)..end) {
            part.fill(true);
        }
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let whole = at..at + c.len_utf8();
        if matches!(c, '\n' | '\r') || !whole.clone().any(|byte| hide[byte]) {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('*', whole.len()));
        }
    }
    out
}

type Characters<'a> = Peekable<CharIndices<'a>>;

/// Ranges of the string literals that are assigned to secret names: `name = "…"`, `name: "…"`,
/// `"name": "…"`, with whatever expression the strings stand in.
fn assigned(text: &str, is_secret: &mut impl FnMut(&str) -> bool) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        match c {
            '#' => skip_line(&mut chars),
            '/' if chars.next_if(|(_, c)| *c == '/').is_some() => skip_line(&mut chars),
            '"' => {
                let end = string_end(text, &mut chars, start + 1);
                if assigns(&mut chars) && is_secret(&text[start + 1..end]) {
                    expression(text, &mut chars, &mut out);
                }
            }
            c if c == '_' || c.is_alphabetic() => {
                let mut end = start + c.len_utf8();
                while let Some((at, c)) =
                    chars.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-'))
                {
                    end = at + c.len_utf8();
                }
                if assigns(&mut chars) && is_secret(&text[start..end]) {
                    expression(text, &mut chars, &mut out);
                }
            }
            _ => {}
        }
    }
    out
}

fn skip_line(chars: &mut Characters<'_>) {
    while chars.next_if(|(_, c)| *c != '\n').is_some() {}
}

/// Passes over a string whose content starts at `from`; where the content ends. A line break ends
/// it too, and is left.
fn string_end(text: &str, chars: &mut Characters<'_>, from: usize) -> usize {
    while let Some((at, c)) = chars.next_if(|(_, c)| *c != '\n') {
        match c {
            '\\' => drop(chars.next_if(|(_, c)| *c != '\n')),
            '"' => return at,
            _ => {}
        }
    }
    chars.peek().map_or(text.len(), |(at, _)| *at).max(from)
}

/// Whether an assignment follows; passes over its sign.
fn assigns(chars: &mut Characters<'_>) -> bool {
    while chars.next_if(|(_, c)| matches!(c, ' ' | '\t')).is_some() {}
    chars.next_if(|(_, c)| matches!(c, '=' | ':')).is_some()
        && chars.peek().is_none_or(|(_, c)| *c != '=')
}

/// Collects the string literals of an expression, up to the end of its last line.
fn expression(text: &str, chars: &mut Characters<'_>, out: &mut Vec<(usize, usize)>) {
    let mut depth = 0_usize;
    while let Some(&(at, c)) = chars.peek() {
        match c {
            '\n' | ',' | '}' | ']' | ')' if depth == 0 => return,
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            '"' => {
                chars.next();
                out.push((at + 1, string_end(text, chars, at + 1)));
                continue;
            }
            '<' if text[at..].starts_with("<<") => {
                if let Some(content) = heredoc(text, at) {
                    out.push(content);
                    while chars.next_if(|(at, _)| *at < content.1).is_some() {}
                    continue;
                }
            }
            _ => {}
        }
        chars.next();
    }
}

/// The content of the heredoc that starts at `at`: from its second line to its end mark.
fn heredoc(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = text.get(at + 2..)?;
    let (first, _) = rest.split_once('\n')?;
    let mark = first.trim_start_matches('-').trim();
    if mark.is_empty()
        || !mark
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    {
        return None;
    }
    let start = at + 2 + first.len() + 1;
    let mut end = start;
    for line in text.get(start..)?.split_inclusive('\n') {
        if line.trim() == mark {
            return Some((start, end));
        }
        end += line.len();
    }
    Some((start, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add("main.tf", text);
        let masked = masked(
            &sources,
            ["password", "access_token", "credentials_map"],
            &[],
        );
        let masked = masked.get(file).unwrap();
        assert_eq!(masked.text.len(), text.len());
        masked.text.to_string()
    }

    #[test]
    fn literals_of_secrets_are_hidden_and_nothing_else() {
        let cases = [
            (r#"password = "hunter2""#, r#"password = "*******""#),
            (r#"username = "admin""#, r#"username = "admin""#),
            (r#"password="a\"b" # "x""#, r#"password="****" # "*""#),
            (r#"pasword = "hunter2""#, r#"pasword = "*******""#),
            (r#"Password = "hunter2""#, r#"Password = "*******""#),
            (r#"{"password": "é"}"#, r#"{"password": "**"}"#),
            (
                r#"{ password : "x", user : "y" }"#,
                r#"{ password : "*", user : "y" }"#,
            ),
            (r#"password = upper("x")"#, r#"password = upper("*")"#),
            (
                "password = \"x\nname = \"y\"",
                "password = \"*\nname = \"y\"",
            ),
            (
                "credentials_map = {\n  a = \"x\"\n  b = \"y\"\n}\nname = \"z\"",
                "credentials_map = {\n  a = \"*\"\n  b = \"*\"\n}\nname = \"z\"",
            ),
            (
                "password = <<-EOT\n  one\n  EOT\nname = \"z\"",
                "password = <<-EOT\n*****\n  EOT\nname = \"z\"",
            ),
            ("password = <<EOT\none", "password = <<EOT\n***"),
            (r#"password == "x" ? 1 : 2"#, r#"password == "x" ? 1 : 2"#),
            ("password = var.p", "password = var.p"),
            (r#"# password = "x""#, r#"# password = "x""#),
        ];
        for (text, expected) in cases {
            assert_eq!(hidden(text), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "(password|[a-z \\n\\r\"'{}=:<#/\\\\é-]){0,60}") {
            let hidden = hidden(&text);
            let lines = |text: &str| text.matches('\n').count();
            proptest::prop_assert_eq!(lines(&hidden), lines(&text));
        }

        #[test]
        fn a_literal_is_hidden_wherever_it_stands(before in "[a-z \\n\"{}=:é-]{0,20}\\n", after in ".{0,20}") {
            let text = format!("{before}password = \"CANARY\"{after}");
            proptest::prop_assume!(before.matches('"').count() % 2 == 0);
            proptest::prop_assert!(!hidden(&text).contains("CANARY"), "{}", hidden(&text));
        }
    }

    #[test]
    fn given_spans_are_hidden() {
        let mut sources = SourceMap::default();
        let file = sources.add("-var db", "hunter2");
        let span = Span {
            file,
            start: 0,
            end: 7,
        };
        let masked = masked(&sources, [], &[span]);
        assert_eq!(masked.text(span), "*******");
    }
}
