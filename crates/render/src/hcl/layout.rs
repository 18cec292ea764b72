//! What hcl-rs cannot write: a call over several lines.

use flowctl_parser::is_name;

/// `text` with the calls of `jsonencode` that were handed to hcl-rs as parentheses, because it
/// writes the arguments of a call on one line. Every attribute in it begins a line.
pub(super) fn with_calls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut heredoc = None;
    for line in text.lines() {
        match &heredoc {
            Some(mark) if line.trim() == *mark => heredoc = None,
            Some(_) => {}
            None => {
                let line = encoded(line);
                let mark = split(&line).and_then(|(_, value)| value.strip_prefix("<<"));
                heredoc = mark.map(|mark| mark.trim_start_matches('-').to_owned());
                out.push_str(&line);
                out.push('\n');
                continue;
            }
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// A document in parentheses is the argument of `jsonencode`.
fn encoded(line: &str) -> String {
    match split(line) {
        Some((name, value)) if value.starts_with("({") || value.starts_with("([") => {
            format!("{name} = jsonencode{value}")
        }
        _ => line.to_owned(),
    }
}

/// The name of an attribute with the blanks before it, and its value.
fn split(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(" = ")?;
    is_name(name.trim_start()).then_some((name, value))
}
