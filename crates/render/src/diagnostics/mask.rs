//! Secrets that are written in a configuration must not be seen in the excerpts that diagnostics
//! show of it. What is hidden keeps its length in bytes, so that every span stays right.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;
use std::str::CharIndices;

use flowctl_parser::configuration::Module;
use flowctl_parser::{Configuration, FileId, SourceMap, Span, nearest};
use flowctl_schema::{Block, Providers};

/// What names say about the values that are assigned to them.
#[derive(Default, Debug)]
pub struct Names {
    /// Their values are secret: attributes by the tables of all resource types, and sensitive
    /// variables of any module.
    pub secret: BTreeSet<String>,
    /// Attributes and blocks of the tables whose values are not.
    pub plain: BTreeSet<String>,
    /// Blocks that are about secrets throughout: what has an unknown name there may be one.
    pub holding: BTreeSet<String>,
    /// Declared variables that are not sensitive. What a file of variables gives to others is not
    /// shown.
    pub open: BTreeSet<String>,
}

impl Names {
    /// What the tables and a configuration say.
    pub fn of(providers: &Providers, configuration: &Configuration) -> Self {
        let mut names = Self::default();
        let mut elsewhere = BTreeSet::new();
        for provider in providers.iter() {
            names.block(&provider.schema().block, &mut elsewhere);
            for resource in provider.resource_types() {
                names.block(&resource.schema().block, &mut elsewhere);
            }
            for source in provider.data_sources() {
                names.block(&source.schema().block, &mut elsewhere);
            }
        }
        names.holding.retain(|name| !elsewhere.contains(name));
        names.plain.retain(|name| !names.secret.contains(name));
        of_module(&configuration.root, &mut |module| {
            for variable in module.variables.values() {
                let name = variable.name.text.to_string();
                if variable.sensitive {
                    names.secret.insert(name);
                } else {
                    names.open.insert(name);
                }
            }
        });
        names
    }

    /// Takes in a block; whether it is about secrets throughout.
    fn block(&mut self, block: &Block, elsewhere: &mut BTreeSet<String>) -> bool {
        // What no configuration can set is not written in one, and its name may be anything's.
        let mut arguments = Vec::with_capacity(block.attributes.len());
        arguments.extend(
            block
                .attributes
                .iter()
                .filter(|a| a.presence.is_configurable()),
        );
        for attribute in &arguments {
            let names = if attribute.secret {
                &mut self.secret
            } else {
                &mut self.plain
            };
            names.insert(attribute.name.to_owned());
        }
        let mut throughout = !block.blocks.is_empty();
        for nested in &block.blocks {
            let name = nested.name.to_owned();
            self.plain.insert(name.clone());
            if self.block(&nested.block, elsewhere) {
                self.holding.insert(name);
            } else {
                elsewhere.insert(name);
                throughout = false;
            }
        }
        throughout || arguments.iter().any(|attribute| attribute.secret)
    }
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

fn of_module(module: &Module, visit: &mut impl FnMut(&Module)) {
    visit(module);
    for call in module.calls.values() {
        of_module(&call.module, visit);
    }
}

/// The sources with stars in place of what is secret: everything inside `spans`, and the literals
/// that are assigned to a secret name or to one that is nearly such a name (the very thing that an
/// error about an unknown argument shows).
pub fn masked(sources: &SourceMap, names: &Names, spans: &[Span]) -> SourceMap {
    let mut known = HashMap::new();
    let mut is_secret = |name: &str| {
        if let Some(secret) = known.get(name) {
            return *secret;
        }
        let lower = name.to_lowercase();
        // What is nearly the name of a secret may be one that was misspelt; what is an argument's own
        // name is not.
        let secret = !names.plain.contains(&lower)
            && nearest(&lower, names.secret.iter().map(String::as_str)).is_some();
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
        let gives_values =
            source.path.ends_with(".tfvars") || source.path.ends_with(".tfvars.json");
        let mut scan = Scan {
            text: &source.text,
            chars: source.text.char_indices().peekable(),
            names,
            gives_values,
            depth: 0,
            holding: None,
            hidden: Vec::new(),
        };
        scan.run(&mut is_secret);
        let mut hidden = scan.hidden;
        let given = by_file.get(&id).into_iter().flatten();
        hidden.extend(given.map(|s| (s.start as usize, s.end as usize)));
        out.add(source.path.clone(), starred(&source.text, &hidden));
    }
    out
}

/// The texts that `masked` has covered: they must not be seen in messages either.
pub fn covered<'a>(sources: &'a SourceMap, masked: &SourceMap) -> Vec<&'a str> {
    let mut found = Vec::new();
    for id in (0..).map(FileId) {
        let (Some(whole), Some(shown)) = (sources.get(id), masked.get(id)) else {
            break;
        };
        let (mut start, text) = (None, &whole.text);
        let pairs = text.bytes().zip(shown.text.bytes());
        for (at, differs) in pairs.map(|(a, b)| a != b).chain([false]).enumerate() {
            match (start, differs) {
                (None, true) => start = Some(at),
                (Some(from), false) => {
                    found.extend(text.get(from..at));
                    start = None;
                }
                _ => {}
            }
        }
    }
    found
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

/// Looks for what is assigned to secret names: `name = "…"`, `name: "…"`, `"name": "…"`, with
/// whatever expression the literals stand in; in comments too, where old secrets live on.
struct Scan<'a> {
    text: &'a str,
    chars: Characters<'a>,
    names: &'a Names,
    /// The file gives values to variables: nothing in it refers to anything.
    gives_values: bool,
    /// How many brackets are open.
    depth: usize,
    /// How many were when a block began that is about secrets throughout.
    holding: Option<usize>,
    hidden: Vec<(usize, usize)>,
}

impl Scan<'_> {
    fn run(&mut self, is_secret: &mut impl FnMut(&str) -> bool) {
        while let Some((start, c)) = self.chars.next() {
            match c {
                '{' | '[' => self.depth += 1,
                '}' | ']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.holding = self.holding.filter(|outside| *outside < self.depth);
                }
                '"' => {
                    let end = string_end(self.text, &mut self.chars, start + 1, '"');
                    self.name((start + 1, end), is_secret);
                }
                c if c == '_' || c.is_alphabetic() => {
                    let mut end = start + c.len_utf8();
                    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
                    while let Some((at, c)) = self.chars.next_if(|(_, c)| goes_on(*c)) {
                        end = at + c.len_utf8();
                    }
                    self.name((start, end), is_secret);
                }
                _ => {}
            }
        }
    }

    /// After something that may be the name of an argument or of a block.
    fn name(&mut self, (start, end): (usize, usize), is_secret: &mut impl FnMut(&str) -> bool) {
        let name = &self.text[start..end];
        let assigned = assigns(&mut self.chars);
        if self.names.holding.contains(name) && opens(&self.chars) {
            self.holding = self.holding.or(Some(self.depth));
        } else if assigned {
            let unknown = self.holding.is_some() && !self.names.plain.contains(name);
            let given = self.gives_values && self.depth <= 1 && !self.names.open.contains(name);
            if unknown || given || is_secret(name) {
                self.expression();
            }
        }
    }

    /// Collects the literals of an expression, up to the end of its last line.
    fn expression(&mut self) {
        let text = self.text;
        let mut depth = 0_usize;
        while let Some(&(at, c)) = self.chars.peek() {
            match c {
                '\n' | ',' | '}' | ']' | ')' if depth == 0 => return,
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' => depth -= 1,
                '"' | '\'' => {
                    self.chars.next();
                    let end = string_end(text, &mut self.chars, at + 1, c);
                    self.hidden.push((at + 1, end));
                    continue;
                }
                '<' if text[at..].starts_with("<<") => {
                    if let Some(content) = heredoc(text, at) {
                        self.hidden.push(content);
                        while self.chars.next_if(|(at, _)| *at < content.1).is_some() {}
                        continue;
                    }
                }
                // No reference, and so somebody's value without its quotes.
                _ if self.gives_values && !c.is_whitespace() => {
                    self.hidden.push((at, at + c.len_utf8()));
                }
                _ => {}
            }
            self.chars.next();
        }
    }
}

/// Whether a block or an object follows.
fn opens(chars: &Characters<'_>) -> bool {
    let mut ahead = chars.clone().map(|(_, c)| c);
    ahead
        .find(|c| !matches!(c, ' ' | '\t'))
        .is_some_and(|c| matches!(c, '{' | '['))
}

/// Passes over a string whose content starts at `from`; where the content ends. A line break ends
/// it too, and is left.
fn string_end(text: &str, chars: &mut Characters<'_>, from: usize, quote: char) -> usize {
    while let Some((at, c)) = chars.next_if(|(_, c)| *c != '\n') {
        match c {
            '\\' => drop(chars.next_if(|(_, c)| *c != '\n')),
            c if c == quote => return at,
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

    fn names() -> Names {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names {
            secret: set(&["password", "access_token", "credentials_map"]),
            plain: set(&["username", "slack"]),
            holding: set(&["credentials"]),
            open: set(&["region"]),
        }
    }

    fn hidden_in(path: &str, text: &str) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add(path, text);
        let masked = masked(&sources, &names(), &[]);
        let masked = masked.get(file).unwrap();
        assert_eq!(masked.text.len(), text.len());
        masked.text.to_string()
    }

    fn hidden(text: &str) -> String {
        hidden_in("main.tf", text)
    }

    #[test]
    fn unknown_names_among_credentials_and_in_files_of_variables_are_hidden() {
        let cases = [
            (
                "main.tf",
                "credentials {\n  slack {\n    username = \"u\"\n    what = \"x\"\n  }\n}\nwhat = \"y\"",
                "credentials {\n  slack {\n    username = \"u\"\n    what = \"*\"\n  }\n}\nwhat = \"y\"",
            ),
            (
                "main.tf.json",
                r#"{"credentials": [{"slack": {"username": "u", "what": "x"}}], "what": "y"}"#,
                r#"{"credentials": [{"slack": {"username": "u", "what": "*"}}], "what": "y"}"#,
            ),
            (
                "a.tfvars",
                "region = \"r\"\nwhat = \"x\"",
                "region = \"r\"\nwhat = \"*\"",
            ),
            ("a.tfvars", "password = x1 # y", "password = ** * *"),
            (
                "a.tfvars.json",
                r#"{"what": "x", "region": "r"}"#,
                r#"{"what": "*", "region": "r"}"#,
            ),
            ("main.tf", "password = 'it'", "password = '**'"),
        ];
        for (path, text, expected) in cases {
            assert_eq!(hidden_in(path, text), expected);
        }
    }

    #[test]
    fn what_is_covered_is_known() {
        let mut sources = SourceMap::default();
        sources.add(
            "main.tf",
            "password = \"hunter2\"\nname = \"x\"\npasword = \"other\"",
        );
        let masked = masked(&sources, &names(), &[]);
        assert_eq!(covered(&sources, &masked), ["hunter2", "other"]);
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
            (r#"# password = "x""#, r#"# password = "*""#),
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
        let masked = masked(&sources, &Names::default(), &[span]);
        assert_eq!(masked.text(span), "*******");
    }
}
