//! Secrets that are recognised wherever they turn up, and the search for them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use regex::bytes::Regex;
use sha2::{Digest as _, Sha256};

/// In every secret, several times, so that no part of one that is worth something is without it.
const MARK: &str = "qzK7vW";

/// The secret number.
pub(crate) const NUMBER: u64 = 918_273_645_546_372_819;

/// The `n`th secret. Letters and digits only, as some arguments want them.
pub(crate) fn plain(n: usize) -> String {
    format!("{MARK}{n:03}").repeat(6)
}

/// The `n`th secret with what JSON, URLs, HCL and Markdown write in another way.
pub(crate) fn spicy(n: usize) -> String {
    format!("{MARK}{n:03}\"/{MARK}+%&\\{MARK}<é`{MARK}=")
}

/// The text between the quotes of a string in HCL.
pub(crate) fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Where a secret was found, and in which form.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) form: String,
    pub(crate) around: String,
}

static FORMS: LazyLock<Regex> = LazyLock::new(|| {
    let mut forms = Vec::new();
    let number = NUMBER.to_string();
    for secret in [MARK, number.as_str()] {
        forms.push(regex::escape(secret));
        forms.push(hex(secret.as_bytes()));
        forms.push(hex(secret.as_bytes()).to_uppercase());
        let reversed: String = secret.chars().rev().collect();
        forms.push(reversed);
        let escaped = secret.bytes().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "%{byte:02X}");
            text
        });
        forms.push(escaped);
        for offset in 0..3 {
            forms.push(regex::escape(&certain_base64(secret.as_bytes(), offset)));
        }
    }
    Regex::new(&forms.join("|")).expect("a pattern of ours")
});

/// What of the base64 of any text is certain if `bytes` are in it at this place of a group of three.
fn certain_base64(bytes: &[u8], offset: usize) -> String {
    let padded = [&vec![0; offset][..], bytes].concat();
    let text = STANDARD_NO_PAD.encode(&padded);
    let (from, to) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    text[from..to].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many secrets of each kind there are at most.
pub(crate) const SECRETS: usize = 120;

/// Digests without a key, which anybody can compute for a guess.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    let mut forms = Vec::new();
    let secrets = (0..SECRETS).flat_map(|n| [plain(n), spicy(n)]);
    for secret in secrets.chain([NUMBER.to_string()]) {
        for text in [secret.clone(), format!("\"{secret}\"")] {
            let digest = Sha256::digest(text.as_bytes());
            forms.push(hex(&digest));
            forms.push(regex::escape(&STANDARD.encode(digest)));
        }
    }
    let pattern = forms.join("|");
    let built = regex::bytes::RegexBuilder::new(&pattern)
        .size_limit(1 << 28)
        .build();
    built.expect("a pattern of ours")
});

/// Every secret in these bytes, in whatever form.
pub(crate) fn search(bytes: &[u8]) -> Vec<Hit> {
    let found = FORMS.find_iter(bytes).chain(BARE.find_iter(bytes));
    found
        .map(|found| {
            let around = found.start().saturating_sub(80)..(found.end() + 40).min(bytes.len());
            Hit {
                form: String::from_utf8_lossy(found.as_bytes()).into_owned(),
                around: String::from_utf8_lossy(&bytes[around]).into_owned(),
            }
        })
        .collect()
}

#[test]
fn the_search_finds_every_form() {
    let secret = spicy(7);
    let json = serde_json::Value::from(secret.as_str()).to_string();
    for text in [
        secret.clone(),
        json.clone(),
        serde_json::Value::from(json.as_str()).to_string(),
        STANDARD.encode(&secret),
        STANDARD.encode(format!("u:{secret}")),
        STANDARD.encode(format!("us:{secret}")),
        hex(secret.as_bytes()),
        hex(&Sha256::digest(secret.as_bytes())),
        STANDARD.encode(Sha256::digest(plain(3).as_bytes())),
        plain(3)[..10].to_owned(),
        format!("n = {NUMBER};"),
    ] {
        assert!(
            !search(format!("before {text} after").as_bytes()).is_empty(),
            "{text}"
        );
    }
    assert!(search(b"nothing to see").is_empty());
}
