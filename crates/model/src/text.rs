//! Shared immutable strings that are wiped when the last owner drops them.
//!
//! Any string of a configuration may turn out to be a secret (a variable becomes sensitive far
//! from where its text was read), so every one is wiped: the cost is one `memset` per string.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use zeroize::Zeroize;

/// A cheaply cloned immutable string; its bytes are overwritten when the last clone is dropped.
///
/// `Debug` prints the text: use it for names and messages. Text that is a value is printed through
/// [`crate::Value`], whose `Debug` masks what is sensitive.
#[derive(Clone)]
pub struct Text(Bytes);

/// Where the bytes are.
#[derive(Clone)]
enum Bytes {
    /// In the program: names of a schema, of which every object has all.
    Fixed(&'static str),
    /// Shared by all clones.
    Shared(Arc<str>),
}

impl Text {
    /// A text that is part of the program: takes no memory.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Bytes::Fixed(text))
    }

    /// The text as a string slice.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Bytes::Fixed(text) => text,
            Bytes::Shared(text) => text,
        }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        if let Bytes::Shared(text) = &mut self.0
            && let Some(text) = Arc::get_mut(text)
        {
            text.zeroize();
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.as_str(), other.as_str()) || self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// As `str` hashes, which [`Borrow`] requires.
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::fixed("")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::Shared(text.into()))
    }
}

impl From<String> for Text {
    fn from(mut text: String) -> Self {
        let shared = Self::from(text.as_str());
        text.zeroize();
        shared
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
