//! Text with labelled runs: what a piece *is*, never how it looks. Colours are the terminal's
//! business; everything here also reads well without any.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::AnsiColor;

/// What a run of text is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Style {
    /// Nothing special.
    Plain,
    /// A heading or an address.
    Strong,
    /// Of less importance: counts of what is hidden, explanations.
    Dim,
    /// Comes into being.
    Added,
    /// Changes.
    Changed,
    /// Goes.
    Removed,
    /// An error's label.
    Error,
    /// A warning's label.
    Warning,
}

impl Style {
    /// How it looks in colour.
    pub fn look(self) -> anstyle::Style {
        let plain = anstyle::Style::new();
        let colored = |color: AnsiColor| plain.fg_color(Some(color.into()));
        match self {
            Self::Plain => plain,
            Self::Strong => plain.bold(),
            Self::Dim => plain.dimmed(),
            Self::Added => colored(AnsiColor::Green),
            Self::Changed => colored(AnsiColor::Yellow),
            Self::Removed => colored(AnsiColor::Red),
            Self::Error => colored(AnsiColor::Red).bold(),
            Self::Warning => colored(AnsiColor::Yellow).bold(),
        }
    }
}

/// Text in labelled runs.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Styled {
    text: String,
    /// End of each run and what it is; adjacent runs differ.
    runs: Vec<(usize, Style)>,
}

impl Styled {
    /// Empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends text of one style. The text is taken as it is: what comes from a configuration or
    /// a service goes through [`clean`] first.
    pub fn push(&mut self, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        match self.runs.last_mut() {
            Some((end, last)) if *last == style => *end = self.text.len(),
            _ => self.runs.push((self.text.len(), style)),
        }
    }

    /// Appends plain text.
    pub fn plain(&mut self, text: &str) {
        self.push(Style::Plain, text);
    }

    /// Appends labelled text.
    pub fn append(&mut self, other: &Self) {
        for (style, text) in other.runs() {
            self.push(style, text);
        }
    }

    /// The text alone.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text with the escape sequences that colour it; meaning is in the text as well.
    pub fn ansi(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + self.runs.len() * 8);
        for (style, text) in self.runs() {
            let look = style.look();
            // Writing to a string cannot fail.
            let _ = write!(out, "{}{text}{}", look.render(), look.render_reset());
        }
        out
    }

    /// [`Self::ansi`] or [`Self::as_str`].
    pub fn render(&self, color: bool) -> Cow<'_, str> {
        if color {
            Cow::Owned(self.ansi())
        } else {
            Cow::Borrowed(&self.text)
        }
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Each run, in order.
    pub fn runs(&self) -> impl Iterator<Item = (Style, &str)> {
        let mut start = 0;
        self.runs.iter().filter_map(move |&(end, style)| {
            let text = self.text.get(start..end);
            start = end;
            text.map(|text| (style, text))
        })
    }
}

impl From<String> for Styled {
    fn from(text: String) -> Self {
        let mut styled = Self::new();
        styled.plain(&text);
        styled
    }
}

/// `text` without anything a terminal would act upon: control characters, escape sequences and
/// characters that change the direction of writing are spelled out. Line breaks and tabs stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    // Nearly all text is of this kind, and there is a lot of it in a plan.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    if text
        .chars()
        .all(|c| matches!(c, '\n' | '\t') || !is_active(c))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '\n' | '\t') || !is_active(c) {
            out.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal would do something else with `c` than show it.
pub(crate) fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_upon_survives() {
        assert_eq!(clean("a\tb\nc"), "a\tb\nc");
        assert_eq!(clean("\u{1b}[31mred\u{7}"), "\\u{1b}[31mred\\u{7}");
        assert_eq!(clean("a\r\u{202e}b\u{9b}"), "a\\u{d}\\u{202e}b\\u{9b}");
    }

    #[test]
    fn adjacent_runs_of_one_style_are_one() {
        let mut text = Styled::new();
        text.plain("a");
        text.plain("b");
        text.push(Style::Added, "c");
        assert_eq!(
            text.runs().collect::<Vec<_>>(),
            [(Style::Plain, "ab"), (Style::Added, "c")]
        );
        assert_eq!(text.as_str(), "abc");
    }
}
