//! The rest of the layout of `terraform fmt`, which hcl-rs does not know: equals signs below each
//! other, and calls over several lines.

use unicode_segmentation::UnicodeSegmentation;

/// `text` as `terraform fmt` would leave it. It comes from hcl-rs: every attribute and every
/// member of an object begins a line.
pub(super) fn tidy(text: &str) -> String {
    let mut out = Vec::<String>::new();
    // Attributes on lines that follow each other (the lines of a heredoc belong to its first), as
    // their index and the width of their name.
    let mut chain = Vec::new();
    let mut heredoc = None;
    for line in text.lines() {
        if let Some(mark) = &heredoc {
            if line.trim() == *mark {
                heredoc = None;
            }
            out.push(line.to_owned());
            continue;
        }
        let line = encoded(line);
        let assignment = split(&line);
        heredoc = assignment.and_then(|(_, value)| {
            let mark = value.strip_prefix("<<")?;
            Some(mark.trim_start_matches('-').to_owned())
        });
        match assignment {
            Some((name, value)) if is_whole(value) => {
                chain.push((out.len(), columns(name)));
            }
            _ => align(&mut out, &mut chain),
        }
        out.push(line);
    }
    align(&mut out, &mut chain);
    out.push(String::new());
    out.join("\n")
}

/// Columns as `terraform fmt` counts them: each character that is seen as one is one.
fn columns(text: &str) -> usize {
    text.graphemes(true).count()
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
    let start = line.len() - line.trim_start().len();
    let rest = &line[start..];
    let name = if let Some(quoted) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.find(|c| {
            let end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        })?;
        end + 2
    } else {
        rest.find(' ')?
    };
    let value = rest.get(name..)?.strip_prefix(" = ")?;
    Some((&line[..start + name], value))
}

/// Whether a value ends on its line, so that equals signs are lined up.
fn is_whole(value: &str) -> bool {
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut escaped = false;
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' | '(' if !quoted => depth += 1,
            '}' | ']' | ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// Lines the equals signs of a chain up.
fn align(lines: &mut [String], chain: &mut Vec<(usize, usize)>) {
    let width = chain.iter().map(|(_, width)| *width).max().unwrap_or(0);
    for (index, own) in chain.drain(..) {
        let Some(line) = lines.get_mut(index) else {
            continue;
        };
        if let Some((name, value)) = split(line) {
            *line = format!("{name}{} = {value}", " ".repeat(width - own));
        }
    }
}
