//! The syntax of RE2, translated into that of the library.
//!
//! The two are nearly the same. Where they are not: classes of one letter are of ASCII, an opening
//! brace that begins no repetition stands for itself, and so do brackets and doubled operators
//! within a class; escapes, flags and repetitions that RE2 refuses are refused, octal escapes and
//! quoted text are understood, and names of groups may occur twice.

use std::fmt::Write as _;

/// The largest count of a repetition, those within it multiplied.
const MAX_COUNT: u32 = 1000;

/// A translated pattern.
#[derive(Debug)]
pub(super) struct Translated {
    /// In the library's syntax, its groups without names.
    pub(super) pattern: String,
    /// The names of the groups.
    pub(super) groups: Vec<Option<String>>,
}

/// Translates a pattern, or says what RE2 finds wrong with it that the library would not.
pub(super) fn translate(source: &str) -> Result<Translated, String> {
    let mut this = Translation {
        rest: source,
        out: String::with_capacity(source.len() + 16),
        groups: Vec::new(),
        open: vec![1],
        last: 1,
        repeated: false,
    };
    while let Some(c) = this.next() {
        this.one(c)?;
    }
    Ok(Translated {
        pattern: this.out,
        groups: this.groups,
    })
}

struct Translation<'a> {
    rest: &'a str,
    out: String,
    groups: Vec<Option<String>>,
    /// The largest count within each open group, outermost first.
    open: Vec<u32>,
    /// The count within what was read last.
    last: u32,
    /// What was read last is a repetition, which cannot be repeated in turn.
    repeated: bool,
}

impl Translation<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    fn eat(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn atom(&mut self, count: u32) {
        self.last = count;
        self.repeated = false;
        if let Some(most) = self.open.last_mut() {
            *most = (*most).max(count);
        }
    }

    fn one(&mut self, c: char) -> Result<(), String> {
        match c {
            '\\' => {
                self.atom(1);
                self.escape()
            }
            '[' => {
                self.atom(1);
                self.class()
            }
            '(' => self.group(),
            ')' => {
                let inside = self.open.pop().unwrap_or(1);
                if self.open.is_empty() {
                    self.open.push(1);
                }
                self.atom(inside);
                self.out.push(')');
                Ok(())
            }
            '*' | '+' | '?' => self.repetition(&c.to_string(), 1),
            '{' => match repetition(self.rest) {
                Some((inside, after)) => {
                    self.rest = after;
                    let count = checked_count(inside)?;
                    self.repetition(&format!("{{{inside}}}"), count)
                }
                None => {
                    self.atom(1);
                    self.out.push_str("\\{");
                    Ok(())
                }
            },
            c => {
                self.atom(1);
                self.repeated = false;
                self.out.push(c);
                Ok(())
            }
        }
    }

    fn repetition(&mut self, operator: &str, count: u32) -> Result<(), String> {
        let lazy = if self.eat("?") { "?" } else { "" };
        if self.repeated {
            return Err(format!("invalid nested repetition operator {operator}"));
        }
        let inside = self.last;
        let all = inside.saturating_mul(count.max(1));
        if all > MAX_COUNT && count > 1 {
            return Err(format!("invalid repeat count in {operator}"));
        }
        self.atom(all);
        self.repeated = true;
        let _ = write!(self.out, "{operator}{lazy}");
        Ok(())
    }

    /// After an opening parenthesis.
    fn group(&mut self) -> Result<(), String> {
        self.repeated = false;
        if !self.eat("?") {
            self.groups.push(None);
            self.open.push(1);
            self.out.push('(');
            return Ok(());
        }
        if self.eat("P<") || self.eat("<") {
            let (name, after) = self
                .rest
                .split_once('>')
                .ok_or_else(|| format!("invalid named capture in (?P<{}", self.rest))?;
            let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(valid) {
                return Err(format!("invalid named capture in (?P<{name}>"));
            }
            self.rest = after;
            self.groups.push(Some(name.to_owned()));
            self.open.push(1);
            self.out.push('(');
            return Ok(());
        }
        let end = self
            .rest
            .find(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
            .unwrap_or(self.rest.len());
        let (flags, after) = self.rest.split_at(end);
        let Some(end) = after.chars().next().filter(|c| matches!(c, ':' | ')')) else {
            return Err(format!(
                "invalid or unsupported Perl syntax in (?{flags}{}",
                after.chars().next().map_or(String::new(), String::from)
            ));
        };
        self.rest = after.get(1..).unwrap_or_default();
        if end == ':' {
            self.open.push(1);
        }
        let _ = write!(self.out, "(?{flags}{end}");
        Ok(())
    }

    /// After a backslash, outside of a class.
    fn escape(&mut self) -> Result<(), String> {
        if self.eat("Q") {
            let (literal, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.out.push_str(&regex::escape(literal));
            self.rest = after;
            return Ok(());
        }
        for (letter, translated) in [("b", "(?-u:\\b)"), ("B", "\\B"), ("A", "\\A"), ("z", "\\z")] {
            if self.eat(letter) {
                self.out.push_str(translated);
                return Ok(());
            }
        }
        match self.set()? {
            Some(Set { inside, negated }) => {
                let not = if negated { "^" } else { "" };
                let _ = write!(self.out, "[{not}{inside}]");
            }
            None => {
                let c = self.escaped()?;
                self.out.push_str(&regex::escape(&c.to_string()));
            }
        }
        Ok(())
    }

    /// A set of characters after a backslash, such as `d` or `p{L}`.
    fn set(&mut self) -> Result<Option<Set>, String> {
        for (letter, inside) in [("d", "0-9"), ("s", "\\t\\n\\f\\r "), ("w", "0-9A-Za-z_")] {
            for negated in [false, true] {
                let letter = if negated {
                    letter.to_ascii_uppercase()
                } else {
                    letter.to_owned()
                };
                if self.eat(&letter) {
                    return Ok(Some(Set {
                        inside: inside.to_owned(),
                        negated,
                    }));
                }
            }
        }
        let negated = match self.rest.chars().next() {
            Some('p') => false,
            Some('P') => true,
            _ => return Ok(None),
        };
        self.next();
        let name = if self.eat("{") {
            let (name, after) = self
                .rest
                .split_once('}')
                .ok_or("invalid character class range")?;
            self.rest = after;
            name.to_owned()
        } else {
            self.next().map_or(String::new(), String::from)
        };
        let (negated, name) = match name.strip_prefix('^') {
            Some(name) => (!negated, name.to_owned()),
            None => (negated, name),
        };
        let inside = if name == "Any" {
            "\\x{0}-\\x{10FFFF}".to_owned()
        } else {
            format!("\\p{{{name}}}")
        };
        Ok(Some(Set { inside, negated }))
    }

    /// The character that an escape stands for, after the backslash.
    fn escaped(&mut self) -> Result<char, String> {
        let invalid = |c: &str| format!("invalid escape sequence in \\{c}");
        let c = self
            .next()
            .ok_or("trailing backslash at end of expression")?;
        Ok(match c {
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => {
                let digits = if self.eat("{") {
                    let (digits, after) = self.rest.split_once('}').ok_or_else(|| invalid("x"))?;
                    self.rest = after;
                    digits
                } else {
                    let digits = self.rest.get(..2).ok_or_else(|| invalid("x"))?;
                    self.rest = self.rest.get(2..).unwrap_or_default();
                    digits
                };
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))
                    .ok_or_else(|| invalid("x"))?
            }
            '0'..='7' => {
                let octal = |c: char| ('0'..='7').contains(&c);
                // One digit by itself, but for zero, would refer to a group.
                if c != '0' && !self.rest.starts_with(octal) {
                    return Err(invalid(&c.to_string()));
                }
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().filter(|c| octal(*c)) else {
                        break;
                    };
                    self.next();
                    code = code * 8 + digit.to_digit(8).unwrap_or(0);
                }
                char::from_u32(code).ok_or_else(|| invalid("0"))?
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            c => return Err(invalid(&c.to_string())),
        })
    }

    /// After the bracket that opens a class.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            if !first && self.eat("]") {
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if let Some(inside) = self.rest.strip_prefix("[:")
                && let Some((name, after)) = inside.split_once(":]")
            {
                self.rest = after;
                let _ = write!(self.out, "[:{name}:]");
                continue;
            }
            let start = self.rest;
            if self.eat("\\")
                && let Some(Set { inside, negated }) = self.set()?
            {
                let not = if negated { "^" } else { "" };
                let _ = write!(self.out, "[{not}{inside}]");
                continue;
            }
            self.rest = start;
            let low = self.class_character()?;
            self.out.push_str(&escaped_in_class(low));
            // A minus before the closing bracket stands for itself.
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
                self.next();
                let high = self.class_character()?;
                if high < low {
                    return Err(format!("invalid character class range {low}-{high}"));
                }
                let _ = write!(self.out, "-{}", escaped_in_class(high));
            }
        }
    }

    fn class_character(&mut self) -> Result<char, String> {
        if self.eat("\\") {
            return self.escaped();
        }
        self.next().ok_or_else(|| "missing closing ]".to_owned())
    }
}

/// What `\d` and the like stand for, as the inside of a class.
struct Set {
    inside: String,
    negated: bool,
}

fn escaped_in_class(c: char) -> String {
    if c.is_ascii() && !c.is_ascii_alphanumeric() {
        format!("\\x{{{:x}}}", u32::from(c))
    } else {
        c.to_string()
    }
}

/// `n`, `n,` or `n,m` up to a closing brace, and what follows that.
fn repetition(rest: &str) -> Option<(&str, &str)> {
    let (inside, after) = rest.split_once('}')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    (!least.is_empty() && digits(least) && digits(most)).then_some((inside, after))
}

/// The larger of the counts of a repetition.
fn checked_count(inside: &str) -> Result<u32, String> {
    let invalid = || format!("invalid repeat count in {{{inside}}}");
    let count = |digits: &str| {
        digits
            .parse::<u32>()
            .ok()
            .filter(|count| *count <= MAX_COUNT)
            .ok_or_else(invalid)
    };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let least = count(least)?;
    if most.is_empty() {
        return Ok(least);
    }
    let most = count(most)?;
    if most < least {
        return Err(invalid());
    }
    Ok(most)
}
