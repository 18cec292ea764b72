//! Functions of files and of their paths.

use flowctl_model::{Type, Value};
use regex::Regex;

use super::OUTSIDE;
use super::{Call, Function, FunctionError, Kind, Param, Returns, read_bytes, read_text, text};
use crate::world::FileError;

const PATH: Param = Param::new("path", Kind::String);
const STRING: Returns = Returns::Fixed(Kind::String);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "abspath",
        params: &[PATH],
        returns: STRING,
        doc: "The path as an absolute one, without . and .. in it.",
        example: ("abspath(\"/a/../b\")", "\"/b\""),
        body: |call| {
            let path = call.text(0)?;
            Ok(text(if path.starts_with('/') {
                clean(path)
            } else {
                clean(&format!("{}/{path}", call.world().working_directory()))
            }))
        },
        ..Function::BASE
    },
    Function {
        name: "basename",
        params: &[PATH],
        returns: STRING,
        doc: "The last part of a path.",
        example: ("basename(\"foo/bar/baz.txt\")", "\"baz.txt\""),
        body: |call| {
            let path = call.text(0)?;
            let trimmed = path.trim_end_matches('/');
            Ok(text(match (path.is_empty(), trimmed.is_empty()) {
                (true, _) => ".",
                (false, true) => "/",
                _ => trimmed.rsplit('/').next().unwrap_or(trimmed),
            }))
        },
        ..Function::BASE
    },
    Function {
        name: "dirname",
        params: &[PATH],
        returns: STRING,
        doc: "The path without its last part.",
        example: ("dirname(\"foo/bar/baz.txt\")", "\"foo/bar\""),
        body: |call| {
            let path = call.text(0)?;
            let end = path.rfind('/').map_or(0, |at| at + 1);
            Ok(text(clean(path.get(..end).unwrap_or_default())))
        },
        ..Function::BASE
    },
    Function {
        name: "file",
        params: &[PATH],
        returns: STRING,
        doc: "The content of a file, which must be text in UTF-8.",
        body: |call| {
            let path = call.text(0)?;
            Ok(text(read_text(call, 0, path)?))
        },
        ..Function::BASE
    },
    Function {
        name: "filebase64",
        params: &[PATH],
        returns: STRING,
        doc: "The content of any file in base64.",
        body: |call| {
            let bytes = read_bytes(call, 0, call.text(0)?)?;
            Ok(text(super::encoding::encode_base64(&bytes)))
        },
        ..Function::BASE
    },
    Function {
        name: "fileexists",
        params: &[PATH],
        returns: Returns::Fixed(Kind::Bool),
        doc: "Whether there is a file at a path.",
        body: |call| {
            let path = match call.text(0)? {
                "" => ".",
                path => path,
            };
            let found = call
                .world()
                .file_exists(&super::expand_home(call, 0, path)?);
            found.map(Value::bool).map_err(|error| {
                FunctionError::other(match error {
                    FileError::NotAFile => format!("{path:?} is a directory, not a file"),
                    FileError::Denied => format!("access to {path:?} is denied"),
                    FileError::Outside => format!("{path:?} {OUTSIDE}"),
                    FileError::NotFound | FileError::Other => {
                        format!("failed to look for {path:?}")
                    }
                })
            })
        },
        ..Function::BASE
    },
    Function {
        name: "fileset",
        params: &[PATH, Param::new("pattern", Kind::String)],
        returns: Returns::Fixed(Kind::Set(&Kind::String)),
        doc: "The paths of the files below a directory that a pattern fits: * stands for any part \
              of a name, ** for directories, ? for a character.",
        body: file_set,
        ..Function::BASE
    },
    Function {
        name: "pathexpand",
        params: &[PATH],
        returns: STRING,
        doc: "The path with ~ at its start replaced by the home directory.",
        example: ("pathexpand(\"a/~\")", "\"a/~\""),
        body: |call| {
            super::home_expanded(call, call.text(0)?)
                .map(text)
                .map_err(FunctionError::other)
        },
        ..Function::BASE
    },
];

/// The shortest path that leads to the same place.
fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if absolute => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn file_set(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let pattern = call.text(1)?;
    // Parts that lead upwards are of the directory, not of the pattern.
    let cleaned = clean(pattern.trim_start_matches('/'));
    let mut below = cleaned.as_str();
    let mut directory = super::expand_home(call, 0, call.text(0)?)?;
    let mut prefix = String::new();
    while let Some(rest) = below.strip_prefix("../") {
        directory.push_str("/..");
        prefix.push_str("../");
        below = rest;
    }
    let glob = glob(below).ok_or_else(|| {
        FunctionError::other(format!(
            "failed to glob pattern {pattern:?}: syntax error in pattern"
        ))
    })?;
    let files = match call.world().list_files(&directory) {
        Ok(files) => files,
        Err(FileError::NotFound | FileError::NotAFile) => Vec::new(),
        Err(FileError::Outside) => {
            return Err(FunctionError::other(format!("{directory:?} {OUTSIDE}")));
        }
        Err(_) => {
            return Err(FunctionError::other(format!(
                "the directory {directory:?} cannot be read"
            )));
        }
    };
    let found = files
        .iter()
        .filter(|file| glob.is_match(file))
        .map(|file| text(format!("{prefix}{file}")));
    Ok(Value::set(Type::String, found.collect()))
}

/// A pattern of paths as a regular expression; `None` if it is malformed.
fn glob(pattern: &str) -> Option<Regex> {
    let mut out = String::from("^(?s:");
    let mut chars = pattern.chars().peekable();
    let mut at_start = true;
    let mut open = 0_usize;
    while let Some(c) = chars.next() {
        let starts = at_start;
        at_start = c == '/';
        match c {
            '*' if chars.peek() == Some(&'*') => {
                while chars.next_if_eq(&'*').is_some() {}
                match (starts, chars.peek()) {
                    (true, Some('/')) => {
                        chars.next();
                        at_start = true;
                        out.push_str("(?:[^/]*/)*");
                    }
                    (true, None) => out.push_str(".*"),
                    _ => out.push_str("[^/]*"),
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => class(&mut chars, &mut out)?,
            '{' => {
                open += 1;
                out.push_str("(?:");
            }
            '}' if open > 0 => {
                open -= 1;
                out.push(')');
            }
            ',' if open > 0 => out.push('|'),
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    if open > 0 {
        return None;
    }
    out.push_str(")$");
    Regex::new(&out).ok()
}

/// A class of characters, after its opening bracket.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut empty = true;
    loop {
        match chars.next()? {
            ']' if !empty => break,
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            '-' if !empty && chars.peek().is_some_and(|c| *c != ']') => out.push('-'),
            c => {
                out.push('\\');
                if c.is_alphanumeric() || !c.is_ascii() {
                    out.pop();
                }
                out.push(c);
            }
        }
        empty = false;
    }
    out.push(']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_lexically() {
        for (path, cleaned) in [
            ("", "."),
            ("/..", "/"),
            ("a/b/../c", "a/c"),
            ("../a/.", "../a"),
            ("a/..", "."),
            ("//a//b/", "/a/b"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn patterns_fit_paths() {
        for (pattern, path, fits) in [
            ("*", ".dot", true),
            ("*", "a/b", false),
            ("**", "a/b/c", true),
            ("**/*.txt", "x.txt", true),
            ("**/*.txt", "a/b/x.txt", true),
            ("**.txt", "a/x.txt", false),
            ("d/**/w.txt", "d/w.txt", true),
            ("{x,y}.*", "y.md", true),
            ("[^x].*", "y.md", true),
            ("[!x].*", "x.md", true),
            ("\\[x\\]", "[x]", true),
            ("a?c", "a/c", false),
            ("a+b", "aab", false),
        ] {
            assert_eq!(
                glob(pattern).unwrap().is_match(path),
                fits,
                "{pattern} {path}"
            );
        }
        for pattern in ["[", "{a", "a\\", "[a"] {
            assert!(glob(pattern).is_none(), "{pattern}");
        }
    }
}
