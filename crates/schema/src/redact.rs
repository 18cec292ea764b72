//! Taking secrets out of what a service says: services echo what they were sent, sometimes in
//! another form.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flowctl_model::{AttributePath, Kind, Value};
use zeroize::Zeroizing;

use crate::{ProviderError, Schema};

/// What stands in place of a secret.
const MASK: &str = "(sensitive value)";
/// Shorter secrets are found only where they stand alone, or every text would be full of them.
const SHORT: usize = 4;
/// The fewest characters of an encoded secret that tell it from other text.
const TELLING: usize = 6;

/// Everything that must not be shown, in every form it may come back in.
pub struct Redactor {
    /// Longest first, so that no part of a secret is left over.
    needles: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Nothing was secret.
    pub const fn none() -> Self {
        Self {
            needles: Vec::new(),
        }
    }

    /// The secrets of an object: what its table calls secret, and what is marked sensitive.
    pub fn of(schema: &Schema, object: &Value) -> Self {
        let mut secrets: Vec<Zeroizing<String>> = Vec::new();
        object.visit(&mut |path: &AttributePath, value| {
            if !value.is_sensitive() && !schema.is_secret(path) {
                return true;
            }
            // The names in a map of credentials are as secret as the values.
            value.visit(&mut |_, inner| {
                if let Kind::Map(_, entries) = inner.kind() {
                    secrets.extend(entries.keys().map(|name| name.to_string().into()));
                }
                secrets.extend(inner.as_str().map(|text| text.to_owned().into()));
                secrets.extend(inner.as_number().map(|number| number.to_string().into()));
                true
            });
            false
        });
        Self::new(secrets.iter().map(|secret| secret.as_str()))
    }

    /// These secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles: Vec<_> = secrets
            .into_iter()
            .flat_map(forms)
            .map(Zeroizing::new)
            .collect();
        needles.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    /// Takes every secret out of an error.
    pub fn redact_error(&self, error: &mut ProviderError) {
        if self.needles.is_empty() {
            return;
        }
        error.operation = self.redact(&error.operation);
        error.message = self.redact(&error.message);
        for told in [&mut error.code, &mut error.request_id, &mut error.hint] {
            *told = told.as_deref().map(|text| self.redact(text));
        }
    }

    /// The text without any secret.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for needle in &self.needles {
            if text.contains(needle.as_str()) {
                text = replace(&text, needle);
            }
        }
        text
    }
}

fn replace(text: &str, needle: &str) -> String {
    if needle.chars().count() >= SHORT {
        return text.replace(needle, MASK);
    }
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (mut out, mut rest, mut before) = (String::new(), text, None);
    while let Some(at) = rest.find(needle) {
        let (head, tail) = (&rest[..at], &rest[at + needle.len()..]);
        out.push_str(head);
        let alone = !is_word(head.chars().next_back().or(before)) && !is_word(tail.chars().next());
        out.push_str(if alone { MASK } else { needle });
        before = needle.chars().next_back();
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A secret as it is, and as JSON, URLs, forms and base64 write it.
fn forms(secret: &str) -> Vec<String> {
    if secret.trim().is_empty() {
        return Vec::new();
    }
    let json = json_escaped(secret);
    let upper = percent_encoded(secret, "%20");
    let form = percent_encoded(secret, "+");
    let mut forms = vec![
        ascii_escaped(&json),
        json.replace('/', r"\/"),
        json_escaped(&json),
        lower_escapes(&upper),
        lower_escapes(&form),
        upper,
        form,
        json,
        secret.to_owned(),
        secret.trim().to_owned(),
    ];
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        forms.extend(in_base64(secret.as_bytes(), engine));
    }
    forms
}

/// What of the base64 of any text is certain if the secret is in it, once for each place that it
/// can have in a group of three bytes.
fn in_base64(
    secret: &[u8],
    engine: &'static base64::engine::GeneralPurpose,
) -> impl Iterator<Item = String> {
    (0..3).filter_map(move |offset| {
        let padded = [&vec![0; offset][..], secret].concat();
        let text = engine.encode(&padded);
        // Characters that hold bits of what comes before or after.
        let (from, to) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        let certain = text.get(from..to)?;
        (certain.len() >= TELLING).then(|| certain.to_owned())
    })
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn ascii_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            out.extend(
                c.encode_utf16(&mut units)
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            );
        }
    }
    out
}

fn percent_encoded(text: &str, space: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push_str(space),
            _ => out.extend(["%".to_owned(), format!("{byte:02X}")]),
        }
    }
    out
}

/// The same with `%2f` in place of `%2F`.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        out.extend(["%", &digits.to_ascii_lowercase(), rest]);
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "CANARY \"p/ss\"+w\u{f6}rd&1";

    #[test]
    fn no_form_of_a_secret_is_left() {
        let redactor = Redactor::new([SECRET]);
        let json = serde_json::Value::from(SECRET).to_string();
        let nested = serde_json::Value::from(json.as_str()).to_string();
        let basic = |user: &str| STANDARD.encode(format!("{user}:{SECRET}!"));
        for echoed in [
            SECRET.to_owned(),
            json.clone(),
            nested,
            json.replace('/', "\\/"),
            json.replace('\u{f6}', "\\u00f6"),
            percent_encoded(SECRET, "%20"),
            percent_encoded(SECRET, "+"),
            percent_encoded(SECRET, "%20")
                .to_lowercase()
                .replace("canary", "CANARY"),
            STANDARD.encode(SECRET),
            URL_SAFE_NO_PAD.encode(SECRET),
            basic("u"),
            basic("us"),
            basic("use"),
        ] {
            let told = redactor.redact(&format!("refused: {echoed} (really)"));
            assert!(
                told.starts_with("refused: ") && told.ends_with("(really)"),
                "{told}"
            );
            assert!(told.contains(MASK), "{told}");
            assert!(!told.contains("CANARY") && !told.contains("rd&1"), "{told}");
            assert!(
                !told.contains(&STANDARD.encode("NARY \"p/s")[2..8]),
                "{told}"
            );
        }
    }

    #[test]
    fn other_text_stays() {
        let redactor = Redactor::new(["ab", "", " "]);
        assert_eq!(redactor.redact("about tabs"), "about tabs");
        assert_eq!(redactor.redact("'ab', ab"), format!("'{MASK}', {MASK}"));
        assert_eq!(Redactor::none().redact("x"), "x");
    }

    #[test]
    fn a_secret_within_another_does_not_leave_the_rest() {
        let redactor = Redactor::new(["token", "token-and-more"]);
        assert_eq!(redactor.redact("token-and-more"), MASK);
    }
}
