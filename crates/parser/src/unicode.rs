//! What is one character, and the normal form of a text, as Terraform 1.11 has them: those of
//! Unicode 15.0. Later versions keep Indic consonants that are joined together, and know marks that
//! the tables of this one do not have.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Code points of later versions that are marks or made of several there. They come in no text of
/// this version, where they would be as any letter.
const NEWER: [RangeInclusive<char>; 15] = [
    '\u{5c8}'..='\u{5cf}',
    '\u{897}'..='\u{897}',
    '\u{1acf}'..='\u{1aff}',
    '\u{105c0}'..='\u{105ff}',
    '\u{10d40}'..='\u{10d8f}',
    '\u{10ec0}'..='\u{10efc}',
    '\u{11380}'..='\u{113ff}',
    '\u{11b60}'..='\u{11b6f}',
    '\u{11f5a}'..='\u{11f5a}',
    '\u{16100}'..='\u{1613f}',
    '\u{16d40}'..='\u{16d7f}',
    '\u{1d127}'..='\u{1d128}',
    '\u{1d250}'..='\u{1d2bf}',
    '\u{1e5d0}'..='\u{1e5ff}',
    '\u{1e6c0}'..='\u{1e6ff}',
];
const ZERO_WIDTH_JOINER: char = '\u{200d}';

fn is_newer(c: char) -> bool {
    NEWER.iter().any(|range| range.contains(&c))
}

/// Whether a character can be seen, or is a blank: letters, marks, numbers, punctuation, symbols.
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // Behind a letter, for a mark alone is escaped too.
    let shown = String::from_iter(['a', c]);
    !shown.escape_debug().any(|c| c == '\\')
}

/// A text as it is written in quotes, where it is no template.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', c]),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
        }
    }
    out
}

/// The text in normal form C.
pub fn normal(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(is_newer) {
        let last = part.chars().next_back().filter(|c| is_newer(*c));
        let rest = part.len() - last.map_or(0, char::len_utf8);
        out.extend(part.get(..rest).unwrap_or_default().nfc());
        out.extend(last);
    }
    Cow::Owned(out)
}

/// How many characters a reader sees.
pub fn grapheme_count(text: &str) -> usize {
    if text.is_ascii() && !text.contains('\r') {
        text.len()
    } else {
        graphemes(text).len()
    }
}

/// The characters that a reader sees.
pub fn graphemes(text: &str) -> Vec<&str> {
    let known = known(text);
    let mut rest = text;
    let mut next = |size: usize| {
        let (first, after) = rest.split_at_checked(size).unwrap_or((rest, ""));
        rest = after;
        first
    };
    let sizes = known.graphemes(true).flat_map(parts);
    sizes.map(&mut next).collect()
}

/// The text with letters of the same size in place of what is newer.
fn known(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_newer) {
        return Cow::Borrowed(text);
    }
    let letter = |c: char| match c.len_utf8() {
        _ if !is_newer(c) => c,
        2 => 'é',
        3 => '日',
        _ => '\u{20000}',
    };
    Cow::Owned(text.chars().map(letter).collect())
}

/// How long the characters are that later versions take for one.
fn parts(cluster: &str) -> Vec<usize> {
    // Two consonants and what joins them.
    if cluster.is_ascii() || cluster.chars().nth(2).is_none() {
        return vec![cluster.len()];
    }
    let mut sizes = Vec::new();
    let mut size = 0;
    let mut before = None;
    for c in cluster.chars() {
        if before.is_some_and(|before| !joined(before, c)) {
            sizes.push(size);
            size = 0;
        }
        size += c.len_utf8();
        before = Some(c);
    }
    sizes.push(size);
    sizes
}

/// Whether two code points belong to one character wherever they follow one another in one. Of those
/// that need more around them, pictures have to stay, and consonants do not.
fn joined(before: char, after: char) -> bool {
    let one = |text: &[char]| {
        let text: String = text.iter().collect();
        text.graphemes(true).count() == 1
    };
    one(&[before, after]) || (before == ZERO_WIDTH_JOINER && one(&['👩', before, after]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped_in_quotes() {
        let text = "é\u{301}😀 \u{200b}\u{a0}\u{590}\u{7f}\u{f0000}\t\"\\$x${y}";
        assert_eq!(
            quoted(text),
            "é\u{301}😀 \\u200b\\u00a0\\u0590\\u007f\\U000f0000\\t\\\"\\\\$x$${y}"
        );
    }

    #[test]
    fn joined_consonants_are_characters_of_their_own_and_pictures_stay_together() {
        for (text, expected) in [
            ("क्षि", vec!["क्", "षि"]),
            ("क्\u{200d}ष", vec!["क्\u{200d}", "ष"]),
            (
                "👨\u{200d}👩\u{200d}👧🇩🇪e\u{301}\r\n",
                vec!["👨\u{200d}👩\u{200d}👧", "🇩🇪", "e\u{301}", "\r\n"],
            ),
            ("a\u{897}b", vec!["a", "\u{897}", "b"]),
            ("각힣", vec!["각", "힣"]),
        ] {
            assert_eq!(graphemes(text), expected);
            assert_eq!(grapheme_count(text), expected.len());
        }
    }

    #[test]
    fn marks_of_later_versions_stay_where_they_are() {
        assert_eq!(normal("e\u{301}\u{5c8}\u{323}"), "é\u{5c8}\u{323}");
        assert_eq!(normal("e\u{5c8}\u{301}"), "e\u{5c8}\u{301}");
        assert_eq!(normal("a\u{301}\u{323}"), "ạ\u{301}");
    }
}
