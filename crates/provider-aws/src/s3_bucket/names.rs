//! What buckets may be called.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>

use std::net::Ipv4Addr;

use crate::name::DIGITS;

const SHORTEST: usize = 3;
const LONGEST: usize = 63;

/// Beginnings that are kept for other things.
const BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
/// Endings that are kept for other things.
const ENDINGS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// What is wrong with the name of a bucket, in a sentence.
pub(super) fn problem(name: &str) -> Option<String> {
    let length = name.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Some(format!(
            "The name of a bucket has {SHORTEST} to {LONGEST} characters, and {name:?} has {length}."
        ));
    }
    if !name.ends_with(is_plain) {
        return Some(format!(
            "The name of a bucket ends with a lowercase letter or a digit, and {name:?} does not."
        ));
    }
    if let Some(ending) = ENDINGS.iter().find(|ending| name.ends_with(**ending)) {
        return Some(format!(
            "Names that end with {ending:?} are kept for other things than buckets."
        ));
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return Some(format!(
            "The name of a bucket must not look like an IP address, as {name:?} does."
        ));
    }
    common(name)
}

/// What is wrong with a text that the name of a bucket is to begin with, in a sentence.
pub(super) fn problem_of_prefix(prefix: &str) -> Option<String> {
    let (length, most) = (prefix.chars().count(), LONGEST - DIGITS);
    if length > most {
        return Some(format!(
            "What the name of a bucket begins with has up to {most} characters, because {DIGITS} \
             digits follow; {prefix:?} has {length}."
        ));
    }
    if prefix.is_empty() {
        return None;
    }
    common(prefix)
}

/// What holds for names and beginnings of names.
fn common(name: &str) -> Option<String> {
    if let Some(other) = name
        .chars()
        .find(|c| !is_plain(*c) && !matches!(c, '-' | '.'))
    {
        return Some(format!(
            "The name of a bucket has lowercase letters, digits, hyphens and dots, and {name:?} has \
             {other:?}."
        ));
    }
    if !name.starts_with(is_plain) {
        return Some(format!(
            "The name of a bucket begins with a lowercase letter or a digit, and {name:?} does not."
        ));
    }
    if name.contains("..") {
        return Some(format!(
            "The name of a bucket has no two dots in a row, as {name:?} has."
        ));
    }
    let kept = BEGINNINGS.iter().find(|start| name.starts_with(**start))?;
    Some(format!(
        "Names that begin with {kept:?} are kept for other things than buckets."
    ))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_service_takes_them() {
        for name in [
            "abc",
            "a.b-c.d",
            "0-0",
            "1.2.3",
            "1.2.3.256",
            &"a".repeat(63),
        ] {
            assert_eq!(problem(name), None);
        }
        for (name, words) in [
            ("ab", "3 to 63 characters"),
            (&*"a".repeat(64), "3 to 63 characters"),
            ("Abc", "lowercase letters"),
            ("a_c", "'_'"),
            ("-abc", "begins with"),
            ("abc.", "ends with a lowercase"),
            ("a..c", "two dots"),
            ("192.168.5.4", "IP address"),
            ("xn--abc", "\"xn--\""),
            ("amzn-s3-demo-bucket", "kept for other"),
            ("abc--x-s3", "\"--x-s3\""),
            ("abc-s3alias", "\"-s3alias\""),
        ] {
            let told = problem(name);
            assert!(told.is_some_and(|told| told.contains(words)), "{name}");
        }
    }

    #[test]
    fn prefixes_leave_room_for_the_digits() {
        assert_eq!(problem_of_prefix(""), None);
        assert_eq!(problem_of_prefix("logs-"), None);
        assert_eq!(problem_of_prefix(&"a".repeat(37)), None);
        assert!(problem_of_prefix(&"a".repeat(38)).is_some());
        assert!(problem_of_prefix("Logs").is_some() && problem_of_prefix("-logs").is_some());
    }
}
