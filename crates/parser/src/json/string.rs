//! JSON strings: where they end, what they mean, and which byte of the text each byte of the
//! meaning comes from.

use std::borrow::Cow;

/// The length of the string that `bytes` begin with, both quotes included; without its closing
/// quote it ends before the first control character.
pub(super) fn length(bytes: &[u8]) -> usize {
    let mut escaped = false;
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            0..=31 => return index,
            b'"' if !escaped => return index + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    bytes.len()
}

/// What a quoted string means, or the number of bytes up to and including the first wrong one.
pub(super) fn decode(quoted: &str) -> Result<Cow<'_, str>, usize> {
    let inner = quoted
        .get(1..quoted.len().saturating_sub(1))
        .filter(|_| quoted.len() > 1 && quoted.ends_with('"'));
    if let Some(inner) = inner
        && !inner.contains('\\')
    {
        return Ok(Cow::Borrowed(inner));
    }
    unescape(quoted, |_, _| {}).map(Cow::Owned)
}

/// Where the bytes of a decoded string stand in the file.
pub(crate) struct Offsets {
    /// Where the decoded text and the file go on side by side: byte of the one, byte of the other.
    steps: Vec<(u32, u32)>,
}

impl Offsets {
    /// For a quoted string that begins at byte `start` of the file.
    pub(super) fn new(quoted: &str, start: u32) -> Self {
        let offset = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        let mut steps = vec![(0, start + 1)];
        // What is wrong with the string was reported when the document was read.
        let _ = unescape(quoted, |decoded, raw| {
            steps.push((offset(decoded), start.saturating_add(offset(raw))));
        });
        Self { steps }
    }

    /// For a string without escapes whose content begins at byte `start` of the file.
    pub(crate) fn plain(start: u32) -> Self {
        Self {
            steps: vec![(0, start)],
        }
    }

    /// The byte of the file for a byte of the decoded text.
    pub(crate) fn in_file(&self, decoded: u32) -> u32 {
        let next = self.steps.partition_point(|(at, _)| *at <= decoded);
        let (at, raw) = self.steps[next.saturating_sub(1)];
        raw + (decoded - at)
    }
}

/// Resolves escapes; `step` hears behind each one how many bytes were written and read.
fn unescape(quoted: &str, mut step: impl FnMut(usize, usize)) -> Result<String, usize> {
    let mut text = String::with_capacity(quoted.len());
    let mut at = 1;
    loop {
        let rest = quoted.get(at..).unwrap_or_default();
        let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
        text.push_str(&rest[..plain]);
        at += plain;
        match quoted.as_bytes().get(at) {
            Some(b'"') => return Ok(text),
            Some(b'\\') => {}
            _ => return Err(quoted.len()),
        }
        let escape = quoted.as_bytes().get(at + 1).copied();
        let character = match escape {
            Some(mark @ (b'"' | b'\\' | b'/')) => char::from(mark),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let (character, length) = unicode(quoted, at)?;
                at += length - 2;
                character
            }
            None => return Err(quoted.len()),
            Some(_) => return Err(at + 2),
        };
        at += 2;
        text.push(character);
        step(text.len(), at);
    }
}

/// The character of the `\uXXXX` at `at`, or of the two that make a pair, and their length. Half of
/// a pair becomes the replacement character.
fn unicode(quoted: &str, at: usize) -> Result<(char, usize), usize> {
    let unit = |at: usize| -> Result<u32, usize> {
        let mut unit = 0;
        for index in at + 2..at + 6 {
            let byte = quoted.as_bytes().get(index).ok_or(quoted.len())?;
            let digit = char::from(*byte).to_digit(16).ok_or(index + 1)?;
            unit = unit * 16 + digit;
        }
        Ok(unit)
    };
    let first = unit(at)?;
    if (0xd800..0xdc00).contains(&first)
        && quoted
            .get(at + 6..)
            .is_some_and(|rest| rest.starts_with("\\u"))
        && let Ok(second @ 0xdc00..0xe000) = unit(at + 6)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Ok((
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            12,
        ));
    }
    Ok((
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER),
        6,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_mean_what_json_says() {
        for (quoted, meaning) in [
            (r#""""#, Ok("")),
            (r#""a\n\"\/\\b""#, Ok("a\n\"/\\b")),
            (r#""\u00e9\ud83d\ude00""#, Ok("é😀")),
            (r#""\ud83dx""#, Ok("\u{fffd}x")),
            (r#""a\q""#, Err(4)),
            (r#""\u12g4""#, Err(6)),
            (r#""abc"#, Err(4)),
            (r#"""#, Err(1)),
            (r#""\""#, Err(3)),
        ] {
            let decoded = decode(quoted);
            assert_eq!(decoded.as_deref().map_err(|at| *at), meaning, "{quoted}");
        }
    }

    #[test]
    fn every_byte_is_found_again() {
        let quoted = r#""a\nb\u00e9c""#;
        let offsets = Offsets::new(quoted, 10);
        let decoded = decode(quoted).unwrap();
        for (letter, raw) in [("a", 11), ("b", 14), ("c", 21)] {
            let at = u32::try_from(decoded.find(letter).unwrap()).unwrap();
            assert_eq!(offsets.in_file(at), raw, "{letter}");
        }
    }
}
