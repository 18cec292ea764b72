//! Digests of JSON values that do not depend on the order of members.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) type Tag = [u8; 32];

/// A key that never leaves memory. It has no `Debug`.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    /// A digest of the whole value that means nothing without the key.
    pub(crate) fn tag(&self, context: &str, value: &Value) -> Tag {
        // HMAC takes keys of any length; the other arm cannot be reached.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        feed(&mut |bytes| mac.update(bytes), &Value::from(context), None);
        feed(&mut |bytes| mac.update(bytes), value, None);
        mac.finalize().into_bytes().into()
    }

    /// A short form of [`Key::tag`], for people and tests to compare.
    pub(crate) fn short(&self, context: &str, value: &Value) -> String {
        let tag = self.tag(context, value);
        tag.iter()
            .take(12)
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// A digest of the value without members called `left_out`, wherever they are.
pub(crate) fn plain(value: &Value, left_out: &str) -> Tag {
    let mut hash = Sha256::new();
    feed(&mut |bytes| hash.update(bytes), value, Some(left_out));
    hash.finalize().into()
}

/// Feeds a form of the value in which no two values look alike: a letter for the kind, lengths
/// before contents, members in order of their names.
fn feed(sink: &mut dyn FnMut(&[u8]), value: &Value, left_out: Option<&str>) {
    let sized = |kind: u8, text: &str, sink: &mut dyn FnMut(&[u8])| {
        sink(&[kind]);
        sink(&text.len().to_le_bytes());
        sink(text.as_bytes());
    };
    match value {
        Value::Null => sink(b"n"),
        Value::Bool(value) => sink(if *value { b"t" } else { b"f" }),
        Value::Number(number) => sized(b'#', &number.to_string(), sink),
        Value::String(text) => sized(b'"', text, sink),
        Value::Array(items) => {
            sink(b"[");
            sink(&items.len().to_le_bytes());
            for item in items {
                feed(sink, item, left_out);
            }
        }
        Value::Object(object) => {
            let mut members: Vec<(&String, &Value)> = object
                .iter()
                .filter(|(name, _)| Some(name.as_str()) != left_out)
                .collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            sink(b"{");
            sink(&members.len().to_le_bytes());
            for (name, value) in members {
                sized(b'.', name, sink);
                feed(sink, value, left_out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_inputs_and_only_those_have_equal_digests() {
        let key = Key::random();
        let value = json!({"a": ["x", 1, true, null], "secret": {"k": "v"}});
        let turned = json!({"secret": {"k": "v"}, "a": ["x", 1, true, null]});
        assert_eq!(key.tag("c", &value), key.tag("c", &turned));
        assert_ne!(key.tag("c", &value), key.tag("d", &value));
        assert_ne!(key.tag("c", &value), Key::random().tag("c", &value));
        for other in [
            json!({}),
            json!([]),
            json!(["ab", "c"]),
            json!(["a", "bc"]),
            json!("1"),
            json!(1),
        ] {
            assert_ne!(key.tag("c", &value), key.tag("c", &other));
        }
        assert_ne!(
            key.tag("c", &json!(["ab", "c"])),
            key.tag("c", &json!(["a", "bc"]))
        );
        let other = json!({"a": ["x", 1, true, null], "secret": {"k": "w"}});
        assert_eq!(plain(&value, "secret"), plain(&other, "secret"));
        assert_ne!(plain(&value, "-"), plain(&other, "-"));
    }
}
