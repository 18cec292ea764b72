//! What is kept of a secret: a keyed digest that tells "unchanged" from "changed", no more.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::{AttributePath, Kind, Marks, Value};

/// Length of a digester's key in bytes.
pub const KEY_LENGTH: usize = 32;

/// Length of a key's id in bytes.
const ID_LENGTH: usize = 8;

/// A digest with the salt it was made with, so that it can be compared wherever it is moved.
/// Equal secrets under different attributes have different salts and so different digests.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    /// The id of the key, and what is derived from the key and the place the digest was made for.
    pub salt: [u8; 16],
    /// HMAC-SHA-256 over salt and value.
    pub mac: [u8; 32],
}

impl Digest {
    /// Stands in place of a digest that was dropped: no key made it, and it matches nothing.
    pub const FORGOTTEN: Self = Self {
        salt: [0; 16],
        mac: [0; 32],
    };
}

/// Hexadecimal, salt first; harmless to show.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.salt
            .iter()
            .chain(&self.mac)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Makes and compares digests with one key. The key is wiped when the last clone is dropped and
/// cannot be printed.
#[derive(Clone)]
pub struct Digester {
    key: Arc<Zeroizing<[u8; KEY_LENGTH]>>,
    id: [u8; ID_LENGTH],
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester(…)")
    }
}

impl Digester {
    /// A digester with this key, of which the copy that was passed is wiped.
    pub fn new(mut key: [u8; KEY_LENGTH]) -> Self {
        let made = Self::from_key(&key);
        key.zeroize();
        made
    }

    /// A digester with a key that the caller wipes.
    pub fn from_key(key: &[u8; KEY_LENGTH]) -> Self {
        let mut place = Arc::new(Zeroizing::new([0; KEY_LENGTH]));
        // Copied to where it stays, so that nothing of it is left on the stack.
        if let Some(place) = Arc::get_mut(&mut place) {
            place.copy_from_slice(key);
        }
        let mut made = Self {
            key: place,
            id: [0; ID_LENGTH],
        };
        let id = made.mac(b"flowctl key id", |_| ());
        made.id.copy_from_slice(&id[..ID_LENGTH]);
        made
    }

    /// Tells keys apart without giving anything of them away.
    pub fn key_id(&self) -> [u8; ID_LENGTH] {
        self.id
    }

    /// Whether a digest was made with this key, whatever of.
    pub fn made(&self, digest: &Digest) -> bool {
        digest.salt[..ID_LENGTH] == self.id
    }

    /// The digest of `value`; `context` is the place (address and attribute path) it is made for.
    pub fn digest(&self, context: &str, value: &Value) -> Digest {
        let mut salt = [0; 16];
        let full = self.mac(b"flowctl salt", |mac| mac.update(context.as_bytes()));
        let (id, place) = salt.split_at_mut(ID_LENGTH);
        id.copy_from_slice(&self.id);
        place.copy_from_slice(&full[..place.len()]);
        Digest {
            salt,
            mac: self.salted(&salt, value),
        }
    }

    /// Whether `digest` was made, with this key, of a value equal to `value`.
    pub fn matches(&self, digest: &Digest, value: &Value) -> bool {
        // Both sides are our own: a comparison in constant time would protect nothing.
        self.salted(&digest.salt, value) == digest.mac
    }

    fn salted(&self, salt: &[u8; 16], value: &Value) -> [u8; 32] {
        self.mac(salt, |mac| feed(mac, value))
    }

    fn mac(&self, domain: &[u8], fill: impl FnOnce(&mut Hmac<Sha256>)) -> [u8; 32] {
        // A key shorter than the hash's block is padded with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; 64]);
        block[..KEY_LENGTH].copy_from_slice(&**self.key);
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
        mac.update(domain);
        fill(&mut mac);
        mac.finalize().into_bytes().into()
    }
}

/// Feeds a value in a form in which different values differ: a tag, a length, the content.
/// Lists and tuples (and maps and objects) of equal content are fed alike, since conversion
/// between them is no change.
fn feed(mac: &mut Hmac<Sha256>, value: &Value) {
    let mut block = |tag: u8, bytes: &[u8]| {
        mac.update(&[tag]);
        mac.update(&(bytes.len() as u64).to_be_bytes());
        mac.update(bytes);
    };
    match value.kind() {
        Kind::Null(_) => block(0, &[]),
        Kind::Bool(b) => block(1, &[u8::from(*b)]),
        Kind::Number(n) => block(2, n.to_string().as_bytes()),
        Kind::String(s) => block(3, s.as_bytes()),
        Kind::Unknown(_) => match value.digest() {
            Some(digest) => block(4, &digest.mac),
            None => block(5, &[]),
        },
        Kind::List(_, v) | Kind::Tuple(v) | Kind::Set(_, v) => {
            block(6, &(v.len() as u64).to_be_bytes());
            v.iter().for_each(|v| feed(mac, v));
        }
        Kind::Map(_, m) | Kind::Object(m) => {
            block(7, &(m.len() as u64).to_be_bytes());
            for (name, value) in m.iter() {
                mac.update(&(name.len() as u64).to_be_bytes());
                mac.update(name.as_bytes());
                feed(mac, value);
            }
        }
    }
}

/// `value` with every secret in it withheld: each sensitive value, and each known one at a path
/// for which `is_secret` says so, is replaced by its digest. `address` tells resources apart.
/// Ephemeral values become null.
#[must_use]
pub fn withhold(
    value: &Value,
    address: &str,
    is_secret: &impl Fn(&AttributePath) -> bool,
    digester: &Digester,
) -> Value {
    value.map_at(&mut AttributePath::root(), &mut |path, value| {
        if value.marks().contains(Marks::EPHEMERAL) {
            return Some(Value::null(value.ty()));
        }
        if value.is_null() || !value.is_known() {
            return Some(value.clone());
        }
        (value.is_sensitive() || is_secret(path)).then(|| {
            let digest = digester.digest(&format!("{address}\n{path}"), value);
            Value::withheld(value.ty(), digest)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_changed_from_unchanged_and_depends_on_place_and_key() {
        let digester = Digester::new([7; 32]);
        let digest = digester.digest("a.b\npassword", &"hunter2".into());
        assert!(digester.matches(&digest, &"hunter2".into()));
        assert!(!digester.matches(&digest, &"hunter3".into()));
        assert_ne!(digest, digester.digest("a.c\npassword", &"hunter2".into()));
        assert!(!Digester::new([8; 32]).matches(&digest, &"hunter2".into()));
        assert_ne!(digester.key_id(), Digester::new([8; 32]).key_id());
        assert!(digester.made(&digest) && !Digester::new([8; 32]).made(&digest));
        assert!(!digester.made(&Digest::FORGOTTEN));
        assert!(!digester.matches(&Digest::FORGOTTEN, &"".into()));
    }

    #[test]
    fn withheld_objects_hold_no_secret() {
        let object = Value::object([
            ("name", Value::from("crm")),
            ("password", Value::from("hunter2")),
            ("note", Value::from("from var").marked(Marks::SENSITIVE)),
        ]);
        let is_secret = |path: &AttributePath| path.to_string() == "password";
        let kept = withhold(&object, "a.b", &is_secret, &Digester::new([7; 32]));
        assert_eq!(kept.get("name").and_then(Value::as_str), Some("crm"));
        for name in ["password", "note"] {
            let value = kept.get(name).unwrap();
            assert!(!value.is_known() && value.is_sensitive() && value.digest().is_some());
        }
    }
}
