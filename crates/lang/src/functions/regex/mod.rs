//! Functions of regular expressions.
//!
//! Configurations are written for the syntax of RE2. The library's syntax is nearly the same; the
//! places where it is not are translated first.

mod syntax;

use flowctl_model::{Text, Type, Value};
use regex::{Captures, Regex};

use super::{Call, Function, FunctionError, Kind, Param, Returns, text};

const PATTERN: Param = Param::new("pattern", Kind::String);
const SUBJECT: Param = Param::new("string", Kind::String);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "regex",
        params: &[PATTERN, SUBJECT],
        returns: Returns::From(match_type),
        doc: "The first match of a regular expression: the text, or what its groups captured.",
        example: (
            "regex(\"[a-z]+\", \"53453453.345345aaabbbccc23454\")",
            "\"aaabbbccc\"",
        ),
        body: |call| {
            let pattern = pattern(call.text(0)?)?;
            match pattern.regex.captures(call.text(1)?) {
                Some(captures) => Ok(captured(&pattern, &captures)),
                None => Err(FunctionError::other(
                    "pattern did not match any part of the given string",
                )),
            }
        },
        ..Function::BASE
    },
    Function {
        name: "regexall",
        params: &[PATTERN, SUBJECT],
        returns: Returns::From(|args| Ok(Type::list(match_type(args)?))),
        doc: "All matches of a regular expression, each as of regex.",
        example: ("length(regexall(\"[a-z]\", \"1a2b3\"))", "2"),
        body: |call: &mut Call<'_>| {
            let pattern = pattern(call.text(0)?)?;
            let matches = pattern
                .regex
                .captures_iter(call.text(1)?)
                .map(|captures| captured(&pattern, &captures))
                .collect();
            Ok(Value::list(shape(&pattern)?, matches))
        },
        ..Function::BASE
    },
    Function {
        name: "replace",
        params: &[
            Param::new("str", Kind::String),
            Param::new("substr", Kind::String),
            Param::new("replace", Kind::String),
        ],
        returns: Returns::Fixed(Kind::String),
        doc: "The string with every occurrence of another one replaced; between slashes that other \
              one is a regular expression, and $1 in the replacement is what its group captured.",
        example: ("replace(\"1 + 2 + 3\", \"+\", \"-\")", "\"1 - 2 - 3\""),
        body: |call| {
            let (string, wanted, by) = (call.text(0)?, call.text(1)?, call.text(2)?);
            let inside = wanted
                .strip_prefix('/')
                .and_then(|rest| rest.strip_suffix('/'));
            Ok(text(match inside {
                Some(inside) => compile(inside)
                    .map_err(|why| FunctionError::other(format!("error parsing regexp: {why}")))?
                    .replace_all(string, by),
                None => string.replace(wanted, by),
            }))
        },
        ..Function::BASE
    },
];

/// The type of what a match gives; `Any` while the pattern is not known.
fn match_type(args: &[Value]) -> Result<Type, FunctionError> {
    match args.first().and_then(Value::as_str) {
        Some(source) => shape(&pattern(source)?),
        None => Ok(Type::Any),
    }
}

fn pattern(source: &str) -> Result<Pattern, FunctionError> {
    compile(source)
        .map_err(|why| FunctionError::argument(0, format!("invalid regexp pattern: {why}")))
}

/// A string without groups, a tuple of unnamed ones, an object of named ones.
fn shape(pattern: &Pattern) -> Result<Type, FunctionError> {
    let groups = &pattern.groups;
    let named: Vec<&str> = groups.iter().filter_map(Option::as_deref).collect();
    if groups.is_empty() {
        Ok(Type::String)
    } else if named.is_empty() {
        Ok(Type::tuple(vec![Type::String; groups.len()]))
    } else if named.len() == groups.len() {
        Ok(Type::object(
            named.into_iter().map(|name| (name, Type::String)),
        ))
    } else {
        Err(FunctionError::argument(
            0,
            "invalid regexp pattern: cannot mix both named and unnamed capture groups",
        ))
    }
}

fn captured(pattern: &Pattern, captures: &Captures<'_>) -> Value {
    let group = |index: usize| match captures.get(index) {
        Some(found) => text(found.as_str()),
        None => Value::null(Type::String),
    };
    let groups = pattern.groups.iter().enumerate();
    if pattern.groups.is_empty() {
        group(0)
    } else if pattern.groups.iter().any(Option::is_some) {
        // Of groups with one name the last counts.
        Value::object(
            groups
                .filter_map(|(index, name)| Some((Text::from(name.as_deref()?), group(index + 1)))),
        )
    } else {
        Value::tuple(groups.map(|(index, _)| group(index + 1)).collect())
    }
}

/// Patterns that would need more memory than this are refused.
const MAX_SIZE: usize = 64 << 20;

/// A compiled pattern and the names of its groups.
struct Pattern {
    regex: Regex,
    groups: Vec<Option<String>>,
}

/// A pattern in the syntax of RE2, or what is wrong with it.
fn compile(source: &str) -> Result<Pattern, String> {
    let translated = syntax::translate(source)?;
    let regex = regex::RegexBuilder::new(&translated.pattern)
        .size_limit(MAX_SIZE)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!("the pattern is too large: {source}"),
            error => {
                let message = error.to_string();
                let last = message.lines().last().unwrap_or_default();
                let why = last.trim().trim_start_matches("error: ");
                format!("{why} in {source}")
            }
        })?;
    Ok(Pattern {
        regex,
        groups: translated.groups,
    })
}

impl Pattern {
    /// The replacement for a match: `$1`, `$name` and `${name}` stand for what groups captured.
    fn expand(&self, template: &str, captures: &Captures<'_>, out: &mut String) {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let word = |text: &str| {
                text.find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(text.len())
            };
            let (name, after) = match rest.strip_prefix('{') {
                Some(braced) => {
                    let (name, after) = braced.split_at(word(braced));
                    (name, after.strip_prefix('}'))
                }
                None => {
                    let (name, after) = rest.split_at(word(rest));
                    (name, Some(after))
                }
            };
            let Some(after) = after.filter(|_| !name.is_empty()) else {
                out.push('$');
                continue;
            };
            rest = after;
            let found = if name.bytes().all(|b| b.is_ascii_digit()) {
                name.parse()
                    .ok()
                    .and_then(|index: usize| captures.get(index))
            } else {
                let named = self.groups.iter().enumerate();
                named
                    .filter(|(_, group)| group.as_deref() == Some(name))
                    .find_map(|(index, _)| captures.get(index + 1))
            };
            out.push_str(found.map_or("", |found| found.as_str()));
        }
        out.push_str(rest);
    }

    fn replace_all(&self, string: &str, by: &str) -> String {
        let mut out = String::with_capacity(string.len());
        let mut at = 0;
        for captures in self.regex.captures_iter(string) {
            let Some(whole) = captures.get(0) else {
                continue;
            };
            out.push_str(string.get(at..whole.start()).unwrap_or_default());
            self.expand(by, &captures, &mut out);
            at = whole.end();
        }
        out.push_str(string.get(at..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_is_that_of_re2() {
        for (source, subject, found) in [
            (r"\d+", "x٣4", Some("4")),
            (r"\w+", "é_a", Some("_a")),
            (r"[\w-]+", "é a-b", Some("a-b")),
            (r"[^\s]+", "\t a", Some("a")),
            (r"[\D]", "1x", Some("x")),
            (r"\bfoo\b", "éfoo", Some("foo")),
            (r"a{,3}", "a{,3}", Some("a{,3}")),
            (r"{x}", "{x}", Some("{x}")),
            (r"a{2}", "aaa", Some("aa")),
            (r"[[]", "[", Some("[")),
            (r"[]a]+", "]a", Some("]a")),
            (r"[a&&b]+", "&b", Some("&b")),
            (r"[a-]+", "-a", Some("-a")),
            (r"\Qa.b\E+", "a.bb", Some("a.bb")),
            (r"\p{Lu}\pL", "éÀb", Some("Àb")),
            (r"(?P<a>x)|y", "y", Some("y")),
            (r"[[:digit:][:^alpha:]]+", "a1.", Some("1.")),
            (r"\x{e9}", "é", Some("é")),
        ] {
            let pattern = compile(source).unwrap();
            assert_eq!(
                pattern.regex.find(subject).map(|m| m.as_str()),
                found,
                "{source}"
            );
        }
        for source in [
            "(",
            ")",
            "[",
            "a{1001}",
            "(a{500}){3}",
            "[z-a]",
            "[a--b]",
            "\\",
            "*",
            "a**",
            "a+{2}",
            "(?x)a",
            "(?=a)",
            "\\1",
            "\\u0041",
            "[\\b]",
            "(?P<n",
            "(?P<a b>c)",
        ] {
            assert!(compile(source).is_err(), "{source}");
        }
    }
}
