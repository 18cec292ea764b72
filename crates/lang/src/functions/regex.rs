//! Functions of regular expressions.
//!
//! Configurations are written for the syntax of RE2. The library's syntax is nearly the same; the
//! places where it is not are translated first.

use std::fmt::Write as _;

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
        returns: Returns::From(|args| match_type(args)),
        doc: "The first match of a regular expression: the text, or what its groups captured.",
        example: (
            "regex(\"[a-z]+\", \"53453453.345345aaabbbccc23454\")",
            "\"aaabbbccc\"",
        ),
        body: |call| {
            let pattern = pattern(call.text(0)?)?;
            match pattern.captures(call.text(1)?) {
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
                    .replace_all(string, by)
                    .into_owned(),
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

fn pattern(source: &str) -> Result<Regex, FunctionError> {
    compile(source)
        .map_err(|why| FunctionError::argument(0, format!("invalid regexp pattern: {why}")))
}

/// A string without groups, a tuple of unnamed ones, an object of named ones.
fn shape(pattern: &Regex) -> Result<Type, FunctionError> {
    let groups: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    let named: Vec<&str> = groups.iter().copied().flatten().collect();
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

fn captured(pattern: &Regex, captures: &Captures<'_>) -> Value {
    let group = |index: usize| match captures.get(index) {
        Some(found) => text(found.as_str()),
        None => Value::null(Type::String),
    };
    let names: Vec<_> = pattern.capture_names().enumerate().skip(1).collect();
    if names.is_empty() {
        group(0)
    } else if names.iter().any(|(_, name)| name.is_some()) {
        Value::object(
            names
                .into_iter()
                .filter_map(|(index, name)| Some((Text::from(name?), group(index)))),
        )
    } else {
        Value::tuple(names.into_iter().map(|(index, _)| group(index)).collect())
    }
}

/// A pattern in the syntax of RE2, or what is wrong with it.
fn compile(source: &str) -> Result<Regex, String> {
    check_repetitions(source)?;
    Regex::new(&Translation::of(source)).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("the pattern is too large: {source}"),
        error => {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            let why = last.trim().trim_start_matches("error: ");
            format!("{why} in {source}")
        }
    })
}

/// RE2 has a limit for the counts of repetitions.
fn check_repetitions(source: &str) -> Result<(), String> {
    let mut rest = source;
    while let Some(open) = rest.find('{') {
        rest = rest.get(open + 1..).unwrap_or_default();
        let inside = rest.split('}').next().unwrap_or_default();
        let too_many = |count: &str| {
            !count.is_empty()
                && count.bytes().all(|b| b.is_ascii_digit())
                && count.parse::<u32>().map_or(true, |count| count > 1000)
        };
        if is_repetition(inside) && inside.split(',').any(too_many) {
            return Err(format!("invalid repeat count in {{{inside}}}"));
        }
    }
    Ok(())
}

/// Whether this between braces is `n`, `n,` or `n,m`.
fn is_repetition(inside: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    !least.is_empty() && digits(least) && digits(most)
}

/// The rewriting of a pattern: classes of one letter are of ASCII, an opening brace that begins no
/// repetition stands for itself, and so do brackets and doubled operators within a class.
struct Translation<'a> {
    rest: std::str::Chars<'a>,
    out: String,
}

impl<'a> Translation<'a> {
    fn of(source: &'a str) -> String {
        let mut this = Self {
            rest: source.chars(),
            out: String::with_capacity(source.len() + 16),
        };
        while let Some(c) = this.rest.next() {
            match c {
                '\\' => this.escape(false),
                '[' => this.class(),
                '{' => {
                    let inside = this.rest.as_str().split_once('}');
                    if !inside.is_some_and(|(inside, _)| is_repetition(inside)) {
                        this.out.push('\\');
                    }
                    this.out.push('{');
                }
                c => this.out.push(c),
            }
        }
        this.out
    }

    /// After a backslash.
    fn escape(&mut self, in_class: bool) {
        let Some(c) = self.rest.next() else {
            self.out.push('\\');
            return;
        };
        let (inside, negated) = match c {
            'd' => ("0-9", false),
            'D' => ("0-9", true),
            's' => ("\\t\\n\\f\\r ", false),
            'S' => ("\\t\\n\\f\\r ", true),
            'w' => ("0-9A-Za-z_", false),
            'W' => ("0-9A-Za-z_", true),
            'b' if !in_class => return self.out.push_str("(?-u:\\b)"),
            'Q' => return self.quoted(),
            '<' | '>' => return self.out.push(c),
            'p' | 'P' | 'x' => {
                self.out.push('\\');
                self.out.push(c);
                if let Some((braced, rest)) = self
                    .rest
                    .as_str()
                    .strip_prefix('{')
                    .and_then(|rest| rest.split_once('}'))
                {
                    let _ = write!(self.out, "{{{braced}}}");
                    self.rest = rest.chars();
                }
                return;
            }
            c => {
                self.out.push('\\');
                return self.out.push(c);
            }
        };
        let _ = match (negated, in_class) {
            (false, true) => write!(self.out, "{inside}"),
            (false, false) => write!(self.out, "[{inside}]"),
            (true, _) => write!(self.out, "[^{inside}]"),
        };
    }

    /// Literal text up to `\E`.
    fn quoted(&mut self) {
        let rest = self.rest.as_str();
        let (literal, after) = rest.split_once("\\E").unwrap_or((rest, ""));
        self.out.push_str(&regex::escape(literal));
        self.rest = after.chars();
    }

    /// After the bracket that opens a class.
    fn class(&mut self) {
        self.out.push('[');
        let mut rest = self.rest.as_str();
        if let Some(after) = rest.strip_prefix('^') {
            self.out.push('^');
            rest = after;
        }
        if let Some(after) = rest.strip_prefix(']') {
            self.out.push_str("\\]");
            rest = after;
        }
        self.rest = rest.chars();
        while let Some(c) = self.rest.next() {
            match c {
                ']' => return self.out.push(']'),
                '\\' => self.escape(true),
                '[' => {
                    let named = self
                        .rest
                        .as_str()
                        .strip_prefix(':')
                        .and_then(|rest| rest.split_once(":]"));
                    match named {
                        Some((name, rest)) => {
                            let _ = write!(self.out, "[:{name}:]");
                            self.rest = rest.chars();
                        }
                        None => self.out.push_str("\\["),
                    }
                }
                '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '-' if self.rest.as_str().starts_with(']') || self.out.ends_with('[') => {
                    self.out.push_str("\\-");
                }
                c => self.out.push(c),
            }
        }
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
            assert_eq!(pattern.find(subject).map(|m| m.as_str()), found, "{source}");
        }
        for source in ["(", "[", "a{1001}", "[z-a]", "\\", "*", "(?P<n>a)(?P<n>b)"] {
            assert!(compile(source).is_err(), "{source}");
        }
    }
}
