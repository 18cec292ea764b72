//! Output without what differs from run to run. A last resort: what can be fixed by an input is.

use std::sync::LazyLock;

use regex::Regex;

/// What is replaced, in this order.
const RULES: [(&str, &str); 10] = [
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[UUID]",
    ),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "[TIME]"),
    (r"after \d+(\.\d+)?m?s", "after [DURATION]"),
    (r" +\d+\.\ds  ", " [DURATION]  "),
    (r"(secret:appflow!\S+)-[0-9a-f]{6}", "$1-[SUFFIX]"),
    (r"process \d+", "process [PID]"),
    (r"tester@\S+", "tester@[HOST]"),
    (r"of tester on [^:\s]+", "of tester on [HOST]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, by)| (Regex::new(pattern).expect("a pattern of ours"), by);
    RULES.into_iter().map(compile).collect()
});

/// The text with identities, times and the like replaced by their names.
pub fn filtered(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, by) in COMPILED.iter() {
        text = pattern.replace_all(&text, *by).into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let text = "Creation complete after 12s [id=2ea30fab-54e7-f640-f404-72715e96c984] by \
                    tester@box since 2026-11-25T01:00:02.5Z";
        assert_eq!(
            super::filtered(text),
            "Creation complete after [DURATION] [id=[UUID]] by tester@[HOST] since [TIME]"
        );
    }
}
